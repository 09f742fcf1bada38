"""Pictures that a person reads at a glance."""

from pathlib import Path
from statistics import median
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
import numpy as np

from benchmarks.home import Home
from benchmarks.scenarios import DRILL_NAMES, Case, case
from benchmarks.scores import Floats, Record
from benchmarks.strategies import IDLE, OURS, play
from benchmarks.suite import Results

MEAN_S = 10.0
"""What is drawn are means over so long: a line of every half second is a smear."""
SHOWN: Final = {"A": None, "B": None, "C": None, "D": None, "july": 24.0}
"""Scenarios and how many of their hours."""
LONGEST_BAR = 1.5
"""Bars end at so many times the median: one that is far off must not flatten the others."""


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw everything into a folder and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    named = [name for name in results.seeds if "+" not in name and name not in DRILL_NAMES]
    shown = {name: case(name, 1).cut(hours) for name, hours in SHOWN.items() if name in named}
    runs = [_run(played, folder / f"run_{name}.png") for name, played in shown.items()]
    return [*([_costs(results, named, folder / "cost.png")] if named else []), *runs]


def _run(played: Case, path: Path) -> Path:
    """Draw the grid with and without, and what each battery does."""
    without, ours = (play(name, played, Home(), 1) for name in (IDLE, OURS))
    figure = Figure(figsize=(9, 7), layout="constrained")
    grid, power, charge = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    _line(grid, without, without.grid_w, "without batteries", "0.7")
    _line(grid, ours, ours.grid_w, "with", "C3")
    for index, row in enumerate(ours.powers_w):
        _line(power, ours, row, f"battery {index + 1}", f"C{index}")
        charge.plot(np.arange(len(ours.soc_pct[index])) / 60.0, ours.soc_pct[index], color=f"C{index}")
    grid.set(ylabel="grid, kW (+ import)", title=f"{played.name}: the grid with and without, and who does the work")
    power.set(ylabel="batteries, kW (+ discharging)")
    charge.set(ylabel="charge, %", xlabel="hours")
    for axis in (grid, power):
        axis.legend(loc="upper right", fontsize=8)
    figure.savefig(path, dpi=80)
    return path


def _line(axis: Axes, record: Record, watts: Floats, label: str, color: str) -> None:
    """Draw means in kW."""
    width = round(MEAN_S / record.step_s)
    means = watts[: len(watts) // width * width].reshape(-1, width).mean(axis=1) / 1000.0
    axis.plot(np.arange(len(means)) * MEAN_S / 3600.0, means, label=label, color=color, linewidth=0.8)


def _costs(results: Results, scenarios: list[str], path: Path) -> Path:
    """Draw what each strategy pays above the cost oracle, a panel per scenario."""
    columns = min(5, len(scenarios))
    figure = Figure(figsize=(2.8 * columns, 3.2 * -(-len(scenarios) // columns)), layout="constrained")
    for place, scenario in enumerate(scenarios):
        names = [name for name in results.strategies(scenario) if results.values(scenario, name, "saving_pct")]
        regrets = {name: results.mean(scenario, name, "regret_flat_ct_per_day") for name in names if name != IDLE}
        most = LONGEST_BAR * median(regrets.values())
        axis = figure.add_subplot(-(-len(scenarios) // columns), columns, place + 1)
        colors = ["C3" if name == OURS else "0.7" for name in regrets]
        axis.barh(list(regrets), [min(most, regret) for regret in regrets.values()], color=colors)
        axis.invert_yaxis()
        axis.set_title(scenario, fontsize=9)
        axis.tick_params(labelsize=7)
    figure.suptitle("Cost above the cost oracle, ct per day (shorter is better, long bars are cut)", fontsize=10)
    figure.savefig(path, dpi=80)
    return path
