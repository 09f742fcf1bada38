# Home Assistant installs probatio under the name voluptuous; mypy must see the same.
from probatio import *
