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
    same = memory.same
    if same is None or same.value != reading.value:
        same, memory = reading, replace(memory, same=reading, least_w=batteries_w, most_w=batteries_w)
    memory = replace(memory, least_w=min(memory.least_w, batteries_w), most_w=max(memory.most_w, batteries_w))
    before, suspect = memory.trusted, memory.suspect
    if before is not None and reading.at - before.at <= RECENT_S and abs(reading.value - before.value) > JUMP_W:
        if suspect is None or abs(reading.value - suspect.value) > JUMP_W / 2:
            return replace(memory, suspect=reading)
        if reading.value == suspect.value and reading.at - suspect.at < SAME_TELEGRAM_S:
            return memory
    is_stuck = reading.at - same.at >= FROZEN_S and abs(reading.value) > AT_ZERO_STEPS * step_w
    is_frozen = (is_stuck or silent_s >= SILENT_S) and memory.most_w - memory.least_w >= MOVED_W
    return replace(memory, trusted=same if is_frozen else reading, suspect=None, is_frozen=is_frozen)
