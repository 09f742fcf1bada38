"""Nothing is left running, forgotten or shown wrongly: faults that a review found, each held by a test."""

import asyncio
from functools import partial
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory
from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.device import MarstekDevice
from custom_components.home_energy_controller.marstek.errors import MarstekTimeout
from custom_components.home_energy_controller.marstek.exchange import Timing
from custom_components.home_energy_controller.marstek.models import DeviceInfo
from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import VENUS_D_147, VENUS_E3_148, VENUS_E_155, VENUS_MINI_300, Device
from simulation.faults import Fault
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite

from .test_control import modes, setpoints, stop_home_assistant
from .world import INTEGRATION, Clock, World, configure, site_entry, turned_by, written

MANUAL = [DeviceMode.MANUAL] * 3


def be(world: World, device: Device) -> None:
    """Let every battery be of a model and firmware, in the house and in the configuration."""
    for battery in world.site.house.batteries:
        battery.device = device
        battery.faults.update(device.quirks)
    configure(world, model=device.name, firmware=device.firmware)


def let_all(world: World, mode: DeviceMode) -> None:
    """Put every battery into a mode, as its owner does with the app."""
    for battery in world.site.house.batteries:
        battery.command(mode, world.site.house.now)
    world.site.advance(5)


async def restart(world: World) -> None:
    """Stop and start Home Assistant: what was in memory is gone, the file is not."""
    await stop_home_assistant(world)
    world.coordinator._actuation_memory = ActuationMemory()
    with patch(f"{INTEGRATION}.coordinator.release", lambda settings, memory, *_, **__: ((), memory)):
        await world.hass.config_entries.async_unload(world.entry.entry_id)
    await world.set_up()


async def test_what_was_found_is_what_is_left_however_often_it_is_switched(bare_world: World) -> None:
    """The mode that our own release left is not taken for the owner's."""
    world = bare_world
    configure(world, release="as_found")
    let_all(world, DeviceMode.MANUAL)
    await world.set_up()
    world.site.house.load = lambda _: 3000.0
    for _ in range(2):
        await world.switch(on=True)
        await world.pass_time(90)
        assert modes(world) != MANUAL
        await world.switch(on=False)
        world.site.advance(5)
        assert modes(world) == MANUAL


async def test_what_was_found_outlives_a_restart(bare_world: World) -> None:
    """Switched off after a restart, the batteries go back to what they did before we came."""
    world = bare_world
    configure(world, release="as_found")
    let_all(world, DeviceMode.MANUAL)
    await world.set_up()
    world.site.house.load = lambda _: 900.0
    await world.switch(on=True)
    await world.pass_time(90)
    await restart(world)
    await world.pass_time(60)
    await world.switch(on=False)
    world.site.advance(5)
    assert modes(world) == MANUAL


async def test_a_leader_that_was_found_in_auto_is_released_as_well(bare_world: World) -> None:
    """It was never sent anything, and is ours all the same."""
    world = bare_world
    configure(world, release="idle")
    await world.set_up()
    await world.switch(on=True)
    await world.pass_time(60)
    await world.switch(on=False)
    world.site.advance(5)
    assert modes(world) == [DeviceMode.PASSIVE] * 3


async def test_a_fixed_power_of_before_a_restart_is_released(world: World) -> None:
    """It is not resumed, and not forgotten either: the battery is left as it was found."""
    await world.call("select", "select_option", world.battery_entity("select", 1, "mode"), option="fixed")
    await world.pass_time(30)
    told = len(written(world.site))
    await restart(world)
    assert len(written(world.site)) == told + 1
    assert world.state(world.battery_entity("select", 1, "mode")) == "controlled"


@pytest.mark.parametrize("fault", [Fault.SECOND_SEND_NEEDED, Fault.DEAD])
async def test_a_release_is_followed_up_until_it_is_proven(bare_world: World, fault: Fault) -> None:
    """Acknowledged is not done, and a battery that is silent for a while is still ours to release."""
    world = bare_world
    configure(world, release="idle")
    await world.set_up()
    world.site.house.load = lambda _: 6000.0
    await world.switch(on=True)
    await world.pass_time(180)
    for battery in world.site.batteries:
        battery.faults.add(fault)
    await world.switch(on=False)
    if fault is Fault.DEAD:
        for battery in world.site.batteries:
            battery.faults.clear()
    await world.pass_time(300)
    assert modes(world) == [DeviceMode.PASSIVE] * 3
    assert not any(setpoints(world).values())
    told = len(written(world.site))
    await world.pass_time(300)
    assert len(written(world.site)) == told, "once proven it is left alone"


