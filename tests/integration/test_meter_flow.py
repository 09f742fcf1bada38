"""Telling a site what measures its grid connection: a HomeWizard meter or a sensor, once or anew."""

from datetime import timedelta
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from simulation.faults import Fault

from .flow_home import FlowHome, suggested

WATT = {"unit_of_measurement": "W", "device_class": "power"}
SENSOR = "sensor.grid_power"


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Fault.P1_API_OFF, "meter_api_disabled"),
        (Fault.P1_NOT_FOUND, "meter_not_found"),
        (Fault.P1_SERVER_ERROR, "meter_invalid_reply"),
        (Fault.P1_HTML, "meter_invalid_reply"),
        (Fault.P1_NULL, "meter_invalid_reply"),
    ],
)
async def test_meter_that_fails_is_explained_and_can_be_tried_again(home: FlowHome, fault: Fault, key: str) -> None:
    """Every trouble has a text of its own, keeps what was typed, and is over once the cause is gone."""
    home.site.p1.faults.add(fault)
    result = await home.menu(await home.start(), "homewizard")
    result = await home.submit(result, host=home.p1)
    assert result["errors"] == {"host": key}
    assert suggested(result) == {"host": home.p1}
    home.site.p1.faults.clear()
    result = await home.submit(result, host=home.p1)
    assert result["step_id"] == "confirm_import"


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("127.0.0.1:1", "meter_unreachable"),
        ("", "invalid_address"),
        ("192.168.1.5:99999", "invalid_address"),
        ("my meter", "invalid_address"),
    ],
)
async def test_address_that_leads_nowhere_is_refused(home: FlowHome, host: str, key: str) -> None:
    """An address that is none is told apart from one where nobody answers."""
    result = await home.menu(await home.start(), "homewizard")
    result = await home.submit(result, host=host)
    assert result["errors"] == {"host": key}


async def test_energy_socket_is_no_grid_meter(home: FlowHome) -> None:
    """It answers with a power too, of a washing machine."""
    product = {"product_type": "HWE-SKT", "product_name": "Energy Socket", "serial": "02a1b0ffffff"}
    result = await home.menu(await home.start(), "homewizard")
    with patch.object(home.site.p1, "_product", return_value=product):
        result = await home.submit(result, host=home.p1)
    assert result["errors"] == {"host": "not_a_grid_meter"}
    assert result["description_placeholders"] == {"product": "Energy Socket"}


async def test_address_of_the_homewizard_integration_is_suggested(home: FlowHome) -> None:
    """Whoever has the P1 in Home Assistant already need not look its address up."""
    MockConfigEntry(domain="homewizard", data={"ip_address": "192.168.1.7"}).add_to_hass(home.hass)
    result = await home.menu(await home.start(), "homewizard")
    assert suggested(result) == {"host": "192.168.1.7"}


async def test_export_is_shown_as_export_and_another_meter_can_be_chosen(home: FlowHome) -> None:
    """The menu leads back to the first step, which remembers what was typed."""
    home.hass.states.async_set(SENSOR, "-1.234", {"unit_of_measurement": "kW"})
    result = await home.menu(await home.start(), "sensor")
    result = await home.submit(result, entity_id=SENSOR, invert=False)
    assert result["step_id"] == "confirm_export"
    assert result["description_placeholders"] == {"power": "1234"}
    result = await home.menu(await home.menu(result, "user"), "sensor")
    assert suggested(result) == {"entity_id": SENSOR, "invert": False}
    result = await home.submit(result, entity_id=SENSOR, invert=True)
    assert result["step_id"] == "confirm_import"
    result = await home.menu(await home.menu(result, "user"), "homewizard")
    assert suggested(result) == {}


async def test_sensor_is_stored_by_the_id_that_survives_renaming(home: FlowHome) -> None:
    """An entity id is the user's to change."""
    registry = er.async_get(home.hass)
    sensor = registry.async_get_or_create("sensor", "homewizard", "p1", suggested_object_id="grid_power")
    home.hass.states.async_set(SENSOR, "312", WATT)
    result = await home.submit(await home.menu(await home.start(), "sensor"), entity_id=SENSOR, invert=False)
    result = await home.submit(await home.menu(result, "address"), host=[home.hosts[0]], port=home.port)
    result = await home.finish(await home.submit(result, **suggested(result)))
    assert result["data"] == {"meter": {"type": "sensor", "entity_id": sensor.id, "invert": False}}


@pytest.mark.parametrize(
    ("state", "unit", "age_s", "key"),
    [
        (None, "W", 0, "sensor_missing"),
        ("unavailable", "W", 0, "sensor_stale"),
        ("312", "W", 3601, "sensor_stale"),
        ("312", "kWh", 0, "sensor_not_power"),
    ],
)
async def test_sensor_that_cannot_be_used_is_explained(
    home: FlowHome, freezer: FrozenDateTimeFactory, *, state: str | None, unit: str, age_s: int, key: str
) -> None:
    """A sensor is read before it is believed."""
    if state is not None:
        home.hass.states.async_set(SENSOR, state, {"unit_of_measurement": unit})
    freezer.tick(timedelta(seconds=age_s))
    result = await home.submit(await home.menu(await home.start(), "sensor"), entity_id=SENSOR, invert=True)
    assert result["errors"] == {"entity_id": key}
    assert suggested(result) == {"entity_id": SENSOR, "invert": True}
    home.hass.states.async_set(SENSOR, "-100", WATT)
    result = await home.submit(result, entity_id=SENSOR, invert=True)
    assert result["step_id"] == "confirm_import"


