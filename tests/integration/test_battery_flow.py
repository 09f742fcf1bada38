"""Adding a battery to a site, and changing one."""

from collections.abc import AsyncGenerator
from dataclasses import fields
import socket
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.flows import probe
from custom_components.home_energy_controller.flows.probe import InvalidAddress, format_address, parse_address
from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.profiles import firmware_text, model_name
from custom_components.home_energy_controller.site.config import BatteryConfig
from custom_components.home_energy_controller.site.search import scan_ports
from simulation.battery import BatteryModel
from simulation.devices import VENUS_E3_144, VENUS_E3_150
from simulation.faults import Fault
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite

from .flow_home import INTEGRATION, FlowHome, options_of, short_waits, suggested
from .world import site_entry

NO_LIMITS = {"max_charge_w": 2500, "max_discharge_w": 2500, "ceiling_pct": 100, "phase": "unknown"}


@pytest.fixture
async def home(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[FlowHome]:
    """Return a site with the first two of its three batteries, not loaded."""
    async with SimulatedSite(3) as site:
        entry = site_entry(site)
        entry.add_to_hass(hass)
        hass.config_entries.async_remove_subentry(entry, list(entry.subentries)[2])
        with short_waits(site), patch(f"{INTEGRATION}.async_setup_entry", return_value=True) as setup_entry:
            yield FlowHome(hass=hass, site=site, setup_entry=setup_entry, entry=entry)


def batteries(home: FlowHome) -> list[ConfigSubentry]:
    """Return the batteries of the site."""
    assert home.entry is not None
    return list(home.entry.get_subentries_of_type("battery"))


async def reconfigured(home: FlowHome, index: int, **changes: Any) -> Any:
    """Open the form of a battery, change fields, and send it."""
    assert home.entry is not None
    result = home.readable(
        await home.entry.start_subentry_reconfigure_flow(home.hass, batteries(home)[index].subentry_id)
    )
    return await home.submit(result, **(suggested(result) | changes))


async def test_name_of_another_battery_is_refused(home: FlowHome) -> None:
    """For a new battery and for a known one, which may keep the name that it has."""
    taken, other = (battery.title for battery in batteries(home))
    result = await reconfigured(home, 1, name=f" {taken} ")
    assert result["errors"] == {"name": "name_taken"}
    result = await home.submit(result, **(suggested(result) | {"name": other}))
    assert result["type"] == "abort", result["errors"]
    result = await home.menu(await home.start(), "address")
    result = await home.submit(result, host=home.hosts[2], port=home.port)
    result = await home.submit(result, **(suggested(result) | {"name": other}))
    assert result["errors"] == {"name": "name_taken"}


# Adding one.


async def test_battery_is_added_by_searching(home: FlowHome) -> None:
    """Only the new one is offered; names and circuits of the others are taken into account."""
    circuit = batteries(home)[0]
    data = {**circuit.data, "circuit": "Group 2"}
    assert home.entry is not None
    home.hass.config_entries.async_update_subentry(home.entry, circuit, title="Venus E", data=data)
    result = await home.menu(await home.start(), "scan")
    result = await home.after_progress(result)
    assert options_of(result, "found") == [f"{home.hosts[2]}:{home.port}"]
    assert suggested(result) == {"found": f"{home.hosts[2]}:{home.port}"}
    result = await home.submit(result, **suggested(result))
    assert result["last_step"]
    assert suggested(result)["name"] == "Venus E (2)"
    assert options_of(result, "circuit") == ["Group 2"]
    limits = NO_LIMITS | {"max_charge_w": 800, "phase": "l3"}
    told = {"name": "Shed", "power_class_w": "2500", "own_meter": "no", "circuit": "Shed", "limits": limits}
    result = await home.submit(result, **told)
    assert result["type"] == "create_entry"
    shed = batteries(home)[2]
    assert (shed.title, shed.unique_id) == ("Shed", home.site.batteries[2].mac)
    assert {key: shed.data[key] for key in limits} == limits
    assert (shed.data["circuit"], shed.data["own_meter"], shed.data["power_class_w"]) == ("Shed", "no", 2500)
    assert shed.data.keys() == {field.name for field in fields(BatteryConfig)}, "a limit that is not read is not kept"


async def test_limits_of_a_new_battery_that_make_no_sense_are_refused(home: FlowHome) -> None:
    """What was typed is kept, its section open; that it cannot lead is asked. A circuit of the site counts as well."""
    assert home.entry is not None
    circuits = {"circuits": [{"name": "Shed", "limit_a": 10}]}
    home.hass.config_entries.async_update_entry(home.entry, options=circuits)
    result = await home.menu(await home.start(), "address")
    result = await home.submit(result, host=home.hosts[2], port=home.port)
    told = suggested(result) | {"name": "Barn"}
    for changes, key in (
        ({"limits": NO_LIMITS | {"max_charge_w": 90}}, "limit_too_small"),
        ({"limits": NO_LIMITS | {"ceiling_pct": 12}}, "ceiling_below_reserve"),
    ):
        result = await home.submit(result, **(told | changes))
        assert result["errors"] == {"limits": key}
        assert suggested(result) == told | changes
        assert not result["data_schema"].schema["limits"].options["collapsed"]
    bound: list[dict[str, Any]] = [
        {"limits": NO_LIMITS | {"max_charge_w": 500}},
        {"limits": NO_LIMITS, "circuit": "Shed"},
    ]
    for limits in bound:
        result = await home.submit(result, **(told | limits))
        assert (result["step_id"], result["description_placeholders"]) == ("cannot_lead", {"name": "Barn"})
        result = await home.menu(result, "battery")
        assert not result["errors"]
        assert suggested(result) == told | limits
    result = await home.submit(result, **suggested(result))
    assert (await home.menu(result, "keep_limits"))["type"] == "create_entry"
    assert batteries(home)[2].data["circuit"] == "Shed"


async def test_battery_is_added_by_address_after_each_kind_of_trouble(home: FlowHome) -> None:
    """Every trouble keeps what was typed and is over once its cause is gone."""
    newcomer = home.site.batteries[2]
    result = await home.menu(await home.start(), "address")
    for host, fault, key in (
        ("my battery", None, "invalid_address"),
        (newcomer.host, Fault.DEAD, "battery_silent"),
        (newcomer.host, Fault.NOT_JSON, "battery_invalid_reply"),
        (home.hosts[0], None, "battery_already_configured"),
    ):
        newcomer.faults.clear()
        newcomer.faults.update({fault} if fault else ())
        result = await home.submit(result, host=host, port=home.port)
        assert result["errors"] == {"base": key}
        assert result["description_placeholders"] == {"host": host}
        assert suggested(result) == {"host": host, "port": home.port}
    newcomer.faults.clear()
    result = await home.submit(result, host=newcomer.host, port=home.port)
    result = await home.submit(result, **suggested(result))
    assert result["type"] == "create_entry"


async def test_name_that_does_not_resolve_is_told_apart_from_silence(home: FlowHome) -> None:
    """A typing error needs another remedy than a switch in the app."""
    result = await home.menu(await home.start(), "address")
    with patch("socket.getaddrinfo", side_effect=socket.gaierror("unknown")):
        result = await home.submit(result, host="venus.invalid", port=home.port)
    assert result["errors"] == {"base": "battery_unreachable"}


async def test_battery_without_identity_is_not_added(home: FlowHome) -> None:
    """Without a MAC nobody could tell later that it is still the same battery."""
    home.site.batteries[2].faults.update({Fault.MACS_MISSING, Fault.NO_SRC})
    result = await home.menu(await home.start(), "address")
    result = await home.submit(result, host=home.hosts[2], port=home.port)
    assert result["errors"] == {"base": "battery_invalid_reply"}


async def test_search_without_result_leads_to_typing_an_address(home: FlowHome) -> None:
    """A battery behind a router is found by its address only."""
    home.site.batteries[2].faults.add(Fault.DEAD)
    result = await home.after_progress(await home.menu(await home.start(), "scan"))
    assert result["menu_options"] == ["scan", "address"]
    result = await home.menu(result, "address")
    assert result["step_id"] == "address"


async def test_battery_that_another_flow_added_meanwhile_is_refused(home: FlowHome) -> None:
    """Two open dialogues may have found the same battery."""
    forms = []
    for _ in range(2):
        result = await home.menu(await home.start(), "address")
        forms.append(await home.submit(result, host=home.hosts[2], port=home.port))
    first = await home.submit(forms[0], **suggested(forms[0]))
    second = await home.submit(forms[1], **suggested(forms[1]) | {"name": "Another name"})
    assert first["type"] == "create_entry"
    assert (second["type"], second["reason"]) == ("abort", "already_configured")
    assert len(batteries(home)) == 3


# Changing one.


async def test_what_the_owner_told_can_be_changed_while_the_battery_is_silent(home: FlowHome) -> None:
    """Only a new address needs an answer."""
    home.site.batteries[0].faults.add(Fault.DEAD)
    before = dict(batteries(home)[0].data)
    result = await reconfigured(
        home, 0, name="Attic", power_class_w="800", own_meter="no", capacity_kwh=10.24, release="idle", circuit="Attic"
    )
    assert (result["type"], result["reason"]) == ("abort", "reconfigure_successful")
    changed = batteries(home)[0]
    assert changed.title == "Attic"
    assert changed.data == before | {
        "power_class_w": 800,
        "own_meter": "no",
        "capacity_wh": 10240,
        "release": "idle",
        "circuit": "Attic",
        **NO_LIMITS,
    }


async def test_form_shows_the_battery_as_it_is_configured(home: FlowHome) -> None:
    """Sending the form unchanged changes nothing; a power class out of the ordinary stays a choice."""
    assert home.entry is not None
    battery = batteries(home)[0]
    data = {**battery.data, "power_class_w": 1500}
    home.hass.config_entries.async_update_subentry(home.entry, battery, data=data)
    result = await home.entry.start_subentry_reconfigure_flow(home.hass, battery.subentry_id)
    assert options_of(result, "power_class_w") == ["600", "800", "1500", "2500"]
    assert options_of(result, "release") == ["default", "as_found", "automatic", "idle"]
    assert result["description_placeholders"] == {"model": "Venus E 3.0", "firmware": "150", "host": home.hosts[0]}
    result = await home.submit(result, **(suggested(result) | {"name": "  "}))
    assert result["reason"] == "reconfigure_successful"
    assert batteries(home)[0].data == data | NO_LIMITS | {"own_meter": "this"}, "yes is from when nobody asked which"
    assert batteries(home)[0].title == battery.title


async def test_new_address_is_taken_once_the_same_battery_answers_there(home: FlowHome) -> None:
    """The battery got another address or port, or new firmware."""
    assert home.entry is not None
    battery = batteries(home)[0]
    moved = {**battery.data, "host": "127.0.0.99", "firmware": 148}
    home.hass.config_entries.async_update_subentry(home.entry, battery, data=moved)
    result = await reconfigured(home, 0, host=home.hosts[0])
    assert result["reason"] == "reconfigure_successful"
    assert (batteries(home)[0].data["host"], batteries(home)[0].data["firmware"]) == (home.hosts[0], 150)


@pytest.mark.parametrize(
    ("host", "key"),
    [("127.0.0.3", "wrong_device"), ("127.0.0.99", "battery_silent"), ("no address", "invalid_address")],
)
async def test_new_address_of_another_battery_is_refused(home: FlowHome, host: str, key: str) -> None:
    """Commands for one battery must never reach another."""
    before = dict(batteries(home)[0].data)
    result = await reconfigured(home, 0, host=host, name="Typed")
    assert result["errors"] == {"base": key}
    assert result["description_placeholders"]["host"] == host
    assert suggested(result)["name"] == "Typed"
    assert batteries(home)[0].data == before
    result = await home.submit(result, **(suggested(result) | {"host": home.hosts[0]}))
    assert result["reason"] == "reconfigure_successful"


# Whose socket.


async def test_flow_of_a_loaded_site_uses_its_client(hass: HomeAssistant, socket_enabled: None) -> None:
    """The real integration runs; a second socket on the batteries' port would lose half of the answers."""
    async with SimulatedSite(3, manners=ON_ONE_HOST) as site:
        entry = site_entry(site)
        entry.add_to_hass(hass)
        hass.config_entries.async_remove_subentry(entry, list(entry.subentries)[2])
        with short_waits(site):
            await hass.config_entries.async_setup(entry.entry_id)
            assert entry.state is ConfigEntryState.LOADED
            sent = entry.runtime_data.client.statistics.sent
            home = FlowHome(hass=hass, site=site, setup_entry=None, entry=entry)  # type: ignore[arg-type] # the real one
            with patch.object(probe, "MarstekClient", side_effect=AssertionError("a second socket")):
                result = await home.menu(await home.start(), "address")
                result = await home.submit(result, host=home.hosts[2], port=home.port)
            assert entry.runtime_data.client.statistics.sent >= sent + 2
            result = await home.submit(result, **suggested(result))
            await hass.async_block_till_done()
        assert len(entry.runtime_data.batteries) == 3, "the update listener reloaded the site"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_flow_of_a_site_that_is_not_loaded_closes_its_own_client(home: FlowHome) -> None:
    """A borrowed minute, not a socket for ever."""
    with patch.object(MarstekClient, "close", autospec=True, side_effect=MarstekClient.close) as close:
        result = await home.menu(await home.start(), "address")
        await home.submit(result, host=home.hosts[2], port=home.port)
    assert close.call_count == 1


# Words and addresses.


async def test_search_covers_the_ports_of_known_batteries(hass: HomeAssistant) -> None:
    """Whoever moved one battery to another port has probably moved them all."""
    assert scan_ports(hass) == (30000,)
    data = {"port": 49200, "mac": "02a1b0000001"}
    MockConfigEntry(
        domain="home_energy_controller",
        data={},
        subentries_data=[{"subentry_type": "battery", "title": "A", "unique_id": "a", "data": data}],
    ).add_to_hass(hass)
    assert scan_ports(hass) == (30000, 49200)


@pytest.mark.parametrize(
    ("typed", "host", "port"),
    [
        ("192.168.1.20", "192.168.1.20", 30000),
        ("  192.168.1.20 ", "192.168.1.20", 30000),
        ("192.168.1.20:49200", "192.168.1.20", 49200),
        ("192.168.1.20:80", "192.168.1.20", 80),
        ("http://p1meter.local/api", "p1meter.local", 30000),
        ("[fe80::1]:7", "fe80::1", 7),
    ],
)
def test_address_is_understood_as_people_write_it(typed: str, host: str, port: int) -> None:
    """And is written back in a way that is understood again."""
    assert parse_address(typed, 30000) == (host, port)
    assert parse_address(format_address(host, port, 30000), 30000) == (host, port)


@pytest.mark.parametrize("typed", ["", " ", "http://", "a b", "host:0", "host:70000", "host:port", "[::1", ":80"])
def test_address_that_is_none_is_refused(typed: str) -> None:
    """It would otherwise end in a lookup of nonsense."""
    with pytest.raises(InvalidAddress):
        parse_address(typed, 30000)


@pytest.mark.parametrize(
    ("device", "model", "firmware", "version"),
    [
        ("VenusE 3.0", "Venus E 3.0", 150, "150"),
        ("VenusC", "Venus C", 1573, "157.3"),
        ("Venus A", "Venus A", 1476, "147.6"),
        (None, "Marstek", None, "?"),
    ],
)
def test_model_and_firmware_are_written_as_people_know_them(
    device: str | None, model: str, firmware: int | None, version: str
) -> None:
    """As on the box, and as in the app."""
    assert (model_name(device), firmware_text(firmware)) == (model, version)


async def test_a_battery_that_keeps_one_waiting_is_asked_under_words(home: FlowHome) -> None:
    """What takes longer than a moment says what it waits for; an old error is gone when the form comes back."""
    newcomer = home.site.batteries[2]
    newcomer.faults.add(Fault.DEAD)
    result = await home.menu(await home.start(), "address")
    flows = home.hass.config_entries.subentries
    with patch(f"{INTEGRATION}.flows.forms.SOON_S", 0.01):
        asked = await flows.async_configure(result["flow_id"], {"host": newcomer.host, "port": home.port})
        assert (asked["type"], asked["progress_action"]) == ("progress", "ask")
        result = await home.after_progress(home.readable(asked))
        assert result["errors"] == {"base": "battery_silent"}
        again = home.readable(await flows.async_configure(result["flow_id"]))
        assert not again["errors"]
        assert suggested(again)["host"] == newcomer.host
        newcomer.faults.clear()
        result = await home.submit(again, **suggested(again))
    assert result["step_id"] == "battery"


async def test_a_battery_with_risky_firmware_is_left_out(hass: HomeAssistant, socket_enabled: None) -> None:
    """The others are added; where none is left, that is said."""
    async with SimulatedSite([BatteryModel(VENUS_E3_144), BatteryModel(VENUS_E3_150, seed=2)]) as site:
        with short_waits(site), patch(f"{INTEGRATION}.async_setup_entry", return_value=True):
            home = FlowHome(hass=hass, site=site, setup_entry=AsyncMock())
            result = await home.menu(await home.batteries_chosen(0, 1), "leave_out")
            assert result["description_placeholders"]["firmware"] == "150"
            result = await home.menu(await home.batteries_chosen(0), "leave_out")
            assert (result["type"], result["reason"]) == ("abort", "left_out")
