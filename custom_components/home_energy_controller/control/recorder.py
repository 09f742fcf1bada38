"""What was seen, decided and sent in the last cycles, in one format: diagnostics write it, replay and bench read it.

Moments are those of the monotonic clock as it was: shifted, a float may round to the other side of a limit.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .actuation.actuation import PursueMemory
from .codec import encode
from .cycle import Cycle, Thought
from .dispatch.site import DecideMemory
from .settings import Settings

FORMAT = 1
KEPT_CYCLES = 60
"""Ten minutes of calm, two of trouble."""


class Recorder:
    """Keeps the last cycles; the values are frozen, so keeping them costs next to nothing."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: deque[tuple[Cycle, DecideMemory, PursueMemory | None]] = deque(maxlen=KEPT_CYCLES)

    def add(self, thought: Thought, *, sent: bool) -> None:
        """Keep a cycle; without `sent` its commands went nowhere."""
        cycle = thought.cycle if sent else replace(thought.cycle, commands=None)
        self._kept.append((cycle, thought.decide_memory, thought.pursuit.memory if sent else cycle.pursue_memory))

    @property
    def last(self) -> Cycle:
        """Return the newest cycle; there must be one."""
        return self._kept[-1][0]

    def cycles(self) -> Iterator[Cycle]:
        """Return the cycles, oldest first, without what the one before tells."""
        settings: Settings | None = None
        left_decide: DecideMemory | None = None
        left_pursue: PursueMemory | None = None
        for cycle, next_decide, next_pursue in self._kept:
            yield replace(
                cycle,
                settings=None if cycle.settings == settings else cycle.settings,
                decide_memory=None if cycle.decide_memory is left_decide else cycle.decide_memory,
                pursue_memory=None if cycle.pursue_memory is left_pursue else cycle.pursue_memory,
            )
            settings, left_decide, left_pursue = cycle.settings, next_decide, next_pursue

    def as_json(self) -> dict[str, Any]:
        """Return the recording as diagnostics carry it."""
        return {"format": FORMAT, "cycles": [encode(cycle) for cycle in self.cycles()]}
