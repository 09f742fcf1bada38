"""What is decided, and why."""

from dataclasses import replace

import pytest

from benchmarks.seed_fixed import EVERY_S, seed_fixed
from custom_components.home_energy_controller.control.decide import DecideMemory, decide
from custom_components.home_energy_controller.control.law import LawInput, LawOutput
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryObservation,
    Decision,
    Mode,
    OwnMeter,
    Role,
    Settings,
    SiteState,
    Snapshot,
    Strategy,
    Timed,
    Wish,
)
from tests.control.build import battery, seen, site, snapshot

AUTO, SETPOINT, IDLE, NOTHING = Action.AUTO, Action.SETPOINT, Action.IDLE, Action.NOTHING


class Course:
    """A run of decisions over a site that may change between them."""

    def __init__(self, settings: Settings) -> None:
        """Begin with no memory."""
        self.settings = settings
        self.memory = DecideMemory()
        self.now = 0.0
        self.readings: dict[str, BatteryObservation] = {}

    def see(self, *observations: BatteryObservation) -> Course:
        """Change what the batteries say."""
        self.readings |= {observation.battery_id: observation for observation in observations}
        return self

    def at(
        self,
        now: float,
        meter: float | None = 0.0,
        *,
        load: float | None = None,
        meter_at: float | None = None,
        fresh: bool = True,
    ) -> Decision:
        """Decide at a moment; readings are new unless they are told to stay old."""
        self.now = now
        readings = [self._renewed(reading, now) if fresh else reading for reading in self.readings.values()]
        view = snapshot(*readings, meter=meter, at=now if meter_at is None else meter_at)
        if load is not None:
            view = replace(view, net_load_w=(Timed(load, now),))
        return self.decide(view)

    def decide(self, view: Snapshot) -> Decision:
        """Decide on a snapshot, with a law whose answers can be worked out in the head."""
        decision, self.memory = decide(view, self.settings, self.memory, self.now, law=seed_fixed, interval_s=EVERY_S)
        return decision

    def every(self, step: float, until: float, meter: float = 0.0, *, load: float | None = None) -> Decision:
        """Decide again and again."""
        decision = self.at(self.now + step, meter, load=load)
        while self.now + step <= until:
            decision = self.at(self.now + step, meter, load=load)
        return decision

    @staticmethod
    def _renewed(reading: BatteryObservation, now: float) -> BatteryObservation:
        """Return a reading made now; one made at -1 stands for a battery that is silent."""
        if reading.last_answer_at is None or reading.last_answer_at < 0:
            return reading

        def new[T](timed: Timed[T] | None) -> Timed[T] | None:
            return None if timed is None else Timed(timed.value, now)

        return replace(reading, soc_pct=new(reading.soc_pct), power_w=new(reading.power_w), mode=new(reading.mode))


def course(*names: str, strategy: Strategy = Strategy.ZERO, **changes: object) -> Course:
    """Return a site of batteries at 50 %, in Passive at 0 W."""
    made = Course(site(*(battery(name, **changes) for name in names), strategy=strategy))
    return made.see(*(seen(name) for name in names))


def work(decision: Decision) -> dict[str, tuple[Role, Action, int]]:
    """Return who does what."""
    return {target.battery_id: (target.role, target.action, target.power_w) for target in decision.targets}


def actions(decision: Decision) -> dict[str, Action]:
    """Return who does what, in short."""
    return {target.battery_id: target.action for target in decision.targets}


# Starting.


def test_first_decision_comes_at_once_when_all_is_known() -> None:
    """Nobody waits a minute for the first answer."""
    decision = course("a", "b").at(100, 3000)
    assert decision.state is SiteState.LEADER_AND_FOLLOWERS
    assert work(decision) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.FOLLOWER, SETPOINT, 750)}


def test_nothing_is_sent_before_the_meter_answered() -> None:
    """However long that takes; a reading of 16 s ago does not count."""
    made = course("a", "b")
    decision = made.at(100, None)
    assert (decision.state, set(actions(decision).values())) == (SiteState.STARTING, {NOTHING})
    assert made.at(500, None).state is SiteState.STARTING
    assert made.at(510, 0, meter_at=494).state is SiteState.STARTING
    assert made.at(520, 0).state is SiteState.LEADER_ALONE


