"""The site's meter at run time: its source, the newest reading, and when it failed."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
import logging
from typing import Any

from homeassistant.const import CONF_ENTITY_ID, CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..const import CONF_INVERT, CONF_METER_TYPE, DEFAULT_METER_PORT, METER_HOMEWIZARD, METER_HOMEWIZARD_V2
from ..control.meter_guard import MeterMemory, validate_reading
from ..control.model import Timed
from ..meter.base import Meter, MeterError, MeterFrozen, MeterReading, MeterShowsUsageOnly, MeterUnreachable
from ..meter.homewizard import HomeWizardMeter
from ..meter.homewizard_v2 import HomeWizardV2Meter
from ..meter.one_way import NEAR_ZERO_W, UsageWatch
from .pairing import NEEDS_OWNER, Successor, UnpairedMeter
from .sensor_meter import SensorMeter

_LOGGER = logging.getLogger(__name__)

HISTORY = 12
"""Two readings per cycle: enough to bracket a reply of the slowest poll's last half minute."""
FIRST_TRIES = 3
LATE_S = 60.0
"""A meter that is late for longer is not asked so often any more."""
PHASES_OFF_W = 100.0
PHASES_OFF_SHARE = 0.1
"""Phases are none when their sum is further from the total than both: each is rounded by itself."""


class SiteMeter:
    """Reads the meter of one site and remembers what it said."""

    def __init__(self, source: Meter, successor: Successor) -> None:
        """Wrap a meter; nothing is read yet."""
        self.source = source
        self.successor = successor
        self.failure: MeterError | None = None
        """Why the newest reading failed."""
        self.is_usage_only = False
        """It never shows export, as it should have."""
        self.phases_w: Timed[tuple[float, float, float]] | None = None
        """The newest reading by phase, where the meter tells and they add up to the total."""
        self.without_phases_since: float | None = None
        """Since when (s) the meter answers and does not tell what flows on its phases."""
        self._phases_add_up: bool | None = None
        self._usage = UsageWatch()
        self._memory = MeterMemory()
        self._history: deque[Timed[float]] = deque(maxlen=HISTORY)

    @property
    def power_w(self) -> Timed[float] | None:
        """Return the newest reading that can be true (W, + import)."""
        return self._memory.trusted

    @property
    def is_frozen(self) -> bool:
        """Return whether the meter answers with an old value: who reads it as well is blind too."""
        return isinstance(self.failure, MeterFrozen) or self._memory.is_frozen

    def is_awaited(self, now: float) -> bool:
        """Return whether the next reading is wanted soon: the last one failed or is doubted."""
        is_late = self.failure is not None and self.power_w is not None and self.power_w.fresh(now, LATE_S)
        return is_late or self._memory.suspect is not None

    def bracket(self, at: float) -> tuple[Timed[float] | None, Timed[float] | None]:
        """Return the last reading up to a moment and the first from then on.

        A sensor of Home Assistant is renewed when it likes: the second one may come a cycle later.
        """
        before = next((reading for reading in reversed(self._history) if reading.at <= at), None)
        return before, next((reading for reading in self._history if reading.at >= at), None)

    async def read(self, limit_s: float, batteries_w: float) -> None:
        """Read the meter, while the batteries deliver `batteries_w` (W); down and up are logged once each."""
        await self._read(limit_s, batteries_w)
        self.successor.note(self.failure)

    async def async_read_first(self, limit_s: float) -> None:
        """Read again what was just tried in vain: a connection that is slow to come may be there by now."""
        for _ in range(FIRST_TRIES - 1):
            if self.power_w is None and isinstance(self.failure, MeterUnreachable):
                await self.read(limit_s, 0.0)

    async def async_needs_owner(self) -> bool:
        """Return whether there is no reading for a reason that no waiting mends."""
        return isinstance(self.failure, NEEDS_OWNER) or await self.successor.async_look(self.failure)

    async def _read(self, limit_s: float, batteries_w: float) -> None:
        """Read the meter."""
        try:
            async with asyncio.timeout(limit_s):
                reading = await self.source.read()
            self.is_usage_only = self._usage.is_usage_only(reading, batteries_w)
            if self.is_usage_only and abs(reading.power_w) <= NEAR_ZERO_W:
                raise MeterShowsUsageOnly("It stands at 0 while the batteries charge")
        except (MeterError, TimeoutError) as err:
            self._fail(err if isinstance(err, MeterError) else MeterUnreachable("too late"))
            return
        if self.failure is not None:
            _LOGGER.info("The meter (%s) answers again", self.source.description)
        self.failure = None
        # A sensor that is written on change may not have said for hours what it says.
        silent_s = 0.0 if reading.reported_at is None else reading.at - reading.reported_at
        was_frozen = self._memory.is_frozen
        value = Timed(reading.power_w, reading.at)
        self._memory = validate_reading(self._memory, value, batteries_w, reading.step_w, silent_s)
        if self._memory.is_frozen and not was_frozen:
            _LOGGER.info("The meter (%s) repeats an old value", self.source.description)
        trusted = self.power_w
        if trusted is not None and trusted.at == reading.at:
            self.phases_w = self._phases(reading)
        elif self.is_frozen:
            self.phases_w = None
        if trusted is not None and (not self._history or self._history[-1].at < trusted.at):
            self._history.append(trusted)

    def _fail(self, failure: MeterError) -> None:
        """Note why there is no reading; a telegram that does not change any more was none since it came."""
        if isinstance(failure, MeterFrozen):
            if not self.is_frozen:
                _LOGGER.info("The meter (%s) repeats an old value", self.source.description)
            self._memory = self._memory.as_of(failure.since)
            self.phases_w = None
            self._history.clear()
        elif self.failure is None:
            _LOGGER.info("The meter (%s) does not answer: %s", self.source.description, failure)
        self.failure = failure

    def _phases(self, reading: MeterReading) -> Timed[tuple[float, float, float]] | None:
        """Return what flows on each phase; where the phases were seen not to add up, they have to show that they do.

        In Belgian grids of 3 x 230 V without neutral the total is right and each phase is 0 (AstraMeter#650).
        """
        phases_w = reading.phases_w
        if phases_w is not None:
            flows_w = sum(abs(power_w) for power_w in phases_w)
            if not phases_add_up(reading):
                self._phases_add_up = False
            # Three zeros fit a total of nothing, and say nothing.
            elif flows_w >= (PHASES_OFF_W if self._phases_add_up is False else 1.0):
                self._phases_add_up = True
        if phases_w is not None and self._phases_add_up:
            self.without_phases_since = None
            return Timed(phases_w, reading.at)
        if self.without_phases_since is None:
            self.without_phases_since = reading.at
        return None


