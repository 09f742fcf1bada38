"""The forms of the prices: their fields, and what makes no sense in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Final

from homeassistant.const import PERCENTAGE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er, selector
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..planning.presets import DayKind, Preset, preset_contract
from ..planning.tariff import ALL_MONTHS, Band, Contract
from ..site.contract import (
    CONF_BANDS,
    CONF_BEGIN,
    CONF_BUY_FEE,
    CONF_BUY_SPOT,
    CONF_BUY_TAX,
    CONF_BUY_VAT,
    CONF_BY_HOUR,
    CONF_DAYS,
    CONF_END,
    CONF_FALLBACK,
    CONF_INSISTS,
    CONF_KIND,
    CONF_KIND_TODAY,
    CONF_KIND_TOMORROW,
    CONF_MAY_CHARGE,
    CONF_MAY_DELIVER,
    CONF_MONTHS,
    CONF_PRESET,
    CONF_PRICE,
    CONF_SELL_FEE,
    CONF_SELL_FIXED,
    CONF_SELL_FLOOR,
    CONF_SELL_SPOT,
    CONF_SOURCE,
    DAYS,
    MONTHS,
    contract_of,
)
from ..site.foreign_entities import own_entities
from ..site.prices import LARGE_UNITS, MOST_PER_KWH, is_refused, unit_of
from .forms import FiniteNumber

BUY: Final = "buy"
SELL: Final = "sell"
PLAN: Final = "plan"
SECTIONS: Final = (BUY, SELL, CONF_BANDS, PLAN)
CONF_PRICE_ENTITY: Final = "price_entity"
ENTITY: Final = "entity"
"""Chosen among the sources: the price entity that is named below."""

MOST_FEE_PER_KWH: Final = 0.5
"""In large currencies, a higher fee was typed in cents."""
MOST_SPOT_PCT: Final = 300
MOST_VAT_PCT: Final = 30
TINY: Final = 1e-9
"""Below what anybody types."""
LOOKED_AT_YEAR: Final = 2027
"""Of which each month's first week is gone through: all days of the week, and the turn of each month."""


def preset_schema() -> vol.Schema:
    """Return the form of the kind of contract."""
    presets = selector.SelectSelector({"options": [*Preset], "translation_key": "price_preset"})
    return vol.Schema({vol.Required(CONF_PRESET, default=Preset.FIXED.value): presets})


def source_schema(hass: HomeAssistant, sources: Sequence[tuple[str, str]]) -> vol.Schema:
    """Return the form of where the market's prices come from."""
    options = [selector.SelectOptionDict(value=key, label=title) for key, title in sources]
    options.append(selector.SelectOptionDict(value=ENTITY, label=ENTITY))
    chosen = selector.SelectSelector({"options": options, "translation_key": "price_source"})
    sensor = selector.EntitySelector({"filter": {"domain": "sensor"}, "exclude_entities": own_entities(hass)})
    return vol.Schema({vol.Optional(CONF_SOURCE): chosen, vol.Optional(CONF_PRICE_ENTITY): sensor})


def details_schema(*, has_bands: bool) -> vol.Schema:
    """Return the form of all numbers of a contract, and of what the plan may do; folded up what it does not need."""
    price, flag = _number(), selector.BooleanSelector()
    colour = selector.EntitySelector({"filter": {"domain": ["sensor", "select", "input_select"]}})
    buy = {
        vol.Required(CONF_BUY_SPOT): _number(PERCENTAGE),
        vol.Required(CONF_BUY_FEE): price,
        vol.Required(CONF_BUY_VAT): _number(PERCENTAGE),
        vol.Required(CONF_BUY_TAX): price,
        vol.Required(CONF_BY_HOUR, default=False): flag,
        vol.Required(CONF_FALLBACK): price,
    }
    sell = {
        vol.Required(CONF_SELL_SPOT): _number(PERCENTAGE),
        vol.Required(CONF_SELL_FEE): price,
        vol.Required(CONF_SELL_FIXED): price,
        vol.Required(CONF_SELL_FLOOR, default=False): flag,
    }
    bands = {
        vol.Optional(CONF_BANDS): _bands_selector(),
        vol.Optional(CONF_KIND_TODAY): colour,
        vol.Optional(CONF_KIND_TOMORROW): colour,
    }
    plan = {vol.Required(key, default=False): flag for key in (CONF_MAY_CHARGE, CONF_MAY_DELIVER, CONF_INSISTS)}
    parts = dict(zip(SECTIONS, (buy, sell, bands, plan), strict=True))
    return vol.Schema(
        {
            vol.Required(name): section(vol.Schema(part), {"collapsed": name == CONF_BANDS and not has_bands})
            for name, part in parts.items()
        }
    )


def _number(unit: str | None = None) -> selector.NumberSelector:
    """Return a field for a number that words, not the field, keep within bounds."""
    box = selector.NumberSelectorMode.BOX
    config: selector.NumberSelectorConfig = {"min": -1000, "max": 10_000, "step": "any", "mode": box}
    return FiniteNumber(config | {"unit_of_measurement": unit} if unit else config)


