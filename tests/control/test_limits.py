"""The limits that batteries share."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory, actuate
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.law import LawInput, LawOutput
from custom_components.home_energy_controller.control.dispatch.site import Load
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryMode,
    Decision,
    Mode,
    Role,
    SiteState,
    Snapshot,
    Strategy,
    Target,
    Timed,
)
from custom_components.home_energy_controller.control.power_range import PowerRange
from custom_components.home_energy_controller.control.settings import Circuit, Settings
from tests.control.build import auto, battery, decision, follow, lead, passive, seen, site, snapshot
from tests.control.course import Course

SHED = Circuit(name="shed", limit_w=3680)


def powers(made: Decision) -> list[int]:
    """Return what is asked of each battery (W)."""
    return [target.power_w for target in made.targets]


class Lawful(Course):
    """A course with a law of the test's own."""

    def __init__(self, settings: Settings) -> None:
        """Let a lead, and the others rest."""
        super().__init__(settings)
        self.leader, self.setpoints = "a", dict[str, int]()
        self.given: LawInput | None = None

    def dispatch(self, view: Snapshot) -> Decision:
        """Decide with that law."""
        made, self.memory = dispatch(view, self.settings, self.memory, self.now, law=self.law, interval_s=0.0)
        return made

    def law(self, given: LawInput) -> LawOutput:
        """Note what is asked, and answer."""
        self.given = given
        return LawOutput(leader_id=self.leader, setpoints=self.setpoints)


def lawful(*batteries: object, **limits: object) -> Lawful:
    """Return a course of batteries of 2500 W: a leads; nobody moves."""
    made = Lawful(site(*batteries, **limits))  # type: ignore[arg-type]  # Tests name fields freely.
    return made.see(*(seen(own.battery_id) for own in made.settings.batteries))  # type: ignore[return-value]  # Itself.


# Circuits.


def test_leader_counts_with_its_full_class_and_a_follower_gets_what_is_left() -> None:
    """Both ways, whatever the leader does at present."""
    made = lawful(battery("a", circuit=SHED), battery("b", circuit=SHED), battery("c"))
    for load, power, left in ((9000, 2500, 1180), (-9000, -2500, -1180)):
        made.setpoints = {"b": power, "c": power}
        assert powers(made.every(10, made.now + 40, load=load))[1:] == [left, power]


def test_class_of_800_w_leaves_less_to_others_that_charge() -> None:
    """It limits discharging only (marstek_api.md 6.5)."""
    made = lawful(battery("a", circuit=SHED, rated_power_w=800), battery("b", circuit=SHED))
    made.setpoints = {"b": 2500}
    assert powers(made.every(10, 40, load=9000))[1] == 2500
    made.setpoints = {"b": -2500}
    assert powers(made.every(10, 80, load=-9000))[1] == -1180


def test_law_is_told_what_limits_leave_beside_each_leader() -> None:
    """So that it does not plan what is cut."""
    made = lawful(battery("a", circuit=SHED), battery("b", circuit=SHED), battery("c", circuit=SHED), battery("d"))
    made.at(0, load=1000)
    assert made.given is not None
    limits = {own.battery_id: [own.limit_w(1, leader) for leader in "abd"] for own in made.given.batteries}
    assert limits == {"a": [2500, 590, 1226], "b": [590, 2500, 1226], "c": [590, 590, 1226], "d": [2500, 2500, 2500]}


@pytest.mark.parametrize("limit_w", [2400, 800])
def test_battery_on_a_circuit_that_is_too_weak_never_leads(limit_w: int) -> None:
    """And is told no more than the circuit carries."""
    made = lawful(battery("a", circuit=Circuit(name="weak", limit_w=limit_w)))
    made.see(seen("a", mode=Mode.AUTO))
    assert made.at(0, 9000).state is SiteState.NO_LEADER
    assert powers(made.at(60, 9000)) == [limit_w]


