"""What the bench of plans lets planners know, and what not."""

from datetime import datetime
from statistics import fmean

import pytest

from benchmarks.plan.errors import HORIZON, HabitForecast, Publication, SunForecast, known_until
from benchmarks.plan.homes import HOMES, year_of
from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.profiles import roof
from benchmarks.plan.tariffs import CASES
from benchmarks.plan.view import Views
from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

MAY, JUNE = (slot_of(datetime(2025, month, 1, tzinfo=AMSTERDAM)) for month in (5, 6))
MONTH = range(MAY, JUNE)
SUN = roof(MONTH)
LOAD = {slot: 300.0 + slot % 96 + slot % 7 for slot in MONTH}


def local(day: int, hour: int, minute: int = 0) -> int:
    return slot_of(datetime(2025, 5, day, hour, minute, tzinfo=AMSTERDAM))


def test_the_sun_beyond_the_horizon_has_no_influence() -> None:
    """Nor what has been."""
    for now in (local(10, 0), local(10, 9, 15), local(10, 23, 45)):
        told = SunForecast(SUN, 1).at(now)
        assert now in told
        assert now + HORIZON - 4 <= max(told) < now + HORIZON
        other = {slot: value if now - 4 < slot < now + HORIZON else 9000.0 for slot, value in SUN.items()}
        assert SunForecast(other, 1).at(now) == told


def test_a_day_is_told_the_same_until_it_begins_and_then_better() -> None:
    """On the mean of a month; and each time it is asked, in whatever order."""
    forecast = SunForecast(SUN, 1)
    before, after, off_before, off_after = (
        dict[int, list[float]](),
        dict[int, list[float]](),
        list[float](),
        list[float](),
    )
    for day in range(3, 31):
        noon = range(local(day, 8), local(day, 18))
        told_early, told_late = forecast.at(local(day - 1, 18)), forecast.at(local(day - 1, 23, 45))
        before[day] = [told_early[slot] for slot in noon]
        assert before[day] == [told_late[slot] for slot in noon]
        after[day] = [forecast.at(local(day, 0))[slot] for slot in noon]
        assert after[day] == [forecast.at(local(day, 7))[slot] for slot in noon]
        truth = fmean(SUN[slot] for slot in noon)
        off_before.append(abs(fmean(before[day]) / truth - 1))
        off_after.append(abs(fmean(after[day]) / truth - 1))
    assert 0.12 < fmean(off_before) < 0.40
    assert fmean(off_after) < fmean(off_before)
    assert [forecast.at(local(10, 0))[slot] for slot in range(local(10, 8), local(10, 18))] == after[10]
    assert SunForecast(SUN, 2).at(local(10, 0)) != forecast.at(local(10, 0))


def test_hours_are_told_not_quarters() -> None:
    told = SunForecast(SUN, 1).at(local(10, 0))
    assert all(told[slot - slot % 4] == value for slot, value in told.items())


def test_a_habit_knows_nothing_of_what_comes() -> None:
    now = local(15, 9, 15)
    other = {slot: value if slot < now else 9000.0 for slot, value in LOAD.items()}
    told = HabitForecast(LOAD).at(now)
    assert HabitForecast(other).at(now) == told
    assert list(told) == list(range(now, now + HORIZON))
    assert told[now + 50] == pytest.approx(LOAD[now + 50], abs=4)


def test_a_habit_follows_the_last_hour_for_a_while() -> None:
    now = local(15, 9)
    other = {slot: value + 800 * (now - 4 <= slot < now) for slot, value in LOAD.items()}
    told, usual = HabitForecast(other).at(now), HabitForecast(LOAD).at(now)
    assert told[now] - usual[now] > 500
    assert told[now + 24] - usual[now + 24] < 50


def test_a_habit_of_less_than_a_day_is_a_mean() -> None:
    assert HabitForecast(LOAD).at(MAY)[MAY] == 0
    assert HabitForecast(LOAD).at(MAY + 4)[MAY + 90] == pytest.approx(fmean(LOAD[MAY + each] for each in range(4)))


@pytest.mark.parametrize(("hour", "minute", "until"), [(0, 0, 11), (12, 45, 11), (13, 0, 12), (23, 45, 12)])
def test_tomorrow_is_published_at_one(hour: int, minute: int, until: int) -> None:
    now = local(10, hour, minute)
    assert known_until(now) == local(until, 0)
    prices = {slot: SlotPrice(slot, slot) for slot in MONTH}
    assert list(Publication(prices).at(now)) == list(range(now, local(until, 0)))
    assert len(Publication(prices, is_published=False).at(now)) == HORIZON


def test_days_of_the_clock_change_are_published_whole() -> None:
    now = slot_of(datetime(2025, 10, 25, 13, tzinfo=AMSTERDAM))
    assert known_until(now) - now == 11 * 4 + 100


def test_a_view_is_made_of_these() -> None:
    """A home without panels is told of no sun; perfect forecasts are what comes."""
    home, spot, now = HOMES["family3"], dict.fromkeys(MONTH, 0.1), local(10, 9)
    year = year_of(home, MONTH)
    view = Views(home, year, CASES["nl_dynamic"], spot).at(now, 9000.0)
    assert len(view.prices) == 15 * 4
    assert now in view.prices
    assert now - 1 not in view.prices
    assert view.stored_wh == pytest.approx(9000 - home.reserve_wh)
    assert view.net_w(now) == pytest.approx(view.load_forecast_w[now] - view.sun_forecast_w[now])
    perfect = Views(home, year, CASES["flat"], spot, perfect=True).at(now, 9000.0)
    assert perfect.net_w(now + 100) == pytest.approx(year.net_by_slot()[now + 100])
    assert len(perfect.prices) == HORIZON
    dark = HOMES["family3_dark"]
    assert not Views(dark, year_of(dark, MONTH), CASES["flat"], spot).at(now, 9000.0).sun_forecast_w
