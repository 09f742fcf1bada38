"""Energy that was counted from power, and what the controller made of the day."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt

from ..control.model import TOLERANCE_W, BatteryObservation, Snapshot, Timed
from ..control.permissions import near_bound
from ..control.settings import BatterySettings, Settings

LONGEST_GAP_S = 300.0
"""Two readings further apart tell nothing about the time between them (polls are 30 or 120 s apart)."""

WINDOW_S = 300.0
LEAST_S = 60.0
"""Less tells nothing about quality."""
LEAST_WH = 100.0
"""The share of less would jump."""
AT_LIMIT_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTotals:
    """What a battery charged and discharged at its AC side, in Wh, and the reading that was counted last.

    The devices' own counters are not used: their scale differs by model and firmware, and some stand still
    (Venus E 3.0 firmware 144).
    """

    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    last_power_w: float | None = None
    last_at: float | None = None

    def counted(self, power_w: float, at: float) -> EnergyTotals:
        """Return the totals after a reading of `power_w` (+ discharging) at `at` (s); the straight line between counts.

        A reading that is not newer than the last one, or follows it after a gap, moves no total.
        """
        charged, discharged = self.charged_wh, self.discharged_wh
        if self.last_at is not None and at <= self.last_at:
            return self
        if self.last_power_w is not None and self.last_at is not None and at - self.last_at <= LONGEST_GAP_S:
            hours = (at - self.last_at) / 3600
            charged += _area(-self.last_power_w, -power_w) * hours
            discharged += _area(self.last_power_w, power_w) * hours
        return replace(self, charged_wh=charged, discharged_wh=discharged, last_power_w=power_w, last_at=at)


def _area(start: float, end: float) -> float:
    """Return the mean of the positive part of a straight line from `start` to `end`."""
    if start >= 0 and end >= 0:
        return (start + end) / 2
    if start <= 0 and end <= 0:
        return 0.0
    top = max(start, end)
    return top * top / (abs(start) + abs(end)) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Energy (Wh) since midnight: over the meter, by the batteries, what the house lacked or had left without them."""

    day: str = ""
    imported_wh: float = 0.0
    exported_wh: float = 0.0
    deficit_wh: float = 0.0
    surplus_wh: float = 0.0
    charged_wh: float = 0.0
    discharged_wh: float = 0.0

    @property
    def self_consumption_pct(self) -> int:
        """Return how much of the surplus stayed at home; what the sun gave the house at once is not seen here."""
        return _kept_pct(self.exported_wh, self.surplus_wh)

    @property
    def self_sufficiency_pct(self) -> int:
        """Return how much of the deficit was covered without the grid."""
        return _kept_pct(self.imported_wh, self.deficit_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Five minutes of the grid meter."""

    rms_w: int
    saturated_pct: int
    """Share of the time in which no battery had anything left to give, or to take."""


class EnergyStatistics:
    """Adds up what each cycle saw."""

    def __init__(self, today: Today) -> None:
        """Go on from what was stored."""
        self.today = today
        self._grid, self._load = EnergyTotals(), EnergyTotals()
        self._batteries: dict[str, EnergyTotals] = {}
        self._window: deque[tuple[Timed[float], bool]] = deque()

    def add(self, snapshot: Snapshot, settings: Settings) -> None:
        """Count a cycle; a reading that was counted before changes nothing."""
        day, grid, load = snapshot.local_time.date().isoformat(), self._grid, self._load
        if (meter := snapshot.meter_w) is not None:
            grid = grid.counted(meter.value, meter.at)
            if not self._window or meter.at > self._window[-1][0].at:
                self._window.append((meter, _is_saturated(meter.value, snapshot, settings)))
            while meter.at - self._window[0][0].at > WINDOW_S:
                self._window.popleft()
        if snapshot.net_load_w:
            load = load.counted(snapshot.net_load_w[-1].value, snapshot.net_load_w[-1].at)
        today = self.today if self.today.day == day else Today(day=day)
        charged_wh, discharged_wh = self._add_batteries(snapshot)
        self.today = replace(
            today,
            charged_wh=today.charged_wh + charged_wh,
            discharged_wh=today.discharged_wh + discharged_wh,
            imported_wh=today.imported_wh + grid.discharged_wh - self._grid.discharged_wh,
            exported_wh=today.exported_wh + grid.charged_wh - self._grid.charged_wh,
            deficit_wh=today.deficit_wh + load.discharged_wh - self._load.discharged_wh,
            surplus_wh=today.surplus_wh + load.charged_wh - self._load.charged_wh,
        )
        self._grid, self._load = grid, load

    def _add_batteries(self, snapshot: Snapshot) -> tuple[float, float]:
        """Count what the batteries did since they were counted last; return what they charged and discharged (Wh)."""
        charged_wh = discharged_wh = 0.0
        for seen in snapshot.batteries:
            if seen.power_w is not None:
                before = self._batteries.get(seen.battery_id, EnergyTotals())
                counted = self._batteries[seen.battery_id] = before.counted(seen.power_w.value, seen.power_w.at)
                charged_wh += counted.charged_wh - before.charged_wh
                discharged_wh += counted.discharged_wh - before.discharged_wh
        return charged_wh, discharged_wh

    def quality(self, now: float) -> Quality | None:
        """Return how well the grid was kept at zero; None while too little is known of the last minutes."""
        if not self._window or now - self._window[-1][0].at > LEAST_S:
            return None
        length_s = self._window[-1][0].at - self._window[0][0].at
        if length_s < LEAST_S:
            return None
        squares = saturated_s = 0.0
        for (before, _), (reading, is_saturated) in pairwise(self._window):
            held_s = reading.at - before.at
            squares += reading.value**2 * held_s
            saturated_s += is_saturated * held_s
        return Quality(rms_w=round(sqrt(squares / length_s)), saturated_pct=round(100 * saturated_s / length_s))


def _kept_pct(lost_wh: float, all_wh: float) -> int:
    """Return the share that was not lost; of next to nothing, nothing was."""
    return 100 if all_wh < LEAST_WH else round(100 * max(0.0, 1 - lost_wh / all_wh))


def _is_saturated(grid_w: float, snapshot: Snapshot, settings: Settings) -> bool:
    """Return whether the grid shows power and no battery has anything left against it."""
    return abs(grid_w) > TOLERANCE_W and all(
        _has_nothing_left(battery, snapshot.battery(battery.battery_id), grid_w) for battery in settings.batteries
    )


def _has_nothing_left(battery: BatterySettings, seen: BatteryObservation, grid_w: float) -> bool:
    """Return whether a battery is out of reach, at its limit, or empty or full, as seen from the grid."""
    if seen.power_w is None or seen.soc_pct is None:
        return True
    limit_w = battery.discharge_limit_w if grid_w > 0 else battery.charge_limit_w
    given_w = seen.power_w.value if grid_w > 0 else -seen.power_w.value
    return given_w >= AT_LIMIT_SHARE * limit_w or near_bound(battery, seen.soc_pct.value, grid_w)