async def test_an_unload_during_a_release_does_not_cut_it_off(hass: HomeAssistant, socket_enabled: None) -> None:
    """Switched off while a battery does not hear, then reloaded."""
    patient = Timing(first_timeout_s=0.4, later_timeout_s=0.4, resend_pause_s=0.02, write_gap_s=0, longest_gap_s=0)
    clock = Clock()
    async with SimulatedSite(3, load=6000.0, manners=ON_ONE_HOST) as site:
        world = World(hass, site, site_entry(site, release="idle"), clock)
        world.entry.add_to_hass(hass)
        with turned_by(clock), patch(f"{INTEGRATION}.MarstekClient", partial(MarstekClient, timing=patient)):
            await world.set_up()
            await world.switch(on=True)
            await world.pass_time(180)
            follower = next(index for index, power_w in setpoints(world).items() if power_w)
            site.batteries[follower].faults.add(Fault.DEAD)
            off = hass.async_create_task(world.coordinator.requests.async_set_enabled(False))
            await asyncio.sleep(0.1)
            unload = hass.async_create_task(hass.config_entries.async_unload(world.entry.entry_id))
            await asyncio.sleep(0.1)
            site.batteries[follower].faults.clear()
            await asyncio.gather(off, unload)
        site.advance(5)
        assert not any(setpoints(world).values())


async def test_firmware_148_is_not_asked_for_its_mode_after_a_reload(bare_world: World) -> None:
    """The release of a moment ago came from the client before this one (jaapp#111)."""
    world = bare_world
    be(world, VENUS_E3_148)
    await world.set_up()
    await world.switch(on=True)
    await world.pass_time(120)
    received = world.site.batteries[1].firmware.received
    received.clear()
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    methods = [request.method for request in received]
    assert "ES.SetMode" in methods
    assert "ES.GetMode" not in methods


async def test_a_poll_behind_a_slow_command_does_not_ask_148_for_its_mode(socket_enabled: None) -> None:
    """The wait counts from the command, also while its answer is awaited."""
    timing = Timing(first_timeout_s=0.3, later_timeout_s=0.3, resend_pause_s=0.02, write_gap_s=0, longest_gap_s=0.05)
    async with SimulatedSite([BatteryModel(VENUS_E3_148)]) as site:
        fake, client = site.batteries[0], MarstekClient(timing=timing)
        info = DeviceInfo(model=VENUS_E3_148.name, firmware=VENUS_E3_148.firmware, ble_mac=fake.mac)
        device = MarstekDevice(client, fake.host, fake.port, mac=fake.mac, info=info)
        await device.poll()
        fake.faults.add(Fault.NO_REPLY)
        write = asyncio.create_task(device.set_passive(500, 300))
        await asyncio.sleep(0.1)
        fake.faults.clear()
        await asyncio.gather(write, asyncio.create_task(device.poll()))
        await client.close()
        assert [request.method for request in fake.firmware.received][-1] == "ES.GetStatus"


async def test_totals_outlive_a_clean_stop(world: World, hass_storage: dict[str, Any]) -> None:
    """A total that drops would be counted twice by Home Assistant's statistics."""
    world.site.house.load = lambda _: 3000.0
    await world.switch(on=True)
    await world.pass_time(280)
    await stop_home_assistant(world)
    world.hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await world.hass.async_block_till_done()
    stored = hass_storage[f"{DOMAIN}.{world.entry.entry_id}"]["data"]["batteries"]
    kept = {key: part["discharged_wh"] for key, part in stored.items()}
    shown = {key: battery.totals.discharged_wh for key, battery in world.coordinator.batteries.items()}
    assert sum(shown.values()) > 0
    assert kept == pytest.approx(shown)


async def test_the_totals_of_the_site_do_not_drop_with_a_battery(world: World) -> None:
    """What it delivered was delivered."""
    world.site.house.load = lambda _: 3000.0
    await world.switch(on=True)
    await world.pass_time(300)
    before = world.coordinator.data.discharged_wh
    most = max(world.coordinator.batteries.values(), key=lambda battery: battery.totals.discharged_wh)
    world.hass.config_entries.async_remove_subentry(world.entry, most.subentry.subentry_id)
    await world.settle()
    assert world.coordinator.data.discharged_wh >= before > 0


async def test_the_controller_can_be_switched_off_while_polling_is_off(bare_world: World) -> None:
    """Or it would start by itself with the polling."""
    world = bare_world
    world.hass.config_entries.async_update_entry(world.entry, pref_disable_polling=True)
    await world.set_up()
    world.coordinator.store.update(enabled=True)
    await world.switch(on=False)
    assert not world.coordinator.store.site.enabled


