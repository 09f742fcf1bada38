"""Repairs that the owner can finish in Home Assistant."""

from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import CONF_INVERT, CONF_METER


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


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    entry_id = str((data or {}).get("entry_id"))
    entry = hass.config_entries.async_get_entry(entry_id)
    if issue_id.endswith("_not_started"):
        return StartFlow(entry)
    return SiteRepairFlow(entry, flip_sign=issue_id.endswith("_meter_sign"))
