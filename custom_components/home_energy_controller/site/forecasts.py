"""What the sun will yield, by the forecasts that the owner gave to the Energy dashboard."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from itertools import pairwise
import logging
from statistics import median
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..planning.slots import SLOT_S, by_slot, slot_of
from .dashboard import async_forecasters, async_sources
from .foreign_calls import async_outcome
from .price_reader import Row, moments, number_of

_LOGGER = logging.getLogger(__name__)

LONGEST: Final = timedelta(hours=3)
"""A longer pause is a night, not a slot."""
LONGEST_NIGHT: Final = timedelta(hours=18)
"""In Helsinki in December; over a longer pause, nothing is known."""

type Forecaster = Callable[[HomeAssistant, str], Awaitable[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarForecast:
    """What the forecasts of the Energy dashboard say together."""

    by_slot: dict[int, float]
    """Mean W, of all that is produced; 0 at night, and not there from the day on that one of them does not know."""
    read_at: datetime
    is_empty: bool
    """They say nothing of the time to come, or only zeros: no dark day, but one that is not forecast yet."""
    missing: int = 0
    """How many of them said nothing: the sum is too low by these."""


async def async_solar_forecast(hass: HomeAssistant) -> SolarForecast | None:
    """Return the sum of the forecasts; None without any, and where Home Assistant does not tell. 10 s each at most."""
    sources = await async_sources(hass, "solar")
    entry_ids = {each for source in sources for each in source.get("config_entry_solar_forecast") or ()}
    forecasters = await async_forecasters(hass)
    if not entry_ids or not forecasters:
        return None
    zone = dt_util.get_default_time_zone()
    told = [await _async_rows(hass, forecasters, entry_id, zone) for entry_id in sorted(entry_ids)]
    forecasts = [rows for rows in told if rows]
    now, summed = dt_util.utcnow(), _sum(forecasts, zone)
    return SolarForecast(
        by_slot=summed,
        read_at=now,
        is_empty=not any(power_w > 0 for slot, power_w in summed.items() if slot >= slot_of(now)),
        missing=len(told) - len(forecasts),
    )


async def _async_rows(
    hass: HomeAssistant, forecasters: Mapping[str, Forecaster], entry_id: str, zone: tzinfo
) -> list[Row]:
    """Return what one forecast says (W), nothing where it is not there or fails."""
    entry = hass.config_entries.async_get_entry(entry_id)
    forecaster = forecasters.get(entry.domain) if entry else None
    if entry is None or forecaster is None or entry.state is not ConfigEntryState.LOADED:
        return []
    outcome = await async_outcome(hass, _async_call(forecaster, hass, entry_id))
    if isinstance(outcome, BaseException):
        _LOGGER.debug("%s does not forecast: %r", entry.title, outcome)
    wh_by_start = outcome.get("wh_hours") if isinstance(outcome, Mapping) else None
    return power_rows(wh_by_start, zone) if isinstance(wh_by_start, Mapping) else []


async def _async_call(forecaster: Forecaster, hass: HomeAssistant, entry_id: str) -> Mapping[str, Any] | None:
    """Ask within the task that is bounded: what it raises before it waits is caught there as well."""
    return await forecaster(hass, entry_id)


def power_rows(wh_by_start: Mapping[Any, Any], zone: tzinfo) -> list[Row]:
    """Return the mean W of each slot that energy (Wh) by its start tells; 0 over a night between.

    The energy of a start is that until the next one. The last of a day lasts as long as most do.
    """
    read = zip(moments(wh_by_start, zone), map(number_of, wh_by_start.values()), strict=True)
    energies = {start: wh for start, wh in read if start is not None and wh is not None and wh >= 0}
    starts = sorted(energies)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    short = [gap.total_seconds() for gap in gaps if gap <= LONGEST]
    if not short:
        return []
    usual = timedelta(seconds=median(short))
    rows: list[Row] = []
    for start, gap in zip(starts, [*gaps, usual], strict=True):
        length = gap if gap <= LONGEST else usual
        rows.append((start, start + length, energies[start] / (length / timedelta(hours=1))))
        if length < gap <= LONGEST_NIGHT:
            rows.append((start + length, start + gap, 0.0))
    return rows


def _sum(forecasts: list[list[Row]], zone: tzinfo) -> dict[int, float]:
    """Return the sum of forecasts by slot (W), up to the end of the last day that all of them know."""
    total: defaultdict[int, float] = defaultdict(float)
    if not forecasts:
        return {}
    last_day = min(rows[-1][0].astimezone(zone).date() for rows in forecasts)
    end_s = datetime.combine(last_day + timedelta(days=1), time(), zone).timestamp()
    for rows in forecasts:
        for slot, power_w in by_slot(rows).items():
            if slot * SLOT_S < end_s:
                total[slot] += power_w
    return dict(total)
