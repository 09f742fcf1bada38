"""Telling about the charger of the car."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import InvalidData
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN

from .flow_home import TEXTS, assert_translated, suggested

PLUG, POWER, OUTPUT, SWITCH = "binary_sensor.plug", "sensor.charging", "number.current", "switch.charging"
RULE: dict[str, Any] = {
    "phases": 1,
    "voltage_v": 230,
    "most_a": 16,
    "surplus_pct": 85,
    "low_tariff_w": 1400,
    "batteries_may_feed": False,
}
GIVEN: dict[str, Any] = {"name": "Car", "connected": PLUG, **RULE}


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return a site that is not set up, in a home with a charger's entities."""
    entry = MockConfigEntry(domain=DOMAIN, data={"meter": {}})
    entry.add_to_hass(hass)
    hass.states.async_set(PLUG, "on")
    hass.states.async_set(POWER, "0", {"unit_of_measurement": "kW", "device_class": "power"})
    hass.states.async_set(OUTPUT, "0", {"unit_of_measurement": "A", "min": 0})
    return entry


async def start(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Open the flow."""
    flows = hass.config_entries.subentries
    return shown(await flows.async_init((entry.entry_id, "ev_charger"), context={"source": SOURCE_USER}))


async def submit(hass: HomeAssistant, result: Any, **given: Any) -> Any:
    """Send the form."""
    return shown(await hass.config_entries.subentries.async_configure(result["flow_id"], given))


def shown(result: Any) -> Any:
    """Return a result once it is sure that there is a text for all that it shows."""
    assert_translated(result, TEXTS["config_subentries"]["ev_charger"])
    return result


async def test_little_has_to_be_told(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The rule of the first script is there already."""
    result = await start(hass, entry)
    assert suggested(result) == {"name": "EV charger", **RULE}
    assert result["description_placeholders"] == {"least": "1380"}
    result = await submit(hass, result, **GIVEN | {"name": " "})
    assert (result["type"], result["title"]) == ("create_entry", "EV charger")
    assert result["data"] == {"connected": PLUG, **RULE}


async def test_a_second_charger_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """One car at a time is what the rule knows."""
    await submit(hass, await start(hass, entry), **GIVEN)
    result = await start(hass, entry)
    assert (result["type"], result["reason"]) == ("abort", "already_configured")


@pytest.mark.parametrize(
    ("states", "given", "errors"),
    [
        ({POWER: {"unit_of_measurement": "kWh"}}, {"power": POWER}, {"power": "sensor_not_power"}),
        ({OUTPUT: {"unit_of_measurement": "%"}}, {"output": OUTPUT}, {"output": "output_without_unit"}),
        ({OUTPUT: {"unit_of_measurement": "A", "min": 6}}, {"output": OUTPUT}, {"output": "output_cannot_stop"}),
        ({}, {"low_tariff_w": 1000}, {"low_tariff_w": "low_tariff_too_small"}),
        ({}, {"phases": 3}, {"low_tariff_w": "low_tariff_too_small"}),
    ],
)
async def test_nonsense_is_refused_and_can_be_put_right(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    states: dict[str, dict[str, Any]],
    given: dict[str, Any],
    errors: dict[str, str],
) -> None:
    """With a sentence at the field that it is about."""
    for entity_id, attributes in states.items():
        hass.states.async_set(entity_id, "0", attributes)
    result = await submit(hass, await start(hass, entry), **GIVEN | given)
    assert result["errors"] == errors
    assert suggested(result) == GIVEN | given
    hass.states.async_set(POWER, "0", {"unit_of_measurement": "W"})
    hass.states.async_set(OUTPUT, "0", {"unit_of_measurement": "W"})
    result = await submit(hass, result, **GIVEN | given | {"low_tariff_w": 0})
    assert result["type"] == "create_entry"


async def test_a_number_from_six_amperes_is_taken_with_a_switch(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """That stops the car; a switch alone sets nothing."""
    hass.states.async_set(OUTPUT, "6", {"unit_of_measurement": "A", "min": 6})
    hass.states.async_set(SWITCH, "off")
    result = await submit(hass, await start(hass, entry), **GIVEN, switch=SWITCH)
    assert result["errors"] == {"switch": "switch_without_output"}
    result = await submit(hass, result, **GIVEN, output=OUTPUT)
    assert result["errors"] == {"output": "output_cannot_stop"}
    result = await submit(hass, result, **GIVEN, output=OUTPUT, switch=SWITCH)
    assert result["type"] == "create_entry"
    assert result["data"] == {"connected": PLUG, "output": OUTPUT, "switch": SWITCH, **RULE}


async def test_all_can_be_changed_and_entities_may_be_renamed(
    hass: HomeAssistant, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """Entities of the registry are kept by what outlives a new name."""
    hass.states.async_remove(OUTPUT)
    registered = entity_registry.async_get_or_create("number", "go", "current", suggested_object_id="current")
    await submit(hass, await start(hass, entry), **GIVEN | {"output": OUTPUT, "power": POWER})
    (subentry,) = entry.get_subentries_of_type("ev_charger")
    assert subentry.data["output"] == registered.id
    entity_registry.async_update_entity(OUTPUT, new_entity_id="number.renamed")

    result = shown(await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id))
    assert suggested(result) == GIVEN | {"output": "number.renamed", "power": POWER}
    result = await submit(hass, result, **GIVEN | {"low_tariff_w": 5})
    assert result["errors"] == {"low_tariff_w": "low_tariff_too_small"}
    result = await submit(hass, result, **GIVEN | {"name": "", "phases": 3, "low_tariff_w": 5000.0})
    assert result["reason"] == "reconfigure_successful"
    (subentry,) = entry.get_subentries_of_type("ev_charger")
    assert subentry.title == "Car"
    assert subentry.data == {"connected": PLUG, **RULE, "phases": 3, "low_tariff_w": 5000}


async def test_a_charger_that_is_removed_under_its_open_form_ends_the_form_with_words(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """And so does its site."""
    await submit(hass, await start(hass, entry), **GIVEN)
    (charger,) = entry.subentries.values()
    result = await entry.start_subentry_reconfigure_flow(hass, charger.subentry_id)
    hass.config_entries.async_remove_subentry(entry, charger.subentry_id)
    result = await submit(hass, result, **GIVEN)
    assert (result["type"], result["reason"]) == ("abort", "removed")
    result = await start(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    result = await submit(hass, result, **GIVEN)
    assert (result["type"], result["reason"]) == ("abort", "removed")


@pytest.mark.parametrize("field", ["phases", "voltage_v", "most_a", "surplus_pct", "low_tariff_w"])
async def test_what_is_no_number_is_refused_for_a_charger(
    hass: HomeAssistant, entry: MockConfigEntry, field: str
) -> None:
    """The form stays open."""
    result = await start(hass, entry)
    with pytest.raises(InvalidData):
        await submit(hass, result, **GIVEN | {field: "nan"})
    assert (await submit(hass, result, **GIVEN))["type"] == "create_entry"
