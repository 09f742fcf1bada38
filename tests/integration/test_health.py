"""What the owner is told to do, and batteries that moved."""

import logging
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from simulation.battery import DeviceMode
from simulation.devices import VENUS_E3_148
from simulation.faults import Fault
from simulation.site import SimulatedSite

from .test_control import modes
from .world import Clock, World, configure, issues, move, site_entry, turned_by


async def mend(world: World, key: str) -> Any:
    """Go through the fix flow of the one issue with this key, as the frontend does."""
    assert await async_setup_component(world.hass, REPAIRS, {})
    (issue,) = [issue for issue in ir.async_get(world.hass).issues.values() if issue.translation_key == key]
    manager = world.hass.data[REPAIRS]["flow_manager"]
    form = await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id})
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == issue.translation_placeholders
    result = await manager.async_configure(form["flow_id"], {})
    await world.settle()
    return result


async def test_all_is_well_and_nobody_is_bothered(world: World) -> None:
    """No issue of a healthy site."""
    await world.switch(on=True)
    await world.pass_time(60)
    assert not issues(world)


async def test_reset_prone_firmware_is_named_until_it_is_updated(bare_world: World) -> None:
    """The battery tells its new firmware by itself, once per set-up."""
    world = bare_world
    configure(world, 1, firmware=148)
    world.site.batteries[1].model.device = VENUS_E3_148
    await world.set_up()
    await world.pass_time(10)
    assert issues(world) == {"firmware_resets 1"}
    world.site.batteries[1].model.device = world.site.batteries[0].model.device
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.pass_time(260)
    assert not issues(world)


async def test_a_silent_battery_is_a_repair_only_when_it_lasts(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """One line down, one line up, and after a quarter of an hour what to look for."""
    caplog.set_level(logging.INFO)
    world.site.batteries[1].faults.add(Fault.DEAD)
    await world.pass_time(800)
    assert not issues(world)
    await world.pass_time(200)
    assert issues(world) == {"battery_silent 1"}
    world.site.batteries[1].faults.clear()
    await world.pass_time(60)
    assert not issues(world)
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("Battery")]
    assert lines == ["Battery 2 does not answer", "Battery 2 answers again"]


async def test_a_battery_that_lost_its_settings_is_named_until_its_owner_did_them_again(world: World) -> None:
    """It was away and comes back in Manual, which nobody had told it."""
    await world.switch(on=True)
    await world.pass_time(60)
    world.site.batteries[1].faults.add(Fault.SETTINGS_WIPE)
    await world.pass_time(120)
    assert not issues(world)
    world.site.batteries[1].faults.clear()
    await world.pass_time(40)
    assert issues(world) == {"settings_lost 1"}
    await world.pass_time(60)
    assert (await mend(world, "settings_lost"))["type"] == "create_entry"
    assert world.entry.state is ConfigEntryState.LOADED
    await world.pass_time(60)
    assert not issues(world)


async def test_manual_that_was_chosen_in_the_app_is_no_loss(world: World) -> None:
    """It was heard all the time."""
    world.site.batteries[1].model.command(DeviceMode.MANUAL, world.site.house.now)
    await world.pass_time(90)
    assert not issues(world)


async def test_a_battery_that_stops_at_a_lower_class_is_named(world: World) -> None:
    """Told 2500 W in Home Assistant, 800 W in the app."""
    for battery in world.site.house.batteries:
        battery.power_class_w = 800
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(180)
    assert {issue for issue in issues(world) if issue.startswith("power_class")}
    for battery in world.site.house.batteries:
        battery.power_class_w = 2500
    await world.pass_time(400)
    assert not issues(world)


async def test_another_device_on_a_known_address_is_refused_and_named(world: World) -> None:
    """It is sent no command."""
    world.site.batteries[1].faults.add(Fault.WRONG_MAC)
    received = world.site.batteries[1].firmware.received
    received.clear()
    world.site.house.load = lambda _: 6000.0
    await world.switch(on=True)
    await world.pass_time(200)
    assert issues(world) == {"wrong_device 1"}
    # The first may have left before anything was heard of the other device.
    assert [request.method for request in received].count("ES.SetMode") <= 1


@pytest.mark.parametrize("fault", [Fault.P1_API_OFF, Fault.P1_TEXT])
async def test_the_meter_s_trouble_is_named(world: World, fault: Fault) -> None:
    """An API that is off at once, because it does not come back by itself; the rest when it lasts."""
    world.site.p1.faults.add(fault)
    await world.pass_time(100)
    assert issues(world) == ({"meter_api_off"} if fault is Fault.P1_API_OFF else set())
    await world.pass_time(850)
    assert issues(world) == {"meter_api_off" if fault is Fault.P1_API_OFF else "meter_lost"}
    world.site.p1.faults.clear()
    await world.pass_time(10)
    assert not issues(world)


async def test_the_issues_of_a_site_go_with_it(world: World) -> None:
    """Unloaded it has no troubles."""
    world.site.p1.faults.add(Fault.P1_API_OFF)
    await world.pass_time(10)
    assert issues(world)
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert not issues(world)


async def test_a_wrong_sign_of_the_sensor_is_mended_in_home_assistant(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    """The leader sees its own meter and is at rest; the sensor says the opposite of it, and nothing helps."""
    clock = Clock()
    async with SimulatedSite(2, load=900.0) as site:
        world = World(hass, site, site_entry(site), clock)
        world.entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(
            world.entry, data={"meter": {"type": "sensor", "entity_id": "sensor.p1", "invert": True}}
        )
        for battery in site.house.batteries:
            battery.own_meter = False

        async def pass_time(seconds: int) -> None:
            for _ in range(seconds // 5):
                hass.states.async_set("sensor.p1", str(round(site.house.grid_w)), {"unit_of_measurement": "W"}, True)
                await world.pass_time(5)

        with turned_by(clock):
            hass.states.async_set("sensor.p1", "900", {"unit_of_measurement": "W"})
            await world.set_up()
            await world.switch(on=True)
            # Both are tried as leaders first, then by setpoints, one small step at a time.
            for _ in range(20):
                await pass_time(60)
                if "meter_sign" in issues(world):
                    break
            await pass_time(10)
            assert issues(world) == {"meter_sign"}
            assert (await mend(world, "meter_sign"))["type"] == "create_entry"
            assert world.entry.data["meter"]["invert"] is False
            assert world.entry.state is ConfigEntryState.LOADED
            await hass.config_entries.async_unload(world.entry.entry_id)


async def test_a_battery_is_followed_to_its_new_address(world: World) -> None:
    """It fell silent, is found by a broadcast under the same MAC, and control goes on."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(120)
    follower = modes(world).index(DeviceMode.PASSIVE)
    await move(world.site.batteries[follower], "127.0.0.77")
    await world.pass_time(240)
    subentry = list(world.entry.subentries.values())[follower]
    assert subentry.data["host"] == "127.0.0.77"
    await world.pass_time(180)
    assert world.state(world.battery_entity("sensor", follower, "power")) != "unavailable"
    assert abs(world.site.house.grid_w) < 100


async def test_the_search_for_a_lost_battery_is_made_seldom(world: World) -> None:
    """Once in ten minutes, however long it is away."""
    world.site.batteries[1].faults.add(Fault.DEAD)
    received = world.site.batteries[0].firmware.received
    await world.pass_time(100)
    received.clear()
    await world.pass_time(550)
    assert "Marstek.GetDevice" not in [request.method for request in received]
    await world.pass_time(100)
    assert "Marstek.GetDevice" in [request.method for request in received]
