"""Two references with perfect information and the strategies' own batteries (control.md 6.3).

The tracking oracle follows the net load without delay: its exchange is what power and energy of the batteries leave to
any strategy that serves at once. The cost oracle is the least that any strategy can pay, from a linear programme over
the whole run (HiGHS): a bound, with slots of means, losses on or below their convex hull, and all batteries as one.
"""

from math import sqrt
from typing import Final, override

import highspy
from highspy._core import _Highs  # the public class prints a banner for each solver before it can be silenced
import numpy as np

from benchmarks.home import STEP_S, Stage
from benchmarks.scores import SELL_CT, TARIFFS, Floats, Scores, Tariff, left_ct, price_ct
from simulation import assumptions as known
from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.house import House

MOST_SLOTS = 2100
"""Of a minute each, longer in a run that would need more: means can only make it cheaper."""
DRAIN_H = 24.0
"""An idle battery drains its cells below the floor; here by at most so much."""
LINES = 4
CHARGE_LOSS: Final = (known.CHARGE_LOSS_FIXED, known.CHARGE_LOSS_LINEAR, known.CHARGE_LOSS_SQUARE)
DISCHARGE_LOSS: Final = (known.DISCHARGE_LOSS_FIXED, known.DISCHARGE_LOSS_LINEAR, known.DISCHARGE_LOSS_SQUARE)
BOUGHT, SOLD, CHARGE, DISCHARGE, LOSS, ENERGY = range(6)
"""Blocks of columns, a column per slot (kW; energy in kWh, with one more for the beginning)."""

type Row = tuple[dict[int, float], Floats, Floats]
"""Factors by the column of the first slot, and the bounds for each slot."""


class Tracking:
    """Puts a house that is regulated perfectly in the place of the real one."""

    def __init__(self, stage: Stage) -> None:
        stage.house = PerfectHouse(stage.batteries, stage.load, start_s=-STEP_S / 2)

    def step(self, now: float) -> None:
        """Do nothing more."""


class PerfectHouse(House):
    """Its batteries follow the net load at once, as many of them as lose least, the fullest or emptiest first."""

    @override
    def step(self, dt_s: float) -> None:
        self.now, self.trace_s = self.now + dt_s, self.trace_s + dt_s
        wanted_w = self.load(self.trace_s)
        alive = [battery for battery in self.batteries if Fault.DEAD not in battery.faults]
        alive.sort(key=lambda battery: int(battery.soc_pct * 10), reverse=wanted_w > 0)
        shares_w = shares(alive, wanted_w)
        for battery in self.batteries:
            battery.power_w = shares_w.get(battery.mac, 0.0)
        for battery in alive:
            battery.cells.store(battery.power_w, 0.0, dt_s / 3600.0)
        self.grid_w = wanted_w - sum(shares_w.values())


def shares(batteries: list[BatteryModel], wanted_w: float) -> dict[str, float]:
    """Return the powers by MAC that serve all that can be served, equal parts of the number that loses least."""
    is_deficit, sign, found = wanted_w > 0, 1 if wanted_w > 0 else -1, dict[str, float]()
    limits = [(abs(b.cells.limits_w(b.device.charge_w, b.device.discharge_w)[is_deficit]), b.mac) for b in batteries]
    able = [limit for limit in limits if limit[0]]
    number, left_w = min(best_number(wanted_w, len(able)), len(able)), abs(wanted_w)
    while number < len(able) and sum(limit_w for limit_w, _ in able[:number]) < left_w:
        number += 1
    for done, (limit_w, mac) in enumerate(sorted(able[:number])):
        share_w = min(limit_w, left_w / (number - done))
        found[mac], left_w = sign * share_w, left_w - share_w
    return found


def best_number(power_w: float, most: int) -> int:
    """Return how many batteries carry a power with the least loss (control.md 5)."""
    fixed, _, square = DISCHARGE_LOSS if power_w > 0 else CHARGE_LOSS
    number = 1
    while number < most and abs(power_w) / 1000 > sqrt(number * (number + 1) * (fixed - known.IDLE_LOSS) / square):
        number += 1
    return number


