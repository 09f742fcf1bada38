"""What control would do now, before there is a site: for the last page of set-up."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import CONF_MAC
from ..control.cycle import foresee
from ..control.model import BatteryObservation, Mode, Snapshot, Timed
from ..control.net_load import sample_net_load
from ..control.settings import Settings
from ..marstek.client import MarstekClient
from ..marstek.errors import MarstekError
from ..marstek.profiles import profile_for
from ..meter.base import MeterError
from ..site.config import BatteryConfig, SiteOptions
from ..site.meter import make_meter, read_patiently
from ..site.summary import summarise
from ..site.words import SUMMARY, Words
from .probe import ProbedBattery, battery_client, probe

CYCLES: Final = 4
EVERY_S: Final = 10.0
"""So many cycles, so far apart, as if nothing changed: the first alone settles nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The page's three texts, in the home's language."""

    grid: str
    batteries: str
    summary: str

    @property
    def placeholders(self) -> dict[str, str]:
        """Return what the page fills in."""
        return {"grid": self.grid, "batteries": self.batteries, "summary": self.summary}


async def async_preview(
    hass: HomeAssistant, meter: Mapping[str, Any], batteries: Sequence[ConfigSubentryData], options: Mapping[str, Any]
) -> Preview:
    """Read the meter and the batteries, and return what control would do; who is silent counts as unknown."""
    words = await Words.async_load(hass)
    async with battery_client() as client:
        asked = asyncio.gather(*(_async_ask(client, battery["data"]) for battery in batteries))
        grid_w, seen = await asyncio.gather(_async_read(hass, meter), asked)
    names = {battery["data"][CONF_MAC]: battery["title"] for battery in batteries}
    now = hass.loop.time()
    settings = _settings(batteries, options)
    steps = [
        (now + EVERY_S * cycle, _snapshot(grid_w, settings, seen, now + EVERY_S * cycle)) for cycle in range(CYCLES)
    ]
    return Preview(
        grid=_grid(grid_w, words),
        batteries=", ".join(
            f"{battery['title']} {'?' if each is None or each.soc_pct is None else f'{each.soc_pct:.0f} %'}"
            for battery, each in zip(batteries, seen, strict=True)
        ),
        summary=summarise(foresee(steps, settings), names, words, would=True),
    )


def _grid(power_w: float | None, words: Words) -> str:
    """Return what the meter reads, in words."""
    key = "meter_lost" if power_w is None else "from_grid" if power_w >= 0 else "to_grid"
    return words.text(f"{SUMMARY}.{key}").format(power=words.power(power_w or 0.0))


def _settings(batteries: Sequence[ConfigSubentryData], options: Mapping[str, Any]) -> Settings:
    """Return what control is told, switched off."""
    configs = [BatteryConfig.from_data(battery["data"]) for battery in batteries]
    return Settings(
        enabled=False,
        **SiteOptions(options).limits,
        batteries=tuple(config.settings(profile_for(config.model, config.firmware), None) for config in configs),
    )


def _snapshot(grid_w: float | None, settings: Settings, seen: Sequence[ProbedBattery | None], now: float) -> Snapshot:
    """Return the site as if everything had been read just now."""
    batteries = tuple(
        BatteryObservation(battery_id=own.battery_id)
        if each is None
        else BatteryObservation(
            battery_id=own.battery_id,
            soc_pct=None if each.soc_pct is None else Timed(each.soc_pct, now),
            power_w=None if each.power_w is None else Timed(each.power_w, now),
            mode=None if each.mode is None else Timed(each.mode, now),
        )
        for own, each in zip(settings.batteries, seen, strict=True)
    )
    meter_w = None if grid_w is None else Timed(grid_w, now)
    leader_id = next((seen.battery_id for seen in batteries if seen.mode and seen.mode.value is Mode.AUTO), None)
    sample = sample_net_load(meter_w, meter_w, batteries, leader_id, now)
    return Snapshot(
        meter_w=meter_w, batteries=batteries, net_load_w=(sample,) if sample else (), local_time=dt_util.now()
    )


async def _async_read(hass: HomeAssistant, meter: Mapping[str, Any]) -> float | None:
    """Return what the meter reads (W, + import); None while it does not answer."""
    try:
        return (await read_patiently(make_meter(hass, meter, hass.loop.time))).power_w
    except MeterError:
        return None


async def _async_ask(client: MarstekClient, data: Mapping[str, Any]) -> ProbedBattery | None:
    """Return what a battery tells; None while it is silent."""
    try:
        return await probe(client, data[CONF_HOST], data[CONF_PORT])
    except MarstekError:
        return None
