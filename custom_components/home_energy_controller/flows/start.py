"""The end of set-up: the main fuse, what control would do now, and whether it starts."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, ConfigSubentryData
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.helpers import selector
import voluptuous as vol

from ..const import (
    CONF_MAX_EXPORT_W,
    CONF_MAX_IMPORT_W,
    CONF_MAX_PHASE_EXPORT_W,
    CONF_MAX_PHASE_IMPORT_W,
    CONF_METER,
    CONF_PHASES,
    CONF_STARTS,
)
from ..site.config import VOLTAGE_V
from ..site.search import configured_macs
from ..site.words import Words
from .forms import is_soon_done, number_box, show_form
from .meter import MeterFlow
from .preview import Preview, async_preview

CONF_FUSE: Final = "fuse"
CONF_AMPERE: Final = "ampere"
OTHER: Final = "other"
UNKNOWN: Final = "unknown"
FUSES: Final[Mapping[str, tuple[int, int]]] = {"1x25": (1, 25), "1x35": (1, 35), "3x25": (3, 25)}
"""Phases and amperes of the usual connections."""
LEAST_A, MOST_A = 6, 200


def fuse_limits(phases: int, ampere: int, *, tells_phases: bool) -> dict[str, int]:
    """Return the limits (W) of a connection: of all phases together and, where the meter tells, of each."""
    phase_w = ampere * VOLTAGE_V
    limits = dict.fromkeys((CONF_MAX_IMPORT_W, CONF_MAX_EXPORT_W), phases * phase_w)
    if phases > 1 and tells_phases:
        limits |= dict.fromkeys((CONF_MAX_PHASE_IMPORT_W, CONF_MAX_PHASE_EXPORT_W), phase_w)
    return limits


class StartFlow(MeterFlow):
    """Ends the set-up of a site, once its batteries are known."""

    _parts: tuple[ConfigSubentryData, ...] = ()
    """The batteries of the new site."""
    _limits: Mapping[str, int] = MappingProxyType({})
    _preview: asyncio.Task[Preview] | None = None

    async def async_step_fuse(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the main fuse, which is what the connection carries."""
        if user_input is not None:
            if user_input[CONF_FUSE] == OTHER:
                return await self.async_step_other_fuse()
            known = FUSES.get(user_input[CONF_FUSE])
            return await self._async_limited(*known) if known else await self._async_look({})
        mode = selector.SelectSelectorMode.LIST
        fuses = selector.SelectSelector({"options": [*FUSES, OTHER, UNKNOWN], "translation_key": "fuse", "mode": mode})
        return show_form(self, "fuse", vol.Schema({vol.Required(CONF_FUSE): fuses}), {}, {})

    async def async_step_other_fuse(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a fuse that is not in the list."""
        if user_input is not None:
            return await self._async_limited(int(user_input[CONF_PHASES]), int(user_input[CONF_AMPERE]))
        phases = selector.SelectSelector({"options": ["1", "3"]})
        ampere = number_box(LEAST_A, MOST_A, UnitOfElectricCurrent.AMPERE)
        schema = vol.Schema({vol.Required(CONF_PHASES): phases, vol.Required(CONF_AMPERE): ampere})
        return show_form(self, "other_fuse", schema, {CONF_PHASES: "3"}, {})

    async def _async_limited(self, phases: int, ampere: int) -> ConfigFlowResult:
        """Go on with a fuse."""
        return await self._async_look(fuse_limits(phases, ampere, tells_phases=self._tells_phases))

    async def _async_look(self, limits: Mapping[str, int]) -> ConfigFlowResult:
        """Look at the home, and at what control would do in it."""
        self._limits = limits
        preview = async_preview(self.hass, self._meter, self._parts, limits)
        self._preview = self.hass.async_create_task(preview, "look at the home")
        return await self.async_step_look()

    async def async_step_look(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait for meter and batteries; that takes a moment, which is shown as progress."""
        if self._preview is not None and not await is_soon_done(self._preview):
            return self.async_show_progress(step_id="look", progress_action="look", progress_task=self._preview)
        return self.async_show_progress_done(next_step_id="start")

    async def async_step_start(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what control would do now, and ask whether it is to start."""
        if self._preview is None:
            return await self._async_look(self._limits)
        words = await Words.async_load(self.hass)
        return self.async_show_menu(
            step_id="start",
            menu_options=["start_now", "only_watch"],
            description_placeholders=self._preview.result().placeholders | {"limit": self._told_limit(words)},
        )

    async def async_step_start_now(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the site with its controller on."""
        return self._create(starts=True)

    async def async_step_only_watch(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Create the site with its controller off."""
        return self._create(starts=False)

    def _create(self, *, starts: bool) -> ConfigFlowResult:
        """Create the site, under the name that its owner gave the home."""
        self._abort_if_meter_is_taken(self._meter)
        if configured_macs(self.hass) & {battery["unique_id"] for battery in self._parts}:
            return self.async_abort(reason="already_configured")  # Another flow was faster.
        return self.async_create_entry(
            title=self.hass.config.location_name,
            data={CONF_METER: self._meter, **({CONF_STARTS: True} if starts else {})},
            options=self._limits,
            subentries=self._parts,
        )

    def _told_limit(self, words: Words) -> str:
        """Return in words what the batteries leave to the connection."""
        total_w, phase_w = self._limits.get(CONF_MAX_IMPORT_W), self._limits.get(CONF_MAX_PHASE_IMPORT_W)
        key = "unlimited" if total_w is None else "limited" if phase_w is None else "limited_phases"
        told = {"power": words.power(total_w or 0), "phase": words.power(phase_w or 0)}
        return words.text(f"selector.connection.options.{key}").format(**told)
