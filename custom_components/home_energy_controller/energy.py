"""Energy counted from power: totals that never run backwards and never jump over a gap."""

from dataclasses import dataclass, replace

LONGEST_GAP_S = 300.0
"""Two readings further apart tell nothing about the time between them (polls are 30 or 120 s apart)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTotals:
    """What a battery charged and discharged at its AC side, in Wh, and the reading that was counted last.

    The devices' own counters are not used: their scale differs by model and firmware, and some stand still
    (Venus E 3.0 firmware 144).
    """

    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    last_power_w: float | None = None
    last_at: float | None = None

    def counted(self, power_w: float, at: float) -> EnergyTotals:
        """Return the totals after a reading of `power_w` (+ discharging) at `at` (s); the straight line between counts.

        A reading that is not newer than the last one, or follows it after a gap, moves no total.
        """
        charged, discharged = self.charged_wh, self.discharged_wh
        if self.last_at is not None and at <= self.last_at:
            return self
        if self.last_power_w is not None and self.last_at is not None and at - self.last_at <= LONGEST_GAP_S:
            hours = (at - self.last_at) / 3600
            charged += _area(-self.last_power_w, -power_w) * hours
            discharged += _area(self.last_power_w, power_w) * hours
        return replace(self, charged_wh=charged, discharged_wh=discharged, last_power_w=power_w, last_at=at)


def _area(start: float, end: float) -> float:
    """Return the mean of the positive part of a straight line from `start` to `end`."""
    if start >= 0 and end >= 0:
        return (start + end) / 2
    if start <= 0 and end <= 0:
        return 0.0
    top = max(start, end)
    return top * top / (abs(start) + abs(end)) / 2
