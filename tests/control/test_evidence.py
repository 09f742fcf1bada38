"""What the last minute of the meter says."""

import pytest

from custom_components.home_energy_controller.control.dispatch import evidence
from custom_components.home_energy_controller.control.dispatch.evidence import MeterWindow
from custom_components.home_energy_controller.control.model import Timed
from custom_components.home_energy_controller.control.permissions import (
    CHARGE_ONLY,
    DISCHARGE_ONLY,
    FREE,
    NOTHING_ALLOWED,
    Permission,
)


def meter_window(power_w: float, *, to: float = 100.0, since: float = 40.0) -> MeterWindow:
    """Return a reading every ten seconds."""
    return tuple(Timed(power_w, at) for at in range(int(since), int(to) + 1, 10))


def test_minute_keeps_what_is_needed_and_no_more() -> None:
    """A little more than 60 s, however long it runs."""
    kept: MeterWindow = ()
    for at in range(0, 1000, 5):
        kept = evidence.extended(kept, Timed(at, at), at)
    assert [reading.at for reading in kept] == list(range(920, 1000, 5))


def test_same_reading_is_not_counted_twice_and_nothing_is_not_counted() -> None:
    """A slow sensor shows one value for many cycles."""
    once = evidence.extended((), Timed(1, 10), 10)
    assert evidence.extended(once, Timed(1, 10), 12) == once
    assert evidence.extended(once, None, 12) == once


def test_after_a_gap_the_minute_begins_anew() -> None:
    """Two readings an hour apart have no mean."""
    assert evidence.extended(meter_window(1), Timed(2, 131), 131) == (Timed(2, 131),)
    assert len(evidence.extended(meter_window(1), Timed(2, 130), 130)) == 6


def test_nothing_is_known_before_a_minute_is_over() -> None:
    """Neither the mean nor the mean distance."""
    assert evidence.mean_w((), 100) is None
    assert evidence.mean_w(meter_window(5, since=50), 100) is None
    assert evidence.mean_distance_w(meter_window(5, since=50), 100) is None
    assert evidence.mean_w(meter_window(5), 100) == 5
    assert evidence.mean_distance_w((*meter_window(-5), Timed(5, 101)), 101) == 5


def test_leader_that_may_do_everything_is_never_held() -> None:
    """There is nothing to hold it from."""
    assert not evidence.held(True, FREE, 500, (), 100)


def test_leader_that_may_do_nothing_is_held() -> None:
    """Whatever the meter shows."""
    assert evidence.held(False, NOTHING_ALLOWED, 0, meter_window(-500), 100)


@pytest.mark.parametrize(("allowed", "sign"), [(CHARGE_ONLY, -1), (DISCHARGE_ONLY, 1)])
def test_auto_is_given_after_a_minute_of_work_and_taken_at_the_first_sign_of_the_other(
    allowed: Permission, sign: int
) -> None:
    """Both ways round."""
    assert evidence.held(True, allowed, 0, meter_window(sign * 500, since=50), 100)
    assert not evidence.held(True, allowed, 0, meter_window(sign * 500), 100)
    assert evidence.held(True, allowed, 0, (*meter_window(sign * 500), Timed(sign * 40, 100)), 100)
    assert evidence.held(True, allowed, 0, meter_window(-sign * 500), 100)
    assert not evidence.held(False, allowed, sign * 500, (), 100)
    assert not evidence.held(False, allowed, -sign * 40, (), 100)
    assert evidence.held(False, allowed, -sign * 60, meter_window(sign * 500), 100)


@pytest.mark.parametrize("sign", [1, -1])
def test_work_is_undone_when_the_meter_asks_for_the_same_all_the_minute(sign: int) -> None:
    """And all that excuses a leader."""
    work = meter_window(sign * 301)
    assert evidence.undone_sign(work, 100) == sign
    assert not evidence.undone_sign(meter_window(sign * 300), 100)
    assert not evidence.undone_sign(meter_window(sign * 301, since=50), 100), "less than a minute"
    brought = (*meter_window(sign * 900), Timed(sign * 40.0, 100))
    assert not evidence.undone_sign(brought, 100), "it did bring the meter to 0"


@pytest.mark.parametrize("sign", [1, -1])
def test_leader_works_against_the_meter_when_it_had_the_time_to_turn_round(sign: int) -> None:
    """An HMG-50 waits for ten answers of its meter."""
    work = meter_window(sign * 400)
    assert evidence.works_against(sign, Timed(sign * -301.0, 85), work)
    assert not evidence.works_against(sign, Timed(sign * -300.0, 85), work), "it may be about to turn"
    assert not evidence.works_against(sign, Timed(sign * -2500.0, 84), work), "read too soon"
    assert not evidence.works_against(sign, Timed(sign * 2500.0, 85), work)


def test_leader_that_is_on_its_way_makes_an_effort() -> None:
    """50 W further in the right direction, at any pace."""
    begun = evidence.best_output(None, Timed(100.0, 0), 900)
    assert evidence.best_output(begun, Timed(149.0, 30), 900) == Timed(100, 0)
    assert evidence.best_output(begun, Timed(150.0, 30), 900) == Timed(150, 30)
    assert evidence.best_output(begun, Timed(50.0, 30), 900) == Timed(100, 0), "the wrong way"
    assert evidence.best_output(begun, Timed(50.0, 30), -900) == Timed(50, 30)
