"""Options of an older version, as this one has them."""

from collections.abc import Mapping
from typing import Any, Final

from ..const import CONF_PRICES, CONF_TARIFF
from ..control.settings import Prices, TariffHours
from ..planning.presets import Preset
from .contract import (
    CONF_BUY_TAX,
    CONF_FALLBACK,
    CONF_SELL_FIXED,
    CONF_SOURCE,
    ENTITY_SOURCE,
    PricesConfig,
    preset_data,
)

OLD_BUY: Final = "buy_per_kwh"
OLD_SELL: Final = "sell_per_kwh"
OLD_ENTITY: Final = "price_entity"
"""Of the tariff, until minor version 2."""


def with_prices(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options whose prices have a part of their own.

    The tariff stays as it is: the car reads its hours, and a version before this one its prices.
    """
    tariff = options.get(CONF_TARIFF)
    if CONF_PRICES in options or not isinstance(tariff, Mapping):
        return dict(options)
    usual = Prices()
    entity = tariff.get(OLD_ENTITY)
    preset = Preset.OWN if isinstance(entity, str) and entity else Preset.FIXED
    data = preset_data(preset, TariffHours())
    # Read as any prices are: what is damaged is left out.
    told = PricesConfig.from_options({CONF_PRICES: {CONF_FALLBACK: tariff.get(OLD_BUY, usual.buy_per_kwh)}})
    sold = PricesConfig.from_options({CONF_PRICES: {CONF_SELL_FIXED: tariff.get(OLD_SELL, usual.sell_per_kwh)}})
    data |= {CONF_FALLBACK: told.fallback_per_kwh, CONF_SELL_FIXED: sold.contract.sell.tax_per_kwh}
    if preset is Preset.OWN:
        data[CONF_SOURCE] = f"{ENTITY_SOURCE}{entity}"
    else:
        data |= {CONF_SOURCE: "", CONF_BUY_TAX: told.fallback_per_kwh}
    return {**options, CONF_PRICES: data}
