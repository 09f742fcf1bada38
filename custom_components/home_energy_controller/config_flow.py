"""Setting up a site: its meter, then its batteries."""

from typing import override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo

from .const import CONF_MAC, DOMAIN, SUBENTRY_BATTERY, SUBENTRY_CHARGER
from .flows.battery import BatteryFlow
from .flows.battery_part import BatterySubentryFlow
from .flows.charger import ChargerSubentryFlow
from .flows.forms import error_key
from .flows.options import SiteOptionsFlow
from .flows.probe import battery_client, probe
from .flows.start import StartFlow
from .marstek.errors import MarstekError
from .site.search import configured_batteries


class SiteConfigFlow(BatteryFlow[ConfigFlowContext, ConfigFlowResult, str], StartFlow, domain=DOMAIN):
    """Sets up a site, changes its meter, and follows batteries to new addresses."""

    VERSION = 1
    MINOR_VERSION = 2

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a site."""
        return {SUBENTRY_BATTERY: BatterySubentryFlow, SUBENTRY_CHARGER: ChargerSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SiteOptionsFlow:
        """Return the flow of the options."""
        return SiteOptionsFlow()

    @override
    async def _async_add(self, batteries: tuple[ConfigSubentryData, ...]) -> ConfigFlowResult:
        """Go on to the end of set-up with these batteries."""
        self._abort_if_meter_is_taken(self._meter)
        self._parts = batteries
        return await self.async_step_fuse()

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Follow a battery of ours to its new address, once it told there who it is."""
        mac, host = discovery_info.macaddress, discovery_info.ip
        for entry, subentry in configured_batteries(self.hass):
            data = subentry.data
            if mac != data[CONF_MAC]:
                continue
            if host == data[CONF_HOST]:
                return self.async_abort(reason="already_configured")
            try:
                async with battery_client(entry) as client:
                    battery = await probe(client, host, data[CONF_PORT])
            except MarstekError as err:
                return self.async_abort(reason=error_key(err), description_placeholders={"host": host})
            if battery.mac != data[CONF_MAC]:
                return self.async_abort(reason="wrong_device", description_placeholders={"host": host})
            self.hass.config_entries.async_update_subentry(entry, subentry, data={**data, CONF_HOST: host})
            return self.async_abort(reason="already_configured")
        return self.async_abort(reason="not_ours")
