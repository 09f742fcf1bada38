"""What every test needs."""

import logging

# The test plugin ships a package of the same name: ours must be imported first, or Home Assistant does not find it.
import custom_components.home_energy_controller  # noqa: F401

# The test plugin sets INFO, and each statement of the database floods the log of a run.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