def test_silent_battery_is_waited_for_half_a_minute() -> None:
    """It could be the one in Auto; after that it may as well be unplugged."""
    made = course("a", "b").see(seen("b", soc=None))
    assert made.at(100).state is SiteState.STARTING
    assert made.at(129).state is SiteState.STARTING
    decision = made.at(130)
    assert decision.state is SiteState.LEADER_ALONE
    assert work(decision) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.UNAVAILABLE, NOTHING, 0)}


def test_after_a_restart_the_battery_that_is_in_auto_leads_on() -> None:
    """Home Assistant's restart is no reason for a swap."""
    made = course("a", "b", "c").see(seen("b", mode=Mode.AUTO))
    assert made.at(100).leader_id == "b"


def test_site_without_batteries_says_so() -> None:
    """None configured, or none heard, with or without a meter."""
    assert course().at(0).state is SiteState.NO_BATTERY
    silent = course("a").see(seen("a", soc=None))
    silent.at(0)
    assert silent.at(30).state is SiteState.NO_BATTERY
    standby = course("a", strategy=Strategy.STANDBY).see(seen("a", power=None))
    standby.at(0)
    assert standby.at(30).state is SiteState.NO_BATTERY


# Who may be given work.


@pytest.mark.parametrize("missing", ["soc", "power", "mode"])
def test_battery_of_which_something_is_unknown_is_never_given_power(missing: str) -> None:
    """Unknown is unknown, and never 0 %."""
    made = course("a", "b").see(seen("b", **{missing: None}))  # type: ignore[arg-type]  # One of three fields.
    made.at(0)
    assert work(made.at(30, 4000))["b"] == (Role.UNAVAILABLE, NOTHING, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_reading_that_cannot_be_is_unknown(value: float) -> None:
    """NaN compares false with everything and would pass any limit."""
    made = course("a", "b").see(seen("b", soc=value))
    made.at(0)
    assert work(made.at(30, 4000))["b"] == (Role.UNAVAILABLE, NOTHING, 0)
    assert course("a").at(0, value).state is SiteState.STARTING


def test_old_reading_is_as_good_as_none() -> None:
    """The limit is 90 s where nothing else is told."""
    made = course("a", "b").see(seen("b", at=-1))
    assert work(made.at(89, 4000))["b"] == (Role.FOLLOWER, SETPOINT, 1500)
    assert work(made.at(90, 4000))["b"] == (Role.UNAVAILABLE, NOTHING, 0)


def test_heard_but_unclear_battery_in_auto_is_idled_because_it_would_work_against_the_leader() -> None:
    """Idling is no power."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO), seen("b", soc=None, mode=Mode.AUTO))
    made.at(0)
    assert work(made.at(30))["b"] == (Role.UNAVAILABLE, IDLE, 0)


def test_heard_but_unclear_battery_in_auto_does_not_lead() -> None:
    """It is heard, so it can be told; a silent one could not."""
    made = course("a", "b").see(seen("b", soc=None, mode=Mode.AUTO))
    made.at(0)
    assert work(made.at(30)) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.UNAVAILABLE, IDLE, 0)}


def test_owners_wishes_are_targets_of_their_own() -> None:
    """They act with the controller off as well, which then sends nothing else."""
    settings = site(
        battery("a"),
        battery("b", wish=Wish.AUTOMATIC),
        battery("c", wish=Wish.FIXED, fixed_power_w=-700),
        battery("d", wish=Wish.IDLE),
    )
    made = Course(settings).see(seen("a"), seen("b"), seen("c"), seen("d"))
    wished = {"b": (Role.OWNER, AUTO, 0), "c": (Role.OWNER, SETPOINT, -700), "d": (Role.OWNER, IDLE, 0)}
    assert work(made.at(0)) == {"a": (Role.LEADER, AUTO, 0)} | wished
    made.settings = replace(settings, enabled=False)
    off = made.at(10)
    assert off.state is SiteState.OFF
    assert off.intent is not SiteState.OFF
    assert work(off) == {"a": (Role.LEADER, NOTHING, 0)} | wished


def test_fixed_power_keeps_to_limits_and_reserve_but_not_to_the_strategy() -> None:
    """What is asked for by hand is meant."""
    settings = site(
        battery("a", wish=Wish.FIXED, fixed_power_w=2000, max_discharge_w=900),
        battery("b", wish=Wish.FIXED, fixed_power_w=2000),
        strategy=Strategy.ZERO_CHARGE_ONLY,
    )
    made = Course(settings).see(seen("a"), seen("b", soc=12))
    assert work(made.at(0)) == {"a": (Role.OWNER, SETPOINT, 900), "b": (Role.OWNER, IDLE, 0)}


def test_unknown_battery_is_given_no_power_by_hand_either_but_may_be_idled() -> None:
    """Stopping is allowed on doubt."""
    settings = site(
        battery("a", wish=Wish.FIXED, fixed_power_w=500),
        battery("b", wish=Wish.AUTOMATIC),
        battery("c", wish=Wish.IDLE),
    )
    decision = Course(settings).see(*(seen(name, soc=None) for name in "abc")).at(0)
    assert actions(decision) == {"a": NOTHING, "b": NOTHING, "c": IDLE}
    assert decision.targets[0].role is Role.UNAVAILABLE


def test_what_others_deliver_is_not_divided_again() -> None:
    """800 W of the 3800 W come from the owner's battery."""
    settings = site(battery("a"), battery("b"), battery("c", wish=Wish.FIXED, fixed_power_w=800))
    made = Course(settings).see(seen("a"), seen("b"), seen("c", power=800))
    assert work(made.at(0, 0, load=3800))["b"] == (Role.FOLLOWER, SETPOINT, 750)


# Between and at runs of the law.


def test_allocation_is_kept_until_a_minute_has_passed_and_there_is_news() -> None:
    """Less a little, as cycles do not keep exact time."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    assert work(made.at(0, load=3000))["b"][2] == 750
    assert work(made.at(50, load=4000))["b"][2] == 750
    assert work(made.at(58, load=4000))["b"][2] == 1500


def test_without_a_new_sample_the_law_waits_two_minutes_and_then_takes_what_there_is() -> None:
    """Meter and powers, unaligned."""
    made = course("a", "b").see(seen("a", power=2250, mode=Mode.AUTO), seen("b", power=750))
    old = snapshot(*made.readings.values(), meter=0, load=3000)
    made.decide(old)
    assert work(made.at(100, 1000))["b"][2] == 750
    assert work(made.at(120, 1000))["b"][2] == 1500


def test_change_too_small_to_be_measured_is_not_made() -> None:
    """40 W are not worth a write, 60 W are."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    assert work(made.at(60, load=3080))["b"][2] == 750
    assert work(made.at(120, load=3120))["b"][2] == 810


def test_battery_that_joins_or_leaves_makes_the_law_run_at_once() -> None:
    """Its share must not be missing for a minute."""
    made = course("a", "b", "c").see(seen("a", mode=Mode.AUTO))
    assert work(made.at(0, load=4000))["b"][2] == 750
    made.see(seen("c", soc=None))
    assert work(made.at(5, load=4000))["b"][2] == 1500
    made.see(seen("c"))
    assert work(made.at(10, load=4000))["c"][2] == 750


def test_limits_reserve_and_ceiling_act_at_once() -> None:
    """Without the law: the owner changed a limit."""
    made = course("a", "b", "c").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=4000)
    made.settings = replace(made.settings, batteries=(battery("a"), battery("b", max_discharge_w=500), battery("c")))
    assert work(made.at(5, load=4000))["b"][2] == 500


