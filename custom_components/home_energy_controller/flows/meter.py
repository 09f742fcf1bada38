"""The steps in which a flow asks for the meter, and shows what it reads."""

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
)
from homeassistant.const import CONF_ENTITY_ID, CONF_HOST, CONF_IP_ADDRESS, CONF_PORT
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import selector
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import voluptuous as vol

from ..const import (
    CONF_INVERT,
    CONF_METER,
    CONF_METER_TYPE,
    CONF_PRODUCT,
    CONF_SERIAL,
    DEFAULT_METER_PORT,
    DEFAULT_METER_PORT_V2,
    METER_HOMEWIZARD,
    METER_HOMEWIZARD_V2,
    METER_SENSOR,
)
from ..meter.base import MeterError, MeterStale, MeterUnauthorized, MeterUnreachable, NotAGridMeter
from ..meter.homewizard import GRID_METERS, HomeWizardMeter, MeterIdentity
from ..site.foreign_entities import lasting_id, own_entities, present_id
from ..site.meter import make_meter, phases_add_up, read_patiently
from ..site.pairing import UnpairedMeter
from ..site.sensor_meter import opposite_sensor
from .forms import error_key, show_form
from .pairing import PairingFlow
from .probe import InvalidAddress, format_address, parse_address

SERVICE_V2: Final = "_homewizard._tcp."
P1: Final = "HWE-P1"
TEXT: Final = selector.TextSelector()

OLDEST_READING_S: Final = 3600
"""A sensor may be written on change only; one that has said nothing for this long is shown to its owner as dead."""


