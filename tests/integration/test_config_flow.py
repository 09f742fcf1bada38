"""Setting up a site with its batteries, and following batteries to new addresses."""

from dataclasses import replace
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_DHCP, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.marstek.errors import MarstekConnectionError
from simulation.battery import BatteryModel
from simulation.devices import (
    VENUS_A_147,
    VENUS_C_153,
    VENUS_D_147,
    VENUS_E3_144,
    VENUS_E3_150,
    VENUS_E_156,
    VENUS_MINI_300,
)
from simulation.faults import Fault
from simulation.site import SimulatedSite

from .flow_home import INTEGRATION, FlowHome, options_of, short_waits, suggested
from .world import site_entry

WATT = {"unit_of_measurement": "W", "device_class": "power"}
SENSOR = "sensor.grid_power"


def only_entry(hass: HomeAssistant) -> Any:
    """Return the one entry that there is."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


# A new site.


async def test_site_is_set_up_from_meter_to_batteries_by_searching(home: FlowHome) -> None:
    """The way that most people go: P1, a look at its reading, a search, a form per battery."""
    result = await home.start()
    assert result["type"] == "menu"
    assert result["menu_options"] == ["homewizard", "sensor"]
    result = await home.menu(result, "homewizard")
    assert result["step_id"] == "homewizard"
    result = await home.submit(result, host=home.p1)
    assert result["step_id"] == "confirm_import"
    assert result["description_placeholders"] == {"power": f"{home.site.house.meter.value_w:.0f}"} != {"power": "0"}

    result = await home.after_progress(await home.menu(result, "scan"))
    assert result["step_id"] == "choose"
    addresses = [f"{host}:{home.port}" for host in home.hosts]
    assert sorted(options_of(result, "found")) == addresses
    assert sorted(suggested(result)["found"]) == addresses, "all are chosen to begin with"
    result = await home.submit(result, found=addresses[:2])

    assert result["step_id"] == "battery"
    assert result["description_placeholders"] == {
        "model": "Venus E 3.0",
        "firmware": "150",
        "soc": f"{int(home.site.batteries[0].model.soc_pct)} %",
        "host": addresses[0],
        "number": "1",
        "count": "2",
    }
    assert not result["errors"]
    assert not result["last_step"]
    limits = {"max_charge_w": 2500, "max_discharge_w": 2500, "ceiling_pct": 100, "phase": "unknown"}
    told = {"name": "Venus E 3.0", "power_class_w": "800", "own_meter": "unsure", "limits": limits}
    assert suggested(result) == told
    assert options_of(result, "power_class_w") == ["600", "800", "2500"]
    result = await home.submit(
        result, name="Kitchen", power_class_w="2500", own_meter="this", circuit=" Group 4 ", limits={}
    )

    assert options_of(result, "circuit") == ["Group 4"], "circuits of the batteries before it"
    result = await home.submit(result, name=" ", power_class_w="800", own_meter="unsure", limits={})
    result = await home.finish(result)
    assert result["type"] == "create_entry"
    assert result["title"] == home.hass.config.location_name
    assert home.setup_entry.call_count == 1


async def test_what_owner_meter_and_battery_told_is_kept(home: FlowHome) -> None:
    """A name of nothing but blanks is none."""
    result = await home.batteries_chosen(0, 1)
    result = await home.submit(
        result, name="Kitchen", power_class_w="2500", own_meter="this", circuit=" Group 4 ", limits={}
    )
    await home.finish(await home.submit(result, name=" ", power_class_w="800", own_meter="unsure", limits={}))
    entry = only_entry(home.hass)
    assert entry.data == {
        "meter": {
            "type": "homewizard",
            "host": home.site.p1_host,
            "port": home.site.p1_port,
            "serial": "02a1b0ffffff",
        }
    }
    kitchen, other = entry.get_subentries_of_type("battery")
    assert (kitchen.title, other.title) == ("Kitchen", "Venus E 3.0")
    assert kitchen.unique_id == home.site.batteries[0].mac
    assert kitchen.data == {
        "host": home.hosts[0],
        "port": home.port,
        "mac": home.site.batteries[0].mac,
        "model": "VenusE 3.0",
        "firmware": 150,
        "power_class_w": 2500,
        "own_meter": "this",
        "circuit": "Group 4",
        "release": "default",
        "slots_cleared": False,
        "capacity_wh": 5120,
        "max_charge_w": 2500,
        "max_discharge_w": 2500,
        "ceiling_pct": 100,
        "phase": "unknown",
    }
    assert other.data["circuit"] == ""


async def test_address_alone_finds_batteries_on_their_own_ports(home: FlowHome) -> None:
    """Each line may carry a port; an address that was typed twice is named, not dropped."""
    result = await home.menu(await home.meter_confirmed(), "address")
    assert suggested(result) == {"host": [""], "port": 30000}
    typed = [f"{home.hosts[0]}:{home.port}", f" http://{home.hosts[2]}:{home.port}/ ", f"{home.hosts[0]}:{home.port}"]
    result = await home.submit(result, host=typed, port=30000)
    assert result["errors"] == {"base": "address_twice"}
    assert result["description_placeholders"] == {"host": typed[0]}
    result = await home.submit(result, host=["127.0.0.1:9", "127.0.0.1"], port=9)
    assert result["description_placeholders"] == {"host": "127.0.0.1"}, "the usual port is left out"
    result = await home.submit(result, host=typed[:2], port=30000)
    assert result["step_id"] == "battery"
    result = await home.submit(result, name="A", power_class_w="800", own_meter="no", limits={})
    assert result["description_placeholders"]["host"] == typed[1].strip().removeprefix("http://").removesuffix("/")
    result = await home.finish(await home.submit(result, name="B", power_class_w="800", own_meter="no", limits={}))
    assert result["type"] == "create_entry"
    macs = {battery.data["mac"] for battery in only_entry(home.hass).subentries.values()}
    assert macs == {home.site.batteries[0].mac, home.site.batteries[2].mac}


async def test_names_that_would_be_the_same_are_numbered(home: FlowHome) -> None:
    """Two equal models must not become two equal names."""
    result = await home.batteries_chosen(0, 1)
    result = await home.submit(result, **suggested(result))
    assert suggested(result)["name"] == "Venus E 3.0 (2)"
    result = await home.submit(result, **(suggested(result) | {"name": " Venus E 3.0 "}))
    assert result["errors"] == {"name": "name_taken"}
    result = await home.submit(result, **(suggested(result) | {"name": "Garage"}))
    assert (await home.finish(result))["type"] == "create_entry"


async def test_search_without_result_can_be_repeated_or_left(home: FlowHome) -> None:
    """Nobody is stuck when the API is still switched off in the app."""
    for battery in home.site.batteries:
        battery.faults.add(Fault.DEAD)
    result = await home.after_progress(await home.menu(await home.meter_confirmed(), "scan"))
    assert result["step_id"] == "nothing_found"
    home.site.batteries[1].faults.clear()
    result = await home.after_progress(await home.menu(result, "scan"))
    assert options_of(result, "found") == [f"{home.hosts[1]}:{home.port}"]


async def test_search_that_cannot_send_finds_nothing(home: FlowHome) -> None:
    """A network that is down must not end the flow."""
    result = await home.meter_confirmed()
    with patch(f"{INTEGRATION}.site.search.discover", side_effect=MarstekConnectionError("no network")):
        result = await home.after_progress(await home.menu(result, "scan"))
    assert result["step_id"] == "nothing_found"


async def test_search_that_is_closed_leaves_no_socket(home: FlowHome) -> None:
    """Whoever closes the dialogue while it searches leaves nothing behind."""
    result = await home.menu(await home.meter_confirmed(), "scan")
    home.hass.config_entries.flow.async_abort(result["flow_id"])
    await home.hass.async_block_till_done()


async def test_batteries_of_another_site_are_neither_found_nor_accepted(home: FlowHome) -> None:
    """A battery with two masters would be pulled to and fro."""
    other = site_entry(home.site)
    other.add_to_hass(home.hass)
    home.hass.config_entries.async_update_entry(other, data={"meter": {"type": "sensor", "entity_id": SENSOR}})
    home.hass.config_entries.async_remove_subentry(other, list(other.subentries)[2])
    result = await home.meter_confirmed()
    searched = await home.after_progress(await home.menu(result, "scan"))
    assert options_of(searched, "found") == [f"{home.hosts[2]}:{home.port}"]

    result = await home.menu(await home.meter_confirmed(), "address")
    result = await home.submit(result, host=home.hosts, port=home.port)
    assert result["errors"] == {"base": "battery_already_configured"}
    assert result["description_placeholders"] == {"host": ", ".join(home.hosts[:2])}
    assert suggested(result) == {"host": home.hosts, "port": home.port}


async def test_every_chosen_battery_must_answer_and_choosing_none_is_no_choice(home: FlowHome) -> None:
    """A site starts with what works, and says which address does not."""
    result = await home.menu(await home.meter_confirmed(), "address")
    result = await home.submit(result, host=[], port=home.port)
    assert result["errors"] == {"base": "no_battery_chosen"}
    result = await home.submit(result, host=[home.hosts[0], "not an address"], port=home.port)
    assert result["errors"] == {"base": "invalid_address"}
    assert result["description_placeholders"] == {"host": "not an address"}
    home.site.batteries[1].faults.add(Fault.DEAD)
    result = await home.submit(result, host=home.hosts[:2], port=home.port)
    assert result["errors"] == {"base": "battery_silent"}
    assert result["description_placeholders"] == {"host": home.hosts[1]}
    home.site.batteries[1].faults.clear()
    result = await home.submit(result, host=home.hosts[:2], port=home.port)
    assert result["step_id"] == "battery"


async def test_silence_is_explained_where_another_program_holds_the_port(home: FlowHome) -> None:
    """Some firmware answers to its own port only, and ours is another one now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_program:
        other_program.bind(("127.0.0.1", home.port))
        home.site.batteries[0].faults.add(Fault.DEAD)
        result = await home.menu(await home.meter_confirmed(), "address")
        result = await home.submit(result, host=home.hosts[:1], port=home.port)
        assert result["errors"] == {"base": "port_taken"}
        home.site.batteries[0].faults.clear()
        result = await home.submit(result, host=home.hosts[:1], port=home.port)
        assert result["step_id"] == "battery", "most firmware does not mind"