def test_what_the_owner_set_comes_first_and_moves_the_leader_away() -> None:
    """1500 W of 3680 W leave too little for a leader of 2500 W."""
    made = lawful(
        battery("a", circuit=SHED),
        battery("b", circuit=SHED, battery_mode=BatteryMode.FIXED, fixed_power_w=-1500),
        battery("c"),
    )
    made.leader, made.setpoints = "c", {"a": -2500}
    made.at(0, load=-3000)
    assert made.given is not None
    assert [own.battery_id for own in made.given.batteries if own.may_lead] == ["c"]
    assert powers(made.every(10, 40, load=-3000)) == [-2180, -1500, 0]


def test_owner_runs_one_battery_in_auto_per_fuse_that_carries_one() -> None:
    """The second one idles, although its owner set it to Auto as well."""
    made = lawful(
        *(battery(name, circuit=SHED, battery_mode=BatteryMode.AUTOMATIC) for name in "ab"), battery("c", circuit=SHED)
    )
    actions = [target.action for target in made.at(0, load=900).targets]
    assert actions == [Action.AUTO, Action.IDLE, Action.IDLE]
    small = lawful(battery("a", max_charge_w=500, battery_mode=BatteryMode.AUTOMATIC))
    assert small.at(0).targets[0].action is Action.IDLE, "its own limit is promised as well"
    mini = lawful(
        *(battery(name, circuit=SHED, battery_mode=BatteryMode.AUTOMATIC, has_passive=False) for name in "ab")
    )
    assert mini.at(0).targets[1].action is Action.NOTHING


def test_new_leader_waits_until_others_have_made_room() -> None:
    """What b still delivers could, with all that Auto may do, be too much for the fuse."""
    made = lawful(battery("a", circuit=SHED), battery("b", circuit=SHED), battery("c"))
    made.see(seen("b", power=2000), seen("c", mode=Mode.AUTO))
    made.leader, made.setpoints = "c", {"b": 2000}
    made.every(10, 30, load=3000)
    made.leader = "a"
    waiting = made.at(40, load=3000)
    assert waiting.leader_id == "a"
    assert waiting.targets[0].waits
    assert powers(waiting)[1] == 1180
    made.see(seen("b", power=1200))
    assert not made.at(50, load=3000).targets[0].waits, "a little more than told is how inverters are"


def test_room_is_given_only_once_it_has_been_left() -> None:
    """Told a moment ago, and not yet measured: a may be doing what it was told before."""
    made = lawful(battery("a", circuit=SHED), battery("b", circuit=SHED), battery("c"))
    made.leader, made.setpoints = "c", {"a": -2400}
    assert powers(made.at(0, load=-5000)) == [-2400, 0, 0]
    made.setpoints = {"b": -2400}
    assert powers(made.at(4, load=-5000, fresh=False)) == [0, -1280, 0], "its command may be under way"
    made.see(seen("a", power=-2400))
    assert powers(made.at(10, load=-5000)) == [0, -1280, 0]
    made.see(seen("a"))
    assert powers(made.at(20, load=-5000)) == [0, -2400, 0]


def test_battery_that_was_never_heard_counts_with_its_class() -> None:
    """Nobody knows what it does; one that fell silent counts with what it was told last."""
    made = Course(
        site(battery("a", circuit=SHED), battery("b", circuit=SHED), strategy=Strategy.FIXED, setpoint_w=-2500)
    )
    made.see(seen("a"))
    made.at(0)
    assert powers(made.at(40)) == [-1180, 0]
    made.see(seen("b", power=-500), seen("a", soc=100))
    assert powers(made.every(10, 80)) == [0, -2500]
    made.see(seen("b", at=-1), seen("a"))
    assert powers(made.every(100, 280)) == [-1180, 0]


