"""All strategies by name, and the playing of one."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import inf
from typing import Final

import numpy as np

from benchmarks.controller import Controller
from benchmarks.home import STEP_S, WARM_UP_S, Home, Stage
from benchmarks.oracles import Tracking
from benchmarks.rivals import Hbc, Modes, Stijn, Strategy, Vem
from benchmarks.scenarios import Case
from benchmarks.scores import Record
from benchmarks.seed import SeedBattery, seed
from benchmarks.seed_fixed import EVERY_S, seed_fixed
from custom_components.home_energy_controller.control import model
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.law import DISPATCH_INTERVAL_S
from custom_components.home_energy_controller.control.settings import Settings

SCRIPT_EVERY_S = 60.0


class Script:
    """The first script: its law once a minute; in between the last decision stands."""

    def __init__(self) -> None:
        self._decision = model.Decision(
            state=model.SiteState.STARTING, leader_id=None, targets=(), net_load_w=None, decided_at=-inf
        )

    def __call__(
        self, snapshot: model.Snapshot, settings: Settings, memory: DispatchMemory, now: float
    ) -> tuple[model.Decision, DispatchMemory]:
        """Return what the script sets; like the script it takes what is unknown for 0 and for Auto."""
        if snapshot.meter_w is None or now - self._decision.decided_at < SCRIPT_EVERY_S:
            return self._decision, memory
        batteries = [
            SeedBattery(
                charge_pct=seen.soc_pct.value if seen.soc_pct else 0.0,
                power_w=seen.power_w.value if seen.power_w else 0.0,
                is_auto=seen.mode is None or seen.mode.value is model.Mode.AUTO,
            )
            for seen in snapshot.batteries
        ]
        wanted = seed(batteries, snapshot.meter_w.value, car_connected=False, local_time=snapshot.local_time)
        leader_id, targets = None, []
        for index, (seen, power_w) in enumerate(zip(snapshot.batteries, wanted.manual_w, strict=True)):
            role, action = model.Role.FOLLOWER, model.Action.SETPOINT
            if index == wanted.auto:
                leader_id, role, action = seen.battery_id, model.Role.LEADER, model.Action.AUTO
            targets.append(model.Target(battery_id=seen.battery_id, role=role, action=action, power_w=power_w))
        self._decision = replace(self._decision, leader_id=leader_id, targets=tuple(targets), decided_at=now)
        return self._decision, memory


STRATEGIES: Final[dict[str, Callable[[Stage], Strategy]]] = {
    "none": lambda stage: Modes(stage, 0),
    "one_auto": lambda stage: Modes(stage, 1),
    "all_auto": lambda stage: Modes(stage, stage.home.batteries),
    "all_auto_ct": lambda stage: Modes(stage, stage.home.batteries),
    "seed": lambda stage: Controller(stage, Script()),
    "seed_fixed": lambda stage: Controller(stage, partial(dispatch, law=seed_fixed, interval_s=EVERY_S)),
    "seed10": lambda stage: Controller(stage, partial(dispatch, law=seed_fixed), every_s=10.0, poll_s=10.0),
    "stijn": Stijn,
    "hbc-regular": Hbc,
    "vem": Vem,
    "ours": lambda stage: Controller(stage, partial(dispatch, interval_s=stage.home.decide_s or DISPATCH_INTERVAL_S)),
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
    gained_wh = sum(each.energy_wh for each in cells) - begun_wh
    lost_wh = sum(each.loss_wh for each in cells) - lost_wh
    tally = {name: count - begun[name] for name, count in stage.tally.items()}
    socs_pct, capacity_wh = np.array(soc_pct).T, cells[0].capacity_wh
    return Record(grid_w, powers_w, socs_pct, gained_wh, lost_wh, capacity_wh, tally, case.start_hour, STEP_S)
