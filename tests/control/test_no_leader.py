"""What is decided where nobody leads: no meter, silence, or a leader without effect."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.dispatch.witness import METER, WitnessMemory
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryMode,
    Decision,
    Feedback,
    LeaderFault,
    Mode,
    OwnMeter,
    Role,
    SiteState,
    Strategy,
)
from tests.control.build import auto, battery, outcome, seen, site
from tests.control.course import Course, actions, course, work

AUTO, SETPOINT, IDLE, NOTHING = Action.AUTO, Action.SETPOINT, Action.IDLE, Action.NOTHING


# No leader.


@pytest.mark.parametrize("changes", [{"own_meter": OwnMeter.NO}, {"max_charge_w": 2000}, {"max_discharge_w": 2000}])
def test_nobody_may_lead_without_a_meter_of_its_own_or_with_a_limit_below_its_class(changes: dict[str, object]) -> None:
    """Auto would idle, or break the limit."""
    made = Course(site(battery("a", **changes))).see(seen("a"))
    decision = made.at(0, 1000)
    assert (decision.state, decision.leader_id) == (SiteState.NO_LEADER, None)
    assert work(decision)["a"] == (Role.FOLLOWER, SETPOINT, 500)


def trusting(*names: str) -> Course:
    """Return a site of batteries that take setpoints only, whose meter is known to follow them."""
    made = course(*names, own_meter=OwnMeter.NO)
    made.at(-20, 0)
    made.memory = replace(made.memory, witness=WitnessMemory(ratios={METER: (-20.0, -20.0)}))
    return made


def test_setpoints_alone_close_half_of_the_gap_per_decision() -> None:
    """And leave a gap of less than 50 W alone."""
    made = trusting("a")
    assert work(made.at(0, -1000))["a"][2] == -500
    made.see(seen("a", power=-500))
    assert work(made.at(50, -500))["a"][2] == -500
    assert work(made.at(60, -500))["a"][2] == -750
    made.see(seen("a", power=-750))
    assert work(made.at(120, 49))["a"][2] == -750
    made.see(seen("a", power=-40))
    assert work(made.at(130, 60))["a"] == (Role.FOLLOWER, IDLE, 0)


def test_setpoints_alone_are_at_least_100_w() -> None:
    """Half of 110 W is too little to send and enough to want."""
    made = course("a", own_meter=OwnMeter.NO)
    assert work(made.at(0, 110))["a"][2] == 100


def test_setpoints_alone_use_no_more_batteries_than_needed_fullest_first() -> None:
    """An idle inverter costs less than a running one."""
    made = trusting("a", "b", "c").see(seen("b", soc=60), seen("c", soc=55))
    assert [target.power_w for target in made.at(0, 1000).targets] == [0, 500, 0]
    made.see(seen("b", power=500, soc=50))
    assert [target.power_w for target in made.at(60, 2200).targets] == [0, 1600, 0], "the one at work goes on"
    made.see(seen("b", power=1600, soc=50))
    assert [target.power_w for target in made.at(120, 2000).targets] == [0, 1300, 1300], "one is not enough"
    made.see(seen("b", power=1300), seen("c", power=1300))
    assert [target.power_w for target in made.at(180, -6000).targets] == [-400, 0, 0], "nobody is at work that way"


def test_small_batteries_are_joined_by_more() -> None:
    """Two of 800 W for 1200 W."""
    made = course("a", "b", rated_power_w=800, own_meter=OwnMeter.NO).see(seen("b", soc=60))
    assert [target.power_w for target in made.at(0, 2400).targets] == [600, 600]


def test_setpoints_alone_wait_for_the_meter() -> None:
    """An old reading closes no loop."""
    made = course("a", own_meter=OwnMeter.NO)
    made.at(0, 1000)
    assert work(made.at(60, 2000, meter_at=40))["a"][2] == 500


# The meter.


def test_late_meter_freezes_the_decision_and_a_lost_one_ends_it() -> None:
    """15 s and the owner's limit; the leader has its own meter."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    frozen = made.at(60, load=5000, meter_at=0)
    assert (frozen.state, work(frozen)["b"][2]) == (SiteState.LEADER_AND_FOLLOWERS, 750)
    lost = made.at(61, load=5000, meter_at=0)
    assert lost.state is SiteState.METER_LOST
    assert work(lost) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.FOLLOWER, IDLE, 0)}
    assert made.at(70, None).state is SiteState.METER_LOST
    assert work(made.at(80, load=3000))["b"][2] == 750


