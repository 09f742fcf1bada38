"""What was seen, decided and sent in the last cycles, in one format: diagnostics write it, replay and bench read it.

Moments are those of the monotonic clock as it was: shifted, a float may round to the other side of a limit.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .actuation.actuation import PursueMemory, Pursuit, pursue
from .codec import CodecError, decode, encode
from .dispatch.dispatch import decide
from .dispatch.site import DecideMemory
from .model import Command, Decision, Snapshot
from .settings import Settings

FORMAT = 1
KEPT_CYCLES = 60
"""Ten minutes of calm, two of trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle; in a recording, None among the inputs means: as the cycle before left it."""

    now: float
    snapshot: Snapshot
    settings: Settings | None
    decide_memory: DecideMemory | None
    pursue_memory: PursueMemory | None
    decision: Decision
    commands: tuple[Command, ...] | None = None
    """None when nothing might be sent: the site was closing, or its polling off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A cycle with all its inputs, and what it leaves to the next one."""

    cycle: Cycle
    settings: Settings
    decide_memory: DecideMemory
    pursuit: Pursuit


def think(
    now: float, snapshot: Snapshot, settings: Settings, decide_memory: DecideMemory, pursue_memory: PursueMemory
) -> Thought:
    """Return what to do, and what to send for it."""
    decision, next_memory = decide(snapshot, settings, decide_memory, now)
    pursuit = pursue(decision, snapshot, settings, pursue_memory, now)
    cycle = Cycle(
        now=now,
        snapshot=snapshot,
        settings=settings,
        decide_memory=decide_memory,
        pursue_memory=pursue_memory,
        decision=decision,
        commands=pursuit.commands,
    )
    return Thought(cycle=cycle, settings=settings, decide_memory=next_memory, pursuit=pursuit)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One cycle of a recording, decided again."""

    recorded: Cycle
    decision: Decision
    commands: tuple[Command, ...] | None

    @property
    def differs(self) -> bool:
        """Return whether the code decides, or sends, something else than it did."""
        recorded = self.recorded
        return bool(encode((self.decision, self.commands)) != encode((recorded.decision, recorded.commands)))


def read(document: Any) -> tuple[Cycle, ...]:
    """Return the cycles in a recording, or in a diagnostics file around one; raise CodecError when there are none."""
    for key in ("data", "recording"):
        if isinstance(document, Mapping) and key in document:
            document = document[key]
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise CodecError(f"This holds no recording of format {FORMAT}")
    cycles: tuple[Cycle, ...] = decode(tuple[Cycle, ...], document.get("cycles"))
    return cycles


def replay(cycles: Sequence[Cycle]) -> Iterator[Replayed]:
    """Decide every cycle again; where the recording says nothing else, memory is fed on. Raises CodecError."""
    settings: Settings | None = None
    decide_memory: DecideMemory | None = None
    pursue_memory: PursueMemory | None = None
    for cycle in cycles:
        settings = _given(cycle.settings, settings)
        decide_memory = _given(cycle.decide_memory, decide_memory)
        pursue_memory = _given(cycle.pursue_memory, pursue_memory)
        thought = think(cycle.now, cycle.snapshot, settings, decide_memory, pursue_memory)
        decide_memory = thought.decide_memory
        commands: tuple[Command, ...] | None = None
        if cycle.commands is not None:
            commands, pursue_memory = thought.pursuit.commands, thought.pursuit.memory
        yield Replayed(recorded=cycle, decision=thought.cycle.decision, commands=commands)


def _given[T](recorded: T | None, before: T | None) -> T:
    """Return what the recording says or, where it says nothing, what the cycle before left; raise CodecError."""
    value = before if recorded is None else recorded
    if value is None:
        raise CodecError("The first cycle does not say what it began with")
    return value