async def test_idle_is_refused_where_nothing_can_idle_the_battery(bare_world: World) -> None:
    """The select would say one thing and the battery do another."""
    world = bare_world
    be(world, VENUS_MINI_300)
    await world.set_up()
    with pytest.raises(ServiceValidationError) as refusal:
        await world.call("select", "select_option", world.battery_entity("select", 0, "mode"), option="idle")
    assert refusal.value.translation_key == "cannot_idle"


async def test_followers_on_prone_firmware_are_not_called_disobedient(bare_world: World) -> None:
    """They are read seldom, and soon enough to see that they did what they were told."""
    world = bare_world
    be(world, VENUS_E_155)
    await world.set_up()
    await world.switch(on=True)
    world.site.house.load = lambda _: 900.0
    for _ in range(20):
        await world.pass_time(6)
        assert not world.coordinator.data.problem


async def test_a_slow_battery_costs_neither_the_leader_s_sample_nor_the_meter_its_name(
    hass: HomeAssistant, socket_enabled: None, caplog: pytest.LogCaptureFixture
) -> None:
    """On the real clock: the meter is read again right behind the leader's reply."""
    caplog.set_level(logging.INFO)
    timing = Timing(first_timeout_s=0.5, later_timeout_s=0.5, resend_pause_s=0.02, write_gap_s=0, longest_gap_s=0)
    async with SimulatedSite(3, manners=ON_ONE_HOST) as site:
        entry = site_entry(site)
        entry.add_to_hass(hass)
        with (
            patch(f"{INTEGRATION}.MarstekClient", partial(MarstekClient, timing=timing)),
            patch(f"{INTEGRATION}.coordinator.OBSERVE_LIMIT_S", 0.3),
            patch(f"{INTEGRATION}.site.battery.POLL_SLACK_S", 30.0),
        ):
            await hass.config_entries.async_setup(entry.entry_id)
            coordinator = entry.runtime_data
            await coordinator.async_refresh()
            samples = len(coordinator.observing.net_load_w)
            slow = next(battery for battery in site.batteries if battery.mac != coordinator._leader_id)
            slow.faults.add(Fault.DEAD)
            site.advance(2)
            await coordinator.async_refresh()
            assert len(coordinator.observing.net_load_w) > samples
            await hass.config_entries.async_unload(entry.entry_id)
    assert not [record for record in caplog.records if "P1) does not answer" in record.getMessage()]


async def test_a_sensor_as_meter_gives_samples_of_the_net_load(hass: HomeAssistant, socket_enabled: None) -> None:
    """Its next report comes when it likes: the sample is made a cycle later."""
    clock = Clock()
    async with SimulatedSite(3, load=900.0, manners=ON_ONE_HOST) as site:
        entry = site_entry(site)
        entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(
            entry, data={"meter": {"type": "sensor", "entity_id": "sensor.p1", "invert": False}}
        )

        def report() -> None:
            hass.states.async_set(
                "sensor.p1", str(round(site.house.grid_w)), {"unit_of_measurement": "W"}, force_update=True
            )

        report()
        with patch(f"{INTEGRATION}.coordinator.OBSERVE_LIMIT_S", 0.3):
            await hass.config_entries.async_setup(entry.entry_id)
            coordinator = entry.runtime_data
            for _ in range(6):
                site.advance(1)
                report()
                await asyncio.sleep(0.02)
                for battery in coordinator.batteries.values():
                    battery._read_started_at = None
                await coordinator.async_refresh()
            samples = len(coordinator.observing.net_load_w)
            await hass.config_entries.async_unload(entry.entry_id)
    assert samples >= 2, clock


async def test_a_power_that_can_no_longer_be_told_is_unknown(hass: HomeAssistant, socket_enabled: None) -> None:
    """A Venus D that answers, but not about its panels: the power of an hour ago is not the power of now."""
    clock = Clock()
    async with SimulatedSite([BatteryModel(VENUS_D_147)]) as site:
        world = World(hass, site, site_entry(site), clock)
        world.entry.add_to_hass(hass)
        with turned_by(clock):
            await world.set_up()
            await world.pass_time(130)
            power = world.battery_entity("sensor", 0, "power")
            assert world.state(power) != "unknown"
            device = next(iter(world.coordinator.batteries.values())).device
            with patch.object(device, "read_pv", side_effect=MarstekTimeout("PV.GetStatus", sends=3)):
                await world.pass_time(1200)
            assert world.state(power) == "unknown"
            assert world.state(world.site_entity("sensor", "battery_power")) == "unknown"
            await hass.config_entries.async_unload(world.entry.entry_id)
