"""Tariff hours and prices among the options: their form, what makes no sense in it, and what the controller gets."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import selector
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import CONF_TARIFF
from .control.tariff import MIDNIGHT, Prices, TariffHours
from .neighbours import number_of, state_of

CONF_HIGH_DAYS: Final = "high_days"
CONF_HIGH_FROM: Final = "high_from"
CONF_HIGH_TO: Final = "high_to"
CONF_BUY: Final = "buy_per_kwh"
CONF_SELL: Final = "sell_per_kwh"
CONF_PRICE: Final = "price_entity"

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PRICE_AGE_LIMIT_S: Final = 7200.0
"""Prices change by the quarter or the hour; a sensor that says nothing for longer has lost its source."""
HUNDREDTHS: Final = {"ct", "cent", "cents", "c", "¢", "p", "öre", "øre"}
LARGE_UNITS: Final = {"CHF", "EUR", "GBP", "USD"}
MOST_PER_KWH: Final = 5.0
"""In these currencies, a higher price was typed in cents."""
PER_KWH: Final = {"kWh": 1.0, "MWh": 0.001, "Wh": 1000.0}


def tariff_of(options: Mapping[str, Any]) -> TariffHours:
    """Return the tariff hours; those of the first script while nothing was chosen."""
    if CONF_TARIFF not in options:
        return TariffHours()
    part = options[CONF_TARIFF]
    return TariffHours(
        high_days=frozenset(DAYS.index(day) for day in part[CONF_HIGH_DAYS]),
        high_from=time.fromisoformat(part[CONF_HIGH_FROM]),
        high_to=time.fromisoformat(part[CONF_HIGH_TO]),
    )


def prices_of(hass: HomeAssistant, options: Mapping[str, Any]) -> Prices:
    """Return what energy costs now: what the sensor says replaces the fixed price, unless it is unknown or old."""
    if CONF_TARIFF not in options:
        return Prices()
    part = options[CONF_TARIFF]
    fixed = Prices(buy_per_kwh=part[CONF_BUY], sell_per_kwh=part[CONF_SELL])
    state = state_of(hass, part.get(CONF_PRICE))
    buy = price_of(state) if state else None
    if buy is None or state is None or (dt_util.utcnow() - state.last_reported).total_seconds() > PRICE_AGE_LIMIT_S:
        return fixed
    # Were selling worth more than buying, the law would do well to do both at once.
    return Prices(buy_per_kwh=buy, sell_per_kwh=min(buy, fixed.sell_per_kwh))


def price_of(state: State) -> float | None:
    """Return the price (per kWh) that a sensor shows, None when it shows none."""
    price, factor = number_of(state), price_factor(state)
    return None if price is None or factor is None else price * factor


def price_factor(state: State) -> float | None:
    """Return what makes a sensor's number a price per kWh; None unless its unit is one, such as EUR/kWh or ct/kWh."""
    money, _, energy = str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, "")).partition("/")
    factor = PER_KWH.get(energy) if money else None
    return factor and factor * (0.01 if money.lower() in HUNDREDTHS else 1.0)


def tariff_schema() -> vol.Schema:
    """Return the fields of the section."""
    hours, prices = TariffHours(), Prices()
    workdays = [DAYS[day] for day in sorted(hours.high_days)]
    days = selector.SelectSelector({"options": list(DAYS), "multiple": True, "translation_key": "weekday"})
    price = selector.NumberSelector({"min": -10, "max": 1000, "step": "any", "mode": selector.NumberSelectorMode.BOX})
    return vol.Schema(
        {
            vol.Required(CONF_HIGH_DAYS, default=workdays): days,
            vol.Required(CONF_HIGH_FROM, default=hours.high_from.isoformat()): selector.TimeSelector(),
            vol.Required(CONF_HIGH_TO, default=hours.high_to.isoformat()): selector.TimeSelector(),
            vol.Required(CONF_BUY, default=prices.buy_per_kwh): price,
            vol.Required(CONF_SELL, default=prices.sell_per_kwh): price,
            vol.Optional(CONF_PRICE): selector.EntitySelector({"filter": {"domain": "sensor"}}),
        }
    )


def tariff_trouble(hass: HomeAssistant, part: Mapping[str, Any]) -> str | None:
    """Return the error key of what makes no sense."""
    begin, end = time.fromisoformat(part[CONF_HIGH_FROM]), time.fromisoformat(part[CONF_HIGH_TO])
    if end <= begin and end != MIDNIGHT:
        return "tariff_ends_before_start"
    if hass.config.currency in LARGE_UNITS and max(part[CONF_BUY], part[CONF_SELL]) > MOST_PER_KWH:
        return "price_in_cents"
    if part[CONF_SELL] > part[CONF_BUY]:
        return "sell_above_buy"
    state = state_of(hass, part.get(CONF_PRICE))
    return "price_without_unit" if state and price_factor(state) is None else None
