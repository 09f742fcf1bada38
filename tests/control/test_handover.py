"""A change of leader, step by step."""

from dataclasses import replace

from custom_components.home_energy_controller.control.actuation.actuation import Actuation, ActuationMemory, actuate
from custom_components.home_energy_controller.control.model import (
    BatteryObservation,
    Command,
    CommandOutcome,
    Mode,
    Strategy,
    Target,
)
from custom_components.home_energy_controller.control.settings import BatterySettings, Circuit
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


class HandingOver:
    """Two or three batteries, the first of which leads at 800 W, proven."""

    def __init__(self, *batteries: BatterySettings) -> None:
        """Begin with a leader that was never commanded, and others in Passive that never were either."""
        self.settings = site(*(batteries or (battery("a"), battery("b"), battery("c"))))
        self.memory = ActuationMemory()
        self.readings: dict[str, BatteryObservation] = {
            made.battery_id: seen(made.battery_id, at=99) for made in self.settings.batteries
        }
        self.readings["a"] = seen("a", power=800, mode=Mode.AUTO, at=99)
        self.done: dict[str, CommandOutcome] = {}

    def read(
        self, battery_id: str, at: float, power: float = 0.0, mode: Mode = Mode.PASSIVE, soc: float = 50.0
    ) -> None:
        """Read one battery."""
        self.readings[battery_id] = seen(battery_id, power=power, mode=mode, at=at, soc=soc)

    def at(self, now: float, *targets: Target, leader: str | None = "b") -> Actuation:
        """Pursue; every command is confirmed."""
        view = snapshot(*(replace(seen_, outcome=self.done.get(key)) for key, seen_ in self.readings.items()))
        result = actuate(decision(*targets, leader=leader), view, self.settings, self.memory, now)
        self.memory = result.memory
        for command in result.commands:
            self.done[command.battery_id] = outcome(command, now)
        return result

    def sent(self, now: float, *targets: Target) -> tuple[Command, ...]:
        """Return what is sent at a moment."""
        return self.at(now, *targets).commands


NEW = (follow("a", 300), lead("b"), follow("c", 500))
"""What is decided: b leads instead of a."""


def begun() -> HandingOver:
    """Return a handover of which the first step is proven and the second sent, at 108."""
    handover = HandingOver()
    handover.at(100, *NEW)
    handover.read("a", 106, 310)
    handover.at(108, *NEW)
    return handover


def test_old_leader_holds_its_power_then_the_new_one_starts_then_the_old_one_follows() -> None:
    """The power is handed over, the loop is broken before the next is made."""
    handover = HandingOver()
    first = handover.at(100, *NEW)
    assert first.commands == (passive("a", 300), passive("b", 500), passive("c", 500)), "800 W, divided as decided"
    assert (first.handover, first.next_due) == (True, 102)
    assert handover.sent(104, *NEW) == ()
    handover.read("a", 106, 310)
    second = handover.at(108, *NEW)
    assert (second.commands, second.handover) == ((auto("b"),), True), "whatever the new one does: that needs no proof"
    handover.read("b", 114, 100, Mode.AUTO)
    handover.read("c", 114, 500)
    third = handover.at(116, *NEW)
    assert (third.commands, third.handover) == ((), False)


def test_new_leader_waits_as_long_as_the_old_one_may_be_in_auto() -> None:
    """And until the old one's power is proven."""
    handover = HandingOver()
    handover.at(100, *NEW)
    handover.read("a", 106, 800, Mode.AUTO)
    assert handover.sent(108, *NEW) == ()
    handover.read("a", 110, 400)
    assert auto("b") not in handover.sent(111, *NEW), "out of Auto, but its power is not proven"
    assert auto("b") not in handover.sent(112, *NEW)


