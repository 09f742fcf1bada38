"""Home Assistant with nothing around its core, for those who start it often: `python -m demo.bare --config FOLDER`."""

import sys

from homeassistant import bootstrap
from homeassistant.__main__ import main


def strip() -> None:
    """Let Home Assistant set up what its configuration names, and go on without a frontend."""
    bootstrap.DEFAULT_INTEGRATIONS.clear()
    bootstrap.CRITICAL_INTEGRATIONS.clear()


if __name__ == "__main__":
    strip()
    sys.exit(main())
