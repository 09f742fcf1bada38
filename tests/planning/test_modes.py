"""What each mode asks of the batteries, and what that costs."""

from hypothesis import given, strategies as st
import pytest

from custom_components.home_energy_controller.control.losses import loss_w
from custom_components.home_energy_controller.planning.modes import (
    NET_ZERO,
    SHARES,
    Choice,
    PlanMode,
    Storage,
    outcome,
)

from .build import CHARGE_ONLY, DISCHARGE_ONLY, STANDBY, slot, storage

CHARGE_600 = Choice(PlanMode.CHARGE_FROM_GRID, -600)
DELIVER_600 = Choice(PlanMode.DELIVER_TO_GRID, 600)
ANY_CHOICE = st.sampled_from(storage(may_charge_from_grid=True, may_deliver_to_grid=True).choices())


@pytest.mark.parametrize(
    ("choice", "at_surplus", "at_deficit", "at_large_surplus", "at_large_deficit"),
    [
        (NET_ZERO, -400, 400, -2000, 2000),
        (CHARGE_ONLY, -400, 0, -2000, 0),
        (DISCHARGE_ONLY, 0, 400, 0, 2000),
        (STANDBY, 0, 0, 0, 0),
        (CHARGE_600, -600, -600, -2000, -600),
        (DELIVER_600, 600, 600, 600, 2000),
    ],
)
def test_what_a_mode_asks_of_the_batteries(
    choice: Choice, at_surplus: float, at_deficit: float, at_large_surplus: float, at_large_deficit: float
) -> None:
    """At 400 W and at 2000 W; grid modes take all of the surplus, or serve all of the house, if that is more."""
    strong = Storage(units=1, usable_wh=5000.0, charge_w=1e6, discharge_w=1e6)
    asked = [strong.power_w(choice, net_load_w) for net_load_w in (-400, 400, -2000, 2000)]
    assert asked == [at_surplus, at_deficit, at_large_surplus, at_large_deficit]


def test_no_more_is_done_than_the_batteries_can() -> None:
    """Each direction has its own limit."""
    ours = storage(charge_w=2500.0, discharge_w=800.0)
    assert ours.power_w(NET_ZERO, -4000) == -2500
    assert ours.power_w(NET_ZERO, 4000) == 800
    assert ours.power_w(Choice(PlanMode.CHARGE_FROM_GRID, -5000), 0) == -2500
    assert ours.power_w(Choice(PlanMode.DELIVER_TO_GRID, 5000), 0) == 800


def test_the_connection_leaves_the_batteries_what_the_house_does_not_use() -> None:
    """A house beyond the limit by itself is no reason to turn round."""
    ours = storage(max_import_w=3000.0, max_export_w=2000.0)
    charge, deliver = Choice(PlanMode.CHARGE_FROM_GRID, -5000), Choice(PlanMode.DELIVER_TO_GRID, 5000)
    assert ours.power_w(charge, 1000) == -2000
    assert ours.power_w(charge, -1000) == -4000
    assert ours.power_w(charge, 3500) == 0
    assert ours.power_w(deliver, 500) == 2500
    assert ours.power_w(deliver, -500) == 1500
    assert ours.power_w(deliver, -2500) == 0


@given(choice=ANY_CHOICE, net_load_w=st.floats(-12_000, 12_000), limit_w=st.floats(0, 12_000))
def test_batteries_never_push_the_connection_beyond_its_limits(
    choice: Choice, net_load_w: float, limit_w: float
) -> None:
    """The grid is within, or no further out than with the batteries at rest."""
    ours = storage(max_import_w=limit_w, max_export_w=limit_w)
    power_w = ours.power_w(choice, net_load_w)
    assert -5000 <= power_w <= 5000
    if power_w:
        assert abs(net_load_w - power_w) <= max(limit_w, abs(net_load_w)) + 1e-6


@given(
    choice=st.sampled_from(storage().choices()),
    net_load_w=st.floats(-12_000, 12_000),
)
def test_without_permissions_batteries_never_turn_the_grid_round(choice: Choice, net_load_w: float) -> None:
    """They neither import to charge nor discharge to export."""
    power_w = storage().power_w(choice, net_load_w)
    grid_w = net_load_w - power_w
    assert grid_w * net_load_w >= 0
    assert abs(grid_w) <= abs(net_load_w)


def test_grid_modes_need_their_permission() -> None:
    """In quarters of what the batteries can do; each permission opens its own direction."""
    modes = {choice.mode for choice in storage().choices()}
    assert modes == {PlanMode.NET_ZERO, PlanMode.CHARGE_ONLY, PlanMode.DISCHARGE_ONLY, PlanMode.STANDBY}
    charging = set(storage(may_charge_from_grid=True, charge_w=4000.0).choices()) - set(storage().choices())
    assert {choice.power_w for choice in charging} == {-1000, -2000, -3000, -4000}
    assert {choice.mode for choice in charging} == {PlanMode.CHARGE_FROM_GRID}
    delivering = set(storage(may_deliver_to_grid=True, discharge_w=800.0).choices()) - set(storage().choices())
    assert {choice.power_w for choice in delivering} == {200, 400, 600, 800}
    assert {choice.mode for choice in delivering} == {PlanMode.DELIVER_TO_GRID}