async def test_battery_that_does_not_tell_its_charge_is_added_all_the_same(home: FlowHome) -> None:
    """The state of charge is for the eye; the identity is what counts."""
    home.site.batteries[0].faults.add(Fault.NAN)
    result = await home.batteries_chosen(0)
    assert result["step_id"] == "battery"
    assert result["description_placeholders"]["soc"] == "?"


async def test_meter_or_battery_that_another_flow_took_meanwhile_is_refused_at_the_end(home: FlowHome) -> None:
    """Two flows side by side may have chosen the same meter, or the same battery for another meter."""
    home.hass.states.async_set(SENSOR, "312", WATT)
    first, same_meter = await home.batteries_chosen(0), await home.batteries_chosen(1)
    other_meter = await home.submit(await home.menu(await home.start(), "sensor"), entity_id=SENSOR, invert=False)
    same_battery = await home.submit(await home.menu(other_meter, "address"), host=[home.hosts[0]], port=home.port)
    late = await home.submit(same_meter, **suggested(same_meter))
    assert (await home.finish(await home.submit(first, **suggested(first))))["type"] == "create_entry"
    assert (await home.finish(late))["reason"] == "already_configured"
    assert (await home.submit(same_battery, **suggested(same_battery)))["reason"] == "already_configured"
    assert len(home.hass.config_entries.async_entries(DOMAIN)) == 1