def test_new_strategy_is_decided_at_once() -> None:
    """To and fro."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    made.settings = replace(made.settings, strategy=Strategy.STANDBY)
    assert actions(made.at(5)) == {"a": IDLE, "b": IDLE}
    made.settings = replace(made.settings, strategy=Strategy.ZERO)
    assert actions(made.at(10, load=3000)) == {"a": AUTO, "b": SETPOINT}


def test_law_may_be_another_and_learns_what_it_needs() -> None:
    """The seam: it may ask for what it likes, it gets what is allowed."""
    asked: list[LawInput] = []

    def law(given: LawInput) -> LawOutput:
        asked.append(given)
        return LawOutput(leader_id="b", setpoints={"a": 123456})

    view = snapshot(seen("a"), seen("b"), meter=0, load=77)
    decision, _ = decide(view, site(battery("a", max_discharge_w=700), battery("b")), DecideMemory(), 0, law=law)
    assert work(decision) == {"a": (Role.FOLLOWER, SETPOINT, 700), "b": (Role.LEADER, AUTO, 0)}
    assert asked[0].net_load_w == (Timed(77, 0),)
    assert [(member.battery_id, member.may_lead) for member in asked[0].batteries] == [("a", False), ("b", True)]


def test_held_leader_gets_no_setpoint_from_a_law_that_means_well() -> None:
    """Who is held stays at 0 W."""
    view = snapshot(seen("a"), meter=-500)
    settings = site(battery("a"), strategy=Strategy.ZERO_CHARGE_ONLY)
    decision, _ = decide(
        view, settings, DecideMemory(), 0, law=lambda _: LawOutput(leader_id="a", setpoints={"a": -500})
    )
    assert work(decision) == {"a": (Role.LEADER, IDLE, 0)}


def test_law_that_names_nobody_leads_to_no_harm() -> None:
    """A mistake of a law is no reason for power."""
    view = snapshot(seen("a"), seen("b"))
    decision, _ = decide(
        view, site(battery("a"), battery("b")), DecideMemory(), 0, law=lambda _: LawOutput(leader_id="x", setpoints={})
    )
    assert actions(decision) == {"a": IDLE, "b": IDLE}


def test_decision_shows_the_newest_sample_of_the_net_load_while_it_is_young() -> None:
    """One that cannot be is left out."""
    view = replace(snapshot(meter=0), net_load_w=(Timed(5.0, 0), Timed(float("nan"), 1)))
    assert decide(view, site(), DecideMemory(), 150)[0].net_load_w == 5
    assert decide(view, site(), DecideMemory(), 151)[0].net_load_w is None
    assert decide(snapshot(), site(), DecideMemory(), 0)[0].net_load_w is None


# Strategies without the meter.


def test_standby_idles_all() -> None:
    """And needs no meter for it."""
    decision = course("a", "b", strategy=Strategy.STANDBY).at(0, None)
    assert (decision.state, decision.leader_id, actions(decision)) == (SiteState.STANDBY, None, {"a": IDLE, "b": IDLE})


@pytest.mark.parametrize(
    ("setpoint", "shares"), [(1500, (500, 1000)), (-1500, (-1500, 0)), (-4000, (-2000, -2000)), (0, (0, 0))]
)
def test_fixed_spreads_the_owners_power_over_those_that_lose_least_within_limits(
    setpoint: int, shares: tuple[int, int]
) -> None:
    """What one cannot take falls to the other."""
    settings = site(battery("a", max_discharge_w=500), battery("b"), strategy=Strategy.FIXED, setpoint_w=setpoint)
    decision = Course(settings).see(seen("a"), seen("b")).at(0, None)
    assert (decision.state, decision.leader_id) == (SiteState.FIXED, None)
    assert tuple(target.power_w for target in decision.targets) == shares


def test_to_full_charges_each_at_its_limit_until_its_ceiling() -> None:
    """A full one rests."""
    settings = site(battery("a", max_charge_w=1200), battery("b", ceiling_pct=90), strategy=Strategy.TO_FULL)
    decision = Course(settings).see(seen("a"), seen("b", soc=90)).at(0, None)
    assert decision.state is SiteState.TO_FULL
    assert work(decision) == {"a": (Role.FOLLOWER, SETPOINT, -1200), "b": (Role.FOLLOWER, IDLE, 0)}


# What Auto cannot be told.


@pytest.mark.parametrize(("strategy", "sign"), [(Strategy.ZERO_CHARGE_ONLY, -1), (Strategy.ZERO_DISCHARGE_ONLY, 1)])
def test_one_direction_only_runs_auto_only_while_there_is_work_in_it(strategy: Strategy, sign: int) -> None:
    """Auto knows no direction: the leader is given and taken it."""
    made = course("a", strategy=strategy)
    held = made.at(0, sign * 400)
    assert (held.state, work(held)["a"]) == (SiteState.HOLDING, (Role.LEADER, IDLE, 0))
    assert made.every(10, 50, sign * 400).state is SiteState.HOLDING
    running = made.at(60, sign * 400)
    assert (running.state, work(running)["a"]) == (SiteState.LEADER_ALONE, (Role.LEADER, AUTO, 0))
    made.see(seen("a", power=sign * 400, mode=Mode.AUTO))
    assert made.every(10, 200).state is SiteState.LEADER_ALONE
    made.see(seen("a", power=-sign * 60, mode=Mode.AUTO))
    assert made.at(210).state is SiteState.HOLDING


def test_new_leader_is_held_until_the_meter_speaks_for_it() -> None:
    """What the old one had earned does not count."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY).see(seen("a", soc=40))
    made.at(0, -400)
    assert work(made.every(10, 60, -400))["a"] == (Role.LEADER, AUTO, 0)
    made.at(70)
    made.settings = site(battery("a", wish=Wish.IDLE), battery("b"), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert work(made.at(80))["b"] == (Role.LEADER, IDLE, 0)


def test_followers_work_only_in_the_allowed_direction() -> None:
    """Whatever the law would like."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY)
    assert work(made.at(0, load=4000))["b"] == (Role.FOLLOWER, IDLE, 0)
    assert work(made.at(60, load=-4000))["b"] == (Role.FOLLOWER, SETPOINT, -1500)


def test_leader_at_its_reserve_is_held_unless_another_may_lead() -> None:
    """The other takes over in the same cycle."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO, soc=30), seen("b", soc=31))
    assert made.at(0, 200).leader_id == "a"
    made.see(seen("a", mode=Mode.AUTO, soc=12))
    assert work(made.at(5, 200)) == {"a": (Role.FOLLOWER, IDLE, 0), "b": (Role.LEADER, AUTO, 0)}
    made.see(seen("b", soc=12))
    assert made.at(10, 200).state is SiteState.HOLDING


def test_battery_that_cannot_be_idled_does_not_lead_where_a_direction_is_closed() -> None:
    """Nothing could hold it back."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY)
    made.settings = site(battery("a", has_passive=False), battery("b"), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert made.at(0, load=-500).leader_id == "b"
    made.settings = site(battery("a", has_passive=False, slots_cleared=True), strategy=Strategy.ZERO_CHARGE_ONLY)
    assert work(made.at(10))["a"] == (Role.LEADER, IDLE, 0)


def test_battery_without_passive_is_never_given_a_setpoint_and_left_alone_when_it_cannot_idle() -> None:
    """In any strategy."""
    for strategy in (Strategy.ZERO, Strategy.FIXED, Strategy.TO_FULL):
        made = course("a", "b")
        made.settings = site(battery("a"), battery("b", has_passive=False), strategy=strategy, setpoint_w=900)
        assert work(made.at(0, load=4000))["b"] == (Role.FOLLOWER, NOTHING, 0)
    fixed = Course(site(battery("a", has_passive=False, wish=Wish.FIXED, fixed_power_w=500))).see(seen("a"))
    assert actions(fixed.at(0)) == {"a": NOTHING}


def test_battery_in_auto_that_cannot_be_made_to_leave_it_leads() -> None:
    """Two loops would be the alternative."""
    made = Course(site(battery("a"), battery("b", has_passive=False)))
    made.see(seen("a", soc=90), seen("b", soc=30, mode=Mode.AUTO))
    assert made.at(0, load=3000).leader_id == "b"


# No leader.


@pytest.mark.parametrize("changes", [{"own_meter": OwnMeter.NO}, {"max_charge_w": 2000}, {"max_discharge_w": 2000}])
def test_nobody_may_lead_without_a_meter_of_its_own_or_with_a_limit_below_its_class(changes: dict[str, object]) -> None:
    """Auto would idle, or break the limit."""
    made = Course(site(battery("a", **changes))).see(seen("a"))
    decision = made.at(0, 1000)
    assert (decision.state, decision.leader_id) == (SiteState.NO_LEADER, None)
    assert work(decision)["a"] == (Role.FOLLOWER, SETPOINT, 500)


def test_setpoints_alone_close_half_of_the_gap_per_decision() -> None:
    """And leave a gap of less than 50 W alone."""
    made = course("a", own_meter=OwnMeter.NO)
    assert work(made.at(0, -1000))["a"][2] == -500
    made.see(seen("a", power=-500))
    assert work(made.at(50, -500))["a"][2] == -500
    assert work(made.at(60, -500))["a"][2] == -750
    made.see(seen("a", power=-750))
    assert work(made.at(120, 49))["a"][2] == -750
    made.see(seen("a", power=-40))
    assert work(made.at(130, 60))["a"] == (Role.FOLLOWER, IDLE, 0)


def test_setpoints_alone_are_at_least_100_w() -> None:
    """Half of 110 W is too little to send and enough to want."""
    made = course("a", own_meter=OwnMeter.NO)
    assert work(made.at(0, 110))["a"][2] == 100


def test_setpoints_alone_use_no_more_batteries_than_needed_fullest_first() -> None:
    """An idle inverter costs less than a running one."""
    made = course("a", "b", "c", own_meter=OwnMeter.NO).see(seen("b", soc=60), seen("c", soc=55))
    assert [target.power_w for target in made.at(0, 1000).targets] == [0, 500, 0]
    made.see(seen("b", power=500, soc=50))
    assert [target.power_w for target in made.at(60, 2200).targets] == [0, 1600, 0], "the one at work goes on"
    made.see(seen("b", power=1600, soc=50))
    assert [target.power_w for target in made.at(120, 2000).targets] == [0, 1300, 1300], "one is not enough"
    made.see(seen("b", power=1300), seen("c", power=1300))
    assert [target.power_w for target in made.at(180, -6000).targets] == [-400, 0, 0], "nobody is at work that way"


def test_small_batteries_are_joined_by_more() -> None:
    """Two of 800 W for 1200 W."""
    made = course("a", "b", power_class_w=800, own_meter=OwnMeter.NO).see(seen("b", soc=60))
    assert [target.power_w for target in made.at(0, 2400).targets] == [600, 600]


def test_setpoints_alone_wait_for_the_meter() -> None:
    """An old reading closes no loop."""
    made = course("a", own_meter=OwnMeter.NO)
    made.at(0, 1000)
    assert work(made.at(60, 2000, meter_at=40))["a"][2] == 500


# The meter.


def test_late_meter_freezes_the_decision_and_a_lost_one_ends_it() -> None:
    """15 s and the owner's limit; the leader has its own meter."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    frozen = made.at(60, load=5000, meter_at=0)
    assert (frozen.state, work(frozen)["b"][2]) == (SiteState.LEADER_AND_FOLLOWERS, 750)
    lost = made.at(61, load=5000, meter_at=0)
    assert lost.state is SiteState.METER_LOST
    assert work(lost) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.FOLLOWER, IDLE, 0)}
    assert made.at(70, None).state is SiteState.METER_LOST
    assert work(made.at(80, load=3000))["b"][2] == 750


