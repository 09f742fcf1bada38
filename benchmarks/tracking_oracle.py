"""The tracking oracle: perfect information, no delay, and the strategies' own batteries (control.md 6.3).

Its exchange with the grid is what the power and energy of the batteries leave to any strategy that serves at once.
"""

from math import sqrt
from typing import override

from benchmarks.home import STEP_S, Stage
from simulation import assumptions as known
from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.house import House


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
    square = float(known.DISCHARGE_LOSS_SQUARE if power_w > 0 else known.CHARGE_LOSS_SQUARE)
    fixed_w = float(known.DISCHARGE_LOSS_FIXED if power_w > 0 else known.CHARGE_LOSS_FIXED) - float(known.IDLE_LOSS)
    number = 1
    while number < most and abs(power_w) / 1000.0 > sqrt(number * (number + 1) * fixed_w / square):
        number += 1
    return number
