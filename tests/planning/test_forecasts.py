"""What is expected of load, sun and prices: by what lies before, never by what comes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from math import exp

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.home_energy_controller.planning.backtest import day_slots
from custom_components.home_energy_controller.planning.forecasts import (
    BIAS_LIMITS,
    FADES_SLOTS,
    HABIT_DAYS,
    HORIZON,
    Habits,
    Outlook,
    Records,
    SunSeen,
    expected,
    learn_habits,
    published_until,
)
from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of, start_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

from .build import AMSTERDAM, at

MONDAY = slot_of(at("2026-11-23T00:00"))
"""The first slot of a Monday in Amsterdam."""
FOUR_WEEKS = range(MONDAY - HABIT_DAYS * PER_DAY, MONDAY)
NOON, WEEK = 48, 7 * PER_DAY


def made(slots: range, value: Callable[[int], float]) -> dict[int, float]:
    """Return a value of each slot by its quarter of the day."""
    return {slot: value((slot - MONDAY) % PER_DAY) for slot in slots}


def is_weekend(slot: int) -> bool:
    """Return what kind of day a slot is of."""
    return start_of(slot, AMSTERDAM).weekday() >= 5


def habits_of(history_w: Mapping[int, float], first: int = MONDAY) -> Habits:
    """Return the habits that a history shows."""
    habits = learn_habits(history_w, first, AMSTERDAM)
    assert habits is not None
    return habits


# Load.


def test_load_is_expected_as_on_the_same_kind_of_day() -> None:
    """400 W on workdays, 900 W at weekends, and 2 kW at noon of a workday."""
    history_w = {
        slot: 900.0 if is_weekend(slot) else 2000.0 if (slot - MONDAY) % PER_DAY == NOON else 400.0
        for slot in FOUR_WEEKS
    }
    habits = habits_of(history_w)
    assert habits.at(MONDAY) == 400
    assert habits.at(MONDAY + NOON) == 2000
    assert habits.at(MONDAY + NOON + 1) == 400
    assert habits.at(MONDAY + 5 * PER_DAY + NOON) == 900


def test_the_clock_on_the_wall_counts_for_habits() -> None:
    """Dinner is at 18:00 before and after the clock changed."""
    first = slot_of(at("2026-10-27T00:00"))
    history_w = {
        slot: 3000.0 if start_of(slot, AMSTERDAM).hour == 18 else 200.0
        for slot in range(slot_of(at("2026-10-19T00:00")), first)
    }
    habits = habits_of(history_w, first)
    assert habits.at(slot_of(at("2026-10-27T18:00"))) == 3000
    assert habits.at(slot_of(at("2026-10-27T19:00"))) == 200


def test_without_a_weekend_in_the_history_workdays_have_to_do() -> None:
    """And where not even the quarter is known, the mean of all."""
    workdays = made(range(MONDAY, MONDAY + 3 * PER_DAY), lambda quarter: 100.0 * (quarter % 2))
    habits = habits_of(workdays, MONDAY + 4 * PER_DAY)
    assert habits.at(MONDAY + 5 * PER_DAY + 3) == 100
    without_noon = {slot: power_w for slot, power_w in workdays.items() if (slot - MONDAY) % PER_DAY != NOON}
    known = list(without_noon.values())
    assert habits_of(without_noon, MONDAY + 4 * PER_DAY).at(MONDAY + 5 * PER_DAY + NOON) == pytest.approx(
        sum(known) / len(known)
    )


def test_less_than_a_day_of_history_is_no_habit() -> None:
    """Nor is what is older than four weeks, or not yet past."""
    one_day = made(range(MONDAY - PER_DAY, MONDAY), lambda _: 300.0)
    assert learn_habits(one_day, MONDAY, AMSTERDAM) is not None
    del one_day[MONDAY - 1]
    assert learn_habits(one_day, MONDAY, AMSTERDAM) is None
    assert learn_habits(one_day, MONDAY + 60 * PER_DAY, AMSTERDAM) is None
    assert learn_habits(one_day, MONDAY - PER_DAY, AMSTERDAM) is None


def test_what_is_older_than_four_weeks_is_forgotten() -> None:
    """A summer's load is none of winter's."""
    old = made(range(FOUR_WEEKS.start - WEEK, FOUR_WEEKS.start), lambda _: 5000.0)
    assert habits_of(old | made(FOUR_WEEKS, lambda _: 300.0)).at(MONDAY) == 300


def test_the_last_hour_s_deviation_fades() -> None:
    """600 W more than usual in the last hour: so it begins, and within an hour and a half little is left."""
    history_w = made(FOUR_WEEKS, lambda _: 300.0)
    habits = habits_of(history_w)
    last_hour = dict.fromkeys(range(MONDAY, MONDAY + 4), 900.0)
    load_w = habits.load_w(history_w | last_hour, MONDAY + 4, 40)
    assert load_w[0] == pytest.approx(900)
    assert load_w[6] == pytest.approx(300 + 600 * exp(-6 / FADES_SLOTS))
    assert load_w == sorted(load_w, reverse=True)
    assert load_w[39] == pytest.approx(300, abs=1)


def test_a_deviation_counts_by_the_slots_that_were_seen() -> None:
    """None seen is none; the hour before does not count."""
    history_w = made(FOUR_WEEKS, lambda _: 300.0)
    habits = habits_of(history_w)
    assert habits.load_w({MONDAY + 9: 900.0}, MONDAY + 10, 1) == [pytest.approx(900)]
    assert habits.load_w({MONDAY + 5: 900.0}, MONDAY + 10, 1) == [300]
    assert habits.load_w({}, MONDAY + 10, 2) == [300, 300]


def test_a_house_never_feeds_the_grid_by_habit() -> None:
    """Far less than usual is no negative load."""
    history_w = made(FOUR_WEEKS, lambda quarter: 1000.0 if quarter < 4 else 100.0)
    habits = habits_of(history_w)
    load_w = habits.load_w(history_w | dict.fromkeys(range(MONDAY, MONDAY + 4), 0.0), MONDAY + 4, 20)
    assert min(load_w) == 0
    assert max(load_w) < 100


# Sun.


def bell(quarter: int) -> float:
    """Return a day's sun (W)."""
    return max(0.0, 3000.0 - 9.0 * (quarter - NOON) ** 2)


