"""The first script's law, put right."""

import pytest

from benchmarks.seed_fixed import seed_fixed
from custom_components.home_energy_controller.control.dispatch.law import LawBattery, LawInput, LawOutput
from custom_components.home_energy_controller.control.model import Timed
from custom_components.home_energy_controller.control.power_range import PowerRange

BOTH_WAYS = PowerRange(charge_w=2500, discharge_w=2500)


def member(battery_id: str, soc: float, **changes: object) -> LawBattery:
    """Return a battery of 2500 W."""
    given_: dict[str, object] = {"limits": BOTH_WAYS, "may_lead": True, **changes}
    return LawBattery(battery_id=battery_id, soc_pct=soc, **given_)  # type: ignore[arg-type]  # Tests name fields freely.


def run(load_w: float, *batteries: LawBattery, leader: str | None = None) -> LawOutput:
    """Run the law."""
    return seed_fixed(
        LawInput(
            now=0, net_load_w=(Timed(9999, 0), Timed(load_w, 1)), batteries=batteries, leader_id=leader, setpoints={}
        )
    )


A50, B60, C40 = member("a", 50), member("b", 60), member("c", 40)


@pytest.mark.parametrize(("load_w", "leader"), [(101, "b"), (-101, "c"), (100, "a"), (-100, "a"), (0, "a")])
def test_fullest_leads_a_deficit_emptiest_a_surplus_middle_one_a_balance(load_w: float, leader: str) -> None:
    """Rule 2, at its edges."""
    assert run(load_w, A50, B60, C40).leader_id == leader


def test_candidate_keeps_off_the_bounds_while_another_is_there() -> None:
    """20 % and 95 %; if all are beyond, any will do."""
    assert run(500, member("a", 20), member("b", 20.5)).leader_id == "b"
    assert run(500, member("a", 20), member("b", 15)).leader_id == "a"
    assert run(-500, member("a", 95), member("b", 96)).leader_id == "a"
    assert run(-500, member("a", 94), member("b", 96)).leader_id == "a"


def test_leader_stays_for_a_gap_below_5_percent_or_a_load_below_1500_w() -> None:
    """Rule 3, at its edges."""
    assert run(3000, A50, member("b", 54.9), leader="a").leader_id == "a"
    assert run(1499, A50, B60, leader="a").leader_id == "a"
    assert run(1500, A50, B60, leader="a").leader_id == "b"


@pytest.mark.parametrize(("soc", "load_w"), [(20, 200), (19, 200), (95, -200), (99, -200), (19, 0), (99, 0)])
def test_leader_at_a_bound_is_swapped_at_any_load(soc: float, load_w: float) -> None:
    """Rule 3, the other half."""
    assert run(load_w, member("a", soc), member("b", 50), member("c", 54), leader="a").leader_id in {"b", "c"}


def test_leader_that_may_not_serve_gives_way_to_one_that_may() -> None:
    """Real limits clamp; without a load, or a better one, it stays."""
    blocked = member("a", 50, limits=PowerRange(charge_w=2500))
    assert run(500, blocked, member("b", 48), leader="a").leader_id == "b"
    assert run(50, blocked, member("b", 48), leader="a").leader_id == "a"
    assert run(500, blocked, member("b", 48, limits=PowerRange(charge_w=2500)), leader="a").leader_id == "a"


def test_who_may_not_lead_does_not() -> None:
    """Neither as candidate nor because it did before."""
    assert run(3000, A50, member("b", 90, may_lead=False)).leader_id == "a"
    assert run(3000, A50, member("b", 90, may_lead=False), leader="b").leader_id == "a"


def test_leader_alone_serves_up_to_1500_w() -> None:
    """No inverter is started for nothing."""
    assert run(1500, B60, A50, C40, leader="b").setpoints == {"a": 0, "c": 0}
    assert run(-1500, C40, A50, B60, leader="c").setpoints == {"a": 0, "b": 0}


def test_beyond_that_the_leader_takes_half_of_the_rest_and_the_others_share_what_is_left() -> None:
    """Divided, not multiplied."""
    # 4000 W: 1500 + 1250 is more than 2500, so 1500 W are left for two.
    assert run(4000, B60, A50, C40, leader="b").setpoints == {"a": 750, "c": 750}
    # 3000 W: the leader takes 2250 W.
    assert run(3000, B60, A50, leader="b").setpoints == {"a": 750}
    assert run(-3000, C40, A50, leader="c").setpoints == {"a": -750}


def test_shares_below_300_w_are_not_worth_an_inverter() -> None:
    """295 W become nothing, 300 W are rounded up to."""
    assert run(2000, B60, A50, leader="b").setpoints == {"a": 0}
    assert run(2090, B60, A50, leader="b").setpoints == {"a": 300}


def test_small_leader_leaves_more_to_the_others() -> None:
    """A class of 800 W serves 800 W of the 1400 W."""
    leader = member("b", 60, limits=PowerRange(charge_w=2500, discharge_w=800))
    assert run(1400, leader, A50, leader="b").setpoints == {"a": 600}


def test_what_one_cannot_take_falls_to_the_others() -> None:
    """2000 W for 400 W and the rest."""
    small = member("a", 50, limits=PowerRange(charge_w=2500, discharge_w=400))
    assert run(4500, B60, small, C40, leader="b").setpoints == {"a": 400, "c": 1600}


def test_none_at_20_percent_discharges_and_none_at_100_percent_charges() -> None:
    """Rule 6."""
    assert run(4000, B60, member("a", 20), C40, leader="b").setpoints == {"a": 0, "c": 1500}
    assert run(-4000, C40, member("a", 100), B60, leader="c").setpoints == {"a": 0, "b": -1500}


def test_battery_that_takes_no_setpoints_gets_none() -> None:
    """It may still lead."""
    assert run(4000, B60, member("a", 50, may_follow=False), leader="b").setpoints == {"a": 0}
