"""Scores of runs whose answer can be worked out by hand."""

import pytest

from benchmarks.scores import compare, left_ct, mean_and_error, score
from tests.benchmarks.build import record

HOUR = 3600


def test_import_and_export_are_paid_at_the_flat_price() -> None:
    """1 kWh bought and 2 kWh sold: 30 - 16 ct."""
    scores = score(record([1000.0] * HOUR + [-2000.0] * HOUR))
    assert scores["import_kwh"] == pytest.approx(1.0)
    assert scores["export_kwh"] == pytest.approx(2.0)
    assert scores["exchange_kwh"] == pytest.approx(3.0)
    assert scores["cost_flat_ct"] == pytest.approx(30.0 - 16.0)


@pytest.mark.parametrize(
    ("start_hour", "cost_ct"),
    [(21.0, 34.0 + 24.0), (6.0, 24.0 + 34.0), (12.0, 34.0 + 34.0), (5 * 24 + 12.0, 24.0 + 24.0)],
)
def test_day_is_monday_to_friday_from_7_to_22(start_hour: float, cost_ct: float) -> None:
    """Two hours across 22:00, across 7:00, at noon, and at noon of a Saturday."""
    assert score(record([1000.0] * 2 * HOUR, start_hour=start_hour))["cost_day_night_ct"] == pytest.approx(cost_ct)


def test_energy_left_is_worth_091_of_the_lowest_price() -> None:
    """A kWh gained takes 27.3 ct off the flat cost and 21.84 ct off the other."""
    scores = score(record([0.0] * HOUR, gained_wh=1000.0))
    assert scores["cost_flat_ct"] == pytest.approx(-27.3)
    assert scores["cost_day_night_ct"] == pytest.approx(-21.84)
    assert left_ct((34.0, 24.0)) == pytest.approx(21.84)


def test_cross_charging_is_the_smaller_side() -> None:
    """One gives 2 kW, two take 0.5 kW each: 1 kWh in an hour crosses."""
    scores = score(record([0.0] * HOUR, [[2000.0] * HOUR, [-500.0] * HOUR, [-500.0] * HOUR]))
    assert scores["cross_kwh"] == pytest.approx(1.0)
    assert scores["cycles"] == pytest.approx((2.0 + 0.5 + 0.5) / 10 / 3)
    assert scores["cycles_spread_pct"] == pytest.approx(100 * (0.2 - 0.05) / 0.1)


def test_starts_count_each_battery_that_begins_to_run() -> None:
    """10 W is standing still; one battery starts twice, the other never."""
    scores = score(record([0.0] * 6, [[10, 500, 500, 10, -500, 0], [500, 500, 500, 500, 0, 0]]))
    assert scores["starts_per_h"] == pytest.approx(2 * 600)
    assert scores["travel_kw_per_h"] == pytest.approx((490 + 490 + 510 + 500 + 500) / 1000 * 600)


def test_spread_is_taken_at_the_end_and_in_the_mean() -> None:
    """50/48 in the first minute, 60/50 in the second."""
    scores = score(record([0.0] * 120, [[0.0] * 120] * 2))
    assert (scores["soc_spread_end_pct"], scores["soc_spread_mean_pct"]) == (10.0, 6.0)


def test_crossings_are_counted_while_the_load_is_steady_only() -> None:
    """The meter leaves the band and comes back in a steady load, then because of a step."""
    grid_w = [0.0] * 60 + [30.0] + [0.0] * 59 + [1000.0] + [0.0] * 59
    battery_w = [500.0] * 60 + [470.0] + [500.0] * 59 + [500.0] + [1500.0] * 59
    scores = score(record(grid_w, [battery_w]))
    steady_s = 180 - 29 - 29  # from 29 s on, and 29 s after the step not
    assert scores["crossings_per_h"] == pytest.approx(2 * 3600 / steady_s)
    assert scores["steady_exchange_kwh"] == pytest.approx(30.0 / 3.6e6)


def test_peaks_are_means_over_fixed_periods() -> None:
    """4 kW for a minute, in a quarter of an hour of export, which does not count against it."""
    scores = score(record([4000.0] * 60 + [-1000.0] * 840 + [200.0] * 900))
    assert scores["peak_1min_w"] == pytest.approx(4000.0)
    assert scores["peak_15min_w"] == pytest.approx(4000.0 / 15)


def test_traffic_is_per_hour() -> None:
    """Six commands in half an hour."""
    scores = score(record([0.0] * 1800))
    assert (scores["commands_per_h"], scores["mode_changes_per_h"]) == (12.0, 4.0)


def test_settling_is_when_the_meter_has_stayed_near_zero_for_ten_seconds() -> None:
    """A step of 1 kW at 60 s, back for a moment after 5 s, 10 % beyond after 20 s, calm from 30 s on."""
    after_w = [1000.0] * 5 + [0.0] * 5 + [500.0] * 10 + [-100.0] * 10 + [0.0] * 30
    battery_w = [0.0] * 60 + [1000.0 - watts for watts in after_w]
    scores = score(record([0.0] * 60 + after_w, [battery_w]), event_s=60)
    assert scores["settling_s"] == 30.0
    assert scores["overshoot_pct"] == pytest.approx(10.0)


def test_comparison_is_with_the_references_of_the_same_run() -> None:
    """Twelve hours: what is above the references counts double per day."""
    own = {"exchange_kwh": 3.0, "steady_exchange_kwh": 1.0, "loss_kwh": 0.7, "hours": 12.0}
    own |= {"cost_flat_ct": 40.0, "cost_day_night_ct": 50.0}
    tracking = {"exchange_kwh": 1.0, "steady_exchange_kwh": 0.25, "loss_kwh": 0.5}
    cost, idle = {"cost_flat_ct": 20.0, "cost_day_night_ct": 45.0}, {"cost_flat_ct": 100.0}
    compared = compare(own, tracking, cost, idle)
    assert compared["unwanted_kwh"] == 2.0
    assert compared["unwanted_steady_kwh"] == 0.75
    assert compared["extra_loss_kwh"] == pytest.approx(0.2)
    assert compared["regret_flat_ct_per_day"] == 40.0
    assert compared["regret_day_night_ct_per_day"] == 10.0
    assert compared["saving_pct"] == pytest.approx(75.0)


def test_standard_error_is_that_of_the_mean() -> None:
    """1, 2, 3: standard deviation 1, over the root of 3; one seed has none."""
    assert mean_and_error({1: 1.0, 2: 2.0, 3: 3.0}) == pytest.approx((2.0, 3**-0.5))
    assert mean_and_error({1: 5.0}) == (5.0, 0.0)