def phases_add_up(reading: MeterReading) -> bool:
    """Return whether what flows on the phases is what flows in all."""
    off_w = abs(sum(reading.phases_w or ()) - reading.power_w)
    return off_w <= max(PHASES_OFF_W, PHASES_OFF_SHARE * abs(reading.power_w))


async def read_patiently(meter: Meter) -> MeterReading:
    """Return a first reading; raise MeterError. A connection that is slow to come is there for the next try."""
    for _ in range(FIRST_TRIES - 1):
        with suppress(MeterUnreachable):
            return await meter.read()
    return await meter.read()


def site_meter(hass: HomeAssistant, data: Mapping[str, Any], clock: Callable[[], float]) -> SiteMeter:
    """Return the meter of a site that is set up, by its entry's `meter` part."""
    return SiteMeter(make_meter(hass, data, clock), Successor(hass, data, clock))


def make_meter(hass: HomeAssistant, data: Mapping[str, Any], clock: Callable[[], float]) -> Meter:
    """Return the meter of an entry's `meter` part."""
    if data[CONF_METER_TYPE] == METER_HOMEWIZARD:
        return HomeWizardMeter(
            async_get_clientsession(hass), data[CONF_HOST], port=data.get(CONF_PORT, DEFAULT_METER_PORT), clock=clock
        )
    if data[CONF_METER_TYPE] == METER_HOMEWIZARD_V2:
        device = UnpairedMeter.of(data).device(hass, data[CONF_TOKEN])
        return HomeWizardV2Meter(device, spawn=hass.async_create_background_task, clock=clock)
    return SensorMeter(hass, data[CONF_ENTITY_ID], invert=data.get(CONF_INVERT, False), clock=clock)


def monotonic_clock(hass: HomeAssistant) -> Callable[[], float]:
    """Return the clock (s) that every age and every interval is measured with; it never jumps."""
    return hass.loop.time