def test_lost_meter_idles_a_leader_that_may_not_do_everything() -> None:
    """Without the meter nobody would notice what it does."""
    made = course("a", strategy=Strategy.ZERO_CHARGE_ONLY)
    made.at(0, -500)
    made.every(10, 70, -500)
    assert actions(made.at(80, -500)) == {"a": AUTO}
    assert actions(made.at(200, None)) == {"a": IDLE}
    other = course("a")
    other.at(0)
    other.settings = site(battery("a", own_meter=OwnMeter.NO))
    assert actions(other.at(200, None)) == {"a": IDLE}


def test_owner_may_allow_a_slower_meter_less_time_to_be_late() -> None:
    """The owner's limit also ends the freeze."""
    made = course("a")
    made.settings = site(battery("a"), meter_age_limit_s=10)
    made.at(0)
    assert made.at(11, meter_at=0).state is SiteState.METER_LOST


def test_without_a_leader_the_decision_is_made_even_while_the_meter_is_late() -> None:
    """Nobody serves the house otherwise."""
    made = course("a", "b")
    made.at(0)
    made.settings = site(battery("a", wish=Wish.IDLE), battery("b"))
    assert made.at(20, meter_at=0).leader_id == "b"


# Silence.


def silent_leader(meter: float) -> tuple[Course, Decision]:
    """Return a site whose leader has been silent for 91 s."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, load=3000)
    made.see(seen("a", mode=Mode.AUTO, at=-1))
    return made, made.every(5, 91, meter)


def test_silent_leader_is_kept_while_the_meter_is_content() -> None:
    """Auto runs on without the network."""
    made, decision = silent_leader(200)
    assert decision.state is SiteState.LEADER_AND_FOLLOWERS
    assert work(decision) == {"a": (Role.LEADER, NOTHING, 0), "b": (Role.FOLLOWER, SETPOINT, 750)}
    made.see(seen("a", mode=Mode.AUTO))
    assert work(made.at(100))["a"] == (Role.LEADER, AUTO, 0)


def test_battery_that_was_missing_and_came_back_is_trusted_again() -> None:
    """Its next silence is a new story."""
    made, _ = silent_leader(-400)
    made.settings = site(battery("a"), battery("b", wish=Wish.IDLE))
    made.see(seen("a", mode=Mode.AUTO))
    assert made.every(5, 180).leader_id == "a"
    made.see(seen("a", at=-1, mode=Mode.AUTO))
    assert work(made.at(185))["a"] == (Role.LEADER, NOTHING, 0)


def test_setpoints_beside_a_silent_leader_are_given_up_after_five_minutes() -> None:
    """It could be charging from them."""
    made, _ = silent_leader(0)
    assert work(made.every(5, 300))["b"][1] is SETPOINT
    decision = made.at(305)
    assert (decision.state, work(decision)["b"]) == (SiteState.LEADER_ALONE, (Role.FOLLOWER, IDLE, 0))


def test_silent_leader_is_replaced_when_the_meter_says_that_somebody_is_missing() -> None:
    """And told to idle once it is back."""
    made, decision = silent_leader(-400)
    assert work(decision) == {"a": (Role.UNAVAILABLE, NOTHING, 0), "b": (Role.LEADER, AUTO, 0)}
    assert made.at(100, 400).leader_id == "b", "it stays given up"
    made.see(seen("a", mode=Mode.AUTO))
    assert work(made.at(110))["a"] == (Role.FOLLOWER, IDLE, 0)


def test_silent_leader_that_was_held_is_replaced_at_once() -> None:
    """It was not in Auto, so it is not at work."""
    made = course("a", "b", strategy=Strategy.ZERO_CHARGE_ONLY)
    assert made.at(0).leader_id == "b"
    made.see(seen("b", at=-1))
    assert made.at(95).leader_id == "a"


def test_battery_that_fell_silent_in_auto_leads_as_long_as_nobody_else_does() -> None:
    """Its last word counts until the meter objects."""
    made = course("a", "b").see(seen("a", at=-1, mode=Mode.AUTO))
    assert made.at(100).state is SiteState.STARTING
    assert work(made.at(130)) == {"a": (Role.LEADER, NOTHING, 0), "b": (Role.FOLLOWER, IDLE, 0)}


# A leader that does not lead.


def test_leader_without_effect_stops_the_followers_and_is_tried_again_after_five_minutes() -> None:
    """It stays in Auto; a new trial takes a new minute."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO, power=100))
    made.at(0, 400, load=3000)
    assert made.every(10, 60, 400).state is SiteState.LEADER_AND_FOLLOWERS
    decision = made.at(70, 400)
    assert decision.state is SiteState.LEADER_WITHOUT_EFFECT
    assert work(decision) == {"a": (Role.LEADER, AUTO, 0), "b": (Role.FOLLOWER, IDLE, 0)}
    assert made.every(10, 360, 400).state is SiteState.LEADER_WITHOUT_EFFECT
    again = made.at(370, 400, load=3000)
    assert (again.state, work(again)["b"][2]) == (SiteState.LEADER_AND_FOLLOWERS, 750)
    assert made.every(10, 420, 400).state is SiteState.LEADER_AND_FOLLOWERS
    assert made.at(430, 400).state is SiteState.LEADER_WITHOUT_EFFECT


