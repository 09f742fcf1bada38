"""How often a battery is written: never more than it can stand, and never too late."""

from dataclasses import replace
import random

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory
from custom_components.home_energy_controller.control.actuation.release import is_needed
from custom_components.home_energy_controller.control.actuation.write_budget import (
    HOUR_S,
    MOST_PER_HOUR,
    Writes,
    paced_settings,
)
from custom_components.home_energy_controller.control.model import (
    BatteryMode,
    Command,
    CommandKind,
    Mode,
    Role,
    Target,
    Timed,
)
from tests.control.build import auto, battery, follow, lead, passive, site
from tests.control.course import One


def busy(one: One, until: float, number: int = 45) -> One:
    """Return a battery that was written so often in the hour before."""
    writes = Writes()
    for index in range(number):
        writes = writes.added(passive("a", 1), until - 10.0 * (number - index))
    one.memory = replace(one.memory, writes={"a": writes})
    return one


def sent(one: One, now: float, target: Target, *, power: int) -> tuple[Command, ...]:
    """Return what is sent while a battery does what it was told before."""
    return one.read(now - 1, power=power).at(now, target).commands


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("every_s", [1.0, 5.0, 30.0, 61.0, 149.0])
def test_no_hour_holds_more_than_sixty_writes_that_could_wait(seed: int, every_s: float) -> None:
    """However they come: at once, evenly, or in bursts with the renewals between."""
    chance, now, writes = random.Random(seed), 0.0, Writes()
    times: list[float] = []
    while now < 4 * HOUR_S:
        now += chance.choice((every_s, every_s * 3, 400.0 if chance.random() < 0.02 else every_s))
        is_renewal = bool(times) and now - times[-1] >= 150.0
        if is_renewal or now >= writes.next_at(now):
            times.append(now)
            writes = writes.added(passive("a", 1), now)
    assert max(sum(at - HOUR_S < other <= at for other in times) for at in times) <= MOST_PER_HOUR
    assert writes.busiest_hour <= MOST_PER_HOUR
    assert not writes.exceptions


def told(power: int) -> One:
    """Return a battery that does a power since 105 and was written very often."""
    one = One().read(99)
    one.at(100, follow("a", power))
    one.read(105, power=power).at(106, follow("a", power))
    return busy(one, 107.0)


@pytest.mark.parametrize("power", [0, 300, -100, -900])
def test_what_takes_power_away_never_waits(power: int) -> None:
    """Idle, a smaller power, and another direction, which ends this one."""
    assert sent(told(900), 108, follow("a", power), power=900) == (passive("a", power),)


def test_what_ends_auto_never_waits() -> None:
    """Nor does it when the first was not heard, and it is told again."""
    one = One().read(99)
    one.at(100, lead("a"))
    one = busy(one.read(104), 104.5)
    assert one.at(105, follow("a"), done=False).commands == (passive("a", 0),)
    assert one.memory.writes["a"].exceptions
    busy(one, 118.0)
    assert one.at(119, follow("a"), done=False).commands == (passive("a", 0),)


def test_a_power_that_is_not_obeyed_is_taken_away_without_waiting() -> None:
    """By what it does, not by what it was told."""
    one = told(300)
    assert sent(one, 109, follow("a", 300), power=2400) == (passive("a", 300),)


def test_a_renewal_that_is_due_never_waits() -> None:
    """After its countdown the battery does what it likes."""
    one = told(900)
    busy(one, 249.0)
    assert one.read(250, power=900).at(251, follow("a", 900)).commands == (passive("a", 900),)


def test_auto_waits_for_seconds_only_and_never_beyond_sixty_an_hour() -> None:
    """It ends a handover, for which its battery was written a moment ago."""
    assert sent(told(900), 109, lead("a"), power=900) == (auto("a"),)
    full = busy(told(900), 107.0, number=MOST_PER_HOUR)
    assert sent(full, 109, lead("a"), power=900) == ()


@pytest.mark.parametrize("target", [follow("a", 901), follow("a", 2000)])
def test_what_adds_power_waits_and_is_not_believed_to_be_told(target: Target) -> None:
    """Until its time has come; then the last of them is sent."""
    one = told(900)
    result = one.read(107, power=900).at(108, target)
    assert result.commands == ()
    assert result.memory.tracked["a"].command == passive("a", 900)
    due = result.next_due
    assert due is not None
    assert due <= 97 + 150 + 1
    assert one.read(due - 2, power=900).at(due - 1, target).commands == ()
    wanted = auto("a") if target.role is Role.LEADER else passive("a", target.power_w)
    assert one.at(due, target).commands == (wanted,)


def test_the_first_commands_come_as_fast_as_they_are_decided() -> None:
    """Five seconds apart."""
    one = One().read(99)
    assert one.at(100, follow("a", 100)).commands
    assert not sent(one, 103, follow("a", 200), power=100)
    assert sent(one, 105, follow("a", 300), power=100) == (passive("a", 300),)


def test_a_battery_that_was_let_go_is_taken_up_again_at_its_pace() -> None:
    """Switched on and off again and again it is let go each time, and taken up when it may be."""
    one = told(900)
    one.memory = one.memory.released((auto("a"),), 108)
    assert one.read(112).at(113, follow("a", 900)).commands == ()


def test_a_last_word_that_is_done_already_is_not_sent() -> None:
    """It is released all the same."""
    one = told(900)
    before = one.memory.writes
    assert not is_needed(passive("a", 900), one.memory.tracked["a"], None, None)
    one.memory = one.memory.released((), 108, (passive("a", 900), passive("b", 0)))
    assert one.memory.tracked["a"].is_release
    assert one.memory.writes == before


@pytest.mark.parametrize(
    ("command", "last", "mode", "needed"),
    [
        (auto("a"), None, Mode.AUTO, False),
        (auto("a"), None, Mode.PASSIVE, True),
        (auto("a"), auto("a"), None, True),
        (passive("a", 0), passive("a", 0), Mode.PASSIVE, False),
        (passive("a", 0), passive("a", 0), Mode.MANUAL, True),
        (passive("a", 0), passive("a", 500), Mode.PASSIVE, True),
        (passive("a", 0), None, Mode.PASSIVE, True),
    ],
)
def test_a_battery_that_was_let_go_and_stayed_so_is_not_told_again(
    command: Command, last: Command | None, mode: Mode | None, *, needed: bool
) -> None:
    """What is not known is told."""
    seen = None if mode is None else Timed(mode, 5.0)
    assert is_needed(command, None, None if last is None else Writes(last=last), seen) is needed


def test_writes_that_others_made_count() -> None:
    """Clearing the schedules is ten."""
    memory = ActuationMemory().written([Command(battery_id="a", kind=CommandKind.MANUAL_IDLE)] * 10, 50.0)
    assert (memory.writes["a"].busiest_hour, memory.writes["a"].exceptions) == (10, 9)


def test_powers_of_people_change_at_the_pace_of_the_battery_but_stop_at_once() -> None:
    """The limits go on acting on the power before."""
    writes = busy(One(), 100.0).memory.writes
    before = site(battery("a", battery_mode=BatteryMode.FIXED, fixed_power_w=800))
    for power_w, acts_w in ((500, 800), (-500, 800), (0, 0)):
        wanted = site(battery("a", battery_mode=BatteryMode.FIXED, fixed_power_w=power_w))
        assert paced_settings(wanted, before, writes, 101.0).batteries[0].fixed_power_w == acts_w
        assert paced_settings(wanted, None, writes, 101.0) == wanted
        assert paced_settings(wanted, before, writes, 400.0) == wanted
