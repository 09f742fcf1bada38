"""Setting a site up, and what people then see."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from simulation.battery import DeviceMode
from simulation.faults import Fault

from .world import World, written


async def test_the_sensors_show_what_the_house_does(world: World) -> None:
    """Grid, batteries and charge agree with the house."""
    house = world.site.house
    for battery in house.batteries[1:]:
        battery.command(DeviceMode.PASSIVE, house.now)
    await world.pass_time(60)
    grid_w = float(world.state(world.site_entity("sensor", "grid_power")))
    battery_w = float(world.state(world.site_entity("sensor", "battery_power")))
    assert grid_w == pytest.approx(house.grid_w, abs=60)
    assert battery_w == pytest.approx(sum(battery.power_w for battery in house.batteries), abs=60)
    for index, battery in enumerate(house.batteries):
        soc_pct = float(world.state(world.battery_entity("sensor", index, "soc")))
        assert soc_pct == pytest.approx(battery.soc_pct, abs=1)
        assert world.state(world.battery_entity("sensor", index, "device_mode")) == battery.mode.lower()


async def test_each_battery_is_a_device_that_is_reached_through_the_site(world: World) -> None:
    """With model, firmware and the MAC that identifies it."""
    devices = dr.async_get(world.hass)
    site = devices.async_get_device_by_identifier((DOMAIN, world.entry.entry_id), world.entry.entry_id)
    assert site is not None
    for battery in world.site.batteries:
        device = devices.async_get_device_by_identifier((DOMAIN, battery.mac), world.entry.entry_id)
        assert device is not None
        assert device.via_device_id == site.id
        assert device.manufacturer == "Marstek"
        assert device.model_id == battery.model.device.name
        assert device.model in {"Venus E", "Venus E 3.0"}
        assert device.sw_version == str(battery.model.device.firmware)
        assert (dr.CONNECTION_NETWORK_MAC, dr.format_mac(battery.mac)) in device.connections


async def test_after_set_up_the_controller_is_off_and_sends_nothing(world: World) -> None:
    """Off is the dry run: the state says what would be done."""
    world.site.house.load = lambda _: 6000.0
    await world.pass_time(200)
    assert world.state(world.site_entity("switch", "controller")) == "off"
    assert not written(world.site)
    state = world.hass.states.get(world.site_entity("sensor", "state"))
    assert state is not None
    assert state.state == "off"
    assert state.attributes["intent"] == "leader_and_followers"
    assert state.attributes["summary"].startswith("Would discharge Battery ")


@pytest.mark.parametrize("dead", [[0], [0, 1]])
async def test_a_dead_battery_does_not_keep_the_site_from_loading(bare_world: World, dead: list[int]) -> None:
    """The others are there; the dead one is shown as unavailable, and that is a problem."""
    world = bare_world
    for index in dead:
        world.site.batteries[index].faults.add(Fault.DEAD)
    await world.set_up()
    for index in range(3):
        state = world.state(world.battery_entity("sensor", index, "soc"))
        assert (state == "unavailable") is (index in dead)
    assert world.state(world.site_entity("sensor", "soc")) == "unknown"
    assert world.state(world.site_entity("sensor", "battery_power")) == "unknown"
    assert world.state(world.site_entity("binary_sensor", "problem")) == "on"


async def test_the_house_is_unknown_with_a_battery_and_known_again_with_it(bare_world: World) -> None:
    """Without one that charges with 2 kW it would be 2 kW too high, in every history; the grid is the meter's."""
    world = bare_world
    world.site.batteries[0].faults.add(Fault.DEAD)
    await world.set_up()
    await world.pass_time(60)
    net_load, grid = (world.site_entity("sensor", key) for key in ("net_load", "grid_power"))
    assert world.state(net_load) == "unknown"
    assert float(world.state(grid)) == pytest.approx(world.site.house.grid_w, abs=40)
    world.site.batteries[0].faults.clear()
    await world.pass_time(60)
    assert float(world.state(net_load)) == pytest.approx(world.site.house.net_load_w, abs=20)


async def test_no_battery_at_all_is_told_and_tried_again(bare_world: World) -> None:
    """Home Assistant says why it waits, and the site loads when a battery is back."""
    world = bare_world
    for battery in world.site.batteries:
        battery.faults.add(Fault.DEAD)
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.SETUP_RETRY
    assert world.entry.error_reason_translation_key == "batteries_silent"

    world.site.batteries[0].faults.clear()
    assert await world.hass.config_entries.async_reload(world.entry.entry_id)


async def test_a_silent_meter_is_told_and_tried_again(bare_world: World) -> None:
    """Without a meter there is nothing to control."""
    world = bare_world
    await world.site.p1.stop()
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.SETUP_RETRY
    assert world.entry.error_reason_translation_key == "meter_silent"


async def test_the_cycle_goes_on_though_every_entity_is_disabled(bare_world: World) -> None:
    """Nobody looks, the batteries are still run."""
    world = bare_world
    await world.set_up()
    registry = er.async_get(world.hass)
    for entity in er.async_entries_for_config_entry(registry, world.entry.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    assert world.hass.states.async_entity_ids_count() == 0
    assert world.coordinator._unsub_refresh is not None


async def test_with_polling_switched_off_it_observes_once_and_never_commands(bare_world: World) -> None:
    """The owner said: leave it alone. What was switched on before stays on, and does nothing."""
    world = bare_world
    world.hass.config_entries.async_update_entry(world.entry, pref_disable_polling=True)
    await world.set_up()
    assert world.coordinator._unsub_refresh is None
    assert world.state(world.site_entity("sensor", "state")) == "polling_off"
    assert world.state(world.battery_entity("sensor", 0, "soc")) != "unknown"

    world.coordinator.store.update(enabled=True)
    await world.pass_time(20)
    assert not written(world.site)


async def test_switching_polling_off_releases_the_batteries(world: World, hass: HomeAssistant) -> None:
    """Home Assistant reloads the entry then: that is a release."""
    await world.switch(on=True)
    await world.pass_time(30)
    assert written(world.site)
    hass.config_entries.async_update_entry(world.entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    world.site.advance(5)
    assert sorted(battery.model.mode for battery in world.site.batteries) == ["Auto", "Passive", "Passive"]
    assert all(battery.model.passive_w == 0 for battery in world.site.batteries)


async def test_a_removed_battery_takes_its_device_along(world: World) -> None:
    """The site goes on with the others."""
    subentry = next(iter(world.entry.get_subentries_of_type("battery")))
    world.hass.config_entries.async_remove_subentry(world.entry, subentry.subentry_id)
    await world.settle()
    assert world.entry.state is ConfigEntryState.LOADED
    assert len(world.coordinator.batteries) == 2
    devices = dr.async_get(world.hass)
    assert devices.async_get_device_by_identifier((DOMAIN, subentry.unique_id or ""), world.entry.entry_id) is None


async def test_a_removed_site_forgets_what_was_set(world: World, hass_storage: dict[str, object]) -> None:
    """The file goes with the entry."""
    await world.switch(on=True)
    await world.hass.config_entries.async_remove(world.entry.entry_id)
    assert f"{DOMAIN}.{world.entry.entry_id}" not in hass_storage
