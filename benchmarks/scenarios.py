"""What happens in the house: ten named scenarios, drills, and anybody's own trace."""

from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from simulation.traces import DRILLS, Signal, Trace, constant, noisy, points, scenario, synthetic_week

HOUR_S = 3600
NAMED: Final = ("A", "B", "C", "D", "rae_b", "night", "sunset", "cloud", "january", "july")
"""A load, B load - PV, C 2 load - 1.3 PV, D 2 load (control.md 6.2); the others say it themselves."""
DRILL_NAMES: Final = tuple(f"drill_{name}" for name in DRILLS)
LOWEST_START_PCT = 25.0
SUN: Final = {"january": 0.4, "july": 1.3}
"""Of two days measured in March on a roof of 5 kW: how strong the sun is in these weeks is made up."""


class Case(NamedTuple):
    """One scenario: the net load of the house every second, and how it begins."""

    name: str
    net_load_w: tuple[float, ...]
    start_hour: float = 0.0
    """Since Monday's midnight, for the tariff."""
    first_soc_pct: float = 60.0
    """Of the fullest battery."""
    soc_step_pct: float = 3.0
    event_s: int | None = None
    """When the step of a drill comes: settling is measured from there."""

    def cut(self, hours: float | None) -> Case:
        """Return its first hours."""
        return self if hours is None else self._replace(net_load_w=self.net_load_w[: round(hours * HOUR_S)])

    def soc_pct(self, index: int) -> float:
        """Return the charge with which a battery begins."""
        return max(min(LOWEST_START_PCT, self.first_soc_pct), self.first_soc_pct - self.soc_step_pct * index)


@lru_cache(maxsize=8)
def case(name: str, seed: int) -> Case:
    """Return a named scenario or drill; what is drawn in it comes from the seed."""
    if name in DRILL_NAMES:
        event_s = 60 if "step" in name or name.endswith("car") else None
        return Case(name, _seconds(DRILLS[name.removeprefix("drill_")], 600), event_s=event_s)
    match name:
        case "A" | "D":
            return Case(name, _measured(name), 20.0, 95.0, 5.0)
        case "B" | "C":
            return Case(name, _measured(name), 10.0, 55.0, 7.0)
        case "rae_b":
            return Case(name, tuple(Trace.load("rae_house1_1s_b").values), 18.0)
        case "night":
            return Case(name, _seconds(noisy(constant(300), 5, seed), 4 * HOUR_S), 1.0)
        case "sunset":
            signal = noisy(points((0, -1200), (2 * HOUR_S, 1200)), 150, seed)
            return Case(name, _seconds(signal, 2 * HOUR_S), 18.0)
        case "cloud":
            return Case(name, _clouds(seed), 12.0)
    return Case(name, _week(name, seed))


def own_case(load: Path, pv: Path | None = None) -> Case:
    """Return a case from files with `load_w` and `pv_w` that begin together, by `t_s` or `local_time`."""
    traces = [Trace.load(path, name) for path, name in ((load, "load_w"), (pv, "pv_w")) if path]
    power, *sun = (trace.resampled(1.0) if trace.step_s > 1 else trace for trace in traces)
    duration_s = int(min(trace.duration_s for trace in (power, *sun)))
    return Case(load.name, _seconds(lambda t: power(t) - sum(trace(t) for trace in sun), duration_s))


def _seconds(signal: Signal, duration_s: int) -> tuple[float, ...]:
    """Return a signal's value in every second."""
    return tuple(signal(float(second)) for second in range(duration_s))


def _measured(name: str) -> tuple[float, ...]:
    """Return the net load of A, B, C or D: four hours."""
    played = scenario(name)
    return _seconds(lambda t: played.load(t) - played.pv(t), 4 * HOUR_S)


def _clouds(seed: int) -> tuple[float, ...]:
    """Return two hours of 4 kW sun over 300 W of load; each cloud takes 3.2 kW away within 20 s."""
    random, values = Random(f"clouds {seed}"), list[float]()
    fall = [-3700.0 + 160.0 * second for second in range(20)]
    while len(values) < 2 * HOUR_S:
        clear_s, dark_s = round(random.uniform(60, 600)), round(random.uniform(30, 300))
        values += [-3700.0] * clear_s + fall + [-500.0] * dark_s + fall[::-1]
    return tuple(values[: 2 * HOUR_S])


def _week(name: str, seed: int) -> tuple[float, ...]:
    """Return a week: minute means of that month with measured structure within them, less the sun. Synthetic."""
    load = synthetic_week(f"uci_sceaux_1min_2008-{'01' if name == 'january' else '07'}", seed=seed)
    measured = [max(0.0, value) for value in Trace.load("pv_serf_east_1min", "pv_w").values]
    two_days = [0.0] * (2 * 1440 - len(measured)) + measured  # it begins at 4:33 and ends at midnight
    sun = Trace(two_days, 60.0).resampled(1.0, SUN[name])
    return _seconds(lambda t: load(t) - sun(t), 7 * 24 * HOUR_S)
