"""What batteries near full or empty were seen to be able to do."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.dispatch.headroom import (
    FORGOTTEN_S,
    ObservedLimit,
    follower_limit,
    leader_limit,
)
from custom_components.home_energy_controller.control.model import (
    BatteryObservation,
    Command,
    CommandKind,
    CommandOutcome,
    Mode,
    Timed,
)
from custom_components.home_energy_controller.control.settings import BatterySettings

BATTERY = BatterySettings(battery_id="a", rated_power_w=2500)
FULL = ObservedLimit(battery_id="a", sign=-1, power_w=1500.0, soc_pct=96.0, at=0.0)


def seen(power_w: float, soc_pct: float = 96.0, *, told_w: int = 0, at: float = 60.0) -> BatteryObservation:
    """Return a battery in Passive that was told something at 0 s."""
    command = Command(battery_id="a", kind=CommandKind.PASSIVE, power_w=told_w, countdown_s=300)
    outcome = CommandOutcome(command=command, sent_at=0.0, done_at=0.0, accepted=True)
    return BatteryObservation(
        battery_id="a",
        soc_pct=Timed(soc_pct, at),
        power_w=Timed(power_w, at),
        mode=Timed(Mode.PASSIVE, at),
        outcome=outcome,
    )


def asked(*grid_w: float) -> tuple[Timed[float], ...]:
    """Return what the meter showed in a minute."""
    return tuple(Timed(value, 60.0 * index / (len(grid_w) - 1)) for index, value in enumerate(grid_w))


def test_leader_that_leaves_work_undone_for_a_minute_near_full_can_do_no_more() -> None:
    surplus = asked(-800.0, -700.0, -900.0)
    assert leader_limit(BATTERY, seen(-1500.0), -1, surplus, 60.0) == replace(FULL, at=60.0)
    assert leader_limit(BATTERY, seen(0.0), -1, surplus, 60.0) == replace(FULL, at=60.0, power_w=0.0)


@pytest.mark.parametrize(
    ("observation", "grid_w"),
    [
        (seen(-1500.0, 80.0), (-800.0, -700.0)),
        (seen(-1500.0), (-800.0, 50.0, -700.0)),
        (seen(-1500.0), (-90.0, -90.0)),
        (seen(-1500.0, at=44.0), (-800.0, -700.0)),
        (seen(400.0), (-800.0, -700.0)),
        (BatteryObservation(battery_id="a"), (-800.0, -700.0)),
    ],
    ids=["far from full", "work was done in between", "hardly any work", "still on its way", "opposite", "unheard"],
)
def test_nothing_is_concluded_of_a_leader_from_anything_else(
    observation: BatteryObservation, grid_w: tuple[float, ...]
) -> None:
    assert leader_limit(BATTERY, observation, -1, asked(*grid_w), 60.0) is None


def test_nothing_is_concluded_from_less_than_a_minute() -> None:
    assert leader_limit(BATTERY, seen(-1500.0, at=50.0), -1, asked(-800.0, -700.0)[:1], 59.0) is None


def test_follower_near_full_that_takes_less_than_it_was_told_can_take_no_more() -> None:
    assert follower_limit(BATTERY, seen(-1500.0, told_w=-2400), -1) == replace(FULL, at=60.0)


@pytest.mark.parametrize(
    "observation",
    [
        seen(-2380.0, told_w=-2400),
        seen(-1500.0, 80.0, told_w=-2400),
        seen(-1500.0, told_w=2400),
        seen(-1500.0, told_w=-2400, at=9.0),
        replace(seen(-1500.0, told_w=-2400), mode=Timed(Mode.AUTO, 60.0)),
        replace(seen(-1500.0), outcome=None),
        replace(seen(-1500.0, told_w=-2400), soc_pct=None),
    ],
    ids=["does it", "far from full", "told otherwise", "ramps", "left Passive", "told nothing", "charge unknown"],
)
def test_nothing_is_concluded_of_a_follower_from_anything_else(observation: BatteryObservation) -> None:
    assert follower_limit(BATTERY, observation, -1) is None


def test_limit_holds_until_the_battery_does_more_moves_away_or_an_hour_has_passed() -> None:
    assert FULL.holds(97.0, -1500.0, 10.0)
    assert FULL.holds(95.1, 0.0, FORGOTTEN_S)
    assert not FULL.holds(95.0, 0.0, 10.0)
    assert not FULL.holds(97.0, -1600.0, 10.0)
    assert not FULL.holds(97.0, -1500.0, FORGOTTEN_S + 1)
