"""The accounts of the plan: what each slot that has passed cost, really and in the plan's shadow, day by day."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from homeassistant.util import dt as dt_util

from ..planning.backtest import day_slots
from ..planning.forecasts import expected
from ..planning.judgement import DayResult, Shadow
from ..planning.modes import Choice, Storage
from ..planning.slots import PER_DAY, start_of
from ..planning.tariff import SlotPrice
from .plan_file import PlanPast
from .slot_meter import MeasuredSlot

WHOLE_DAY_SHARE: Final = 0.9
"""Of a day's slots, that have to be measured for it to be told what it cost, and for the plan to be judged by it."""
MOST_ENDED: Final = 7
"""Days that wait to be judged; one that cannot be does not wait for ever."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the batteries are and hold when a slot ends."""

    storage: Storage | None
    energy_wh: float | None
    """Above the reserve; None while it is not known."""
    value_per_kwh: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A day that has passed and was not judged yet."""

    day: date
    shadow: Shadow
    storage: Storage
    value_per_kwh: float
    actual: float | None

    def result(self) -> DayResult:
        """Return what the day came to; takes a tenth of a second."""
        return self.shadow.result(self.day, self.storage, self.value_per_kwh, self.actual)


class PlanBook:
    """Keeps the accounts."""

    def __init__(self, past: PlanPast) -> None:
        """Go on with what is stored."""
        self.past = past
        self._ended: list[Ended] = []
        self._ended_last: date | None = None
        self._before: tuple[int, float | None] | None = None
        """The slot that was settled last, and what the batteries held at its end."""

    @property
    def ended(self) -> tuple[Ended, ...]:
        """Return the days that ended and were not judged yet, the oldest first."""
        return tuple(self._ended)

    def keep(self, ended: Ended, result: DayResult) -> None:
        """Keep what a day came to; one that could not be judged is tried again."""
        # A clock that was set back by a day gives the same day twice.
        self.past.days = [*(each for each in self.past.days if each.day != result.day), result]
        self._ended = [each for each in self._ended if each != ended]

    def settle(self, done: MeasuredSlot, price: SlotPrice | None, choice: Choice, held: Held) -> None:
        """Settle a slot that has passed, in which the plan would have chosen this; with its last one, the day."""
        past, day = self.past, start_of(done.slot, dt_util.get_default_time_zone()).date()
        slot_before, energy_wh = self._before or (done.slot - 1, None)
        if 0 <= slot_before - done.slot < PER_DAY:  # The clock was set back: it is settled already.
            return
        if past.today != day:
            self._end_missed(day, held)
            known = slot_before == done.slot - 1 and energy_wh is not None
            self._begin_day(day, energy_wh if known else held.energy_wh, held.value_per_kwh)
        self._before = done.slot, held.energy_wh
        if done.is_whole:
            sun_w = past.sun_w.get(done.slot, past.sun_forecast_w.get(done.slot, 0.0))
            past.load_w.setdefault(done.slot, max(0.0, done.net_load_w + sun_w))
        if price is not None and done.is_whole:
            past.prices[done.slot] = price
            past.actual += done.imported_kwh * price.buy - done.exported_kwh * price.sell
            past.actual_slots += 1
            if held.storage is not None:
                sun_w = past.sun_w.get(done.slot, past.sun_forecast_w.get(done.slot, 0.0))
                measured = expected(max(0.0, done.net_load_w + sun_w), sun_w, price)
                # The net load is known, whatever is known of the sun.
                measured = replace(measured, net_load_w=done.net_load_w)
                past.shadow = past.shadow.settled(choice, measured, held.storage)
        if start_of(done.slot + 1, dt_util.get_default_time_zone()).date() != day:
            self._end_day(day, held)

    def _end_missed(self, day: date, held: Held) -> None:
        """End the day before one whose last slot nobody saw end: what the batteries held then is not known."""
        today = self.past.today
        told = {each.day for each in self.past.days} | {self._ended_last}
        if today is not None and today < day and today not in told:
            self._end_day(today, replace(held, energy_wh=None))

    def _begin_day(self, day: date, energy_wh: float | None, value_per_kwh: float) -> None:
        """Begin the accounts of a day; the first ones with what the batteries hold."""
        past = self.past
        is_first = past.today is None or not past.shadow.slots
        past.shadow = Shadow.beginning(energy_wh or 0.0) if is_first else past.shadow.tomorrow(value_per_kwh)
        past.today, past.actual, past.actual_slots, past.began_wh = day, 0.0, 0, energy_wh

    def _end_day(self, day: date, held: Held) -> None:
        """Keep a day for judgement."""
        self._ended_last = day
        past, slots = self.past, len(day_slots(day, dt_util.get_default_time_zone()))
        if held.storage is None or len(past.shadow.slots) < WHOLE_DAY_SHARE * slots:
            return
        actual = None
        if held.energy_wh is not None and past.began_wh is not None:
            actual = past.actual - (held.energy_wh - past.began_wh) / 1000 * held.value_per_kwh
        self._ended.append(Ended(day, past.shadow, held.storage, held.value_per_kwh, actual))
        del self._ended[:-MOST_ENDED]


def is_whole(day: DayResult) -> bool:
    """Return whether enough of a day is known to judge by it."""
    return day.slots >= WHOLE_DAY_SHARE * PER_DAY
