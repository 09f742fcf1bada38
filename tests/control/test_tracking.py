"""When a battery is told again: before its countdown ends, while nothing proves it, and when it stops."""

from custom_components.home_energy_controller.control.model import Action, Command, Health, Mode, Role, Target
from tests.control.build import auto, battery, follow, lead, outcome, passive
from tests.control.course import One, health, proven

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
    assert one.memory.feedback(241).locked_out == {}


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


def test_battery_that_may_seldom_be_read_is_given_up_only_after_it_could_be() -> None:
    """Firmware that loses its settings by being asked: its last send waits for a reading."""
    for spacing_s, given_up_at in ((0.0, 130), (30.0, 160)):
        one = One(battery("a", proof_spacing_s=spacing_s)).read(99)
        healths = {now: health(one.at(now, follow("a", 600))) for now in range(100, 170)}
        assert (healths[given_up_at - 1], healths[given_up_at]) == (Health.SETTLING, Health.NOT_FOLLOWING)


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


def test_battery_that_leaves_the_mode_is_told_again_at_once() -> None:
    """And again when it comes back and leaves once more."""
    one = proven()
    result = one.read(130, power=0, mode=Mode.MANUAL).at(131, follow("a", 600))
    assert (result.commands, health(result)) == ((passive("a", 600),), Health.SETTLING)
    assert health(one.at(133, follow("a", 600))) is Health.SETTLING, "what was read before is no proof"
    assert health(one.read(136, power=600).at(137, follow("a", 600))) is Health.PROVEN
    assert one.read(740, power=0, mode=Mode.MANUAL).at(741, follow("a", 600)).commands


def test_mode_that_is_told_wrong_is_outweighed_by_the_power_that_is_measured() -> None:
    """After UPS, firmware 148 says UPS whatever it does: there is nothing to fight."""
    for mode in (Mode.MANUAL, Mode.UPS, Mode.AI):
        one = proven()
        for now in range(135, 240, 5):
            result = one.read(now - 1, power=600, mode=mode).at(now, follow("a", 600))
            assert (result.commands, health(result)) == ((), Health.PROVEN)


def test_idle_mode_that_is_always_told_wrong_is_corrected_once() -> None:
    """At 0 W nothing shows that a mode is not what it says."""
    one = proven(0)
    assert one.read(130, mode=Mode.MANUAL).at(131, follow("a")).commands
    sends: list[Command] = []
    for now in range(135, 240, 5):
        result = one.read(now - 1, mode=Mode.MANUAL).at(now, follow("a"))
        sends += result.commands
    assert (sends, health(result)) == ([], Health.PROVEN)


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
