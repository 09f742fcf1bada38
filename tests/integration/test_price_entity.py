"""Prices in the attributes of entities, in the shapes that integrations outside Home Assistant give them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.site.price_reader import PriceProblem
from custom_components.home_energy_controller.site.price_sources import SpotPrices, async_read_spot, entity_source

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 1, 10, 14, 5, tzinfo=ZONE)
TODAY = NOW.replace(hour=0, minute=0)
TOMORROW = TODAY + timedelta(days=1)
HOUR = timedelta(hours=1)
SENSOR = "sensor.price"


@pytest.fixture(autouse=True)
async def _in_amsterdam(hass: HomeAssistant) -> None:
    """Put the home where the euro is."""
    await hass.config.async_update(time_zone="Europe/Amsterdam", currency="EUR")


def rows(first: datetime, price: float, start: str = "start", number: str = "value", end: str = "") -> list[Any]:
    """Return a day of hours."""
    times = [first + HOUR * hour for hour in range(24)]
    ends = [{end: (time + HOUR).isoformat()} if end else {} for time in times]
    return [{start: time.isoformat(), number: price} | each for time, each in zip(times, ends, strict=True)]


async def read(hass: HomeAssistant) -> SpotPrices | PriceProblem:
    return await async_read_spot(hass, f"entity:{SENSOR}", NOW)


@pytest.mark.parametrize(
    ("unit", "attributes", "days"),
    [
        ("EUR/kWh", {"raw_today": rows(TODAY, 0.2, end="end"), "raw_tomorrow": rows(TOMORROW, 0.2, end="end")}, 2),
        ("EUR/kWh", {"raw_today": rows(TODAY, 0.2), "raw_tomorrow": [], "today": [0.9] * 24}, 1),
        ("EUR/kWh", {"raw_today": rows(TODAY, 0.2), "raw_tomorrow": None}, 1),
        ("EUR/MWh", {"raw_today": rows(TODAY, 200.0)}, 1),
        ("ct/kWh", {"raw_today": rows(TODAY, 20.0)}, 1),
        ("€/kWh", {"data": rows(TODAY, 0.2, "start_time", "price_per_kwh", "end_time")}, 1),
        ("€/kWh", {"data": rows(TODAY, 200.0, "start_time", "price_eur_per_mwh", "end_time")}, 1),
        ("€/kWh", {"prices_today": rows(TODAY, 0.2, "time", "price"), "prices_tomorrow": rows(TOMORROW, 0.2)}, 2),
        ("€/kWh", {"prices": rows(TODAY, 0.2, "from", "price", "till")}, 1),
        ("€/kWh", {"forecast": rows(TODAY, 2_000_000, "datetime", "electricity_price")}, 1),
        ("€/kWh", {"today": [0.2] * 24, "tomorrow": [0.2] * 96}, 2),
        ("€/kWh", {"hourly_prices_today": [0.2] * 96}, 1),
        ("€/kWh", {"friendly_name": "P", "options": ["a"], "mine": rows(TODAY, 0.2, "hour", "tariff")}, 1),
        ("€/kWh", {"mine": {row["start"]: row["value"] for row in rows(TODAY, 0.2)}}, 1),
        ("", {"mine": rows(TODAY, 0.2)}, 1),
        ("€/kWh", {"raw_today": rows(TODAY - timedelta(days=4), 0.9), "forecast": rows(TODAY, 0.2)}, 1),
    ],
)
async def test_attributes_are_read_per_kwh(
    hass: HomeAssistant, unit: str, attributes: dict[str, Any], days: int
) -> None:
    """The best known first; what is over is passed by."""
    hass.states.async_set(SENSOR, "0.21", {"unit_of_measurement": unit} | attributes)
    prices = await read(hass)
    assert isinstance(prices, SpotPrices), prices
    assert {round(price, 9) for price in prices.by_slot.values()} == {0.2}
    assert len(prices.by_slot) == days * 96
    assert min(prices.by_slot) == slot_of(TODAY)
    assert prices.is_all_in is None
    assert prices.currency == ("EUR" if unit and unit != "ct/kWh" else None)


@pytest.mark.parametrize(
    ("state", "attributes", "problem"),
    [
        ("unavailable", {"raw_today": rows(TODAY, 0.2)}, PriceProblem.SOURCE_NOT_LOADED),
        ("unknown", {}, PriceProblem.NO_PRICES),
        ("0.2", {"unit_of_measurement": "€/kWh"}, PriceProblem.NO_PRICES),
        ("0.2", {"today": [0.2] * 23}, PriceProblem.NO_PRICES),
        ("0.2", {"raw_today": rows(TODAY - timedelta(days=1), 0.2)}, PriceProblem.OUTDATED),
        ("20", {"raw_today": rows(TODAY, 20.0)}, PriceProblem.LOOKS_LIKE_CENTS),
        ("20", {"unit_of_measurement": "€/kWh", "raw_today": rows(TODAY, 20.0)}, PriceProblem.LOOKS_LIKE_CENTS),
        ("90", {"unit_of_measurement": "€/kWh", "raw_today": rows(TODAY, 90.0)}, PriceProblem.LOOKS_LIKE_MWH),
    ],
)
async def test_what_is_wrong_is_told(
    hass: HomeAssistant, state: str, attributes: dict[str, Any], problem: PriceProblem
) -> None:
    """An entity that is away, tells nothing, or something else."""
    hass.states.async_set(SENSOR, state, attributes)
    assert await read(hass) == problem


async def test_small_money_is_not_taken_for_cents(hass: HomeAssistant) -> None:
    """By the entity's currency, and by the home's where it names none."""
    hass.states.async_set(SENSOR, "60", {"unit_of_measurement": "Ft/kWh", "raw_today": rows(TODAY, 60.0)})
    assert isinstance(await read(hass), SpotPrices)
    await hass.config.async_update(currency="HUF")
    hass.states.async_set(SENSOR, "60", {"raw_today": rows(TODAY, 60.0)})
    assert isinstance(await read(hass), SpotPrices)


async def test_an_entity_is_found_after_it_was_renamed_and_not_after_it_was_removed(hass: HomeAssistant) -> None:
    """Its source is the registry's lasting id."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_or_create("sensor", "epex", "1").entity_id
    source = entity_source(hass, entity_id)
    registry.async_update_entity(entity_id, new_entity_id="sensor.renamed")
    hass.states.async_set("sensor.renamed", "0.2", {"data": rows(TODAY, 0.2)})
    assert isinstance(await async_read_spot(hass, source, NOW), SpotPrices)
    registry.async_remove("sensor.renamed")
    assert await async_read_spot(hass, source, NOW) == PriceProblem.SOURCE_GONE