def test_others_keep_their_power_during_a_swap_but_idle_at_once() -> None:
    """Safety does not wait."""
    handover = HandingOver()
    handover.at(90, lead("a"), follow("b", 700), follow("c", 700), leader="a")
    handover.read("b", 95, 700)
    handover.read("c", 95, 700)
    handover.at(96, lead("a"), follow("b", 700), follow("c", 700), leader="a")
    assert handover.sent(100, follow("a"), lead("b"), follow("c", 400)) == (passive("a", 0), passive("b", 1500))
    assert handover.sent(102, follow("a"), lead("b"), follow("c")) == (passive("c", 0),)


def test_old_leader_of_a_failed_swap_is_not_left_in_auto_that_may_do_one_direction_only() -> None:
    """The car begins to charge: in Auto it would be fed."""
    handover = HandingOver()
    for now in range(100, 132, 2):
        handover.at(now, *NEW)
    assert handover.at(132, *NEW).leader_id == "a"
    spared = (NEW[0], replace(NEW[1], is_watched=True), NEW[2])
    assert auto("a") not in handover.sent(134, *spared)
    assert handover.at(136, *spared).leader_id != "a"


def test_old_leader_of_a_failed_swap_leads_on_only_if_its_circuit_carries_all() -> None:
    """What it leaves may have been given to others, who know nothing of a leader that was not decided."""
    charges_less = {"rated_power_w": 2500, "rated_charge_w": 800}
    gives_less = {"rated_power_w": 800, "rated_charge_w": 2500}
    for limit_w, own, leader in ((5000, {}, "a"), (4999, charges_less, None), (4999, gives_less, None)):
        shed = Circuit(name="shed", limit_w=limit_w)
        handover = HandingOver(battery("a", circuit=shed), battery("b", circuit=shed, **own), battery("c"))
        for now in range(100, 132, 2):
            handover.at(now, *NEW)
        assert handover.at(132, *NEW).leader_id == leader


def test_first_step_unproven_after_30_s_leaves_the_old_leader_for_ten_minutes() -> None:
    """The new one does meanwhile what the old one would have."""
    handover = HandingOver()
    handover.at(100, *NEW)
    sent = [command for now in range(102, 131, 2) for command in handover.sent(now, *NEW)]
    assert set(sent) == {passive("a", 300), passive("b", 500), passive("c", 500)}
    back = handover.at(131, *NEW)
    assert back.commands == (auto("a"), passive("b", 300))
    assert not back.handover
    handover.read("a", 140, 800, Mode.AUTO)
    handover.read("b", 140, 300)
    handover.read("c", 140, 500)
    calm = [command for now in range(142, 730, 10) for command in handover.sent(now, *NEW)]
    assert set(calm) == {passive("b", 300), passive("c", 500)}, "renewals"
    assert passive("a", 300) in handover.sent(732, *NEW), "and once more"


def test_second_step_refused_gives_the_lead_back() -> None:
    """And it is known who refused, until the next attempt, or until it is in Auto after all."""
    handover = begun()
    for now in range(110, 130, 2):
        handover.read("b", now - 1, 300)
        assert handover.at(now, *NEW).handover
    handover.read("b", 130, 300)
    back = handover.at(131, *NEW)
    assert not back.handover
    assert (back.memory.feedback(131).refused_auto, back.memory.feedback(800).refused_auto) == ("b", None)
    handover.read("b", 135, 300)
    assert auto("a") in handover.sent(136, *NEW)
    handover.read("b", 138, 300, Mode.AUTO)
    assert handover.at(139, *NEW).memory.feedback(139).refused_auto is None


def test_second_step_unread_for_90_s_gives_the_lead_back() -> None:
    """It may have entered Auto unheard: that comes first. Nobody says that it refused."""
    handover = begun()
    assert [
        command for now in range(110, 199, 2) for command in handover.sent(now, *NEW) if command.battery_id == "a"
    ] == []
    back = handover.at(200, *NEW)
    assert back.memory.feedback(200).refused_auto is None
    assert back.commands == (passive("b", 300),), "the new one must be out of Auto first"
    handover.read("b", 204, 300, Mode.AUTO)
    assert auto("a") not in handover.sent(206, *NEW)
    handover.read("b", 210, 300)
    assert auto("a") in handover.sent(212, *NEW)