def pay_least(stage: Stage) -> Scores:
    """Return the least cost (ct) per tariff; it knows everything, and may charge from the grid."""
    seconds = np.array(stage.case.net_load_w)
    width = min(60 * -(-len(seconds) // (60 * MOST_SLOTS)), len(seconds))
    load_kw = seconds[: len(seconds) // width * width].reshape(-1, width).mean(axis=1) / 1000.0
    hours = stage.case.start_hour + np.arange(len(load_kw)) * width / 3600.0
    costs = {name: _solve(stage, load_kw, width / 3600.0, t, price_ct(t, hours)) for name, t in TARIFFS.items()}
    return costs | {"hours": len(seconds) / 3600.0}


def _solve(stage: Stage, load_kw: Floats, slot_h: float, tariff: Tariff, price: Floats) -> float:
    """Return the least cost (ct) at one tariff."""
    n, cells = len(load_kw), [battery.cells for battery in stage.batteries]
    begun_kwh, full_kwh = sum(c.energy_wh for c in cells) / 1000.0, sum(c.capacity_wh for c in cells) / 1000.0
    floor_kwh = sum(min(c.energy_wh, c.capacity_wh * c.floor_pct / 100) for c in cells) / 1000.0
    scale, nothing = min(c.loss_scale for c in cells), np.zeros(n)
    idle_kw = scale * len(cells) * float(known.IDLE_LOSS) / 1000.0
    rows: list[Row] = [
        ({BOUGHT * n: 1, SOLD * n: -1, CHARGE * n: -1, DISCHARGE * n: 1}, load_kw, load_kw),
        (
            {CHARGE * n: -slot_h, DISCHARGE * n: slot_h, LOSS * n: slot_h, ENERGY * n: -1, ENERGY * n + 1: 1},
            nothing,
            nothing,
        ),
    ]
    power_kw, low_kwh = len(cells) * stage.home.power_w / 1000.0, floor_kwh - idle_kw * min(DRAIN_H, n * slot_h)
    for sign, block in ((-1, CHARGE), (1, DISCHARGE)):
        for slope, constant in loss_lines(sign, len(cells), power_kw, scale):
            rows.append(({LOSS * n: 1, block * n: -slope}, nothing + constant, nothing + np.inf))
    low = np.append(np.repeat((0.0, 0.0, 0.0, 0.0, idle_kw, low_kwh), n), low_kwh)
    high = np.append(np.repeat((np.inf, np.inf, power_kw, power_kw, np.inf, full_kwh), n), full_kwh)
    low[ENERGY * n] = high[ENERGY * n] = begun_kwh
    cost = np.zeros(6 * n + 1)
    cost[:n], cost[n : 2 * n], cost[-1] = price * slot_h, -SELL_CT * slot_h, -left_ct(tariff)
    return _least(cost, low, high, rows) + left_ct(tariff) * begun_kwh


def loss_lines(sign: int, number: int, power_kw: float, scale: float) -> list[tuple[float, float]]:
    """Return (slope, kW at 0): lines under the least loss of all batteries in one direction, + discharging.

    With the number n that runs taken as continuous, n (fixed - idle) + square p^2 / n is least on a straight line until
    all run; from there on the lines are tangents.
    """
    fixed, linear, square = (float(each) * scale / 1000.0 for each in (DISCHARGE_LOSS if sign > 0 else CHARGE_LOSS))
    idle = scale * float(known.IDLE_LOSS) / 1000.0
    all_kw = number * sqrt((fixed - idle) / square)
    touched_kw = np.linspace(all_kw, power_kw, LINES) if all_kw < power_kw else ()
    tangents = ((linear + 2 * square * kw / number, number * fixed - square * kw**2 / number) for kw in touched_kw)
    return [(linear + 2 * sqrt(square * (fixed - idle)), number * idle), *tangents]


def _least(cost: Floats, low: Floats, high: Floats, rows: list[Row]) -> float:
    """Return the minimum of a linear programme."""
    n, programme, solver = len(rows[0][1]), highspy.HighsLp(), _Highs()
    programme.num_col_, programme.num_row_ = len(cost), len(rows) * n
    programme.col_cost_, programme.col_lower_, programme.col_upper_ = cost, low, high
    programme.row_lower_ = np.concatenate([row[1] for row in rows])
    programme.row_upper_ = np.concatenate([row[2] for row in rows])
    matrix, slots = programme.a_matrix_, np.arange(n)[:, None]
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.append(0, np.cumsum(np.repeat([len(row[0]) for row in rows], n))).astype(np.int32)
    matrix.index_ = np.concatenate([(np.array(list(row[0])) + slots).ravel() for row in rows]).astype(np.int32)
    matrix.value_ = np.concatenate([np.tile(np.array(list(row[0].values()), dtype=float), n) for row in rows])
    solver.setOptionValue("output_flag", False)
    solver.passModel(programme)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ArithmeticError(solver.modelStatusToString(solver.getModelStatus()))
    return float(solver.getInfo().objective_function_value)
