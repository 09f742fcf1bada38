"""Where the market's prices come from, and what comes of a contract."""

from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockModule, mock_integration

from custom_components.home_energy_controller.flows import prices as flow_prices
from custom_components.home_energy_controller.planning.presets import Preset
from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.site.contract import PricesConfig

from .flow_home import options_of, suggested
from .prices_walk import COLOUR, NOON, PRICE, Walk


@pytest.mark.parametrize(
    ("given", "unit", "error"),
    [
        ({}, "EUR/kWh", "source_missing"),
        ({"source": "entity"}, "EUR/kWh", "source_missing"),
        ({"price_entity": PRICE}, "EUR/kWh", "source_missing"),
        ({"source": "entity", "price_entity": "sensor.none"}, "EUR/kWh", "entity_unknown"),
        ({"source": "entity", "price_entity": PRICE}, "EUR", "price_without_unit"),
        ({"source": "entity", "price_entity": PRICE}, "EUR/Wh", "price_sensor_in_cents"),
    ],
)
async def test_market_without_a_source_is_refused_with_words(
    hass: HomeAssistant, walk: Walk, given: dict[str, Any], unit: str, error: str
) -> None:
    """The numbers before are not lost, and what was chosen stays in the form."""
    hass.states.async_set(PRICE, "0.1", {"unit_of_measurement": unit})
    await walk.details("nl_dynamic")
    await walk.edit(buy_fee_per_kwh=0.03)
    await walk.send(**given)
    assert walk.error == error
    assert suggested(walk.result) == given
    hass.states.async_set(PRICE, "0.1", {"unit_of_measurement": "EUR/kWh"})
    await walk.send(source="entity", price_entity=PRICE)
    assert (await walk.keep()).contract.buy.fee_per_kwh == 0.03


async def test_fixed_contract_made_to_follow_the_market_asks_for_a_source(walk: Walk) -> None:
    """And forgets it when it follows no more."""
    await walk.details("fixed")
    await walk.edit(sell_spot_pct=100)
    assert walk.step == "price_source"
    await walk.send(source="entity", price_entity=PRICE)
    await walk.choose("price_details")
    await walk.edit(sell_spot_pct=0)
    assert (await walk.keep()).source == ""


