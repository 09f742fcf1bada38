"""Where prices of the hours to come are fetched: actions of other integrations, or the attributes of an entity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceNotFound
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..planning.slots import BySlot, by_slot, slot_of
from .contract import PricesConfig
from .foreign_calls import async_outcome
from .foreign_entities import lasting_id, present_id
from .price_entity import currency_guard, currency_of, read_entity
from .price_reader import PriceProblem, read_rows
from .prices import day_kinds_of, market_prices

_LOGGER = logging.getLogger(__name__)

ENTITY: Final = "entity"
SEPARATOR: Final = ":"
MARKET_ZONE: Final = "Europe/Brussels"
"""A day of the European day-ahead market is one of this clock, in every country."""
EUR: Final = "EUR"

type Request = dict[str, Any]
type ByName = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotPrices:
    """What a source told."""

    by_slot: dict[int, float]
    """Per kWh in `currency`; today's that are over may be missing, tomorrow's are until they are published."""
    read_at: datetime
    is_all_in: bool | None
    """Whether they are what a consumer pays (taxes and fees included), not the market's; None: only the owner knows."""
    title: str
    currency: str | None
    """None where the source tells none: the home's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """How an integration is asked."""

    name: str
    requests: Callable[[ConfigEntry, str, datetime], list[Request]]
    """Of an entry, a part of it, and now (on the clock of `zone`): one or a few, each of which may fail."""
    tables: Callable[[Mapping[str, Any], str], ByName]
    """Of an answer, and a part: lists of prices by whose they are, of which one is wanted."""
    factor: float = 1.0
    """From what it tells to a price per kWh."""
    is_all_in: bool = False
    parts: Callable[[ConfigEntry], list[str]] = lambda _: [""]
    """What an entry has several of, an area or a country."""
    currency: Callable[[ConfigEntry], str | None] = lambda _: EUR
    zone: str | None = None
    """Of its days, where it is not the home's."""


def _days(now: datetime) -> list[str]:
    """Return today and tomorrow."""
    return [(now.date() + timedelta(days=day)).isoformat() for day in (0, 1)]


def _areas(entry: ConfigEntry) -> list[str]:
    """Return the price areas of a Nord Pool entry."""
    return list(entry.data.get("areas", ())) or [""]


def _nordpool(entry: ConfigEntry, area: str, now: datetime) -> list[Request]:
    """Return a request for each day: it takes one at a time."""
    areas = {"areas": [area]} if area else {}
    return [{"config_entry": entry.entry_id, "date": day} | areas for day in _days(now)]


def _tibber(_entry: ConfigEntry, _home: str, now: datetime) -> list[Request]:
    """Return one request: all that is known of both days."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return [{"start": today.isoformat(), "end": (today + timedelta(days=2)).isoformat()}]


def _energyzero(entry: ConfigEntry, _part: str, now: datetime) -> list[Request]:
    """Return a request for each day: it raises where one of several is missing."""
    common = {"config_entry": entry.entry_id, "incl_vat": False, "interval": "quarter", "price_type": "market"}
    return [common | {"start": day, "end": day} for day in _days(now)]


def _easyenergy(entry: ConfigEntry, _part: str, now: datetime) -> list[Request]:
    """Return a request for each day."""
    common = {"config_entry": entry.entry_id, "incl_vat": False, "granularity": "quarter", "price_type": "market"}
    return [common | {"start": day, "end": day} for day in _days(now)]


def _green_planet(entry: ConfigEntry, _part: str, _now: datetime) -> list[Request]:
    """Return one request: it tells the next 24 hours at most."""
    return [{"config_entry_id": entry.entry_id, "hours": 24}]


def _omie(_entry: ConfigEntry, country: str, now: datetime) -> list[Request]:
    """Return a request for each day."""
    return [{"date": day, "countries": [country or "es"]} for day in _days(now)]


def _flat(answer: Mapping[str, Any], _part: str) -> ByName:
    """Return the one list of prices."""
    return {"": answer.get("prices")}


def _by_part(answer: Mapping[str, Any], part: str) -> ByName:
    """Return the list of an area or a country, or all."""
    return {part: answer.get(part)} if part else answer


def _by_home(answer: Mapping[str, Any], home: str) -> ByName:
    """Return the list of a home, or of each."""
    homes = answer.get("prices")
    return _by_part(homes, home) if isinstance(homes, Mapping) else {}


ACTIONS: Final = {
    "nordpool": Action(
        name="get_prices_for_date",
        requests=_nordpool,
        tables=_by_part,
        factor=0.001,
        parts=_areas,
        currency=lambda entry: entry.data.get("currency"),
        zone=MARKET_ZONE,
    ),
    # Each of its subscriptions has its country's currency, which it does not tell.
    "tibber": Action(name="get_prices", requests=_tibber, tables=_by_home, is_all_in=True, currency=lambda _: None),
    "energyzero": Action(name="get_energy_prices", requests=_energyzero, tables=_flat),
    "easyenergy": Action(name="get_energy_usage_prices", requests=_easyenergy, tables=_flat),
    "green_planet_energy": Action(name="get_prices", requests=_green_planet, tables=_flat, is_all_in=True),
    "omie": Action(
        name="get_prices_for_date",
        requests=_omie,
        tables=_by_part,
        parts=lambda _: ["es", "pt"],
        zone=MARKET_ZONE,
    ),
}


def available_sources(hass: HomeAssistant) -> list[tuple[str, str]]:
    """Return the id and the title of each source that is loaded, and last that of entities, whose title is its id."""
    found = []
    for domain, action in ACTIONS.items():
        for entry in hass.config_entries.async_loaded_entries(domain):
            parts = action.parts(entry)
            for part in parts:
                label = f"{entry.title} ({part.upper()})" if len(parts) > 1 else entry.title
                found.append((SEPARATOR.join(filter(None, (domain, entry.entry_id, part))), label))
    return [*found, (ENTITY, ENTITY)]


def entity_source(hass: HomeAssistant, entity_id: str) -> str:
    """Return the id of the source that an entity is, which survives renaming."""
    return f"{ENTITY}{SEPARATOR}{lasting_id(hass, entity_id)}"


async def async_read_market(hass: HomeAssistant, config: PricesConfig, now: datetime) -> BySlot | PriceProblem:
    """Return the market's prices that the source of a contract tells, or what is wrong."""
    found = await async_read_spot(hass, config.source, now)
    if isinstance(found, PriceProblem):
        return found
    if not found.is_all_in:
        return found.by_slot
    kinds = day_kinds_of(hass, config, now)
    return market_prices(found.by_slot, config.contract, dt_util.get_default_time_zone(), kinds)