def test_leader_at_its_limit_or_just_chosen_has_effect() -> None:
    """A minute in Auto, not a minute of import, is what counts."""
    made = course("a").see(seen("a", mode=Mode.AUTO, power=2400))
    made.at(0, 400)
    assert made.every(10, 200, 400).state is SiteState.LEADER_ALONE
    late = course("a")
    late.at(0, 400)
    late.every(10, 50, 400)
    late.see(seen("a", mode=Mode.AUTO))
    assert late.every(10, 110, 400).state is SiteState.LEADER_ALONE
    assert late.at(120, 400).state is SiteState.LEADER_WITHOUT_EFFECT


def test_pause_ends_when_the_leader_may_lead_no_more() -> None:
    """Another one is another story."""
    made = course("a", "b").see(seen("a", mode=Mode.AUTO))
    made.at(0, 400)
    assert made.every(10, 70, 400).state is SiteState.LEADER_WITHOUT_EFFECT
    made.settings = site(battery("a", own_meter=OwnMeter.NO), battery("b"))
    assert made.at(80, 400).leader_id == "b"


def test_leader_that_reaches_its_reserve_in_the_pause_is_held() -> None:
    """A pause suspends no limit."""
    made = course("a").see(seen("a", mode=Mode.AUTO))
    made.at(0, 400)
    assert made.every(10, 70, 400).state is SiteState.LEADER_WITHOUT_EFFECT
    made.see(seen("a", mode=Mode.AUTO, soc=12))
    assert actions(made.at(80, 400)) == {"a": IDLE}


