"""A change of leader, step by step."""

from dataclasses import replace

from custom_components.home_energy_controller.control.actuation.actuation import PursueMemory, Pursuit, pursue
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


class Swapping:
    """Two or three batteries, the first of which leads at 800 W, proven."""

    def __init__(self, *batteries: BatterySettings) -> None:
        """Begin with a leader that was never commanded, and others in Passive that never were either."""
        self.settings = site(*(batteries or (battery("a"), battery("b"), battery("c"))))
        self.memory = PursueMemory()
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

    def at(self, now: float, *targets: Target, leader: str | None = "b") -> Pursuit:
        """Pursue; every command is confirmed."""
        view = snapshot(*(replace(seen_, outcome=self.done.get(key)) for key, seen_ in self.readings.items()))
        result = pursue(decision(*targets, leader=leader), view, self.settings, self.memory, now)
        self.memory = result.memory
        for command in result.commands:
            self.done[command.battery_id] = outcome(command, now)
        return result

    def sent(self, now: float, *targets: Target) -> tuple[Command, ...]:
        """Return what is sent at a moment."""
        return self.at(now, *targets).commands


NEW = (follow("a", 300), lead("b"), follow("c", 500))
"""What is decided: b leads instead of a."""


def begun() -> Swapping:
    """Return a swap of which the first step is proven and the second sent, at 108."""
    swap = Swapping()
    swap.at(100, *NEW)
    swap.read("a", 106, 310)
    swap.at(108, *NEW)
    return swap


def test_old_leader_holds_its_power_then_the_new_one_starts_then_the_old_one_follows() -> None:
    """The power is handed over, the loop is broken before the next is made."""
    swap = Swapping()
    first = swap.at(100, *NEW)
    assert first.commands == (passive("a", 300), passive("b", 500), passive("c", 500)), "800 W, divided as decided"
    assert (first.swap, first.next_due) == (True, 102)
    assert swap.sent(104, *NEW) == ()
    swap.read("a", 106, 310)
    second = swap.at(108, *NEW)
    assert (second.commands, second.swap) == ((auto("b"),), True), "whatever the new one does: that needs no proof"
    swap.read("b", 114, 100, Mode.AUTO)
    swap.read("c", 114, 500)
    third = swap.at(116, *NEW)
    assert (third.commands, third.swap) == ((), False)


def test_new_leader_waits_as_long_as_the_old_one_may_be_in_auto() -> None:
    """And until the old one's power is proven."""
    swap = Swapping()
    swap.at(100, *NEW)
    swap.read("a", 106, 800, Mode.AUTO)
    assert swap.sent(108, *NEW) == ()
    swap.read("a", 110, 400)
    assert auto("b") not in swap.sent(111, *NEW), "out of Auto, but its power is not proven"
    assert auto("b") not in swap.sent(112, *NEW)


def test_others_keep_their_power_during_a_swap_but_idle_at_once() -> None:
    """Safety does not wait."""
    swap = Swapping()
    swap.at(90, lead("a"), follow("b", 700), follow("c", 700), leader="a")
    swap.read("b", 95, 700)
    swap.read("c", 95, 700)
    swap.at(96, lead("a"), follow("b", 700), follow("c", 700), leader="a")
    assert swap.sent(100, follow("a"), lead("b"), follow("c", 400)) == (passive("a", 0), passive("b", 1500))
    assert swap.sent(102, follow("a"), lead("b"), follow("c")) == (passive("c", 0),)


def test_old_leader_of_a_failed_swap_is_not_left_in_auto_that_may_do_one_direction_only() -> None:
    """The car begins to charge: in Auto it would be fed."""
    swap = Swapping()
    for now in range(100, 132, 2):
        swap.at(now, *NEW)
    assert swap.at(132, *NEW).leader_id == "a"
    spared = (NEW[0], replace(NEW[1], is_watched=True), NEW[2])
    assert auto("a") not in swap.sent(134, *spared)
    assert swap.at(136, *spared).leader_id != "a"


def test_old_leader_of_a_failed_swap_leads_on_only_if_its_circuit_carries_all() -> None:
    """What it leaves may have been given to others, who know nothing of a leader that was not decided."""
    charges_less = {"power_class_w": 2500, "charge_class_w": 800}
    gives_less = {"power_class_w": 800, "charge_class_w": 2500}
    for limit_w, own, leader in ((5000, {}, "a"), (4999, charges_less, None), (4999, gives_less, None)):
        shed = Circuit(name="shed", limit_w=limit_w)
        swap = Swapping(battery("a", circuit=shed), battery("b", circuit=shed, **own), battery("c"))
        for now in range(100, 132, 2):
            swap.at(now, *NEW)
        assert swap.at(132, *NEW).leader_id == leader


