"""What is sent to make a decision true, and when it counts as true."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryObservation,
    BatterySettings,
    Command,
    CommandOutcome,
    Health,
    Mode,
    Role,
    Settings,
    Strategy,
    Target,
    Timed,
)
from custom_components.home_energy_controller.control.pursue import PursueMemory, Pursuit, pursue
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


class One:
    """One battery that is pursued over time."""

    def __init__(self, settings: BatterySettings | None = None, mode: Mode | None = Mode.PASSIVE) -> None:
        """Begin with a battery that was read at 0 and never commanded."""
        self.settings: Settings = site(settings or battery("a"))
        self.memory = PursueMemory()
        self.reading = seen("a", mode=mode)
        self.done: CommandOutcome | None = None
        self.loads: tuple[Timed[float], ...] = ()

    def at(self, now: float, target: Target, *, answered: bool | None = True, done: bool = True) -> Pursuit:
        """Pursue a target; what is sent is answered within a second as told."""
        view = replace(snapshot(replace(self.reading, outcome=self.done)), net_load_w=self.loads)
        result = pursue(
            decision(target, leader="a" if target.role is Role.LEADER else None), view, self.settings, self.memory, now
        )
        self.memory = result.memory
        for command in result.commands:
            if done:
                self.done = outcome(command, now, answered)
        return result

    def read(self, at: float, **changes: object) -> One:
        """Read the battery."""
        self.reading = seen("a", at=at, **changes)  # type: ignore[arg-type]  # Tests name fields freely.
        return self

    def sends(self, times: range, target: Target, *, answered: bool | None = True) -> list[float]:
        """Return when something was sent."""
        return [now for now in times if self.at(now, target, answered=answered).commands]


def health(pursuit: Pursuit) -> Health:
    """Return the health of the one battery."""
    return pursuit.health["a"]


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
    assert (result.commands, dict(result.memory.sent), health(result)) == ((), {}, Health.UNTOUCHED)


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
    """Else a swap would prove itself."""
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


# Renewing.


def test_countdown_of_300_s_is_renewed_at_150_s() -> None:
    """And the next look is due just then."""
    one = One().read(99)
    assert one.at(100, follow("a", 600)).commands[0].countdown_s == 300
    one.read(105, power=600)
    due = one.at(106, follow("a", 600)).next_due
    assert due == 250
    assert one.sends(range(108, 600, 2), follow("a", 600)) == [250, 400, 550]


def test_renewal_that_nobody_confirmed_is_repeated_after_50_s() -> None:
    """200 and 250 s after the last confirmed one."""
    one = One().read(99)
    one.at(100, follow("a", 600))
    one.read(105, power=600)
    assert one.sends(range(106, 352, 2), follow("a", 600), answered=None) == [250, 300, 350]


def test_countdown_of_a_command_without_answer_runs_from_its_first_send_once_proven() -> None:
    """It acted, so it arrived."""
    one = One().read(99)
    one.at(100, follow("a", 600), answered=None)
    one.read(105, power=600)
    assert one.sends(range(106, 300, 2), follow("a", 600)) == [250]


def test_auto_needs_no_renewal() -> None:
    """Nor any further look."""
    one = One().read(99)
    one.at(100, lead("a"))
    result = one.read(104, mode=Mode.AUTO).at(106, lead("a"))
    assert result.next_due is None
    assert one.sends(range(106, 2000, 10), lead("a")) == []


def test_about_24_writes_per_hour() -> None:
    """What a follower costs the device."""
    one = One().read(99)
    one.at(0, follow("a", 600))
    one.read(4, power=600)
    assert len(one.sends(range(2, 3600, 2), follow("a", 600))) == 23


# Resending.


def test_unproven_command_is_sent_three_times_and_then_with_growing_pauses_and_calm_renewals() -> None:
    """2, 5 and 10 min, never silence."""
    one = One().read(99)
    attempts = [[100, 110, 120], [250, 260, 270], [580, 590, 600], [1210, 1220, 1230], [1840, 1850, 1860]]
    renewals = [420, 570, 750, 900, 1050, 1200, 1380, 1530, 1680, 1830]
    assert one.sends(range(100, 1900), follow("a", 600)) == sorted(
        [*(at for attempt in attempts for at in attempt), *renewals]
    )


def test_battery_that_does_not_follow_says_so_until_it_does() -> None:
    """A changed wish is sent once and starts no new attempt."""
    one = One().read(99)
    one.sends(range(100, 131), follow("a", 600))
    one.read(131, power=0)
    assert health(one.at(132, follow("a", 600))) is Health.NOT_FOLLOWING
    assert one.at(132, follow("a", 600)).next_due == 250
    changed = one.at(140, follow("a", 900))
    assert changed.commands == (passive("a", 900),)
    assert health(changed) is Health.NOT_FOLLOWING
    assert one.sends(range(142, 240, 2), follow("a", 900)) == []
    assert health(one.read(240, power=900).at(241, follow("a", 900))) is Health.PROVEN
    assert one.memory.barred(241) == {}


def test_pauses_stop_growing_at_ten_minutes() -> None:
    """Auto has no renewals in between."""
    one = One().read(99)
    sends = one.sends(range(10000), lead("a"))
    assert sends[:3] == [0, 10, 20]
    assert sends[-3] - sends[-4] == 610
    assert sends[3] - sends[2] == 130


def test_confirmed_auto_is_given_the_time_after_which_its_mode_may_be_read() -> None:
    """A resend would put the reading off again."""
    slow = battery("a", mode_read_delay_s=15.0)
    assert One(slow).sends(range(100, 150), lead("a")) == [100, 125]
    assert One(slow).sends(range(100, 113), lead("a"), answered=None) == [100, 110]
    assert One(slow).sends(range(100, 113), follow("a", 600)) == [100, 110]
    assert One(slow, Mode.AUTO).sends(range(100, 150), follow("a", 600)) == [100, 125]


def test_one_command_is_under_way_at_a_time_for_at_most_12_s() -> None:
    """A late one would overwrite its successor."""
    one = One().read(99)
    one.at(100, follow("a", 600), done=False)
    assert one.at(112, follow("a", 900), done=False).commands == ()
    assert one.at(112, follow("a", 900), done=False).next_due == 114
    assert one.at(113, follow("a", 900), done=False).commands == (passive("a", 900),)


def test_changed_wish_waits_for_the_outcome() -> None:
    """Of this very command."""
    one = One().read(99)
    one.at(100, follow("a", 600), done=False)
    one.done = outcome(passive("a", 600), 60)
    assert one.at(105, follow("a", 900), done=False).commands == (), "that was an older command"
    one.done = outcome(passive("a", 600), 100)
    assert one.at(106, follow("a", 900), done=False).commands == (passive("a", 900),)


# Losing what was proven.


def proven(power: int = 600) -> One:
    """Return a battery that was proven at 105."""
    one = One().read(99)
    one.at(100, follow("a", power))
    one.read(105, power=power)
    one.at(106, follow("a", power))
    return one


def test_battery_that_leaves_the_mode_is_told_again_at_once() -> None:
    """And again when it comes back and leaves once more."""
    one = proven()
    result = one.read(130, power=600, mode=Mode.MANUAL).at(131, follow("a", 600))
    assert (result.commands, health(result)) == ((passive("a", 600),), Health.SETTLING)
    assert health(one.at(133, follow("a", 600))) is Health.SETTLING, "what was read before is no proof"
    assert health(one.read(136, power=600).at(137, follow("a", 600))) is Health.PROVEN
    assert one.read(740, power=600, mode=Mode.MANUAL).at(741, follow("a", 600)).commands


def test_mode_that_is_always_told_wrong_is_corrected_once() -> None:
    """Its power is right: there is nothing to fight."""
    one = proven()
    assert one.read(130, power=600, mode=Mode.MANUAL).at(131, follow("a", 600)).commands
    sends: list[Command] = []
    for now in range(135, 240, 5):
        result = one.read(now - 1, power=600, mode=Mode.MANUAL).at(now, follow("a", 600))
        sends += result.commands
    assert sends == []
    assert health(result) is Health.PROVEN


def test_unreadable_mode_says_nothing() -> None:
    """For a follower as for a leader."""
    assert proven().read(130, power=600, mode=Mode.UNKNOWN).at(131, follow("a", 600)).commands == ()
    leader = One().read(99)
    leader.at(100, lead("a"))
    leader.read(105, mode=Mode.AUTO).at(106, lead("a"))
    assert health(leader.read(130, mode=Mode.UNKNOWN).at(131, lead("a"))) is Health.PROVEN


def test_battery_that_falls_back_to_auto_at_the_same_power_is_noticed() -> None:
    """The silent drop of jaapp#145."""
    one = proven()
    assert one.read(130, power=600, mode=Mode.AUTO).at(131, follow("a", 600)).commands
    assert health(one.read(136, power=600, mode=Mode.AUTO).at(137, follow("a", 600))) is Health.SETTLING
    assert health(one.read(140, power=600).at(141, follow("a", 600))) is Health.PROVEN
    # Even after its mode was told wrong once.
    odd = proven()
    odd.read(130, power=600, mode=Mode.MANUAL).at(131, follow("a", 600))
    odd.read(140, power=600, mode=Mode.MANUAL).at(141, follow("a", 600))
    assert health(odd.read(160, power=600, mode=Mode.AUTO).at(161, follow("a", 600))) is Health.SETTLING


