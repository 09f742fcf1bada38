"""Dispatch and actuate together, in a little world with batteries that obey late, not at all, or unheard."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.model import (
    BatteryMode,
    Health,
    LeaderFault,
    Mode,
    OwnMeter,
    SiteState,
    Strategy,
)
from custom_components.home_energy_controller.control.settings import BatterySettings
from tests.control.build import battery, site
from tests.control.world import World


def world(
    *batteries: BatterySettings, load: float = 0.0, strategy: Strategy = Strategy.ZERO, **changes: float
) -> World:
    """Return a world in which the first battery runs in Auto and the others in Manual; 50 % are in all of them."""
    made = World(site(*batteries, strategy=strategy), load_w=load, **changes)  # type: ignore[arg-type]  # loss, seed
    for toy in list(made.toys.values())[1:]:
        toy.mode = Mode.MANUAL
    return made


def large(name: str) -> BatterySettings:
    """Return a battery whose charge hardly changes during a test."""
    return battery(name, capacity_wh=100_000)


AB = (large("a"), large("b"))
ABC = (*AB, large("c"))


def state(made: World) -> SiteState:
    """Return the state of the last decision."""
    assert made.decision is not None
    return made.decision.state


def health(made: World) -> set[Health]:
    """Return what the batteries are like."""
    assert made.actuation is not None
    return set(made.actuation.health.values())


def test_leader_and_followers_share_a_large_load_and_the_meter_comes_to_rest() -> None:
    """The leader keeps some room, and one follower is enough."""
    made = world(*ABC, load=4000).run(120)
    assert abs(made.meter_w) < 20
    assert [round(toy.power_w, -1) for toy in made.toys.values()] == [2300, 1700, 0]
    assert health(made) == {Health.PROVEN, Health.UNTOUCHED}


def test_small_load_is_left_to_the_leader() -> None:
    """The others rest."""
    made = world(*ABC, load=900).run(120)
    assert (state(made), abs(made.meter_w) < 20) == (SiteState.LEADER_ALONE, True)
    assert made.toys["b"].power_w == made.toys["c"].power_w == 0


def test_leader_is_swapped_without_two_loops_and_without_a_gap() -> None:
    """At 2000 W, seen every second."""
    made = world(*ABC, load=2000)
    made.toys["b"].soc_pct = 58
    made.run(40)
    made.toys["b"].soc_pct, most_w = 70, 0.0
    for _ in range(90):
        made.run(1)
        most_w = max(most_w, abs(made.meter_w))
    assert (made.in_auto, made.most_auto) == (["b"], 1)
    assert most_w < 2500, "power of the old leader is kept until the new one works"
    made.run(60)
    assert abs(made.meter_w) < 20


def test_swap_to_a_battery_that_does_not_obey_ends_with_the_old_leader() -> None:
    """The house is served all the same."""
    made = world(*AB, load=2000)
    made.toys["b"].soc_pct, made.toys["b"].obeys = 80, False
    made.run(400)
    assert (made.in_auto, made.most_auto, abs(made.meter_w) < 20) == (["a"], 1, True)


def test_swap_from_a_battery_that_does_not_obey_is_not_made() -> None:
    """It cannot be stopped, so it leads."""
    made = world(*AB, load=2000)
    made.toys["b"].soc_pct, made.toys["a"].obeys = 80, False
    made.run(400)
    assert (made.in_auto, made.most_auto) == (["a"], 1)


def test_crash_of_home_assistant_does_not_stop_the_leader_and_the_followers_expire() -> None:
    """And the restart finds its way back."""
    made = world(*ABC, load=4000).run(120)
    for _ in range(12):
        made.restart()
    assert [made.toys[key].power_w for key in "bc"] == [0, 0]
    made.restart()
    made.run(60)
    assert (made.in_auto, abs(made.meter_w) < 20) == (["a"], True)


def test_restart_in_the_middle_of_a_swap_ends_with_one_leader() -> None:
    """At any second of it."""
    for delay_s in range(62, 90, 2):
        made = world(*AB, load=2000)
        made.toys["b"].soc_pct = 58
        made.run(30)
        made.toys["b"].soc_pct = 80
        made.run(delay_s - 30)
        made.restart()
        made.run(120)
        assert (len(made.in_auto), made.most_auto, abs(made.meter_w) < 20) == (1, 1, True), delay_s


def test_lost_commands_are_made_good() -> None:
    """Four of ten, and as many of the answers."""
    made = world(*ABC, load=4000, loss=0.4, seed=3).run(300)
    assert abs(made.meter_w) < 20
    assert made.most_auto == 1


def test_battery_that_leaves_passive_without_telling_is_brought_back() -> None:
    """Within a minute, by its mode."""
    made = world(*ABC, load=4000).run(120)
    made.toys["b"].mode = Mode.AUTO
    made.run(60)
    assert (made.in_auto, made.toys["b"].mode) == (["a"], Mode.PASSIVE)


def test_dead_leader_is_replaced() -> None:
    """After the meter has missed it for a minute."""
    made = world(*AB, load=2000).run(120)
    dead = made.toys["a"]
    dead.reachable, dead.mode = False, Mode.UNKNOWN
    made.run(200)
    assert made.in_auto == ["b"]
    assert abs(made.meter_w) < 20


def test_leader_that_is_only_unheard_goes_on_and_comes_back() -> None:
    """Ten minutes without the network change nothing."""
    made = world(*AB, load=2000).run(120)
    made.toys["a"].reachable = False
    made.run(600)
    assert (made.in_auto, state(made)) == (["a"], SiteState.LEADER_ALONE)
    made.toys["a"].reachable = True
    made.run(60)
    assert (made.in_auto, health(made)) == (["a"], {Health.UNTOUCHED, Health.PROVEN})


def test_leader_without_a_meter_gives_the_lead_to_the_next() -> None:
    """Auto idles without meter data: its owner is told who it was."""
    made = world(*ABC, load=2000)
    made.toys["a"].has_meter = False
    made.run(300)
    assert made.decision is not None
    assert dict(made.decision.ineligible) == {"a": LeaderFault.WITHOUT_EFFECT}
    assert (made.in_auto, abs(made.meter_w) < 20) == (["b"], True)


def test_site_without_a_leader_is_served_by_setpoints() -> None:
    """Slowly, in both directions."""
    made = world(battery("a", own_meter=OwnMeter.NO), battery("b", own_meter=OwnMeter.NO), load=1200)
    made.toys["a"].has_meter = False
    made.run(600)
    assert (state(made), made.in_auto) == (SiteState.NO_LEADER, [])
    assert abs(made.meter_w) <= 50
    made.load_w = -700
    made.run(600)
    assert abs(made.meter_w) <= 50


def test_charge_only_never_discharges_for_longer_than_it_takes_to_see_it() -> None:
    """One poll and the command."""
    made = world(*ABC, load=-1200, strategy=Strategy.ZERO_CHARGE_ONLY).run(150)
    assert (state(made), abs(made.meter_w) < 20) == (SiteState.LEADER_ALONE, True)
    made.load_w = 800
    made.run(45)
    assert state(made) is SiteState.HOLDING
    assert all(toy.power_w == 0 for toy in made.toys.values())


def test_batteries_stop_at_their_reserve() -> None:
    """Leader and follower."""
    made = world(
        battery("a", reserve_pct=30, capacity_wh=500), battery("b", reserve_pct=30, capacity_wh=500), load=1800
    )
    for toy in made.toys.values():
        toy.soc_pct = 45
    made.run(900)
    assert state(made) is SiteState.HOLDING
    assert all(toy.soc_pct > 27 for toy in made.toys.values())
    assert all(toy.power_w == 0 for toy in made.toys.values())


def test_lost_meter_stops_the_followers_and_leaves_the_leader() -> None:
    """And they work again when it is back."""
    made = world(*ABC, load=4000).run(120)
    made.meter_answers = False
    made.run(90)
    assert state(made) is SiteState.METER_LOST
    assert (made.in_auto, made.toys["b"].power_w) == (["a"], 0)
    made.meter_answers = True
    made.run(90)
    assert made.toys["b"].power_w > 0


def test_fixed_battery_is_held_and_the_others_serve_around_it() -> None:
    """Its charging is a load like any other."""
    made = world(battery("a"), battery("b", battery_mode=BatteryMode.FIXED, fixed_power_w=-600), load=500).run(400)
    assert made.toys["b"].power_w == -600
    assert abs(made.meter_w) < 20


@pytest.mark.parametrize("strategy", [Strategy.STANDBY, Strategy.TO_FULL, Strategy.FIXED])
def test_strategies_without_a_meter_end_all_loops(strategy: Strategy) -> None:
    """Nobody is left in Auto."""
    made = world(*ABC, load=3000).run(60)
    made.settings = replace(made.settings, strategy=strategy, setpoint_w=6000)
    made.run(60)
    wanted = {Strategy.STANDBY: 0, Strategy.TO_FULL: -2500, Strategy.FIXED: 2000}[strategy]
    assert [toy.power_w for toy in made.toys.values()] == [wanted] * 3
    assert made.in_auto == []


def test_switched_off_nothing_is_sent() -> None:
    """In five minutes of a large load."""
    made = world(*ABC, load=4000)
    made.settings = replace(made.settings, enabled=False)
    made.run(300)
    assert (made.sent, state(made)) == ([], SiteState.OFF)
