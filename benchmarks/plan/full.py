"""Days through the whole plant: the plan's modes carried out by leader, followers and datagrams, beside the referee.

`python -m benchmarks.plan.full --first-day 31 --days 7`: the same plan as in the year's table, once played by the
referee of that table and once by control as it ships, with batteries that are polled and commanded over UDP of which
3 % is lost. The load has the minutes of the year's table and is even within them (SYNTHETIC). Before the days that
count, the planner learns for four weeks, which the referee plays.
"""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.controller import Controller
from benchmarks.home import FLOOR_PCT, STEP_S, WARM_UP_S, Home as Batteries, Stage
from benchmarks.plan.cases import drawn_year
from benchmarks.plan.homes import home_named, year_of
from benchmarks.plan.inputs import MINUTE_S, PER_SLOT, moved, read_prices, whole_year
from benchmarks.plan.planners import Allowed, Ours, Plans, storage_of
from benchmarks.plan.plant import Plant
from benchmarks.plan.profiles import draw_prices
from benchmarks.plan.tariffs import CASES
from benchmarks.plan.view import Planner, Views
from benchmarks.plan.year import LEFT_PCT, NetZero
from benchmarks.scenarios import Case
from custom_components.home_energy_controller.control.model import Role, Strategy
from custom_components.home_energy_controller.planning.modes import STRATEGIES, PlanMode
from custom_components.home_energy_controller.planning.slots import PER_DAY, SLOT_S
from custom_components.home_energy_controller.planning.tariff import SlotPrice

LEARNING_DAYS = 28
FIRST_SOC_PCT = 50.0


@dataclass(slots=True)
class Run:
    """What came of the days."""

    prices: Mapping[int, SlotPrice]
    cost: float = 0.0
    imported_wh: float = 0.0
    exported_wh: float = 0.0
    gained_wh: float = 0.0
    modes: Counter[str] = field(default_factory=Counter)
    """Quarters of an hour in each."""
    leaderless_s: float = 0.0
    """In which a plan that is net zero had nobody in Auto."""

    def add(self, slot: int, imported_wh: float, exported_wh: float) -> None:
        """Count energy of the grid."""
        price = self.prices[slot]
        self.cost += (imported_wh * price.buy - exported_wh * price.sell) / 1000
        self.imported_wh, self.exported_wh = self.imported_wh + imported_wh, self.exported_wh + exported_wh

    def paid(self) -> float:
        """Return the cost, less what is left more in the batteries than at the begin, as in the year's table."""
        mean = sum(price.buy for price in self.prices.values()) / len(self.prices)
        return self.cost - self.gained_wh / 1000 * mean * LEFT_PCT / 100

    def line(self) -> str:
        """Return it as a line of the table."""
        modes = ", ".join(f"{mode} {count}" for mode, count in self.modes.most_common())
        energies = f"{self.imported_wh / 1000:12.2f} {self.exported_wh / 1000:12.2f} {self.gained_wh / 1000:10.2f}"
        return f"{self.paid():7.2f} {energies}  {modes}; leaderless {self.leaderless_s:.0f} s"


class Days:
    """A home, a contract and the days that count."""

    def __init__(self, options: Namespace) -> None:
        """Draw the load, the sun and, without a file, the prices; the same for all that plays here."""
        self.home = replace(home_named(options.home), reserve_pct=FLOOR_PCT)
        case, spot = CASES[options.tariff], None if options.prices is None else read_prices(options.prices)
        whole = drawn_year() if spot is None else whole_year(spot)
        first = whole.start + options.first_day * PER_DAY
        self.slots = range(first, min(whole.stop, first + options.days * PER_DAY))
        self.learning = range(max(whole.start, first - LEARNING_DAYS * PER_DAY), first)
        slots = range(self.learning.start, self.slots.stop)
        self.year = year_of(self.home, slots, seed=options.seed)
        market = draw_prices(options.seed, slots) if spot is None else moved(spot, slots)
        self.views = Views(self.home, self.year, case, market, seed=options.seed)
        self.allowed = Allowed(deliver_to_grid=not options.no_delivery)
        self._is_published = case.is_published

    @property
    def prices(self) -> dict[int, SlotPrice]:
        """Return the prices of the days that count."""
        return {slot: self.views.prices[slot] for slot in self.slots}

    def learnt(self) -> Planner:
        """Return our planner after it has learnt: a new one each time, because it remembers what it sees."""
        plans = Plans(self.year, self.views, storage_of(self.home, self.allowed), is_published=self._is_published)
        ours, plant = Ours(plans, is_judged=False), Plant(self.home)
        for slot in self.learning:
            wish = ours.choose(self.views.at(slot, plant.energy_wh))
            plant.quarter(wish.mode, wish.power_w, self.minutes_w(slot))
        return ours

    def minutes_w(self, slot: int) -> list[float]:
        """Return the net load by the minute."""
        first = self.year.first_minute(slot)
        return self.year.net_w[first : first + PER_SLOT].tolist()


