"""A case of the bench: a home with a contract, and what it is played with."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

from benchmarks.plan.homes import home_named, year_of
from benchmarks.plan.inputs import AMSTERDAM, moved, read_powers, read_prices, whole_year
from benchmarks.plan.perfect import Perfect
from benchmarks.plan.planners import Allowed, Ours, Plans, storage_of
from benchmarks.plan.profiles import DRAWN_YEAR, draw_prices
from benchmarks.plan.rivals import RIVALS, rival
from benchmarks.plan.tariffs import CASES
from benchmarks.plan.view import Planner, Views
from benchmarks.plan.year import BASE, BEST, NONE, NetZero, Score, play_together, scores
from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of

ALL = (NONE, BASE, *RIVALS, "ours", "ours_unjudged", BEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A home with a contract, and what it is played with."""

    home: str
    tariff: str
    planners: tuple[str, ...]
    allowed: Allowed
    prices: Path | None
    load: Path | None
    pv: Path | None
    seed: int
    first_day: int
    days: int | None

    @property
    def name(self) -> str:
        """Return what the case is called."""
        return f"{self.home}+{self.tariff}"


def play(task: Task) -> dict[str, Score]:
    """Return the scores of all planners in a case."""
    home, case = home_named(task.home), CASES[task.tariff]
    spot = None if task.prices is None else read_prices(task.prices)
    slots = drawn_year() if spot is None else whole_year(spot)
    first = slots.start + task.first_day * PER_DAY
    slots = range(first, slots.stop if task.days is None else min(slots.stop, first + task.days * PER_DAY))
    load = None if task.load is None else read_powers(task.load, "load_w")
    pv = None if task.pv is None else read_powers(task.pv, "pv_w")
    year = year_of(home, slots, load=load, pv=pv, seed=task.seed)
    market = draw_prices(task.seed, slots) if spot is None else moved(spot, slots)
    views = Views(home, year, case, market, seed=task.seed)
    plans = Plans(year, views, storage_of(home, task.allowed), is_published=case.is_published)
    planners: dict[str, Planner] = {BASE: NetZero(), BEST: Perfect(home, year, views.prices, task.allowed)}
    for name in task.planners:
        if name in RIVALS:
            planners[name] = rival(name, task.allowed)
    planners |= {name: Ours(plans, is_judged=name == "ours") for name in ("ours", "ours_unjudged")}
    chosen = {name: planner for name, planner in planners.items() if name in {*task.planners, BASE, BEST}}
    found = scores(play_together(chosen, home, year, views))
    return {name: found[name] for name in ALL if name in found}


def drawn_year() -> range:
    """Return the slots of the year that days are drawn for, where no file tells prices."""
    begin, end = (slot_of(datetime(DRAWN_YEAR + more, 1, 1, tzinfo=AMSTERDAM)) for more in (0, 1))
    return range(begin, end)


def timed(task: Task) -> tuple[dict[str, Score], float]:
    """Return the scores of a case, and how long it took (s)."""
    began = perf_counter()
    return play(task), perf_counter() - began
