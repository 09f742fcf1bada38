"""Whether the plan pays: each slot that has passed is settled for it and for those it is compared with.

Plan and net zero each go on with the energy of their own, whatever the batteries really do. What a day leaves in the
cells is counted at its value, so that who keeps more for tomorrow is not the loser of today.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import sqrt
from statistics import fmean, stdev

from .modes import NET_ZERO, Choice, Expected, Storage, outcome
from .optimiser import solve

JUDGED_DAYS = 28
"""Half of it is too little to tell: single days err by more than most win."""
LEAST_DAYS = 3
"""Fewer days say nothing."""
CERTAIN = 1.0
"""By so many standard errors the mean has to be above nothing,"""
LEAST_GAIN = 0.01
"""and by so much of the currency a day: less is won or lost by what no forecast knows."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one way of running the batteries began a day with (Wh above the reserve), has now, and has paid."""

    energy_wh: float = 0.0
    cost: float = 0.0
    began_wh: float = 0.0

    def settled(self, choice: Choice, slot: Expected, storage: Storage) -> Account:
        """Return the account after a slot in which this was done."""
        energy_wh = min(self.energy_wh, storage.usable_wh)
        cost, energy_wh = outcome(choice, slot, storage).within(energy_wh, storage.usable_wh)
        return replace(self, energy_wh=energy_wh, cost=self.cost + cost)

    def paid(self, value_per_kwh: float) -> float:
        """Return what the day cost, less what it left more in the cells than it began with."""
        return self.cost - (self.energy_wh - self.began_wh) / 1000 * value_per_kwh

    def tomorrow(self) -> Account:
        """Return the account that the next day begins with."""
        return Account(self.energy_wh, 0.0, self.energy_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """What a day cost by each way of running the batteries, in the currency of the prices."""

    day: date
    no_battery: float
    net_zero: float
    plan: float
    perfect: float | None = None
    """With all known before."""
    actual: float | None = None
    """By the meter; None where it was not read all day."""
    slots: int = 0
    """So many quarters are in it; the others are gaps."""

    @property
    def gain(self) -> float:
        """Return what the plan would have saved against net zero."""
        return self.net_zero - self.plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Plan and net zero side by side through a day."""

    plan: Account = field(default_factory=Account)
    net_zero: Account = field(default_factory=Account)
    no_battery: float = 0.0
    choice: Choice | None = None
    """What the plan chose last."""
    slots: tuple[Expected, ...] = ()
    """What the day was so far."""
    ahead: float = 0.0
    """What the plan was taken to be ahead of net zero when the day began, by what it held more."""

    @classmethod
    def beginning(cls, energy_wh: float) -> Shadow:
        """Return accounts that begin with what the batteries hold."""
        account = Account(energy_wh, 0.0, energy_wh)
        return cls(plan=account, net_zero=account)

    def settled(self, choice: Choice, slot: Expected, storage: Storage) -> Shadow:
        """Return the accounts after a slot that has passed, by its real load, sun and price."""
        return Shadow(
            plan=self.plan.settled(choice, slot, storage),
            net_zero=self.net_zero.settled(NET_ZERO, slot, storage),
            no_battery=self.no_battery + slot.rest_cost,
            choice=choice,
            slots=(*self.slots, slot),
            ahead=self.ahead,
        )

    def gain(self, value_per_kwh: float) -> float:
        """Return what the plan won over net zero since the day began.

        What it held more when the day before ended was won then: where that turns out to be worth less, it is lost now.
        """
        return self.net_zero.cost - self.plan.cost + self._ahead(value_per_kwh) - self.ahead

    def _ahead(self, value_per_kwh: float) -> float:
        """Return what the plan is ahead of net zero by what it holds more."""
        return (self.plan.energy_wh - self.net_zero.energy_wh) / 1000 * value_per_kwh

    def result(self, day: date, storage: Storage, value_per_kwh: float, actual: float | None = None) -> DayResult:
        """Return what the day came to; energy that is left counts at a value."""
        net_zero = self.net_zero.paid(value_per_kwh)
        return DayResult(
            day=day,
            no_battery=self.no_battery,
            net_zero=net_zero,
            plan=net_zero - self.gain(value_per_kwh),
            perfect=self._perfect(storage, value_per_kwh) if self.slots else None,
            actual=actual,
            slots=len(self.slots),
        )

    def tomorrow(self, value_per_kwh: float) -> Shadow:
        """Return the accounts that the next day begins with; energy that is left counts at a value."""
        return Shadow(
            plan=self.plan.tomorrow(),
            net_zero=self.net_zero.tomorrow(),
            choice=self.choice,
            ahead=self._ahead(value_per_kwh),
        )

    def _perfect(self, storage: Storage, value_per_kwh: float) -> float:
        """Return what the day would have cost, had all been known, from what the plan began with."""
        began_wh = min(self.plan.began_wh, storage.usable_wh)
        account = Account(began_wh, 0.0, began_wh)
        steps = solve(self.slots, storage, value_per_kwh, move_share=0.0).steps(began_wh, None)
        for step, slot in zip(steps, self.slots, strict=True):
            account = account.settled(step.choice, slot, storage)
        return account.paid(value_per_kwh)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the plan may act, and by what."""

    pays: bool
    per_day: float
    """What the plan wins over net zero on the average day."""
    error: float
    """Standard error of that."""
    days: int

    @property
    def is_known(self) -> bool:
        """Return whether there are enough days to tell."""
        return self.days >= LEAST_DAYS


def judge(gains: Sequence[float]) -> Judgement:
    """Return whether the plan paid in the last days; `gains` over net zero by day, oldest first."""
    last = gains[-JUDGED_DAYS:]
    if len(last) < LEAST_DAYS:
        return Judgement(False, fmean(last) if last else 0.0, 0.0, len(last))
    per_day, error = fmean(last), stdev(last) / sqrt(len(last))
    return Judgement(per_day > max(LEAST_GAIN, CERTAIN * error), per_day, error, len(last))
