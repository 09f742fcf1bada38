"""Planners as others build them: a rule by the day, permissions by the price, a linear programme."""

from collections.abc import Callable, Mapping
from statistics import fmean, quantiles

import highspy
from highspy._core import _Highs  # the public class prints a banner for each solver before it can be silenced
import numpy as np

from benchmarks.plan.errors import PER_HOUR
from benchmarks.plan.homes import Home
from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.planners import Allowed
from benchmarks.plan.plant import Mode
from benchmarks.plan.view import Planner, View, Wish
from custom_components.home_energy_controller.planning.slots import SLOT_H, start_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

ALL_ALLOWED = Allowed()
CHEAP_HOURS = 3
CHARGED, DISCHARGED = 0.95, 0.93
"""What arrives in the cells, and what comes out of them: the figures of the pilot, without what is fixed."""
DEARER = 1.15
"""Of now's price, from which on keeping is worth its losses."""
LEFT_SHARE, LEFT_RANK = 0.88, 45
"""What a kWh that is left is worth: a share of a percentile of the prices that are known."""
LEAST_W = 50.0
_CHARGE, _DISCHARGE, _BOUGHT, _SOLD, _ENERGY = range(5)
"""Blocks of columns, a column per slot (kW; energy in kWh at the end of the slot)."""


class Rule:
    """Charges in the cheapest three hours of the day what the sun will not bring, discharges above the day's mean.

    Plans when the day begins, as many do at 00:05, and never again that day.
    """

    def __init__(self) -> None:
        self._day = 0
        self._cheap, self._dear = set[int](), set[int]()
        self._target_wh = 0.0

    def choose(self, view: View) -> Wish:
        """Return what the plan of the day says."""
        day = start_of(view.now_slot, AMSTERDAM).toordinal()
        if day != self._day:
            self._day = day
            self._plan(view, day)
        if view.now_slot in self._cheap and view.energy_wh < self._target_wh:
            return Wish(Mode.CHARGE_FROM_GRID, view.home.charge_w)
        if view.now_slot in self._dear:
            return Wish(Mode.NET_ZERO)
        return Wish(Mode.CHARGE_ONLY)

    def _plan(self, view: View, day: int) -> None:
        """Choose hours, and how full the batteries shall be."""
        prices = {slot: price.buy for slot, price in view.prices.items()}
        today = {slot: buy for slot, buy in prices.items() if start_of(slot, AMSTERDAM).toordinal() == day}
        hours = sorted({slot - slot % PER_HOUR for slot in today}, key=lambda hour: (today.get(hour, 9.0), hour))
        self._cheap = {slot for hour in hours[:CHEAP_HOURS] for slot in range(hour, hour + PER_HOUR)}
        mean = fmean(today.values())
        self._dear = {slot for slot, buy in today.items() if buy >= mean}
        surplus_wh = sum(max(0.0, -view.net_w(slot)) for slot in today) * SLOT_H
        self._target_wh = view.home.capacity_wh - surplus_wh


class Permissions:
    """Keeps what is stored while dearer slots will need it before the sun has filled up again; else net zero.

    Never charges from the grid. It keeps by charging only: to stand by would send the sun away.
    """

    def choose(self, view: View) -> Wish:
        """Return whether the slot may be served from the batteries."""
        if view.net_w(view.now_slot) > 0 and _needed_wh(view) >= view.stored_wh:
            return Wish(Mode.CHARGE_ONLY)
        return Wish(Mode.NET_ZERO)


def _needed_wh(view: View) -> float:
    """Return the most that slots dearer than now will have taken, less what the sun has brought by then."""
    prices, load_w, sun_w = dict(view.prices), dict(view.load_forecast_w), dict(view.sun_forecast_w)
    least = prices.pop(view.now_slot).buy * DEARER
    charge_w, discharge_w = view.home.charge_w, view.home.discharge_w
    needed_wh = most_wh = 0.0
    for slot, price in prices.items():
        net_w = min(discharge_w, max(-charge_w, load_w.get(slot, 0.0) - sun_w.get(slot, 0.0)))
        if net_w < 0 or price.buy > least:
            needed_wh += net_w * SLOT_H
            most_wh = max(most_wh, needed_wh)
    return most_wh


class LinearProgramme:
    """Quarters as far as prices are known, by HiGHS, each hour again; its powers are mapped to modes.

    Losses are shares, as such programmes have them. It may buy and sell with the batteries.
    """

    def __init__(self, allowed: Allowed = ALL_ALLOWED) -> None:
        self._allowed = allowed
        self._wishes: dict[int, Wish] = {}

    def choose(self, view: View) -> Wish:
        """Return the mode of the newest plan."""
        if view.now_slot % PER_HOUR == 0 or view.now_slot not in self._wishes:
            self._wishes = self._plan(view)
        return self._wishes[view.now_slot]

    def _plan(self, view: View) -> dict[int, Wish]:
        """Return modes until the next plan."""
        prices, net_w = dict(view.prices), {slot: view.net_w(slot) for slot in view.prices}
        powers_w = solve(prices, net_w, view.stored_wh, view.home, self._allowed)
        return {slot: as_mode(powers_w[slot], net_w[slot]) for slot in list(prices)[:PER_HOUR]}


