"""The bench: `scripts/bench --help`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
import os
from pathlib import Path
import sys
from time import perf_counter

from benchmarks.home import BASE, HOMES
from benchmarks.plots import draw
from benchmarks.report import as_markdown
from benchmarks.scenarios import DRILL_NAMES, NAMED
from benchmarks.strategies import OURS, STRATEGIES
from benchmarks.suite import REFERENCES, Job, run_all
from simulation.manners import MANNERS

DOCS = Path(__file__).parent.parent / "docs"
QUICK, QUICK_HOURS, QUICK_SEEDS = ("A", "B", "C", "D", "sunset"), 1.0, 2
SEEDS = 5
ELSEWHERE, ELSEWHERE_STRATEGIES = ("A", "B", "C", "D"), ("one_auto", "seed_fixed", OURS)
"""What is played in the other homes: the measured hours, by those that it is about."""


def parse(arguments: Sequence[str]) -> Namespace:
    """Return the options; raises SystemExit when they make no sense."""
    parser = ArgumentParser(prog="scripts/bench", description="Plays all strategies over the simulated house.")
    parser.add_argument("--quick", action="store_true", help="one hour of five scenarios, under a minute, no report")
    parser.add_argument("--strategies", metavar="A,B", help=", ".join(STRATEGIES))
    parser.add_argument("--scenarios", metavar="A,B", help=f"{', '.join(NAMED)}, {', '.join(DRILL_NAMES)}")
    parser.add_argument("--homes", metavar="A,B", help=", ".join(HOMES))
    parser.add_argument("--house", choices=MANNERS, default="polite", help="how its batteries behave")
    parser.add_argument("--batteries", type=int, choices=range(1, 7), metavar="N", help="1 to 6")
    parser.add_argument("--seeds", type=int, metavar="N", help=f"{SEEDS} unless said")
    parser.add_argument("--hours", type=float, metavar="H", help="only the first hours of each scenario")
    parser.add_argument("--load", type=Path, metavar="FILE", help=".csv or .csv.gz with t_s or local_time and load_w")
    parser.add_argument("--pv", type=Path, metavar="FILE", help="the same with pv_w, beginning at the same time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every score with its standard error")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report, pictures beside it")
    parser.add_argument("--processes", type=int, default=os.process_cpu_count() or 1, metavar="N")
    options = parser.parse_args(arguments)
    for option, known in (("strategies", STRATEGIES), ("scenarios", (*NAMED, *DRILL_NAMES)), ("homes", HOMES)):
        text = getattr(options, option)
        setattr(options, option, text and text.split(","))
        if unknown := set(getattr(options, option) or ()) - set(known):
            parser.error(f"--{option}: {', '.join(sorted(unknown))} unknown, there are {', '.join(known)}")
    if options.pv and not options.load:
        parser.error("--pv needs --load")
    narrowing = (
        options.quick,
        options.house != "polite",
        options.strategies,
        options.scenarios,
        options.homes,
        options.batteries,
    )
    options.full = not any(
        (*narrowing, options.seeds, options.hours, options.load)
    )  # only then the report in the repository is written
    return options


def plan(options: Namespace) -> list[Job]:
    """Return the runs that the options ask for."""
    seeds = range(1, 1 + (options.seeds or (QUICK_SEEDS if options.quick else SEEDS)))
    hours, batteries = options.hours or (QUICK_HOURS if options.quick else None), options.batteries
    files = (options.load, options.pv) if options.load else None
    scenarios = [options.load.name] if files else list(options.scenarios or (QUICK if options.quick else NAMED))
    strategies = options.strategies or list(STRATEGIES)
    wanted = [(scenario, home, strategies) for scenario in scenarios for home in options.homes or (BASE,)]
    if options.full:
        wanted += [(name, home, ELSEWHERE_STRATEGIES) for home in HOMES if home != BASE for name in ELSEWHERE]
        wanted += [(name, BASE, ELSEWHERE_STRATEGIES) for name in DRILL_NAMES]
    return [
        Job(
            scenario=scenario,
            home=home,
            strategy=strategy,
            seed=seed,
            hours=hours,
            batteries=batteries,
            files=files,
            house=options.house,
        )
        for scenario, home, names in wanted
        for strategy in dict.fromkeys((*names, *REFERENCES))
        for seed in seeds
    ]


def main(arguments: Sequence[str]) -> None:
    """Play, print, and write what was asked for."""
    options, began = parse(arguments), perf_counter()
    jobs = plan(options)
    results = run_all(jobs, options.processes)
    path: Path | None = options.report or (DOCS / "benchmark.md" if options.full else None)
    print(as_markdown(results))
    if options.json:
        options.json.write_text(results.as_json() + "\n", encoding="utf-8")
    if path:
        pictures = draw(results, path.parent / path.stem)
        path.write_text(as_markdown(results, pictures, path.parent), encoding="utf-8")
    print(f"{len(jobs)} runs in {perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
