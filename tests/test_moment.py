"""Grid, house and batteries that are shown together: which reading of the meter they are of."""

from dataclasses import replace

from custom_components.home_energy_controller.control.model import (
    BatteryObservation,
    Command,
    CommandKind,
    CommandOutcome,
    Mode,
    Timed,
)
from custom_components.home_energy_controller.view.moment import Member, Moment, next_moment


def member(power_w: float, at: float, mode: Mode = Mode.PASSIVE) -> Member:
    """Return a battery that was read."""
    power = Timed(power_w, at)
    return Member(seen=BatteryObservation(battery_id="a", power_w=power, mode=Timed(mode, at)), power_w=power)


def told(each: Member, kind: CommandKind, power_w: int, at: float) -> Member:
    """Return it, told something at a moment."""
    command = Command(battery_id="a", kind=kind, power_w=power_w, countdown_s=300)
    outcome = CommandOutcome(command=command, sent_at=at, done_at=at, accepted=True)
    return replace(each, seen=replace(each.seen, outcome=outcome))


def moments(*cycles: tuple[float, float, dict[str, Member]]) -> list[Moment]:
    """Return what each cycle of (time, meter, batteries) makes."""
    made: list[Moment] = []
    for at, grid_w, members in cycles:
        found = next_moment(made[-1] if made else None, Timed(grid_w, at), members, is_complete=True)
        assert found is not None
        made.append(found)
    return made


def test_who_holds_a_setpoint_is_of_every_moment() -> None:
    """It does what it did when it was read: the meter of now is shown."""
    holds = {"a": member(700, 100)}
    first, second = moments((100, 50, holds), (125, 900, holds))
    assert (first.grid_w, second.grid_w) == (50, 900)
    assert second.is_whole


def test_who_leads_is_of_the_moment_at_which_it_was_read() -> None:
    """The meter of later waits for its next reading, and all three go on together."""
    leads = {"a": member(700, 100, Mode.AUTO)}
    again = {"a": member(1500, 129, Mode.AUTO)}
    first, second, third = moments((101, 50, leads), (120, 900, leads), (130, 20, again))
    assert second is first
    assert (third.at, third.grid_w, third.powers_w) == (130, 20, {"a": 1500})


def test_a_reading_goes_with_one_reading_of_the_meter() -> None:
    """That of a cycle later is another moment, though not far."""
    leads = {"a": member(700, 100, Mode.AUTO)}
    first, second = moments((101, 50, leads), (108, 900, leads))
    assert second is first


def test_a_setpoint_that_is_not_read_yet_waits() -> None:
    """What it did is history, what it does not known."""
    before = member(0, 100)
    after = told(before, CommandKind.PASSIVE, 2000, 105)
    first, second, third = moments(
        (101, 50, {"a": before}),
        (110, -1900, {"a": after}),
        (
            112,
            -1950,
            {"a": replace(after, power_w=Timed(2000.0, 111), seen=replace(after.seen, power_w=Timed(2000.0, 111)))},
        ),
    )
    assert second is first
    assert (third.grid_w, third.powers_w) == (-1950, {"a": 2000})


def test_who_was_put_in_auto_moves_from_then_on() -> None:
    """Its mode was not read since."""
    auto = told(member(500, 100), CommandKind.AUTO, 0, 99)
    assert not told(member(500, 100), CommandKind.AUTO, 0, 101).holds
    assert auto.holds, "somebody put it in Passive after that"
    assert not member(500, 100, Mode.MANUAL).holds
    assert told(member(0, 100, Mode.MANUAL), CommandKind.MANUAL_IDLE, 0, 99).holds


def test_a_leader_that_is_silent_holds_all_until_it_is_lost() -> None:
    """Then the grid goes on alone."""
    leads = {"a": member(700, 100, Mode.AUTO)}
    first, second = moments((101, 50, leads), (185, 900, leads))
    assert second is first
    alone = next_moment(second, Timed(900.0, 195), {}, is_complete=False)
    assert alone is not None
    assert (alone.grid_w, alone.is_whole) == (900, False)


def test_a_moment_does_not_stand_for_minutes() -> None:
    """On firmware that is lost late only: the grid goes on, and of the rest nothing is known until it is heard."""
    leads, heard = {"a": member(700, 100, Mode.AUTO)}, {"a": member(-300, 280, Mode.AUTO)}
    *_, held, late, again = moments((101, 50, leads), (240, 900, leads), (260, 800, leads), (281, 20, heard))
    assert (held.grid_w, held.is_whole) == (50, True)
    assert (late.grid_w, late.is_whole) == (800, False)
    assert (again.grid_w, again.is_whole, again.powers_w) == (20, True, {"a": -300})


def test_what_is_read_in_turns_is_shown_as_near_as_can_be() -> None:
    """Two that run by themselves and are never read together: after a minute without a moment, what there is."""
    two = {"a": member(700, 100, Mode.AUTO), "b": member(300, 100, Mode.AUTO)}
    later = two | {"a": member(800, 165, Mode.AUTO)}
    first, second = moments((101, 50, two), (166, 20, later))
    assert second is not first
    assert second.powers_w == {"a": 800, "b": 300}


def test_without_a_meter_there_is_no_moment_and_after_it_the_house_waits_for_the_leader() -> None:
    """What it said while the meter was away belongs to no reading of it."""
    leads = {"a": member(700, 100, Mode.AUTO)}
    assert next_moment(None, None, leads, is_complete=True) is None
    first, second = moments((125, 50, leads), (131, 60, {"a": member(710, 130, Mode.AUTO)}))
    assert not first.is_whole
    assert second.is_whole