def test_battery_that_does_more_than_it_was_told_counts_with_what_it_does() -> None:
    """A setting in the app, or a slot of its schedule."""
    made = Course(
        site(battery("a", circuit=SHED), battery("b", circuit=SHED), strategy=Strategy.FIXED, setpoint_w=-2400)
    )
    made.see(seen("a", soc=40), seen("b", soc=100, power=-2000))
    assert powers(made.every(10, 30)) == [-1680, 0]


def test_command_during_a_change_of_leader_stays_within_what_was_decided() -> None:
    """The new leader takes no more than its fuse leaves, the old one holds no more of the rest than its own does."""
    given_ = site(battery("a"), battery("b"))
    targets = (
        replace(follow("a", 0), transition=PowerRange(discharge_w=1180)),
        replace(lead("b"), transition=PowerRange(discharge_w=600)),
    )
    told = snapshot(seen("a", mode=Mode.AUTO, power=2000), seen("b"))
    commands = actuate(decision(*targets, leader="b"), told, given_, ActuationMemory(), 0).commands
    assert commands == (passive("a", 1180), passive("b", 600))


def test_battery_that_has_to_wait_for_auto_is_not_told_it() -> None:
    """Whether it leads, or its owner wants it."""
    given_ = site(battery("a"))
    told = snapshot(seen("a"))
    for target in (lead("a"), Target(battery_id="a", role=Role.OWNER, action=Action.AUTO)):
        made = decision(replace(target, waits=True), leader="a" if target.role is Role.LEADER else None)
        assert actuate(made, told, given_, ActuationMemory(), 0).commands == ()
        made = decision(target, leader=made.leader_id)
        assert actuate(made, told, given_, ActuationMemory(), 0).commands == (auto("a"),)


def test_leader_that_may_do_one_direction_only_is_read_every_ten_seconds() -> None:
    """At the first sign of the other direction it is held; a free one is read as often as all."""
    for strategy, reads in ((Strategy.ZERO, {}), (Strategy.ZERO_CHARGE_ONLY, {"a": 130.0})):
        made = Course(site(battery("a"), strategy=strategy)).see(seen("a", mode=Mode.AUTO))
        chosen = made.every(10, 120, -500, load=-500)
        assert chosen.targets[0].action is Action.AUTO
        told = snapshot(seen("a", mode=Mode.AUTO, at=120), meter=-500, at=120)
        assert actuate(chosen, told, made.settings, ActuationMemory(), 120).reads == reads


# The connection.


def test_charging_leaves_room_for_the_house_and_for_all_that_the_leader_may_do() -> None:
    """8000 W of import, of which the house uses 3000 W and the leader might use 2500 W."""
    made = lawful(battery("a"), battery("b"), max_import_w=8000)
    made.see(seen("a", mode=Mode.AUTO))
    made.setpoints = {"b": -2500}
    assert powers(made.at(0, 3000, load=-3000))[1] == -2500
    assert powers(made.at(10, 4000, load=-3000))[1] == -1500
    assert powers(made.at(20, 5990, load=-3000))[1] == 0
    assert powers(made.at(310, 3000, load=-3000))[1] == 0, "what was on minutes ago may come on again"
    assert powers(made.at(330, 3000, load=-3000))[1] == -2500


def test_discharging_leaves_room_for_what_the_sun_feeds_in() -> None:
    """And where there is no sun, for all that the leader may do."""
    made = lawful(battery("a"), battery("b"), max_export_w=1000)
    made.setpoints = {"b": 2500}
    assert powers(made.at(0, 3100, load=4000))[1] == 1600
    assert powers(made.at(10, -1500, load=4000))[1] == 0


def test_connection_leaves_nothing_while_nobody_knows_what_the_house_does() -> None:
    """Charging to full needs no meter, but for this."""
    made = Course(site(battery("a"), strategy=Strategy.TO_FULL, max_import_w=8000, max_export_w=0)).see(seen("a"))
    assert powers(made.at(0, None)) == [0]
    assert powers(made.at(10, 1000)) == [-2500]
    assert powers(made.at(320, 1000, meter_at=10)) == [0]


