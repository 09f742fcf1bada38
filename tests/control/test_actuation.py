"""What is sent to make a decision true, and when it counts as true."""

import pytest

from custom_components.home_energy_controller.control.model import BatteryObservation, Health, Mode, Strategy, Timed
from tests.control.build import auto, battery, follow, lead, manual_idle, nothing, outcome, passive, seen, site
from tests.control.course import One, health, proven

# Sending and proving.


def test_change_is_sent_at_once() -> None:
    """Each time, as the former is answered."""
    one = One()
    first = one.at(100, follow("a", 750))
    assert first.commands == (passive("a", 750),)
    assert health(first) is Health.SILENT
    one.read(100, power=740)
    assert one.at(101, follow("a", 750)).commands == ()
    assert one.at(102, follow("a", -500)).commands == (passive("a", -500),)
    assert one.at(104, follow("a")).commands == (passive("a", 0),)


def test_untouched_battery_is_told_nothing_when_nothing_is_wanted() -> None:
    """Nothing is asked or planned either."""
    result = One().read(99).at(100, nothing("a"))
    assert (result.commands, result.next_due, result.reads, health(result)) == ((), None, {}, Health.UNTOUCHED)


def test_battery_that_is_in_auto_already_needs_no_command_to_lead() -> None:
    """So it need not be released later."""
    result = One(mode=Mode.AUTO).read(99, mode=Mode.AUTO).at(100, lead("a"))
    assert (result.commands, dict(result.memory.tracked), health(result)) == ((), {}, Health.UNTOUCHED)


@pytest.mark.parametrize(
    ("power", "at", "proven"),
    [(1100, 104, True), (900, 104, True), (1101, 104, False), (1000, 103, False), (None, 104, False)],
)
def test_setpoint_is_proven_by_power_within_a_tenth_measured_three_seconds_later(
    power: float | None, at: float, *, proven: bool
) -> None:
    """Not by an acknowledgement."""
    one = One()
    one.at(100, follow("a", 1000))
    one.read(at, power=power)
    assert health(one.at(105, follow("a", 1000))) is (Health.PROVEN if proven else Health.SETTLING)


@pytest.mark.parametrize(("power", "proven"), [(50, True), (-50, True), (51, False)])
def test_idling_is_proven_by_less_than_50_w(power: float, *, proven: bool) -> None:
    """Standby and measuring error are below that."""
    one = One()
    one.at(100, follow("a"))
    assert (health(one.read(104, power=power).at(105, follow("a"))) is Health.PROVEN) is proven


def test_auto_is_proven_by_a_mode_read_after_the_send() -> None:
    """Its power could be anything."""
    one = One()
    one.at(100, lead("a"))
    assert health(one.read(100, mode=Mode.AUTO).at(105, lead("a"))) is Health.SETTLING
    assert health(one.read(106, mode=Mode.AUTO).at(107, lead("a"))) is Health.PROVEN


def test_at_the_same_power_auto_and_passive_look_alike_so_the_mode_must_tell() -> None:
    """Else a handover would prove itself."""
    one = One(mode=Mode.AUTO)
    one.at(100, follow("a", 500))
    assert health(one.read(104, power=500, mode=Mode.AUTO).at(105, follow("a", 500))) is Health.SETTLING
    assert health(one.read(106, power=500, mode=Mode.UNKNOWN).at(107, follow("a", 500))) is Health.SETTLING
    assert health(one.read(108, power=500, mode=None).at(109, follow("a", 500))) is Health.SETTLING
    assert health(one.read(110, power=500, mode=Mode.PASSIVE).at(111, follow("a", 500))) is Health.PROVEN


def test_battery_that_was_told_auto_may_be_in_it_until_its_mode_is_read() -> None:
    """Even if it was not when it was read last."""
    one = One().read(99)
    one.at(100, lead("a"))
    one.at(102, follow("a", 500))
    one.reading = seen("a", power=500, at=108, mode_at=99)
    assert health(one.at(109, follow("a", 500))) is Health.SETTLING
    one.reading = seen("a", power=500, at=108, mode_at=106)
    assert health(one.at(110, follow("a", 500))) is Health.PROVEN


def test_battery_that_was_found_in_auto_may_be_in_it_until_its_mode_is_read() -> None:
    """Unknown is no proof of the contrary."""
    one = One(mode=Mode.AUTO)
    one.at(100, follow("a", 500))
    assert health(one.read(106, power=500, mode=Mode.UNKNOWN).at(107, follow("a", 500))) is Health.SETTLING


@pytest.mark.parametrize(
    ("told", "power", "soc", "proven"),
    [(-1000, -400, 96, True), (-1000, 0, 99, True), (-1000, -400, 90, False), (-1000, 400, 99, False),
     (1000, 300, 14, True), (1000, -20, 14, True), (1000, 300, 40, False), (1000, 1500, 14, False)],
)  # fmt: skip
def test_battery_limited_by_its_charge_is_not_at_fault(told: int, power: float, soc: float, *, proven: bool) -> None:
    """Less, in the same direction, near that bound."""
    one = One().read(99)
    one.at(100, follow("a", told))
    one.read(104, power=power, soc=soc)
    assert (health(one.at(105, follow("a", told))) is Health.PROVEN) is proven


