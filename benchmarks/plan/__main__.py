"""Plays a year by the minute under all planners: `python -m benchmarks.plan --help`."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
import json
from pathlib import Path

from benchmarks.plan.cases import ALL, Task, timed
from benchmarks.plan.homes import HOMES, home_named
from benchmarks.plan.inputs import InputError
from benchmarks.plan.planners import Allowed
from benchmarks.plan.tariffs import CASES
from benchmarks.plan.year import Score

type Scores = dict[str, Score]

QUICK_DAYS = 7
QUICK_FIRST = 70
"""A week of March: sun, and prices that move."""


def table(name: str, found: Mapping[str, Score], took_s: float) -> Iterator[str]:
    """Yield the lines of a case."""
    yield f"{name} ({took_s:.0f} s)"
    yield f"  {'':14}{'EUR':>9}{'share':>9}{'scoring':>9}{'worst week':>12}{'changes/day':>13}"
    for planner, score in found.items():
        shares = "".join(f"{_pct(share):>9}" for share in (score.share_pct, score.scoring_pct))
        yield f"  {planner:14}{score.cost_eur:9.2f}{shares}{score.worst_week_eur:12.2f}{score.changes_per_day:13.1f}"


def _pct(share: float | None) -> str:
    return "-" if share is None else f"{share:.1f} %"


def tasks(options: Namespace) -> Iterator[Task]:
    """Yield the cases that were asked for."""
    for home in options.homes.split(","):
        for tariff in options.tariffs.split(","):
            if tariff not in CASES:
                raise InputError(f"no tariff {tariff}; there are {', '.join(CASES)}")
            yield Task(
                home=home_named(home).name,
                tariff=tariff,
                planners=tuple(options.planners.split(",")),
                allowed=Allowed(charge_from_grid=not options.no_grid_charging, deliver_to_grid=not options.no_delivery),
                prices=options.prices,
                load=options.load,
                pv=options.pv,
                seed=options.seed,
                first_day=options.first_day,
                days=options.days,
            )


def parser() -> ArgumentParser:
    """Return what the command understands."""
    about = ArgumentParser(prog="python -m benchmarks.plan", description=__doc__)
    about.add_argument("--homes", default="family3", help=f"of {', '.join(HOMES)}")
    about.add_argument("--tariffs", default="nl_dynamic", help=f"of {', '.join(CASES)}")
    about.add_argument("--planners", default=",".join(ALL), help="which to play; net_zero and perfect always are")
    about.add_argument("--prices", type=Path, help="start_utc or start_local, eur_per_kwh; hours or quarters")
    about.add_argument("--load", type=Path, help="start_utc, load_w")
    about.add_argument("--pv", type=Path, help="start_utc, pv_w")
    about.add_argument("--seed", type=int, default=1)
    about.add_argument("--first-day", type=int, default=0, help="of the year")
    about.add_argument("--days", type=int, help="how many, instead of the whole year")
    about.add_argument("--no-delivery", action="store_true", help="batteries may not deliver to the grid")
    about.add_argument("--no-grid-charging", action="store_true", help="nor be charged from it")
    about.add_argument("--processes", type=int, default=2)
    about.add_argument("--json", type=Path, help="write cost, share and worst week of each case and planner")
    about.add_argument("--quick", action="store_true", help=f"{QUICK_DAYS} days")
    return about


def run(options: Namespace) -> dict[str, dict[str, Score]]:
    """Play all cases; print each when it is done."""
    if options.quick:
        options.days, options.first_day = QUICK_DAYS, QUICK_FIRST
    wanted = list(tasks(options))
    return dict(_played(wanted, options.processes))


def _played(wanted: Sequence[Task], processes: int) -> Iterator[tuple[str, dict[str, Score]]]:
    """Yield the scores of each case, in order."""
    if processes == 1:
        yield from _shown(wanted, map(timed, wanted))
        return
    with ProcessPoolExecutor(min(processes, len(wanted))) as pool:
        yield from _shown(wanted, pool.map(timed, wanted))


def _shown(wanted: Sequence[Task], results: Iterable[tuple[dict[str, Score], float]]) -> Iterator[tuple[str, Scores]]:
    """Print each case when it is done, and yield it."""
    for task, (found, took_s) in zip(wanted, results, strict=True):
        print("\n".join(table(task.name, found, took_s)), flush=True)
        yield task.name, found


def main() -> None:
    """Run the command."""
    options = parser().parse_args()
    try:
        found = run(options)
    except InputError as err:
        raise SystemExit(str(err)) from err
    if options.json is not None:
        kept = {
            case: {
                name: {
                    "cost_eur": round(score.cost_eur, 3),
                    "share_pct": None if score.share_pct is None else round(score.share_pct, 2),
                    "worst_week_eur": round(score.worst_week_eur, 3),
                }
                for name, score in each.items()
            }
            for case, each in found.items()
        }
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
