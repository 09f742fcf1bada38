"""Charging from the grid, and delivering to it: at least the power that is asked for, and all beyond it."""

from collections.abc import Callable
from dataclasses import replace
from typing import override

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory
from custom_components.home_energy_controller.control.actuation.release import stop
from custom_components.home_energy_controller.control.actuation.tracking import TrackedCommand
from custom_components.home_energy_controller.control.dispatch.site import DispatchMemory
from custom_components.home_energy_controller.control.dispatch.witness import METER, WitnessMemory
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryMode,
    CarObservation,
    Feedback,
    Mode,
    Role,
    SiteState,
    Strategy,
    Timed,
)
from custom_components.home_energy_controller.control.settings import BatterySettings, CarSettings, Circuit, Settings
from tests.control.build import auto, battery, passive, seen, site, snapshot
from tests.control.course import Course, actions, work
from tests.control.test_world import AB, large, state
from tests.control.world import World

CHARGE, DELIVER, ZERO = Strategy.CHARGE_FROM_GRID, Strategy.DELIVER_TO_GRID, Strategy.ZERO
BOTH = {"may_charge_from_grid": True, "may_deliver_to_grid": True}
TRUSTED = DispatchMemory(asked=(True, ZERO), witness=WitnessMemory(ratios={METER: (-20.0, -20.0)}))


def planned(*batteries: BatterySettings, power_w: int, **changes: object) -> Settings:
    """Return a site that charges from the grid with a negative power, and delivers a positive one."""
    return site(*batteries, strategy=CHARGE if power_w < 0 else DELIVER, setpoint_w=power_w, **{**BOTH, **changes})


def world(
    *batteries: BatterySettings, power_w: int, load: float = 400.0, is_trusted: bool = True, **changes: object
) -> World:
    """Return a house that is never quite still, with batteries at rest at 50 %, and a meter that is known to follow."""
    made = World(planned(*batteries, power_w=power_w, **changes), load_w=load)
    made.dispatch_memory = TRUSTED if is_trusted else DispatchMemory()
    for toy in made.toys.values():
        toy.mode = Mode.MANUAL
    made.each_second = sway
    return made


def sway(made: World) -> None:
    """Change the load by a little all the time, as a house at rest does."""
    made.load_w += 7 * made.now % 11 - 5


def total_w(made: World) -> float:
    """Return what all batteries deliver together."""
    return sum(toy.power_w for toy in made.toys.values())


def each_second(made: World, check: Callable[[], None]) -> None:
    """Check something at every second."""

    def step(_: World) -> None:
        sway(made)
        check()

    made.each_second = step


# What flows.


def test_a_night_of_charging_from_the_grid_is_calm() -> None:
    """At once all that was asked for; then nothing but renewals."""
    made = world(*AB, power_w=-3000).run(30)
    assert (state(made), total_w(made), made.in_auto) == (SiteState.CHARGING_FROM_GRID, -3000, [])
    made.run(3570)
    assert [toy.power_w for toy in made.toys.values()] == [-1500, -1500]
    assert len(made.sent) <= 2 * 25


def test_a_larger_surplus_is_charged_wholly_step_by_step() -> None:
    """And no more than was asked for once it is gone."""
    made = world(*AB, power_w=-2000).run(60)
    made.load_w = -4500
    made.run(40)
    assert -3300 < total_w(made) < -2000, "one step of many"
    made.run(340)
    assert total_w(made) == pytest.approx(-4500, abs=100)
    made.load_w = 400
    made.run(75)
    assert total_w(made) == -2000


def test_a_house_that_needs_more_is_served_wholly_step_by_step() -> None:
    """And at least what was asked for flows into the grid and the house."""
    made = world(*AB, power_w=1000, load=300).run(60)
    assert (state(made), total_w(made), made.in_auto) == (SiteState.DELIVERING_TO_GRID, 1000, [])
    assert made.meter_w == pytest.approx(-700, abs=50)
    made.load_w = 3000
    made.run(360)
    assert made.meter_w == pytest.approx(0, abs=80)
    made.load_w = -1500
    made.run(75)
    assert total_w(made) == 1000