@pytest.mark.parametrize(
    ("device", "is_asked", "firmware", "choices", "capacity_wh"),
    [
        (VENUS_E3_150, False, "150", ["600", "800", "2500"], 5120),
        (VENUS_E3_144, True, "144", ["600", "800", "2500"], 5120),
        (VENUS_A_147, True, "147", ["600", "800", "1200"], 2120),
        (VENUS_MINI_300, False, "300", ["600", "800"], 5120),
        (VENUS_C_153, True, "153", ["600", "800", "2500"], 2560),
        (replace(VENUS_E_156, name="VenusC", capacity_wh=2560.0), False, "156", ["600", "800", "2500"], 2560),
        (replace(VENUS_E_156, name="VenusC"), False, "156", ["600", "800", "2500"], 5120),
        (replace(VENUS_E_156, capacity_wh=2560.0), False, "156", ["600", "800", "2500"], 2560),
        (replace(VENUS_D_147, firmware=150, capacity_wh=7680.0), False, "150", ["600", "800", "2200", "2500"], 7680),
    ],
    ids=lambda value: getattr(value, "name", None),
)
async def test_form_knows_the_model_and_warns_of_its_firmware(
    hass: HomeAssistant,
    socket_enabled: None,
    *,
    device: Any,
    is_asked: bool,
    firmware: str,
    choices: list[str],
    capacity_wh: int,
) -> None:
    """In a step of its own that one may go on from. What it holds it tells itself, where it may be asked."""
    async with SimulatedSite([BatteryModel(device)]) as site:
        with short_waits(site), patch(f"{INTEGRATION}.async_setup_entry", return_value=True) as setup_entry:
            home = FlowHome(hass=hass, site=site, setup_entry=setup_entry)
            result = await home.batteries_chosen(0)
            assert (result["step_id"] == "firmware_resets") is is_asked
            assert result["description_placeholders"]["firmware"] == firmware
            result = await home.menu(result, "accept_firmware") if is_asked else result
            assert not result["errors"]
            assert options_of(result, "power_class_w") == choices
            result = await home.finish(await home.submit(result, **suggested(result)))
            assert result["type"] == "create_entry"
    (battery,) = only_entry(hass).subentries.values()
    assert battery.data["capacity_wh"] == capacity_wh


