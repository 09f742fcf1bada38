"""Who leads, and what the followers do."""

from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.home_energy_controller.control.dispatch.law import (
    FOLLOWER_LEAST_W,
    LOSS_WEIGHT_MOST,
    STEP_W,
    LawBattery,
    LawInput,
    LawOutput,
    least_cost,
    loss_weight,
)
from custom_components.home_energy_controller.control.model import Timed
from custom_components.home_energy_controller.control.power_range import PowerRange
from custom_components.home_energy_controller.control.settings import Prices


def member(battery_id: str, soc: float = 50, limit_w: int = 2500, **changes: object) -> LawBattery:
    """Return a battery with the same limit both ways."""
    limits = PowerRange(charge_w=limit_w, discharge_w=limit_w)
    given_: dict[str, object] = {"limits": limits, "may_lead": True, **changes}
    return LawBattery(battery_id=battery_id, soc_pct=soc, **given_)  # type: ignore[arg-type]  # Tests name fields freely.


A, B, C = member("a"), member("b"), member("c")


def asked(
    *loads_w: float, batteries: tuple[LawBattery, ...] = (A, B, C), leader: str | None = "a", **changes: object
) -> LawInput:
    """Return the question with samples of the net load every 30 s, the last one now."""
    samples = tuple(Timed(load_w, 1000.0 - 30.0 * back) for back, load_w in enumerate(reversed(loads_w)))
    made = LawInput(
        now=1000.0, net_load_w=tuple(reversed(samples)), batteries=batteries, leader_id=leader, setpoints={}
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # As above.


def run(*loads_w: float, **changes: object) -> LawOutput:
    """Run the law."""
    return least_cost(asked(*loads_w, **changes))  # type: ignore[arg-type]  # As above.


def total_w(output: LawOutput) -> int:
    """Return what the followers do together."""
    return sum(output.setpoints.values())


# What the followers do.


@pytest.mark.parametrize("load_w", [0, 20, 300, 1300, -300, -1600])
def test_what_one_can_carry_is_not_split(load_w: float) -> None:
    assert not any(run(load_w, load_w, load_w).setpoints.values())


@pytest.mark.parametrize("load_w", [4000, 6500, -4000, -6500])
def test_followers_leave_to_the_leader_what_it_can_serve_and_share_equally(load_w: float) -> None:
    output = run(load_w, load_w, load_w)
    assert abs(load_w - total_w(output)) <= 2400
    assert len({power_w for power_w in output.setpoints.values() if power_w}) == 1


def test_one_sample_is_enough() -> None:
    assert 1600 <= total_w(run(4000)) <= 2500


def test_pulses_are_left_to_the_leader() -> None:
    """A hob of 2.4 kW on 400 W, half of the time: a follower would charge the leader in every pause."""
    assert total_w(run(*(400.0, 2800.0) * 5)) <= 600


def test_steady_part_below_pulses_is_carried_by_followers() -> None:
    """2 kW with pulses of 2 kW on top: the leader needs its head-room for them."""
    assert total_w(run(*(2000.0, 4000.0) * 5)) >= 1500


def test_newest_samples_count_most() -> None:
    assert total_w(run(*[4000.0] * 8, *[300.0] * 4)) == 0
    assert total_w(run(*[300.0] * 8, *[4000.0] * 4)) >= 1500


@pytest.mark.parametrize(("every_s", "follow_w"), [(10.0, 600), (30.0, 1800), (100.0, 1800)])
def test_old_samples_fade_by_decisions_and_not_faster_than_new_ones_come(every_s: float, follow_w: int) -> None:
    """Half a minute of a new load is believed, ten seconds are not; a home that is asked seldom forgets as slowly."""
    samples = tuple(Timed(load_w, at * every_s) for at, load_w in enumerate((600.0, 600.0, 4500.0)))
    question = asked(0.0, setpoints={"b": 1200, "c": 600}, net_load_w=samples)
    assert total_w(least_cost(question)) == follow_w


def test_sample_older_than_the_window_says_nothing() -> None:
    old = asked(300, net_load_w=(Timed(9000.0, 0.0), Timed(300.0, 1000.0)))
    assert total_w(least_cost(old)) == 0


@pytest.mark.parametrize("load_w", [3000, 4500, -3000, -5000])
def test_what_was_decided_stands_while_the_net_load_does(load_w: float) -> None:
    first = run(load_w, load_w)
    for drift_w in (-100, 100):
        again = run(load_w, load_w, load_w + drift_w, setpoints=first.setpoints)
        assert again.setpoints == first.setpoints


def test_follower_that_is_needed_no_more_is_stopped() -> None:
    assert run(400, 400, 400, setpoints={"b": 1500, "c": 0}).setpoints == {"b": 0, "c": 0}


def test_weak_leader_leaves_more_to_the_others() -> None:
    weak = member("a", limit_w=800)
    assert total_w(run(2500, 2500, batteries=(weak, B, C), handed_over_at=900.0)) >= 1700


def test_weak_follower_does_what_it_can_and_the_other_the_rest() -> None:
    output = run(6000, 6000, batteries=(A, member("b", limit_w=800), C))
    assert output.setpoints["b"] == 800
    assert output.setpoints["c"] > 2000


def test_leader_that_may_not_charge_leaves_the_surplus_to_the_others() -> None:
    """All are held at their ceiling but one, which may not lead."""
    full = member("a", 100, limits=PowerRange(discharge_w=2500))
    assert total_w(run(-1500, -1500, batteries=(full, member("b", may_lead=False)))) <= -1400


def test_fullest_follows_a_deficit_and_emptiest_a_surplus() -> None:
    batteries = (member("a", 60), member("b", 50), member("c", 55))
    assert run(4000, 4000, batteries=batteries).setpoints["b"] == 0
    assert run(-4000, -4000, batteries=batteries, handed_over_at=900.0).setpoints["c"] == 0


def test_follower_gives_its_place_to_one_that_is_5_percent_ahead() -> None:
    def work(soc: float) -> dict[str, int]:
        batteries = (member("a", 60), B, member("c", soc))
        return dict(run(4000, 4000, batteries=batteries, setpoints={"b": 2000, "c": 0}).setpoints)

    assert work(55) == {"b": 2000, "c": 0}
    assert work(56) == {"b": 0, "c": 2000}


def test_battery_that_takes_no_setpoints_gets_none() -> None:
    batteries = (A, member("b", may_follow=False))
    assert run(4000, 4000, batteries=batteries, setpoints={"b": 900}).setpoints == {"b": 0}


def test_setpoint_beyond_what_is_allowed_now_is_taken_back() -> None:
    reserve = member("b", limits=PowerRange(charge_w=2500))
    assert run(4000, 4000, batteries=(A, reserve), setpoints={"b": 2000}).setpoints == {"b": 0}


def test_single_battery_leads_alone() -> None:
    assert run(4000, batteries=(A,), leader=None) == LawOutput(leader_id="a", setpoints={})


# Who leads.


@pytest.mark.parametrize(("load_w", "leader"), [(500, "b"), (-500, "c")])
def test_fullest_leads_a_deficit_and_emptiest_a_surplus(load_w: float, leader: str) -> None:
    batteries = (A, member("b", 60), member("c", 40))
    assert run(load_w, batteries=batteries, leader=None).leader_id == leader


def test_leader_stays_for_a_gap_of_5_percent_and_more_while_it_works_hard() -> None:
    assert run(500, batteries=(A, member("b", 55))).leader_id == "a"
    assert run(500, batteries=(A, member("b", 56))).leader_id == "b"
    assert run(-500, batteries=(A, member("b", 44))).leader_id == "b"
    assert run(1600, batteries=(A, member("b", 58))).leader_id == "a"
    assert run(1600, batteries=(A, member("b", 59))).leader_id == "b"


def test_load_without_direction_changes_no_leader() -> None:
    assert run(90, batteries=(A, member("b", 90))).leader_id == "a"


def test_leader_stays_for_ten_minutes() -> None:
    batteries = (A, member("b", 90))
    assert run(500, batteries=batteries, handed_over_at=401.0).leader_id == "a"
    assert run(500, batteries=batteries, handed_over_at=400.0).leader_id == "b"


def test_leader_that_may_not_serve_gives_way_at_once() -> None:
    empty = member("a", 12, limits=PowerRange(charge_w=2500))
    assert run(500, batteries=(empty, B), handed_over_at=990.0).leader_id == "b"
    assert run(50, batteries=(empty, B), handed_over_at=990.0).leader_id == "a"
    assert run(500, batteries=(empty, member("b", 90, limits=PowerRange(charge_w=2500)))).leader_id == "a"


def test_who_may_not_lead_does_not() -> None:
    batteries = (A, member("b", 90, may_lead=False))
    assert run(500, batteries=batteries).leader_id == "a"
    assert run(500, batteries=batteries, leader="b").leader_id == "a"


def test_former_leader_goes_on_with_what_the_new_one_did() -> None:
    """So the sum of the followers, and with it the work of whoever leads, stays as it is."""
    output = run(4000, 4000, batteries=(A, member("b", 80)), setpoints={"b": 2000})
    assert output == LawOutput(leader_id="b", setpoints={"a": 2000})


def test_weak_one_leads_only_while_no_strong_one_can() -> None:
    weak = member("a", 90, limit_w=800)
    assert run(500, batteries=(weak, B), leader=None).leader_id == "b"
    assert run(500, batteries=(weak, B), handed_over_at=400.0).leader_id == "b"
    assert run(500, batteries=(weak, B), handed_over_at=401.0).leader_id == "a"
    assert run(500, batteries=(weak, member("b", 12, limits=PowerRange(charge_w=2500))), leader=None).leader_id == "a"


# What it costs.


def test_lost_energy_counts_more_the_less_there_is_between_the_prices() -> None:
    assert loss_weight(Prices(buy_per_kwh=0.30, sell_per_kwh=0.08)) == pytest.approx(0.38 / 0.22)
    assert loss_weight(Prices(buy_per_kwh=0.30, sell_per_kwh=-0.10)) == 1.0
    assert loss_weight(Prices(buy_per_kwh=0.30, sell_per_kwh=0.29)) == LOSS_WEIGHT_MOST
    assert loss_weight(Prices(buy_per_kwh=-0.05, sell_per_kwh=0.08)) == LOSS_WEIGHT_MOST


def test_dear_losses_spread_the_work_wider() -> None:
    """2380 W by one lose 280 W, by two 233 W."""
    apart, close = Prices(buy_per_kwh=0.40, sell_per_kwh=0.0), Prices(buy_per_kwh=0.30, sell_per_kwh=0.30)
    assert total_w(run(2380, 2380, prices=apart)) == 0
    assert total_w(run(2380, 2380, prices=close)) > 0


def test_room_that_a_fuse_leaves_beside_this_leader_is_kept_to() -> None:
    narrow = member("b", beside={"a": PowerRange(charge_w=600, discharge_w=500)})
    assert run(4000, 4000, batteries=(A, narrow)).setpoints == {"b": 500}
    assert run(-4000, -4000, batteries=(A, narrow)).setpoints == {"b": -600}


# For any question.

LIMITS = st.sampled_from([0, 600, 800, 1500, 2500])
MEMBERS = st.builds(
    LawBattery,
    battery_id=st.just(""),
    soc_pct=st.integers(0, 100),
    limits=st.builds(PowerRange, charge_w=LIMITS, discharge_w=LIMITS),
    may_lead=st.booleans(),
    may_follow=st.booleans(),
)


@st.composite
def questions(draw: st.DrawFn) -> LawInput:
    """Return any question that may be asked."""
    drawn = draw(st.lists(MEMBERS, min_size=1, max_size=6))
    batteries = tuple(replace(battery, battery_id=str(index)) for index, battery in enumerate(drawn))
    batteries = (replace(batteries[0], may_lead=True), *batteries[1:])
    ids = [battery.battery_id for battery in batteries]
    loads_w = draw(st.lists(st.floats(-20000, 20000), min_size=1, max_size=8))
    before = draw(st.dictionaries(st.sampled_from(ids), st.integers(-25, 25).map(lambda share: 100 * share)))
    leader = draw(st.sampled_from([None, *ids]))
    return asked(*loads_w, batteries=batteries, leader=leader, setpoints=before)


@given(questions())
def test_answer_keeps_to_limits_and_steps(question: LawInput) -> None:
    output = least_cost(question)
    batteries = {battery.battery_id: battery for battery in question.batteries}
    assert batteries.pop(output.leader_id).may_lead
    assert output.setpoints.keys() == batteries.keys()
    for battery_id, power_w in output.setpoints.items():
        assert batteries[battery_id].limits.clamped(power_w) == power_w
        assert power_w % STEP_W == 0
        assert not power_w or batteries[battery_id].may_follow


@given(questions())
def test_no_two_followers_are_newly_set_against_each_other(question: LawInput) -> None:
    output = least_cost(replace(question, setpoints={}))
    powers_w = [power_w for power_w in output.setpoints.values() if power_w]
    assert all(power_w * powers_w[0] > 0 for power_w in powers_w)
    assert all(abs(power_w) >= FOLLOWER_LEAST_W for power_w in powers_w)


@given(questions())
def test_same_question_has_the_same_answer(question: LawInput) -> None:
    assert least_cost(question) == least_cost(question)