class MeterFlow(PairingFlow[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow):
    """Asks what measures the grid connection, for a new site (menu `user`) or another meter (menu `reconfigure`)."""

    _meter: Mapping[str, Any] = MappingProxyType({})
    _power_w = 0.0
    _tells_phases = False
    _twin = ""
    """What looks like the other half of the sensor at hand."""

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what measures the grid connection."""
        return self.async_show_menu(step_id="user", menu_options=[METER_HOMEWIZARD, METER_SENSOR])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what measures the grid connection from now on."""
        return self.async_show_menu(step_id="reconfigure", menu_options=[METER_HOMEWIZARD, METER_SENSOR])

    async def async_step_homewizard(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a HomeWizard meter, and read it."""
        errors: dict[str, str] = {}
        product = ""
        if user_input is not None:
            try:
                return await self._async_confirm(await self._async_homewizard(user_input[CONF_HOST]))
            except (InvalidAddress, MeterError) as err:
                if isinstance(err, MeterError) and await self._async_speaks_v2(user_input[CONF_HOST], err):
                    return await self._async_pair_or_read()
                errors[CONF_HOST] = error_key(err)
                product = str(err)  # Only the message about a wrong product shows it.
        schema = vol.Schema({vol.Required(CONF_HOST): self._host_selector()})
        return show_form(self, "homewizard", schema, user_input or self._suggested(), errors, product=product)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Pair the meter of a site again, which does not accept our token any more."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what is going to happen: the time to press the button runs from then on."""
        if user_input is None:
            return show_form(self, "reauth_confirm", vol.Schema({}), {}, {})
        self._unpaired = UnpairedMeter.of(self._get_reauth_entry().data[CONF_METER])
        return await self.async_step_pair()

    @override
    async def _async_paired(self, meter: dict[str, Any]) -> ConfigFlowResult:
        """Keep the new token, or show what the meter reads."""
        if self.source == SOURCE_REAUTH:
            return self.async_update_and_abort(self._get_reauth_entry(), data_updates={CONF_METER: meter})
        return await self._async_confirm(meter)

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Follow the meter of a site to its new address, once it showed there who it is, or offer a first site."""
        try:
            meter = await self._async_announced(discovery_info)
        except InvalidAddress, MeterError:
            return self.async_abort(reason="not_ours")
        sites = self._async_current_entries(include_ignore=False)
        for site in sites:
            known = site.data[CONF_METER]
            if known.get(CONF_SERIAL) == meter[CONF_SERIAL]:
                # A P1 announces its IPv6 and its IPv4 address in turn: one that works is no reason to start again. Nor
                # is the other version of its API.
                is_same = known[CONF_METER_TYPE] == meter[CONF_METER_TYPE]
                if is_same and not await self._async_answers(known):
                    self.hass.config_entries.async_update_entry(site, data={**site.data, CONF_METER: known | meter})
                return self.async_abort(reason="already_configured")
        # The id is for this flow only, so that one meter is offered once, and never again when it is ignored.
        await self.async_set_unique_id(meter[CONF_SERIAL])
        self._abort_if_unique_id_configured()
        if sites:
            return self.async_abort(reason="not_ours")
        self._meter = meter
        return await self.async_step_homewizard()

    async def async_step_sensor(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a power sensor of Home Assistant and its sign, and read it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                # By its registry id where it has one: that survives renaming.
                sensor = lasting_id(self.hass, user_input[CONF_ENTITY_ID])
                meter = {CONF_METER_TYPE: METER_SENSOR, CONF_ENTITY_ID: sensor, CONF_INVERT: user_input[CONF_INVERT]}
                return await self._async_confirm(meter)
            except MeterError as err:
                errors[CONF_ENTITY_ID] = error_key(err)
        choice = selector.EntitySelector(
            {"filter": {"domain": "sensor", "device_class": "power"}, "exclude_entities": own_entities(self.hass)}
        )
        schema = vol.Schema(
            {vol.Required(CONF_ENTITY_ID): choice, vol.Required(CONF_INVERT, default=False): selector.BooleanSelector()}
        )
        return show_form(self, "sensor", schema, user_input or self._suggested(), errors)

    async def _async_announced(self, info: ZeroconfServiceInfo) -> dict[str, Any]:
        """Return the meter that is announced; raises MeterError unless it is there and what it says."""
        if not info.type.startswith(SERVICE_V2):
            port = info.port or DEFAULT_METER_PORT
            return await self._async_homewizard(format_address(info.host, port, DEFAULT_METER_PORT))
        told = info.properties
        identity = MeterIdentity.of(told.get("product_type"), told.get("product_name"), told.get("serial"))
        if not identity.is_grid_meter:
            raise NotAGridMeter(identity.product_name)
        meter = {
            CONF_METER_TYPE: METER_HOMEWIZARD_V2,
            CONF_HOST: info.host,
            CONF_PORT: info.port or DEFAULT_METER_PORT_V2,
            CONF_SERIAL: identity.serial,
            CONF_PRODUCT: identity.product_type,
        }
        # Its certificate shows it, though it does not know us.
        if not await UnpairedMeter.of(meter).async_is_there(self.hass):
            raise MeterUnreachable("Announced, and not there")
        return meter

    async def _async_speaks_v2(self, address: str, failure: MeterError) -> bool:
        """Return whether a meter that cannot be read in the first way can be in the second, and be ready to pair it."""
        if isinstance(failure, NotAGridMeter | MeterStale):
            return False
        host, port = parse_address(address, DEFAULT_METER_PORT_V2)
        self._unpaired = UnpairedMeter(host=host, port=port)
        return await self._unpaired.async_is_there(self.hass)

    async def _async_pair_or_read(self) -> ConfigFlowResult:
        """Pair a meter, unless a site has it: a new token would end the one that the site reads it with."""
        for site in self._async_current_entries(include_ignore=False):
            meter = site.data[CONF_METER]
            here = (meter[CONF_METER_TYPE], meter.get(CONF_HOST), meter.get(CONF_PORT))
            if here != (METER_HOMEWIZARD_V2, self._unpaired.host, self._unpaired.port):
                continue
            if self.source != SOURCE_RECONFIGURE or site is not self._get_reconfigure_entry():
                return self.async_abort(reason="already_configured")
            with suppress(MeterUnauthorized):
                return await self._async_confirm(dict(meter))
        return await self.async_step_pair()

    async def _async_answers(self, meter: Mapping[str, Any]) -> bool:
        """Return whether a meter still answers, as itself, where it is known to be."""
        if meter[CONF_METER_TYPE] == METER_HOMEWIZARD_V2:
            return await UnpairedMeter.of(meter).async_is_there(self.hass)
        port = meter.get(CONF_PORT, DEFAULT_METER_PORT)
        try:
            found = await self._async_homewizard(format_address(meter[CONF_HOST], port, DEFAULT_METER_PORT))
        except InvalidAddress, MeterError:
            return False
        return bool(found[CONF_SERIAL] == meter[CONF_SERIAL])

    async def _async_homewizard(self, address: str) -> dict[str, Any]:
        """Return the meter at an address; raises NotAGridMeter unless it tells that it is one."""
        host, port = parse_address(address, DEFAULT_METER_PORT)
        session, clock = async_get_clientsession(self.hass), self.hass.loop.time
        identity = await HomeWizardMeter(session, host, port=port, clock=clock).identify()
        if not identity.is_grid_meter:
            raise NotAGridMeter(identity.product_name)
        return {CONF_METER_TYPE: METER_HOMEWIZARD, CONF_HOST: host, CONF_PORT: port, CONF_SERIAL: identity.serial}

    async def _async_confirm(self, meter: dict[str, Any]) -> ConfigFlowResult:
        """Read the meter and show what it says, so that a wrong one is seen before it does harm; raises MeterError."""
        self._abort_if_meter_is_taken(meter)
        clock = self.hass.loop.time
        reading = await read_patiently(make_meter(self.hass, meter, clock))
        if clock() - (reading.reported_at or reading.at) > OLDEST_READING_S:
            raise MeterStale("The sensor was not renewed for too long")
        self._meter, self._power_w = meter, reading.power_w
        self._tells_phases = reading.phases_w is not None and phases_add_up(reading)
        if meter[CONF_METER_TYPE] == METER_SENSOR and not reading.is_export:
            twin = opposite_sensor(self.hass, present_id(self.hass, meter[CONF_ENTITY_ID]) or "")
            if twin is not None:
                self._twin = twin
                return await self.async_step_one_direction()
        return await self.async_step_use_sensor()

    async def async_step_one_direction(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that a sensor seems to show one direction only, and ask whether it does."""
        return self.async_show_menu(
            step_id="one_direction",
            menu_options=["use_sensor", "sensor"],
            description_placeholders={"twin": self._twin},
        )

    async def async_step_use_sensor(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the meter reads."""
        return await (self.async_step_confirm_export() if self._power_w < 0 else self.async_step_confirm_import())

    async def async_step_confirm_import(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show that the house takes power from the grid."""
        return self._confirmation("confirm_import")

    async def async_step_confirm_export(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show that the house feeds power into the grid."""
        return self._confirmation("confirm_export")

    def _confirmation(self, step_id: str) -> ConfigFlowResult:
        """Return the menu with the live reading: go on, or choose another meter."""
        options = ["save", "reconfigure"] if self.source == SOURCE_RECONFIGURE else ["scan", "address", "user"]
        return self.async_show_menu(
            step_id=step_id, menu_options=options, description_placeholders={"power": f"{abs(self._power_w):.0f}"}
        )

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give the site its other meter; the entry's update listener reloads it."""
        return self.async_update_and_abort(self._get_reconfigure_entry(), data_updates={CONF_METER: self._meter})

    def _abort_if_meter_is_taken(self, meter: Mapping[str, Any]) -> None:
        """Raise AbortFlow for a meter that another site has: two controllers on one meter would fight."""
        own = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        others = [entry for entry in self._async_current_entries(include_ignore=False) if entry is not own]
        if self._meter_id(meter) in {self._meter_id(entry.data[CONF_METER]) for entry in others}:
            raise AbortFlow("already_configured")

    def _meter_id(self, meter: Mapping[str, Any]) -> str | None:
        """Return what is unique to a meter: its serial (or address), or its present entity id."""
        if meter[CONF_METER_TYPE] != METER_SENSOR:
            return str(meter.get(CONF_SERIAL) or meter[CONF_HOST])
        return present_id(self.hass, meter[CONF_ENTITY_ID])

    def _suggested(self) -> dict[str, Any]:
        """Return the meter at hand: the one read before, the site's own, or that of the HomeWizard integration."""
        meter = self._meter
        if not meter and self.source == SOURCE_RECONFIGURE:
            meter = self._get_reconfigure_entry().data[CONF_METER]
        if not meter:
            return {CONF_HOST: next(iter(self._known_meters()), "")} if self._known_meters() else {}
        if meter[CONF_METER_TYPE] == METER_SENSOR:
            return {CONF_ENTITY_ID: self._meter_id(meter), CONF_INVERT: meter.get(CONF_INVERT, False)}
        usual = DEFAULT_METER_PORT if meter[CONF_METER_TYPE] == METER_HOMEWIZARD else DEFAULT_METER_PORT_V2
        return {CONF_HOST: format_address(meter[CONF_HOST], meter.get(CONF_PORT, usual), usual)}

    def _host_selector(self) -> selector.Selector[Any]:
        """Return a field for the address of a meter: one that Home Assistant has is chosen, any other typed."""
        options: list[selector.SelectOptionDict] = [
            {"value": host, "label": f"{name} ({host})"} for host, name in self._known_meters().items()
        ]
        return selector.SelectSelector({"options": options, "custom_value": True}) if options else TEXT

    def _known_meters(self) -> dict[str, str]:
        """Return the meters of the HomeWizard integration, by address."""
        known = self.hass.config_entries.async_entries("homewizard", include_ignore=False)
        return {
            entry.data[CONF_IP_ADDRESS]: entry.title
            for entry in known
            # Its ids are "<product>_<serial>".
            if CONF_IP_ADDRESS in entry.data and (entry.unique_id or P1).partition("_")[0] in GRID_METERS
        }
