"""What to send to make a decision true, and how far it is true."""

from collections.abc import Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from .model import Command, Decision, Health, Settings, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one battery was told last, and what came of it."""

    command: Command
    sent_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PursueMemory:
    """What was sent to whom; a battery that is not in it was never commanded, or was released since."""

    sent: Mapping[str, Sent] = field(default_factory=lambda: MappingProxyType({}))

    def without(self, battery_ids: AbstractSet[str]) -> PursueMemory:
        """Return a memory in which these batteries were never commanded: they were released."""
        return replace(self, sent={key: sent for key, sent in self.sent.items() if key not in battery_ids})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pursuit:
    """What a cycle sends, and what it knows of what was sent before."""

    commands: tuple[Command, ...]
    health: Mapping[str, Health]
    swap: bool
    """The leader is being changed."""
    reads: Mapping[str, float]
    """Per battery: since when its power and mode are wanted, to prove a command."""
    next_due: float | None
    """The earliest moment at which there is something to do again; None when nothing is commanded."""
    memory: PursueMemory


def pursue(decision: Decision, snapshot: Snapshot, settings: Settings, memory: PursueMemory, now: float) -> Pursuit:
    """Return what to send now."""
    return Pursuit(commands=(), health={}, swap=False, reads={}, next_due=None, memory=memory)
