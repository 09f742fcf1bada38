"""The tracking oracle: perfect information, no delay, and the strategies' own batteries (control.md 6.3).

Its exchange with the grid is what the power and energy of the batteries leave to any strategy that serves at once.
"""

from math import inf, sqrt

import numpy as np

from benchmarks.home import Stage, Tally
from benchmarks.scores import Record
from simulation import assumptions as known
from simulation.physics import Cells


def track(stage: Stage) -> Record:
    """Return the run of someone who knows the net load, and uses as many batteries as lose least."""
    cells, net_load_w = [battery.cells for battery in stage.batteries], np.array(stage.case.net_load_w)
    begun_wh, dies_at = sum(each.energy_wh for each in cells), len(net_load_w) / 4 if stage.home.dies else inf
    powers_w, soc_pct = np.zeros((len(cells), len(net_load_w))), []
    for second, wanted_w in enumerate(stage.case.net_load_w):
        alive = cells if second < dies_at else cells[1:]
        if second % 60 == 0:
            soc_pct.append([each.soc_pct for each in cells])
            order = sorted(alive, key=lambda each: each.soc_pct)
        shares_w = _shares(order[::-1] if wanted_w > 0 else order, wanted_w, stage.home.power_w)
        for index, each in enumerate(cells):
            if second < dies_at or index:
                powers_w[index, second] = shares_w.get(id(each), 0.0)
                each.store(shares_w.get(id(each), 0.0), 0.0, 1 / 3600)
    return Record(
        grid_w=net_load_w - powers_w.sum(axis=0),
        powers_w=powers_w,
        soc_pct=np.array(soc_pct).T,
        capacity_wh=cells[0].capacity_wh,
        gained_wh=sum(each.energy_wh for each in cells) - begun_wh,
        lost_wh=sum(each.loss_wh for each in cells),
        tally=Tally(),
        start_hour=stage.case.start_hour,
        step_s=1.0,
    )


def _shares(order: list[Cells], wanted_w: float, power_w: float) -> dict[int, float]:
    """Return the powers that serve all that can be served, equal parts of the number that loses least."""
    sign = 1 if wanted_w > 0 else -1
    able = [(abs(each.limits_w(power_w, power_w)[sign > 0]), id(each)) for each in order]
    able = [each for each in able if each[0]]
    number, left_w, shares_w = best_number(wanted_w, len(able)), abs(wanted_w), dict[int, float]()
    while number < len(able) and sum(limit_w for limit_w, _ in able[:number]) < left_w:
        number += 1
    for done, (limit_w, name) in enumerate(sorted(able[:number])):
        share_w = min(limit_w, left_w / (min(number, len(able)) - done))
        shares_w[name], left_w = sign * share_w, left_w - share_w
    return shares_w


def best_number(power_w: float, most: int) -> int:
    """Return how many batteries carry a power with the least loss (control.md 5)."""
    square = float(known.DISCHARGE_LOSS_SQUARE if power_w > 0 else known.CHARGE_LOSS_SQUARE)
    fixed_w = float(known.DISCHARGE_LOSS_FIXED if power_w > 0 else known.CHARGE_LOSS_FIXED) - float(known.IDLE_LOSS)
    number = 1
    while number < most and abs(power_w) / 1000.0 > sqrt(number * (number + 1) * fixed_w / square):
        number += 1
    return number
