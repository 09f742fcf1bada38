"""What is decided, and why."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.law import LawInput, LawOutput
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryMode,
    Mode,
    Role,
    SiteState,
    Strategy,
    Timed,
)
from tests.control.build import battery, seen, site, snapshot
from tests.control.course import Course, actions, course, work

AUTO, SETPOINT, IDLE, NOTHING = Action.AUTO, Action.SETPOINT, Action.IDLE, Action.NOTHING


# Starting.


def test_first_decision_comes_at_once_when_all_is_known() -> None:
    """Nobody waits a minute for the first answer."""
    decision = course("a", "b").at(100, 3000)
    assert decision.state is SiteState.LEADER_AND_FOLLOWERS
    assert work(decision) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.FOLLOWER, SETPOINT, 750)}


def test_nothing_is_sent_before_the_meter_answered() -> None:
    """However long that takes; a reading of 16 s ago does not count."""
    made = course("a", "b")
    decision = made.at(100, None)
    assert (decision.state, set(actions(decision).values())) == (SiteState.STARTING, {NOTHING})
    assert made.at(500, None).state is SiteState.STARTING
    assert made.at(510, 0, meter_at=494).state is SiteState.STARTING
    assert made.at(520, 0).state is SiteState.LEADER_ALONE


def test_silent_battery_is_waited_for_half_a_minute() -> None:
    """It could be the one in Auto; after that it may as well be unplugged."""
    made = course("a", "b").see(seen("b", soc=None))
    assert made.at(100).state is SiteState.STARTING
    assert made.at(129).state is SiteState.STARTING
    decision = made.at(130)
    assert decision.state is SiteState.LEADER_ALONE
    assert work(decision) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.UNAVAILABLE, NOTHING, 0)}


def test_after_a_restart_the_battery_that_is_in_auto_leads_on() -> None:
    """Home Assistant's restart is no reason for a handover."""
    made = course("a", "b", "c").see(seen("b", mode=Mode.AUTO))
    assert made.at(100).leader_id == "b"


def test_site_without_batteries_says_so() -> None:
    """None configured, or none heard, with or without a meter."""
    assert course().at(0).state is SiteState.NO_BATTERY
    silent = course("a").see(seen("a", soc=None))
    silent.at(0)
    assert silent.at(30).state is SiteState.NO_BATTERY
    standby = course("a", strategy=Strategy.STANDBY).see(seen("a", power=None))
    standby.at(0)
    assert standby.at(30).state is SiteState.NO_BATTERY


# Who may be given work.