def source_name(hass: HomeAssistant, source: str) -> str:
    """Return what a source is called in Home Assistant."""
    domain, _, rest = source.partition(SEPARATOR)
    if domain == ENTITY:
        return present_id(hass, rest) or rest
    entry = hass.config_entries.async_get_entry(rest.partition(SEPARATOR)[0])
    return domain if entry is None else entry.title


async def async_read_spot(hass: HomeAssistant, source: str, now: datetime) -> SpotPrices | PriceProblem:
    """Return the prices of today and, once they are published, of tomorrow; or what is wrong. Takes 20 s at most."""
    domain, _, rest = source.partition(SEPARATOR)
    if domain == ENTITY:
        return _from_entity(hass, rest, now)
    entry_id, _, part = rest.partition(SEPARATOR)
    entry, action = hass.config_entries.async_get_entry(entry_id), ACTIONS.get(domain)
    if entry is None or action is None or entry.domain != domain:
        return PriceProblem.SOURCE_GONE
    if entry.state is not ConfigEntryState.LOADED:
        return PriceProblem.SOURCE_NOT_LOADED
    home_zone = dt_util.get_default_time_zone()
    zone = (await dt_util.async_get_time_zone(action.zone) if action.zone else None) or home_zone
    prices: dict[int, float] = {}
    problems = []
    for request in action.requests(entry, part, now.astimezone(zone)):
        outcome = await _async_ask(hass, f"{domain}.{action.name}", request)
        found = outcome if isinstance(outcome, PriceProblem) else _prices(action, outcome, part, home_zone)
        if isinstance(found, PriceProblem):
            problems.append(found)
        else:
            prices |= found
    currency = action.currency(entry)
    problem = _problem(hass, prices, currency, now)
    if problem is not None:
        # That nothing is told of the hours to come is no news where it is known why.
        return problems[0] if problems and not prices else problem
    return SpotPrices(by_slot=prices, read_at=now, is_all_in=action.is_all_in, title=entry.title, currency=currency)


def _from_entity(hass: HomeAssistant, named: str, now: datetime) -> SpotPrices | PriceProblem:
    """Return what the attributes of an entity tell."""
    found = read_entity(hass, named, now, dt_util.get_default_time_zone())
    if isinstance(found, PriceProblem):
        return found
    prices, state = found
    return SpotPrices(by_slot=prices, read_at=now, is_all_in=None, title=state.name, currency=currency_of(state))


def _problem(hass: HomeAssistant, prices: dict[int, float], currency: str | None, now: datetime) -> PriceProblem | None:
    """Return why prices per kWh cannot be used."""
    if not prices:
        return PriceProblem.NO_PRICES
    if max(prices) < slot_of(now):
        return PriceProblem.OUTDATED
    return currency_guard(hass, prices, currency)


def _prices(action: Action, answer: Mapping[str, Any], part: str, zone: tzinfo) -> dict[int, float] | PriceProblem:
    """Return the prices per kWh of an answer."""
    tables = [by_slot(read_rows(table, zone)) for table in action.tables(answer, part).values()]
    tables = [table for table in tables if table]
    if not tables:
        return PriceProblem.NO_PRICES
    if any(table != tables[0] for table in tables):
        return PriceProblem.HOMES_DIFFER
    return {slot: price * action.factor for slot, price in tables[0].items()}


async def _async_ask(hass: HomeAssistant, action: str, request: Request) -> Mapping[str, Any] | PriceProblem:
    """Return what an action answers, or why it does not."""
    domain, _, name = action.partition(".")
    call = hass.services.async_call(domain, name, request, blocking=True, return_response=True)
    outcome = await async_outcome(hass, call)
    if isinstance(outcome, Mapping):
        return outcome
    _LOGGER.debug("%s did not answer %s: %r", action, request, outcome)
    if isinstance(outcome, TimeoutError):
        return PriceProblem.NO_ANSWER
    is_changed = isinstance(outcome, ServiceNotFound | vol.Invalid)
    return PriceProblem.ACTION_CHANGED if is_changed else PriceProblem.ACTION_FAILED
