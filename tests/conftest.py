"""What every test needs."""

# The test plugin ships a package of the same name: ours must be imported first, or Home Assistant does not find it.
import custom_components.home_energy_controller  # noqa: F401
