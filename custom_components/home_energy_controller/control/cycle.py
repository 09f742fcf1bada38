"""One cycle: from what was seen to what is sent."""

from dataclasses import dataclass

from .actuation.actuation import PursueMemory, Pursuit, pursue
from .dispatch.dispatch import decide
from .dispatch.site import DecideMemory
from .model import Command, Decision, Snapshot
from .settings import Settings


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
