"""What strategies and limits forbid, and what happens: `.venv/bin/python -m benchmarks.limits` for docs/limits.md."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import Pool
import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.controller import Controller
from benchmarks.home import BASE, HOMES, STEP_S, WARM_UP_S, Stage
from benchmarks.scenarios import HOUR_S, Case, case
from benchmarks.scores import Floats
from custom_components.home_energy_controller.control.model import Strategy
from custom_components.home_energy_controller.control.settings import Circuit, Settings
from simulation.battery import DeviceMode

DAY_H: Final = 24.0
FLOWS_W: Final = 50.0
"""Less is standby consumption and measuring error."""
NOISE_W: Final = 60.0
"""Gain and offset of two simulated inverters, and the overshoot of their ramps."""
FUSE_W: Final = 3680
CIRCUITS: Final = [Circuit(name=name, limit_w=FUSE_W) for name in ("shed", "attic", "cellar")]
type Change = Callable[[Settings], Settings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One day of a case with a strategy, and with limits (W) of the connection, if any."""

    case: str
    strategy: Strategy = Strategy.ZERO
    home: str = BASE
    loss_pct: float = 0.0
    setpoint_w: int = 0
    on_circuits: bool = False
    max_import_w: int | None = None
    max_export_w: int | None = None


def play(run: Run, hours: float = DAY_H, seed: int = 1) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return powers of grid and batteries (W), and who is in Auto, at every step; `to_full` ends as in reality."""
    stage = Stage(day(run.case, hours, seed), replace(HOMES[run.home], loss_pct=run.loss_pct), seed)
    controller, steps = Controller(stage), round(hours * HOUR_S / STEP_S)
    controller.settings = told = told_to(run, controller.settings)
    grid_w, powers_w = np.empty(steps), np.empty((len(stage.batteries), steps))
    in_auto = np.zeros(powers_w.shape, dtype=np.bool_)
    for step in range(-round(WARM_UP_S / STEP_S), steps):
        stage.step()
        controller.step(stage.house.now)
        if controller.decision is not None and controller.decision.finished:
            controller.settings = replace(told, strategy=Strategy.STANDBY)
        if step >= 0:
            grid_w[step], powers_w[:, step] = stage.house.grid_w, [each.power_w for each in stage.batteries]
            in_auto[:, step] = [each.mode is DeviceMode.AUTO for each in stage.batteries]
    return grid_w, powers_w, in_auto


def day(name: str, hours: float, seed: int) -> Case:
    """Return a case, repeated until it is long enough."""
    whole = case(name, seed)
    return whole._replace(net_load_w=whole.net_load_w * 6).cut(hours)


def told_to(run: Run, settings: Settings) -> Settings:
    """Return the settings of a run."""
    batteries = settings.batteries
    if run.on_circuits:
        batteries = tuple(replace(own, circuit=CIRCUITS[i % len(CIRCUITS)]) for i, own in enumerate(batteries))
    return replace(
        settings,
        strategy=run.strategy,
        setpoint_w=run.setpoint_w,
        batteries=batteries,
        max_import_w=run.max_import_w,
        max_export_w=run.max_export_w,
    )


def forbidden_w(run: Run, powers_w: Floats) -> Floats:
    """Return what flowed against the strategy (W)."""
    given_w: Floats = np.maximum(powers_w, 0.0).sum(axis=0)
    taken_w: Floats = np.maximum(-powers_w, 0.0).sum(axis=0)
    match run.strategy:
        case Strategy.ZERO:
            return np.zeros_like(given_w)
        case Strategy.STANDBY:
            return given_w + taken_w
        case Strategy.FIXED:
            return taken_w if run.setpoint_w > 0 else given_w
    return taken_w if run.strategy is Strategy.ZERO_DISCHARGE_ONLY else given_w


def excess_w(run: Run, grid_w: Floats, powers_w: Floats) -> dict[str, Floats]:
    """Return by how much batteries exceeded limits (W); what the house alone takes or feeds in does not count."""
    circuits = [powers_w[i :: len(CIRCUITS)] for i in range(len(CIRCUITS))]
    sums = [np.maximum(sign * own, 0.0).sum(axis=0) for own in circuits for sign in (1, -1)]
    taken_w, given_w = np.maximum(-powers_w.sum(axis=0), 0.0), np.maximum(powers_w.sum(axis=0), 0.0)
    found = {"circuits": np.maximum(np.max(sums, axis=0) - FUSE_W, 0.0)} if run.on_circuits else {}
    if run.max_import_w is not None:
        found["import"] = np.clip(grid_w - run.max_import_w, 0.0, taken_w)
    if run.max_export_w is not None:
        found["export"] = np.clip(-grid_w - run.max_export_w, 0.0, given_w)
    return found


def longest_s(is_so: NDArray[np.bool_]) -> float:
    """Return the longest time without a break."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_so, [0]))))
    return float((edges[1::2] - edges[::2]).max(initial=0)) * STEP_S


def row(run: Run) -> str:
    """Return the line of one run."""
    grid_w, powers_w, in_auto = play(run)
    against_w = forbidden_w(run, powers_w)
    flows = against_w > FLOWS_W
    moved_kwh = [float(np.maximum(sign * powers_w, 0.0).sum()) * STEP_S / 3.6e6 for sign in (-1, 1)]
    parts = [f"{run.strategy} {run.setpoint_w or ''}".strip(), run.case, f"{run.loss_pct:.0f} %"]
    parts += [f"{kwh:.1f}" for kwh in moved_kwh]
    parts += [f"{against_w.max():.0f}", f"{longest_s(flows):.0f}", f"{float(flows.sum()) * STEP_S:.0f}"]
    parts += [f"{float(against_w[flows].sum()) * STEP_S / 3600:.1f}"]
    told_w = np.where(in_auto, 0.0, powers_w)
    for name, over_w in excess_w(run, grid_w, powers_w).items():
        by_set_points_w = excess_w(run, grid_w, told_w)[name]
        above = over_w > NOISE_W
        text = f"{name}: {over_w.max():.0f} W, longest {longest_s(above):.0f} s, {above.sum() * STEP_S:.0f} s a day"
        parts += [f"{text}; by setpoints {by_set_points_w.max():.0f} W"]
    return f"| {' | '.join(parts)} |"


RUNS: Final = [
    *(
        Run(case="july", strategy=strategy, loss_pct=loss_pct, setpoint_w=setpoint_w)
        for strategy, setpoint_w in (
            (Strategy.ZERO, 0),
            (Strategy.ZERO_CHARGE_ONLY, 0),
            (Strategy.ZERO_DISCHARGE_ONLY, 0),
            (Strategy.TO_FULL, 0),
            (Strategy.STANDBY, 0),
            (Strategy.FIXED, -600),
        )
        for loss_pct in (0.0, 3.0)
    ),
    *(
        Run(
            case=name,
            strategy=strategy,
            home="n6",
            loss_pct=3.0,
            on_circuits=True,
            max_import_w=10_000,
            max_export_w=2000,
        )
        for name, strategy in (("D", Strategy.ZERO), ("C", Strategy.ZERO), ("D", Strategy.TO_FULL))
    ),
]


def main() -> None:
    """Play all, or those whose strategy is named, and print."""
    runs = [run for run in RUNS if len(sys.argv) < 2 or run.strategy in sys.argv]
    with Pool() as pool:
        for line in pool.imap(row, runs):
            print(line, flush=True)


if __name__ == "__main__":
    main()
