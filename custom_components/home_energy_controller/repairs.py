"""Repairs that the owner can finish in Home Assistant."""

from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .const import CONF_INVERT, CONF_METER
from .flows.pairing import PairingFlow
from .site.pairing import UnpairedMeter


class SiteRepairFlow(ConfirmRepairFlow):
    """Asks for a yes and starts the site again: what it believed of batteries and meter is put to the test anew."""

    def __init__(self, entry: ConfigEntry | None, *, flip_sign: bool) -> None:
        """Note which site it is about, and whether its sensor's sign is to be reversed."""
        self._entry = entry
        self._flip_sign = flip_sign

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, then reverse the sign, which reloads the entry, or reload it as it is."""
        entry = None if user_input is None else self._entry
        if entry is not None and self._flip_sign:
            meter = entry.data[CONF_METER]
            meter = {**meter, CONF_INVERT: not meter.get(CONF_INVERT, False)}
            self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_METER: meter})
        elif entry is not None:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return await super().async_step_confirm(user_input)


class StartFlow(ConfirmRepairFlow):
    """Asks for a yes and switches the controller on."""

    def __init__(self, entry: ConfigEntry | None) -> None:
        """Note which site it is about."""
        self._entry = entry

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, then switch it on; raises as the switch does."""
        entry = None if user_input is None else self._entry
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            await entry.runtime_data.requests.async_set_enabled(True)
        return await super().async_step_confirm(user_input)


class PairingRepairFlow(PairingFlow[Any, RepairsFlowResult, str], RepairsFlow):
    """Leads a site whose meter has lost its first API to the second one, which takes the meter's button."""

    def __init__(self, entry: ConfigEntry) -> None:
        """Note which site it is about."""
        self._entry = entry

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say what is going to happen."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Wait until its owner stands beside the meter: the time to press the button runs from then on."""
        if user_input is None:
            return self.async_show_form(step_id="confirm", data_schema=vol.Schema({}))
        self._unpaired = UnpairedMeter.of(self._entry.data[CONF_METER])
        return await self.async_step_pair()

    @override
    async def _async_paired(self, meter: dict[str, Any]) -> RepairsFlowResult:
        """Give the site its meter, which starts it again."""
        data = {**self._entry.data, CONF_METER: meter}
        if self.hass.config_entries.async_get_entry(self._entry.entry_id) is not None:
            self.hass.config_entries.async_update_entry(self._entry, data=data)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    entry = hass.config_entries.async_get_entry(str((data or {}).get("entry_id")))
    if entry is not None and issue_id.endswith("_meter_v1_gone"):
        return PairingRepairFlow(entry)
    if issue_id.endswith("_not_started"):
        return StartFlow(entry)
    return SiteRepairFlow(entry, flip_sign=issue_id.endswith("_meter_sign"))
