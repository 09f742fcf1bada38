"""The options of prices: the kind of contract, its numbers, the source of the market's prices, a preview."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import CONF_PRICES, DOMAIN
from ..planning.presets import DayKind, Preset
from ..planning.slots import PER_DAY, BySlot, slot_of, start_of
from ..planning.tariff import SlotPrice
from ..site.config import SiteOptions
from ..site.contract import (
    CONF_BANDS,
    CONF_FALLBACK,
    CONF_INSISTS,
    CONF_KIND_TODAY,
    CONF_KIND_TOMORROW,
    CONF_MAY_CHARGE,
    CONF_MAY_DELIVER,
    CONF_PRESET,
    CONF_SOURCE,
    DAYS,
    ENTITY_SOURCE,
    MONTHS,
    PricesConfig,
    contract_data,
    contract_of,
    preset_data,
)
from ..site.foreign_entities import lasting_id, present_id, state_of
from ..site.price_reader import PriceProblem
from ..site.price_sources import async_read_market, available_sources, entity_source
from ..site.prices import day_kinds_of, price_of
from ..site.words import spoken_price
from .forms import SiteFlow, show_form
from .price_forms import (
    CONF_PRICE_ENTITY,
    ENTITY,
    SECTIONS,
    details_schema,
    first_uncovered,
    preset_schema,
    source_schema,
    validate_details,
    validate_source,
)

KEPT: Final = (CONF_SOURCE, CONF_MAY_CHARGE, CONF_MAY_DELIVER, CONF_INSISTS)
"""Whatever the kind of contract."""
COLOURS: Final = (CONF_KIND_TODAY, CONF_KIND_TOMORROW)
AHEAD: Final = 2 * PER_DAY


async def async_spot(hass: HomeAssistant, config: PricesConfig) -> BySlot | None:
    """Return the market's prices that a source tells, None where it tells none now; some sensors tell the present."""
    found = await async_read_market(hass, config, dt_util.now())
    if not isinstance(found, PriceProblem):
        return found
    state = state_of(hass, config.price_sensor)
    price = price_of(state) if state else None
    return None if price is None else {slot_of(dt_util.utcnow()): price}


def sources_of(hass: HomeAssistant) -> list[tuple[str, str]]:
    """Return the id and the title of each integration of prices that is loaded; entities are asked for beside."""
    return [(source, title) for source, title in available_sources(hass) if source != ENTITY]


