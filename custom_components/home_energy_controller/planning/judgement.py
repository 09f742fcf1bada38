"""Whether the plan pays: each slot that has passed is settled for it and for those it is compared with.

The plan, net zero and perfect foresight each go on with the energy of their own; what they hold at the end of a day is
counted at its value, so that who keeps more for tomorrow is not the loser of today.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from .modes import NET_ZERO, Choice, Expected, Storage, outcome

JUDGED_DAYS = 14
LEAST_DAYS = 3
"""Fewer days say nothing."""
CERTAIN = 1.0
"""By so many standard errors the mean has to be above nothing."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one way of running the batteries has in the cells (Wh above the reserve), and has paid."""

    energy_wh: float
    cost: float = 0.0

    def settled(self, choice: Choice, slot: Expected, storage: Storage) -> Account:
        """Return the account after a slot in which this was done."""
        cost, energy_wh = outcome(choice, slot, storage).within(
            min(self.energy_wh, storage.usable_wh), storage.usable_wh
        )
        return Account(energy_wh, self.cost + cost)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The plan and net zero side by side, whatever the batteries really do."""

    plan: Account
    net_zero: Account
    no_battery: float = 0.0
    choice: Choice | None = None
    """What the plan chose last."""

    def settled(self, choice: Choice, slot: Expected, storage: Storage) -> Shadow:
        """Return the accounts after a slot that has passed, by its real load, sun and price."""
        return Shadow(
            plan=self.plan.settled(choice, slot, storage),
            net_zero=self.net_zero.settled(NET_ZERO, slot, storage),
            no_battery=self.no_battery + slot.rest_cost,
            choice=choice,
        )

    def lead(self, value_per_kwh: float) -> float:
        """Return by how much the plan is ahead of net zero, with what each holds."""
        held_kwh = (self.plan.energy_wh - self.net_zero.energy_wh) / 1000
        return self.net_zero.cost - self.plan.cost + held_kwh * value_per_kwh


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the plan may act, and by what."""

    pays: bool
    per_day: float
    """What the plan wins over net zero on the average day."""
    error: float
    """Standard error of that."""
    days: int


def judge(gains: Sequence[float]) -> Judgement:
    """Return whether the plan paid in the last days; `gains` over net zero by day, oldest first."""
    last = gains[-JUDGED_DAYS:]
    if len(last) < LEAST_DAYS:
        return Judgement(False, fmean(last) if last else 0.0, 0.0, len(last))
    per_day, error = fmean(last), stdev(last) / sqrt(len(last))
    return Judgement(per_day > CERTAIN * error, per_day, error, len(last))