def test_leader_that_does_not_enter_auto_is_not_asked_for_ten_minutes() -> None:
    """Its own word, two minutes after it was chosen."""
    made = course("a", "b").see(seen("b", soc=40))
    assert made.at(0, 200).leader_id == "a"
    assert made.every(10, 120, 200).leader_id == "a"
    assert made.at(130, 200).leader_id == "b"
    made.see(seen("b", soc=40, mode=Mode.AUTO))
    assert made.every(10, 190, 200).leader_id == "b"
    made.settings = site(battery("a"), battery("b", wish=Wish.IDLE))
    assert made.at(200, 200).state is SiteState.NO_LEADER
    assert made.every(10, 740, 200).leader_id == "a"


def test_leader_whose_mode_is_unreadable_or_that_is_in_auto_after_all_keeps_the_lead() -> None:
    """Neither is a refusal."""
    unreadable = course("a", "b").see(seen("a", mode=Mode.UNKNOWN), seen("b", soc=40))
    unreadable.at(0, 200)
    assert unreadable.every(10, 400, 200).leader_id == "a"
    made = course("a").see(seen("a"))
    made.at(0, 200)
    assert made.every(10, 140, 200).state is SiteState.NO_LEADER
    made.see(seen("a", mode=Mode.AUTO))
    assert made.at(150).leader_id == "a"


