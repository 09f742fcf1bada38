"""Homes of the bench, and their years by the minute."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import batched
from random import Random
from statistics import fmean, pstdev

from benchmarks.plan.inputs import PER_SLOT, InputError, Series, moved
from benchmarks.plan.profiles import family_load, roof
from custom_components.home_energy_controller.planning.slots import PER_DAY
from simulation.traces import Trace

ALIKE = 20
"""How many measured quarters of about the same power a shape is drawn from."""
CALM_SHARE, CLEAR, DULL = 3, 0.85, 0.35
"""A sky all clear or all dull, against the best of the weeks around, has a shape of the calmest third."""
WEEKS_AROUND = 2
CLOUD_EDGE = 1.15
"""How far a minute rises above the best quarter of the year: at the edge of a cloud a roof gives most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A household with one or more batteries."""

    name: str
    batteries: int
    load_scale: float = 1.0
    """Of the family of 4,174 kWh."""
    sun_scale: float = 1.0
    """Of the roof of 5 kWp; 0 is a home without."""
    unit_capacity_wh: float = 5120.0
    unit_charge_w: float = 2500.0
    unit_discharge_w: float = 2500.0
    reserve_pct: float = 12.0

    @property
    def has_sun(self) -> bool:
        """Return whether there are panels."""
        return self.sun_scale > 0

    @property
    def capacity_wh(self) -> float:
        """Return what all batteries hold."""
        return self.batteries * self.unit_capacity_wh

    @property
    def reserve_wh(self) -> float:
        """Return what is never taken out."""
        return self.capacity_wh * self.reserve_pct / 100

    @property
    def usable_wh(self) -> float:
        """Return what is above the reserve."""
        return self.capacity_wh - self.reserve_wh

    @property
    def charge_w(self) -> float:
        """Return the most that all batteries take."""
        return self.batteries * self.unit_charge_w

    @property
    def discharge_w(self) -> float:
        """Return the most that all batteries give."""
        return self.batteries * self.unit_discharge_w


_SMALL = 0.45
HOMES = {
    home.name: home
    for home in (
        Home(name="family3", batteries=3),
        Home(name="family2", batteries=2),
        Home(name="family1", batteries=1),
        Home(name="small1", batteries=1, load_scale=_SMALL, sun_scale=_SMALL),
        Home(name="family3_dark", batteries=3, sun_scale=0.0),
        Home(name="family1_dark", batteries=1, sun_scale=0.0),
        Home(name="small1_dark", batteries=1, load_scale=_SMALL, sun_scale=0.0),
        Home(name="family3_800", batteries=3, unit_discharge_w=800.0),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What a house uses and its roof gives; whatever comes, batteries do not change it."""

    slots: range
    load_w: array[float]
    pv_w: array[float]
    net_w: array[float]
    """By the minute from the begin of the first slot; load - sun."""
    load_by_slot: Mapping[int, float]
    pv_by_slot: Mapping[int, float]

    @property
    def start_slot(self) -> int:
        """Return the first slot."""
        return self.slots.start

    def first_minute(self, slot: int) -> int:
        """Return the index of a slot's first minute."""
        return (slot - self.slots.start) * PER_SLOT

    def net_by_slot(self) -> dict[int, float]:
        """Return the means of load - sun."""
        return {slot: self.load_by_slot[slot] - self.pv_by_slot[slot] for slot in self.slots}


def year_of(home: Home, slots: range, *, load: Series | None = None, pv: Series | None = None, seed: int = 1) -> Year:
    """Return a year of a home; files are taken as they are, without scale, where the home has panels.

    Quarters get the shape of measured minutes of other homes (SYNTHETIC); files by the minute keep their own.
    """
    load_w, load_by_slot = _filled(load, slots, home.load_scale, f"load {seed}")
    pv_w, pv_by_slot = _filled(pv, slots, home.sun_scale, f"sun {seed}", is_sun=True)
    net_w = array("d", (use_w - sun_w for use_w, sun_w in zip(load_w, pv_w, strict=True)))
    return Year(slots=slots, load_w=load_w, pv_w=pv_w, net_w=net_w, load_by_slot=load_by_slot, pv_by_slot=pv_by_slot)


def _filled(
    series: Series | None, slots: range, scale: float, seed: str, *, is_sun: bool = False
) -> tuple[array[float], dict[int, float]]:
    """Return watts by the minute and by slot."""
    if is_sun and not scale:
        return array("d", bytes(8 * len(slots) * PER_SLOT)), dict.fromkeys(slots, 0.0)
    if series is None:
        means = roof(slots) if is_sun else family_load(slots)
        means = {slot: scale * value for slot, value in means.items()}
    elif (minutes := _own_minutes(series, slots)) is not None:
        return minutes, dict(zip(slots, map(fmean, batched(minutes, PER_SLOT, strict=True)), strict=True))
    else:
        means = {slot: max(0.0, value) for slot, value in moved(series.by_slot, slots).items()}
    values = [means[slot] for slot in slots]
    return (sun_minutes(values, seed) if is_sun else load_minutes(values, seed)), means