# A battery gets another address.


async def dhcp(home: FlowHome, ip: str, mac: str) -> Any:
    """Let Home Assistant see a device ask for an address."""
    seen = DhcpServiceInfo(ip=ip, hostname="marstek", macaddress=mac)
    return home.readable(
        await home.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_DHCP}, data=seen)
    )


@pytest.mark.parametrize("own", [True, False])
async def test_battery_is_followed_to_its_new_address(home: FlowHome, entry: MockConfigEntry, own: bool) -> None:
    """By its own MAC, and never by that of its access point, which earlier releases kept for it."""
    battery = next(iter(entry.subentries.values()))
    data = {**battery.data, "host": "127.0.0.99", "wifi_mac": "f09fc2aabb01"}
    home.hass.config_entries.async_update_subentry(entry, battery, data=data)
    result = await dhcp(home, home.hosts[0], battery.data["mac"] if own else "f09fc2aabb01")
    assert result["reason"] == ("already_configured" if own else "not_ours")
    assert entry.subentries[battery.subentry_id].data == {**data, "host": home.hosts[0] if own else "127.0.0.99"}


async def test_address_is_not_changed_on_hearsay(home: FlowHome, entry: MockConfigEntry) -> None:
    """Only the battery itself can tell that it moved."""
    battery, second, _ = entry.subentries.values()
    before = dict(battery.data)
    home.site.batteries[0].faults.add(Fault.DEAD)
    assert (await dhcp(home, before["host"], before["mac"]))["reason"] == "already_configured", "nothing to ask"
    assert (await dhcp(home, second.data["host"], before["mac"]))["reason"] == "wrong_device"
    result = await dhcp(home, "127.0.0.99", before["mac"])
    assert result["reason"] == "battery_silent"
    assert result["description_placeholders"] == {"host": "127.0.0.99"}
    assert (await dhcp(home, "127.0.0.99", "001122334455"))["reason"] == "not_ours"
    assert entry.subentries[battery.subentry_id].data == before


async def test_real_site_is_set_up_from_the_flow(hass: HomeAssistant, socket_enabled: None) -> None:
    """Flow, entry, first cycle, entities: nothing is replaced but waiting times."""
    async with SimulatedSite(2) as site:
        site.advance(5)
        with short_waits(site):
            home = FlowHome(hass=hass, site=site, setup_entry=None)  # type: ignore[arg-type] # the real one
            result = await home.batteries_chosen(0, 1)
            result = await home.submit(result, **suggested(result))
            await home.finish(await home.submit(result, **suggested(result)))
            await hass.async_block_till_done()
        entry = only_entry(hass)
        assert entry.state is ConfigEntryState.LOADED
        assert set(entry.runtime_data.batteries) == {battery.mac for battery in site.batteries}
        await hass.config_entries.async_unload(entry.entry_id)
