"""What each battery may do."""

import pytest

from custom_components.home_energy_controller.control.model import Strategy
from custom_components.home_energy_controller.control.permissions import (
    CHARGE_ONLY,
    DISCHARGE_ONLY,
    FREE,
    NOTHING_ALLOWED,
    Permission,
    allowed_power_w,
    by_soc,
    by_strategy,
    near_bound,
    of_auto,
)
from tests.control.build import battery


@pytest.mark.parametrize(
    ("strategy", "permission"),
    [
        (Strategy.ZERO, FREE),
        (Strategy.FIXED, FREE),
        (Strategy.ZERO_CHARGE_ONLY, CHARGE_ONLY),
        (Strategy.TO_FULL, CHARGE_ONLY),
        (Strategy.ZERO_DISCHARGE_ONLY, DISCHARGE_ONLY),
        (Strategy.STANDBY, NOTHING_ALLOWED),
        (Strategy.CHARGE_FROM_GRID, CHARGE_ONLY),
        (Strategy.DELIVER_TO_GRID, DISCHARGE_ONLY),
    ],
)
def test_strategy_opens_directions(strategy: Strategy, permission: Permission) -> None:
    """And closes the others for everybody."""
    assert by_strategy(strategy) == permission


def test_reserve_and_ceiling_close_a_direction_and_open_it_again_only_2_percent_away() -> None:
    """Cells recover at rest."""
    cell = battery(reserve_pct=20, max_soc_pct=90)
    assert by_soc(cell, 20.5) == by_soc(cell, 89.5) == FREE
    empty, full = by_soc(cell, 20), by_soc(cell, 90)
    assert (empty, full) == (CHARGE_ONLY, DISCHARGE_ONLY)
    assert by_soc(cell, 22, empty) == CHARGE_ONLY
    assert by_soc(cell, 22.1, empty) == FREE
    assert by_soc(cell, 88, full) == DISCHARGE_ONLY
    assert by_soc(cell, 87.9, full) == FREE


def test_only_what_all_doors_allow_is_allowed() -> None:
    """The strategy opens nothing that the charge closed."""
    assert CHARGE_ONLY & DISCHARGE_ONLY == NOTHING_ALLOWED
    assert FREE & CHARGE_ONLY == CHARGE_ONLY
    assert FREE.both
    assert not CHARGE_ONLY.both


def test_full_device_may_stay_in_auto_because_it_refuses_by_itself() -> None:
    """A lower ceiling or the reserve it does not know."""
    assert of_auto(battery(max_soc_pct=100), Strategy.ZERO, by_soc(battery(), 100)) == FREE
    lower = battery(max_soc_pct=90)
    assert of_auto(lower, Strategy.ZERO, by_soc(lower, 95)) == DISCHARGE_ONLY
    assert of_auto(battery(), Strategy.ZERO, by_soc(battery(), 12)) == CHARGE_ONLY
    assert of_auto(battery(), Strategy.ZERO_DISCHARGE_ONLY, FREE) == DISCHARGE_ONLY


def test_setpoints_are_held_within_limits_and_permission() -> None:
    """To the nearest that is allowed."""
    cell = battery(max_charge_w=1000, max_discharge_w=600)
    assert [allowed_power_w(power, cell, FREE) for power in (900, -900, -2000, 0)] == [600, -900, -1000, 0]
    assert allowed_power_w(500, cell, CHARGE_ONLY) == 0
    assert allowed_power_w(-500, cell, DISCHARGE_ONLY) == 0


def test_class_limits_more_than_the_owner() -> None:
    """The device would clamp without a word."""
    assert allowed_power_w(2000, battery(rated_power_w=800), FREE) == 800
    assert allowed_power_w(2000, battery(max_discharge_w=-5), FREE) == 0


def test_near_a_bound_less_power_than_told_is_no_fault() -> None:
    """Charging tapers from 95 %, the floor is at about 12 %."""
    assert near_bound(battery(), 95, -1000)
    assert not near_bound(battery(), 94, -1000)
    assert not near_bound(battery(), 95, 1000)
    assert near_bound(battery(max_soc_pct=80), 77, -1000)
    assert near_bound(battery(), 15, 1000)
    assert not near_bound(battery(), 16, 1000)
    assert near_bound(battery(reserve_pct=40), 43, 1000)