def by_the_referee(days: Days, planner: Planner) -> Run:
    """Return the days as the year's table plays them."""
    run, plant = Run(days.prices), Plant(days.home, days.home.capacity_wh * FIRST_SOC_PCT / 100)
    begun_wh = plant.energy_wh
    for slot in days.slots:
        wish = planner.choose(days.views.at(slot, plant.energy_wh))
        run.modes[wish.mode] += 1
        done = plant.quarter(wish.mode, wish.power_w, days.minutes_w(slot))
        run.add(slot, done.imported_wh, done.exported_wh)
    run.gained_wh = plant.energy_wh - begun_wh
    return run


def by_control(days: Days, planner: Planner, seed: int) -> Run:
    """Return the days as control plays them, told the strategy of each quarter as the planner of the site would."""
    net_w = tuple(power_w for slot in days.slots for power_w in days.minutes_w(slot) for _ in range(MINUTE_S))
    stage = Stage(
        Case("plan", net_w, first_soc_pct=FIRST_SOC_PCT, soc_step_pct=0.0),
        Batteries(batteries=days.home.batteries),
        seed,
    )
    control, cells = Controller(stage), [battery.cells for battery in stage.batteries]
    control.settings = replace(
        control.settings,
        may_charge_from_grid=days.allowed.charge_from_grid,
        may_deliver_to_grid=days.allowed.deliver_to_grid,
    )
    for _ in range(round(WARM_UP_S / STEP_S)):
        control.step(stage.house.now)
        stage.step()
    run, begun_wh = Run(days.prices), sum(each.energy_wh for each in cells)
    for slot in days.slots:
        wish = planner.choose(days.views.at(slot, sum(each.energy_wh for each in cells)))
        run.modes[wish.mode] += 1
        strategy = STRATEGIES[PlanMode(wish.mode)]
        control.settings = replace(control.settings, strategy=strategy, setpoint_w=round(wish.power_w))
        imported_w = exported_w = 0.0
        for _ in range(round(SLOT_S / STEP_S)):
            control.step(stage.house.now)
            stage.step()
            imported_w += max(0.0, stage.house.grid_w)
            exported_w += max(0.0, -stage.house.grid_w)
            run.leaderless_s += STEP_S if strategy is Strategy.ZERO and not _leads(control) else 0.0
        run.add(slot, imported_w * STEP_S / 3600, exported_w * STEP_S / 3600)
    run.gained_wh = sum(each.energy_wh for each in cells) - begun_wh
    return run


def _leads(control: Controller) -> bool:
    """Return whether somebody leads."""
    decision = control.decision
    return decision is not None and any(target.role is Role.LEADER for target in decision.targets)


def main() -> None:
    """Run the command."""
    about = ArgumentParser(prog="python -m benchmarks.plan.full", description=__doc__.partition("\n")[0])
    about.add_argument("--home", default="family3")
    about.add_argument("--tariff", default="nl_dynamic", choices=sorted(CASES))
    about.add_argument("--prices", type=Path)
    about.add_argument("--seed", type=int, default=1)
    about.add_argument("--first-day", type=int, default=LEARNING_DAYS)
    about.add_argument("--days", type=int, default=7)
    about.add_argument("--no-delivery", action="store_true")
    options = about.parse_args()
    days = Days(options)
    print(f"{options.home}+{options.tariff}, days {options.first_day} to {options.first_day + options.days}")
    print("                        EUR  import, kWh  export, kWh  left, kWh  quarters in each mode")
    planners: dict[str, Callable[[], Planner]] = {"net_zero": NetZero, "ours": days.learnt}
    for name, made in planners.items():
        for how, play in (("referee", by_the_referee), ("control", partial(by_control, seed=options.seed))):
            began, run = perf_counter(), play(days, made())
            print(f"  {name:<9} {how:<8}{run.line()} ({perf_counter() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
