"""What every battery should do, and why."""

from dataclasses import dataclass

from .model import Decision, Settings, SiteState, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideMemory:
    """What one decision leaves to the next."""


def decide(snapshot: Snapshot, settings: Settings, memory: DecideMemory, now: float) -> tuple[Decision, DecideMemory]:
    """Return what every battery should do."""
    state = SiteState.STARTING if settings.enabled else SiteState.OFF
    return Decision(state=state, leader_id=None, targets=(), net_load_w=None, decided_at=now), memory
