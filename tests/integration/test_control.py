"""The controller at work: in Home Assistant, over the real protocols, against the simulated house."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState
from homeassistant.exceptions import ServiceValidationError
import pytest

from simulation.battery import DeviceMode
from simulation.devices import VENUS_MINI_300
from simulation.faults import Fault

from .world import World, written


def modes(world: World) -> list[DeviceMode]:
    """Return what the simulated batteries really do."""
    return [battery.model.mode for battery in world.site.batteries]


def setpoints(world: World) -> dict[int, float]:
    """Return the powers that Passive holds, per battery."""
    return {
        index: battery.model.passive_w
        for index, battery in enumerate(world.site.batteries)
        if battery.model.mode is DeviceMode.PASSIVE
    }


async def test_a_small_load_is_served_by_one_battery_alone(world: World) -> None:
    """One in Auto, the others idle, and the grid near zero."""
    world.site.house.load = lambda _: 900.0
    await world.switch(on=True)
    await world.pass_time(120)
    assert sorted(modes(world)) == [DeviceMode.AUTO, DeviceMode.PASSIVE, DeviceMode.PASSIVE]
    assert set(setpoints(world).values()) == {0.0}
    assert abs(world.site.house.grid_w) < 60
    assert world.state(world.site_entity("sensor", "state")) == "leader_alone"


async def test_a_large_load_is_shared_and_the_grid_comes_to_rest(world: World) -> None:
    """One leads, the others follow, nobody charges from another."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(240)
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert all(power_w > 0 for power_w in setpoints(world).values())
    assert abs(world.site.house.grid_w) < 100
    assert world.state(world.site_entity("sensor", "state")) == "leader_and_followers"
    assert world.site.house.account.cross_charged_wh < 0.01 * world.site.house.account.moved_wh


async def test_a_large_surplus_is_shared_too(world: World) -> None:
    """The same with the sun."""
    world.site.house.pv = lambda _: 6000.0
    await world.switch(on=True)
    await world.pass_time(240)
    assert all(power_w < 0 for power_w in setpoints(world).values())
    assert abs(world.site.house.grid_w) < 100


async def test_switching_off_leaves_the_leader_in_auto_and_the_others_idle(world: World) -> None:
    """The default with several batteries: the house goes on being served."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(180)
    leader = modes(world).index(DeviceMode.AUTO)
    await world.switch(on=False)
    world.site.advance(5)
    assert modes(world)[leader] is DeviceMode.AUTO
    assert set(setpoints(world).values()) == {0.0}
    assert len(setpoints(world)) == 2

    told = len(written(world.site))
    await world.pass_time(400)
    assert len(written(world.site)) == told, "a released battery is left alone"
    assert world.state(world.site_entity("sensor", "state")) == "off"


@pytest.mark.parametrize(
    ("release", "expected"),
    [("automatic", [DeviceMode.AUTO] * 3), ("idle", [DeviceMode.PASSIVE] * 3), ("as_found", [DeviceMode.AUTO] * 3)],
)
async def test_batteries_are_released_as_their_setting_says(
    bare_world: World, release: str, expected: list[DeviceMode]
) -> None:
    """On unload as on switching off."""
    world = bare_world
    for subentry in world.entry.subentries.values():
        world.hass.config_entries.async_update_subentry(
            world.entry, subentry, data={**subentry.data, "release": release}
        )
    await world.set_up()
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(120)
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    world.site.advance(5)
    assert modes(world) == expected
    assert not any(setpoints(world).values())


async def test_a_reload_releases_and_then_takes_up_control_again(world: World) -> None:
    """What is switched on stays on."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(120)
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    assert world.entry.state is ConfigEntryState.LOADED
    await world.pass_time(180)
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert abs(world.site.house.grid_w) < 100


async def test_a_battery_that_was_never_commanded_is_never_released(world: World) -> None:
    """The controller was off all the time: unloading sends nothing."""
    await world.pass_time(20)
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert not written(world.site)


