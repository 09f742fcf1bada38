"""The grid meter at run time: its readings that can be true, and whether it answers."""

import asyncio
from collections import deque
import logging

from .control.meter_guard import MeterMemory, weighed
from .control.model import Timed
from .meter.base import Meter, MeterError, MeterUnreachable

_LOGGER = logging.getLogger(__name__)

HISTORY = 12
"""Two readings per cycle: enough to bracket a reply of the slowest poll's last half minute."""
LATE_S = 60.0
"""A meter that is late for longer is not asked so often any more."""


class SiteMeter:
    """Reads the meter of one site and remembers what it said."""

    def __init__(self, source: Meter) -> None:
        """Wrap a meter; nothing is read yet."""
        self.source = source
        self.failure: MeterError | None = None
        """Why the newest reading failed."""
        self.phases_w: Timed[tuple[float, float, float]] | None = None
        """The newest reading by phase, where the meter tells."""
        self._memory = MeterMemory()
        self._history: deque[Timed[float]] = deque(maxlen=HISTORY)

    @property
    def power_w(self) -> Timed[float] | None:
        """Return the newest reading that can be true (W, + import)."""
        return self._memory.trusted

    def is_awaited(self, now: float) -> bool:
        """Return whether the next reading is wanted soon: the last one failed or is doubted."""
        is_late = self.failure is not None and self.power_w is not None and self.power_w.fresh(now, LATE_S)
        return is_late or self._memory.suspect is not None

    def around(self, at: float) -> tuple[Timed[float] | None, Timed[float] | None]:
        """Return the last reading up to a moment and the first from then on.

        A sensor of Home Assistant is renewed when it likes: the second one may come a cycle later.
        """
        before = next((reading for reading in reversed(self._history) if reading.at <= at), None)
        return before, next((reading for reading in self._history if reading.at >= at), None)

    async def read(self, limit_s: float, batteries_w: float) -> None:
        """Read the meter, while the batteries deliver `batteries_w`; down and up are logged once each."""
        try:
            async with asyncio.timeout(limit_s):
                reading = await self.source.read()
        except (MeterError, TimeoutError) as err:
            if self.failure is None:
                _LOGGER.info("The meter (%s) does not answer: %s", self.source.description, str(err) or "too late")
            self.failure = err if isinstance(err, MeterError) else MeterUnreachable("too late")
            return
        if self.failure is not None:
            _LOGGER.info("The meter (%s) answers again", self.source.description)
        self.failure = None
        was_frozen = self._memory.is_frozen
        self._memory = weighed(self._memory, Timed(reading.power_w, reading.at), batteries_w)
        if self._memory.is_frozen and not was_frozen:
            _LOGGER.info("The meter (%s) repeats an old value", self.source.description)
        trusted = self.power_w
        if reading.phases_w is not None and trusted is not None and trusted.at == reading.at:
            self.phases_w = Timed(reading.phases_w, reading.at)
        if trusted is not None and (not self._history or self._history[-1].at < trusted.at):
            self._history.append(trusted)