def test_battery_that_was_just_told_something_does_not_blur_the_picture() -> None:
    """The meter shows it charging, its reading not yet: that is no load of the house."""
    made = Course(site(battery("a"), strategy=Strategy.TO_FULL, max_import_w=4000)).see(seen("a"))
    assert powers(made.at(0, 2000)) == [-2000]
    assert powers(made.at(3, 4000, fresh=False)) == [-2000]
    made.see(seen("a", power=-2000))
    assert powers(made.at(10, 4000)) == [-2000]


def test_battery_in_auto_that_was_read_before_the_meter_blurs_the_picture_for_a_minute_only() -> None:
    """It charged when it was read, and has stopped since: the house does not feed in 1500 W."""
    made = lawful(battery("a"), battery("b"), max_export_w=4000)
    made.setpoints = {"b": 2500}
    made.see(seen("a", mode=Mode.AUTO))
    assert powers(made.at(0, 1000, load=1000))[1] == 2500
    made.see(seen("a", mode=Mode.AUTO, power=-1500, at=6), seen("b", power=2500, at=6))
    assert powers(made.at(10, -1500, load=1000, fresh=False))[1] == 1000
    made.see(seen("a", mode=Mode.AUTO), seen("b"))
    assert powers(made.at(69, 1000, load=1000))[1] == 1000
    assert powers(made.at(71, 1000, load=1000))[1] == 2500


def test_owners_battery_keeps_to_the_connection_too() -> None:
    """A limit is a promise to everybody."""
    made = Course(site(battery("a", battery_mode=BatteryMode.FIXED, fixed_power_w=-2500), max_import_w=4000)).see(
        seen("a")
    )
    assert powers(made.at(0, 3000)) == [-1000]
    assert powers(made.at(310, 4500)) == [0]
    assert made.at(320, 4500).targets[0].action is Action.IDLE


# The phases of the connection.


class Phased(Lawful):
    """A course with a meter that tells what flows on each phase."""

    phases: tuple[float, float, float] | None = (0.0, 0.0, 0.0)

    def dispatch(self, view: Snapshot) -> Decision:
        """Decide with what the meter tells."""
        told = None if self.phases is None else Timed(self.phases, self.now)
        return super().dispatch(replace(view, phases_w=told))


def phased(*batteries: object, **limits: object) -> Phased:
    """Return a course of batteries at rest: a leads."""
    made = Phased(site(*batteries, **limits))  # type: ignore[arg-type]  # Tests name fields freely.
    return made.see(*(seen(own.battery_id) for own in made.settings.batteries))  # type: ignore[return-value]  # Itself.


def test_battery_charges_and_discharges_with_what_its_own_phase_leaves() -> None:
    """4000 W of 5750 W are used on the second phase; the sun feeds 1000 W of 3000 W into the third."""
    made = phased(
        battery("a", phase=1),
        battery("b", phase=2),
        battery("c", phase=3),
        max_phase_import_w=5750,
        max_phase_export_w=3000,
    )
    made.phases = (0.0, 4000.0, -1000.0)
    made.setpoints = {"b": -2500, "c": -2500}
    assert powers(made.at(0, 3000, load=-9000))[1:] == [-1700, -2500]
    made.setpoints = {"b": 2500, "c": 2500}
    assert powers(made.every(10, 10, 3000, load=9000))[1:] == [2500, 2000]


def test_leader_counts_with_its_full_class_on_its_own_phase_only() -> None:
    """The follower beside it gets what that leaves of 3680 W, the one on another phase all."""
    made = phased(
        *(battery(name, phase=phase) for name, phase in (("a", 1), ("b", 1), ("c", 2))), max_phase_import_w=3680
    )
    made.setpoints = {"b": -2500, "c": -2500}
    assert powers(made.at(0, load=-9000))[1:] == [-1100, -2500]


