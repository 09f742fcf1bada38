"""What a source tells, and what a contract makes of it: nothing is counted twice."""

from datetime import UTC, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.home_energy_controller.planning.presets import Preset, preset_contract
from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.site.contract import PricesConfig
from custom_components.home_energy_controller.site.price_reader import PriceProblem
from custom_components.home_energy_controller.site.price_sources import async_read_market, source_name

from .foreign_libraries import make_up
from .test_price_sources import NOW, Market, installed, loaded_entry


@pytest.fixture(autouse=True)
async def _in_amsterdam(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the home where the euro is."""
    make_up(monkeypatch)
    await hass.config.async_update(time_zone="Europe/Amsterdam", currency="EUR")


async def test_what_a_source_already_counts_in_is_not_counted_twice(hass: HomeAssistant, freezer: Any) -> None:
    """Tibber tells what is paid: that is what is bought for, and what is sold is sold without taxes."""
    freezer.move_to(NOW)
    config = PricesConfig(
        preset=Preset.NL_DYNAMIC,
        contract=preset_contract(Preset.NL_DYNAMIC),
        source=installed(hass, "tibber", Market({NOW.date(), NOW.date() + timedelta(days=1)})),
    )
    market = await async_read_market(hass, config, NOW)
    assert not isinstance(market, PriceProblem)
    now = slot_of(NOW)
    price = config.contract.prices([now], market, UTC)[now]
    assert price.buy == pytest.approx(0.14)
    assert price.sell == pytest.approx((0.14 - 0.1108) / 1.21 - 0.02)


async def test_what_a_market_tells_is_the_markets_price(hass: HomeAssistant, freezer: Any) -> None:
    """Taxes and fees come on top."""
    freezer.move_to(NOW)
    source = installed(hass, "energyzero", Market({NOW.date()}))
    config = PricesConfig(contract=preset_contract(Preset.NL_DYNAMIC), source=source)
    market = await async_read_market(hass, config, NOW)
    assert not isinstance(market, PriceProblem)
    assert market[slot_of(NOW)] == pytest.approx(0.14)


async def test_a_source_is_called_what_home_assistant_calls_it(hass: HomeAssistant) -> None:
    """Also when it is gone."""
    entry = loaded_entry(hass, "tibber")
    assert source_name(hass, f"tibber:{entry.entry_id}") == "Tibber"
    assert source_name(hass, "tibber:gone") == "tibber"
    assert source_name(hass, "entity:sensor.gone") == "sensor.gone"
