"""The referee of the bench of plans: no energy from nowhere, no limit broken."""

from itertools import pairwise
from time import perf_counter

from hypothesis import given, strategies as st
import pytest

from benchmarks.plan.homes import HOMES, Home
from benchmarks.plan.plant import Mode, Plant
from simulation.physics import loss_w

HOME = HOMES["family3"]
POWERS = st.floats(-12000, 12000)


def plant(soc_pct: float = 50, home: Home = HOME) -> Plant:
    return Plant(home, home.capacity_wh * soc_pct / 100)


@pytest.mark.parametrize(
    ("mode", "power_w", "surplus_w", "deficit_w"),
    [
        (Mode.NET_ZERO, 0, -1000, 1500),
        (Mode.CHARGE_ONLY, 0, -1000, 0),
        (Mode.DISCHARGE_ONLY, 0, 0, 1500),
        (Mode.STANDBY, 0, 0, 0),
        (Mode.CHARGE_FROM_GRID, 600, -1000, -600),
        (Mode.CHARGE_FROM_GRID, -2000, -2000, -2000),
        (Mode.CHARGE_FROM_GRID, 9000, -7500, -7500),
        (Mode.DELIVER_TO_GRID, 600, 600, 1500),
        (Mode.DELIVER_TO_GRID, 2000, 2000, 2000),
        (Mode.DELIVER_TO_GRID, 9000, 7500, 7500),
    ],
)
def test_what_a_mode_does(mode: Mode, power_w: float, surplus_w: float, deficit_w: float) -> None:
    """Under a surplus of 1,000 W, and under a load of 1,500 W."""
    for load_w, pv_w, expected_w in ((200.0, 1200.0, surplus_w), (1500.0, 0.0, deficit_w)):
        battery_w, grid_w = plant().step(mode, power_w, load_w, pv_w)
        assert battery_w == pytest.approx(expected_w)
        assert grid_w == pytest.approx(load_w - pv_w - expected_w)


def test_modes_are_those_of_the_planner() -> None:
    """By their values: a StrEnum of the same values is taken as well."""
    assert plant().step("charge_from_grid", -500, 0, 0).battery_w == pytest.approx(-500)
    with pytest.raises(ValueError, match="dance"):
        plant().step("dance", 0, 0, 0)


@given(
    soc_pct=st.floats(12, 100),
    mode=st.sampled_from(Mode),
    power_w=st.floats(0, 9000),
    net_w=st.lists(POWERS, min_size=15, max_size=15),
    name=st.sampled_from(sorted(HOMES)),
)
def test_energy_is_conserved_and_limits_are_kept(
    soc_pct: float, mode: Mode, power_w: float, net_w: list[float], name: str
) -> None:
    """What goes in comes out, stays in or is lost, and what is lost is what units lose at such powers."""
    home = HOMES[name]
    batteries = plant(soc_pct, home)
    before_wh = batteries.energy_wh
    done = batteries.quarter(mode, power_w, net_w)
    assert home.reserve_wh - 1e-6 <= done.energy_wh <= home.capacity_wh + 1e-6
    assert done.energy_wh == batteries.energy_wh
    grid_wh, battery_wh = done.imported_wh - done.exported_wh, done.battery_out_wh - done.battery_in_wh
    assert grid_wh == pytest.approx(sum(net_w) / 60 - battery_wh)
    assert done.battery_out_wh <= home.discharge_w / 4 + 1e-6
    assert done.battery_in_wh <= home.charge_w / 4 + home.batteries * 28
    lost_wh = before_wh - done.energy_wh - battery_wh
    most_w = home.batteries * max(loss_w(home.unit_charge_w), loss_w(-home.unit_charge_w))
    assert -1e-6 <= lost_wh <= most_w / 4 + 1e-6


@given(net_w=st.lists(POWERS, min_size=15, max_size=15), soc_pct=st.floats(12, 100))
def test_a_quarter_is_fifteen_minutes(net_w: list[float], soc_pct: float) -> None:
    fast, slow = plant(soc_pct), plant(soc_pct)
    done = fast.quarter(Mode.NET_ZERO, 0, [0.0, *net_w], 1)
    flows = [slow.step(Mode.NET_ZERO, 0, max(each, 0), max(-each, 0)) for each in net_w]
    assert done.energy_wh == pytest.approx(slow.energy_wh)
    assert done.imported_wh == pytest.approx(sum(max(0, flow.grid_w) for flow in flows) / 60, abs=1e-6)


def test_full_and_empty_in_the_midst_of_a_minute() -> None:
    """The rest of the minute is the grid's."""
    batteries = Plant(HOME, HOME.reserve_wh + 10)
    battery_w, grid_w = batteries.step(Mode.NET_ZERO, 0, 3000, 0)
    assert 400 < battery_w < 600
    assert grid_w == pytest.approx(3000 - battery_w)
    assert batteries.energy_wh == HOME.reserve_wh
    batteries = Plant(HOME, HOME.capacity_wh - 10)
    battery_w, _ = batteries.step(Mode.NET_ZERO, 0, 0, 3000)
    assert -700 < battery_w < -500
    assert batteries.energy_wh == pytest.approx(HOME.capacity_wh, abs=0.5)


def test_units_at_rest_draw_from_their_cells_and_at_the_reserve_from_the_mains() -> None:
    batteries = plant()
    before_wh = batteries.energy_wh
    assert batteries.quarter(Mode.STANDBY, 0, [0.0] * 15).imported_wh == 0
    assert batteries.energy_wh == pytest.approx(before_wh - 3 * 8 / 4)
    empty = plant(12)
    assert empty.quarter(Mode.STANDBY, 0, [0.0] * 15).imported_wh == pytest.approx(6)
    assert empty.soc_pct == pytest.approx(12)


def test_a_power_is_spread_over_the_units_that_lose_least() -> None:
    """A little by one, the others at rest; much by all; more is never lost less."""
    losses_w = []
    for power_w in (300.0, 2500.0, 7500.0):
        batteries = plant()
        before_wh = batteries.energy_wh
        batteries.step(Mode.NET_ZERO, 0, power_w, 0)
        losses_w.append((before_wh - batteries.energy_wh) * 60 - power_w)
    assert losses_w[0] == pytest.approx(loss_w(300) + 2 * loss_w(0), rel=1e-3)
    assert losses_w[2] == pytest.approx(3 * loss_w(2500), rel=1e-3)
    assert all(less < more for less, more in pairwise(losses_w))


def test_a_year_is_fast() -> None:
    """A tenth of one, well within what a year has: the bench plays hundreds."""
    net_w = [(index * 7919 % 5000) - 2000.0 for index in range(3504 * 15)]
    batteries, began = plant(), perf_counter()
    for first in range(0, len(net_w), 15):
        batteries.quarter(Mode.NET_ZERO, 0, net_w, first)
    assert perf_counter() - began < 1