@pytest.mark.parametrize("mute", [None, 0, 1, 2])
async def test_home_assistant_stopping_leaves_the_leader_in_auto_though_one_is_mute(
    world: World, mute: int | None
) -> None:
    """The followers are not told anything: their countdown ends within five minutes."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(180)
    leader = modes(world).index(DeviceMode.AUTO)
    told = len(written(world.site))
    if mute is not None:
        world.site.batteries[mute].faults.add(Fault.NO_REPLY)
    await stop_home_assistant(world)
    assert len(written(world.site)) == told
    world.site.advance(310)
    assert modes(world)[leader] is DeviceMode.AUTO
    assert not any(setpoints(world).values())


async def test_home_assistant_stopping_holds_a_leader_that_may_not_do_both(world: World) -> None:
    """Auto cannot be told a direction: without us it is not left alone with one forbidden."""
    world.site.house.pv = lambda _: 2000.0
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="zero_charge_only")
    await world.switch(on=True)
    await world.pass_time(180)
    assert DeviceMode.AUTO in modes(world)
    await stop_home_assistant(world)
    world.site.advance(5)
    assert modes(world) == [DeviceMode.PASSIVE] * 3
    world.site.advance(700)
    assert not any(setpoints(world).values())


async def stop_home_assistant(world: World) -> None:
    """Run what Home Assistant runs when it stops, up to where background tasks are cancelled."""
    world.hass.set_state(CoreState.stopping)
    for job in list(world.hass._shutdown_jobs):
        if (task := world.hass.async_run_hass_job(job.job, *job.args)) is not None:
            await task
    world.hass.set_state(CoreState.running)


async def test_a_battery_is_taken_out_with_a_fixed_power_and_given_back(world: World) -> None:
    """The rest of the house is served by the others meanwhile."""
    world.site.house.load = lambda _: 900.0
    await world.switch(on=True)
    await world.pass_time(120)
    index = modes(world).index(DeviceMode.PASSIVE)
    await world.call("select", "select_option", world.battery_entity("select", index, "mode"), option="fixed")
    await world.pass_time(20)
    assert setpoints(world)[index] == 0, "it begins at nothing"
    await world.call("number", "set_value", world.battery_entity("number", index, "setpoint"), value=-600)
    await world.pass_time(400)
    assert setpoints(world)[index] == -600, "and is renewed"
    assert world.site.house.batteries[index].power_w == pytest.approx(-600, abs=20)
    assert abs(world.site.house.grid_w) < 80

    await world.call("select", "select_option", world.battery_entity("select", index, "mode"), option="controlled")
    await world.pass_time(60)
    assert setpoints(world)[index] == 0


async def test_a_fixed_power_acts_though_the_controller_is_off(world: World) -> None:
    """The owner asked for it by hand; given back, the battery is released."""
    await world.call("select", "select_option", world.battery_entity("select", 1, "mode"), option="fixed")
    await world.call("number", "set_value", world.battery_entity("number", 1, "setpoint"), value=250)
    await world.pass_time(30)
    assert setpoints(world) == {1: 250}
    assert {host for host, _ in written(world.site)} == {world.site.batteries[1].host}

    await world.call("select", "select_option", world.battery_entity("select", 1, "mode"), option="controlled")
    world.site.advance(5)
    assert setpoints(world) in ({1: 0}, {})


async def test_a_battery_in_automatic_is_left_to_itself(world: World) -> None:
    """Its own Auto, whatever the controller does."""
    world.site.house.load = lambda _: 900.0
    await world.switch(on=True)
    await world.pass_time(60)
    index = modes(world).index(DeviceMode.PASSIVE)
    await world.call("select", "select_option", world.battery_entity("select", index, "mode"), option="automatic")
    await world.pass_time(60)
    assert modes(world)[index] is DeviceMode.AUTO


async def test_fixed_is_refused_for_a_model_that_cannot_hold_a_power(bare_world: World) -> None:
    """With a sentence that says so."""
    world = bare_world
    subentry = next(iter(world.entry.subentries.values()))
    mini = {"model": VENUS_MINI_300.name, "firmware": VENUS_MINI_300.firmware}
    world.hass.config_entries.async_update_subentry(world.entry, subentry, data={**subentry.data, **mini})
    await world.set_up()
    with pytest.raises(ServiceValidationError) as refusal:
        await world.call("select", "select_option", world.battery_entity("select", 0, "mode"), option="fixed")
    assert refusal.value.translation_key == "no_passive"
    assert world.state(world.battery_entity("select", 0, "mode")) == "controlled"


@pytest.mark.parametrize(
    ("domain", "service", "data"),
    [("switch", "turn_on", {}), ("select", "select_option", {"option": "idle"})],
)
async def test_nothing_can_be_commanded_while_polling_is_off(
    bare_world: World, domain: str, service: str, data: dict[str, Any]
) -> None:
    """Nobody would follow up."""
    world = bare_world
    world.hass.config_entries.async_update_entry(world.entry, pref_disable_polling=True)
    await world.set_up()
    entity_id = (
        world.site_entity("switch", "controller") if domain == "switch" else world.battery_entity("select", 0, "mode")
    )
    with pytest.raises(ServiceValidationError) as refusal:
        await world.call(domain, service, entity_id, **data)
    assert refusal.value.translation_key == "polling_off"
    assert not written(world.site)


async def test_standby_and_fixed_strategies_do_what_they_say(world: World) -> None:
    """All idle; then the site's setpoint, split."""
    world.site.house.load = lambda _: 3000.0
    await world.switch(on=True)
    await world.pass_time(60)
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="standby")
    await world.pass_time(60)
    assert setpoints(world) == {0: 0, 1: 0, 2: 0}
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="fixed")
    await world.call("number", "set_value", world.site_entity("number", "setpoint"), value=-1500)
    await world.pass_time(60)
    assert sum(setpoints(world).values()) == pytest.approx(-1500, abs=30)