# Limits and devices.


def test_setpoint_is_held_within_limits_reserve_and_ceiling_at_this_door_too() -> None:
    """Whatever was decided."""
    assert One(battery("a", max_discharge_w=500)).at(100, follow("a", 900)).commands == (passive("a", 500),)
    assert One().read(99, soc=12).at(100, follow("a", 900)).commands == (passive("a", 0),)
    assert One().read(99, soc=100).at(100, follow("a", -900)).commands == (passive("a", 0),)
    assert One().read(99, soc=None).at(100, follow("a", 900)).commands == (passive("a", 0),)


def test_device_without_passive_is_idled_by_manual_when_its_slots_are_cleared_else_left_alone() -> None:
    """A forgotten slot would run."""
    cleared = battery("a", has_passive=False, slots_cleared=True)
    one = One(cleared)
    assert one.at(100, follow("a")).commands == (manual_idle("a"),)
    assert health(one.read(105, mode=Mode.MANUAL).at(106, follow("a"))) is Health.PROVEN
    assert one.at(500, follow("a")).commands == ()
    assert One(battery("a", has_passive=False)).at(100, follow("a")).commands == ()


# Reading and looking again.


def test_power_is_asked_for_after_a_send_until_it_is_proven() -> None:
    """At 5, 10, 20 and 40 s."""
    one = One().read(99)
    assert one.at(100, follow("a", 600)).reads == {"a": 105}
    assert one.at(104, follow("a", 600)).reads == {"a": 105}
    assert one.at(107, follow("a", 600)).reads == {"a": 105}
    assert one.read(107).at(108, follow("a", 600)).reads == {"a": 110}
    assert one.read(109, power=600).at(110, follow("a", 600)).reads == {}


def test_mode_is_asked_for_when_it_may_be_read_where_only_the_mode_proves() -> None:
    """20 s where 15 s must pass."""
    one = One(battery("a", mode_read_delay_s=15.0)).read(99)
    assert one.at(100, lead("a")).reads == {"a": 120}
    assert one.read(121, mode=None).at(124, lead("a")).reads == {"a": 120}


def test_reading_is_asked_for_no_longer_than_it_helps() -> None:
    """Asking itself disturbs some firmware."""
    one = One().read(99)
    one.sends(range(100, 131), follow("a", 600))
    assert one.read(161).at(162, follow("a", 600)).reads == {}


def test_silent_battery_says_so_whatever_it_was_told() -> None:
    """By the age that its firmware allows."""
    one = proven()
    assert health(one.at(195, follow("a", 600))) is Health.PROVEN
    assert health(one.at(196, follow("a", 600))) is Health.SILENT
    assert health(one.at(196, nothing("a"))) is Health.SILENT


def test_unproven_command_is_looked_at_every_two_seconds() -> None:
    """The cycle follows what is due."""
    one = One().read(99)
    assert one.at(100, follow("a", 600)).next_due == 102
    assert one.at(102, follow("a", 600)).next_due == 104


def test_last_word_is_repeated_until_it_is_proven_and_then_forgotten() -> None:
    """A release that was acknowledged and ignored would leave a battery running with nobody to see it."""
    one = proven()
    last = passive("a", 0, 86_400)
    one.memory = one.memory.released((last,), 200)
    one.read(206, power=600)
    assert one.at(208, nothing("a")).commands == ()
    one.read(211, power=600)
    assert one.at(213, nothing("a")).commands == (last,)
    one.read(219, power=0)
    one.at(220, nothing("a"))
    assert one.at(222, nothing("a")).memory.tracked == {}


def test_new_wish_ends_the_last_word() -> None:
    """Switched on again, the battery is followed up as any other."""
    one = proven()
    one.memory = one.memory.released((auto("a"),), 200)
    one.at(220, lead("a"))
    assert not one.memory.tracked["a"].is_release


def test_battery_that_is_no_longer_there_is_no_trouble() -> None:
    """Its owner removed it."""
    one = proven()
    one.settings = site(strategy=Strategy.ZERO)
    result = one.at(110, follow("a", 600))
    assert (result.commands, dict(result.health)) == ((), {})


def test_outcomes_and_readings_that_cannot_be_are_no_proof() -> None:
    """Nor a reason to fail."""
    one = One().read(99)
    one.at(100, follow("a", 600))
    one.reading = BatteryObservation(battery_id="a", power_w=Timed(float("nan"), 105), outcome=outcome(auto("a"), 100))
    assert health(one.at(106, follow("a", 600))) is Health.SETTLING


def test_refused_command_is_sent_again() -> None:
    """Busy is no refusal for ever."""
    refused = One().read(99)
    refused.at(100, follow("a", 600), answered=False)
    assert refused.sends(range(101, 115), follow("a", 600)) == [110]
