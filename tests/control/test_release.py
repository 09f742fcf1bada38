"""How batteries are let go."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory
from custom_components.home_energy_controller.control.actuation.release import release, stop
from custom_components.home_energy_controller.control.actuation.tracking import TrackedCommand
from custom_components.home_energy_controller.control.model import (
    BatteryMode,
    CarObservation,
    Command,
    Mode,
    OwnMeter,
    Release,
    Strategy,
)
from custom_components.home_energy_controller.control.settings import BatterySettings, CarSettings, Settings
from tests.control.build import auto, battery, manual_idle, passive, seen, site, snapshot

LONG = passive("a", 0, 86_400)


def told(*commands: Command, leader: str | None = None) -> ActuationMemory:
    """Return a memory of commands."""
    sent = {command.battery_id: TrackedCommand(command=command, asked_at=0, sent_at=0) for command in commands}
    return ActuationMemory(tracked=sent, leader_id=leader)


def released(settings: BatterySettings) -> tuple[Command, ...]:
    """Release one commanded battery."""
    return given_up(site(settings), told(passive("a", 500)))


def given_up(settings: Settings, memory: ActuationMemory) -> tuple[Command, ...]:
    """Release batteries of a site that is closed: nobody sends anything again."""
    return release(settings, memory, {}, 0.0, is_closing=True)[0]


@pytest.mark.parametrize(
    ("found", "own_meter", "command"),
    [
        (Mode.AUTO, OwnMeter.NO, auto("a")),
        (Mode.MANUAL, OwnMeter.YES, manual_idle("a")),
        (Mode.PASSIVE, OwnMeter.YES, auto("a")),
        (Mode.UNKNOWN, OwnMeter.UNSURE, auto("a")),
        (Mode.AI, OwnMeter.YES, auto("a")),
        (Mode.UPS, OwnMeter.YES, auto("a")),
        (None, OwnMeter.YES, auto("a")),
        (None, OwnMeter.NO, LONG),
        (Mode.PASSIVE, OwnMeter.NO, LONG),
    ],
)
def test_battery_is_left_as_it_was_found(found: Mode | None, own_meter: OwnMeter, command: Command) -> None:
    """Passive would end, and what the others do is not ours to restore."""
    assert released(battery("a", found_mode=found, own_meter=own_meter)) == (command,)


def test_battery_is_left_in_auto_or_idle_for_long_where_its_owner_wants_that() -> None:
    """Where there is no safe way, it is left alone."""
    assert released(battery("a", release=Release.AUTOMATIC)) == (auto("a"),)
    assert released(battery("a", release=Release.IDLE)) == (LONG,)
    assert released(battery("a", release=Release.IDLE, has_passive=False, slots_cleared=True)) == (manual_idle("a"),)
    assert released(battery("a", release=Release.IDLE, has_passive=False)) == ()


def test_what_the_owner_asked_of_a_battery_by_hand_outlives_the_controller() -> None:
    """But fixed power, which nobody would renew."""
    assert released(battery("a", release=Release.IDLE, battery_mode=BatteryMode.AUTOMATIC)) == (auto("a"),)
    assert released(battery("a", release=Release.AUTOMATIC, battery_mode=BatteryMode.IDLE)) == (LONG,)
    assert released(battery("a", release=Release.AUTOMATIC, battery_mode=BatteryMode.FIXED)) == (auto("a"),)


def test_battery_that_was_never_touched_is_never_released() -> None:
    """It is as its owner wants it."""
    settings = site(battery("a", release=Release.IDLE), battery("b", release=Release.IDLE))
    assert given_up(settings, told(passive("a", 500))) == (LONG,)
    assert given_up(settings, ActuationMemory()) == ()


def test_switching_off_leaves_the_owners_batteries_alone() -> None:
    """They go on being renewed."""
    settings = site(battery("a"), battery("b", battery_mode=BatteryMode.FIXED))
    memory = told(passive("a", 500), passive("b", 300))
    assert release(settings, memory, {}, 0.0)[0] == (auto("a"),)


def test_stopping_leaves_a_leader_in_auto_when_it_may_do_everything() -> None:
    """And its followers to their countdowns."""
    memory = told(auto("a"), passive("b", 500), leader="a")
    assert stop(site(battery("a"), battery("b")), memory, snapshot()) == ()


@pytest.mark.parametrize("strategy", [Strategy.ZERO_CHARGE_ONLY, Strategy.ZERO_DISCHARGE_ONLY])
def test_stopping_idles_a_leader_that_may_not_do_everything_and_nobody_else(strategy: Strategy) -> None:
    """Also one held, and one half way through a handover."""
    settings = site(battery("a"), battery("b"), battery("c", battery_mode=BatteryMode.AUTOMATIC), strategy=strategy)
    short = passive("a", 0, 900)
    assert stop(settings, told(auto("a"), passive("b", 500), auto("c"), leader="a"), snapshot()) == (short,)
    assert stop(settings, told(passive("a", 0), leader="a"), snapshot()) == (short,), "held now, free after 300 s"
    assert stop(settings, told(auto("a"), leader="b"), snapshot()) == (short,), "in the middle of a handover"


@pytest.mark.parametrize(
    ("may_feed", "power_w", "idles"), [(False, 3680, True), (False, 20, False), (True, 3680, False)]
)
def test_stopping_idles_a_leader_that_would_feed_the_car(may_feed: bool, power_w: float, idles: bool) -> None:
    """Unwatched, Auto cannot tell the car from the house."""
    settings = site(battery("a"), car=CarSettings(batteries_may_feed=may_feed))
    view = replace(snapshot(), car=CarObservation(connected=True, power_w=power_w))
    assert stop(settings, told(auto("a"), leader="a"), view) == ((passive("a", 0, 900),) if idles else ())


def test_stopping_tells_nothing_while_the_controller_is_off_or_to_batteries_never_touched() -> None:
    """Nor where there is no safe way."""
    settings = site(battery("a"), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert stop(settings, ActuationMemory(leader_id="a"), snapshot(seen("a", mode=Mode.AUTO))) == ()
    off = site(battery("a"), strategy=Strategy.ZERO_CHARGE_ONLY, enabled=False)
    assert stop(off, told(auto("a"), leader="a"), snapshot()) == ()
    alone = site(battery("a", has_passive=False), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert stop(alone, told(auto("a"), leader="a"), snapshot()) == ()