async def test_the_loss_of_the_meter_idles_the_followers_and_heals_by_itself(world: World) -> None:
    """Nothing is commanded blindly for longer than the age limit and one cycle."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(180)
    world.site.p1.faults.add(Fault.P1_HTML)
    await world.pass_time(80)
    assert world.state(world.site_entity("sensor", "state")) == "meter_lost"
    assert world.state(world.site_entity("sensor", "grid_power")) == "unknown"
    assert not any(setpoints(world).values())
    assert modes(world).count(DeviceMode.AUTO) == 1

    world.site.p1.faults.clear()
    await world.pass_time(120)
    assert world.state(world.site_entity("sensor", "state")) == "leader_and_followers"
    assert abs(world.site.house.grid_w) < 100


async def test_two_alive_serve_the_house_while_one_is_dead(world: World) -> None:
    """The dead one is left out, the others take its share."""
    world.site.house.load = lambda _: 4200.0
    await world.switch(on=True)
    await world.pass_time(180)
    follower = modes(world).index(DeviceMode.PASSIVE)
    world.site.batteries[follower].faults.add(Fault.DEAD)
    await world.pass_time(240)
    assert abs(world.site.house.grid_w) < 100
    assert world.state(world.battery_entity("sensor", follower, "power")) == "unavailable"
    world.site.batteries[follower].faults.clear()
    await world.pass_time(120)
    assert world.state(world.battery_entity("sensor", follower, "power")) != "unavailable"


async def test_a_killed_home_assistant_leaves_no_follower_on_its_setpoint(world: World) -> None:
    """Nothing is sent any more, not even a goodbye: the countdowns end within five minutes."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(300)
    assert any(setpoints(world).values())
    world.coordinator._closing = True
    told = len(written(world.site))
    world.site.advance(301)
    assert len(written(world.site)) == told
    assert not any(setpoints(world).values())
    assert modes(world).count(DeviceMode.AUTO) == 1


async def test_a_change_of_leader_is_shown_and_leaves_one_loop(world: World) -> None:
    """The leader reaches its reserve: another takes over, step by step."""
    world.site.house.load = lambda _: 1200.0
    await world.switch(on=True)
    await world.pass_time(120)
    old = modes(world).index(DeviceMode.AUTO)
    await world.call("number", "set_value", world.battery_entity("number", old, "reserve"), value=70)
    states = set()
    for _ in range(100):
        await world.pass_time(2)
        states.add(world.state(world.site_entity("sensor", "state")))
        assert modes(world).count(DeviceMode.AUTO) <= 1
    assert "swapping" in states
    assert modes(world)[old] is DeviceMode.PASSIVE
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert abs(world.site.house.grid_w) < 80
