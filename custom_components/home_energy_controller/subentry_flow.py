"""Adding a battery to a site, and changing one."""

from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryFlow,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT

from .battery_flow import BatteryFlow
from .const import (
    CONF_CAPACITY_WH,
    CONF_FIRMWARE,
    CONF_MAC,
    CONF_MODEL,
    CONF_POWER_CLASS_W,
    CONF_RELEASE,
    DEFAULT_CAPACITY_WH,
    RELEASE_DEFAULT,
)
from .flow_helpers import (
    CONF_CAPACITY_KWH,
    InvalidAddress,
    battery_client,
    details_data,
    error_key,
    firmware_text,
    model_name,
    parse_address,
    probe,
    probed_data,
    reconfigure_schema,
)
from .marstek import MarstekError, MarstekWrongDevice, profile_for


class BatterySubentryFlow(BatteryFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ConfigSubentryFlow):
    """Adds one battery to a site, or changes it."""

    @property
    @override
    def _site(self) -> ConfigEntry:
        """Return the site: while it is loaded, its client holds the socket that batteries answer to."""
        return self._get_entry()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how to find the battery."""
        return self.async_show_menu(step_id="user", menu_options=["scan", "address"])

    @override
    async def _async_add(self, batteries: tuple[ConfigSubentryData, ...]) -> SubentryFlowResult:
        """Add the battery; the entry's update listener reloads the site."""
        (battery,) = batteries
        return self.async_create_entry(title=battery["title"], data=battery["data"], unique_id=battery["unique_id"])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the address of a battery, or what its owner told about it."""
        subentry = self._get_reconfigure_subentry()
        data = subentry.data
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                updates = await self._async_updates(subentry, user_input)
            except (InvalidAddress, MarstekError) as err:
                errors["base"] = error_key(err)
            else:
                title = user_input[CONF_NAME].strip() or subentry.title
                return self.async_update_and_abort(self._site, subentry, title=title, data_updates=updates)
        choices = {*profile_for(data[CONF_MODEL], data[CONF_FIRMWARE]).power_class_choices, data[CONF_POWER_CLASS_W]}
        schema = reconfigure_schema(sorted(choices), self._names_and_circuits()[1])
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or _suggested_changes(subentry)),
            description_placeholders={
                "model": model_name(data[CONF_MODEL]),
                "firmware": firmware_text(data[CONF_FIRMWARE]),
                "host": data[CONF_HOST] if user_input is None else user_input[CONF_HOST],
            },
            errors=errors,
        )

    async def _async_updates(self, subentry: ConfigSubentry, user_input: dict[str, Any]) -> dict[str, Any]:
        """Return what changes; a new address counts only once the same battery answered there."""
        updates = {
            **details_data(user_input),
            CONF_CAPACITY_WH: round(user_input[CONF_CAPACITY_KWH] * 1000),
            CONF_RELEASE: user_input[CONF_RELEASE],
        }
        host, port = parse_address(user_input[CONF_HOST], int(user_input[CONF_PORT]))
        if (host, port) == (subentry.data[CONF_HOST], subentry.data[CONF_PORT]):
            return updates
        async with battery_client(self._site) as client:
            battery = await probe(client, host, port)
        if battery.mac != subentry.data[CONF_MAC]:
            raise MarstekWrongDevice(subentry.data[CONF_MAC], battery.mac)
        return {**updates, **probed_data(battery)}


def _suggested_changes(subentry: ConfigSubentry) -> dict[str, Any]:
    """Return a battery's form as it is configured now."""
    data = subentry.data
    return {
        **data,
        CONF_NAME: subentry.title,
        CONF_POWER_CLASS_W: str(data[CONF_POWER_CLASS_W]),
        CONF_CAPACITY_KWH: data.get(CONF_CAPACITY_WH, DEFAULT_CAPACITY_WH) / 1000,
        CONF_RELEASE: data.get(CONF_RELEASE, RELEASE_DEFAULT),
    }
