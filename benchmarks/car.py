"""A car beside the batteries, in virtual time: `.venv/bin/python -m benchmarks.car` prints the table of its page."""

from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import Pool
from statistics import fmean
from typing import Final

from benchmarks.controller import Controller
from benchmarks.home import BASE, HOMES, WARM_UP_S, Stage
from benchmarks.scenarios import HOUR_S, Case, case
from custom_components.home_energy_controller.control.settings import CarSettings
from simulation.car import Car
from simulation.traces import constant, noisy, points

SEEDS: Final = (1, 2)
BOTH_WAYS_S: Final = 120.0
"""A step up and a step down within this is fluttering."""
OWN_A: Final = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outing:
    """One run: what happens in the house, and what is told about the car."""

    label: str
    case: str
    home: str = BASE
    rule: CarSettings = field(default_factory=CarSettings)
    start_hour: float | None = None
    hours: float | None = None
    is_steered: bool = True
    """Else it draws 16 A from the tenth minute on, whatever it is told."""
    is_measured: bool = True
    """Whether it has a power sensor, renewed every ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it."""

    car_wh: float
    fed_wh: float
    """What the batteries delivered into the car."""
    car_changes: int
    flutters: int
    """Changes of the car that undo one of the two minutes before."""
    switchings: int
    house_wh: float
    """What the house itself lacked, without car and sun."""
    served_wh: float
    """What the batteries delivered."""
    setpoint_changes: int


NIGHT: Final = CarSettings(low_tariff_w=3700)
FEEDING: Final = CarSettings(low_tariff_w=3700, batteries_may_feed=True)
OUTINGS: Final = (
    Outing(label="evening, charger on its own", case="rae_b", is_steered=False),
    Outing(label="the same, polled every 120 s", case="rae_b", is_steered=False, home="poll120"),
    Outing(label="the same, Venus E 3.0", case="rae_b", is_steered=False, home="e3"),
    Outing(label="low hours, dinner (A)", case="A", start_hour=22.0, rule=NIGHT),
    Outing(label="low hours, pulsing hob (D)", case="D", start_hour=22.0, rule=NIGHT),
    Outing(label="the same, batteries may feed", case="D", start_hour=22.0, rule=FEEDING),
    Outing(label="night at 1400 W", case="night"),
    Outing(label="steady sun", case="steady"),
    Outing(label="sun rises and sets", case="noon"),
    Outing(label="the same, no power sensor", case="noon", is_measured=False),
    Outing(label="the same, polled every 120 s", case="noon", home="poll120"),
    Outing(label="clouds", case="cloud"),
    Outing(label="the same, no power sensor", case="cloud", is_measured=False),
    Outing(label="the same, polled every 120 s", case="cloud", home="poll120"),
)


def play(outing: Outing, seed: int) -> Outcome:
    """Play one run with the integration's own controller."""
    scenario = _case(outing.case, seed).cut(outing.hours)
    if outing.start_hour is not None:
        scenario = scenario._replace(start_hour=outing.start_hour)
    stage = Stage(scenario, HOMES[outing.home], seed)
    stage.house.car = car = Car(seed=seed)
    controller = Controller(
        stage, car=outing.rule, car_is_measured=outing.is_measured, car_is_steered=outing.is_steered
    )
    told, house_wh = [(0.0, 0.0)], 0.0
    while stage.house.now < WARM_UP_S + len(scenario.net_load_w):
        stage.step()
        now = stage.house.now
        if not outing.is_steered and now >= WARM_UP_S + 600:
            car.tell(OWN_A, now)
        controller.step(now)
        house_wh += max(0.0, stage.house.net_load_w - car.power_w) * 0.5 / 3600
        if car.told_a != told[-1][1]:
            told.append((now, car.told_a))
    steps = [(at, after - before) for (_, before), (at, after) in pairwise(told)]
    return Outcome(
        car_wh=car.taken_wh,
        fed_wh=car.fed_wh,
        car_changes=len(steps),
        flutters=sum(b * a < 0 and later - at < BOTH_WAYS_S for (at, a), (later, b) in pairwise(steps)),
        switchings=car.switchings,
        house_wh=house_wh,
        served_wh=stage.house.account.discharged_wh,
        setpoint_changes=stage.tally["setpoint_changes"],
    )


def _case(name: str, seed: int) -> Case:
    """Return a case by name; two more than the bench has, both of sun."""
    noon = points((0, 300), (2 * HOUR_S, -4200), (4 * HOUR_S, 300))
    suns = {"noon": noon, "steady": constant(-3000)}
    if name not in suns:
        return case(name, seed)
    signal = noisy(suns[name], 150, seed)
    return Case(name, tuple(signal(float(second)) for second in range(4 * HOUR_S)), 10.0, 40.0)


def main() -> None:
    """Play all and print the table: means over the seeds."""
    with Pool(2) as pool:
        outcomes = pool.starmap(play, [(outing, seed) for outing in OUTINGS for seed in SEEDS])
    print("| hours | car, kWh | from batteries, % | house served, % | car told | undone | switched | setpoints |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for index, outing in enumerate(OUTINGS):
        runs = outcomes[index * len(SEEDS) : (index + 1) * len(SEEDS)]
        worst = max(100 * run.fed_wh / max(1.0, run.car_wh) for run in runs)
        served = fmean(100 * (run.served_wh - run.fed_wh) / max(1.0, run.house_wh) for run in runs)
        counts = (
            fmean(getattr(run, name) for run in runs)
            for name in ("car_changes", "flutters", "switchings", "setpoint_changes")
        )
        columns = (outing.label, f"{fmean(run.car_wh for run in runs) / 1000:.1f}", f"{worst:.2f}", f"{served:.0f}")
        print("| " + " | ".join((*columns, *(f"{count:.1f}" for count in counts))) + " |")


if __name__ == "__main__":
    main()
