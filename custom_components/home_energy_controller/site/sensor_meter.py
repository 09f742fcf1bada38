"""A power sensor of Home Assistant as the grid meter."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
import re
from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNAVAILABLE, STATE_UNKNOWN, UnitOfPower
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from ..meter.base import MAX_POWER_W, MeterInvalidReply, MeterNotFound, MeterReading, MeterStale
from .foreign_entities import number_of, present_id, state_of

HELD_S: Final = 5.0
"""A sensor that is written on change only: until so long ago its value held, or it would have said so."""
LONGEST_HELD_S: Final = 45.0
"""The same of one that is written every minute: below any age limit, beyond what it is good for."""
RHYTHM: Final = 6
"""So many reports at equal distances are a rhythm."""
RHYTHM_SPREAD: Final = 1.25
RHYTHM_LATE: Final = 1.2
CHANGES: Final = 20
LEAST_CHANGES: Final = 8
UNKNOWN_STEP_W: Final = 50.0
"""What may be hidden of a sensor that has hardly changed yet: delta filters of 25 W are usual."""
MOST_STEP_W: Final = 100.0
"""Of what changes show: a busy house is no filter."""


EXPORT_WORD: Final = re.compile(
    "export(ed|ing)?|produc(tion|ed|ing)|return(ed|ing)?|feedin|injection|teruglevering|teruggeleverd|einspeisung"
)
IMPORT_WORD: Final = re.compile(
    "import(ed|ing)?|consum(ption|ed|ing)|usage|delivered|delivery|verbruik|afname|bezug|verbrauch|consommation|soutirage"
)


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
        self._gaps_s: deque[float] = deque(maxlen=RHYTHM)
        """Between reports."""
        self._places = 0
        """Most decimals that the state had."""
        self._value_w: float | None = None
        self._changes_w: deque[float] = deque(maxlen=CHANGES)

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
        power_w, reported_at = self._sign * power_of(state), self._reported_at(state.last_reported)
        return MeterReading(
            power_w=power_w,
            at=self._believed_until(reported_at),
            reported_at=reported_at,
            step_w=self._step_w(state, power_w),
            is_export=power_w < 0 or (self._sign > 0 and state.state.startswith("-")),
        )

    def _reported_at(self, reported: datetime) -> float:
        """Return the monotonic moment (s) of a report, kept for as long as no newer report comes.

        Kept, because the wall clock that Home Assistant stamps with may be set back.
        """
        if self._report is None or self._report[0] != reported:
            age_s = max(0.0, (dt_util.utcnow() - reported).total_seconds())
            at = self._clock() - age_s
            if self._report is not None:
                self._gaps_s.append(at - self._report[1])
            self._report = (reported, at)
        return self._report[1]

    def _believed_until(self, reported_at: float) -> float:
        """Return until when (s) the value held: unchanged is not dead, and who has a rhythm says so when it changes."""
        now, held_s = self._clock(), HELD_S
        if len(self._gaps_s) == RHYTHM and max(self._gaps_s) <= RHYTHM_SPREAD * min(self._gaps_s):
            every_s = RHYTHM_LATE * max(self._gaps_s)
            if now - reported_at <= 2 * every_s:
                held_s = min(LONGEST_HELD_S, max(HELD_S, every_s))
        return max(reported_at, now - held_s)

    def _step_w(self, state: State, power_w: float) -> float:
        """Return the smallest change that is shown (W): by its decimals, and by how far its values lie apart."""
        self._places = max(self._places, len(state.state.partition(".")[2]))
        rounded_w = PowerConverter.convert(
            10.0**-self._places, state.attributes[ATTR_UNIT_OF_MEASUREMENT], UnitOfPower.WATT
        )
        if self._value_w is not None and power_w != self._value_w:
            self._changes_w.append(abs(power_w - self._value_w))
        self._value_w = power_w
        if len(self._changes_w) < LEAST_CHANGES:
            return max(rounded_w, UNKNOWN_STEP_W)
        # Not the very smallest: between two readings a value may come back to nearly where it was.
        return max(rounded_w, min(MOST_STEP_W, sorted(self._changes_w)[len(self._changes_w) // 4]))


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


def opposite_sensor(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the sensor of power that seems to show the other direction, by its name; None when there is none.

    Such as `sensor.electricity_meter_power_production` for `..._power_consumption`.
    """
    own, own_ways = _split_name(entity_id)
    for state in hass.states.async_all("sensor"):
        if state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) not in PowerConverter.VALID_UNITS:
            continue
        other, ways = _split_name(state.entity_id)
        if other == own and any(EXPORT_WORD.fullmatch(word) for word in ways ^ own_ways):
            return state.entity_id
    return None


def _split_name(entity_id: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return what an entity id names, and which direction of it."""
    words = frozenset(entity_id.partition(".")[2].split("_"))
    ways = frozenset(word for word in words if EXPORT_WORD.fullmatch(word) or IMPORT_WORD.fullmatch(word))
    return words - ways, ways