def test_another_power_acts_within_a_cycle() -> None:
    """A new quarter of an hour begins."""
    made = world(*AB, power_w=-3000).run(60)
    for power_w in (-1000, -2500):
        made.settings = replace(made.settings, setpoint_w=power_w)
        assert total_w(made.run(20)) == power_w
    made.settings = replace(made.settings, strategy=DELIVER, setpoint_w=2000)
    assert total_w(made.run(25)) == 2000


def test_what_an_owner_has_set_by_hand_is_a_part_of_the_house() -> None:
    """The others charge what was asked for, beside it."""
    made = world(large("a"), battery("b", battery_mode=BatteryMode.FIXED, fixed_power_w=500), power_w=-2000).run(60)
    assert [toy.power_w for toy in made.toys.values()] == [-2000, 500]


def test_batteries_that_take_no_setpoints_rest() -> None:
    """They know no other power than Auto's."""
    made = world(large("a"), battery("b", has_passive=False, slots_cleared=True), power_w=-4000).run(60)
    assert [(toy.mode, toy.power_w) for toy in made.toys.values()] == [(Mode.PASSIVE, -2500), (Mode.MANUAL, 0)]


@pytest.mark.parametrize(
    ("strategy", "power_w", "changes"),
    [
        (CHARGE, -3000, {"may_charge_from_grid": False}),
        (CHARGE, 3000, {}),
        (CHARGE, 0, {}),
        (DELIVER, 3000, {"may_deliver_to_grid": False}),
        (DELIVER, -3000, {}),
        (DELIVER, 0, {}),
        (Strategy.PREDICTIVE, -3000, {}),
    ],
)
def test_without_permission_it_is_net_zero(strategy: Strategy, power_w: int, changes: dict[str, object]) -> None:
    """A leader in Auto serves the house."""
    made = World(site(*AB, strategy=strategy, setpoint_w=power_w, **{**BOTH, **changes}), load_w=800)
    made.toys["b"].mode = Mode.MANUAL
    made.run(120)
    assert (state(made), made.in_auto) == (SiteState.LEADER_ALONE, ["a"])
    assert abs(made.meter_w) < 20


def test_a_permission_that_is_taken_away_ends_it() -> None:
    """Within a cycle."""
    made = world(*AB, power_w=-3000).run(60)
    made.settings = replace(made.settings, may_charge_from_grid=False)
    made.run(60)
    assert abs(made.meter_w) < 30
    assert len(made.in_auto) == 1


# Limits.


def test_an_oven_makes_the_batteries_give_way_at_once_and_they_come_back_late() -> None:
    """A cycle to see it and a command to obey; the oven may come on again."""
    made, over = world(*AB, power_w=-3000, max_import_w=5000).run(120), 0

    def check() -> None:
        nonlocal over
        over += made.meter_w > 5000

    assert total_w(made) == -3000
    each_second(made, check)
    made.load_w, sent = 3400, len(made.sent)
    made.run(120)
    assert over <= 15
    assert -1600 <= total_w(made) <= -1400
    made.load_w = 400
    made.run(240)
    assert total_w(made) >= -1600, "five minutes"
    made.run(150)
    assert (total_w(made), over <= 15) == (-3000, True)
    assert len(made.sent) - sent <= 16


@pytest.mark.parametrize(("max_import_w", "least_w"), [(1500, -1100), (300, 0), (0, 0), (None, -3000)])
def test_no_more_is_charged_than_the_connection_leaves(max_import_w: int | None, least_w: float) -> None:
    """With a house that needs 400 W."""
    made, powers_w = world(*AB, power_w=-3000, max_import_w=max_import_w), list[float]()
    each_second(made, lambda: powers_w.append(total_w(made)))
    made.run(300)
    assert min(powers_w) >= least_w
    assert total_w(made) == pytest.approx(least_w, abs=101)


def test_no_more_is_delivered_than_the_connection_takes() -> None:
    """Also once the house needs less."""
    made = world(*AB, power_w=3000, load=1000, max_export_w=1500).run(60)
    assert 2300 <= total_w(made) <= 2500
    made.load_w = 200
    made.run(20)
    assert 1500 <= total_w(made) <= 1700


def test_a_circuit_and_a_power_limit_hold() -> None:
    """As everywhere."""
    shed = Circuit(name="shed", limit_w=2000)
    sharing = (battery("a", circuit=shed), battery("b", circuit=shed))
    made = world(*sharing, battery("c", max_charge_w=300), power_w=-5000).run(60)
    assert [toy.power_w for toy in made.toys.values()] == [-1000, -1000, -300]


