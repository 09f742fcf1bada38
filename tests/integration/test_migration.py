"""Options of an older version; and the words of other integrations for the colour of a day."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller import async_migrate_entry
from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.settings import Prices, TariffHours
from custom_components.home_energy_controller.site.config import SiteOptions
from custom_components.home_energy_controller.site.contract import PricesConfig, day_kind_of
from custom_components.home_energy_controller.site.migration import with_prices
from custom_components.home_energy_controller.site.prices import prices_of

from .prices_walk import PRICE
from .world import World


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Bleu", "blue"),
        ("TEMPO_BLANC", "white"),
        ("1 - Rouge", "red"),
        ("BLUE", "blue"),
        ("🔴", "red"),
        ("⚪️", "white"),
        ("unknown", None),
        ("Non communiqué", None),
        ("unrecorded", None),
    ],
)
def test_colour_is_known_however_it_is_spelt(state: str, kind: str | None) -> None:
    """In the words of the entities that there are."""
    assert day_kind_of(state) == kind


OLD = {"high_days": ["sat"], "high_from": "07:00:00", "high_to": "22:00:00", "buy_per_kwh": 0.4, "sell_per_kwh": 0.1}


@pytest.mark.parametrize(
    ("tariff", "prices"),
    [
        (OLD, (0.4, 0.1)),
        (OLD | {"price_entity": PRICE}, (0.21, 0.1)),
        (OLD | {"price_entity": "sensor.silent"}, (0.4, 0.1)),
        (OLD | {"buy_per_kwh": -0.02, "sell_per_kwh": -0.02}, (-0.02, -0.02)),
        (OLD | {"buy_per_kwh": "much"}, (0.3, 0.1)),
        (OLD | {"sell_per_kwh": None}, (0.4, 0.08)),
        (OLD | {"price_entity": 7}, (0.4, 0.1)),
        ({}, (0.3, 0.08)),
    ],
)
async def test_older_options_cost_what_they_cost_before(
    hass: HomeAssistant, tariff: dict[str, Any], prices: tuple[float, float]
) -> None:
    """Fixed, or by the sensor; what was damaged is as usual. The old options are kept, should the old version come."""
    hass.states.async_set(PRICE, "0.21", {"unit_of_measurement": "EUR/kWh"})
    entry = MockConfigEntry(domain=DOMAIN, data={"meter": {}}, options={"other": 1, "tariff": tariff})
    entry.add_to_hass(hass)
    assert await async_migrate_entry(hass, entry)
    assert (entry.version, entry.minor_version) == (1, 2)
    assert prices_of(hass, entry.options) == Prices(buy_per_kwh=prices[0], sell_per_kwh=prices[1])
    assert {"other": 1, "tariff": tariff}.items() <= entry.options.items()
    sensor = tariff.get("price_entity")
    assert PricesConfig.from_options(entry.options).price_sensor == (sensor if isinstance(sensor, str) else None)

    options = dict(entry.options)
    assert with_prices(options) == options, "a second time changes nothing"
    assert await async_migrate_entry(hass, entry)
    assert entry.options == options


@pytest.mark.parametrize("options", [{}, {"other": 1}, {"tariff": None}, {"tariff": "all"}])
async def test_options_without_a_tariff_get_no_prices(hass: HomeAssistant, options: dict[str, Any]) -> None:
    """What was never told is not made up."""
    entry = MockConfigEntry(domain=DOMAIN, data={"meter": {}}, options=options)
    entry.add_to_hass(hass)
    assert await async_migrate_entry(hass, entry)
    assert (entry.options, entry.minor_version) == (options, 2)
    assert prices_of(hass, entry.options) == Prices()


async def test_entry_of_a_version_to_come_is_refused(hass: HomeAssistant) -> None:
    """Nobody knows what it means; a minor one is read as it is."""
    for version, minor, may_run in ((2, 1, False), (1, 3, True)):
        entry = MockConfigEntry(domain=DOMAIN, version=version, minor_version=minor, options={"tariff": OLD})
        entry.add_to_hass(hass)
        assert await async_migrate_entry(hass, entry) is may_run
        assert entry.options == {"tariff": OLD}


async def test_older_site_starts_with_its_prices(bare_world: World) -> None:
    """By Home Assistant's own way; the hours of the car are what they were, also once they are changed."""
    world = bare_world
    world.hass.config_entries.async_update_entry(world.entry, options={"tariff": OLD}, minor_version=1)
    await world.set_up()
    assert world.entry.minor_version == 2
    assert world.coordinator._settings().prices == Prices(buy_per_kwh=0.4, sell_per_kwh=0.1)
    assert SiteOptions(world.entry.options).tariff == TariffHours(high_days=frozenset({5}))
    flow = world.hass.config_entries.options
    menu = await flow.async_init(world.entry.entry_id)
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "limits"})
    sent = {"circuits": {}, "connection": {}, "meter": {"meter_age_limit_s": 60}}
    hours = {"high_days": ["sun"], "high_from": "07:00:00", "high_to": "22:00:00"}
    await flow.async_configure(form["flow_id"], {**sent, "tariff": hours})
    await world.settle()
    assert world.entry.options["tariff"] == OLD | hours, "the version before needs its prices"
    assert world.coordinator._settings().prices == Prices(buy_per_kwh=0.4, sell_per_kwh=0.1)
