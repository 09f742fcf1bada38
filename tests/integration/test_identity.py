"""Who a battery is: devices that stay apart, addresses that change hands, names and firmware that change."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.marstek.profiles import Family
from simulation.devices import VENUS_A_147, VENUS_D_147, VENUS_E3_144, VENUS_E3_148, VENUS_E3_150, VENUS_E_156
from simulation.faults import Fault
from simulation.udp import FakeBattery

from .world import World, configure, issues, move

ACCESS_POINT = "f09fc2aabb01"


def tells(battery: FakeBattery, **values: Any) -> None:
    """Let a battery tell something else of itself."""
    told = battery.firmware._told_of_itself
    battery.firmware._told_of_itself = lambda: told() | values  # type: ignore[method-assign]


def asked(battery: FakeBattery, method: str) -> int:
    """Return how often a battery was asked something."""
    return [request.method for request in battery.firmware.received].count(method)


def devices(world: World) -> dict[str, set[tuple[str, str]]]:
    """Return the connections of each battery's device, by the MAC that identifies it."""
    found = dr.async_entries_for_config_entry(dr.async_get(world.hass), world.entry.entry_id)
    return {
        identifier: device.connections
        for device in found
        for _, identifier in device.identifiers
        if identifier != world.entry.entry_id
    }


@pytest.mark.parametrize("mac", [ACCESS_POINT, "000000000000", "ffffffffffff", "02a1b0000065"])
async def test_batteries_on_one_access_point_are_devices_of_their_own(bare_world: World, mac: str) -> None:
    """Whatever they tell as `wifi_mac`, now or to an earlier release."""
    configure(bare_world, wifi_mac=mac)
    for battery in bare_world.site.batteries:
        tells(battery, wifi_mac=mac)
    await bare_world.set_up()
    await bare_world.pass_time(60)
    macs = [battery.mac for battery in bare_world.site.batteries]
    assert devices(bare_world) == {own: {("mac", dr.format_mac(own))} for own in macs}


async def test_devices_that_an_earlier_release_merged_come_apart(bare_world: World) -> None:
    """At the next start, and every entity is where it belongs."""
    world = bare_world
    await world.set_up()
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    macs = [battery.mac for battery in world.site.batteries]
    registry, entities = dr.async_get(world.hass), er.async_get(world.hass)
    found = {mac: registry.async_get_device_by_identifier((DOMAIN, mac), world.entry.entry_id) for mac in macs}
    before = {entity.unique_id: entity.entity_id for entity in entities.entities.values()}
    first, *others = [device for device in found.values() if device is not None]
    for device in others:
        for entity in er.async_entries_for_device(entities, device.id, True):
            entities.async_update_entity(entity.entity_id, device_id=first.id)
        registry.async_remove_device(device.id)
    registry.async_update_device(
        first.id,
        new_identifiers={(DOMAIN, mac) for mac in macs},
        new_connections={("mac", dr.format_mac(mac)) for mac in [*macs, ACCESS_POINT]},
    )
    await world.set_up()
    assert devices(world) == {mac: {("mac", dr.format_mac(mac))} for mac in macs}
    assert before == {entity.unique_id: entity.entity_id for entity in entities.entities.values()}
    for mac in macs:
        own = registry.async_get_device_by_identifier((DOMAIN, mac), world.entry.entry_id)
        assert own is not None
        unique_ids = {entity.unique_id for entity in er.async_entries_for_device(entities, own.id, True)}
        assert unique_ids == {unique_id for unique_id in before if unique_id.startswith(mac)}


async def test_the_device_of_an_access_point_is_left_alone(bare_world: World) -> None:
    """Another integration owns it."""
    world = bare_world
    other = MockConfigEntry(domain="router")
    other.add_to_hass(world.hass)
    registry, point = dr.async_get(world.hass), {("mac", dr.format_mac(ACCESS_POINT))}
    device = registry.async_get_or_create(config_entry_id=other.entry_id, connections=point, name="Attic")
    for battery in world.site.batteries:
        tells(battery, wifi_mac=ACCESS_POINT)
    await world.set_up()
    await world.pass_time(60)
    assert registry.async_get_devices(connections=point) == [device]


