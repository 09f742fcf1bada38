"""What the owner configured, decoded from the data of entry and subentries."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from homeassistant.const import CONF_NAME

from ..const import CONF_CIRCUITS, CONF_LIMIT_A, CONF_LIMIT_W, CONF_TARIFF, CONF_VOLTAGE_V
from ..control.settings import Circuit
from ..control.tariff import TariffHours

VOLTAGE_V: Final = 230

CONF_HIGH_DAYS: Final = "high_days"
CONF_HIGH_FROM: Final = "high_from"
CONF_HIGH_TO: Final = "high_to"
CONF_BUY: Final = "buy_per_kwh"
CONF_SELL: Final = "sell_per_kwh"
CONF_PRICE: Final = "price_entity"

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def circuits_of(options: Mapping[str, Any]) -> dict[str, Circuit]:
    """Return the circuits that have a limit, by name."""
    return {
        part[CONF_NAME].strip(): Circuit(name=part[CONF_NAME].strip(), limit_w=circuit_limit_w(part))
        for part in options.get(CONF_CIRCUITS, ())
    }


def circuit_limit_w(part: Mapping[str, Any]) -> int:
    """Return the limit of a circuit, which is told in W or in A; 0 when it is not told at all, or twice."""
    limit_w, limit_a = part.get(CONF_LIMIT_W) or 0, part.get(CONF_LIMIT_A) or 0
    return 0 if limit_w and limit_a else round(limit_w or limit_a * part.get(CONF_VOLTAGE_V, VOLTAGE_V))


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