def test_lost_meter_idles_a_leader_that_may_not_do_everything() -> None:
    """Without the meter nobody would notice what it does."""
    made = course("a", strategy=Strategy.ZERO_CHARGE_ONLY)
    made.at(0, -500)
    made.every(10, 70, -500)
    assert actions(made.at(80, -500)) == {"a": AUTO}
    assert actions(made.at(200, None)) == {"a": IDLE}
    other = course("a")
    other.at(0)
    other.settings = site(battery("a", own_meter=OwnMeter.NO))
    assert actions(other.at(200, None)) == {"a": IDLE}


def test_owner_may_allow_a_slower_meter_less_time_to_be_late() -> None:
    """The owner's limit also ends the freeze."""
    made = course("a")
    made.settings = site(battery("a"), meter_age_limit_s=10)
    made.at(0)
    assert made.at(11, meter_at=0).state is SiteState.METER_LOST


def test_without_a_leader_the_decision_is_made_even_while_the_meter_is_late() -> None:
    """Nobody serves the house otherwise."""
    made = course("a", "b")
    made.at(0)
    made.settings = site(battery("a", battery_mode=BatteryMode.IDLE), battery("b"))
    assert made.at(20, meter_at=0).leader_id == "b"


# Silence.


def silent_leader(meter: float) -> tuple[Course, Decision]:
    """Return a site whose leader has been silent for 91 s."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    made.see(seen("a", mode=Mode.AUTO, at=-1))
    return made, made.every(5, 91, meter)


def test_silent_leader_is_kept_while_the_meter_is_content() -> None:
    """Auto runs on without the network."""
    made, decision = silent_leader(200)
    assert decision.state is SiteState.LEADER_AND_FOLLOWERS
    assert work(decision) == {"a": (Role.LEADER, NOTHING, 0), "b": (Role.FOLLOWER, SETPOINT, 750)}
    made.see(seen("a", mode=Mode.AUTO))
    assert work(made.at(100))["a"] == (Role.LEADER, AUTO, 0)


def test_battery_that_was_missing_and_came_back_is_trusted_again() -> None:
    """Its next silence is a new story."""
    made, _ = silent_leader(-400)
    made.settings = site(battery("a"), battery("b", battery_mode=BatteryMode.IDLE))
    made.see(seen("a", mode=Mode.AUTO))
    assert made.every(5, 180).leader_id == "a"
    made.see(seen("a", at=-1, mode=Mode.AUTO))
    assert work(made.at(185))["a"] == (Role.LEADER, NOTHING, 0)


def test_setpoints_beside_a_silent_leader_are_given_up_after_five_minutes() -> None:
    """It could be charging from them."""
    made, _ = silent_leader(0)
    assert work(made.every(5, 300))["b"][1] is SETPOINT
    decision = made.at(305)
    assert (decision.state, work(decision)["b"]) == (SiteState.LEADER_ALONE, (Role.FOLLOWER, IDLE, 0))


def test_silent_leader_is_replaced_when_the_meter_says_that_somebody_is_missing() -> None:
    """And told to idle once it is back."""
    made, decision = silent_leader(-400)
    assert work(decision) == {"a": (Role.UNAVAILABLE, NOTHING, 0), "b": (Role.LEADER, AUTO, 0)}
    assert made.at(100, 400).leader_id == "b", "it stays given up"
    made.see(seen("a", mode=Mode.AUTO))
    assert work(made.at(110))["a"] == (Role.FOLLOWER, IDLE, 0)


def test_silent_leader_that_was_held_is_replaced_at_once() -> None:
    """It was not in Auto, so it is not at work."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY)
    assert made.at(0).leader_id == "b"
    made.see(seen("b", at=-1))
    assert made.at(95).leader_id == "a"


