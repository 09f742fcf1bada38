"""Past days played again, with what was known then."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pytest

from custom_components.home_energy_controller.planning.backtest import back_test, day_slots
from custom_components.home_energy_controller.planning.forecasts import Records
from custom_components.home_energy_controller.planning.judgement import DayResult, judge
from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of, start_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

from .build import AMSTERDAM, at, storage

FIRST = date(2026, 3, 23)
"""A Monday; on its Sunday the clock changes."""
DAYS = 5
OURS = storage(units=1, usable_wh=4500.0, charge_w=2500.0, discharge_w=2500.0, may_charge_from_grid=True)
FREE = storage(units=1, usable_wh=4500.0, charge_w=2500.0, discharge_w=2500.0)


def day_of(number: int) -> date:
    """Return a day counted from the first."""
    return FIRST + timedelta(days=number)


def home(*, is_flat: bool = False) -> Records:
    """Return three weeks of a home: cheap nights, dear evenings, load in the evening, and some sun."""
    slots = range(slot_of(at("2026-03-02T00:00")), slot_of(at("2026-04-06T00:00")))
    prices, load_w, sun_w = {}, {}, {}
    for slot in slots:
        hour = start_of(slot, AMSTERDAM).hour
        price = 0.30 if is_flat else 0.12 if hour < 6 else 0.45 if 17 <= hour < 22 else 0.28
        prices[slot] = SlotPrice(price, 0.05)
        load_w[slot] = 1000.0 if 17 <= hour < 22 else 250.0
        sun_w[slot] = 700.0 if 11 <= hour < 15 else 0.0
    return Records(prices=prices, load_w=load_w, sun_w=sun_w, sun_forecast_w={}, zone=AMSTERDAM)


def played(records: Records, days: int = DAYS, *, follows_market: bool = True) -> list[DayResult]:
    """Return the days."""
    return list(back_test(records, OURS, FIRST, days, follows_market=follows_market))


@cache
def usual() -> list[DayResult]:
    """Return the days of the home with all known, played once."""
    return played(home())


def test_a_plan_pays_where_nights_are_cheap_and_evenings_dear() -> None:
    """Every day is won, and no day beats knowing all before."""
    results = usual()
    assert [result.day for result in results] == [day_of(number) for number in range(DAYS)]
    assert all(result.slots == PER_DAY for result in results)
    assert judge([result.gain for result in results]).pays
    for result in results:
        assert result.gain > 0.3
        assert result.no_battery > result.net_zero > result.plan
        assert result.perfect is not None
        assert result.perfect < result.plan + 0.05


def test_the_plan_of_a_home_that_repeats_itself_is_nearly_perfect() -> None:
    """There is nothing that it could not know, but for the first day's charge."""
    for result in usual()[1:]:
        assert result.perfect == pytest.approx(result.plan, abs=0.06)


def test_no_battery_costs_what_the_meter_would_have_counted() -> None:
    """By the day's slots, one by one."""
    records = home()
    slots = day_slots(FIRST, AMSTERDAM)
    net_kwh = {slot: (records.load_w[slot] - records.sun_w[slot]) / 4000 for slot in slots}
    # Within a slot with sun there is both import and export, which `Expected` has by its spread.
    clear = [slot for slot in slots if not records.sun_w[slot]]
    at_least = sum(max(0.0, net_kwh[slot]) * records.prices[slot].buy for slot in clear)
    at_least += sum(net_kwh[slot] * records.prices[slot].sell for slot in slots if slot not in clear)
    assert usual()[0].no_battery == pytest.approx(at_least, rel=0.02)


def test_at_a_flat_price_there_is_nothing_to_win() -> None:
    """Nor to lose."""
    results = played(home(is_flat=True), 3, follows_market=False)
    assert len(results) == 3
    assert all(abs(result.gain) < 0.05 for result in results)


def test_days_of_which_nothing_is_known_are_left_out() -> None:
    """A day with gaps has the slots that are known, and is told apart by their number."""
    records = home()
    gap, half = day_slots(day_of(1), AMSTERDAM), day_slots(day_of(2), AMSTERDAM)[:50]
    load_w = {slot: power_w for slot, power_w in records.load_w.items() if slot not in gap and slot not in half}
    results = played(replace(records, load_w=load_w), 4)
    assert [(result.day, result.slots) for result in results] == [(day_of(0), 96), (day_of(2), 46), (day_of(3), 96)]


def test_slots_without_a_price_are_left_out() -> None:
    """They cannot be settled; the rest of the day is."""
    records = home()
    prices = {slot: price for slot, price in records.prices.items() if slot not in day_slots(FIRST, AMSTERDAM)[40:50]}
    assert played(replace(records, prices=prices), 1)[0].slots == 86


def test_without_history_the_plan_is_net_zero() -> None:
    """Nothing is won while nothing is known: a day has to be learnt first."""
    records = home()
    first = day_slots(FIRST, AMSTERDAM).start
    young = replace(records, load_w={slot: power_w for slot, power_w in records.load_w.items() if slot >= first})
    results = played(young, 3)
    assert [result.gain == 0 for result in results] == [True, False, False]


def test_nothing_of_later_days_is_looked_at() -> None:
    """Load, sun and prices after the second day may be anything: the first two come out the same."""
    records, after = home(), day_slots(day_of(1), AMSTERDAM).stop
    late = [slot for slot in records.load_w if slot >= after]
    changed = replace(
        records,
        load_w={**records.load_w, **dict.fromkeys(late, 4000.0)},
        sun_w={**records.sun_w, **dict.fromkeys(late, 4000.0)},
        sun_forecast_w={},
    )
    assert played(changed, 2) == usual()[:2]
    # What is published at 13 h may be seen from then on, what comes later may not.
    unknown = [slot for slot in late if slot >= day_slots(day_of(2), AMSTERDAM).stop]
    dear = {slot: SlotPrice(2.0, 2.0) for slot in unknown}
    assert played(replace(records, prices={**records.prices, **dear}), 2) == usual()[:2]


def test_tomorrow_s_prices_are_not_known_before_13_h() -> None:
    """A price of the second day changes nothing that is done in the morning of the first, but later it does."""
    records, tomorrow = home(), day_slots(day_of(1), AMSTERDAM)
    dear = {slot: SlotPrice(3.0, 0.05) for slot in tomorrow}
    changed = replace(records, prices={**records.prices, **dear})
    morning = set(day_slots(FIRST, AMSTERDAM)[:52])
    until_13 = {slot: power_w for slot, power_w in records.load_w.items() if slot < min(morning) or slot in morning}
    one, other = (played(replace(each, load_w=until_13), 1)[0] for each in (records, changed))
    assert one == other
    assert played(changed, 1)[0] != usual()[0]


@pytest.mark.parametrize(("first", "slots"), [(date(2026, 3, 29), 92)])
def test_the_day_of_the_clock_change_is_played_whole(first: date, slots: int) -> None:
    """All of its slots."""
    assert [each.slots for each in back_test(home(), OURS, first, 1, follows_market=True)] == [slots]


def test_without_permission_the_plan_buys_nothing_for_later() -> None:
    """It wins no more than what keeping for the evening brings."""
    bought = sum(result.gain for result in usual())
    kept = sum(result.gain for result in back_test(home(), FREE, FIRST, DAYS, follows_market=True))
    assert -0.01 * DAYS < kept < bought
