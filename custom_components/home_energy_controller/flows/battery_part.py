"""Adding one battery to a site, and changing one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryData,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT

from ..const import (
    CONF_CAPACITY_WH,
    CONF_FIRMWARE,
    CONF_LIMITS,
    CONF_MAC,
    CONF_MODEL,
    CONF_OWN_METER,
    CONF_POWER_CLASS_W,
    CONF_RELEASE,
    DEFAULT_CAPACITY_WH,
    MAX_BATTERIES,
    RELEASE_DEFAULT,
    SUBENTRY_BATTERY,
)
from ..control.model import OwnMeter
from ..marstek.errors import MarstekError, MarstekWrongDevice
from ..marstek.profiles import firmware_text, model_name, profile_for
from .battery import TOO_MANY, BatteryFlow, limit_told
from .battery_form import CONF_CAPACITY_KWH, details_data, probed_data, reconfigure_schema
from .forms import PartFlow, error_key, show_form
from .probe import InvalidAddress, battery_address, battery_client, probe


class BatterySubentryFlow(BatteryFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], PartFlow):
    """Adds one battery to a site, or changes it."""

    _title = ""
    _updates: Mapping[str, Any] = MappingProxyType({})
    """What is to change of a battery: its name, and its data."""

    @property
    @override
    def _site(self) -> ConfigEntry:
        """Return the site: while it is loaded, its client holds the socket that batteries answer to."""
        return self._get_entry()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how to find the battery, while there is room for one."""
        if len(list(self._site.get_subentries_of_type(SUBENTRY_BATTERY))) >= MAX_BATTERIES:
            return self.async_abort(reason=TOO_MANY, description_placeholders=limit_told({"base": TOO_MANY}))
        return self.async_show_menu(step_id="user", menu_options=["scan", "address"])

    @override
    async def _async_add(self, batteries: tuple[ConfigSubentryData, ...]) -> SubentryFlowResult:
        """Add the battery; the entry's update listener reloads the site."""
        (battery,) = batteries
        return self.async_create_entry(title=battery["title"], data=battery["data"], unique_id=battery["unique_id"])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the address of a battery, or what its owner told about it."""
        subentry = self._get_reconfigure_subentry()
        if user_input is None:
            return self._reconfigure_form({})
        self._typed, self._asked_in = user_input, "reconfigure"
        self._asking = self.hass.async_create_task(self._async_updates(subentry, user_input), "ask a battery")
        return await self.async_step_ask()

    @override
    async def async_step_asked(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change the battery as its owner typed, unless that makes no sense; ask where it has consequences."""
        asking = self._asking
        if self._asked_in != "reconfigure" or self._typed is None or asking is None:
            return await super().async_step_asked()
        subentry = self._get_reconfigure_subentry()  # It may have been removed while the battery was asked.
        try:
            asking.result()
        except (InvalidAddress, MarstekError) as err:
            return self._reconfigure_form({"base": error_key(err)})
        self._title = self._typed[CONF_NAME].strip() or subentry.title
        data = {**subentry.data, **self._updates}
        if errors := self._name_trouble(self._title, subentry.title) or self._limits_trouble(data):
            return self._reconfigure_form(errors)
        if self._is_bound(data, before=subentry.data):
            self._bound = ("reconfigure", self._title)
            return await self.async_step_cannot_lead()
        return self._change()

    @override
    async def async_step_keep_limits(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Go on with limits that keep the battery from leading."""
        return self._change() if self._updates else await super().async_step_keep_limits()

    def _change(self) -> SubentryFlowResult:
        """Change the battery; the entry's update listener reloads the site."""
        subentry = self._get_reconfigure_subentry()
        return self.async_update_and_abort(self._site, subentry, title=self._title, data_updates=self._updates)

    def _reconfigure_form(self, errors: dict[str, str]) -> SubentryFlowResult:
        """Return the form, with what was typed, where it was open before."""
        subentry = self._get_reconfigure_subentry()
        data = subentry.data
        choices = {*profile_for(data[CONF_MODEL], data[CONF_FIRMWARE]).power_class_choices, data[CONF_POWER_CLASS_W]}
        circuits = self._names_and_circuits()[1]
        schema = reconfigure_schema(sorted(choices), circuits, is_open=CONF_LIMITS in errors)
        shown = self._typed or _suggested_changes(subentry)
        names = {"model": model_name(data[CONF_MODEL]), "firmware": firmware_text(data[CONF_FIRMWARE])}
        return show_form(self, "reconfigure", schema, shown, errors, **names, host=shown[CONF_HOST])

    async def _async_updates(self, subentry: ConfigSubentry, user_input: Mapping[str, Any]) -> None:
        """Note what changes; raises MarstekWrongDevice unless the same battery answers at a new address."""
        self._updates = {
            **details_data(user_input),
            CONF_CAPACITY_WH: round(user_input[CONF_CAPACITY_KWH] * 1000),
            CONF_RELEASE: user_input[CONF_RELEASE],
        }
        host, port = await battery_address(self.hass, user_input[CONF_HOST], int(user_input[CONF_PORT]))
        if (host, port) == (subentry.data[CONF_HOST], subentry.data[CONF_PORT]):
            return
        async with battery_client(self._site) as client:
            battery = await probe(client, host, port)
        if battery.mac != subentry.data[CONF_MAC]:
            raise MarstekWrongDevice(subentry.data[CONF_MAC], battery.mac)
        self._updates |= probed_data(battery)


def _suggested_changes(subentry: ConfigSubentry) -> dict[str, Any]:
    """Return a battery's form as it is configured now."""
    data = subentry.data
    own_meter = data.get(CONF_OWN_METER)
    return {
        **data,
        CONF_OWN_METER: OwnMeter.THIS.value if own_meter == OwnMeter.YES else own_meter,
        CONF_NAME: subentry.title,
        CONF_POWER_CLASS_W: str(data[CONF_POWER_CLASS_W]),
        CONF_CAPACITY_KWH: data.get(CONF_CAPACITY_WH, DEFAULT_CAPACITY_WH) / 1000,
        CONF_RELEASE: data.get(CONF_RELEASE, RELEASE_DEFAULT),
        CONF_LIMITS: data,
    }