@pytest.mark.parametrize("nameless", [(0, 1), (0,), (1,)])
async def test_swapped_addresses_are_noticed_before_anybody_is_commanded(
    bare_world: World, nameless: tuple[int, ...]
) -> None:
    """Neither, or only one of the two, puts its name to its answers."""
    world = bare_world
    configure(world, 0, max_charge_w=300, max_discharge_w=300, own_meter="no")
    await world.set_up()
    first, second, _ = world.site.batteries
    for index in nameless:
        world.site.batteries[index].faults.add(Fault.NO_SRC)
    world.site.house.load = lambda _: 6000.0
    await world.switch(on=True)
    await world.pass_time(300)
    hosts = second.host, first.host
    await first.stop()
    await second.stop()
    await world.pass_time(150)
    await move(first, hosts[0])
    await move(second, hosts[1])
    worst = 0.0
    for _ in range(90):
        await world.pass_time(10)
        worst = max(worst, abs(first.model.power_w) if first.model.mode.value == "Passive" else 0.0)
    assert worst < 350
    assert world.coordinator.batteries[first.mac].device.host == first.host
    assert world.coordinator.batteries[second.mac].device.host == second.host


async def test_a_battery_that_puts_no_name_to_its_answers_works(world: World) -> None:
    """It is asked who it is every five minutes, and each time before it is believed."""
    battery = world.site.batteries[0]
    battery.faults.add(Fault.NO_SRC)
    await world.switch(on=True)
    await world.pass_time(1800)
    assert not issues(world)
    assert world.coordinator.data.batteries[battery.mac].available
    assert 5 <= asked(battery, "Marstek.GetDevice") <= 8


@pytest.mark.parametrize("older", [VENUS_E3_148, VENUS_E3_144])
async def test_firmware_that_is_set_back_is_treated_by_its_own_rules_at_once(bare_world: World, older: Any) -> None:
    """Support does that; the cells are not read again on firmware that loses its settings by it."""
    world, battery = bare_world, bare_world.site.batteries[1]
    await world.set_up()
    coordinator = world.coordinator
    await world.switch(on=True)
    await world.pass_time(300)
    battery.faults.add(Fault.DEAD)
    await world.pass_time(100)
    battery.faults.clear()
    battery.model.device = older
    battery.firmware.received.clear()
    await world.pass_time(1800)
    assert not asked(battery, "Bat.GetStatus")
    assert world.coordinator is coordinator, "it was not started again"
    assert coordinator.batteries[battery.mac].device.profile.reset_prone
    assert "firmware_resets 1" in issues(world)
    assert list(world.entry.subentries.values())[1].data["firmware"] == older.firmware


async def test_an_update_acts_without_a_new_start(bare_world: World) -> None:
    """Told three times, some minutes apart: then it is asked more, and tells more."""
    world, battery = bare_world, bare_world.site.batteries[1]
    configure(world, 1, firmware=148)
    battery.model.device = VENUS_E3_148
    await world.set_up()
    coordinator = world.coordinator
    await world.pass_time(300)
    battery.faults.add(Fault.DEAD)
    await world.pass_time(400)
    battery.faults.clear()
    battery.model.device = VENUS_E3_150
    await world.pass_time(1500)
    assert world.coordinator is coordinator
    assert not issues(world)
    assert float(world.state(world.battery_entity("sensor", 1, "temperature"))) > 0
    device = dr.async_get(world.hass).async_get_device_by_identifier((DOMAIN, battery.mac), world.entry.entry_id)
    assert device is not None
    assert device.sw_version == "150"