def test_firmware_whose_mode_may_be_read_late_is_given_more_time() -> None:
    """15 s more on top of 30 s."""
    handover = HandingOver(battery("a", mode_read_delay_s=15.0), battery("b"), battery("c"))
    handover.at(100, *NEW)
    assert handover.at(144, *NEW).handover
    assert not handover.at(146, *NEW).handover


def test_firmware_that_may_seldom_be_read_is_given_more_time() -> None:
    """Its proof may come half a minute late."""
    handover = HandingOver(battery("a", proof_spacing_s=30.0), battery("b"), battery("c"))
    handover.at(100, *NEW)
    assert handover.at(159, *NEW).handover
    assert not handover.at(161, *NEW).handover


def test_old_leader_that_may_not_run_auto_is_not_put_back() -> None:
    """Reserve, limits or the strategy may be why it was replaced."""
    handover = HandingOver()
    handover.at(100, *NEW)
    handover.read("a", 101, 800, Mode.AUTO, soc=12)
    assert auto("a") not in handover.sent(131, *NEW)
    limited = HandingOver()
    limited.at(100, *NEW)
    limited.settings = site(battery("a", max_charge_w=1000), battery("b"), battery("c"))
    assert auto("a") not in limited.sent(131, *NEW)
    one_way = HandingOver()
    one_way.at(100, *NEW)
    one_way.settings = replace(one_way.settings, strategy=Strategy.ZERO_CHARGE_ONLY)
    assert auto("a") not in one_way.sent(131, *NEW)


def test_old_leader_at_its_reserve_holds_nothing() -> None:
    """Not even for the seconds of a handover."""
    handover = HandingOver()
    handover.read("a", 99, 800, Mode.AUTO, soc=12)
    assert handover.sent(100, *NEW)[0] == passive("a", 0)


def test_nobody_holds_what_the_strategy_forbids() -> None:
    """That is when a leader is replaced in a hurry."""
    handover = HandingOver()
    handover.settings = replace(handover.settings, strategy=Strategy.ZERO_CHARGE_ONLY)
    assert handover.sent(100, *NEW)[:2] == (passive("a", 0), passive("b", 0))


def test_release_ends_a_swap() -> None:
    """What was released is nobody's old leader."""
    handover = begun()
    assert handover.memory.handover.handover is not None
    assert handover.memory.released((auto("a"),), 110).handover.handover is None


def test_unknown_power_of_the_old_leader_is_not_handed_over() -> None:
    """0 W is the safe guess for a setpoint, not for a reading."""
    handover = HandingOver()
    handover.readings["a"] = seen("a", power=None, mode=Mode.AUTO, at=99)
    assert handover.sent(100, follow("a"), lead("b"), follow("c"))[:2] == (passive("a", 0), passive("b", 0))


def test_what_the_new_leader_may_not_take_stays_with_the_old_one() -> None:
    """Its limit, or its charge; a sign that is not proven yet is asked about with little power only."""
    told = (follow("a"), lead("b"), follow("c"))
    limited = HandingOver(battery("a"), battery("b", direction_verified=False), battery("c"))
    assert limited.sent(100, *told)[:2] == (passive("a", 500), passive("b", 300))
    empty = HandingOver()
    empty.read("b", 99, soc=12)
    assert empty.sent(100, *told)[:2] == (passive("a", 800), passive("b", 0))


def test_new_leader_takes_no_more_than_it_may_while_it_waits() -> None:
    """It may come to its reserve in these seconds."""
    handover = HandingOver()
    handover.at(100, *NEW)
    handover.read("b", 101, 500, soc=12)
    assert handover.sent(102, *NEW) == (passive("b", 0),)


def test_new_leader_that_takes_no_command_keeps_its_power_and_the_old_one_its_own() -> None:
    """Nothing can be handed over to it."""
    handover = HandingOver(battery("a"), battery("b", has_passive=False), battery("c"))
    handover.read("b", 99, 200, Mode.MANUAL)
    assert handover.sent(100, follow("a"), lead("b"), follow("c"))[0] == passive("a", 800)


