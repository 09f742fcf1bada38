"""Whether what the grid meter says can be true: no house jumps like that, and none stands still like that."""

from dataclasses import dataclass, replace

from .model import Timed

MOST_W = 55_000.0
"""Three phases of 80 A."""
JUMP_W = 5_000.0
"""More within seconds is believed once a second reading says so: a large hob with an oven is 9 kW, a car 11 kW."""
SAME_TELEGRAM_S = 10.0
"""A meter of the older kind shows one telegram for so long: read again, it confirms nothing."""
RECENT_S = 30.0
"""After a longer gap any power may be true."""
FROZEN_S = 120.0
MOVED_W = 500.0
"""Not one step of difference for so long while the batteries changed by so much: no house can answer that exactly."""
AT_ZERO_STEPS = 2.0
"""Unless a leader does: within so much of 0 it keeps any meter, and nobody sees what is smaller than a step."""
SILENT_S = 3600.0
"""Batteries that move while a sensor that is written on change says nothing for so long: no leader is so exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMemory:
    """What was read, and what of it is trusted."""

    trusted: Timed[float] | None = None
    suspect: Timed[float] | None = None
    """A jump that waits to be confirmed."""
    same: Timed[float] | None = None
    """The value that is read, and since when it has been that."""
    least_w: float = 0.0
    most_w: float = 0.0
    """Between these the batteries' power was meanwhile."""
    is_frozen: bool = False
    """The meter repeats an old value."""

    def as_of(self, since: float) -> MeterMemory:
        """Return the memory when nothing that was read since then was new."""
        at = since if self.trusted is None else min(since, self.trusted.at)
        return replace(self, trusted=self.trusted and Timed(self.trusted.value, at), suspect=None)


def validate_reading(
    memory: MeterMemory, reading: Timed[float], batteries_w: float, step_w: float = 1.0, silent_s: float = 0.0
) -> MeterMemory:
    """Return the memory with a reading; what cannot be true leaves the trusted one to grow old.

    The meter shows no change below `step_w`, and said for `silent_s` nothing itself.
    """
    if not abs(reading.value) <= MOST_W:
        return memory
    memory = _followed(memory, reading, batteries_w)
    before = memory.trusted
    is_jump = before is not None and reading.at - before.at <= RECENT_S and abs(reading.value - before.value) > JUMP_W
    if is_jump and not _is_confirmed(memory.suspect, reading):
        return memory if _agree(memory.suspect, reading) else replace(memory, suspect=reading)
    same = memory.same or reading
    is_stuck = reading.at - same.at >= FROZEN_S and abs(reading.value) > AT_ZERO_STEPS * step_w
    is_frozen = (is_stuck or silent_s >= SILENT_S) and memory.most_w - memory.least_w >= MOVED_W
    return replace(memory, trusted=same if is_frozen else reading, suspect=None, is_frozen=is_frozen)


def _followed(memory: MeterMemory, reading: Timed[float], batteries_w: float) -> MeterMemory:
    """Return the memory with how long the value has been the same, and how far the batteries moved meanwhile."""
    if memory.same is None or memory.same.value != reading.value:
        return replace(memory, same=reading, least_w=batteries_w, most_w=batteries_w)
    return replace(memory, least_w=min(memory.least_w, batteries_w), most_w=max(memory.most_w, batteries_w))


def _agree(suspect: Timed[float] | None, reading: Timed[float]) -> bool:
    """Return whether a reading tells about the same as a suspect one."""
    return suspect is not None and abs(reading.value - suspect.value) <= JUMP_W / 2


def _is_confirmed(suspect: Timed[float] | None, reading: Timed[float]) -> bool:
    """Return whether another telegram says the same as a suspect one."""
    if suspect is None or not _agree(suspect, reading):
        return False
    return reading.value != suspect.value or reading.at - suspect.at >= SAME_TELEGRAM_S