def test_battery_that_fell_silent_in_auto_leads_as_long_as_nobody_else_does() -> None:
    """Its last word counts until the meter objects."""
    made = course("a", "b").see(seen("a", at=-1, mode=Mode.AUTO))
    assert made.at(100).state is SiteState.STARTING
    assert work(made.at(130)) == {"a": (Role.LEADER, NOTHING, 0), "b": (Role.FOLLOWER, IDLE, 0)}


# A leader that does not lead.


def test_leader_without_effect_gives_the_lead_to_the_next_for_a_growing_while() -> None:
    """It has two minutes, and is looked at more closely then; ten minutes later it may be tried again, then twenty."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, 400, load=400)
    assert not made.every(10, 120, 400).looks_closer
    assert made.at(130, 400).looks_closer
    assert made.every(2, 168, 400).leader_id == "a"
    decision = made.at(170, 400)
    assert (decision.leader_id, decision.ineligible) == ("b", {"a": LeaderFault.WITHOUT_EFFECT})
    target = decision.target("a")
    assert target is not None
    assert (target.action, target.is_relieved) == (IDLE, True)
    made.settings = site(battery("a"), battery("b", own_meter=OwnMeter.NO))
    made.see(seen("a"), seen("b"))
    assert made.every(10, 760, 0).leader_id is None
    again = made.at(770, 0)
    assert (again.leader_id, again.ineligible) == ("a", {"a": LeaderFault.WITHOUT_EFFECT}), "it has to prove itself"
    made.see(seen("a", mode=Mode.AUTO))
    while made.at(made.now + 10, 400).leader_id:
        assert made.now < 1000
    lapse = made.memory.ineligible["a"]
    assert (lapse.times, lapse.until) == (2, made.now + 1200)


def test_leader_that_leads_well_for_ten_minutes_has_redeemed_itself() -> None:
    """What was held against it is forgotten, and its owner no longer told."""
    made = course("a").see(seen("a", mode=Mode.AUTO))
    made.at(0, 400)
    assert made.every(10, 170, 400).ineligible
    made.see(seen("a"))
    made.every(10, 780, 0)
    made.see(seen("a", mode=Mode.AUTO))
    assert made.every(10, 1380, 0).ineligible
    assert not made.every(10, 1440, 0).ineligible


def test_leader_at_its_limit_or_just_chosen_has_effect() -> None:
    """Two minutes in Auto, not of import, are what counts."""
    made = course("a").see(seen("a", mode=Mode.AUTO, power=2400))
    made.at(0, 400)
    assert made.every(10, 200, 400).state is SiteState.LEADER_ALONE
    late = course("a")
    late.at(0, 400)
    late.every(10, 50, 400)
    late.see(seen("a", mode=Mode.AUTO))
    assert late.every(10, 210, 400).state is SiteState.LEADER_ALONE
    assert late.at(220, 400).ineligible


@pytest.mark.parametrize("sign", [1, -1])
def test_leader_that_stands_below_its_class_is_helped_and_not_replaced(sign: int) -> None:
    """Its class was told wrong, or it is hot: it does what it can, and the others the rest."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO, power=sign * 800, soc=60 if sign > 0 else 40))
    made.at(0, sign * 400, load=sign * 1200)
    decision = made.every(10, 200, sign * 1200, load=sign * 2000)
    assert (decision.leader_id, dict(decision.ineligible), dict(decision.derated)) == ("a", {}, {"a": 800})
    assert sign * work(decision)["b"][2] > 0