async def test_sensor_that_shows_one_direction_is_named_with_its_other_half(home: FlowHome) -> None:
    """Its owner may know better, and says so in a step of its own. What shows export shows both."""
    home.hass.states.async_set("sensor.power_consumption", "312", WATT)
    home.hass.states.async_set("sensor.power_production", "0", WATT)
    result = await home.menu(await home.start(), "sensor")
    result = await home.submit(result, entity_id="sensor.power_consumption", invert=False)
    assert (result["step_id"], result["description_placeholders"]) == (
        "one_direction",
        {"twin": "sensor.power_production"},
    )
    result = await home.menu(result, "sensor")
    assert suggested(result) == {"entity_id": "sensor.power_consumption", "invert": False}, "nothing typed is lost"
    result = await home.submit(result, entity_id="sensor.power_production", invert=True)
    result = await home.menu(result, "sensor")
    result = await home.submit(result, **suggested(result))
    assert result["step_id"] == "one_direction", "sent again, it asks again"
    result = await home.menu(result, "use_sensor")
    assert result["step_id"] == "confirm_import"
    home.hass.states.async_set("sensor.power_consumption", "-312", WATT)
    result = await home.menu(await home.menu(result, "user"), "sensor")
    result = await home.submit(result, entity_id="sensor.power_consumption", invert=False)
    assert result["step_id"] == "confirm_export"


async def test_own_sensors_are_not_offered_as_meter(home: FlowHome) -> None:
    """A site that follows its own grid sensor follows itself."""
    er.async_get(home.hass).async_get_or_create("sensor", DOMAIN, "x", suggested_object_id="home_grid_power")
    result = await home.menu(await home.start(), "sensor")
    config = result["data_schema"].schema["entity_id"].config
    assert config["exclude_entities"] == ["sensor.home_grid_power"]


@pytest.mark.parametrize("kind", ["homewizard", "sensor"])
async def test_meter_of_another_site_is_refused_at_once(home: FlowHome, kind: str) -> None:
    """Two controllers on one meter would fight; a renamed sensor is recognised."""
    registry = er.async_get(home.hass)
    sensor = registry.async_get_or_create("sensor", "homewizard", "p1", suggested_object_id="grid_power")
    home.hass.states.async_set(SENSOR, "312", WATT)
    meters = {
        "homewizard": {"type": "homewizard", "host": "192.168.1.9", "port": 80, "serial": "02a1b0ffffff"},
        "sensor": {"type": "sensor", "entity_id": sensor.id, "invert": True},
    }
    MockConfigEntry(domain=DOMAIN, data={"meter": meters[kind]}).add_to_hass(home.hass)
    result = await home.menu(await home.start(), kind)
    typed = {"host": home.p1} if kind == "homewizard" else {"entity_id": SENSOR, "invert": False}
    result = await home.submit(result, **typed)
    assert (result["type"], result["reason"]) == ("abort", "already_configured")


# Another meter for a site.


async def test_site_gets_another_meter(home: FlowHome, entry: MockConfigEntry) -> None:
    """From the P1 to a sensor and back; the meter at hand is suggested each time."""
    home.hass.states.async_set(SENSOR, "-312", WATT)
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "sensor")
    assert suggested(result) == {"invert": False}
    result = await home.submit(result, entity_id=SENSOR, invert=True)
    assert result["menu_options"] == ["save", "reconfigure"]
    result = await home.menu(result, "save")
    assert (result["type"], result["reason"]) == ("abort", "reconfigure_successful")
    assert entry.data == {"meter": {"type": "sensor", "entity_id": SENSOR, "invert": True}}

    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "sensor")
    assert suggested(result) == {"entity_id": SENSOR, "invert": True}
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    result = await home.menu(await home.submit(result, host=home.p1), "reconfigure")
    result = await home.menu(result, "homewizard")
    assert suggested(result) == {"host": home.p1}
    await home.menu(await home.submit(result, host=home.p1), "save")
    assert entry.data["meter"]["serial"] == "02a1b0ffffff"
    assert len(entry.subentries) == 3


async def test_own_meter_may_be_chosen_again_but_not_that_of_another_site(
    home: FlowHome, entry: MockConfigEntry
) -> None:
    """A new address of the same meter is the usual reason to be here."""
    other = {"type": "homewizard", "host": "192.168.1.9", "port": 80, "serial": "02a1b0ffffff"}
    own = {**entry.data["meter"], "serial": "02a1b0ffffff"}
    home.hass.config_entries.async_update_entry(entry, data={"meter": own})
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    assert suggested(result) == {"host": home.p1}
    assert (await home.submit(result, host=home.p1))["step_id"] == "confirm_import"
    MockConfigEntry(domain=DOMAIN, data={"meter": other}).add_to_hass(home.hass)
    result = await home.menu(home.readable(await entry.start_reconfigure_flow(home.hass)), "homewizard")
    assert (await home.submit(result, host=home.p1))["reason"] == "already_configured"