def sun(history_w: Mapping[int, float], forecast_w: Mapping[int, float]) -> SunSeen:
    """Return what the sun brought, and what was forecast of it."""
    return SunSeen(history_w, forecast_w, AMSTERDAM)


COMING = range(MONDAY, MONDAY + HORIZON)
TWO_WEEKS = range(MONDAY - 2 * WEEK, MONDAY)


def test_a_forecast_that_was_right_is_believed() -> None:
    """Slot by slot."""
    seen = sun(made(TWO_WEEKS, bell), made(TWO_WEEKS, bell))
    expected_w = seen.expected_w(made(COMING, bell), MONDAY)
    assert expected_w == pytest.approx(
        [bell(slot - MONDAY) if slot < MONDAY + PER_DAY else bell(slot - MONDAY - PER_DAY) for slot in COMING]
    )


@pytest.mark.parametrize(("share", "least", "most"), [(0.7, 0.70, 0.75), (1.5, 1.44, 1.5), (0.1, 0.5, 0.5), (6, 2, 2)])
def test_a_forecast_that_is_always_off_is_put_right_within_reason(share: float, least: float, most: float) -> None:
    """Two weeks outweigh the doubt; what is further off than half or twice is not of this roof."""
    seen = sun(made(TWO_WEEKS, lambda quarter: share * bell(quarter)), made(TWO_WEEKS, bell))
    factor = seen.expected_w(made(COMING, bell), MONDAY)[PER_DAY + NOON] / bell(NOON)
    assert least <= factor <= most
    assert BIAS_LIMITS == (0.5, 2.0)


def test_one_day_is_no_proof_of_a_bias() -> None:
    """It counts as much as the doubt: half of its deviation is believed."""
    yesterday = range(MONDAY - PER_DAY, MONDAY)
    seen = sun(made(yesterday, lambda quarter: 0.6 * bell(quarter)), made(yesterday, bell))
    assert seen.expected_w(made(COMING, bell), MONDAY)[PER_DAY + NOON] == pytest.approx(0.8 * bell(NOON))


def test_today_s_clouds_count_for_today_only() -> None:
    """A morning of half the sun makes the afternoon less; tomorrow is as forecast."""
    morning = range(MONDAY, MONDAY + NOON)
    history_w = made(TWO_WEEKS, bell) | made(morning, lambda quarter: 0.5 * bell(quarter))
    all_days = made(range(TWO_WEEKS.start, MONDAY + 3 * PER_DAY), bell)
    expected_w = sun(history_w, all_days).expected_w(all_days, MONDAY + NOON)
    assert 0.5 < expected_w[4] / bell(NOON + 4) < 0.72
    tomorrow = expected_w[PER_DAY] / bell(NOON)
    assert 0.95 < tomorrow <= 1.0


def test_the_first_light_of_a_day_says_little() -> None:
    """What was seen counts against a fifth of the day's sun."""
    dawn = range(MONDAY, MONDAY + 33)
    history_w = made(TWO_WEEKS, bell) | made(dawn, lambda _: 0.0)
    all_days = made(range(TWO_WEEKS.start, MONDAY + 3 * PER_DAY), bell)
    assert sun(history_w, all_days).expected_w(all_days, dawn.stop)[15] > 0.9 * bell(NOON)


