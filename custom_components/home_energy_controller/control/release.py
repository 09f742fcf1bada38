"""How batteries are let go."""

from .model import Command, Settings, Snapshot
from .pursue import PursueMemory


def release(settings: Settings, memory: PursueMemory, snapshot: Snapshot) -> tuple[Command, ...]:
    """Return what leaves every battery that was commanded as its owner wants: control ends here."""
    return ()


def stop(settings: Settings, memory: PursueMemory, snapshot: Snapshot) -> tuple[Command, ...]:
    """Return what keeps the house safe while Home Assistant is away: that is no release."""
    return ()
