"""One cycle: from what was seen to what is sent."""

from collections.abc import Iterable
from dataclasses import dataclass

from .actuation.actuation import Actuation, ActuationMemory, actuate
from .dispatch.dispatch import dispatch
from .dispatch.site import DispatchMemory
from .model import Command, Decision, Snapshot
from .settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle; in a recording, None among the inputs means: as the cycle before left it."""

    now: float
    snapshot: Snapshot
    settings: Settings | None
    dispatch_memory: DispatchMemory | None
    actuation_memory: ActuationMemory | None
    decision: Decision
    commands: tuple[Command, ...] | None = None
    """None when nothing might be sent: the site was closing, or its polling off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """A cycle with all its inputs, and what it leaves to the next one."""

    cycle: Cycle
    settings: Settings
    dispatch_memory: DispatchMemory
    actuation: Actuation


def run_cycle(
    now: float,
    snapshot: Snapshot,
    settings: Settings,
    dispatch_memory: DispatchMemory,
    actuation_memory: ActuationMemory,
) -> CycleResult:
    """Return what to do, and what to send for it."""
    decision, next_memory = dispatch(snapshot, settings, dispatch_memory, now)
    actuation = actuate(decision, snapshot, settings, actuation_memory, now)
    cycle = Cycle(
        now=now,
        snapshot=snapshot,
        settings=settings,
        dispatch_memory=dispatch_memory,
        actuation_memory=actuation_memory,
        decision=decision,
        commands=actuation.commands,
    )
    return CycleResult(cycle=cycle, settings=settings, dispatch_memory=next_memory, actuation=actuation)


def foresee(steps: Iterable[tuple[float, Snapshot]], settings: Settings) -> Decision:
    """Return what would be done after these moments (s) and what was seen at them; there has to be one."""
    memory, decision = DispatchMemory(), None
    for now, snapshot in steps:
        decision, memory = dispatch(snapshot, settings, memory, now)
    if decision is None:
        raise ValueError("Nothing was seen")
    return decision
