"""A car beside the batteries, in virtual time: `.venv/bin/python -m benchmarks.car` prints the table of docs/car.md."""

from dataclasses import dataclass, field
from math import inf
from typing import Final

from benchmarks.controller import Controller
from benchmarks.home import HOMES, WARM_UP_S, Stage
from benchmarks.scenarios import HOUR_S, Case, case
from custom_components.home_energy_controller.control.charger import CarSettings
from simulation.car import Car
from simulation.traces import noisy, points

SEEDS: Final = range(1, 4)
OWN_A: Final = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outing:
    """One run: a case, what is told about the car, and from when it draws 16 A of its own accord (None: when told)."""

    case: str
    home: str = "base"
    settings: CarSettings = field(default_factory=CarSettings)
    start_hour: float | None = None
    own_at_s: float | None = None
    is_measured: bool = True
    phases: int = 1


def played(outing: Outing, seed: int) -> tuple[Car, Stage]:
    """Return the car and the house after the run."""
    scenario = _case(outing.case, seed)
    if outing.start_hour is not None:
        scenario = scenario._replace(start_hour=outing.start_hour)
    stage = Stage(scenario, HOMES[outing.home], seed)
    stage.house.car = car = Car(phases=outing.phases, seed=seed)
    controller = Controller(stage, car=outing.settings, car_is_measured=outing.is_measured)
    own_at = inf if outing.own_at_s is None else WARM_UP_S + outing.own_at_s
    while stage.house.now < WARM_UP_S + len(scenario.net_load_w):
        stage.step()
        now = stage.house.now
        if now >= own_at:
            car.told_a = 0.0
            car.tell(OWN_A, now)
            own_at = inf
        controller.step(now)
    return car, stage


def _case(name: str, seed: int) -> Case:
    """Return a case by name; two more than the bench has."""
    if name == "noon":
        signal = noisy(points((0, 300), (2 * HOUR_S, -4200), (4 * HOUR_S, 300)), 150, seed)
        return Case(name, tuple(signal(float(second)) for second in range(4 * HOUR_S)), 10.0, 40.0)
    return case(name, seed)
