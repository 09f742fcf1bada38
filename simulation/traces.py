"""Load and sun over time: measured traces, the benchmark's scenarios, and drills whose answer is known."""

from bisect import bisect
from collections.abc import Callable, Sequence
import csv
from datetime import datetime
import gzip
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, Self

type Signal = Callable[[float], float]  # watts at a time in seconds

_DATA = Path(__file__).parent / "data"


class Trace:
    """Power at regular times; each value holds until the next, and the end leads back to the beginning."""

    def __init__(self, values: Sequence[float], step_s: float) -> None:
        self.values, self.step_s = list(values), step_s
        self.duration_s = len(self.values) * step_s

    def __call__(self, t: float) -> float:
        """Return the watts at `t` seconds."""
        return self.values[int(t / self.step_s) % len(self.values)]

    @classmethod
    def load(cls, source: str | Path, column: str = "load_w") -> Self:
        """Read a column of a .csv or .csv.gz with `t_s` or `local_time`; a bare name means the package's own data."""
        path = Path(source) if Path(source).suffix else _DATA / f"{source}.csv.gz"
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            rows = list(csv.DictReader(file))
        plain = "t_s" in rows[0]
        times = [float(row["t_s"]) if plain else datetime.fromisoformat(row["local_time"]).timestamp() for row in rows]
        steps = {round(after - before, 3) for before, after in pairwise(times)}
        if len(steps) != 1:
            raise ValueError(f"{path.name} is not evenly spaced: {sorted(steps)[:3]}")
        return cls([float(row[column]) for row in rows], steps.pop())

    def resampled(self, step_s: float, factor: float = 1.0) -> Trace:
        """Return it times a factor and with a finer step, along straight lines."""
        fine, ratio = [], round(self.step_s / step_s)
        for left, right in pairwise([*self.values, self.values[-1]]):
            fine += [factor * (left + (right - left) * i / ratio) for i in range(ratio)]
        return Trace(fine, step_s)


class Scenario(NamedTuple):
    """What happens in a house without batteries."""

    load: Signal
    pv: Signal


def scenario(name: str) -> Scenario:
    """Return A load, B load - PV, C 2 load - 1.3 PV, or D 2 load: four hours at 1 s, the sun resampled under them."""
    load_factor, pv_factor = {"A": (1.0, 0.0), "B": (1.0, 1.0), "C": (2.0, 1.3), "D": (2.0, 0.0)}[name]
    load = Trace([load_factor * value for value in _one_second_load()], 1.0)
    return Scenario(load, Trace.load("prosumer_cyprus_30s", "pv_w").resampled(1.0, pv_factor))


def _one_second_load() -> list[float]:
    """Return the four measured hours at 1 s."""
    return Trace.load("rae_house1_1s_a").values + Trace.load("rae_house1_1s_b").values


def synthetic_week(name: str = "uci_sceaux_1min_2008-01", *, seed: int = 1, days: int = 7) -> Trace:
    """Return days at 1 s: minute means of one home with the deviations of similar minutes of another. Synthetic.

    Minutes whose mean has not moved get quiet shapes: else half of January would pulse like the other home's hob.
    """
    random, seconds = Random(f"week {seed}"), _one_second_load()
    windows = [seconds[start : start + 60] for start in range(0, len(seconds), 60)]
    shapes = sorted((sum(window) / 60, [value - sum(window) / 60 for value in window]) for window in windows)
    quiet = [shape for shape in shapes if max(shape[1]) - min(shape[1]) < 300]
    minutes, values = Trace.load(name).values[: days * 1440], list[float]()
    for before, mean in pairwise([minutes[0], *minutes]):
        pool = shapes if abs(mean - before) > 150 else quiet
        first = min(max(bisect(pool, (mean, [])) - 2, 0), len(pool) - 5)
        _, deviations = random.choice(pool[first : first + 5])
        values += [max(0.0, mean + deviation) for deviation in deviations]
    return Trace(values, 1.0)


def constant(power_w: float) -> Signal:
    """Return a power that never changes."""
    return lambda _t: power_w


def points(*corners: tuple[float, float]) -> Signal:
    """Return straight lines through (second, watt); two corners at one second make a step."""

    def power_w(t: float) -> float:
        for (t0, w0), (t1, w1) in pairwise([(-1.0, corners[0][1]), *corners]):
            if t < t1:
                return w0 + (w1 - w0) * (t - t0) / (t1 - t0)
        return corners[-1][1]

    return power_w


def pulses(base_w: float, high_w: float, on_s: float, off_s: float) -> Signal:
    """Return a base and a load on top of it that goes on and off, first on."""
    return lambda t: base_w + (high_w if t % (on_s + off_s) < on_s else 0.0)


def noisy(signal: Signal, amplitude_w: float, seed: int = 1) -> Signal:
    """Return a signal with noise that changes every second; the same second always has the same noise."""
    random = Random(f"noise {seed}")
    noise = [random.uniform(-amplitude_w, amplitude_w) for _ in range(3600)]
    return lambda t: signal(t) + noise[int(t) % 3600]


# Net loads, up to half an hour each; synthetic.
DRILLS: Final[dict[str, Signal]] = {
    **{f"step_{w:+d}": points((60, 200), (60, 200 + w)) for w in (300, 1000, 3000, 6000, -300, -1000, -3000, -6000)},
    "ramp": points((60, 0), (100, 2000), (160, 2000), (200, 0)),
    "hob": pulses(300, 2400, 20, 40),
    "tumble_washer": pulses(200, 300, 10, 5),
    "kettle": points((60, 200), (60, 2200), (210, 2200), (210, 200)),
    "cloud": points((60, -3700), (80, -500), (200, -500), (220, -3700)),
    "car": points((60, 300), (60, 4000)),
    "sunset": noisy(points((0, -600), (1800, 600)), 150),
    "night": constant(180),
}