@pytest.mark.parametrize("sign", [1, -1])
def test_leader_that_works_against_the_meter_is_idled_at_once(sign: int) -> None:
    """Its own meter is the wrong way round, or ours is."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO, power=-sign * 2500))
    made.at(0, sign * 3000)
    assert not made.every(10, 90, sign * 3000).looks_closer, "it may be trying out its phase"
    assert made.at(100, sign * 3000).looks_closer
    assert made.every(2, 138, sign * 3000).leader_id == "a"
    decision = made.at(140, sign * 3000)
    assert (decision.leader_id, decision.ineligible) == ("b", {"a": LeaderFault.AGAINST})
    assert actions(decision)["a"] is not AUTO
    assert made.memory.is_unfit("a", 3739)
    assert not made.memory.is_unfit("a", 3740)


def test_leader_is_not_judged_by_readings_that_hide_a_pulse() -> None:
    """Every ten seconds a hob that pulses every eleven looks as if it were on all the time."""
    made = course("a").see(seen("a", mode=Mode.AUTO, power=-2000))
    made.at(0, 2000)
    assert made.every(10, 100, 2000).looks_closer
    made.every(2, 106, 2000)
    decision = made.at(108, -300)
    assert (decision.looks_closer, decision.ineligible) == (False, {})


def test_full_leader_that_leaves_the_sun_to_the_grid_is_not_looked_at_more_closely() -> None:
    """Its charge explains it, for hours: the meter is read every ten seconds as ever."""
    made = course("a").see(seen("a", mode=Mode.AUTO, soc=99))
    made.at(0, -2000)
    decision = made.every(10, 600, -2000)
    assert (decision.looks_closer, decision.ineligible) == (False, {})


def test_sole_leader_without_effect_is_followed_by_setpoints_alone() -> None:
    """Slower, but served."""
    made = course("a").see(seen("a", mode=Mode.AUTO))
    made.at(0, 400)
    decision = made.every(10, 200, 400)
    assert (decision.state, decision.leader_id) == (SiteState.NO_LEADER, None)
    assert work(decision)["a"][1:] == (SETPOINT, 200)


def test_leader_that_does_not_enter_auto_is_not_asked_for_ten_minutes() -> None:
    """Its own word, two minutes after it was told."""
    made = course("a", "b").see(seen("a", outcome=outcome(auto("a"), 10)), seen("b", soc=40))
    assert made.at(0, 200).leader_id == "a"
    assert made.every(10, 120, 200).leader_id == "a"
    assert made.at(130, 200).leader_id == "b"
    made.see(seen("b", soc=40, mode=Mode.AUTO))
    assert made.every(10, 190, 200).leader_id == "b"
    made.settings = site(battery("a"), battery("b", battery_mode=BatteryMode.IDLE))
    assert made.at(200, 200).state is SiteState.NO_LEADER
    assert made.every(10, 740, 200).leader_id == "a"


def test_leader_that_waits_to_be_told_auto_has_a_quarter_of_an_hour() -> None:
    """A handover, or the pace at which batteries are written, may keep it waiting; but not for ever."""
    made = course("a", "b").see(seen("b", soc=40))
    made.at(0, 200)
    assert made.every(10, 890, 200).leader_id == "a"
    assert made.every(10, 910, 200).ineligible == {"a": LeaderFault.NO_AUTO}


def test_leader_that_refused_auto_in_a_handover_is_not_asked_again() -> None:
    """It said so itself; who could not be read meanwhile is asked again."""
    made = course("a", "b").see(seen("b", soc=40))
    made.at(0, 200)
    assert made.every(10, 60, 200, feedback=Feedback(refused_auto="b")).ineligible == {}
    assert made.at(70, 200, feedback=Feedback(refused_auto="a")).ineligible == {"a": LeaderFault.NO_AUTO}


def test_leader_whose_mode_is_unreadable_or_that_is_in_auto_after_all_keeps_the_lead() -> None:
    """Neither is a refusal."""
    unreadable = course("a", "b").see(seen("a", mode=Mode.UNKNOWN), seen("b", soc=40))
    unreadable.at(0, 20)
    assert unreadable.every(10, 400, 20).leader_id == "a"
    made = course("a").see(seen("a", outcome=outcome(auto("a"), 10)))
    made.at(0, 200)
    assert made.every(10, 140, 200).state is SiteState.NO_LEADER
    made.see(seen("a", mode=Mode.AUTO))
    assert made.at(150).leader_id == "a"