def as_mode(power_w: float, net_w: float) -> Wish:
    """Return the mode that comes nearest to a power of the batteries (W, + discharging) at an expected net load."""
    if power_w < min(0.0, net_w) - LEAST_W:
        return Wish(Mode.CHARGE_FROM_GRID, round(-power_w))
    if power_w > max(0.0, net_w) + LEAST_W:
        return Wish(Mode.DELIVER_TO_GRID, round(power_w))
    serves = abs(power_w) >= abs(net_w) / 2
    if abs(net_w) < LEAST_W or serves:
        return Wish(Mode.NET_ZERO)
    return Wish(Mode.CHARGE_ONLY if net_w > 0 else Mode.DISCHARGE_ONLY)


def solve(
    prices: Mapping[int, SlotPrice],
    net_w: Mapping[int, float],
    stored_wh: float,
    home: Home,
    allowed: Allowed = ALL_ALLOWED,
) -> dict[int, float]:
    """Return the powers (W, + discharging) that cost least; raises ArithmeticError if the solver finds none."""
    count = len(prices)
    buy = np.array([price.buy for price in prices.values()])
    sell = np.minimum(buy, [price.sell for price in prices.values()])  # Else it would buy and sell without end.
    worth = LEFT_SHARE * quantiles([*buy, buy[0]], n=100)[LEFT_RANK - 1]
    usable_kwh, zeros = home.usable_wh / 1000, np.zeros(count)
    cost = np.concatenate([zeros, zeros, buy * SLOT_H, -sell * SLOT_H, zeros])
    cost[-1] = -worth
    programme, solver = highspy.HighsLp(), _Highs()
    programme.num_col_, programme.num_row_ = len(cost), 2 * count
    programme.col_cost_, programme.col_lower_ = cost, np.zeros(len(cost))
    net_kw = np.array(list(net_w.values())) / 1000
    free = np.full(count, highspy.kHighsInf)
    tops = (
        np.full(count, home.charge_w / 1000),
        np.full(count, home.discharge_w / 1000),
        free if allowed.charge_from_grid else np.maximum(0.0, net_kw),
        free if allowed.deliver_to_grid else np.maximum(0.0, -net_kw),
        np.full(count, usable_kwh),
    )
    programme.col_upper_ = np.concatenate(tops)
    bounds = np.concatenate([net_kw, zeros])
    bounds[count] = min(usable_kwh, stored_wh / 1000)
    programme.row_lower_ = programme.row_upper_ = bounds
    _fill(programme.a_matrix_, count)
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("presolve", "off")  # It takes longer than it saves here.
    solver.passModel(programme)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ArithmeticError(solver.modelStatusToString(solver.getModelStatus()))
    columns = np.array(solver.getSolution().col_value).reshape(5, count)
    powers_w = 1000 * (columns[_DISCHARGE] - columns[_CHARGE])
    return dict(zip(prices, powers_w.tolist(), strict=True))


def _fill(matrix: highspy.HighsSparseMatrix, count: int) -> None:
    """Write two rows per slot: what flows adds up, and energy goes from slot to slot."""
    slots = np.arange(count)
    flows = [(_BOUGHT, 1.0), (_SOLD, -1.0), (_CHARGE, -1.0), (_DISCHARGE, 1.0)]
    stores = [(_ENERGY, 1.0), (_CHARGE, -CHARGED * SLOT_H), (_DISCHARGE, SLOT_H / DISCHARGED)]
    rows = [np.array([block * count + slots for block, _ in each]).T for each in (flows, stores)]
    values = [np.tile([value for _, value in each], (count, 1)) for each in (flows, stores)]
    before = (_ENERGY * count + slots - 1)[:, None]
    where = np.delete(np.hstack([rows[1], before]).ravel(), len(stores))  # Nothing is before the first.
    what = np.delete(np.hstack([values[1], np.full((count, 1), -1.0)]).ravel(), len(stores))
    lengths = [len(flows)] * count + [len(stores)] + [len(stores) + 1] * (count - 1)
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.append(0, np.cumsum(lengths)).astype(np.int32)
    matrix.index_ = np.concatenate([rows[0].ravel(), where]).astype(np.int32)
    matrix.value_ = np.concatenate([values[0].ravel(), what])


class Kept:
    """Keeps a planner to what its home's owner allows."""

    def __init__(self, planner: Planner, allowed: Allowed) -> None:
        self._planner, self._allowed = planner, allowed

    def choose(self, view: View) -> Wish:
        """Return what the planner wants, or the nearest to it that is allowed."""
        wish = self._planner.choose(view)
        if wish.mode == Mode.CHARGE_FROM_GRID and not self._allowed.charge_from_grid:
            return Wish(Mode.CHARGE_ONLY)
        if wish.mode == Mode.DELIVER_TO_GRID and not self._allowed.deliver_to_grid:
            return Wish(Mode.NET_ZERO)
        return wish


RIVALS = ("rule", "permissions", "lp")


def rival(name: str, allowed: Allowed) -> Planner:
    """Return a rival by name."""
    planners: dict[str, Callable[[], Planner]] = {
        "rule": Rule,
        "permissions": Permissions,
        "lp": lambda: LinearProgramme(allowed),
    }
    return Kept(planners[name](), allowed)
