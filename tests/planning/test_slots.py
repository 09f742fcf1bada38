"""Quarters of an hour: their numbers, and the mean of what holds in them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.home_energy_controller.planning.backtest import day_slots
from custom_components.home_energy_controller.planning.slots import PER_DAY, SLOT_S, by_slot, slot_of, start_of

from .build import AMSTERDAM, MONDAY, at

BEGIN = start_of(MONDAY)


def minutes(number: float) -> datetime:
    """Return a moment so many minutes after the first slot's begin."""
    return BEGIN + timedelta(minutes=number)


def test_a_slot_begins_with_its_quarter_and_ends_before_the_next() -> None:
    """Its last microsecond is still in it."""
    assert slot_of(minutes(0)) == MONDAY
    assert slot_of(minutes(15) - timedelta(microseconds=1)) == MONDAY
    assert slot_of(minutes(15)) == MONDAY + 1
    assert start_of(MONDAY + 1) == minutes(15)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(AMSTERDAM)))  # noqa: DTZ001  # Aware by `timezones`.
def test_every_moment_is_within_its_slot(moment: datetime) -> None:
    """In any zone."""
    since = moment.timestamp() - start_of(slot_of(moment), AMSTERDAM).timestamp()
    assert 0 <= since < SLOT_S


def test_an_hour_is_four_quarters_of_the_same() -> None:
    """What holds longer than a slot holds in each."""
    assert by_slot([(minutes(0), minutes(60), 7.0)]) == {MONDAY + index: 7.0 for index in range(4)}


def test_a_slot_has_the_mean_of_what_held_in_it_by_time() -> None:
    """5 minutes of 300 W and 10 of 0 W are 100 W."""
    rows = [(minutes(0), minutes(5), 300.0), (minutes(5), minutes(15), 0.0)]
    assert by_slot(rows) == {MONDAY: pytest.approx(100)}


def test_rows_need_no_order_and_may_cross_slots() -> None:
    """The second slot has two thirds of the one, one third of the other."""
    rows = [(minutes(25), minutes(40), 30.0), (minutes(10), minutes(25), 90.0)]
    assert by_slot(rows) == {MONDAY + 1: pytest.approx((10 * 90 + 5 * 30) / 15), MONDAY + 2: pytest.approx(30)}


@pytest.mark.parametrize(("known_min", "is_known"), [(5, False), (7.5, False), (8, True), (14, True)])
def test_a_slot_of_which_half_is_unknown_is_left_out(known_min: float, is_known: bool) -> None:
    """More than half stands for the whole."""
    assert by_slot([(minutes(0), minutes(known_min), 5.0)]) == ({MONDAY: 5.0} if is_known else {})


def test_nothing_known_is_nothing_and_no_time_is_no_slot() -> None:
    """A row that ends when it begins says nothing."""
    assert by_slot([]) == {}
    assert by_slot([(minutes(3), minutes(3), 9.0)]) == {}


@pytest.mark.parametrize(
    ("day", "slots"),
    [("2026-03-28", 96), ("2026-03-29", 92), ("2026-10-24", 96), ("2026-10-25", 100)],
)
def test_days_of_the_clock_change_have_fewer_or_more_slots(day: str, slots: int) -> None:
    """Each day begins where the one before ended."""
    midnight = at(f"{day}T00:00")
    theirs = day_slots(midnight.date(), AMSTERDAM)
    assert len(theirs) == slots
    assert theirs.start == slot_of(midnight)
    assert theirs.stop == slot_of(midnight + timedelta(days=1))
    assert day_slots(midnight.date() + timedelta(days=1), AMSTERDAM).start == theirs.stop


def test_the_hour_that_comes_twice_is_eight_slots() -> None:
    """By UTC nothing is repeated: a value of the first 2 o'clock is not one of the second."""
    first, second = datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert start_of(slot_of(first), AMSTERDAM).hour == start_of(slot_of(second), AMSTERDAM).hour == 2
    known = by_slot([(first, second, 1.0), (second, second + timedelta(hours=1), 2.0)])
    assert len(known) == 8
    assert sorted(known.values()) == [1.0] * 4 + [2.0] * 4
    assert PER_DAY * SLOT_S == 86400