def test_a_day_of_zeros_is_no_forecast() -> None:
    """At midnight some services have nothing else yet; it is no error either."""
    zeros = dict.fromkeys(range(TWO_WEEKS.start, COMING.stop), 0.0)
    assert sun(made(TWO_WEEKS, bell), zeros).expected_w(zeros, MONDAY)[NOON] == pytest.approx(bell(NOON))
    assert set(sun({}, {}).expected_w(dict.fromkeys(COMING, 0.0), MONDAY + NOON)) == {0.0}


def test_a_negative_forecast_is_no_sun() -> None:
    """Nonsense in, nothing out."""
    assert set(sun({}, {}).expected_w(dict.fromkeys(COMING, -50.0), MONDAY)) == {0.0}


@pytest.mark.parametrize("forecast_w", [None, {}])
def test_without_a_forecast_the_last_week_has_to_do(forecast_w: dict[int, float] | None) -> None:
    """The mean of the same quarter, for both days to come."""
    history_w = made(TWO_WEEKS, bell) | made(range(MONDAY - PER_DAY, MONDAY), lambda _: 0.0)
    expected_w = sun(history_w, {}).expected_w(forecast_w, MONDAY)
    assert expected_w[NOON] == pytest.approx(6 / 7 * bell(NOON))
    assert expected_w[PER_DAY + NOON] == pytest.approx(6 / 7 * bell(NOON))
    assert set(sun({}, {}).expected_w(None, MONDAY)) == {0.0}


def test_days_beyond_the_forecast_are_as_the_last_week() -> None:
    """A forecast of today only says nothing of tomorrow: it is not dark then."""
    seen = sun(made(TWO_WEEKS, bell), made(TWO_WEEKS, bell))
    today = made(range(MONDAY + 30, MONDAY + 66), lambda quarter: bell(quarter) / 2)
    expected_w = seen.expected_w(today, MONDAY)
    assert expected_w[NOON] == pytest.approx(bell(NOON) / 2)
    assert expected_w[0] == 0
    assert expected_w[PER_DAY + NOON] == pytest.approx(bell(NOON))


def test_a_forecast_that_ended_is_none() -> None:
    """What it said of the past weeks does not make the future dark."""
    past = made(TWO_WEEKS, bell)
    assert sun(past, past).expected_w(past, MONDAY)[NOON] == pytest.approx(bell(NOON))


# All of it.


def prices(slots: range) -> dict[int, SlotPrice]:
    """Return a price of each slot."""
    return {slot: SlotPrice(0.20 + 0.001 * ((slot - MONDAY) % PER_DAY), 0.05) for slot in slots}


def records() -> Records:
    """Return all that is known of a home, the days to come included."""
    all_slots = range(FOUR_WEEKS.start, MONDAY + 3 * PER_DAY)
    return Records(
        prices=prices(all_slots),
        load_w=made(all_slots, lambda quarter: 200.0 + 5 * quarter),
        sun_w=made(all_slots, lambda quarter: 0.8 * bell(quarter)),
        sun_forecast_w=made(all_slots, bell),
        zone=AMSTERDAM,
    )


def outlook_of(known: Records, first: int, known_until: int | None = None) -> Outlook:
    """Return what is expected by these records."""
    outlook = known.outlook(first, habits_of(known.load_w, first), known_until)
    assert outlook is not None
    return outlook


@settings(deadline=None, max_examples=10)
@given(
    later=st.integers(0, PER_DAY),
    power_w=st.floats(0, 9000),
    is_forgotten=st.booleans(),
    first=st.sampled_from([MONDAY, MONDAY + 20, MONDAY + NOON, MONDAY + 90]),
)
def test_what_comes_later_is_not_looked_at(later: int, power_w: float, is_forgotten: bool, first: int) -> None:
    """Load and sun at or after the first slot may be anything, or unknown: the outlook is the same."""
    known = records()
    changed = range(first + later, MONDAY + 3 * PER_DAY)
    others = dict.fromkeys(changed, power_w)
    load_w, sun_w = {**known.load_w, **others}, {**known.sun_w, **others}
    if is_forgotten:
        load_w, sun_w = ({slot: value for slot, value in each.items() if slot < first} for each in (load_w, sun_w))
    assert outlook_of(replace(known, load_w=load_w, sun_w=sun_w), first) == outlook_of(known, first)


def test_what_was_measured_last_is_looked_at() -> None:
    """So the test above would see it."""
    known = records()
    changed = replace(known, load_w={**known.load_w, MONDAY - 1: 9000.0})
    assert outlook_of(changed, MONDAY) != outlook_of(known, MONDAY)
    darker = replace(known, sun_w={**known.sun_w, MONDAY - NOON: 0.0})
    assert outlook_of(darker, MONDAY) != outlook_of(known, MONDAY)


