"""Home Assistant that takes the simulated P1 for one of HomeWizard's: `python -m demo.full --config FOLDER`."""

from pathlib import Path
import sys

from homeassistant.__main__ import main
import homewizard_energy.v2

from .home_assistant import P1_AUTHORITY

if __name__ == "__main__":
    folder = Path(sys.argv[sys.argv.index("--config") + 1])
    vars(homewizard_energy.v2)["CACERT"] = (folder / P1_AUTHORITY).read_text()
    sys.exit(main())