async def test_integrations_of_prices_are_offered_while_they_run(
    hass: HomeAssistant, walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of their entries, and what it tells is what the preview shows."""
    mock_integration(hass, MockModule("nordpool", async_unload_entry=AsyncMock(return_value=True)))
    for title, state in (("Nord Pool", ConfigEntryState.LOADED), ("Old", ConfigEntryState.NOT_LOADED)):
        other = MockConfigEntry(domain="nordpool", title=title, entry_id=title.lower().replace(" ", ""), state=state)
        other.add_to_hass(hass)

    async def spot(_hass: HomeAssistant, config: PricesConfig) -> dict[int, float]:
        assert config.source == "nordpool:nordpool"
        return {slot_of(NOON) + slot: 0.2 if slot == 20 else 0.1 - slot / 1000 for slot in range(40)}

    monkeypatch.setattr(flow_prices, "async_spot", spot)
    await walk.details("nl_dynamic")
    await walk.edit()
    assert options_of(walk.result, "source") == ["nordpool:nordpool", "entity"]
    await walk.send(source="nordpool:nordpool")
    assert walk.step == "price_preview"
    assert walk.told == {
        "buy": "25.6 ct",
        "sell": "10.0 ct",
        "cheap_when": "Monday 21:45",
        "cheap_buy": "20.9 ct",
        "cheap_sell": "6.1 ct",
        "dear_when": "Monday 17:00",
        "dear_buy": "37.7 ct",
        "dear_sell": "20.0 ct",
    }
    assert (await walk.keep()).source == "nordpool:nordpool"
    await walk.details("nl_dynamic")
    await walk.edit()
    assert suggested(walk.result) == {"source": "nordpool:nordpool"}


@pytest.mark.parametrize(("language", "shown"), [("en", "24.1 ct"), ("nl", "24,1 ct"), ("de", "24,1 ct")])
async def test_preview_speaks_as_the_home_does(hass: HomeAssistant, walk: Walk, language: str, shown: str) -> None:
    """In hundredths, with the comma of the language."""
    hass.config.language = language
    await walk.details("fixed")
    await walk.edit(buy_tax_per_kwh=0.241)
    assert (walk.step, walk.told["buy"]) == ("price_same", shown)


async def test_preview_names_weekdays_in_the_language_of_the_home(hass: HomeAssistant, walk: Walk) -> None:
    """Dearest now, cheapest at night."""
    hass.config.language = "nl"
    await walk.details("day_night")
    await walk.edit()
    assert (walk.step, walk.told["dear_when"], walk.told["cheap_when"]) == (
        "price_preview",
        "Maandag 12:00",
        "Maandag 22:00",
    )


async def test_price_that_cannot_be_read_now_is_said_and_may_be_kept(hass: HomeAssistant, walk: Walk) -> None:
    """A sensor is often unavailable just after a start; one that tells this hour only is shown as that."""
    hass.states.async_set(PRICE, "unavailable", {"unit_of_measurement": "EUR/kWh"})
    await walk.details("own")
    await walk.edit(fallback_per_kwh=0.28)
    await walk.send(source="entity", price_entity=PRICE)
    assert (walk.step, walk.told) == ("price_unread", {"fallback": "28.0 ct"})
    hass.states.async_set(PRICE, "0.26", {"unit_of_measurement": "EUR/kWh"})
    await walk.choose("price_details")
    await walk.edit()
    await walk.send(source="entity", price_entity=PRICE)
    assert (walk.step, walk.told) == ("price_now", {"buy": "26.0 ct", "sell": "8.0 ct"})
    await walk.keep()


async def test_another_contract_may_be_chosen_after_the_preview(walk: Walk) -> None:
    """Its numbers are filled in; what the plan may do stays as it was chosen."""
    await walk.details("fixed")
    await walk.edit(buy_tax_per_kwh=0.4, may_charge_from_grid=True)
    await walk.choose("prices")
    assert suggested(walk.result) == {"preset": "fixed"}
    await walk.send(preset="fixed")
    assert suggested(walk.result)["buy"]["buy_tax_per_kwh"] == 0.4, "what was typed"
    await walk.edit()
    await walk.choose("prices")
    await walk.send(preset="nl_fixed")
    assert suggested(walk.result)["buy"]["buy_tax_per_kwh"] == 0.27
    await walk.edit()
    config = await walk.keep()
    assert (config.preset, config.may_charge_from_grid) == (Preset.NL_FIXED, True)


async def test_day_and_night_begin_with_the_hours_of_the_car(hass: HomeAssistant, walk: Walk) -> None:
    """They are most often the same."""
    hours = {"high_days": ["sat"], "high_from": "17:00:00", "high_to": "00:00:00"}
    hass.config_entries.async_update_entry(walk.entry, options={"other": 1, "tariff": hours})
    await walk.details("day_night")
    row = {"price_per_kwh": 0.29, "begin": "17:00:00", "end": "00:00:00", "days": ["sat"]}
    assert suggested(walk.result)["bands"]["bands"] == [row, {"price_per_kwh": 0.24}]


async def test_entities_are_kept_by_what_outlives_a_new_name(walk: Walk, entity_registry: er.EntityRegistry) -> None:
    """And shown by the name that they have; one that was removed is asked for again."""
    for name in ("price", "colour"):
        walk.hass.states.async_remove(f"sensor.{name}")
        entity_registry.async_get_or_create("sensor", "other", name, suggested_object_id=name)
    await walk.details("own")
    await walk.edit(day_kind_today=COLOUR, day_kind_tomorrow=COLOUR)
    await walk.send(source="entity", price_entity=PRICE)
    await walk.keep()
    entity_registry.async_update_entity(PRICE, new_entity_id="sensor.renamed")
    entity_registry.async_update_entity(COLOUR, new_entity_id="sensor.repainted")
    await walk.details("own")
    held = suggested(walk.result)["bands"]
    assert (held["day_kind_today"], held["day_kind_tomorrow"]) == ("sensor.repainted", "sensor.repainted")
    await walk.edit()
    assert suggested(walk.result) == {"source": "entity", "price_entity": "sensor.renamed"}
    entity_registry.async_remove("sensor.renamed")
    await walk.details("own")
    await walk.edit()
    assert suggested(walk.result) == {"source": "entity"}


async def test_a_site_that_is_removed_ends_the_form_with_words(hass: HomeAssistant, walk: Walk) -> None:
    """There is nothing left to be changed."""
    await walk.details("fixed")
    await walk.edit()
    await hass.config_entries.async_remove(walk.entry.entry_id)
    await walk.choose("price_keep")
    assert (walk.result["type"], walk.result["reason"]) == ("abort", "removed")