def _bands_selector() -> selector.ObjectSelector:
    """Return the field of the bands, one a row."""
    days = selector.SelectSelector({"options": list(DAYS), "multiple": True, "translation_key": "weekday"})
    months = selector.SelectSelector({"options": list(MONTHS), "multiple": True, "translation_key": "month"})
    kinds = selector.SelectSelector({"options": [*DayKind], "translation_key": "day_kind"})
    fields: dict[str, selector.ObjectSelectorField] = {
        CONF_PRICE: {"required": True, "selector": _number()},
        CONF_BEGIN: {"selector": selector.TimeSelector()},
        CONF_END: {"selector": selector.TimeSelector()},
        CONF_DAYS: {"selector": days},
        CONF_MONTHS: {"selector": months},
        CONF_KIND: {"selector": kinds},
    }
    return selector.ObjectSelector(
        {
            "fields": fields,
            "multiple": True,
            "label_field": CONF_PRICE,
            "description_field": CONF_BEGIN,
            "translation_key": "price_band",
        }
    )


def validate_source(hass: HomeAssistant, part: Mapping[str, Any]) -> str | None:
    """Return the error key of a source that tells no prices."""
    source, entity = part.get(CONF_SOURCE), part.get(CONF_PRICE_ENTITY)
    if not source or (source == ENTITY and not entity):
        return "source_missing"
    if source != ENTITY or entity is None:
        return None
    state = hass.states.get(entity)
    if state is None:
        return None if is_known(hass, entity) else "entity_unknown"
    if unit_of(state) is None:
        return "price_without_unit"
    return "price_sensor_in_cents" if is_refused(state) else None


def validate_details(hass: HomeAssistant, data: Mapping[str, Any]) -> str | None:
    """Return the error key of numbers that make no sense."""
    preset = preset_contract(Preset(data[CONF_PRESET]))
    contract = contract_of(data, preset)
    if not all(0 <= data[key] <= MOST_SPOT_PCT for key in (CONF_BUY_SPOT, CONF_SELL_SPOT)):
        return "spot_out_of_range"
    if not 0 <= data[CONF_BUY_VAT] <= MOST_VAT_PCT:
        return "vat_out_of_range"
    if hass.config.currency in LARGE_UNITS:
        prices = [data[key] for key in (CONF_BUY_TAX, CONF_SELL_FIXED, CONF_FALLBACK)]
        prices += [band.price_per_kwh for band in contract.buy.bands]
        if any(abs(price) > MOST_PER_KWH for price in prices):
            return "price_in_cents"
        if any(abs(data[key]) > MOST_FEE_PER_KWH for key in (CONF_BUY_FEE, CONF_SELL_FEE)):
            return "fee_in_cents"
    if preset.buy.bands and not contract.buy.bands:
        return "bands_missing"
    if not contract.follows_market and is_sold_dearer(contract):
        return "sell_above_buy"
    return _validate_colours(hass, data, contract)


def _validate_colours(hass: HomeAssistant, data: Mapping[str, Any], contract: Contract) -> str | None:
    """Return the error key of colours of days that nothing tells."""
    entities = [data[key] for key in (CONF_KIND_TODAY, CONF_KIND_TOMORROW) if data.get(key)]
    if not all(is_known(hass, entity) for entity in entities):
        return "entity_unknown"
    has_kinds = any(band.day_kind for band in contract.buy.bands)
    return "day_kind_missing" if has_kinds and not data.get(CONF_KIND_TODAY) else None


def is_known(hass: HomeAssistant, entity_id: str) -> bool:
    """Return whether there is such an entity, though it may show nothing now."""
    return hass.states.get(entity_id) is not None or er.async_get(hass).async_get(entity_id) is not None


def is_sold_dearer(contract: Contract) -> bool:
    """Return whether a kWh yields more than one costs in the cheapest band of a contract that follows no market."""
    any_time = datetime(LOOKED_AT_YEAR, 1, 1, tzinfo=dt_util.UTC)
    sold = contract.sell.price(None, any_time, {})
    bought = replace(contract.buy, bands=()).price(None, any_time, {})
    least = min((band.price_per_kwh for band in contract.buy.bands), default=0.0)
    return sold is not None and bought is not None and sold > bought + least + TINY


def first_uncovered(bands: Sequence[Band]) -> tuple[datetime, DayKind | None] | None:
    """Return the first moment of the year, and of which colour of day, that no band holds at; None where all are."""
    kinds = [*DayKind] if any(band.day_kind for band in bands) else [None]
    edges = sorted({time(), *(edge for band in bands for edge in (band.begin, band.end))})
    for moment in _moments(edges):
        night_before = date.fromordinal(moment.toordinal() - 1)
        for kind in kinds:
            colours = {night_before: kind, moment.date(): kind} if kind else {}
            if not any(band.holds(moment, colours) for band in bands):
                return moment, kind
    return None


def _moments(edges: Sequence[time]) -> Iterator[datetime]:
    """Return when bands may change, in the first eight days of each month: on each weekday, from Monday on."""
    for month in sorted(ALL_MONTHS):
        days = sorted((date(LOOKED_AT_YEAR, month, day) for day in range(1, 9)), key=lambda day: day.weekday())
        for day in days:
            yield from (datetime.combine(day, edge, dt_util.UTC) for edge in edges)
