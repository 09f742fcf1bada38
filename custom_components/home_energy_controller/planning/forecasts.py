"""What is expected of the next days: load by habit, sun by a forecast that is put right, prices as published.

All by slot, in W. Nothing here peeks: a forecast is made of what lies before its first slot, and of what others
forecast for the time after it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from math import exp, hypot
from statistics import fmean

from .modes import Expected
from .slots import PER_DAY, SLOT_H, BySlot, slot_of, start_of
from .tariff import SlotPrice

HORIZON = 2 * PER_DAY
HABIT_DAYS = 28
"""Load is expected as on the same kind of day within this time."""
LEAST_HABIT_DAYS = 1
"""With fewer days of history nothing is planned."""
SEEN_SLOTS = 4
"""By how the last hour differed from the habit, the next is expected to differ,"""
FADES_SLOTS = 6.0
"""fading within an hour and a half."""
BIAS_DAYS = 14
BIAS_LIMITS = (0.5, 2.0)
"""A forecast that is further off is not of this roof; it is put right no further."""
DOUBT_SHARE = 0.2
"""Of a day's sun that has to be seen before today's deviation counts as much as the forecast."""
LOAD_SPREAD, SUN_SPREAD = 0.5, 0.15
"""Standard deviation within a slot that was measured, as a share: kettles and clouds (minutes of measured homes)."""
LOAD_DOUBT, SUN_DOUBT = 0.9, 0.3
"""The same of what is expected: habits err by nearly as much as they say, so their mean is not all that comes."""
SATURDAY = 5
PUBLISHED_H = 13

type QuarterOfDay = tuple[int | None, bool | None]
"""Which of the day's 96 by the clock on the wall, and whether at a weekend; None is any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected of slot after slot, from `first` on."""

    first: int
    slots: tuple[Expected, ...]
    load_w: tuple[float, ...]
    sun_w: tuple[float, ...]
    known: int
    """So many slots have a published price; the others repeat the day before."""


@dataclass(frozen=True, slots=True)
class Habits:
    """The mean load (W) of each quarter of the day, on workdays and at weekends."""

    by_quarter: Mapping[QuarterOfDay, float]
    zone: tzinfo

    def load_w(self, history_w: BySlot, first: int, count: int = HORIZON) -> list[float]:
        """Return the load expected of slots from `first` on, by habit and by how the last hour differed from it."""
        seen = [history_w[slot] - self.at(slot) for slot in range(first - SEEN_SLOTS, first) if slot in history_w]
        deviation_w = fmean(seen) if seen else 0.0
        return [max(0.0, self.at(first + index) + deviation_w * exp(-index / FADES_SLOTS)) for index in range(count)]

    def at(self, slot: int) -> float:
        """Return the habitual load of a slot; of another kind of day, or of any time, where no other is known."""
        return next(self.by_quarter[key] for key in _quarters(slot, self.zone) if key in self.by_quarter)


def learn_habits(history_w: BySlot, first: int, zone: tzinfo) -> Habits | None:
    """Return the habits of the four weeks before a slot; None while there is too little history."""
    known = [slot for slot in range(first - HABIT_DAYS * PER_DAY, first) if slot in history_w]
    if len(known) < LEAST_HABIT_DAYS * PER_DAY:
        return None
    loads_w: defaultdict[QuarterOfDay, list[float]] = defaultdict(list)
    for slot in known:
        for key in _quarters(slot, zone):
            loads_w[key].append(history_w[slot])
    return Habits({key: fmean(each) for key, each in loads_w.items()}, zone)


def _quarters(slot: int, zone: tzinfo) -> tuple[QuarterOfDay, ...]:
    """Return by what a slot may be known, the best first: quarter and kind of day, quarter, anything."""
    local = start_of(slot, zone)
    quarter = local.hour * 4 + local.minute // 15
    return (quarter, local.weekday() >= SATURDAY), (quarter, None), (None, None)


