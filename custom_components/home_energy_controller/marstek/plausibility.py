"""A state of charge that no energy explains is held back until it has lasted for longer than a glitch."""

from dataclasses import dataclass, replace
from typing import Final

from .models import Reading

GLITCH_S: Final = 300.0
"""Some firmware reads 0 % for two minutes; what a BMS corrects stays."""
LEAST_REPEATS: Final = 3
SLACK_PCT: Final = 5.0
"""Charge is told in whole per cent, and a BMS corrects itself by some near full and empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLimits:
    """How fast a battery's charge can change."""

    capacity_wh: float
    most_w: float

    def allow(self, before: Reading, after: Reading) -> bool:
        """Return whether the energy that can have flowed between two readings explains the step."""
        hours = max(0.0, after.received_at - before.received_at) / 3600.0
        return abs(after.value - before.value) <= SLACK_PCT + 100.0 * self.most_w * hours / self.capacity_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeGuard:
    """What is believed of one battery's charge (%), and what it tells instead for the time being."""

    trusted: Reading | None = None
    newest: Reading | None = None
    doubted_since: float | None = None
    repeats: int = 0

    @property
    def believed(self) -> Reading | None:
        """Return the last charge that was explained, as of the newest reading: the battery goes on telling."""
        if self.trusted is None or self.newest is None:
            return None
        return self.trusted._replace(received_at=self.newest.received_at)

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the newest reading is held back."""
        return self.doubted_since is not None

    def after(self, reading: Reading, limits: ChargeLimits) -> ChargeGuard:
        """Return the guard after a reading; one that it knows already changes nothing."""
        if self.newest is not None and reading.received_at <= self.newest.received_at:
            return self
        if self.trusted is None or self.newest is None or limits.allow(self.trusted, reading):
            return ChargeGuard(trusted=reading, newest=reading)
        if self.doubted_since is None or not limits.allow(self.newest, reading):
            return replace(self, newest=reading, doubted_since=reading.received_at, repeats=1)
        lasted = reading.received_at - self.doubted_since >= GLITCH_S and self.repeats + 1 >= LEAST_REPEATS
        if lasted:
            return ChargeGuard(trusted=reading, newest=reading)
        return replace(self, newest=reading, repeats=self.repeats + 1)
