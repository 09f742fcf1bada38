"""A power sensor of Home Assistant as the grid meter."""

from collections.abc import Callable
from datetime import datetime

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfPower
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from .meter.base import MAX_POWER_W, MeterInvalidReply, MeterNotFound, MeterReading, MeterStale
from .neighbours import number_of, present_id, state_of


class SensorMissing(MeterNotFound):
    """Home Assistant has no such sensor (any more)."""


class SensorNotPower(MeterInvalidReply):
    """The sensor's state is no number in a unit of power."""


class SensorMeter:
    """Reads the state of one sensor; the sensor's own integration decides how often it is renewed."""

    def __init__(self, hass: HomeAssistant, entity: str, *, invert: bool = False, clock: Callable[[], float]) -> None:
        """Read `entity` (entity id, or registry id, which survives renaming); `invert` if its + is export."""
        self._hass = hass
        self._entity = entity
        self._sign = -1 if invert else 1
        self._clock = clock
        self._report: tuple[datetime, float] | None = None

    @property
    def entity_id(self) -> str | None:
        """Return the sensor's present entity id, None when it was removed."""
        return present_id(self._hass, self._entity)

    @property
    def description(self) -> str:
        """Return a name for logs and diagnostics, without an address."""
        return self.entity_id or "removed sensor"

    async def read(self) -> MeterReading:
        """Return the sensor's value and when it was reported; raise MeterError when it has none."""
        state = state_of(self._hass, self._entity)
        if state is None:
            raise SensorMissing("The sensor does not exist")
        if state.state in {STATE_UNAVAILABLE, STATE_UNKNOWN}:
            raise MeterStale(f"The sensor is {state.state}")
        return MeterReading(power_w=self._sign * power_of(state), at=self._reported_at(state.last_reported))

    def _reported_at(self, reported: datetime) -> float:
        """Return the monotonic moment (s) of a report, kept for as long as no newer report comes.

        Kept, because the wall clock that Home Assistant stamps with may be set back: a dead sensor would then look
        fresh until the clock has caught up.
        """
        if self._report is None or self._report[0] != reported:
            age_s = max(0.0, (dt_util.utcnow() - reported).total_seconds())
            self._report = (reported, self._clock() - age_s)
        return self._report[1]


def power_of(state: State) -> float:
    """Return a state in W; raise SensorNotPower unless it is a believable power."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit not in PowerConverter.VALID_UNITS:
        raise SensorNotPower(f"The sensor's unit is no unit of power: {unit}")
    number = number_of(state)
    if number is None:
        raise SensorNotPower("The sensor's state is no number")
    power_w = PowerConverter.convert(number, unit, UnitOfPower.WATT)
    if abs(power_w) > MAX_POWER_W:
        raise SensorNotPower(f"The sensor's value is no believable power: {power_w}")
    return power_w
