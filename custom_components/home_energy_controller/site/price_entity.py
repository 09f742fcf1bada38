"""Prices of the hours to come in the attributes of an entity, as many integrations outside Home Assistant tell them."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Final

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State

from ..planning.slots import by_slot, slot_of
from .foreign_entities import present_id, state_of
from .price_reader import PriceProblem, Row, Table, key_factor, read_day, read_table, suspicion
from .prices import LARGE_UNITS, PriceUnit, unit_of

GROUPS: Final = (
    ("raw_today", "raw_tomorrow"),  # Nord Pool
    ("data",),  # EPEX Spot
    ("prices_today", "prices_tomorrow"),  # ENTSO-e
    ("prices",),  # Frank Energie, ENTSO-e
    ("forecast",),  # Zonneplan ONE
    ("today", "tomorrow"),
)
"""Attributes that are known to hold prices, in order of preference; those of one group go on where the other ends."""
TOMORROW: Final = "tomorrow"
TODAY: Final = "today"


def read_entity(
    hass: HomeAssistant, named: str, now: datetime, zone: tzinfo
) -> tuple[dict[int, float], State] | PriceProblem:
    """Return the prices per kWh by slot that an entity (by its lasting id) tells, and its state; or what is wrong."""
    if present_id(hass, named) is None:
        return PriceProblem.SOURCE_GONE
    state = state_of(hass, named)
    if state is None or state.state == STATE_UNAVAILABLE:
        return PriceProblem.SOURCE_NOT_LOADED
    problem = PriceProblem.NO_PRICES
    for tables in _candidates(state, now, zone):
        rows = [row for table in tables for row in _per_kwh(table, unit_of(state))]
        prices = by_slot(rows)
        if not prices:
            continue
        if max(prices) < slot_of(now):
            problem = PriceProblem.OUTDATED
            continue
        return (currency_guard(hass, prices, currency_of(state))) or (prices, state)
    return problem


def currency_of(state: State) -> str | None:
    """Return the currency that an entity's unit names, None where it names none."""
    unit = unit_of(state)
    return unit.currency if unit else None


def currency_guard(hass: HomeAssistant, prices: dict[int, float], currency: str | None) -> PriceProblem | None:
    """Return what prices per kWh cannot be in their currency (where it is not told: the home's)."""
    return suspicion(prices.values()) if (currency or hass.config.currency) in LARGE_UNITS else None


def _candidates(state: State, now: datetime, zone: tzinfo) -> Iterator[list[Table]]:
    """Return what may be prices among the attributes, the most likely first."""
    known = {name for group in GROUPS for name in group}
    for group in (*GROUPS, *((name,) for name in state.attributes if name not in known)):
        yield [_read(name, state.attributes.get(name), now, zone) for name in group]


def _read(name: str, value: object, now: datetime, zone: tzinfo) -> Table:
    """Return the rows of an attribute; bare numbers are those of the day that its name tells."""
    table = read_table(value, zone)
    if table.rows or not (TODAY in name or TOMORROW in name):
        return table
    today = now.astimezone(zone).date()
    return Table(read_day(value, today + timedelta(days=TOMORROW in name), zone))


def _per_kwh(table: Table, unit: PriceUnit | None) -> list[Row]:
    """Return the rows with prices per kWh: what the number's own name says goes before the entity's unit."""
    factor = key_factor(table)
    if factor is None:
        factor = unit.factor if unit else 1.0
    return [(start, end, number * factor) for start, end, number in table.rows]