def test_battery_that_changes_its_power_is_told_again_at_once() -> None:
    """Then every ten seconds, as if it were new."""
    one = proven()
    assert one.read(130, power=100).at(131, follow("a", 600)).commands == (passive("a", 600),)
    assert one.sends(range(133, 160), follow("a", 600)) == [141, 151]


def test_leader_that_drops_out_of_auto_is_told_again_at_once() -> None:
    """By its mode."""
    one = One().read(99)
    one.at(100, lead("a"))
    one.read(105, mode=Mode.AUTO).at(106, lead("a"))
    assert one.read(130, mode=Mode.PASSIVE).at(131, lead("a")).commands == (auto("a"),)


def test_auto_by_the_owners_wish_is_set_once() -> None:
    """What the owner does next is the owner's."""
    wish = Target(battery_id="a", role=Role.OWNER, action=Action.AUTO)
    one = One().read(99)
    assert one.at(100, wish).commands == (auto("a"),)
    one.read(105, mode=Mode.AUTO).at(106, wish)
    assert one.read(130, mode=Mode.MANUAL).at(131, wish).commands == ()


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
    assert one.at(222, nothing("a")).memory.sent == {}


def test_new_wish_ends_the_last_word() -> None:
    """Switched on again, the battery is followed up as any other."""
    one = proven()
    one.memory = one.memory.released((auto("a"),), 200)
    one.at(220, lead("a"))
    assert not one.memory.sent["a"].is_last


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