# The dry run.


def test_switched_off_the_same_is_decided_and_nothing_done() -> None:
    """Off is the dry run."""
    settings = site(battery("a"), battery("b"))
    view = snapshot(seen("a"), seen("b"), meter=3000)
    on, _ = decide(view, settings, DecideMemory(), 0)
    off, _ = decide(view, replace(settings, enabled=False), DecideMemory(), 0)
    assert off.state is SiteState.OFF
    assert off.leader_id == on.leader_id
    assert [target.action for target in off.targets] == [NOTHING, NOTHING]
    assert [replace(target, action=NOTHING) for target in on.targets] == list(off.targets)


def test_dry_run_does_not_blame_a_leader_that_was_never_told() -> None:
    """Of course it is not in Auto."""
    made = course("a")
    made.settings = replace(made.settings, enabled=False)
    made.at(0, 400)
    made.every(10, 300, 400)
    assert made.memory.unfit == {}
    assert made.memory.leader_id == "a"


def test_switching_on_begins_at_once() -> None:
    """With the newest sample."""
    made = course("a", "b")
    made.settings = replace(made.settings, enabled=False)
    made.at(0, load=3000)
    made.settings = replace(made.settings, enabled=True)
    assert work(made.at(5, load=4000))["b"] == (Role.FOLLOWER, SETPOINT, 1500)
