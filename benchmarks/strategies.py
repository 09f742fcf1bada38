"""All strategies by name, and the playing of one."""

from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.controller import Controller
from benchmarks.home import STEP_S, WARM_UP_S, Home, Stage
from benchmarks.rivals import Modes, Stijn, Strategy
from benchmarks.rivals_bus import Hbc, Vem
from benchmarks.scenarios import Case
from benchmarks.scores import Record
from benchmarks.tracking_oracle import Tracking
from custom_components.home_energy_controller.control.law import seed_fixed

STRATEGIES: Final[dict[str, Callable[[Stage], Strategy]]] = {
    "none": lambda stage: Modes(stage, 0),
    "one_auto": lambda stage: Modes(stage, 1),
    "all_auto": lambda stage: Modes(stage, stage.home.batteries),
    "all_auto_ct": lambda stage: Modes(stage, stage.home.batteries),
    "seed_fixed": lambda stage: Controller(stage, law=seed_fixed),
    "seed10": lambda stage: Controller(stage, law=seed_fixed, every_s=10.0, poll_s=10.0),
    "stijn": Stijn,
    "hbc-regular": Hbc,
    "vem": Vem,
    "ours": Controller,
    "tracking_oracle": Tracking,
}
IDLE, TRACKING, COST, OURS = "none", "tracking_oracle", "cost_oracle", "ours"


def play(name: str, case: Case, home: Home, seed: int) -> Record:
    """Return the run of a strategy."""
    stage = Stage(case, home, seed, sharing=home.batteries if name == "all_auto_ct" else 1)
    strategy, cells = STRATEGIES[name](stage), [battery.cells for battery in stage.batteries]
    house = stage.house
    for _ in range(round(WARM_UP_S / STEP_S)):
        strategy.step(house.now)
        stage.step()
    begun_wh, lost_wh = sum(each.energy_wh for each in cells), sum(each.loss_wh for each in cells)
    begun, steps = stage.tally.copy(), round(len(case.net_load_w) / STEP_S)
    grid_w, powers_w, soc_pct = np.empty(steps), np.empty((len(cells), steps)), []
    for step in range(steps):
        strategy.step(house.now)
        stage.step()
        grid_w[step] = house.grid_w
        powers_w[:, step] = [battery.power_w for battery in stage.batteries]
        if not step % round(60 / STEP_S):
            soc_pct.append([each.soc_pct for each in cells])
    return Record(
        grid_w=grid_w,
        powers_w=powers_w,
        soc_pct=np.array(soc_pct).T,
        capacity_wh=cells[0].capacity_wh,
        gained_wh=sum(each.energy_wh for each in cells) - begun_wh,
        lost_wh=sum(each.loss_wh for each in cells) - lost_wh,
        tally={name: count - begun[name] for name, count in stage.tally.items()},
        start_hour=case.start_hour,
        step_s=STEP_S,
    )
