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
COLUMNS: Final = {
    "cost_flat_ct": ("cost, ct", 1),
    "cost_day_night_ct": ("day/night, ct", 1),
    "saving_pct": ("saving, %", 0),
    "import_kwh": ("import, kWh", 2),
    "export_kwh": ("export, kWh", 2),
    "unwanted_kwh": ("unwanted, kWh", 2),
    "cross_kwh": ("cross, kWh", 2),
    "loss_kwh": ("loss, kWh", 2),
    "mode_changes_per_h": ("modes/h", 1),
    "setpoint_changes_per_h": ("set-points/h", 1),
    "commands_per_h": ("commands/h", 0),
    "crossings_per_h": ("crossings/h", 0),
    "peak_15min_w": ("peak, W", 0),
    "soc_spread_end_pct": ("spread, %", 0),
    "cycles": ("cycles", 2),
}
"""What the tables show: title and digits."""
OVERALL: Final = {
    "regret_flat_ct_per_day": ("regret, ct/day", 1),
    "regret_day_night_ct_per_day": ("day/night, ct/day", 1),
    "unwanted_kwh": ("unwanted, kWh/day", 2),
    "cross_kwh": ("cross, kWh/day", 2),
    "loss_kwh": ("loss, kWh/day", 2),
    "mode_changes_per_h": ("modes/h", 1),
    "setpoint_changes_per_h": ("set-points/h", 1),
    "commands_per_h": ("commands/h", 0),
}
ELSEWHERE: Final = {
    name: COLUMNS[name] for name in ("cost_flat_ct", "unwanted_kwh", "cross_kwh", "loss_kwh", "mode_changes_per_h")
}
DRILLS: Final = {
    "settling_s": ("settled, s", 0),
    "overshoot_pct": ("overshoot, %", 0),
    "unwanted_kwh": ("unwanted, kWh", 3),
}

type Columns = dict[str, tuple[str, int]]


def as_markdown(results: Results, pictures: Iterable[Path] = (), folder: Path = Path()) -> str:
    """Return the whole report; pictures are named relative to `folder`."""
    drills = [name for name in results.seeds if name in DRILL_NAMES]
    homes = [name for name in results.seeds if "+" in name]
    named = [name for name in results.seeds if name not in {*drills, *homes}]
    parts = [ABOUT.strip()]
    if named:
        parts += ["## Over all scenarios", _overall(results, named)]
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
    rows = []
    for name in results.strategies(scenarios[0]):
        cells = [_number(_mean_over(results, scenarios, name, c), digits) for c, (_, digits) in OVERALL.items()]
        among = {s: _acting(results, s) for s in scenarios}
        wins = sum(name in among[s] and results.is_lowest(s, name, "cost_flat_ct", among[s]) for s in scenarios)
        rows.append([name, *cells, "-" if name in REFERENCES else f"{wins} of {len(scenarios)}"])
    return _lines(["strategy", *(title for title, _ in OVERALL.values()), "lowest cost"], rows)


def _mean_over(results: Results, scenarios: Sequence[str], strategy: str, name: str) -> float:
    """Return the mean of a score over scenarios; energies per day."""
    per_day = [24.0 / results.mean(s, strategy, "hours") if name.endswith("kwh") else 1.0 for s in scenarios]
    return fmean(results.mean(s, strategy, name) * factor for s, factor in zip(scenarios, per_day, strict=True))


def _table(results: Results, scenarios: Sequence[str], columns: Columns, extra: Sequence[str] = ()) -> str:
    """Return scores by scenario and strategy; `extra` are the references that are shown as well."""
    rows = [
        [*([scenario] if len(scenarios) > 1 else []), strategy, *_cells(results, scenario, strategy, columns)]
        for scenario in scenarios
        for strategy in results.strategies(scenario)
        if strategy in extra or strategy not in REFERENCES
    ]
    head = [*(["scenario"] if len(scenarios) > 1 else []), "strategy", *(title for title, _ in columns.values())]
    return _lines(head, rows)


def _cells(results: Results, scenario: str, strategy: str, columns: Columns) -> Iterable[str]:
    """Return a row of scores; costs with their standard errors, the lowest of those that act in bold."""
    among = _acting(results, scenario)
    for name, (_, digits) in columns.items():
        values = results.values(scenario, strategy, name)
        if not values or not name.startswith("cost"):
            yield _number(results.mean(scenario, strategy, name), digits)
            continue
        mean, error = mean_and_error(values)
        text = f"{_number(mean, digits)} ± {error:.{digits}f}"
        yield f"**{text}**" if strategy in among and results.is_lowest(scenario, strategy, name, among) else text


def _number(value: float, digits: int) -> str:
    """Return a number, a dash for none, and no minus before a zero."""
    text = f"{value:.{digits}f}"
    return "-" if isnan(value) else text.removeprefix("-") if float(text) == 0 else text


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table in which our own row is marked."""
    lines = [head, ["---"] * len(head), *([f"*{cell}*" if cell == OURS else cell for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
