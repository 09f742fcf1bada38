"""What every grid meter offers, and how it fails."""
# ruff: noqa: N818 - the names say what happened, as those of asyncio and Home Assistant do

from dataclasses import dataclass
from typing import Final, Protocol

MAX_POWER_W: Final = 100_000
"""Three phases of 80 A are 55 kW: beyond this, a number is garbage."""


class MeterError(Exception):
    """Base of everything that keeps a meter from giving a reading."""


class MeterUnreachable(MeterError):
    """Nothing answered in time at the address."""


class MeterApiDisabled(MeterError):
    """The meter answers, but its owner has the local API switched off."""


class MeterNotFound(MeterError):
    """Something answers, but it has no such meter."""


class MeterUnauthorized(MeterError):
    """The meter does not accept our token (any more): its owner has to pair it again."""


class MeterNotPaired(MeterError):
    """Nobody pressed the button of the meter in time."""


class MeterWrongCertificate(MeterError):
    """What answers is another device, or one that HomeWizard did not make."""


class NotAGridMeter(MeterError):
    """A HomeWizard product that does not measure the grid connection."""


class MeterInvalidReply(MeterError):
    """The answer holds no power that can be believed."""


class MeterStale(MeterError):
    """The meter has no present value."""


class MeterFrozen(MeterStale):
    """The meter answers with an old telegram, the same again and again."""

    def __init__(self, since: float) -> None:
        """Note since when (monotonic s) nothing of it has changed."""
        super().__init__("The telegram does not change any more")
        self.since = since


class MeterShowsUsageOnly(MeterStale):
    """What the meter shows stops at 0 where the house feeds into the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """Power of the grid connection (W, + import) and the monotonic moment (s) at which it held."""

    power_w: float
    at: float
    phases_w: tuple[float, float, float] | None = None
    """The same for each of three phases, where the meter tells."""
    reported_at: float | None = None
    """When the meter itself said so, where that may be long before `at`."""
    step_w: float = 1.0
    """The smallest change that the meter shows (W): less than that it hides."""
    is_export: bool = False
    """Whether it shows export, be it a rounded "-0.0"."""


class Meter(Protocol):
    """A source of grid power."""

    @property
    def description(self) -> str:
        """Return a name for logs and diagnostics, without an address."""

    async def read(self) -> MeterReading:
        """Return the newest reading; raise MeterError when there is none."""