def test_the_way_round_is_tried_out_with_little() -> None:
    """300 W, until it is known that it does not discharge instead."""
    made = world(battery("a", direction_verified=False), power_w=-2000).run(60)
    assert total_w(made) == -300


def test_charging_ends_at_the_maximum_and_delivering_at_the_reserve() -> None:
    """The house gets no more either."""
    small = battery("a", capacity_wh=500, max_soc_pct=60, reserve_pct=40)
    full = world(small, power_w=-2000).run(240)
    assert (total_w(full), state(full)) == (0, SiteState.CHARGING_FROM_GRID)
    assert 60 <= full.toys["a"].soc_pct < 67
    empty = world(small, power_w=2000).run(240)
    assert total_w(empty) == 0
    assert 33 < empty.toys["a"].soc_pct <= 40


# The meter.


def test_without_a_meter_nobody_charges_from_the_grid() -> None:
    """A minute later, as at net zero; then it goes on."""
    made = world(*AB, power_w=-3000).run(60)
    made.meter_answers, made.meter = False, Timed(-4000.0, made.now - 16)
    assert total_w(made.run(30)) == -3000, "a late reading ends nothing, and begins nothing"
    made.run(40)
    assert (state(made), total_w(made)) == (SiteState.METER_LOST, 0)
    made.meter_answers = True
    assert total_w(made.run(60)) == -3000


def test_nothing_begins_without_a_meter_and_a_frozen_one_ends_it() -> None:
    """It shows what was, and no limit could be kept."""
    made = Course(planned(battery("a"), power_w=-2000)).see(seen("a"))
    assert made.at(0, None).state is SiteState.STARTING
    made.memory = replace(TRUSTED, started=True)
    assert work(made.at(10, 400))["a"] == (Role.FOLLOWER, Action.SETPOINT, -2000)
    frozen = made.dispatch(replace(snapshot(seen("a", at=10), at=10), meter_is_frozen=True))
    assert (frozen.state, actions(frozen)) == (SiteState.METER_LOST, {"a": Action.IDLE})


class Blind(World):
    """A house whose meter does not see the batteries."""

    @property
    @override
    def meter_w(self) -> float:
        """Return the house alone."""
        return self.load_w


def test_a_meter_that_does_not_follow_sees_one_step_at_a_time_and_then_no_more() -> None:
    """Each step is taken back; after a few it is certain."""
    made = Blind(planned(*AB, power_w=-3000), load_w=400)
    for toy in made.toys.values():
        toy.mode = Mode.MANUAL
    at_work: list[bool] = []
    each_second(made, lambda: at_work.append(total_w(made) < 0))
    made.run(1800)
    assert (state(made), total_w(made)) == (SiteState.METER_NOT_FOLLOWING, 0)
    stretches = [len(stretch) for stretch in "".join(map(str, map(int, at_work))).split("0") if stretch]
    assert max(stretches) <= 100
    assert 1 <= len(stretches) <= 5


def test_an_unknown_meter_is_first_seen_at_rest_so_that_the_step_is_judged() -> None:
    """Else it would be taken back for want of a comparison."""
    made = world(*AB, power_w=-3000, is_trusted=False)
    made.toys["a"].mode, began = Mode.AUTO, []
    each_second(made, lambda: began.append(total_w(made)))
    made.run(600)
    first = began.index(-3000)
    assert first <= 60
    assert set(began[first:]) == {-3000}


# Auto.


def test_changes_of_strategy_every_few_minutes_keep_all_limits() -> None:
    """Never two loops, no fuse, no direction that is not allowed for longer than a change takes."""
    made = world(*AB, large("c"), power_w=-3000, load=600, max_import_w=6000, max_export_w=4000)
    made.toys["a"].mode = Mode.AUTO
    wrong_s = over_s = 0

    def check() -> None:
        nonlocal wrong_s, over_s
        sign = {CHARGE: -1, DELIVER: 1}.get(made.settings.strategy, 0)
        wrong_s += any(sign * toy.power_w < -20 for toy in made.toys.values())
        over_s += not -4000 <= made.meter_w <= 6000

    each_second(made, check)
    for strategy, power_w, load_w in [
        (ZERO, 0, 3000),
        (CHARGE, -2500, 600),
        (ZERO, 0, -2500),
        (DELIVER, 1400, 600),
        (CHARGE, -3000, -2500),
        (ZERO, 0, 600),
    ] * 2:
        made.settings = replace(made.settings, strategy=strategy, setpoint_w=power_w)
        made.load_w = load_w
        made.run(180)
        assert (len(made.in_auto), made.most_auto) == (int(strategy is ZERO), 1)
        assert strategy is ZERO or total_w(made) == pytest.approx(power_w, abs=500)
    assert over_s == 0
    assert wrong_s <= 6 * 20, "no longer than a command takes"


