"""What a battery did instead of what it was told, told apart, and for how long it gets no work."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import Actuation
from custom_components.home_energy_controller.control.actuation.release import release
from custom_components.home_energy_controller.control.actuation.trust import Diagnosis, TrustState
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.site import Leader
from custom_components.home_energy_controller.control.model import (
    Action,
    Command,
    Decision,
    Feedback,
    Health,
    LeaderFault,
    Mode,
    Role,
    SiteState,
    Target,
    Timed,
)
from tests.control.build import (
    auto,
    battery,
    decision,
    follow,
    lead,
    manual_idle,
    nothing,
    outcome,
    passive,
    seen,
    site,
    snapshot,
)
from tests.control.course import One, health, proven


def failed(one: One, target: Target | None = None, *, answered: bool | None = True) -> Actuation:
    """Return the actuation at 131, after three sends of which nothing came."""
    one.sends(range(100, 131), target or follow("a", 600), answered=answered)
    return one.at(131, target or follow("a", 600))


@pytest.mark.parametrize(
    ("answered", "diagnosis"),
    [(False, Diagnosis.REFUSED), (None, Diagnosis.UNANSWERED), (True, Diagnosis.IGNORED)],
)
def test_three_sends_that_came_to_nothing_are_told_apart_by_their_answers(
    *, answered: bool | None, diagnosis: Diagnosis
) -> None:
    """And cost the battery its work for two minutes."""
    one = One().read(99)
    result = failed(one, answered=answered)
    assert result.diagnosis == {"a": diagnosis}
    assert one.memory.feedback(131).locked_out == {"a": Health.NOT_FOLLOWING}
    assert one.memory.feedback(251).locked_out == {}


def test_pauses_grow_and_begin_anew_after_a_calm_hour() -> None:
    """2, 5, 10 and 10 min."""
    trust, now, pauses = TrustState(), 0.0, []
    for wait_s in (0.0, 10.0, 10.0, 10.0, 3601.0):
        now = max(now, trust.locked_out_until) + wait_s
        trust = trust.failed(Diagnosis.IGNORED, now)
        pauses.append(trust.locked_out_until - now)
    assert pauses == [120, 300, 600, 600, 120]


def test_battery_that_does_it_after_all_gets_its_work_back_but_not_for_idling() -> None:
    """Idle, it has shown nothing."""
    late = One().read(99)
    failed(late)
    assert health(late.read(140, power=600).at(141, follow("a", 600))) is Health.PROVEN
    idle = One().read(99)
    failed(idle)
    idle.at(140, follow("a"))
    assert health(idle.read(145, power=0).at(146, follow("a"))) is Health.NOT_FOLLOWING


def test_second_send_is_told_from_a_lost_first_one() -> None:
    """By whether the first was confirmed."""
    for answered, diagnosis in ((True, {"a": Diagnosis.SECOND_SEND}), (None, {})):
        one = One().read(99)
        one.at(100, follow("a", 600), answered=answered)
        one.at(110, follow("a", 600))
        one.at(113, follow("a", 600))
        result = one.read(116, power=600).at(117, follow("a", 600))
        assert (dict(result.diagnosis), health(result)) == (diagnosis, Health.PROVEN)


def test_battery_that_gives_a_part_goes_on_giving_it() -> None:
    """Its power class, or heat: it is told the rest no more."""
    one = One().read(99)
    one.sends(range(100, 121), follow("a", 2000))
    one.read(125, power=800)
    result = one.at(131, follow("a", 2000))
    assert (dict(result.diagnosis), health(result)) == ({"a": Diagnosis.LIMITED}, Health.PROVEN)
    assert one.read(160, power=820).at(161, follow("a", 2000)).commands == ()
    assert one.read(200, power=300).at(201, follow("a", 2000)).commands, "less is something else"


@pytest.mark.parametrize(
    "reading",
    [{"power": 800.0, "mode": Mode.MANUAL}, {"power": -800.0}, {"power": 90.0}, {"power": 600.0}, {"power": None}],
    ids=["a slot", "the other way", "next to nothing", "as before", "unread"],
)
def test_part_is_no_part_when_it_may_be_something_else(reading: dict[str, object]) -> None:
    """Then it ignores what it is told."""
    one = proven(600)
    one.sends(range(150, 171), follow("a", 2000))
    one.read(175, **reading)
    assert one.at(181, follow("a", 2000)).diagnosis == {"a": Diagnosis.IGNORED}


# Losing what was proven.


def test_silent_drops_cost_the_work_at_the_third_within_ten_minutes() -> None:
    """Each is repaired at once."""
    one = proven()
    for begun in (130, 160, 190):
        result = one.read(begun, power=600, mode=Mode.AUTO).at(begun + 1, follow("a", 600))
        assert result.commands == (passive("a", 600),)
        assert result.diagnosis == {"a": Diagnosis.DROPPED}
        lockouts = one.memory.feedback(begun + 1).locked_out
        one.read(begun + 10, power=600).at(begun + 11, follow("a", 600))
    assert lockouts == {"a": Health.NOT_FOLLOWING}
    assert one.memory.feedback(202).drops_to_auto == {"a"}
    assert one.memory.feedback(202).locked_out == lockouts, "that it does it for a while is no news"
    calm = proven()
    for begun in (130, 500, 1101):
        calm.read(begun, power=600, mode=Mode.AUTO).at(begun + 1, follow("a", 600))
        calm.read(begun + 10, power=600).at(begun + 11, follow("a", 600))
    assert calm.memory.feedback(1112).locked_out == {}


def test_what_stops_after_its_countdown_has_expired() -> None:
    """In whatever mode it is then."""
    for mode in (Mode.PASSIVE, Mode.AUTO, Mode.MANUAL):
        one = proven()
        one.sends(range(250, 360, 50), follow("a", 600), answered=None)
        result = one.read(401, power=0, mode=mode).at(402, follow("a", 600))
        assert (result.commands, result.diagnosis) == ((passive("a", 600),), {"a": Diagnosis.EXPIRED})
        assert one.memory.feedback(402).locked_out == {}


def test_foreign_change_is_corrected_once_in_ten_minutes_and_then_yielded_to() -> None:
    """Nothing is sent from then on, not even a release."""
    one = proven()
    assert one.read(130, mode=Mode.MANUAL).at(131, follow("a", 600)).commands == (passive("a", 600),)
    for now in range(141, 700, 50):
        one.read(now - 1, power=600).at(now, follow("a", 600))
    result = one.read(700, mode=Mode.MANUAL).at(701, follow("a", 600))
    assert (result.commands, health(result)) == ((), Health.TAKEN)
    assert one.sends(range(702, 760, 2), follow("a", 600)) == []
    assert release(site(battery("a", found_mode=Mode.AUTO)), one.memory, {}, 760)[0] == ()


@pytest.mark.parametrize("mode", [Mode.AI, Mode.UPS])
def test_ai_and_ups_are_yielded_to_at_once(mode: Mode) -> None:
    """Somebody chose them."""
    result = proven().read(130, mode=mode).at(131, follow("a", 600))
    assert (result.commands, health(result)) == ((), Health.TAKEN)


def test_battery_found_in_something_else_before_a_restart_was_taken_meanwhile() -> None:
    """Unless its owner says that it is ours."""
    one = One(battery("a", found_mode=Mode.AUTO)).read(99, mode=Mode.UPS)
    assert health(one.at(100, follow("a", 600))) is Health.TAKEN
    one.memory = one.memory.reset(["a"])
    assert one.at(102, follow("a", 600)).commands == (passive("a", 600),)
    new = One(battery("a")).read(99, mode=Mode.UPS)
    assert new.at(100, follow("a", 600)).commands, "it was found so: switched on, it is ours"


def test_taken_battery_comes_back_an_hour_after_the_last_sign_of_the_other() -> None:
    """A sign is another mode, or one of theirs."""
    one = proven()
    one.read(130, mode=Mode.UPS).at(131, follow("a", 600))
    one.read(2000, mode=Mode.UPS).at(2001, follow("a", 600))
    one.read(3000, mode=Mode.MANUAL).at(3001, follow("a", 600))
    one.read(6500, mode=Mode.MANUAL)
    assert one.sends(range(6500, 6600, 2), follow("a", 600)) == []
    assert one.sends(range(6600, 6604, 2), follow("a", 600)) == [6602]


# At zero.


def stuck(*, cleared: bool) -> tuple[One, Actuation]:
    """Return a battery that goes on with 150 W at Passive 0, and the actuation that gives up."""
    one = One(battery("a", slots_cleared=cleared)).read(99)
    one.sends(range(100, 121), follow("a"))
    one.read(125, power=150)
    return one, one.at(131, follow("a"))


def test_flow_at_zero_is_cured_by_manual_and_zero_again() -> None:
    """Once; after that it is only said."""
    one, given_up = stuck(cleared=True)
    assert given_up.diagnosis == {"a": Diagnosis.STUCK}
    assert one.at(133, follow("a")).commands == (manual_idle("a"),)
    assert one.sends(range(134, 143), follow("a")) == []
    assert one.at(143, follow("a")).commands == (passive("a", 0),)
    one.read(150, power=150)
    assert manual_idle("a") not in [command for now in range(151, 500) for command in one.at(now, follow("a")).commands]


def test_flow_at_zero_is_left_where_manual_could_run_a_slot() -> None:
    """150 W are the lesser evil."""
    one, _ = stuck(cleared=False)
    commands = [command for now in range(132, 500) for command in one.at(now, follow("a")).commands]
    assert set(commands) == {passive("a", 0)}


# What dispatch makes of it.


def decided(
    lockout: Health | None, *, mode: Mode = Mode.PASSIVE, drops_to_auto: bool = False, **changes: object
) -> Decision:
    """Return what is decided for b, which may have lost its work, beside a leader with too large a load."""
    settings = site(battery("a"), battery("b", **changes), battery("c"))
    view = snapshot(seen("a", power=2500, mode=Mode.AUTO), seen("b", mode=mode), seen("c"), meter=2000, load=4500)
    view = replace(
        view,
        feedback=Feedback(
            locked_out={} if lockout is None else {"b": lockout}, drops_to_auto=frozenset("b" if drops_to_auto else "")
        ),
    )
    return dispatch(view, settings, DispatchMemory(leader=Leader(id="a")), 0)[0]


def target(made: Decision, battery_id: str) -> tuple[Role, Action, bool]:
    """Return what one battery is to do, and whether with power."""
    found = made.target(battery_id)
    assert found is not None
    return found.role, found.action, found.power_w != 0


def test_share_of_a_battery_without_work_goes_to_the_others() -> None:
    """It is idled, or left alone where somebody else runs it."""
    assert target(decided(None), "c")[2]
    alone = decided(Health.NOT_FOLLOWING)
    assert target(alone, "b") == (Role.UNAVAILABLE, Action.IDLE, False)
    assert target(alone, "c") == (Role.FOLLOWER, Action.SETPOINT, True)
    assert target(decided(Health.WRONG_SIGN), "b") == (Role.UNAVAILABLE, Action.IDLE, False)
    assert target(decided(Health.TAKEN), "b") == (Role.UNAVAILABLE, Action.NOTHING, False)


def test_battery_that_does_not_leave_auto_leads_if_it_may() -> None:
    """Better than two loops."""
    assert decided(Health.NOT_FOLLOWING, mode=Mode.AUTO).leader_id == "b"
    assert decided(Health.TAKEN, mode=Mode.AUTO).leader_id != "b"
    assert decided(Health.NOT_FOLLOWING, mode=Mode.AUTO, max_charge_w=500).leader_id != "b"
    assert decided(Health.NOT_FOLLOWING, drops_to_auto=True).leader_id == "b", "in Passive for a moment"


def test_silent_leader_that_somebody_else_runs_leads_no_longer() -> None:
    """Nor one that does the opposite."""
    settings = site(battery("a"), battery("b"))
    memory = DispatchMemory(leader=Leader(id="a", auto_inhibited=False), started=True, asked=(True, settings.strategy))
    view = snapshot(seen("a", power=900, mode=Mode.AUTO, at=-200), seen("b"), meter=0, load=900)
    made = [
        dispatch(replace(view, feedback=Feedback(locked_out=lockout)), settings, memory, 0)[0]
        for lockout in ({}, {"a": Health.TAKEN})
    ]
    assert [one.leader_id for one in made] == ["a", "b"]
    assert target(made[1], "a") == (Role.UNAVAILABLE, Action.NOTHING, False)


# The meter is gone.


def test_followers_are_released_when_the_meter_has_been_gone_for_a_quarter_of_an_hour() -> None:
    """Until then they idle; the leader goes on."""
    settings = site(battery("a"), battery("b"))
    memory, states = DispatchMemory(leader=Leader(id="a"), started=True), []
    for now in (100.0, 999.0, 1000.0):
        view = snapshot(seen("a", mode=Mode.AUTO, at=now), seen("b", at=now), meter=0, at=0)
        made, memory = dispatch(view, settings, memory, now)
        states.append((made.state, made.let_go, target(made, "a")[1], target(made, "b")[1]))
    idle = (SiteState.METER_LOST, False, Action.AUTO, Action.IDLE)
    assert states == [idle, idle, (SiteState.METER_LOST, True, Action.AUTO, Action.NOTHING)]
    view = snapshot(seen("a", mode=Mode.AUTO, at=1010), seen("b", at=1010), meter=0, at=1010)
    assert not dispatch(view, settings, memory, 1010)[0].let_go


def test_released_follower_is_told_its_last_word_once_it_is_proven_forgotten() -> None:
    """As on switching off."""
    one = proven()
    gone = replace(decision(nothing("a", Role.FOLLOWER)), let_go=True)

    def pursued(now: float) -> tuple[Command, ...]:
        view = snapshot(replace(one.reading, outcome=one.done))
        result = one_pursue(view, now)
        for command in result.commands:
            one.done = outcome(command, now)
        return result.commands

    def one_pursue(view: object, now: float) -> Actuation:
        from custom_components.home_energy_controller.control.actuation.actuation import actuate  # noqa: PLC0415

        result = actuate(gone, view, one.settings, one.memory, now)  # type: ignore[arg-type]
        one.memory = result.memory
        return result

    assert pursued(200) == (auto("a"),)
    one.read(206, mode=Mode.AUTO)
    assert pursued(208) == ()
    assert pursued(210) == ()
    assert one.memory.tracked == {}


# A floor of its own.


def test_leader_that_gives_nothing_at_a_low_charge_is_empty_and_not_without_effect() -> None:
    """Its owner set a higher floor in the app: another leads, and it may charge."""
    settings = site(battery("a"), battery("b"))
    meter_window = tuple(Timed(900.0, float(at)) for at in range(0, 71, 5))
    leader = Leader(
        id="a", auto_inhibited=False, auto=Timed(True, -100), best_output=Timed(400.0, -60), doubted_at=30.0
    )
    memory = DispatchMemory(leader=leader, started=True, asked=(True, settings.strategy), meter_window=meter_window)

    def after(soc: float, power: float, load: float = 900) -> tuple[Decision, DispatchMemory]:
        view = snapshot(
            seen("a", soc=soc, power=power, mode=Mode.AUTO, at=70), seen("b", at=70), meter=900, at=70, load=load
        )
        return dispatch(view, settings, memory, 70)

    assert after(36, 0)[0].ineligible == {"a": LeaderFault.WITHOUT_EFFECT}
    assert after(30, 400)[0].derated == {"a": 400}, "it does a part"
    made, learnt = after(30, 0)
    assert (made.ineligible, made.derated) == ({}, {})
    assert learnt.floors == {"a": Timed(30, 70)}
    view = snapshot(seen("a", soc=30, mode=Mode.AUTO, at=72), seen("b", at=72), meter=900, at=72, load=900)
    assert dispatch(view, settings, learnt, 72)[0].leader_id == "b"
    assert learnt.with_floors(settings, 3670).batteries[0].reserve_pct == 30
    assert learnt.with_floors(settings, 3671).batteries[0].reserve_pct == 12


def test_lead_is_left_alone_by_who_is_told_nothing() -> None:
    """A leader that was found in Auto has no standing."""
    result = One(mode=Mode.AUTO).read(99, mode=Mode.AUTO).at(100, lead("a"))
    assert result.memory.feedback(100).locked_out == {}
