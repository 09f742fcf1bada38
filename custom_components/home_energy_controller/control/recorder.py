"""What was seen, decided and sent in the last cycles, in one format: diagnostics write it, replay and bench read it.

Moments are those of the monotonic clock as it was: shifted, a float may round to the other side of a limit.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .actuation.actuation import ActuationMemory
from .codec import encode
from .cycle import Cycle, CycleResult
from .dispatch.site import DispatchMemory
from .settings import Settings

FORMAT = 2
KEPT_CYCLES = 60
"""Ten minutes of calm, two of trouble."""


class Recorder:
    """Keeps the last cycles; the values are frozen, so keeping them costs next to nothing."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: deque[tuple[Cycle, DispatchMemory, ActuationMemory | None]] = deque(maxlen=KEPT_CYCLES)

    def add(self, result: CycleResult, *, sent: bool) -> None:
        """Keep a cycle; without `sent` its commands went nowhere."""
        cycle = result.cycle if sent else replace(result.cycle, commands=None)
        self._kept.append((cycle, result.dispatch_memory, result.actuation.memory if sent else cycle.actuation_memory))

    @property
    def last(self) -> Cycle:
        """Return the newest cycle; there must be one."""
        return self._kept[-1][0]

    def cycles(self) -> Iterator[Cycle]:
        """Return the cycles, oldest first, without what the one before tells."""
        settings: Settings | None = None
        left_dispatch: DispatchMemory | None = None
        left_actuation: ActuationMemory | None = None
        for cycle, next_dispatch, next_actuation in self._kept:
            yield replace(
                cycle,
                settings=None if cycle.settings == settings else cycle.settings,
                dispatch_memory=None if cycle.dispatch_memory is left_dispatch else cycle.dispatch_memory,
                actuation_memory=None if cycle.actuation_memory is left_actuation else cycle.actuation_memory,
            )
            settings, left_dispatch, left_actuation = cycle.settings, next_dispatch, next_actuation

    def as_json(self) -> dict[str, Any]:
        """Return the recording as diagnostics carry it."""
        return {"format": FORMAT, "cycles": [encode(cycle) for cycle in self.cycles()]}