@pytest.mark.parametrize("leading", [battery("b", battery_mode=BatteryMode.AUTOMATIC), battery("b", has_passive=False)])
def test_beside_a_battery_that_stays_in_auto_nobody_charges(leading: BatterySettings) -> None:
    """It would discharge into the others: all that is lost is energy."""
    made = world(large("a"), leading, power_w=-2000)
    made.toys["b"].mode = Mode.AUTO
    made.run(120)
    assert made.toys["a"].power_w == 0
    assert abs(made.meter_w) < 30


def test_beside_a_silent_battery_that_may_be_in_auto_nobody_charges_until_it_is_missed() -> None:
    """What it was told last is not known to have reached it."""
    made = Course(planned(battery("a"), battery("b"), power_w=-2000)).see(seen("a"))
    made.memory = replace(TRUSTED, started=True)
    silent = Feedback(may_be_auto=frozenset({"b"}))
    assert actions(made.at(10, 0, feedback=silent))["a"] is Action.IDLE
    assert work(made.every(10, 600, 900, feedback=silent))["a"][2] == -2000
    assert work(made.at(made.now + 60, 900))["a"][2] == -2000


# The car.


@pytest.mark.parametrize("may_feed", [False, True])
def test_nothing_is_delivered_while_the_car_draws_and_may_not_be_fed(may_feed: bool) -> None:
    """The house alone is served; afterwards all goes on."""
    made = world(*AB, power_w=3000, load=500, car=CarSettings(batteries_may_feed=may_feed)).run(60)
    assert total_w(made) == 3000
    made.car = CarObservation(connected=True, power_w=3680)
    made.run(30)
    if may_feed:
        assert (state(made), total_w(made) >= 3000) == (SiteState.DELIVERING_TO_GRID, True)
        return
    assert state(made) is SiteState.SPARING_CAR
    over_w: list[float] = []
    each_second(made, lambda: over_w.append(total_w(made) - made.load_w))
    made.run(300)
    assert max(over_w) <= 60
    assert total_w(made) == pytest.approx(500, abs=60)
    made.car = CarObservation(connected=True, power_w=0)
    assert total_w(made.run(60)) == 3000


def test_beside_the_car_charging_goes_on() -> None:
    """It feeds nobody."""
    made = world(*AB, power_w=-3000, car=CarSettings())
    made.car = CarObservation(connected=True, power_w=3680)
    assert (total_w(made.run(60)), state(made)) == (-3000, SiteState.CHARGING_FROM_GRID)


# Home Assistant stops.


@pytest.mark.parametrize("power_w", [-3000, 3000])
def test_stopping_ends_what_nobody_would_watch(power_w: int) -> None:
    """Every battery that was commanded, the one in a handover as well; without permission it is net zero."""
    settings = planned(battery("a"), battery("b"), battery("c"), power_w=power_w)
    told = (passive("a", power_w // 2), auto("b"))
    tracked = {each.battery_id: TrackedCommand(command=each, asked_at=0, sent_at=0) for each in told}
    memory = ActuationMemory(tracked=tracked)
    ends = (passive("a", 0, 900), passive("b", 0, 900))
    assert stop(settings, memory, snapshot()) == ends
    zero = replace(settings, may_charge_from_grid=False, may_deliver_to_grid=False)
    assert stop(zero, memory, snapshot()) == ()


def test_after_a_crash_charging_ends_with_the_countdown() -> None:
    """Nothing is told any more."""
    made = world(*AB, power_w=-3000).run(1000)
    for _ in range(300):
        for toy in made.toys.values():
            toy.step(1.0, made.meter_w, made.now)
        made.now += 1.0
    assert total_w(made) == 0
