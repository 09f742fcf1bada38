"""A year of a home and a contract under all planners, slot by slot side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.plan.homes import Home, Year
from benchmarks.plan.inputs import PER_SLOT
from benchmarks.plan.plant import MINUTE_H, Mode, Plant
from benchmarks.plan.view import Planner, Views, Wish
from custom_components.home_energy_controller.planning.slots import PER_DAY

PER_WEEK = 7 * PER_DAY
LEFT_PCT = 70.0
"""What a kWh is worth that is left at the end, of the mean price."""
BASE, BEST, NONE = "net_zero", "perfect", "none"
TUNING, SCORING = 0, 1
"""Weeks of even numbers since the begin were looked at while the rules were made; the odd ones only score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a year came to under one planner."""

    cost_eur: float
    """Less what the energy left at its end is worth."""
    weeks_eur: tuple[float, ...]
    """Each less what it left more in the batteries than it began with."""
    changes_per_day: float
    """Of the mode."""


class NetZero:
    """No plan: what every planner is measured against."""

    def choose(self, _view: object) -> Wish:
        """Return net zero."""
        return Wish(Mode.NET_ZERO)


def play_together(planners: Mapping[str, Planner], home: Home, year: Year, views: Views) -> dict[str, Bill]:
    """Return the bills of all planners, and of no battery."""
    plants = {name: Plant(home, home.reserve_wh) for name in planners}
    costs: dict[str, list[float]] = {name: [] for name in (NONE, *planners)}
    modes, changes = dict.fromkeys(planners, ""), dict.fromkeys(planners, 0)
    net_w, prices = year.net_w.tolist(), views.prices
    mean = sum(prices[slot].buy for slot in year.slots) / len(year.slots)
    left_eur = mean * LEFT_PCT / 100 / 1000  # Of a Wh.
    for slot in year.slots:
        first, price = year.first_minute(slot), prices[slot]
        minutes = net_w[first : first + PER_SLOT]
        rest = sum(power_w * (price.buy if power_w > 0 else price.sell) for power_w in minutes)
        costs[NONE].append(rest * MINUTE_H / 1000)
        for name, planner in planners.items():
            plant = plants[name]
            wish = planner.choose(views.at(slot, plant.energy_wh))
            changes[name] += modes[name] not in {"", wish.mode}
            modes[name] = wish.mode
            before_wh = plant.energy_wh
            done = plant.quarter(wish.mode, wish.power_w, minutes)
            cost = (done.imported_wh * price.buy - done.exported_wh * price.sell) / 1000
            costs[name].append(cost - (plant.energy_wh - before_wh) * left_eur)
    days = len(year.slots) / PER_DAY
    bills = {}
    for name, each in costs.items():
        weeks = tuple(sum(each[begin : begin + PER_WEEK]) for begin in range(0, len(each), PER_WEEK))
        bills[name] = Bill(
            cost_eur=sum(each),
            weeks_eur=weeks,
            changes_per_day=changes.get(name, 0) / days,
        )
    return bills


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a planner did against net zero."""

    cost_eur: float
    share_pct: float | None
    """Of what perfect foresight wins over net zero; None where that is nothing."""
    worst_week_eur: float
    scoring_pct: float | None
    """The same share in the weeks that were not tuned on."""
    changes_per_day: float


def scores(bills: Mapping[str, Bill]) -> dict[str, Score]:
    """Return the scores of all planners."""
    base, best = bills[BASE], bills[BEST]
    scored = [week for week in range(len(base.weeks_eur)) if week % 2 == SCORING]
    return {
        name: Score(
            cost_eur=bill.cost_eur,
            share_pct=_share(base.cost_eur - bill.cost_eur, base.cost_eur - best.cost_eur),
            worst_week_eur=min(b - own for b, own in zip(base.weeks_eur, bill.weeks_eur, strict=True)),
            scoring_pct=_share(
                sum(base.weeks_eur[week] - bill.weeks_eur[week] for week in scored),
                sum(base.weeks_eur[week] - best.weeks_eur[week] for week in scored),
            ),
            changes_per_day=bill.changes_per_day,
        )
        for name, bill in bills.items()
    }


def _share(won: float, winnable: float) -> float | None:
    """Return a share (%); of less than a few cents there is none."""
    return 100 * won / winnable if winnable > 0.05 else None