def _own_minutes(series: Series, slots: range) -> array[float] | None:
    """Return the minutes of a file that covers the year, None where shapes have to be drawn."""
    if series.by_minute is None:
        return None
    first, count = slots.start * PER_SLOT, len(slots) * PER_SLOT
    known = sum(minute in series.by_minute for minute in range(first, first + count))
    if known < 0.9 * count:
        return None
    minutes, last = array("d"), 0.0
    for minute in range(first, first + count):
        last = max(0.0, series.by_minute.get(minute, last))
        minutes.append(last)
    return minutes


def load_minutes(means_w: Sequence[float], seed: str) -> array[float]:
    """Return minutes whose means are those of the quarters; each has the shape of a measured one of about its power."""
    random, (powers_w, shapes) = Random(seed), _load_shapes()
    minutes = array("d")
    for mean_w in means_w:
        first = min(max(bisect_left(powers_w, mean_w) - ALIKE // 2, 0), len(shapes) - ALIKE)
        shape = shapes[first + int(random.random() * ALIKE)]
        minutes.extend([mean_w * ratio for ratio in shape])
    return minutes


def sun_minutes(means_w: Sequence[float], seed: str) -> array[float]:
    """Return minutes whose means are those of the quarters, with clouds where the sky is neither clear nor dull."""
    random, shapes, most_w = Random(seed), _sun_shapes(), CLOUD_EDGE * max(means_w)
    calm = shapes[: len(shapes) // CALM_SHARE]
    minutes = array("d")
    for mean_w, best_w in zip(means_w, _best_around(means_w), strict=True):
        if mean_w <= 0:
            minutes.extend([0.0] * PER_SLOT)
            continue
        pool = shapes if DULL < mean_w / best_w < CLEAR else calm
        shape = pool[int(random.random() * len(pool))]
        highest_w = mean_w * max(shape)
        flatter = 1.0 if highest_w <= most_w else (most_w - mean_w) / (highest_w - mean_w)
        minutes.extend([mean_w * (1 + flatter * (ratio - 1)) for ratio in shape])
    return minutes


def _best_around(means_w: Sequence[float]) -> list[float]:
    """Return the highest mean at about the same time of day in the weeks around."""
    days = [list(day) for day in batched(means_w, PER_DAY, strict=False)]
    days[-1] += [0.0] * (PER_DAY - len(days[-1]))
    reach = 7 * WEEKS_AROUND
    best = list[float]()
    for index in range(len(days)):
        near = days[max(0, index - reach) : index + reach + 1]
        best += [max(each) for each in zip(*near, strict=True)]
    return best[: len(means_w)]


@cache
def _load_shapes() -> tuple[list[float], list[list[float]]]:
    """Return measured quarters, by power: their means, and their minutes as ratios to it."""
    minutes = [*Trace.load("uci_sceaux_1min_2008-01").values, *Trace.load("uci_sceaux_1min_2008-07").values]
    for name in ("rae_house1_1s_a", "rae_house1_1s_b"):
        minutes += [fmean(each) for each in batched(Trace.load(name).values, 60, strict=True)]
    shapes = sorted(_ratios(minutes, least_w=1.0))
    return [mean_w for mean_w, _ in shapes], [ratios for _, ratios in shapes]


@cache
def _sun_shapes() -> list[list[float]]:
    """Return measured quarters of two roofs in daylight as ratios to their mean, the calmest first."""
    minutes = Trace.load("pv_serf_east_1min", "pv_w").values
    minutes += [fmean(each) for each in batched(Trace.load("prosumer_cyprus_30s", "pv_w").values, 2, strict=False)]
    return sorted((ratios for _, ratios in _ratios(minutes, least_w=100.0)), key=pstdev)


def _ratios(minutes_w: Sequence[float], least_w: float) -> list[tuple[float, list[float]]]:
    """Return mean and ratios of each whole quarter that has a mean above the least."""
    quarters = [[max(0.0, value) for value in each] for each in batched(minutes_w, PER_SLOT, strict=False)]
    means = [(fmean(each), each) for each in quarters if len(each) == PER_SLOT]
    return [(mean_w, [value / mean_w for value in each]) for mean_w, each in means if mean_w > least_w]


def home_named(name: str) -> Home:
    """Return a home of the list."""
    if name not in HOMES:
        raise InputError(f"no home {name}; there are {', '.join(HOMES)}")
    return HOMES[name]