def test_both_go_on_with_what_they_do_together() -> None:
    """A follower that becomes the leader keeps its share and takes over the other's."""
    handover = HandingOver()
    handover.read("b", 99, 700)
    assert handover.sent(100, *NEW)[:2] == (passive("a", 300), passive("b", 1200))


def test_old_leader_without_passive_is_idled_first() -> None:
    """It can hold no power."""
    handover = HandingOver(battery("a", has_passive=False, slots_cleared=True), battery("b"), battery("c"))
    assert handover.sent(100, follow("a"), lead("b"), follow("c")) == (
        manual_idle("a"),
        passive("b", 800),
        passive("c", 0),
    )


def test_old_leader_that_cannot_be_idled_does_not_keep_the_new_one_waiting() -> None:
    """It would wait for ever."""
    handover = HandingOver(battery("a", has_passive=False), battery("b"), battery("c"))
    assert auto("b") in handover.sent(100, nothing("a"), lead("b"), follow("c"))
    odd = HandingOver(battery("a", has_passive=False), battery("b"), battery("c"))
    assert auto("b") in odd.sent(100, follow("a"), lead("b"), follow("c"))


def test_all_found_in_auto_the_leader_stays_and_the_others_leave() -> None:
    """No handover is needed for that, and no command to the leader."""
    handover = HandingOver()
    handover.read("b", 99, 0, Mode.AUTO)
    handover.read("c", 99, 0, Mode.AUTO)
    first = handover.at(100, lead("a"), follow("b"), follow("c"), leader="a")
    assert (first.commands, first.handover) == ((passive("b", 0), passive("c", 0)), False)


def test_leader_is_not_started_beside_a_third_that_may_be_in_auto() -> None:
    """One handover, three loops."""
    handover = HandingOver()
    handover.read("c", 99, 0, Mode.AUTO)
    assert handover.sent(100, *NEW) == (passive("a", 300), passive("b", 500), passive("c", 500))
    handover.read("a", 106, 300)
    assert handover.sent(108, *NEW) == ()
    handover.read("c", 109, 500)
    assert handover.sent(110, *NEW) == (auto("b"),)


def test_waiting_leader_goes_on_with_what_it_did() -> None:
    """Its countdown is renewed."""
    handover = HandingOver()
    handover.read("a", 89)
    handover.at(90, follow("a"), follow("b", 700), follow("c"), leader=None)
    handover.read("b", 95, 700)
    waiting = replace(lead("b"), waits=True)
    assert handover.sent(240, follow("a"), waiting, follow("c")) == (
        passive("a", 0),
        passive("b", 700),
        passive("c", 0),
    )


def test_swap_is_dropped_when_another_leader_is_decided() -> None:
    """And begins anew from whoever may be in Auto."""
    handover = begun()
    other = handover.at(110, follow("a"), follow("b"), lead("c"), leader="c")
    assert other.handover, "now from b, which may be in Auto, to c"
    assert other.commands[:2] == (passive("a", 0), passive("b", 0))
    handover.read("b", 115)
    assert auto("c") in handover.at(117, follow("a"), follow("b"), lead("c"), leader="c").commands


def test_swap_is_dropped_when_no_leader_is_wanted_or_the_old_one_is_gone() -> None:
    """There is nothing left to hand over."""
    handover = begun()
    assert not handover.at(110, follow("a"), follow("b"), follow("c"), leader=None).handover
    held = begun()
    assert not held.at(110, follow("a"), follow("b"), follow("c"), leader="b").handover
    gone = begun()
    assert not gone.at(110, nothing("a"), lead("b"), follow("c")).handover


def test_owner_s_auto_is_not_waited_for() -> None:
    """Two loops are then what the owner asked for."""
    handover = HandingOver()
    owners = replace(lead("a"), role=follow("a").role.OWNER)
    assert auto("b") in handover.sent(100, owners, lead("b"), follow("c"))


def test_battery_without_a_target_is_left_alone() -> None:
    """A decision may be older than a new battery."""
    assert HandingOver().sent(100, lead("b")) == (auto("b"),)
