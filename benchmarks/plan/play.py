"""A year of a home by the minute, under a planner."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter

from benchmarks.plan.homes import Home, Year
from benchmarks.plan.plant import MINUTE_H, Mode, Plant
from benchmarks.plan.view import Planner, Views, Wish
from custom_components.home_energy_controller.planning.tariff import SlotPrice

LEFT_PCT = 90.0
"""What energy that is left is worth, of the mean price: about what comes out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a year came to."""

    cost: float
    """EUR, less what the energy left at its end is worth against its begin."""
    imported_kwh: float
    exported_kwh: float
    battery_out_kwh: float
    battery_in_kwh: float
    changes: int
    """Of the mode."""
    slots_by_mode: Mapping[str, int]
    days_eur: tuple[float, ...]
    """Cost of each 96 slots, for paired comparisons."""
    took_s: float


def play(planner: Planner, home: Home, year: Year, views: Views, *, start_soc_pct: float = 50.0) -> Bill:
    """Return what a planner's year costs."""
    began, plant = perf_counter(), Plant(home, home.capacity_wh * start_soc_pct / 100)
    net_w, prices = year.net_w.tolist(), views.prices
    imported_wh = exported_wh = out_wh = in_wh = 0.0
    costs, used, changes, last, before_wh = list[float](), Counter[str](), -1, None, plant.energy_wh
    for slot in year.slots:
        mode, power_w = planner.choose(views.at(slot, plant.energy_wh))
        changes += (mode, power_w) != last
        last = (mode, power_w)
        used[str(mode)] += 1
        done, price = plant.quarter(mode, power_w, net_w, year.first_minute(slot)), prices[slot]
        imported_wh, exported_wh = imported_wh + done.imported_wh, exported_wh + done.exported_wh
        out_wh, in_wh = out_wh + done.battery_out_wh, in_wh + done.battery_in_wh
        costs.append((done.imported_wh * price.buy - done.exported_wh * price.sell) / 1000)
    left = (plant.energy_wh - before_wh) / 1000 * LEFT_PCT / 100 * _mean_buy(prices)
    return Bill(
        cost=sum(costs) - left,
        imported_kwh=imported_wh / 1000,
        exported_kwh=exported_wh / 1000,
        battery_out_kwh=out_wh / 1000,
        battery_in_kwh=in_wh / 1000,
        changes=max(0, changes),
        slots_by_mode=dict(used),
        days_eur=tuple(sum(costs[first : first + 96]) for first in range(0, len(costs), 96)),
        took_s=perf_counter() - began,
    )


def without_battery(year: Year, prices: Mapping[int, SlotPrice]) -> float:
    """Return what the year costs a home that has none (EUR)."""
    cost = 0.0
    for slot in year.slots:
        first = year.first_minute(slot)
        for net_w in year.net_w[first : first + 15]:
            cost += net_w * (prices[slot].buy if net_w > 0 else prices[slot].sell)
    return cost * MINUTE_H / 1000


class NetZero:
    """No plan: what every planner is measured against."""

    def choose(self, _view: object) -> Wish:
        """Return net zero."""
        return Wish(Mode.NET_ZERO)


def _mean_buy(prices: Mapping[int, SlotPrice]) -> float:
    """Return the mean price of a kWh."""
    return fmean(price.buy for price in prices.values())