class PricesFlow(SiteFlow):
    """Goes from the kind of contract to its numbers, to their source, and shows what comes of it."""

    _draft: dict[str, Any] | None = None
    """As options hold it, but for entities by the names that they have now."""

    async def async_step_prices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the kind of contract, which fills in the numbers."""
        draft = self._draft if self._draft is not None else self._present_prices()
        if user_input is not None:
            if user_input[CONF_PRESET] != draft.get(CONF_PRESET):
                hours = SiteOptions(self.config_entry.options).tariff
                kept = {key: draft[key] for key in KEPT if key in draft}
                usual = {CONF_FALLBACK: PricesConfig().fallback_per_kwh}
                draft = usual | preset_data(Preset(user_input[CONF_PRESET]), hours) | kept
            self._draft = draft
            return await self.async_step_price_details()
        return show_form(self, "prices", preset_schema(), draft, {})

    async def async_step_price_details(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Edit the numbers, and say what the plan may do."""
        draft, errors, placeholders = self._draft or {}, {}, {"when": ""}
        if user_input is not None:
            typed = {key: value for part in user_input.values() for key, value in part.items()}
            # What is no longer in the form was emptied.
            left = {key: value for key, value in draft.items() if key not in {CONF_BANDS, *COLOURS}}
            self._draft = draft = {**left, CONF_BANDS: [], **typed}
            key = validate_details(self.hass, draft)
            if key is None and (when := await self._uncovered()):
                key, placeholders = "hours_uncovered", {"when": when}
            if key is None:
                return await self.async_step_price_source()
            errors["base"] = key
        held, has_bands = dict.fromkeys(SECTIONS, draft), bool(errors or draft.get(CONF_BANDS))
        placeholders |= {"currency": self.hass.config.currency}
        return show_form(self, "price_details", details_schema(has_bands=has_bands), held, errors, **placeholders)

    async def async_step_price_source(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the market's prices come from, of a contract that follows it."""
        draft, errors = self._draft or {}, {}
        if not contract_of(draft, PricesConfig().contract).follows_market:
            self._draft = {**draft, CONF_SOURCE: ""}
            return await self._async_preview()
        sources = sources_of(self.hass)
        if user_input is not None:
            key = validate_source(self.hass, user_input)
            if key is None:
                chosen, entity = user_input[CONF_SOURCE], user_input.get(CONF_PRICE_ENTITY, "")
                source = entity_source(self.hass, entity) if chosen == ENTITY else chosen
                self._draft = {**draft, CONF_SOURCE: source}
                return await self._async_preview()
            errors["base"] = key
        held = self._held_source(draft) if user_input is None else user_input
        currency = self.hass.config.currency
        return show_form(self, "price_source", source_schema(self.hass, sources), held, errors, currency=currency)

    async def async_step_price_preview(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show again what comes of it."""
        return await self._async_preview()

    # The same menu, with other words where all prices are the same, or not all are known.
    async_step_price_same = async_step_price_now = async_step_price_unread = async_step_price_preview

    async def async_step_price_keep(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Keep what was shown; other options stay as they are."""
        return self.async_create_entry(data={**self.config_entry.options, CONF_PRICES: self._kept()})

    async def _async_preview(self) -> ConfigFlowResult:
        """Show what comes of it, and offer to keep it or to change it again."""
        config = PricesConfig.from_options({CONF_PRICES: self._kept()})
        spot = await async_spot(self.hass, config) if config.source else {}
        now = dt_util.now()
        first, zone = slot_of(now), dt_util.get_default_time_zone()
        kinds = day_kinds_of(self.hass, config, now)
        found = config.contract.prices(range(first, first + AHEAD), spot or {}, zone, kinds)
        step, texts = "price_unread", {"fallback": self._spoken(config.fallback_per_kwh)}
        if first in found:
            step, texts = await self._told(found, first)
        return self.async_show_menu(
            step_id=step,
            menu_options=["price_keep", "price_details", "prices"],
            description_placeholders=texts,
        )

    async def _told(self, prices: Mapping[int, SlotPrice], now: int) -> tuple[str, dict[str, str]]:
        """Return which step shows prices, and what it tells of them."""
        texts = {"buy": self._spoken(prices[now].buy), "sell": self._spoken(prices[now].sell)}
        if len({(round(price.buy, 5), round(price.sell, 5)) for price in prices.values()}) == 1:
            return ("price_now" if len(prices) == 1 else "price_same"), texts
        for name, choose in (("cheap", min), ("dear", max)):
            slot = choose(prices, key=lambda each: prices[each].buy)
            texts |= {
                f"{name}_when": await self._moment(start_of(slot, dt_util.get_default_time_zone())),
                f"{name}_buy": self._spoken(prices[slot].buy),
                f"{name}_sell": self._spoken(prices[slot].sell),
            }
        return "price_preview", texts

    def _spoken(self, price: float) -> str:
        """Return a price as it is spoken of, in hundredths where a currency has them in use."""
        return spoken_price(price, self.hass.config.currency, self.hass.config.language)

    async def _uncovered(self) -> str | None:
        """Return in words when no band holds, None where one always does."""
        bands = contract_of(self._draft or {}, PricesConfig().contract).buy.bands
        found = first_uncovered(bands) if bands else None
        if found is None:
            return None
        moment, kind = found
        is_seasonal = any(len(band.months) < len(MONTHS) for band in bands)
        return await self._moment(moment, MONTHS[moment.month - 1] if is_seasonal else None, kind)

    async def _moment(self, moment: datetime, month: str | None = None, kind: DayKind | None = None) -> str:
        """Return a moment of the week in the language of the home: Monday 17:00."""
        day = await self._word("weekday", DAYS[moment.weekday()])
        words = [f"{day} {moment:%H:%M}"]
        words += [await self._word(key, value) for key, value in (("month", month), ("day_kind", kind)) if value]
        return ", ".join(words)

    async def _word(self, key: str, option: str) -> str:
        """Return what an option of a select is called."""
        texts = await async_get_translations(self.hass, self.hass.config.language, "selector", {DOMAIN})
        return texts.get(f"component.{DOMAIN}.selector.{key}.options.{option}", option)

    def _present_prices(self) -> dict[str, Any]:
        """Return the prices of the options as the forms have them: what is damaged is mended, entities have names."""
        data = self.config_entry.options.get(CONF_PRICES)
        if not isinstance(data, Mapping):
            return {}
        config = PricesConfig.from_options(self.config_entry.options)
        names = {CONF_KIND_TODAY: config.day_kind_today, CONF_KIND_TOMORROW: config.day_kind_tomorrow}
        present = {key: present_id(self.hass, named) for key, named in names.items()}
        return {
            **contract_data(config.contract),
            CONF_PRESET: config.preset.value,
            CONF_SOURCE: config.source,
            CONF_FALLBACK: config.fallback_per_kwh,
            CONF_MAY_CHARGE: config.may_charge_from_grid,
            CONF_MAY_DELIVER: config.may_deliver_to_grid,
            CONF_INSISTS: config.insists,
            **{key: entity for key, entity in present.items() if entity},
        }

    def _held_source(self, draft: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the form of the source holds."""
        source = draft.get(CONF_SOURCE, "")
        if not source.startswith(ENTITY_SOURCE):
            return {CONF_SOURCE: source} if source else {}
        entity = present_id(self.hass, source.removeprefix(ENTITY_SOURCE))
        return {CONF_SOURCE: ENTITY} | ({CONF_PRICE_ENTITY: entity} if entity else {})

    def _kept(self) -> dict[str, Any]:
        """Return what options hold of the draft: entities by what outlives a new name."""
        draft = self._draft or {}
        return draft | {key: lasting_id(self.hass, draft[key]) for key in COLOURS if draft.get(key)}