def test_battery_of_which_nobody_told_the_phase_counts_on_every_one() -> None:
    """It may be on the one that is full, and takes room from the others on each."""
    made = phased(battery("a", phase=1), battery("b"), battery("c", phase=3), max_phase_import_w=3680)
    made.phases = (0.0, 2000.0, 0.0)
    made.setpoints = {"b": -2500, "c": -2500}
    assert powers(made.at(0, 2000, load=-9000))[1:] == [-1100, -2500]
    made.see(seen("b", power=-1100))
    made.setpoints = {"b": -1100, "c": -2500}
    assert powers(made.at(10, 900, load=-9000))[1:] == [-1100, -2500], "both fit into 3680 W of the third"
    made.phases = (0.0, 0.0, 300.0)
    assert powers(made.at(20, -800, load=-9000))[1:] == [-800, -2200], "b may be there, or not"


def test_meter_that_tells_no_phases_leaves_nothing_on_them() -> None:
    """Another meter than the one that the limit was set with, or one that tells nonsense."""
    made = phased(battery("a", phase=1), battery("b", phase=2), max_phase_import_w=5750)
    made.setpoints = {"b": -2500}
    for made.phases in (None, (0.0, float("nan"), 0.0)):
        assert powers(made.every(10, made.now + 10, load=-9000))[1] == 0
    made.phases = (0.0, 0.0, 0.0)
    assert powers(made.every(10, made.now + 10, load=-9000))[1] == -2500


# Other.


def test_grid_target_is_kept_where_nobody_leads() -> None:
    """A leader knows no other than 0."""
    made = Course(site(battery("a", max_charge_w=2000), grid_target_w=-400)).see(seen("a"))
    assert powers(made.at(0, 600)) == [500]
    made.see(seen("a", power=500))
    assert powers(made.at(60, -390)) == [500]


def test_charging_to_full_has_ended_when_nobody_takes_more_for_five_minutes() -> None:
    """At its ceiling, or near it and without a current; one that is silent for long is not waited for."""
    made = Course(site(battery("a"), battery("b", max_soc_pct=80), battery("c"), strategy=Strategy.TO_FULL))
    made.see(seen("a", soc=97, power=-300), seen("b", soc=80), seen("c", soc=30, at=-1))
    assert not made.every(100, 2000).finished, "a still charges"
    made.see(seen("a", soc=99, power=-10))
    assert not made.every(100, 2200).finished
    assert made.every(100, 2500).finished
    made.see(seen("a", soc=99, power=-400))
    assert not made.every(10, 2520).finished
    silent = Course(site(battery("a"), battery("c"), strategy=Strategy.TO_FULL)).see(
        seen("a", soc=100), seen("c", soc=30)
    )
    silent.at(0)
    silent.see(seen("c", soc=30, at=-1))
    assert not silent.every(100, 800).finished, "c was heard a moment ago"
    assert silent.every(100, 1400).finished
    nobody = Course(site(battery("a"), strategy=Strategy.TO_FULL))
    assert not nobody.every(100, 5000).finished


def test_limit_commands_nothing_while_the_controller_is_off() -> None:
    """It bounds what would be done."""
    made = Course(site(battery("a"), battery("b"), enabled=False, max_export_w=0)).see(seen("a"), seen("b"))
    before, after = made.at(0, 4000, load=4000), made.at(10, 0)
    assert [(target.action, target.power_w) for target in before.targets] == [
        (Action.NOTHING, 0),
        (Action.NOTHING, 1500),
    ]
    assert [(target.action, target.power_w) for target in after.targets] == [(Action.NOTHING, 0), (Action.NOTHING, 0)]


def test_site_without_limits_remembers_nothing_for_them() -> None:
    """And pays nothing."""
    made = Course(site(battery("a"))).see(seen("a"))
    made.memory = replace(made.memory, loads=(Load(spans=((1.0, 1.0),), until=9.0),))
    made.at(0, 1000)
    assert (made.memory.reservations, made.memory.loads) == ({}, ())
    assert isinstance(made.memory, DispatchMemory)