def test_first_step_unproven_after_30_s_leaves_the_old_leader_for_ten_minutes() -> None:
    """The new one does meanwhile what the old one would have."""
    swap = Swapping()
    swap.at(100, *NEW)
    sent = [command for now in range(102, 131, 2) for command in swap.sent(now, *NEW)]
    assert set(sent) == {passive("a", 300), passive("b", 500), passive("c", 500)}
    back = swap.at(131, *NEW)
    assert back.commands == (auto("a"), passive("b", 300))
    assert not back.swap
    swap.read("a", 140, 800, Mode.AUTO)
    swap.read("b", 140, 300)
    swap.read("c", 140, 500)
    calm = [command for now in range(142, 730, 10) for command in swap.sent(now, *NEW)]
    assert set(calm) == {passive("b", 300), passive("c", 500)}, "renewals"
    assert passive("a", 300) in swap.sent(732, *NEW), "and once more"


def test_second_step_refused_for_30_s_gives_the_lead_back() -> None:
    """And it is known who refused, until the next attempt."""
    swap = begun()
    for now in range(110, 140, 2):
        swap.read("b", now - 1, 300)
        assert swap.at(now, *NEW).swap
    swap.read("b", 139, 300)
    back = swap.at(142, *NEW)
    swap.read("b", 146, 300)
    assert auto("a") in swap.sent(148, *NEW)
    assert (back.memory.feedback(142).refused_auto, back.memory.feedback(800).refused_auto) == ("b", None)


def test_second_step_unread_for_90_s_gives_the_lead_back() -> None:
    """It may have entered Auto unheard: that comes first. Nobody says that it refused."""
    swap = begun()
    assert [
        command for now in range(110, 199, 2) for command in swap.sent(now, *NEW) if command.battery_id == "a"
    ] == []
    back = swap.at(200, *NEW)
    assert back.memory.feedback(200).refused_auto is None
    assert back.commands == (passive("b", 300),), "the new one must be out of Auto first"
    swap.read("b", 204, 300, Mode.AUTO)
    assert auto("a") not in swap.sent(206, *NEW)
    swap.read("b", 210, 300)
    assert auto("a") in swap.sent(212, *NEW)


def test_firmware_whose_mode_may_be_read_late_is_given_more_time() -> None:
    """15 s more on top of 30 s."""
    swap = Swapping(battery("a", mode_read_delay_s=15.0), battery("b"), battery("c"))
    swap.at(100, *NEW)
    assert swap.at(144, *NEW).swap
    assert not swap.at(146, *NEW).swap


def test_firmware_that_may_seldom_be_read_is_given_more_time() -> None:
    """Its proof may come half a minute late."""
    swap = Swapping(battery("a", proof_spacing_s=30.0), battery("b"), battery("c"))
    swap.at(100, *NEW)
    assert swap.at(159, *NEW).swap
    assert not swap.at(161, *NEW).swap


def test_old_leader_that_may_not_run_auto_is_not_put_back() -> None:
    """Reserve, limits or the strategy may be why it was replaced."""
    swap = Swapping()
    swap.at(100, *NEW)
    swap.read("a", 101, 800, Mode.AUTO, soc=12)
    assert auto("a") not in swap.sent(131, *NEW)
    limited = Swapping()
    limited.at(100, *NEW)
    limited.settings = site(battery("a", max_charge_w=1000), battery("b"), battery("c"))
    assert auto("a") not in limited.sent(131, *NEW)
    one_way = Swapping()
    one_way.at(100, *NEW)
    one_way.settings = replace(one_way.settings, strategy=Strategy.ZERO_CHARGE_ONLY)
    assert auto("a") not in one_way.sent(131, *NEW)


def test_old_leader_at_its_reserve_holds_nothing() -> None:
    """Not even for the seconds of a swap."""
    swap = Swapping()
    swap.read("a", 99, 800, Mode.AUTO, soc=12)
    assert swap.sent(100, *NEW)[0] == passive("a", 0)


def test_nobody_holds_what_the_strategy_forbids() -> None:
    """That is when a leader is replaced in a hurry."""
    swap = Swapping()
    swap.settings = replace(swap.settings, strategy=Strategy.ZERO_CHARGE_ONLY)
    assert swap.sent(100, *NEW)[:2] == (passive("a", 0), passive("b", 0))


def test_release_ends_a_swap() -> None:
    """What was released is nobody's old leader."""
    swap = begun()
    assert swap.memory.swap.swap is not None
    assert swap.memory.released((auto("a"),), 110).swap.swap is None


def test_unknown_power_of_the_old_leader_is_not_handed_over() -> None:
    """0 W is the safe guess for a set-point, not for a reading."""
    swap = Swapping()
    swap.readings["a"] = seen("a", power=None, mode=Mode.AUTO, at=99)
    assert swap.sent(100, follow("a"), lead("b"), follow("c"))[:2] == (passive("a", 0), passive("b", 0))


def test_what_the_new_leader_may_not_take_stays_with_the_old_one() -> None:
    """Its limit, or its charge; a sign that is not proven yet is asked about with little power only."""
    told = (follow("a"), lead("b"), follow("c"))
    limited = Swapping(battery("a"), battery("b", sign_proven=False), battery("c"))
    assert limited.sent(100, *told)[:2] == (passive("a", 500), passive("b", 300))
    empty = Swapping()
    empty.read("b", 99, soc=12)
    assert empty.sent(100, *told)[:2] == (passive("a", 800), passive("b", 0))