def test_batteries_that_cannot_discharge_are_offered_no_delivery() -> None:
    """No choice without power."""
    ours = storage(discharge_w=0.0, charge_w=0.0, may_charge_from_grid=True, may_deliver_to_grid=True)
    assert len(ours.choices()) == 4
    assert len(SHARES) == 4


@pytest.mark.parametrize("power_w", [0, 10, 400, 2500, 5000, -10, -400, -2500, -5000])
def test_what_leaves_the_cells_is_what_the_best_number_of_units_loses(power_w: int) -> None:
    """By the losses that control reckons with; units at rest lose as well."""
    one = loss_w(power_w) + loss_w(0)
    two = 2 * loss_w(power_w / 2)
    assert storage().drain_w(power_w) == pytest.approx(power_w + min(one, two))
    assert storage(units=1).drain_w(power_w) == pytest.approx(power_w + loss_w(power_w))


def test_batteries_at_rest_drain_and_charging_stores_less_than_it_takes() -> None:
    """8 W each; what enters the cells is less than what leaves the socket, and the other way round."""
    assert storage(units=3).drain_w(0) == 24
    assert -2500 < storage(units=1).drain_w(-2500) < -2000
    assert 2500 < storage(units=1).drain_w(2500) < 3000


def test_a_slot_at_rest_costs_what_the_house_takes() -> None:
    """400 W for a quarter are 0.1 kWh; a surplus yields."""
    assert slot(400, buy=0.30, sell=0.10).rest_cost == pytest.approx(0.03)
    assert slot(-400, buy=0.30, sell=0.10).rest_cost == pytest.approx(-0.01)


def test_what_is_both_bought_and_sold_within_a_slot_costs_the_difference() -> None:
    """A net load of 0 on the average is not one of 0 all the time."""
    even, uneven = slot(0.0, spread_w=0.0), slot(0.0, spread_w=1000.0)
    assert even.rest_cost == 0
    assert uneven.rest_cost == pytest.approx(1.2247 / 3 * 0.25 * (0.30 - 0.08))
    assert outcome(NET_ZERO, uneven, storage()).cost == pytest.approx(0)


def test_the_points_have_the_mean_and_the_spread_that_they_stand_for() -> None:
    """Three of them."""
    points = slot(700, spread_w=200).points_w
    mean = sum(points) / 3
    assert mean == pytest.approx(700)
    assert (sum((point - mean) ** 2 for point in points) / 3) ** 0.5 == pytest.approx(200, rel=1e-3)


def test_a_battery_that_runs_empty_serves_its_share_of_the_slot() -> None:
    """With half of what the slot needs, half of it is bought."""
    whole = outcome(NET_ZERO, slot(2000, buy=0.40), storage())
    needed_wh = -whole.change_wh
    assert needed_wh > 500
    assert whole.within(needed_wh, 9000) == pytest.approx((0, 0))
    assert whole.within(needed_wh / 2, 9000) == pytest.approx((0.5 * 0.4 / 2, 0))
    assert whole.within(0, 9000) == pytest.approx((0.2, 0))


def test_a_battery_that_runs_full_takes_its_share_of_the_slot() -> None:
    """What does not fit is sold."""
    whole = outcome(NET_ZERO, slot(-2000, sell=0.10), storage())
    gained_wh = whole.change_wh
    assert 400 < gained_wh < 500
    assert whole.within(9000 - gained_wh, 9000) == pytest.approx((0, 9000))
    assert whole.within(9000 - gained_wh / 4, 9000) == pytest.approx((-0.05 * 0.75, 9000))
    assert whole.within(9000, 9000) == pytest.approx((-0.05, 9000))


@given(
    choice=ANY_CHOICE,
    net_load_w=st.floats(-8000, 8000),
    spread_w=st.floats(0, 3000),
    energy_wh=st.floats(0, 9000),
)
def test_energy_stays_between_empty_and_full(
    choice: Choice, net_load_w: float, spread_w: float, energy_wh: float
) -> None:
    """And the cost between that of resting and that of doing it all."""
    ours = outcome(choice, slot(net_load_w, spread_w=spread_w), _all())
    cost, end_wh = ours.within(energy_wh, 9000)
    assert -1e-6 <= end_wh <= 9000 + 1e-6
    assert min(ours.cost, ours.rest_cost) - 1e-9 <= cost <= max(ours.cost, ours.rest_cost) + 1e-9


def _all() -> Storage:
    return storage(may_charge_from_grid=True, may_deliver_to_grid=True)