@pytest.mark.parametrize(
    "story",
    [
        lambda count: {"ver": 150 + count % 2},
        lambda count: {"ver": (148, 150)[count % 2]},
        lambda count: {"device": ("VenusE 3.0", "VenusE Pro")[count % 2]},
        lambda count: {"device": ("VenusE 3.0", "Venus")[count % 2], "ver": 140 + count % 17},
        lambda count: {"ver": None if count % 2 else 150},
    ],
)
async def test_a_device_that_tells_now_this_and_now_that_starts_nothing_again(
    world: World, story: Callable[[int], dict[str, Any]]
) -> None:
    """And is not asked for ever."""
    battery, coordinator = world.site.batteries[0], world.coordinator
    told, battery_asked = battery.firmware._told_of_itself, [0]
    result = battery.firmware._result

    def count(method: str, params: object) -> dict[str, Any]:
        battery_asked[0] += method == "Marstek.GetDevice"
        return result(method, params)

    battery.firmware._result = count  # type: ignore[method-assign]
    battery.firmware._told_of_itself = lambda: told() | story(battery_asked[0])  # type: ignore[method-assign]
    await world.switch(on=True)
    await world.pass_time(1800)
    assert battery_asked[0] < 8
    assert world.coordinator is coordinator


@pytest.mark.parametrize("name", ["VenusE Pro", "VNSE4-0", "VNSA2-0"])
async def test_an_unknown_model_is_read_with_care_counted_with_its_panels_and_reported(
    bare_world: World, name: str
) -> None:
    """Nobody knows what it bears; its owner is asked for a report."""
    world, battery = bare_world, bare_world.site.batteries[1]
    configure(world, 1, model=name, firmware=1508)
    battery.model.device = replace(VENUS_A_147, name=name, firmware=1508)
    battery.firmware.model.pv_w = 400.0
    await world.set_up()
    await world.pass_time(600)
    assert issues(world) == {"model_unknown 1"}
    device = world.coordinator.batteries[battery.mac].device
    assert device.profile.family is Family.UNKNOWN
    assert device.has_pv
    assert not asked(battery, "Bat.GetStatus")
    assert asked(battery, "ES.GetMode") <= 6


async def test_a_battery_that_boots_while_it_is_set_up_is_known_soon_after(bare_world: World) -> None:
    """An HMG-50 calls itself "Venus" until its BMS is up; nobody is asked for a report."""
    world, battery = bare_world, bare_world.site.batteries[2]
    configure(world, 2, model="Venus")
    battery.model.device = replace(VENUS_E_156, name="Venus")
    await world.set_up()
    await world.pass_time(150)
    assert not issues(world)
    battery.model.device = VENUS_E_156
    await world.pass_time(300)
    assert world.coordinator.batteries[battery.mac].device.profile.family is Family.HMG50
    assert list(world.entry.subentries.values())[2].data["model"] == "VenusE"


async def test_a_name_from_a_reboot_is_not_kept(world: World) -> None:
    """What the forms know it by stays."""
    battery = world.site.batteries[2]
    await world.pass_time(60)
    battery.faults.add(Fault.DEAD)
    await world.pass_time(120)
    battery.faults.clear()
    battery.model.device = replace(VENUS_E_156, name="Venus")
    await world.pass_time(60)
    assert world.coordinator.batteries[battery.mac].device.profile.family is Family.UNKNOWN
    assert list(world.entry.subentries.values())[2].data["model"] == "VenusE"
    battery.model.device = VENUS_E_156
    await world.pass_time(300)
    assert world.coordinator.batteries[battery.mac].device.profile.family is Family.HMG50
    assert not issues(world)


@pytest.mark.parametrize(("string", "firmware"), [("pv1", 147), ("pv1", 150), ("pv2", 150), ("pv4", 150)])
async def test_the_sun_of_a_venus_d_is_counted_once(bare_world: World, string: str, firmware: int) -> None:
    """40 V x 10 A are 400 W, also when 4000 is told."""
    world, battery = bare_world, bare_world.site.batteries[1]
    configure(world, 1, model="VenusD", firmware=firmware)
    battery.model.device = replace(VENUS_D_147, firmware=firmware)
    told = battery.firmware._told_of_the_battery
    none = {f"pv{number}_{name}": 0 for number in range(1, 5) for name in ("power", "voltage", "current")}
    pv = none | {"ongrid_power": 200, f"{string}_power": 4000, f"{string}_voltage": 40, f"{string}_current": 10}
    battery.firmware._told_of_the_battery = lambda: told() | pv  # type: ignore[method-assign]
    await world.set_up()
    await world.pass_time(3600)
    charged_kwh = float(world.state(world.battery_entity("sensor", 1, "energy_charged")))
    assert charged_kwh == pytest.approx(0.2, abs=0.02)