@pytest.mark.parametrize("missing", ["soc", "power", "mode"])
def test_battery_of_which_something_is_unknown_is_never_given_power(missing: str) -> None:
    """Unknown is unknown, and never 0 %."""
    made = course("a", "b").see(seen("b", **{missing: None}))  # type: ignore[arg-type]  # One of three fields.
    made.at(0)
    assert work(made.at(30, 4000))["b"] == (Role.UNAVAILABLE, NOTHING, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_reading_that_cannot_be_is_unknown(value: float) -> None:
    """NaN compares false with everything and would pass any limit."""
    made = course("a", "b").see(seen("b", soc=value))
    made.at(0)
    assert work(made.at(30, 4000))["b"] == (Role.UNAVAILABLE, NOTHING, 0)
    assert course("a").at(0, value).state is SiteState.STARTING


def test_battery_whose_charge_is_no_longer_told_rests() -> None:
    """It would go on with its last setpoint until the countdown ends, up to five minutes."""
    made = course("a", "b").see(seen("b", soc=None, mode=Mode.PASSIVE, power=1500))
    made.at(0)
    assert work(made.at(30, 4000))["b"] == (Role.UNAVAILABLE, IDLE, 0)


def test_old_reading_is_as_good_as_none() -> None:
    """The limit is 90 s where nothing else is told."""
    made = course("a", "b").see(seen("b", at=-1))
    assert work(made.at(89, 4000))["b"] == (Role.FOLLOWER, SETPOINT, 1500)
    assert work(made.at(90, 4000))["b"] == (Role.UNAVAILABLE, NOTHING, 0)


def test_heard_but_unclear_battery_in_auto_is_idled_because_it_would_work_against_the_leader() -> None:
    """Idling is no power."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO), seen("b", soc=None, mode=Mode.AUTO))
    made.at(0)
    assert work(made.at(30))["b"] == (Role.UNAVAILABLE, IDLE, 0)


def test_heard_but_unclear_battery_in_auto_does_not_lead() -> None:
    """It is heard, so it can be told; a silent one could not."""
    made = course("a", "b").see(seen("b", soc=None, mode=Mode.AUTO))
    made.at(0)
    assert work(made.at(30)) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.UNAVAILABLE, IDLE, 0)}


def test_owners_wishes_are_targets_of_their_own() -> None:
    """They act with the controller off as well, which then sends nothing else."""
    settings = site(
        battery("a"),
        battery("b", battery_mode=BatteryMode.AUTOMATIC),
        battery("c", battery_mode=BatteryMode.FIXED, fixed_power_w=-700),
        battery("d", battery_mode=BatteryMode.IDLE),
    )
    made = Course(settings).see(seen("a"), seen("b"), seen("c"), seen("d"))
    wished = {"b": (Role.OWNER, AUTO, 0), "c": (Role.OWNER, SETPOINT, -700), "d": (Role.OWNER, IDLE, 0)}
    assert work(made.at(0)) == {"a": (Role.LEADER, AUTO, 0)} | wished
    made.settings = replace(settings, enabled=False)
    off = made.at(10)
    assert off.state is SiteState.OFF
    assert off.intent is not SiteState.OFF
    assert work(off) == {"a": (Role.LEADER, NOTHING, 0)} | wished


def test_fixed_power_keeps_to_limits_and_reserve_but_not_to_the_strategy() -> None:
    """What is asked for by hand is meant."""
    settings = site(
        battery("a", battery_mode=BatteryMode.FIXED, fixed_power_w=2000, max_discharge_w=900),
        battery("b", battery_mode=BatteryMode.FIXED, fixed_power_w=2000),
        strategy=Strategy.ZERO_CHARGE_ONLY,
    )
    made = Course(settings).see(seen("a"), seen("b", soc=12))
    assert work(made.at(0)) == {"a": (Role.OWNER, SETPOINT, 900), "b": (Role.OWNER, IDLE, 0)}


def test_unknown_battery_is_given_no_power_by_hand_either_but_may_be_idled() -> None:
    """Stopping is allowed on doubt."""
    settings = site(
        battery("a", battery_mode=BatteryMode.FIXED, fixed_power_w=500),
        battery("b", battery_mode=BatteryMode.AUTOMATIC),
        battery("c", battery_mode=BatteryMode.IDLE),
    )
    decision = Course(settings).see(*(seen(name, soc=None) for name in "abc")).at(0)
    assert actions(decision) == {"a": NOTHING, "b": NOTHING, "c": IDLE}
    assert decision.targets[0].role is Role.UNAVAILABLE


def test_what_others_deliver_is_not_divided_again() -> None:
    """800 W of the 3800 W come from the owner's battery."""
    settings = site(battery("a"), battery("b"), battery("c", battery_mode=BatteryMode.FIXED, fixed_power_w=800))
    made = Course(settings).see(seen("a"), seen("b"), seen("c", power=800))
    assert work(made.at(0, 0, load=3800))["b"] == (Role.FOLLOWER, SETPOINT, 750)


# Between and at runs of the law.


def test_allocation_is_kept_until_a_minute_has_passed_and_there_is_news() -> None:
    """Less a little, as cycles do not keep exact time."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    assert work(made.at(0, load=3000))["b"][2] == 750
    assert work(made.at(50, load=4000))["b"][2] == 750
    assert work(made.at(58, load=4000))["b"][2] == 1500


def test_without_a_new_sample_the_law_waits_two_minutes_and_then_takes_what_there_is() -> None:
    """Meter and powers, unaligned."""
    made = course("a", "b").see(seen("a", power=2250, mode=Mode.AUTO), seen("b", power=750))
    old = snapshot(*made.readings.values(), meter=0, load=3000)
    made.dispatch(old)
    assert work(made.at(100, 1000))["b"][2] == 750
    assert work(made.at(120, 1000))["b"][2] == 1500


def test_battery_that_joins_or_leaves_makes_the_law_run_at_once() -> None:
    """Its share must not be missing for a minute."""
    made = course("a", "b", "c").see(seen("a", mode=Mode.AUTO))
    assert work(made.at(0, load=4000))["b"][2] == 750
    made.see(seen("c", soc=None))
    assert work(made.at(5, load=4000))["b"][2] == 1500
    made.see(seen("c"))
    assert work(made.at(10, load=4000))["c"][2] == 750


def test_limits_reserve_and_ceiling_act_at_once() -> None:
    """Without the law: the owner changed a limit."""
    made = course("a", "b", "c").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=4000)
    made.settings = replace(made.settings, batteries=(battery("a"), battery("b", max_discharge_w=500), battery("c")))
    assert work(made.at(5, load=4000))["b"][2] == 500


def test_new_strategy_is_decided_at_once() -> None:
    """To and fro."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    made.settings = replace(made.settings, strategy=Strategy.STANDBY)
    assert actions(made.at(5)) == {"a": IDLE, "b": IDLE}
    made.settings = replace(made.settings, strategy=Strategy.ZERO)
    assert actions(made.at(10, load=3000)) == {"a": AUTO, "b": SETPOINT}


def test_law_may_be_another_and_learns_what_it_needs() -> None:
    """The seam: it may ask for what it likes, it gets what is allowed."""
    asked: list[LawInput] = []

    def law(given: LawInput) -> LawOutput:
        asked.append(given)
        return LawOutput(leader_id="b", setpoints={"a": 123456})

    view = snapshot(seen("a"), seen("b"), meter=0, load=77)
    decision, _ = dispatch(view, site(battery("a", max_discharge_w=700), battery("b")), DispatchMemory(), 0, law=law)
    assert work(decision) == {"a": (Role.FOLLOWER, SETPOINT, 700), "b": (Role.LEADER, AUTO, 0)}
    assert asked[0].net_load_w == (Timed(77, 0),)
    assert [(member.battery_id, member.may_lead) for member in asked[0].batteries] == [("a", False), ("b", True)]


def test_held_leader_gets_no_setpoint_from_a_law_that_means_well() -> None:
    """Who is held stays at 0 W."""
    view = snapshot(seen("a"), meter=-500)
    settings = site(battery("a"), strategy=Strategy.ZERO_CHARGE_ONLY)
    decision, _ = dispatch(
        view, settings, DispatchMemory(), 0, law=lambda _: LawOutput(leader_id="a", setpoints={"a": -500})
    )
    assert work(decision) == {"a": (Role.LEADER, IDLE, 0)}


def test_law_that_names_nobody_leads_to_no_harm() -> None:
    """A mistake of a law is no reason for power."""
    view = snapshot(seen("a"), seen("b"))
    decision, _ = dispatch(
        view,
        site(battery("a"), battery("b")),
        DispatchMemory(),
        0,
        law=lambda _: LawOutput(leader_id="x", setpoints={}),
    )
    assert actions(decision) == {"a": IDLE, "b": IDLE}


def test_decision_shows_the_newest_sample_of_the_net_load_while_it_is_young() -> None:
    """One that cannot be is left out."""
    view = replace(snapshot(meter=0), net_load_w=(Timed(5.0, 0), Timed(float("nan"), 1)))
    assert dispatch(view, site(), DispatchMemory(), 150)[0].net_load_w == 5
    assert dispatch(view, site(), DispatchMemory(), 151)[0].net_load_w is None
    assert dispatch(snapshot(), site(), DispatchMemory(), 0)[0].net_load_w is None


# Strategies without the meter.


def test_standby_idles_all() -> None:
    """And needs no meter for it."""
    decision = course("a", "b", strategy=Strategy.STANDBY).at(0, None)
    assert (decision.state, decision.leader_id, actions(decision)) == (SiteState.STANDBY, None, {"a": IDLE, "b": IDLE})


@pytest.mark.parametrize(
    ("setpoint", "shares"), [(1500, (500, 1000)), (-1500, (-1500, 0)), (-4000, (-2000, -2000)), (0, (0, 0))]
)
def test_fixed_spreads_the_owners_power_over_those_that_lose_least_within_limits(
    setpoint: int, shares: tuple[int, int]
) -> None:
    """What one cannot take falls to the other."""
    settings = site(battery("a", max_discharge_w=500), battery("b"), strategy=Strategy.FIXED, setpoint_w=setpoint)
    decision = Course(settings).see(seen("a"), seen("b")).at(0, None)
    assert (decision.state, decision.leader_id) == (SiteState.FIXED, None)
    assert tuple(target.power_w for target in decision.targets) == shares


def test_to_full_charges_each_at_its_limit_until_its_ceiling() -> None:
    """A full one rests."""
    settings = site(battery("a", max_charge_w=1200), battery("b", max_soc_pct=90), strategy=Strategy.TO_FULL)
    decision = Course(settings).see(seen("a"), seen("b", soc=90)).at(0, None)
    assert decision.state is SiteState.TO_FULL
    assert work(decision) == {"a": (Role.FOLLOWER, SETPOINT, -1200), "b": (Role.FOLLOWER, IDLE, 0)}


# What Auto cannot be told.


@pytest.mark.parametrize(("strategy", "sign"), [(Strategy.ZERO_CHARGE_ONLY, -1), (Strategy.ZERO_DISCHARGE_ONLY, 1)])
def test_one_direction_only_runs_auto_only_while_there_is_work_in_it(strategy: Strategy, sign: int) -> None:
    """Auto knows no direction: the leader is given and taken it."""
    made = course("a", strategy=strategy)
    held = made.at(0, sign * 400)
    assert (held.state, work(held)["a"]) == (SiteState.HOLDING, (Role.LEADER, IDLE, 0))
    assert made.every(10, 50, sign * 400).state is SiteState.HOLDING
    running = made.at(60, sign * 400)
    assert (running.state, work(running)["a"]) == (SiteState.LEADER_ALONE, (Role.LEADER, AUTO, 0))
    made.see(seen("a", power=sign * 400, mode=Mode.AUTO))
    assert made.every(10, 200).state is SiteState.LEADER_ALONE
    made.see(seen("a", power=-sign * 60, mode=Mode.AUTO))
    assert made.at(210).state is SiteState.HOLDING
    for meter_w, state in ((-590, SiteState.LEADER_ALONE), (-610, SiteState.HOLDING)):
        made = course("a", strategy=strategy)
        made.every(10, 70, sign * 400)
        made.see(seen("a", power=sign * 400, mode=Mode.AUTO))
        assert made.at(80, sign * meter_w).state is SiteState.LEADER_ALONE, "Auto goes too far for some seconds"
        assert made.at(90, sign * meter_w).state is state, "the meter shows it before the battery does it"


@pytest.mark.parametrize(("strategy", "sign"), [(Strategy.ZERO_CHARGE_ONLY, -1), (Strategy.ZERO_DISCHARGE_ONLY, 1)])
def test_leader_that_does_just_what_is_still_allowed_goes_on(strategy: Strategy, sign: int) -> None:
    """A surplus that it takes is none on the meter: held for a minute, it would send it to the grid."""
    for power, state in ((400, SiteState.LEADER_ALONE), (0, SiteState.HOLDING), (-400, SiteState.HOLDING)):
        made = course("a").see(seen("a", power=sign * power, mode=Mode.AUTO))
        made.at(0)
        made.settings = site(battery("a"), strategy=strategy)
        assert made.at(10).state is state
        assert made.every(10, 30).state is state


def test_new_leader_is_held_until_the_meter_speaks_for_it() -> None:
    """What the old one had earned does not count."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY).see(seen("a", soc=40))
    made.at(0, -400)
    assert work(made.every(10, 60, -400))["a"] == (Role.LEADER, AUTO, 0)
    made.at(70)
    made.settings = site(battery("a", battery_mode=BatteryMode.IDLE), battery("b"), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert work(made.at(80))["b"] == (Role.LEADER, IDLE, 0)


def test_followers_work_only_in_the_allowed_direction() -> None:
    """Whatever the law would like."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY)
    assert work(made.at(0, load=4000))["b"] == (Role.FOLLOWER, IDLE, 0)
    assert work(made.at(60, load=-4000))["b"] == (Role.FOLLOWER, SETPOINT, -1500)


def test_leader_at_its_reserve_is_held_unless_another_may_lead() -> None:
    """The other takes over in the same cycle."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO, soc=30), seen("b", soc=31))
    assert made.at(0, 200).leader_id == "a"
    made.see(seen("a", mode=Mode.AUTO, soc=12))
    assert work(made.at(5, 200)) == {"a": (Role.FOLLOWER, IDLE, 0), "b": (Role.LEADER, AUTO, 0)}
    made.see(seen("b", soc=12))
    assert made.at(10, 200).state is SiteState.HOLDING


def test_battery_that_cannot_be_idled_does_not_lead_where_a_direction_is_closed() -> None:
    """Nothing could hold it back."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY)
    made.settings = site(battery("a", has_passive=False), battery("b"), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert made.at(0, load=-500).leader_id == "b"
    made.settings = site(battery("a", has_passive=False, slots_cleared=True), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert work(made.at(10))["a"] == (Role.LEADER, IDLE, 0)


def test_battery_without_passive_is_never_given_a_setpoint_and_left_alone_when_it_cannot_idle() -> None:
    """In any strategy."""
    for strategy in (Strategy.ZERO, Strategy.FIXED, Strategy.TO_FULL):
        made = course("a", "b")
        made.settings = site(battery("a"), battery("b", has_passive=False), strategy=strategy, setpoint_w=900)
        assert work(made.at(0, load=4000))["b"] == (Role.FOLLOWER, NOTHING, 0)
    fixed = Course(site(battery("a", has_passive=False, battery_mode=BatteryMode.FIXED, fixed_power_w=500))).see(
        seen("a")
    )
    assert actions(fixed.at(0)) == {"a": NOTHING}


def test_battery_in_auto_that_cannot_be_made_to_leave_it_leads() -> None:
    """Two loops would be the alternative."""
    made = Course(site(battery("a"), battery("b", has_passive=False)))
    made.see(seen("a", soc=90), seen("b", soc=30, mode=Mode.AUTO))
    assert made.at(0, load=3000).leader_id == "b"


# The dry run.


def test_other_settings_let_the_law_run_and_nothing_live_for_ever() -> None:
    """While the leader is silent the law cannot run: what it decided before is as old as it was."""
    memory = DispatchMemory(decided_at=100.0, sampled_at=95.0).reconfigured(set())
    assert (memory.decided_at, memory.sampled_at) == (100.0, None)
