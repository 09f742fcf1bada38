"""The window of a check, and its verdict."""

from typing import Any

import pytest

from demo.window import NoWindowError, Result, choose_window, missed, share_above

GOOD = Result(
    scenario="C",
    window_start_s=100,
    settle_s=90,
    seconds=180,
    share_above_one_battery=1.0,
    mean_abs_grid_w=400.0,
    mean_abs_grid_w_home_assistant=500.0,
    mean_abs_grid_w_none=3500.0,
    mean_abs_grid_w_one_auto=1000.0,
    cross_charged_wh=1.0,
    moved_wh=100.0,
    follower_wh=30.0,
    commands_sent=4,
    commands_sent_while_settling=3,
    samples=180,
    samples_without_value=0,
    state="leader_and_followers",
    log_errors=0,
)


def test_window_is_where_one_battery_leaves_most_to_the_grid() -> None:
    """Import and export count alike."""
    net_load_w = [0.0] * 50 + [-2600.0] * 50 + [0.0] * 50 + [4000.0] * 50 + [0.0] * 50
    assert choose_window(net_load_w, seconds=50, lead_in=0, limit_w=2500) == 150


def test_window_leaves_room_for_the_lead_in() -> None:
    """The scenario plays before the window as well."""
    net_load_w = [5000.0] * 50 + [3000.0] * 100
    assert choose_window(net_load_w, seconds=50, lead_in=50, limit_w=2500) == 50


def test_window_exceeds_the_limit_at_least_half_of_the_time() -> None:
    """A short peak is no window."""
    net_load_w = [0.0] * 100 + [9000.0] * 20 + [0.0] * 100 + [2600.0] * 25 + [0.0] * 100
    start = choose_window(net_load_w, seconds=50, lead_in=0, limit_w=2500)
    assert share_above(net_load_w[start : start + 50], 2500) == 0.5


def test_quiet_scenario_has_no_window() -> None:
    """A check there would prove nothing."""
    with pytest.raises(NoWindowError, match="2500 W"):
        choose_window([2400.0] * 200, seconds=60, lead_in=0, limit_w=2500)


def test_good_result_misses_nothing() -> None:
    """All lines are met."""
    assert missed(GOOD) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"mean_abs_grid_w": 501.0}, "of the house"),
        ({"mean_abs_grid_w_home_assistant": 501.0}, "in Home Assistant"),
        ({"mean_abs_grid_w_home_assistant": None}, "in Home Assistant"),
        ({"cross_charged_wh": 1.1}, "cross-charged"),
        ({"follower_wh": 0.0}, "followers"),
        ({"log_errors": 1}, "errors"),
    ],
)
def test_each_line_of_the_acceptance_can_be_missed(change: dict[str, Any], word: str) -> None:
    """Each by itself."""
    result = GOOD.copy()
    result.update(change)  # type: ignore[typeddict-item] # the parameters are checked by running
    (line,) = missed(result)
    assert word in line
