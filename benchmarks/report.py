"""The results as text: a table per scenario, one over all, and the other homes."""

from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Final

from benchmarks.scenarios import DRILL_NAMES
from benchmarks.scores import mean_and_error
from benchmarks.strategies import OURS
from benchmarks.suite import REFERENCES, Results

ABOUT: Final = (Path(__file__).parent / "about.md").read_text(encoding="utf-8")
"""Stands above the tables."""
COLUMNS: Final = (
    "cost_flat_ct cost_day_night_ct saving_pct import_kwh export_kwh unwanted_kwh cross_kwh loss_kwh "
    "mode_changes_per_h setpoint_changes_per_h commands_per_h crossings_per_h peak_15min_w soc_spread_end_pct cycles"
)
OVERALL: Final = (
    "regret_flat_ct_per_day regret_day_night_ct_per_day unwanted_kwh cross_kwh loss_kwh mode_changes_per_h "
    "setpoint_changes_per_h commands_per_h"
)
ELSEWHERE: Final = "cost_flat_ct unwanted_kwh cross_kwh loss_kwh mode_changes_per_h setpoint_changes_per_h"
DRILLS: Final = "settling_s overshoot_pct unwanted_kwh"
DIGITS: Final = {"kwh": 2, "cycles": 2, "pct": 0, "w": 0, "s": 0}
"""After the point, by unit; 1 for others."""


def as_markdown(results: Results, pictures: Iterable[Path] = (), folder: Path = Path()) -> str:
    """Return the whole report; pictures are named relative to `folder`."""
    drills = [name for name in results.seeds if name in DRILL_NAMES]
    homes = [name for name in results.seeds if "+" in name]
    named = [name for name in results.seeds if name not in {*drills, *homes}]
    parts = [ABOUT.strip(), *(["## Over all scenarios", _overall(results, named)] if named else [])]
    parts += [f"![{picture.stem}]({picture.relative_to(folder)})" for picture in pictures]
    for scenario in named:
        parts += [f"## {scenario}", _table(results, [scenario], COLUMNS, REFERENCES)]
    if homes:
        parts += ["## Other homes, firmware, intervals and faults", _table(results, homes, ELSEWHERE)]
    if drills:
        parts += ["## Drills", _table(results, drills, DRILLS)]
    return "\n\n".join(parts) + "\n"


def _acting(results: Results, scenario: str) -> list[str]:
    """Return the strategies that do something."""
    return [name for name in results.strategies(scenario) if name not in REFERENCES]


def _overall(results: Results, scenarios: Sequence[str]) -> str:
    """Return the table over all scenarios, every one with the same weight."""
    rows, among = [], {scenario: _acting(results, scenario) for scenario in scenarios}
    for name in results.strategies(scenarios[0]):
        cells = [_number(column, _mean_over(results, scenarios, name, column)) for column in OVERALL.split()]
        wins = sum(name in among[s] and results.is_lowest(s, name, "cost_flat_ct", among[s]) for s in scenarios)
        rows.append([name, *cells, "-" if name in REFERENCES else f"{wins} of {len(scenarios)}"])
    titles = [_title(column).replace("kwh", "kwh/day") for column in OVERALL.split()]
    return _lines(["strategy", *titles, "lowest cost"], rows)


def _mean_over(results: Results, scenarios: Sequence[str], strategy: str, name: str) -> float:
    """Return the mean of a score over scenarios; energies per day."""
    per_day = [24.0 / results.mean(s, strategy, "hours") if name.endswith("kwh") else 1.0 for s in scenarios]
    return fmean(results.mean(s, strategy, name) * factor for s, factor in zip(scenarios, per_day, strict=True))


def _table(results: Results, scenarios: Sequence[str], columns: str, also: Sequence[str] = ()) -> str:
    """Return scores by scenario and strategy; `also` are the references that are shown."""
    rows = [
        [scenario, strategy, *_cells(results, scenario, strategy, columns)]
        for scenario in scenarios
        for strategy in results.strategies(scenario)
        if strategy in also or strategy not in REFERENCES
    ]
    first = 1 if len(scenarios) == 1 else 0
    return _lines(["scenario", "strategy", *map(_title, columns.split())][first:], (row[first:] for row in rows))


def _cells(results: Results, scenario: str, strategy: str, columns: str) -> Iterable[str]:
    """Return a row of scores; costs with their standard errors, the lowest of those that act in bold."""
    among = _acting(results, scenario)
    for name in columns.split():
        mean, error = mean_and_error(results.values(scenario, strategy, name))
        if isnan(mean) or not name.startswith("cost"):
            yield _number(name, mean)
        else:
            bold = "**" if strategy in among and results.is_lowest(scenario, strategy, name, among) else ""
            yield f"{bold}{_number(name, mean)} ± {error:.1f}{bold}"


def _title(name: str) -> str:
    """Return the head of a column: words, a comma, the unit."""
    return name.replace("_per_", "/").replace("_ct", ", ct").replace("_kwh", ", kwh").replace("_", " ")


def _number(name: str, value: float) -> str:
    """Return a number in the digits of its unit, a dash for none, and no minus before a zero."""
    text = f"{value:.{DIGITS.get(name.rpartition('_')[2], 1)}f}"
    return "-" if isnan(value) else text.removeprefix("-") if float(text) == 0 else text


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table in which our own row is marked."""
    lines = [head, ["---"] * len(head), *([f"*{cell}*" if cell == OURS else cell for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
