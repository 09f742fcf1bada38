"""One battery at run time: one read and one write under way, and what became of them."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.model import Command, CommandKind
from custom_components.home_energy_controller.site.battery import Battery
from simulation.battery import DeviceMode
from simulation.devices import VENUS_E3_144
from simulation.faults import Fault

from .world import World


def first(world: World) -> Battery:
    """Return the first battery of the site."""
    return next(iter(world.coordinator.batteries.values()))


async def write(world: World, kind: CommandKind) -> bool | None:
    """Send a command and return what the device said of it."""
    battery = first(world)
    countdown_s = 300 if kind is CommandKind.PASSIVE else 0
    await battery.write(Command(battery_id=battery.id, kind=kind, power_w=0, countdown_s=countdown_s))
    world.site.advance(2)
    assert battery.outcome is not None
    return battery.outcome.accepted


async def test_a_read_that_runs_is_not_started_twice(world: World) -> None:
    """One request is under way per battery."""
    world.site.batteries[0].faults.add(Fault.NO_REPLY)
    world.clock.now += 60
    running = first(world).read(world.clock.now, None)
    assert running is not None
    assert first(world).read(world.clock.now + 60, None) is running
    await running
    assert not first(world).answering


async def test_a_read_that_gives_way_to_a_command_is_no_failure(world: World) -> None:
    """The battery did nothing wrong."""
    fake = world.site.batteries[0]
    fake.firmware.once.append(Fault.NO_REPLY)
    world.clock.now += 60
    running = first(world).read(world.clock.now, None)
    assert running is not None
    await asyncio.sleep(0.02)
    assert await write(world, CommandKind.PASSIVE) is True
    await running
    assert first(world).answering


async def test_silent_cells_cost_only_the_temperature(world: World) -> None:
    """The details are read behind the poll, and fail alone."""
    world.site.batteries[0].faults.add(Fault.BAT_MUTE)
    await world.pass_time(60)
    assert world.state(world.battery_entity("sensor", 0, "temperature")) == "unknown"
    assert world.state(world.battery_entity("sensor", 1, "temperature")) != "unknown"
    assert world.state(world.battery_entity("sensor", 0, "soc")) != "unavailable"


async def test_details_give_way_to_a_command(world: World) -> None:
    """What changes slowly can wait, but not for its next turn five minutes later."""
    fake = world.site.batteries[0]
    fake.faults.add(Fault.BAT_MUTE)
    assert first(world).device.details_due
    details = asyncio.ensure_future(first(world)._async_read_details())
    await asyncio.sleep(0.02)
    assert await write(world, CommandKind.PASSIVE) is True
    await details
    assert first(world).device.details_due


async def test_an_update_of_the_firmware_is_noticed(bare_world: World, hass: HomeAssistant) -> None:
    """Configured on 144, which suffers from questions; updated in the app since. Asked more, it tells more."""
    world = bare_world
    subentry = next(iter(world.entry.subentries.values()))
    data = {**subentry.data, "firmware": VENUS_E3_144.firmware}
    hass.config_entries.async_update_subentry(world.entry, subentry, data=data)
    await world.set_up()
    assert first(world).device.profile.reset_prone
    with pytest.raises(AssertionError, match="temperature"):
        world.battery_entity("sensor", 0, "temperature")
    await world.pass_time(130)
    assert not first(world).device.profile.reset_prone
    await world.pass_time(90)
    assert float(world.state(world.battery_entity("sensor", 0, "temperature"))) > 0
    identifier = (DOMAIN, world.site.batteries[0].mac)
    device = dr.async_get(hass).async_get_device_by_identifier(identifier, config_entry_id=world.entry.entry_id)
    assert device is not None
    assert device.sw_version == "150"


@pytest.mark.parametrize(("fault", "accepted"), [(None, True), (Fault.SET_REFUSED, False), (Fault.NO_REPLY, None)])
async def test_what_a_device_says_of_a_command_is_kept_apart(
    world: World, fault: Fault | None, accepted: bool | None
) -> None:
    """Yes, no, and no answer, which may be a yes."""
    if fault is not None:
        world.site.batteries[0].faults.add(fault)
    assert await write(world, CommandKind.PASSIVE) is accepted


async def test_a_unit_is_idled_by_a_disabled_slot(world: World) -> None:
    """For units without Passive."""
    assert await write(world, CommandKind.MANUAL_IDLE) is True
    assert world.site.batteries[0].model.mode is DeviceMode.MANUAL
    assert not any(slot.enabled for slot in world.site.batteries[0].model.slots.values())


async def test_firmware_that_suffers_from_questions_is_asked_seldom(bare_world: World, hass: HomeAssistant) -> None:
    """Every two minutes, and for the proof of a command no more than once in half a minute."""
    world = bare_world
    subentry = next(iter(world.entry.subentries.values()))
    data = {**subentry.data, "firmware": VENUS_E3_144.firmware}
    hass.config_entries.async_update_subentry(world.entry, subentry, data=data)
    world.site.house.batteries[0].device = VENUS_E3_144
    await world.set_up()
    await world.pass_time(300)
    asked = [
        sum(received.method in {"ES.GetMode", "ES.GetStatus"} for received in fake.firmware.received)
        for fake in world.site.batteries
    ]
    assert asked[0] == 3
    assert asked[1] > 9
    battery, now = first(world), world.clock.now
    proof = battery.read(now, now - 1)
    assert proof is not None
    await proof
    assert battery.read(now + 10, now + 5) is None
    later = battery.read(now + 40, now + 35)
    assert later is not None
    await later
