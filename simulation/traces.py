"""Load and sun over time: measured traces, the benchmark's scenarios, and drills whose answer is known."""

from collections.abc import Callable, Sequence
import csv
from dataclasses import dataclass
from datetime import datetime
import gzip
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final, Self

type Signal = Callable[[float], float]
"""Watts at a time in seconds."""

_DATA = Path(__file__).parent / "data"


class Trace:
    """Power at regular times; each value holds until the next, and the end leads back to the beginning."""

    __slots__ = ("_values", "step_s")

    def __init__(self, values: Sequence[float], step_s: float) -> None:
        self._values, self.step_s = tuple(values), step_s

    def __call__(self, t: float) -> float:
        """Return the watts at `t` seconds."""
        return self._values[int(t / self.step_s) % len(self._values)]

    @property
    def duration_s(self) -> float:
        """Return how long it is."""
        return len(self._values) * self.step_s

    @classmethod
    def load(cls, source: str | Path, column: str = "load_w") -> Self:
        """Read a column of a .csv or .csv.gz with `t_s` or `local_time`; a bare name means the package's own data."""
        path = Path(source) if Path(source).suffix else _DATA / f"{source}.csv.gz"
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            rows = list(csv.DictReader(file))
        times = [
            float(row["t_s"]) if "t_s" in row else datetime.fromisoformat(row["local_time"]).timestamp() for row in rows
        ]
        steps = {round(after - before, 3) for before, after in pairwise(times)}
        if len(steps) != 1:
            raise ValueError(f"{path.name} is not evenly spaced: {sorted(steps)[:3]}")
        return cls([float(row[column]) for row in rows], steps.pop())

    def scaled(self, factor: float) -> Trace:
        """Return it times a factor."""
        return Trace([value * factor for value in self._values], self.step_s)

    def then(self, other: Trace) -> Trace:
        """Return it followed by another of the same step."""
        return Trace(self._values + other._values, self.step_s)

    def resampled(self, step_s: float) -> Trace:
        """Return it with a finer step, along straight lines."""
        values, ratio = self._values, self.step_s / step_s
        fine = []
        for i in range(int(len(values) * ratio)):
            left, part = divmod(i / ratio, 1.0)
            right = min(int(left) + 1, len(values) - 1)
            fine.append(values[int(left)] * (1 - part) + values[right] * part)
        return Trace(fine, step_s)

    def minutes(self) -> list[tuple[float, list[float]]]:
        """Return the mean of each whole minute and the deviations from it; for traces of 1 s."""
        windows = [self._values[i : i + 60] for i in range(0, len(self._values) - 59, 60)]
        means = [sum(window) / 60 for window in windows]
        return [(mean, [v - mean for v in window]) for mean, window in zip(means, windows, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens in a house without batteries."""

    load: Signal
    pv: Signal


def scenario(name: str) -> Scenario:
    """Return A load, B load - PV, C 2 load - 1.3 PV, or D 2 load: four hours at 1 s, the sun resampled under them."""
    load_factor, pv_factor = {"A": (1.0, 0.0), "B": (1.0, 1.0), "C": (2.0, 1.3), "D": (2.0, 0.0)}[name]
    load = Trace.load("rae_house1_1s_a").then(Trace.load("rae_house1_1s_b")).scaled(load_factor)
    if not pv_factor:
        return Scenario(load=load, pv=constant(0.0))
    return Scenario(load=load, pv=Trace.load("prosumer_cyprus_30s", "pv_w").scaled(pv_factor).resampled(1.0))


def synthetic_week(name: str = "uci_sceaux_1min_2008-01", *, seed: int = 1, days: int = 7) -> Trace:
    """Return days at 1 s: measured minute means with the deviations of similar minutes of another home. Synthetic."""
    random = Random(f"week {seed}")
    shapes = Trace.load("rae_house1_1s_a").then(Trace.load("rae_house1_1s_b")).minutes()
    minutes = Trace.load(name)
    nearest: dict[float, list[list[float]]] = {}
    values: list[float] = []
    for minute in range(days * 1440):
        mean = minutes(minute * 60.0)
        if mean not in nearest:
            nearest[mean] = [shape for _, shape in sorted(shapes, key=lambda pair: abs(pair[0] - mean))[:5]]
        values.extend(max(0.0, mean + deviation) for deviation in random.choice(nearest[mean]))
    return Trace(values, 1.0)


def constant(power_w: float) -> Signal:
    """Return a power that never changes."""
    return lambda _t: power_w


def points(*corners: tuple[float, float]) -> Signal:
    """Return straight lines through (second, watt); two corners at one second make a step."""

    def power_w(t: float) -> float:
        after = next((i for i, corner in enumerate(corners) if corner[0] > t), None)
        if after is None or after == 0:
            return corners[after or -1][1] if after is None else corners[0][1]
        (t0, w0), (t1, w1) = corners[after - 1], corners[after]
        return w0 + (w1 - w0) * (t - t0) / (t1 - t0)

    return power_w


def pulses(base_w: float, high_w: float, on_s: float, off_s: float) -> Signal:
    """Return a base and a load on top of it that goes on and off, first on."""
    return lambda t: base_w + (high_w if t % (on_s + off_s) < on_s else 0.0)


def noisy(signal: Signal, amplitude_w: float, seed: int = 1) -> Signal:
    """Return a signal with noise that changes every second; the same second always has the same noise."""
    random = Random(f"noise {seed}")
    noise = [random.uniform(-amplitude_w, amplitude_w) for _ in range(3600)]
    return lambda t: signal(t) + noise[int(t) % 3600]


DRILLS: Final[dict[str, Signal]] = {
    **{f"step_{w}": points((60, 200), (60, 200 + w)) for w in (300, 1000, 3000, 6000)},
    **{f"step_minus_{w}": points((60, 200), (60, 200 - w)) for w in (300, 1000, 3000, 6000)},
    "ramp": points((60, 0), (100, 2000), (160, 2000), (200, 0)),
    "hob": pulses(300, 2400, 20, 40),
    "tumble_washer": pulses(200, 300, 10, 5),
    "kettle": points((60, 200), (60, 2200), (210, 2200), (210, 200)),
    "cloud": points((60, -3700), (80, -500), (200, -500), (220, -3700)),
    "car": points((60, 300), (60, 4000)),
    "sunset": noisy(points((0, -600), (1800, 600)), 150),
    "night": constant(180),
}
"""Net loads of the house, half a minute to half an hour each; synthetic."""
