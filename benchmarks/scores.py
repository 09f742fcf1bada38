"""What a run is worth: money first, then what it does to the grid, the batteries and the network."""

from collections.abc import Mapping
from math import nan, sqrt
from statistics import fmean, stdev
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SELL_CT = 8.0
TARIFFS: Final = {"cost_flat_ct": (30.0, 30.0), "cost_day_night_ct": (34.0, 24.0)}
"""What a kWh costs by day (Monday to Friday, 7 to 22 h, as in the first script) and by night."""
LEFT_SHARE = 0.91
"""Energy left in a battery is worth this share of the lowest price at which it could have been bought."""
BAND_W, RUNS_W, STEADY_W, STEADY_S = 20.0, 20.0, 50.0, 30
SETTLED_W, SETTLED_S = 50.0, 10.0

type Floats = NDArray[np.float64]
type Scores = dict[str, float]
type Tariff = tuple[float, float]


class Record(NamedTuple):
    """One run after its warm-up: a row per battery, + discharging; energies of all batteries together."""

    grid_w: Floats
    powers_w: Floats
    soc_pct: Floats
    gained_wh: float
    lost_wh: float
    capacity_wh: float  # of one battery
    tally: Mapping[str, int]
    start_hour: float
    step_s: float

    @property
    def hours(self) -> float:
        """Return how long it lasted."""
        return len(self.grid_w) * self.step_s / 3600.0

    def kwh(self, watts: Floats) -> float:
        """Return the energy of a power."""
        return float(watts.sum()) * self.step_s / 3.6e6


