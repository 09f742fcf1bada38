"""Homes of the bench of plans, and the minutes of their years."""

from datetime import UTC, datetime, timedelta
from itertools import batched
from statistics import fmean, pstdev

import pytest

from benchmarks.plan.homes import CLOUD_EDGE, HOMES, home_named, load_minutes, sun_minutes, year_of
from benchmarks.plan.inputs import InputError, Series
from custom_components.home_energy_controller.planning.slots import slot_of

WEEK = range(slot_of(datetime(2025, 6, 2, tzinfo=UTC)), slot_of(datetime(2025, 6, 9, tzinfo=UTC)))


@pytest.mark.parametrize("name", ["family3", "small1", "family3_dark"])
def test_minutes_have_the_mean_of_their_quarter_and_are_never_negative(name: str) -> None:
    year = year_of(HOMES[name], WEEK)
    for minutes, means in ((year.load_w, year.load_by_slot), (year.pv_w, year.pv_by_slot)):
        assert len(minutes) == 15 * len(WEEK)
        assert min(minutes) >= 0
        for index, quarter in enumerate(batched(minutes, 15, strict=True)):
            assert fmean(quarter) == pytest.approx(means[WEEK[index]])
    assert list(year.net_w) == [load - sun for load, sun in zip(year.load_w, year.pv_w, strict=True)]
    assert year.net_by_slot()[WEEK[50]] == pytest.approx(fmean(year.net_w[750:765]))
    assert year.first_minute(WEEK[50]) == 750


def test_minutes_are_the_same_by_seed_and_move() -> None:
    means = [400.0] * 500
    minutes = load_minutes(means, "1")
    assert minutes == load_minutes(means, "1")
    assert minutes != load_minutes(means, "2")
    assert 50 < pstdev(minutes) < 400


def test_clouds_move_the_sun_only_where_the_sky_is_neither_clear_nor_dull() -> None:
    """And no cloud makes the roof larger."""
    means = ([0.0] * 40 + [4000.0] * 16 + [0.0] * 40) + ([0.0] * 40 + [2000.0] * 16 + [0.0] * 40)
    minutes = sun_minutes(means, "1")
    clear, broken = minutes[600:840], minutes[96 * 15 + 600 : 96 * 15 + 840]
    assert pstdev(clear) / 4000 < pstdev(broken) / 2000
    assert max(minutes) <= CLOUD_EDGE * 4000 + 1e-6
    assert minutes[0] == 0


def test_a_home_without_sun_has_none_whatever_the_file_says() -> None:
    sunny = Series(dict.fromkeys(WEEK, 1000.0))
    assert max(year_of(HOMES["family3_dark"], WEEK, pv=sunny).pv_w) == 0
    assert fmean(year_of(HOMES["family3"], WEEK, pv=sunny).pv_w) == pytest.approx(1000)


def test_minutes_of_a_file_are_kept() -> None:
    begin = datetime(2025, 6, 2, tzinfo=UTC)
    first = int(begin.timestamp()) // 60
    count = timedelta(days=7) // timedelta(minutes=1)
    own = {first + minute: float(minute % 7) for minute in range(count)}
    year = year_of(HOMES["family3"], WEEK, load=Series({}, own))
    assert list(year.load_w) == list(own.values())
    assert year.load_by_slot[WEEK.start] == pytest.approx(fmean(list(own.values())[:15]))


def test_homes_are_known_by_name() -> None:
    assert home_named("family3").charge_w == 7500
    assert home_named("family3_800").discharge_w == 2400
    assert not home_named("small1_dark").has_sun
    assert home_named("family1").usable_wh == pytest.approx(0.88 * 5120)
    with pytest.raises(InputError, match="family3"):
        home_named("castle")
