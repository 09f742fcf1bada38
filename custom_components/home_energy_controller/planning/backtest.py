"""What the plan would have made of past days, with what was known then."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from .forecasts import Records, learn_habits, published_until
from .judgement import DayResult, Shadow
from .modes import NET_ZERO, Choice, Storage
from .optimiser import Solution, solve
from .slots import slot_of

REPLAN_SLOTS = 12
"""A plan is made anew every three hours here; in life every quarter of an hour."""


def back_test(
    records: Records, storage: Storage, first_day: date, days: int, *, follows_market: bool
) -> Iterator[DayResult]:
    """Yield what each day would have cost without batteries, at net zero, by the plan, and with all known before.

    Days of which nothing is known are left out. The plan sees what was measured before, prices when they are published,
    and of the sun what had been forecast, or the week before.
    """
    shadow, value = Shadow(), 0.0
    for day in (first_day + timedelta(days=number) for number in range(days)):
        slots = day_slots(day, records.zone)
        habits, plan, shadow = learn_habits(records.load_w, slots.start, records.zone), None, shadow.tomorrow(value)
        for slot in slots:
            if plan is None or slot - plan[0] >= REPLAN_SLOTS:
                until = published_until(slot, records.zone) if follows_market else None
                outlook = None if habits is None else records.outlook(slot, habits, until)
                plan = None if outlook is None else (slot, solve(outlook.slots, storage))
            measured = records.measured(slot)
            if measured is None:
                continue
            choice = NET_ZERO if plan is None else _choose(plan, slot, shadow)
            value = value if plan is None else plan[1].value_per_kwh(slot - plan[0], shadow.plan.energy_wh)
            shadow = shadow.settled(choice, measured, storage)
        if shadow.slots:
            yield shadow.result(day, storage, value)


def _choose(plan: tuple[int, Solution], slot: int, shadow: Shadow) -> Choice:
    """Return what a plan chooses for the energy that its own account holds."""
    first, solution = plan
    return solution.choose(slot - first, min(shadow.plan.energy_wh, solution.storage.usable_wh), shadow.choice)


def day_slots(day: date, zone: tzinfo) -> range:
    """Return the slots of a local day: 92 or 100 when the clock changes."""
    midnights = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    first, end = (slot_of(midnight) for midnight in midnights)
    return range(first, end)