def price_ct(tariff: Tariff, hours: Floats) -> Floats:
    """Return what a kWh costs at hours since Monday's midnight."""
    is_day = ((hours // 24) % 7 < 5) & (hours % 24 >= 7) & (hours % 24 < 22)
    return np.where(is_day, tariff[0], tariff[1])


def left_ct(tariff: Tariff) -> float:
    """Return what a kWh in a battery is worth."""
    return LEFT_SHARE * min(tariff)


def score(record: Record, event_s: int | None = None) -> Scores:
    """Return everything that one run says by itself."""
    traffic = {f"{name}_per_h": count / record.hours for name, count in record.tally.items()}
    settling = {} if event_s is None else _settling(record, event_s)
    return _money(record) | _grid(record) | _batteries(record) | traffic | settling


def compare(scores: Scores, tracking: Scores, cost: Scores, idle: Scores) -> Scores:
    """Return what a run says next to the references of the same scenario and seed."""
    compared = {
        "unwanted_kwh": scores["exchange_kwh"] - tracking["exchange_kwh"],
        "unwanted_steady_kwh": scores["steady_exchange_kwh"] - tracking["steady_exchange_kwh"],
        "extra_loss_kwh": scores["loss_kwh"] - tracking["loss_kwh"],
    }
    per_day = 24.0 / scores["hours"]
    regrets = {f"regret{name[4:]}_per_day": (scores[name] - cost[name]) * per_day for name in TARIFFS}
    most_ct, saved_ct = (idle["cost_flat_ct"] - other["cost_flat_ct"] for other in (cost, scores))
    return compared | regrets | {"saving_pct": 100.0 * saved_ct / most_ct if most_ct > 1e-9 else nan}


def _money(record: Record) -> Scores:
    """Return import, export and what they cost, less what is left in the batteries."""
    bought_w, sold_w = np.maximum(record.grid_w, 0.0), np.maximum(-record.grid_w, 0.0)
    hours = record.start_hour + np.arange(len(bought_w), dtype=np.float64) * record.step_s / 3600.0
    import_kwh, export_kwh, gained_kwh = record.kwh(bought_w), record.kwh(sold_w), record.gained_wh / 1000.0
    paid = {name: record.kwh(bought_w * price_ct(tariff, hours)) for name, tariff in TARIFFS.items()}
    worth = {name: export_kwh * SELL_CT + gained_kwh * left_ct(tariff) for name, tariff in TARIFFS.items()}
    return {name: paid[name] - worth[name] for name in TARIFFS} | {
        "hours": record.hours,
        "import_kwh": import_kwh,
        "export_kwh": export_kwh,
        "exchange_kwh": import_kwh + export_kwh,
        "gained_kwh": gained_kwh,
    }


def _grid(record: Record) -> Scores:
    """Return how calm the meter is, and its peaks."""
    steady, outside = steady_steps(record), np.abs(record.grid_w) > BAND_W
    crossings = int(((outside[1:] != outside[:-1]) & steady[1:]).sum())
    quiet_w, steady_h = record.grid_w[steady], float(steady.sum()) * record.step_s / 3600.0
    return {
        "crossings_per_h": crossings / steady_h if steady_h else nan,
        "steady_rms_w": float(np.sqrt(np.mean(quiet_w**2))) if steady_h else nan,
        "steady_exchange_kwh": record.kwh(np.abs(quiet_w)),
        "peak_15min_w": _highest_mean_w(record, 900.0),
        "peak_1min_w": _highest_mean_w(record, 60.0),
    }


def steady_steps(record: Record) -> NDArray[np.bool_]:
    """Return at which steps the net load has stayed within 50 W for 30 s."""
    net_load_w = record.grid_w + record.powers_w.sum(axis=0)
    width, steady = round(STEADY_S / record.step_s), np.zeros(len(net_load_w), dtype=np.bool_)
    if len(steady) >= width:
        windows = np.lib.stride_tricks.sliding_window_view(net_load_w, width)
        steady[width - 1 :] = windows.max(axis=1) - windows.min(axis=1) < STEADY_W
    return steady


def _highest_mean_w(record: Record, duration_s: float) -> float:
    """Return the highest mean import of consecutive periods; a shorter run is one."""
    width = min(round(duration_s / record.step_s), len(record.grid_w))
    whole = record.grid_w[: len(record.grid_w) // width * width].reshape(-1, width)
    return float(np.maximum(whole, 0.0).mean(axis=1).max())


def _batteries(record: Record) -> Scores:
    """Return losses, wear and balance."""
    given_w, taken_w = np.maximum(record.powers_w, 0.0), np.maximum(-record.powers_w, 0.0)
    running, spread_pct = np.abs(record.powers_w) > RUNS_W, np.ptp(record.soc_pct, axis=0)
    cycles = (given_w + taken_w).sum(axis=1) * record.step_s / 3600.0 / (2 * record.capacity_wh)
    return {
        "loss_kwh": record.lost_wh / 1000.0,
        "cross_kwh": record.kwh(np.minimum(given_w.sum(axis=0), taken_w.sum(axis=0))),
        "starts_per_h": float((running[:, 1:] & ~running[:, :-1]).sum()) / record.hours,
        "travel_kw_per_h": float(np.abs(np.diff(record.powers_w, axis=1)).sum()) / 1000.0 / record.hours,
        "soc_spread_end_pct": float(spread_pct[-1]),
        "soc_spread_mean_pct": float(spread_pct.mean()),
        "cycles": float(cycles.mean()),
        "cycles_spread_pct": float(100.0 * np.ptp(cycles) / cycles.mean()) if cycles.any() else 0.0,
    }


def _settling(record: Record, event_s: int) -> Scores:
    """Return how soon the meter stays near 0 after a step, and how far it goes to the other side."""
    first, hold = round(event_s / record.step_s), round(SETTLED_S / record.step_s)
    net_load_w, after_w = record.grid_w + record.powers_w.sum(axis=0), record.grid_w[first:]
    step_w = float(net_load_w[first + 1] - net_load_w[first - 1])
    held = np.flatnonzero(np.convolve(np.abs(after_w) <= SETTLED_W, np.ones(hold), "valid") == hold)
    beyond_w = max(0.0, float(np.max(-np.sign(step_w) * after_w)))
    return {
        "settling_s": float(held[0]) * record.step_s if len(held) else nan,
        "overshoot_pct": 100.0 * beyond_w / abs(step_w),
    }


def mean_and_error(values: Mapping[int, float]) -> tuple[float, float]:
    """Return mean and standard error over seeds; nan for none."""
    numbers = list(values.values())
    return fmean(numbers or [nan]), stdev(numbers) / sqrt(len(numbers)) if len(numbers) > 1 else 0.0
