"""Where the plan's inputs come from: the market, the forecast of the sun, and what was measured."""

from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..planning.forecasts import HABIT_DAYS, published_until
from ..planning.slots import PER_DAY, slot_of
from .contract import PricesConfig
from .forecasts import async_solar_forecast
from .history import async_home_history
from .plan_file import PlanPast
from .price_reader import PriceProblem
from .price_sources import async_read_market

_LOGGER = logging.getLogger(__name__)

ASK_AGAIN: Final = timedelta(minutes=55)
"""Prices that are known already, and forecasts, are asked for about once an hour."""
RECENT: Final = timedelta(hours=3)
BACK_DAYS: Final = 14


class PlanInputs:
    """Reads what is due into the past of the plan; whatever fails, what is known stays."""

    def __init__(self, hass: HomeAssistant, entry_id: str, past: PlanPast) -> None:
        """Begin with nothing read."""
        self._hass, self._entry_id, self._past = hass, entry_id, past
        self._config: PricesConfig | None = None
        self._prices_at: datetime | None = None
        self.prices_failed_since: datetime | None = None
        """Since when the source has told no prices that can be used; None while it does."""
        self._forecast_at: datetime | None = None
        self._history_day: int | None = None

    async def async_read(self, config: PricesConfig, now: datetime) -> None:
        """Read what is due."""
        if config != self._config:  # Another source, or taxes that it counts in: read at once.
            self._config, self._prices_at = config, None
        if config.contract.follows_market:
            await self._async_prices(config, now)
        else:
            self.prices_failed_since = None
        await self._async_forecast(now)
        await self._async_history(now)

    async def _async_prices(self, config: PricesConfig, now: datetime) -> None:
        """Read the market, unless all that is published is known."""
        until = published_until(slot_of(now), dt_util.get_default_time_zone())
        is_known = until - 1 in self._past.spot and slot_of(now) in self._past.spot
        if is_known and self._prices_at is not None and now - self._prices_at < ASK_AGAIN:
            return
        answer = await async_read_market(self._hass, config, now)
        self._prices_at = now
        if isinstance(answer, PriceProblem):
            # An entity that tells the present price only never tells others.
            is_lost = answer is not PriceProblem.NO_PRICES or config.price_sensor is None
            self.prices_failed_since = (self.prices_failed_since or now) if is_lost else None
            return
        self.prices_failed_since = None
        self._past.spot.update(answer)

    async def async_past_prices(self, config: PricesConfig, now: datetime) -> None:
        """Read the market's prices of the last two weeks, where the source still knows them."""
        for days in range(2, BACK_DAYS + 1, 2):
            answer = await async_read_market(self._hass, config, now - timedelta(days=days))
            if isinstance(answer, PriceProblem):
                return
            self._past.spot.update({slot: price for slot, price in answer.items() if slot <= slot_of(now)})

    async def _async_forecast(self, now: datetime) -> None:
        """Read the forecast of the sun: what it says of slots that have passed is not changed any more."""
        if self._forecast_at is not None and now - self._forecast_at < ASK_AGAIN:
            return
        forecast = await async_solar_forecast(self._hass)
        self._forecast_at = now
        if forecast is not None and not forecast.is_empty:
            coming = {slot: power_w for slot, power_w in forecast.by_slot.items() if slot >= slot_of(now)}
            known = self._past.sun_forecast_w
            # The sum of less than all roofs is too low: it changes nothing that was forecast by all of them.
            known.update(
                {slot: known.get(slot, power_w) for slot, power_w in coming.items()} if forecast.missing else coming
            )

    async def _async_history(self, now: datetime) -> None:
        """Read what the Energy dashboard counted: of four weeks once a day, else of the last hours."""
        day = slot_of(now) // PER_DAY
        is_new_day = day != self._history_day
        begin = now - (timedelta(days=HABIT_DAYS) if is_new_day else RECENT)
        home = await async_home_history(self._hass, begin, now, battery_statistics=self._own_statistics())
        if home.problem is None:  # Else all of it is asked for again: a dashboard may be set up at any hour.
            self._history_day = day
            self._past.load_w.update(home.load_w)
            self._past.sun_w.update(home.sun_w)

    def _own_statistics(self) -> list[tuple[str, str]]:
        """Return what counts our batteries (discharged, charged), for a dashboard that does not: that is no load."""
        registry = er.async_get(self._hass)
        given_id, taken_id = (
            registry.async_get_entity_id("sensor", DOMAIN, f"{self._entry_id}_{key}")
            for key in ("energy_discharged", "energy_charged")
        )
        return [(given_id, taken_id)] if given_id and taken_id else []