def test_prices_that_are_not_published_are_those_of_the_day_before() -> None:
    """At 10 h those of today are known; tomorrow repeats today, and so does the day after."""
    known, first = records(), MONDAY + 40
    dear = {slot: SlotPrice(1.0, 1.0) for slot in range(MONDAY + PER_DAY, MONDAY + 3 * PER_DAY)}
    until = published_until(first, AMSTERDAM)
    outlook = outlook_of(replace(known, prices={**known.prices, **dear}), first, until)
    assert outlook.known == PER_DAY - 40
    assert [slot.buy for slot in outlook.slots] == [
        pytest.approx(0.20 + 0.001 * ((40 + index) % PER_DAY)) for index in range(HORIZON)
    ]
    assert outlook == outlook_of(replace(known, prices=prices(range(MONDAY - PER_DAY, until))), first)


def test_where_no_day_before_is_known_the_last_price_goes_on() -> None:
    """Better than nothing."""
    only = {MONDAY: SlotPrice(0.2, 0.1), MONDAY + 1: SlotPrice(0.3, 0.1)}
    outlook = outlook_of(replace(records(), prices=only), MONDAY)
    assert outlook.known == 2
    assert [slot.buy for slot in outlook.slots] == [0.2] + [0.3] * 95 + [0.2] + [0.3] * 95


def test_a_gap_in_the_prices_ends_what_is_known() -> None:
    """What comes after it is used, and the gap is filled."""
    known = records()
    gap = {slot: price for slot, price in known.prices.items() if slot != MONDAY + 10}
    outlook = outlook_of(replace(known, prices=gap), MONDAY)
    assert outlook.known == 10
    assert outlook.slots[10].buy == pytest.approx(0.21)
    assert outlook.slots[11].buy == pytest.approx(0.211)


def test_without_a_price_for_now_there_is_no_outlook() -> None:
    """The rest of the day is no help."""
    known = records()
    assert replace(known, prices={}).outlook(MONDAY, habits_of(known.load_w)) is None
    assert replace(known, prices=prices(range(MONDAY + 1, MONDAY + 9))).outlook(MONDAY, habits_of(known.load_w)) is None
    assert known.outlook(MONDAY, habits_of(known.load_w), known_until=MONDAY) is None


def test_the_outlook_is_load_less_sun_with_the_doubt_about_them() -> None:
    """Every slot has its own."""
    outlook = outlook_of(records(), MONDAY)
    assert len(outlook.slots) == len(outlook.load_w) == len(outlook.sun_w) == HORIZON
    for slot, load_w, sun_w in zip(outlook.slots, outlook.load_w, outlook.sun_w, strict=True):
        assert slot.net_load_w == pytest.approx(load_w - sun_w)
        assert slot.spread_w == pytest.approx(((0.9 * load_w) ** 2 + (0.3 * sun_w) ** 2) ** 0.5)


def test_a_slot_that_has_passed_is_as_it_was_measured() -> None:
    """Without its price or load it is not known; without sun there was none."""
    known = records()
    assert known.measured(MONDAY) == expected(200.0, 0.0, SlotPrice(0.20, 0.05))
    assert replace(known, sun_w={}).measured(MONDAY + NOON) == expected(440.0, 0.0, known.prices[MONDAY + NOON])
    assert replace(known, load_w={}).measured(MONDAY) is None
    assert replace(known, prices={}).measured(MONDAY) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23T12:59", "2026-11-24T00:00"),
        ("2026-11-23T13:00", "2026-11-25T00:00"),
        ("2026-11-23T00:00", "2026-11-24T00:00"),
        ("2026-11-23T23:59", "2026-11-25T00:00"),
        ("2026-03-28T14:00", "2026-03-30T00:00"),
        ("2026-03-29T01:30", "2026-03-30T00:00"),
        ("2026-10-24T14:00", "2026-10-26T00:00"),
        ("2026-10-25T12:00", "2026-10-26T00:00"),
    ],
)
def test_tomorrow_s_prices_are_known_from_13_h(now: str, until: str) -> None:
    """By the clock on the wall, on days of its change too."""
    assert published_until(slot_of(at(now)), AMSTERDAM) == slot_of(at(until))


def test_days_of_the_clock_change_are_known_whole() -> None:
    """92 and 100 quarters."""
    for day, slots in (("2026-03-28", 92), ("2026-10-24", 100)):
        tomorrow = day_slots(at(f"{day}T00:00").date() + timedelta(days=1), AMSTERDAM)
        assert published_until(slot_of(at(f"{day}T13:00")), AMSTERDAM) - tomorrow.start == slots