@dataclass(frozen=True, slots=True)
class SunSeen:
    """What the sun brought (W), what had been forecast of it, and where."""

    history_w: BySlot
    forecast_w: BySlot
    zone: tzinfo

    def expected_w(self, forecast_w: BySlot | None, first: int, count: int = HORIZON) -> list[float]:
        """Return the power (W) expected of slots from `first` on.

        A forecast is put right by its own bias in the last weeks, and today's by what today showed. For days without
        one, or of nothing but zeros, the mean of the last seven days has to do.
        """
        slots = range(first, first + count)
        midnight = first - slots_since_midnight(first, self.zone)
        forecast_w = forecast_w or {}
        forecast_days = {self._day(slot) for slot, power_w in forecast_w.items() if slot >= midnight and power_w > 0}
        bias = self._bias(first)
        today = range(midnight, midnight + PER_DAY)
        whole_wh = _energy_wh(self.forecast_w, range(midnight, first)) + _energy_wh(
            forecast_w, range(first, today.stop)
        )
        of_today = self._ratio(range(midnight, first), DOUBT_SHARE * whole_wh, bias)
        return [
            max(0.0, forecast_w.get(slot, 0.0)) * (of_today if slot in today else bias)
            if self._day(slot) in forecast_days
            else _mean_of_week(self.history_w, slot, first)
            for slot in slots
        ]

    def _day(self, slot: int) -> date:
        """Return the local day that a slot is in."""
        return start_of(slot, self.zone).date()

    def _bias(self, first: int) -> float:
        """Return by how much the forecast fell short in the last weeks; one day's worth of doubt."""
        past = range(first - BIAS_DAYS * PER_DAY, first)
        known = [slot for slot in past if slot in self.history_w and slot in self.forecast_w]
        return self._ratio(past, _energy_wh(self.forecast_w, known) / max(1.0, len(known) / PER_DAY), 1.0)

    def _ratio(self, slots: range, doubt_wh: float, expected: float) -> float:
        """Return by how much the forecast fell short; what is expected counts as if it had been seen for `doubt_wh`."""
        known = [slot for slot in slots if slot in self.history_w and slot in self.forecast_w]
        forecast_wh = _energy_wh(self.forecast_w, known) + doubt_wh
        if forecast_wh <= 0:
            return expected
        least, most = BIAS_LIMITS
        return max(least, min(most, (_energy_wh(self.history_w, known) + expected * doubt_wh) / forecast_wh))


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is known of a home, by slot: measured in the past, published and forecast for what comes."""

    prices: Mapping[int, SlotPrice]
    load_w: BySlot
    sun_w: BySlot
    sun_forecast_w: BySlot
    """For past slots, what was forecast then; empty without a forecast."""
    zone: tzinfo

    def outlook(self, first: int, habits: Habits, known_until: int | None = None) -> Outlook | None:
        """Return what is expected from a slot on, by nothing that was measured later; None without a price for it.

        Prices count to `known_until` only. Where they are not published yet, the day before is repeated.
        """
        prices = (
            dict(self.prices)
            if known_until is None
            else {slot: self.prices[slot] for slot in range(first - PER_DAY, known_until) if slot in self.prices}
        )
        if first not in prices:
            return None
        known = next(index for index in range(HORIZON + 1) if index == HORIZON or first + index not in prices)
        for slot in range(first, first + HORIZON):
            if slot not in prices:
                prices[slot] = prices.get(slot - PER_DAY, prices[slot - 1])
        load_w = habits.load_w(self.load_w, first)
        sun_w = SunSeen(self.sun_w, self.sun_forecast_w, self.zone).expected_w(self.sun_forecast_w, first)
        slots = tuple(
            expected(load, sun, prices[first + index], LOAD_DOUBT, SUN_DOUBT)
            for index, (load, sun) in enumerate(zip(load_w, sun_w, strict=True))
        )
        return Outlook(first=first, slots=slots, load_w=tuple(load_w), sun_w=tuple(sun_w), known=known)

    def measured(self, slot: int) -> Expected | None:
        """Return what a slot that has passed was; None where it is not known."""
        if slot not in self.prices or slot not in self.load_w:
            return None
        return expected(self.load_w[slot], self.sun_w.get(slot, 0.0), self.prices[slot])


def expected(
    load_w: float, sun_w: float, price: SlotPrice, load_spread: float = LOAD_SPREAD, sun_spread: float = SUN_SPREAD
) -> Expected:
    """Return a slot with the spread that such a load and sun have, each as a share of it."""
    spread_w = hypot(load_spread * load_w, sun_spread * sun_w)
    return Expected(net_load_w=load_w - sun_w, spread_w=spread_w, buy=price.buy, sell=price.sell)


def published_until(slot: int, zone: tzinfo) -> int:
    """Return the first slot of which the market has published no price: tomorrow's are known from 13:00 on."""
    local = start_of(slot, zone)
    days = 2 if local.hour >= PUBLISHED_H else 1
    midnight = datetime.combine(local.date() + timedelta(days=days), time(), zone)
    return slot_of(midnight)


def _mean_of_week(history_w: BySlot, slot: int, first: int) -> float:
    """Return the mean (W) of the same quarter on the last seven days that are known; 0 where none is."""
    days = range((slot - first) // PER_DAY + 1, (slot - first) // PER_DAY + 8)
    known = [history_w[slot - day * PER_DAY] for day in days if slot - day * PER_DAY in history_w]
    return fmean(known) if known else 0.0


def _energy_wh(power_w: BySlot, slots: Iterable[int]) -> float:
    """Return the energy (Wh) of slots."""
    return sum(max(0.0, power_w.get(slot, 0.0)) for slot in slots) * SLOT_H


def slots_since_midnight(slot: int, zone: tzinfo) -> int:
    """Return how many quarters by the clock on the wall a slot is after midnight."""
    local = start_of(slot, zone)
    return local.hour * 4 + local.minute // 15
