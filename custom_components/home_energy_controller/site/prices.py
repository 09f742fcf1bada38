"""What energy costs now, by the contract and the owner's price sensor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
import re
from typing import Any, Final
import unicodedata

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.util import dt as dt_util

from ..control.settings import Prices
from ..planning.slots import slot_of, start_of
from ..planning.tariff import Contract, SlotPrice
from .contract import PricesConfig, day_kind_of
from .foreign_entities import number_of, state_of

MOST_PER_KWH: Final = 5.0
"""In large currencies, a higher price was typed in cents."""
PER_KWH: Final = {"kwh": 1.0, "mwh": 0.001, "wh": 1000.0}
SYMBOLS: Final = {
    "€": "EUR",
    "EURO": "EUR",
    "EUROS": "EUR",
    "$": "USD",
    "£": "GBP",
    "FR": "CHF",
    "KR": "SEK",
    "KČ": "CZK",
    "ZŁ": "PLN",
    "FT": "HUF",
}
"""What currencies are called beside their code; crowns are all of one size."""
LARGE_UNITS: Final = {"CHF", "EUR", "GBP", "USD"}
CENT: Final = "(CENTS?|CTS?|C)"
HUNDREDTHS: Final = {"¢", "US¢", "P", "PENCE", "PENNY", "GBX", "ÖRE", "ØRE", "ORE", "RP", "RAPPEN"}
PENCE: Final = "GBp"
"""Only its small letter tells it from pounds."""


TEMPO_BEGINS: Final = timedelta(hours=6)
"""A day of a colour begins then, and ends the next morning."""


def prices_of(hass: HomeAssistant, options: Mapping[str, Any]) -> Prices:
    """Return what energy costs now, by the contract and what the owner's price sensor says, if there is one.

    However old that is: a price of day and night changes twice a day. While it is unknown, the price for that holds.
    """
    config = PricesConfig.from_options(options)
    state = state_of(hass, config.price_sensor)
    spot, now = price_of(state) if state else None, dt_util.now()
    slot, zone = slot_of(now), dt_util.get_default_time_zone()
    known = {} if spot is None else {slot: spot}
    price = config.contract.prices([slot], known, zone, day_kinds_of(hass, config, now)).get(slot)
    if price is None:
        sell = config.contract.sell.price(None, now, {})
        price = SlotPrice(config.fallback_per_kwh, Prices().sell_per_kwh if sell is None else sell)
    # Were selling worth more than buying, the law would do well to do both at once.
    return Prices(buy_per_kwh=price.buy, sell_per_kwh=min(price.buy, price.sell))


def market_prices(
    told: Mapping[int, float], contract: Contract, zone: tzinfo, day_kinds: Mapping[date, str]
) -> dict[int, float]:
    """Return the market's prices of which a contract makes those that are paid, as a source tells them by slot.

    So taxes and fees are not counted twice, and what is sold at the market's price is not sold with taxes.
    """
    market = {}
    for slot, paid in told.items():
        local = start_of(slot, zone)
        none, one = (contract.buy.price(spot, local, day_kinds) for spot in (0.0, 1.0))
        if none is not None and one is not None and one > none:
            market[slot] = (paid - none) / (one - none)
    return market


def day_kinds_of(hass: HomeAssistant, config: PricesConfig, now: datetime) -> dict[date, str]:
    """Return the colours of the present day, which begins at 6 h, and of the next, as far as entities tell them."""
    today = (now - TEMPO_BEGINS).date()
    named = {today: config.day_kind_today, today + timedelta(days=1): config.day_kind_tomorrow}
    states = {day: state_of(hass, entity) for day, entity in named.items()}
    kinds = {day: day_kind_of(state.state) for day, state in states.items() if state}
    return {day: kind for day, kind in kinds.items() if kind}


def price_of(state: State) -> float | None:
    """Return the price (per kWh) that a sensor shows, None when it shows none that can be true."""
    price, unit = number_of(state), unit_of(state)
    return None if price is None or unit is None or unit.is_too_much(price) else price * unit.factor


def is_refused(state: State) -> bool:
    """Return whether a sensor shows a number that is not used as a price: its unit is none, or it is too much."""
    return number_of(state) is not None and price_of(state) is None


@dataclass(frozen=True, slots=True)
class PriceUnit:
    """What makes a sensor's number a price per kWh, and in which currency."""

    factor: float
    currency: str | None

    def is_too_much(self, number: float) -> bool:
        """Return whether a number is no price of energy in this unit, and most likely in cents."""
        return self.currency in LARGE_UNITS and abs(number * self.factor) > MOST_PER_KWH


def unit_of(state: State) -> PriceUnit | None:
    """Return the unit of a sensor's price, None unless it is one, however it is spelt: €/kWh, EUR per MWh, ct / kWh."""
    text = unicodedata.normalize("NFKC", str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, "")))
    money, *rest = re.split(r"/|\bper\b|\bpro\b", text, flags=re.IGNORECASE)
    energy = rest[0] if len(rest) == 1 else ""
    per_kwh = PER_KWH.get(re.sub(r"[\s·.]", "", energy).casefold())
    money = re.sub(r"[\s.]", "", money)
    share = share_of_currency("P" if money == PENCE else money.upper())
    return None if per_kwh is None or share is None else PriceUnit(per_kwh * share[0], share[1])


def share_of_currency(money: str) -> tuple[float, str | None] | None:
    """Return how much of which currency (None where any may be meant) a word for money is; None for other words."""
    if (currency := SYMBOLS.get(money, money)) in ACTIVE_CURRENCIES:
        return 1.0, currency
    if money in HUNDREDTHS or re.fullmatch(CENT, money):
        return 0.01, None
    main = re.sub(f"^{CENT}|{CENT}$", "", money, count=1)
    return (0.01, SYMBOLS.get(main, main)) if SYMBOLS.get(main, main) in ACTIVE_CURRENCIES else None
