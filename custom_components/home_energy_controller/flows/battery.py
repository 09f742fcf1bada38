"""Finding batteries, asking them who they are and their owner about them; adding one to a site, and changing one."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryData,
    SubentryFlowContext,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.helpers import selector
import voluptuous as vol

from ..const import (
    CONF_CAPACITY_WH,
    CONF_CEILING_PCT,
    CONF_CIRCUIT,
    CONF_FIRMWARE,
    CONF_LIMITS,
    CONF_MAC,
    CONF_MAX_CHARGE_W,
    CONF_MAX_DISCHARGE_W,
    CONF_MODEL,
    CONF_OWN_METER,
    CONF_POWER_CLASS_W,
    CONF_RELEASE,
    DEFAULT_BATTERY_PORT,
    DEFAULT_CAPACITY_WH,
    DEFAULT_POWER_CLASS_W,
    MAX_BATTERIES,
    RELEASE_DEFAULT,
    SUBENTRY_BATTERY,
)
from ..control.model import OwnMeter
from ..marstek.client import MarstekClient
from ..marstek.errors import MarstekError, MarstekWrongDevice
from ..marstek.profiles import firmware_text, model_name, profile_for
from ..site.config import SiteOptions
from ..site.search import configured_macs, search
from ..site.store import StoredSite
from .battery_form import (
    CONF_CAPACITY_KWH,
    details_data,
    details_schema,
    new_subentry,
    probed_data,
    reconfigure_schema,
    unused_name,
)
from .forms import (
    LEAST_LIMIT_W,
    AlreadyConfigured,
    FlowTrouble,
    PartFlow,
    error_key,
    is_bound,
    port_selector,
    show_form,
)
from .probe import InvalidAddress, ProbedBattery, battery_address, battery_client, parse_address, probe

CONF_FOUND: Final = "found"
TOO_MANY: Final = "too_many_batteries"


class BatteryFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """Finds batteries by broadcast (step `scan`) or by address (step `address`): many for a new site, else one."""

    _found: Mapping[str, str] = MappingProxyType({})
    """What tells the batteries that answered the broadcast apart, by address."""
    _scan: asyncio.Task[dict[str, str]] | None = None
    _batteries: tuple[ProbedBattery, ...] = ()
    """Those that their owner still has to be asked about."""
    _subentries: tuple[ConfigSubentryData, ...] = ()
    _warned: Mapping[str, Any] | None = None
    """What its owner was told the consequences of."""

    @property
    def _site(self) -> ConfigEntry | None:
        """Return the site that a battery is added to; None while it is being set up."""
        return None

    @abstractmethod
    async def _async_add(self, batteries: tuple[ConfigSubentryData, ...]) -> ResultT:
        """End the flow with these batteries."""

    async def async_step_scan(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Search for batteries; that takes ten seconds, which are shown as progress."""
        if self._scan is None:
            self._scan = self.hass.async_create_task(self._async_scan(), "search for batteries")
        if not self._scan.done():
            return self.async_show_progress(step_id="scan", progress_action="scan", progress_task=self._scan)
        self._found, self._scan = self._scan.result(), None
        return self.async_show_progress_done(next_step_id="choose" if self._found else "nothing_found")

    async def async_step_nothing_found(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Offer what can be done when no battery answered."""
        return self.async_show_menu(step_id="nothing_found", menu_options=["scan", "address"])

    async def async_step_choose(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Choose among the batteries that were found."""
        several = self._site is None
        options: list[selector.SelectOptionDict] = [
            {"value": address, "label": label} for address, label in self._found.items()
        ]
        mode = selector.SelectSelectorMode.LIST
        field = selector.SelectSelector({"options": options, "multiple": several, "mode": mode})
        default = list(self._found) if several else next(iter(self._found))
        return await self._async_step_pick("choose", {vol.Required(CONF_FOUND, default=default): field}, user_input)

    async def async_step_address(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Type the addresses of batteries."""
        fields: dict[vol.Required, Any] = {
            vol.Required(CONF_HOST): selector.TextSelector({"multiple": self._site is None}),
            vol.Required(CONF_PORT, default=DEFAULT_BATTERY_PORT): port_selector(),
        }
        return await self._async_step_pick("address", fields, user_input)

    async def async_step_battery(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask what only the owner knows, battery after battery."""
        battery, *others = self._batteries
        new = None if user_input is None else new_subentry(battery, user_input)
        trouble = {} if new is None else self._new_trouble(new)
        if new is not None and not trouble:
            self._subentries = (*self._subentries, new)
            self._batteries = tuple(others)
            if others:
                return await self.async_step_battery()
            if configured_macs(self.hass) & {subentry["unique_id"] for subentry in self._subentries}:
                # Another flow was faster.
                return self.async_abort(reason="already_configured")
            return await self._async_add(self._subentries)
        names, circuits = self._names_and_circuits()
        suggested = {CONF_NAME: unused_name(battery.name, names), CONF_POWER_CLASS_W: str(DEFAULT_POWER_CLASS_W)}
        suggested[CONF_OWN_METER] = OwnMeter.UNSURE.value
        schema = details_schema(battery.profile.power_class_choices, circuits)
        return self.async_show_form(
            step_id="battery",
            data_schema=self.add_suggested_values_to_schema(schema, user_input or suggested),
            description_placeholders=battery.placeholders | _limit_told(trouble),
            errors=trouble or battery.caution,
            last_step=not others,
        )

    async def _async_step_pick(
        self, step_id: str, fields: dict[vol.Required, Any], user_input: dict[str, Any] | None
    ) -> ResultT:
        """Ask every battery that was picked who it is, and go on once all of them told."""
        errors: dict[str, str] = {}
        failed: list[str] = []
        if user_input is not None:
            picked: str | list[str] = user_input.get(CONF_FOUND) or user_input.get(CONF_HOST) or []
            addresses = [text for text in ([picked] if isinstance(picked, str) else picked) if text.strip()]
            port = int(user_input.get(CONF_PORT, DEFAULT_BATTERY_PORT))
            failures = _entered_twice(addresses, port) or dict.fromkeys(addresses[MAX_BATTERIES:], TOO_MANY)
            failures = failures or await self._async_probe(addresses, port)
            if self._batteries and not failures:
                return await self.async_step_battery()
            errors["base"] = next(iter(failures.values()), "no_battery_chosen")
            failed = [address for address, key in failures.items() if key == errors["base"]]
        # Where several may be typed, a line is there to type the first into.
        suggested = user_input or ({CONF_HOST: [""]} if self._site is None else {})
        names = {"host": ", ".join(failed)} | _limit_told(errors)
        return show_form(self, step_id, vol.Schema(fields), suggested, errors, **names)

    async def _async_probe(self, addresses: list[str], default_port: int) -> dict[str, str]:
        """Take the batteries at these addresses, each once; return the error keys of the addresses that failed."""
        async with battery_client(self._site) as client:
            answers = await asyncio.gather(*(self._async_ask(client, text, default_port) for text in addresses))
        # By MAC, because a unit on both LAN and Wi-Fi answers at two addresses (jaapp#31).
        self._batteries = tuple(
            {answer.mac: answer for answer in answers if isinstance(answer, ProbedBattery)}.values()
        )
        return {
            text: error_key(answer)
            for text, answer in zip(addresses, answers, strict=True)
            if not isinstance(answer, ProbedBattery)
        }

    async def _async_ask(self, client: MarstekClient, address: str, default_port: int) -> ProbedBattery | FlowTrouble:
        """Return the battery at an address, or what is wrong with it."""
        try:
            battery = await probe(client, *await battery_address(self.hass, address, default_port))
        except (InvalidAddress, MarstekError) as err:
            return err
        return AlreadyConfigured() if battery.mac in configured_macs(self.hass) else battery

    async def _async_scan(self) -> dict[str, str]:
        """Return address and label of the batteries that answer a broadcast and belong to no site yet."""
        async with battery_client(self._site) as client:
            found = await search(self.hass, client)
        known = configured_macs(self.hass)
        # The address carries its port, the usual one as well, so that it means the same wherever it is read.
        return {
            f"{device.host}:{device.port}": (
                f"{model_name(device.info.model)} ({firmware_text(device.info.firmware)}), {device.host}"
            )
            for device in found
            if device.info.ble_mac not in known
        }

    def _new_trouble(self, new: ConfigSubentryData) -> dict[str, str]:
        """Return the error of a new battery."""
        site = self._site
        configured = [] if site is None else list(site.get_subentries_of_type(SUBENTRY_BATTERY))
        if len(configured) + len(self._subentries) >= MAX_BATTERIES:
            return {"base": TOO_MANY}
        return self._name_trouble(new["title"]) or self._limits_trouble(new["data"])

    def _limits_trouble(self, data: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Return the error of limits that make no sense; who was warned of their consequences once, may go on."""
        if any(0 < data[key] < LEAST_LIMIT_W for key in (CONF_MAX_CHARGE_W, CONF_MAX_DISCHARGE_W)):
            return {"base": "limit_too_small"}
        site = self._site
        is_loaded = site is not None and site.state is ConfigEntryState.LOADED
        stored = site.runtime_data.store.site if site is not None and is_loaded else StoredSite()
        if data[CONF_CEILING_PCT] <= stored.battery(data[CONF_MAC]).reserve_pct:
            return {"base": "ceiling_below_reserve"}
        circuits = {} if site is None else SiteOptions(site.options).circuits
        if is_bound(data, circuits) and not (before and is_bound(before, circuits)) and data != self._warned:
            self._warned = data
            return {"base": "cannot_lead"}
        return {}

    def _name_trouble(self, name: str, present: str | None = None) -> dict[str, str]:
        """Return the error of a new name that another battery has: lists by name would show only one of them."""
        names = self._names_and_circuits()[0] - {present}
        return {CONF_NAME: "name_taken"} if name in names else {}

    def _names_and_circuits(self) -> tuple[set[str], set[str]]:
        """Return the names and circuits that batteries of this site have."""
        batteries = [(subentry["title"], subentry["data"]) for subentry in self._subentries]
        if self._site is not None:
            configured = self._site.get_subentries_of_type(SUBENTRY_BATTERY)
            batteries += [(subentry.title, subentry.data) for subentry in configured]
        limited = set() if self._site is None else set(SiteOptions(self._site.options).circuits)
        return {title for title, _ in batteries}, limited | {data.get(CONF_CIRCUIT, "") for _, data in batteries} - {""}


def _entered_twice(addresses: list[str], default_port: int) -> dict[str, str]:
    """Return the error key of what leads to the same address as what was typed before it."""
    twice: dict[str, str] = {}
    seen: set[tuple[str, int]] = set()
    for text in addresses:
        with suppress(InvalidAddress):
            address = parse_address(text, default_port)
            if address in seen:
                twice[text.strip()] = "address_twice"
            seen.add(address)
    return twice


def _limit_told(errors: Mapping[str, str]) -> dict[str, str]:
    """Return what the text of an error about too many batteries tells."""
    return {"most": str(MAX_BATTERIES)} if errors.get("base") == TOO_MANY else {}


class BatterySubentryFlow(BatteryFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], PartFlow):
    """Adds one battery to a site, or changes it."""

    @property
    @override
    def _site(self) -> ConfigEntry:
        """Return the site: while it is loaded, its client holds the socket that batteries answer to."""
        return self._get_entry()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask how to find the battery, while there is room for one."""
        if len(list(self._site.get_subentries_of_type(SUBENTRY_BATTERY))) >= MAX_BATTERIES:
            return self.async_abort(reason=TOO_MANY, description_placeholders=_limit_told({"base": TOO_MANY}))
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
                errors = self._name_trouble(title, subentry.title)
                errors = errors or self._limits_trouble({**data, **updates}, before=data)
            subentry = self._get_reconfigure_subentry()  # It may have been removed while the battery was asked.
            if not errors:
                return self.async_update_and_abort(self._site, subentry, title=title, data_updates=updates)
        choices = {*profile_for(data[CONF_MODEL], data[CONF_FIRMWARE]).power_class_choices, data[CONF_POWER_CLASS_W]}
        schema = reconfigure_schema(sorted(choices), self._names_and_circuits()[1])
        shown = user_input or _suggested_changes(subentry)
        names = {"model": model_name(data[CONF_MODEL]), "firmware": firmware_text(data[CONF_FIRMWARE])}
        return show_form(self, "reconfigure", schema, shown, errors, **names, host=shown[CONF_HOST])

    async def _async_updates(self, subentry: ConfigSubentry, user_input: dict[str, Any]) -> dict[str, Any]:
        """Return what changes; raises MarstekWrongDevice unless the same battery answers at a new address."""
        updates = {
            **details_data(user_input),
            CONF_CAPACITY_WH: round(user_input[CONF_CAPACITY_KWH] * 1000),
            CONF_RELEASE: user_input[CONF_RELEASE],
        }
        host, port = await battery_address(self.hass, user_input[CONF_HOST], int(user_input[CONF_PORT]))
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
