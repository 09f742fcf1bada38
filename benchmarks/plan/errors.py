"""What is known at a moment: a sun forecast that errs, a load by habit, prices as they are published."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from math import exp
from random import Random

from benchmarks.plan.inputs import AMSTERDAM
from custom_components.home_energy_controller.planning.slots import PER_DAY, BySlot, slot_of, start_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

HORIZON = 2 * PER_DAY
PER_HOUR = 4
DAY_ERROR, HOUR_ERROR = 0.30, 0.15
"""Standard deviation of the logarithm of what is forecast by what comes, of days and of hours within."""
SEEN_TODAY = 0.7
"""How much of the day's error is left when the day has begun."""
PUBLISHED_AT_H = 13
HABIT_DAYS = 7
FADES_IN = 6
"""Slots in which a deviation of the last hour fades to a third."""


class SunForecast:
    """Hours of the sun that comes, times a factor of the day and a smaller one of the hour, both drawn.

    What is told of a day stays the same until it begins, then it is told again, a little better. The truth beyond the
    horizon has no influence. Mean error 0, unless `bias` says so.
    """

    def __init__(self, pv_by_slot: BySlot, seed: int, *, day_error: float = DAY_ERROR, bias: float = 1.0) -> None:
        self._pv_by_slot, self._seed, self._day_error, self._bias = pv_by_slot, seed, day_error, bias
        self._factors = lru_cache(maxsize=16)(self._drawn)
        self._hour = lru_cache(maxsize=512)(self._told)

    def at(self, now_slot: int) -> dict[int, float]:
        """Return watts by slot from now on, to the end of the last whole hour within 48 h."""
        today = _day_of(now_slot // PER_HOUR)
        end = (now_slot + HORIZON) // PER_HOUR
        forecast = dict[int, float]()
        for hour in range(now_slot // PER_HOUR, end):
            told_w = self._hour(hour, _day_of(hour) == today)
            if told_w is not None:
                forecast |= dict.fromkeys(range(max(now_slot, hour * PER_HOUR), (hour + 1) * PER_HOUR), told_w)
        return forecast

    def _told(self, hour: int, is_today: bool) -> float | None:
        """Return what is told of an hour (W)."""
        slots = range(hour * PER_HOUR, (hour + 1) * PER_HOUR)
        known = [self._pv_by_slot[slot] for slot in slots if slot in self._pv_by_slot]
        if not known:
            return None
        before, after, hours = self._factors(_day_of(hour))
        return self._bias * (after if is_today else before) * hours[hour % 24] * sum(known) / len(known)

    def _drawn(self, day: date) -> tuple[float, float, list[float]]:
        """Return the factor of a day before and after it has begun, and those of its hours."""
        random = Random(f"sun {self._seed} {day}")
        z = random.gauss()
        hours = [exp(HOUR_ERROR * random.gauss() - HOUR_ERROR**2 / 2) for _ in range(24)]
        return self._factor(z, self._day_error), self._factor(z, SEEN_TODAY * self._day_error), hours

    @staticmethod
    def _factor(z: float, error: float) -> float:
        """Return a factor whose mean is 1."""
        return exp(error * z - error**2 / 2)


@lru_cache(maxsize=4096)
def _day_of(hour: int) -> date:
    """Return the local day that an hour since 1970 is in."""
    return start_of(hour * PER_HOUR, AMSTERDAM).date()


class HabitForecast:
    """The mean of the last seven days at the same time, and a deviation of the last hour that fades.

    As plain as a forecast of the load can be: what rivals are given.
    """

    def __init__(self, load_by_slot: BySlot) -> None:
        self._first = min(load_by_slot)
        self._loads = [load_by_slot[slot] for slot in range(self._first, self._first + len(load_by_slot))]
        self._sums = [0.0, *accumulate(self._loads)]
        self._habits = [self._habit(index) for index in range(len(self._loads))]

    def at(self, now_slot: int) -> dict[int, float]:
        """Return watts by slot for 48 h; nothing of what comes has an influence."""
        now = now_slot - self._first
        if now < PER_DAY:
            mean_w = self._sums[now] / now if now else 0.0
            return dict.fromkeys(range(now_slot, now_slot + HORIZON), mean_w)
        day = self._habits[now - PER_DAY : now]
        last = range(now - PER_HOUR, now)
        usual_w = sum(self._habits[index - PER_DAY] if index >= PER_DAY else self._loads[index] for index in last)
        off_w = (self._sums[now] - self._sums[now - PER_HOUR] - usual_w) / PER_HOUR
        return {
            now_slot + ahead: max(0.0, day[ahead % PER_DAY] + off_w * exp(-ahead / FADES_IN))
            for ahead in range(HORIZON)
        }

    def _habit(self, index: int) -> float:
        """Return the mean of a time of day on the days up to this one."""
        days = self._loads[
            index : max(-1, index - HABIT_DAYS * PER_DAY) if index >= HABIT_DAYS * PER_DAY else None : -PER_DAY
        ]
        return sum(days) / len(days)


class Publication:
    """Prices as they are known: today's, from 13:00 local time tomorrow's; or 48 h where nothing is published."""

    def __init__(self, prices: Mapping[int, SlotPrice], *, is_published: bool = True) -> None:
        self._prices, self._is_published = prices, is_published

    def at(self, now_slot: int) -> dict[int, SlotPrice]:
        """Return prices by slot from now on."""
        end = known_until(now_slot) if self._is_published else now_slot + HORIZON
        return {slot: self._prices[slot] for slot in range(now_slot, end) if slot in self._prices}


@lru_cache(maxsize=512)
def known_until(now_slot: int) -> int:
    """Return the first slot of which no price is published yet."""
    now = start_of(now_slot, AMSTERDAM)
    days = 2 if now.hour >= PUBLISHED_AT_H else 1
    end = now.date() + timedelta(days=days)
    return slot_of(datetime(end.year, end.month, end.day, tzinfo=AMSTERDAM))