def test_new_leader_takes_no_more_than_it_may_while_it_waits() -> None:
    """It may come to its reserve in these seconds."""
    swap = Swapping()
    swap.at(100, *NEW)
    swap.read("b", 101, 500, soc=12)
    assert swap.sent(102, *NEW) == (passive("b", 0),)


def test_new_leader_that_takes_no_command_keeps_its_power_and_the_old_one_its_own() -> None:
    """Nothing can be handed over to it."""
    swap = Swapping(battery("a"), battery("b", has_passive=False), battery("c"))
    swap.read("b", 99, 200, Mode.MANUAL)
    assert swap.sent(100, follow("a"), lead("b"), follow("c"))[0] == passive("a", 800)


def test_both_go_on_with_what_they_do_together() -> None:
    """A follower that becomes the leader keeps its share and takes over the other's."""
    swap = Swapping()
    swap.read("b", 99, 700)
    assert swap.sent(100, *NEW)[:2] == (passive("a", 300), passive("b", 1200))


def test_old_leader_without_passive_is_idled_first() -> None:
    """It can hold no power."""
    swap = Swapping(battery("a", has_passive=False, slots_cleared=True), battery("b"), battery("c"))
    assert swap.sent(100, follow("a"), lead("b"), follow("c")) == (manual_idle("a"), passive("b", 800), passive("c", 0))


def test_old_leader_that_cannot_be_idled_does_not_keep_the_new_one_waiting() -> None:
    """It would wait for ever."""
    swap = Swapping(battery("a", has_passive=False), battery("b"), battery("c"))
    assert auto("b") in swap.sent(100, nothing("a"), lead("b"), follow("c"))
    odd = Swapping(battery("a", has_passive=False), battery("b"), battery("c"))
    assert auto("b") in odd.sent(100, follow("a"), lead("b"), follow("c"))


def test_all_found_in_auto_the_leader_stays_and_the_others_leave() -> None:
    """No swap is needed for that, and no command to the leader."""
    swap = Swapping()
    swap.read("b", 99, 0, Mode.AUTO)
    swap.read("c", 99, 0, Mode.AUTO)
    first = swap.at(100, lead("a"), follow("b"), follow("c"), leader="a")
    assert (first.commands, first.swap) == ((passive("b", 0), passive("c", 0)), False)


def test_leader_is_not_started_beside_a_third_that_may_be_in_auto() -> None:
    """One swap, three loops."""
    swap = Swapping()
    swap.read("c", 99, 0, Mode.AUTO)
    assert swap.sent(100, *NEW) == (passive("a", 300), passive("b", 500), passive("c", 500))
    swap.read("a", 106, 300)
    assert swap.sent(108, *NEW) == ()
    swap.read("c", 109, 500)
    assert swap.sent(110, *NEW) == (auto("b"),)


def test_waiting_leader_goes_on_with_what_it_did() -> None:
    """Its countdown is renewed."""
    swap = Swapping()
    swap.read("a", 89)
    swap.at(90, follow("a"), follow("b", 700), follow("c"), leader=None)
    swap.read("b", 95, 700)
    waiting = replace(lead("b"), waits=True)
    assert swap.sent(240, follow("a"), waiting, follow("c")) == (passive("a", 0), passive("b", 700), passive("c", 0))


def test_swap_is_dropped_when_another_leader_is_decided() -> None:
    """And begins anew from whoever may be in Auto."""
    swap = begun()
    other = swap.at(110, follow("a"), follow("b"), lead("c"), leader="c")
    assert other.swap, "now from b, which may be in Auto, to c"
    assert other.commands[:2] == (passive("a", 0), passive("b", 0))
    swap.read("b", 115)
    assert auto("c") in swap.at(117, follow("a"), follow("b"), lead("c"), leader="c").commands


def test_swap_is_dropped_when_no_leader_is_wanted_or_the_old_one_is_gone() -> None:
    """There is nothing left to hand over."""
    swap = begun()
    assert not swap.at(110, follow("a"), follow("b"), follow("c"), leader=None).swap
    held = begun()
    assert not held.at(110, follow("a"), follow("b"), follow("c"), leader="b").swap
    gone = begun()
    assert not gone.at(110, nothing("a"), lead("b"), follow("c")).swap


def test_owner_s_auto_is_not_waited_for() -> None:
    """Two loops are then what the owner asked for."""
    swap = Swapping()
    owners = replace(lead("a"), role=follow("a").role.OWNER)
    assert auto("b") in swap.sent(100, owners, lead("b"), follow("c"))


def test_battery_without_a_target_is_left_alone() -> None:
    """A decision may be older than a new battery."""
    assert Swapping().sent(100, lead("b")) == (auto("b"),)
