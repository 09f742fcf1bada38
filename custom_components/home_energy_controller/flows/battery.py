"""Finding batteries, asking them who they are and their owner about them; adding one to a site, and changing one."""

from abc import abstractmethod
import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.helpers import selector
import voluptuous as vol

from ..const import (
    CONF_CEILING_PCT,
    CONF_CIRCUIT,
    CONF_LIMITS,
    CONF_MAC,
    CONF_MAX_CHARGE_W,
    CONF_MAX_DISCHARGE_W,
    CONF_OWN_METER,
    CONF_POWER_CLASS_W,
    DEFAULT_BATTERY_PORT,
    DEFAULT_POWER_CLASS_W,
    MAX_BATTERIES,
    SUBENTRY_BATTERY,
)
from ..control.model import OwnMeter
from ..marstek.client import MarstekClient
from ..marstek.errors import MarstekError
from ..marstek.profiles import firmware_text, model_name
from ..site.config import SiteOptions
from ..site.search import configured_macs, search
from ..site.store import StoredSite
from .battery_form import (
    details_schema,
    new_subentry,
    unused_name,
)
from .forms import (
    LEAST_LIMIT_W,
    AlreadyConfigured,
    FlowTrouble,
    error_key,
    is_bound,
    is_soon_done,
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
    _typed: Mapping[str, Any] | None = None
    """What a form holds when it is shown again."""
    _failures: Mapping[str, str] = MappingProxyType({})
    """The error keys of the addresses that were typed or picked: shown once."""
    _asking: asyncio.Task[None] | None = None
    _asked_in = "address"
    """The step that asks batteries who they are."""
    _bound = ("", "")
    """The form whose limits keep a battery from leading, and its name."""
    _accepted: frozenset[str] = frozenset()
    """Batteries, by MAC, that are added though their firmware loses its settings."""

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
        battery = self._batteries[0]
        if battery.profile.reset_prone and battery.mac not in self._accepted:
            return await self.async_step_firmware_resets()
        trouble: dict[str, str] = {}
        if user_input is not None:
            self._typed = user_input
            new = new_subentry(battery, user_input)
            trouble = self._new_trouble(new)
            if not trouble and self._is_bound(new["data"]):
                self._bound = ("battery", new["title"])
                return await self.async_step_cannot_lead()
            if not trouble:
                return await self._async_take(new)
        names, circuits = self._names_and_circuits()
        suggested = {CONF_NAME: unused_name(battery.name, names), CONF_POWER_CLASS_W: str(DEFAULT_POWER_CLASS_W)}
        suggested[CONF_OWN_METER] = OwnMeter.UNSURE.value
        schema = details_schema(battery.profile.power_class_choices, circuits, is_open=CONF_LIMITS in trouble)
        return self.async_show_form(
            step_id="battery",
            data_schema=self.add_suggested_values_to_schema(schema, self._typed or suggested),
            description_placeholders=battery.placeholders | self._place | limit_told(trouble),
            errors=trouble,
            last_step=self._site is not None,
        )

    @property
    def _place(self) -> dict[str, str]:
        """Return which of how many is asked about: on a phone all else of the next form looks like the one before."""
        done = len(self._subentries)
        return {"number": str(done + 1), "count": str(done + len(self._batteries))}

    async def async_step_firmware_resets(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Warn of firmware that can lose its settings because somebody talks to it."""
        return self.async_show_menu(
            step_id="firmware_resets",
            menu_options=["accept_firmware", "leave_out"],
            description_placeholders=self._batteries[0].placeholders,
        )

    async def async_step_accept_firmware(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Go on with a battery that is read with care."""
        self._accepted |= {self._batteries[0].mac}
        return await self.async_step_battery()

    async def async_step_leave_out(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Go on without a battery."""
        self._batteries = self._batteries[1:]
        return await self._async_next()

    async def async_step_keep_limits(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Take a battery that its limits keep from leading, as its owner wants it."""
        return await self._async_take(new_subentry(self._batteries[0], self._typed or {}))

    async def async_step_cannot_lead(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Say that a battery cannot lead like this, and ask whether that is meant."""
        back, name = self._bound
        return self.async_show_menu(
            step_id="cannot_lead", menu_options=["keep_limits", back], description_placeholders={"name": name}
        )

    async def _async_take(self, new: ConfigSubentryData) -> ResultT:
        """Take a battery, and ask about the next one."""
        self._subentries = (*self._subentries, new)
        self._batteries, self._typed = self._batteries[1:], None
        return await self._async_next()

    async def _async_next(self) -> ResultT:
        """Ask about the next battery; without one, end."""
        if self._batteries:
            return await self.async_step_battery()
        if not self._subentries:
            return self.async_abort(reason="left_out")
        if configured_macs(self.hass) & {subentry["unique_id"] for subentry in self._subentries}:
            # Another flow was faster.
            return self.async_abort(reason="already_configured")
        return await self._async_add(self._subentries)

    async def _async_step_pick(
        self, step_id: str, fields: dict[vol.Required, Any], user_input: dict[str, Any] | None
    ) -> ResultT:
        """Ask every battery that was picked who it is, and go on once all of them told."""
        if user_input is not None:
            self._typed, self._asked_in = user_input, step_id
            picked: str | list[str] = user_input.get(CONF_FOUND) or user_input.get(CONF_HOST) or []
            addresses = [text for text in ([picked] if isinstance(picked, str) else picked) if text.strip()]
            port = int(user_input.get(CONF_PORT, DEFAULT_BATTERY_PORT))
            refused = _entered_twice(addresses, port) or dict.fromkeys(addresses[MAX_BATTERIES:], TOO_MANY)
            self._failures = refused if addresses else {"": "no_battery_chosen"}
            if not self._failures:
                self._asking = self.hass.async_create_task(self._async_probe(addresses, port), "ask batteries")
                return await self.async_step_ask()
        # What is told was told: should the form come back, it is without an old error.
        failures: Mapping[str, str] = self._failures
        self._failures = MappingProxyType({})
        errors = {"base": next(iter(failures.values()))} if failures else {}
        failed = [address for address, key in failures.items() if key == errors["base"]]
        # Where several may be typed, a line is there to type the first into.
        typed = self._typed if self._asked_in == step_id else None
        suggested = typed or ({CONF_HOST: [""]} if self._site is None else {})
        names = {"host": ", ".join(failed)} | limit_told(errors)
        return show_form(self, step_id, vol.Schema(fields), suggested, errors, **names)

    async def async_step_ask(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Wait for the answers; that takes up to a quarter of a minute for one that is silent, shown as progress."""
        if self._asking is not None and not await is_soon_done(self._asking):
            return self.async_show_progress(step_id="ask", progress_action="ask", progress_task=self._asking)
        return self.async_show_progress_done(next_step_id="asked")

    async def async_step_asked(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Go on with the batteries that told who they are, or show again where they were picked."""
        if self._asking is not None:
            self._asking.result()
        if self._batteries and not self._failures:
            self._typed = None
            return await self.async_step_battery()
        self._failures = self._failures or {"": "no_battery_chosen"}
        return await (self.async_step_choose() if self._asked_in == "choose" else self.async_step_address())

    async def _async_probe(self, addresses: list[str], default_port: int) -> None:
        """Take the batteries at these addresses, each once, and note which addresses failed, and why."""
        async with battery_client(self._site) as client:
            answers = await asyncio.gather(*(self._async_ask(client, text, default_port) for text in addresses))
        # By MAC, because a unit on both LAN and Wi-Fi answers at two addresses (jaapp#31).
        self._batteries = tuple(
            {answer.mac: answer for answer in answers if isinstance(answer, ProbedBattery)}.values()
        )
        self._failures = {
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

    def _limits_trouble(self, data: Mapping[str, Any]) -> dict[str, str]:
        """Return the error of limits that make no sense."""
        if any(0 < data[key] < LEAST_LIMIT_W for key in (CONF_MAX_CHARGE_W, CONF_MAX_DISCHARGE_W)):
            return {CONF_LIMITS: "limit_too_small"}
        site = self._site
        is_loaded = site is not None and site.state is ConfigEntryState.LOADED
        stored = site.runtime_data.store.site if site is not None and is_loaded else StoredSite()
        if data[CONF_CEILING_PCT] <= stored.battery(data[CONF_MAC]).reserve_pct:
            return {CONF_LIMITS: "ceiling_below_reserve"}
        return {}

    def _is_bound(self, data: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> bool:
        """Return whether its limits keep a battery from leading, and did not before."""
        circuits = {} if self._site is None else SiteOptions(self._site.options).circuits
        return is_bound(data, circuits) and not (before and is_bound(before, circuits))

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


def limit_told(errors: Mapping[str, str]) -> dict[str, str]:
    """Return what the text of an error about too many batteries tells."""
    return {"most": str(MAX_BATTERIES)} if errors.get("base") == TOO_MANY else {}
