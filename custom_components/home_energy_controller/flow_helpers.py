"""What the flows share: addresses, error keys, asking a battery who it is, and the forms about a battery."""

import asyncio
from collections.abc import AsyncIterator, Container, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry, ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, PERCENTAGE, UnitOfEnergy, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult, section
from homeassistant.helpers import selector
import voluptuous as vol
from yarl import URL

from .addresses import device_host
from .const import (
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
    CONF_PHASE,
    CONF_POWER_CLASS_W,
    CONF_RELEASE,
    CONF_SLOTS_CLEARED,
    DEFAULT_BATTERY_PORT,
    DEFAULT_CAPACITY_WH,
    DEFAULT_CEILING_PCT,
    DEFAULT_LIMIT_W,
    DEFAULT_POWER_CLASS_W,
    DOMAIN,
    PHASE_CHOICES,
    RELEASE_DEFAULT,
    SUBENTRY_BATTERY,
)
from .control.model import OwnMeter, Release
from .flow_parts import FiniteNumber
from .marstek.client import MarstekClient
from .marstek.device import MarstekDevice
from .marstek.discovery import discover
from .marstek.errors import (
    MarstekConnectionError,
    MarstekError,
    MarstekProtocolError,
    MarstekTimeout,
    MarstekWrongDevice,
)
from .marstek.models import DeviceInfo, DiscoveredDevice
from .marstek.profiles import Family, Profile, firmware_text, model_name
from .meter.base import MeterApiDisabled, MeterError, MeterInvalidReply, MeterNotFound, MeterStale, MeterUnreachable
from .sensor_meter import SensorMissing, SensorNotPower

CONF_CAPACITY_KWH: Final = "capacity_kwh"

CAPACITIES_WH: Final = {Family.HMG25: 2560, Family.VENUS_A: 2120, Family.VENUS_D: 2560}
"""Of the base unit, where the battery itself does not tell; packs below it, the owner then adds up in its settings."""

LEAST_LIMIT_W: Final = 100
"""The app offers no less, and below it efficiency is poor."""

CHARGE_LIMIT_S: Final = 4.0
"""The state of charge is shown when it comes in time; nobody waits at a form for a battery that stays mute."""


class InvalidAddress(Exception):  # noqa: N818 - named after what was typed
    """What was typed is no host with an optional port."""


class NotAGridMeter(MeterError):  # noqa: N818 - named after what was found
    """A HomeWizard product that does not measure the grid connection."""


class PortTaken(MarstekError):  # noqa: N818 - named after what was found
    """No answer, while another program holds the port that some firmware answers to only."""


class AlreadyConfigured(Exception):  # noqa: N818 - named after what was found
    """The battery belongs to a site already."""


type FlowTrouble = MeterError | MarstekError | InvalidAddress | AlreadyConfigured

ERROR_KEYS: Final[Mapping[type[BaseException], str]] = {
    InvalidAddress: "invalid_address",
    AlreadyConfigured: "battery_already_configured",
    NotAGridMeter: "not_a_grid_meter",
    MeterUnreachable: "meter_unreachable",
    MeterApiDisabled: "meter_api_disabled",
    MeterNotFound: "meter_not_found",
    MeterInvalidReply: "meter_invalid_reply",
    MeterStale: "sensor_stale",
    SensorMissing: "sensor_missing",
    SensorNotPower: "sensor_not_power",
    MarstekTimeout: "battery_silent",
    PortTaken: "port_taken",
    MarstekConnectionError: "battery_unreachable",
    MarstekWrongDevice: "wrong_device",
    MarstekError: "battery_invalid_reply",
}


def error_key(err: FlowTrouble) -> str:
    """Return the translation key of what went wrong: the one of the nearest class that has one."""
    return next(ERROR_KEYS[kind] for kind in type(err).__mro__ if kind in ERROR_KEYS)


def parse_address(text: str, default_port: int) -> tuple[str, int]:
    """Return host and port of "host", "host:port" or an address copied from a browser; raise InvalidAddress."""
    text = text.strip()
    try:
        url = URL(text if "://" in text else f"http://{text}")
        host, port = device_host(url.host or ""), default_port if url.explicit_port is None else url.explicit_port
    except ValueError as err:
        raise InvalidAddress(text) from err
    if not port:
        raise InvalidAddress(text)
    return host, port


async def battery_address(hass: HomeAssistant, text: str, default_port: int) -> tuple[str, int]:
    """Return host and port of one battery; raise InvalidAddress, also for what reaches a whole network."""
    host, port = parse_address(text, default_port)
    if host in await _network_broadcasts(hass):
        raise InvalidAddress(text)
    return host, port


async def _network_broadcasts(hass: HomeAssistant) -> list[str]:
    """Return the broadcast addresses of the networks that Home Assistant is on."""
    return [str(address) for address in await network.async_get_ipv4_broadcast_addresses(hass)]


def format_address(host: str, port: int, default_port: int) -> str:
    """Return host and port as `parse_address` reads them, the usual port left out."""
    host = f"[{host}]" if ":" in host else host
    return host if port == default_port else f"{host}:{port}"


@asynccontextmanager
async def battery_client(entry: ConfigEntry | None = None) -> AsyncIterator[MarstekClient]:
    """Lend the client of a loaded entry, which owns the socket on the batteries' port; without one, open our own."""
    if entry is not None and entry.state is ConfigEntryState.LOADED:
        yield entry.runtime_data.client
        return
    client = MarstekClient()
    try:
        yield client
    finally:
        await client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedBattery:
    """A battery that told who it is."""

    host: str
    port: int
    mac: str
    info: DeviceInfo
    profile: Profile
    soc_pct: float | None
    capacity_wh: int
    """What it tells, or what its model has."""

    @property
    def name(self) -> str:
        """Return the model as people write it."""
        return model_name(self.info.model)

    @property
    def placeholders(self) -> dict[str, str]:
        """Return what a form tells about it."""
        return {
            "model": self.name,
            "firmware": firmware_text(self.info.firmware),
            "soc": "?" if self.soc_pct is None else f"{self.soc_pct:.0f} %",
            "host": format_address(self.host, self.port, DEFAULT_BATTERY_PORT),
        }

    @property
    def caution(self) -> dict[str, str]:
        """Return what a form must warn of: firmware that can lose its settings because somebody talks to it."""
        return {"base": "firmware_resets"} if self.profile.reset_prone else {}


async def probe(client: MarstekClient, host: str, port: int) -> ProbedBattery:
    """Ask the device at an address who it is; raise MarstekError when nobody says so."""
    device = MarstekDevice(client, host, port)
    try:
        info = await device.identify()
    except MarstekTimeout as err:
        if port in client.taken_ports:
            raise PortTaken from err
        raise
    if info.ble_mac is None:
        raise MarstekProtocolError("The device does not tell who it is")
    with suppress(MarstekError, TimeoutError):
        async with asyncio.timeout(CHARGE_LIMIT_S):
            await device.read_mode()
    with suppress(MarstekError, TimeoutError):
        async with asyncio.timeout(CHARGE_LIMIT_S):
            if device.profile.battery_status_safe:
                await device.read_battery()
    told_wh = device.battery.capacity_wh if device.battery else None
    return ProbedBattery(
        host=host,
        port=port,
        mac=info.ble_mac,
        info=info,
        profile=device.profile,
        soc_pct=device.soc_pct.value if device.soc_pct else None,
        capacity_wh=round(told_wh or CAPACITIES_WH.get(device.profile.family, DEFAULT_CAPACITY_WH)),
    )


def configured_batteries(hass: HomeAssistant) -> Iterator[tuple[ConfigEntry, ConfigSubentry]]:
    """Return every battery of every site."""
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        for subentry in entry.get_subentries_of_type(SUBENTRY_BATTERY):
            yield entry, subentry


def configured_macs(hass: HomeAssistant) -> set[str]:
    """Return the BLE MACs of all batteries that belong to a site."""
    return {subentry.data[CONF_MAC] for _, subentry in configured_batteries(hass)}


def scan_ports(hass: HomeAssistant) -> tuple[int, ...]:
    """Return the ports to search on: the usual one, and those of the batteries that we know."""
    return tuple(sorted({DEFAULT_BATTERY_PORT} | {sub.data[CONF_PORT] for _, sub in configured_batteries(hass)}))


async def search(
    hass: HomeAssistant, client: MarstekClient, only: Container[str] | None = None
) -> list[DiscoveredDevice]:
    """Return the batteries (of these MACs) that answer a broadcast; that takes about ten seconds."""
    # Beyond the one to everybody, which leaves through the default interface only.
    networks = await _network_broadcasts(hass)
    try:
        return await discover(client, ports=scan_ports(hass), broadcast_addresses=networks, only=only)
    except MarstekError:
        # Without a socket nothing can be found; typing an address leads to the error itself.
        return []


def show_form[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    flow: FlowHandler[ContextT, ResultT, HandlerT],
    step_id: str,
    schema: vol.Schema,
    suggested: Mapping[str, Any],
    errors: dict[str, str],
    **placeholders: str,
) -> ResultT:
    """Show a form that holds what is suggested: at first what is known, after an error what was typed."""
    return flow.async_show_form(
        step_id=step_id,
        data_schema=flow.add_suggested_values_to_schema(schema, suggested),
        errors=errors,
        description_placeholders=placeholders,
    )


def number_box(least: float, most: float, unit: str | None = None, *, step: float = 1) -> selector.NumberSelector:
    """Return a field for a number that is typed."""
    box = selector.NumberSelectorMode.BOX
    config: selector.NumberSelectorConfig = {"min": least, "max": most, "step": step, "mode": box}
    return FiniteNumber(config | {"unit_of_measurement": unit} if unit else config)


def port_selector() -> selector.NumberSelector:
    """Return a field for a UDP port."""
    return number_box(1, 65535)


def circuit_selector(circuits: Iterable[str]) -> selector.Selector[Any]:
    """Return a field for the name of a circuit: a known one is chosen, so that nobody writes it in two ways."""
    known = sorted(set(circuits) - {""})
    return selector.SelectSelector({"options": known, "custom_value": True}) if known else selector.TextSelector()


def details_schema(power_classes_w: Iterable[int], circuits: Iterable[str]) -> vol.Schema:
    """Return the form of what only the owner of a battery knows, with the circuits of the other batteries."""
    classes: list[selector.SelectOptionDict] = [{"value": str(watt), "label": f"{watt} W"} for watt in power_classes_w]
    choices = [choice for choice in OwnMeter if choice is not OwnMeter.YES]
    meters = selector.SelectSelector({"options": choices, "translation_key": CONF_OWN_METER})
    return vol.Schema(
        {
            vol.Required(CONF_NAME): selector.TextSelector(),
            vol.Required(CONF_POWER_CLASS_W): selector.SelectSelector({"options": classes}),
            vol.Required(CONF_OWN_METER): meters,
            vol.Optional(CONF_CIRCUIT): circuit_selector(circuits),
            vol.Required(CONF_LIMITS): section(limits_schema(), {"collapsed": True}),
        }
    )


def reconfigure_schema(power_classes_w: Iterable[int], circuits: Iterable[str]) -> vol.Schema:
    """Return the form of everything that can be changed about a battery."""
    releases = selector.SelectSelector({"options": [RELEASE_DEFAULT, *Release], "translation_key": CONF_RELEASE})
    return vol.Schema(
        {
            vol.Required(CONF_HOST): selector.TextSelector(),
            vol.Required(CONF_PORT): port_selector(),
            **details_schema(power_classes_w, circuits).schema,
            vol.Required(CONF_CAPACITY_KWH): number_box(1, 40, UnitOfEnergy.KILO_WATT_HOUR, step=0.01),
            vol.Required(CONF_RELEASE): releases,
        }
    )


def watt_selector(most_w: int) -> selector.NumberSelector:
    """Return a field for a power."""
    return number_box(0, most_w, UnitOfPower.WATT, step=10)


def limits_schema() -> vol.Schema:
    """Return the form of what a battery may do at most."""
    percent = FiniteNumber({"min": 10, "max": 100, "step": 1, "unit_of_measurement": PERCENTAGE})
    return vol.Schema(
        {
            vol.Required(CONF_MAX_CHARGE_W, default=DEFAULT_LIMIT_W): watt_selector(DEFAULT_LIMIT_W),
            vol.Required(CONF_MAX_DISCHARGE_W, default=DEFAULT_LIMIT_W): watt_selector(DEFAULT_LIMIT_W),
            vol.Required(CONF_CEILING_PCT, default=DEFAULT_CEILING_PCT): percent,
            vol.Required(CONF_PHASE, default=PHASE_CHOICES[0]): selector.SelectSelector(
                {"options": list(PHASE_CHOICES), "translation_key": CONF_PHASE}
            ),
        }
    )


def unused_name(name: str, taken: Container[str]) -> str:
    """Return a name that no other battery has: a number is added from the second on."""
    names = (name if number == 1 else f"{name} ({number})" for number in count(1))
    return next(candidate for candidate in names if candidate not in taken)


def suggested_details(name: str) -> dict[str, Any]:
    """Return what a new battery's form holds at first."""
    return {
        CONF_NAME: name,
        CONF_POWER_CLASS_W: str(DEFAULT_POWER_CLASS_W),
        CONF_OWN_METER: OwnMeter.UNSURE.value,
    }


def details_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a subentry's data that its owner told."""
    limits = user_input[CONF_LIMITS]
    return {
        CONF_POWER_CLASS_W: int(user_input[CONF_POWER_CLASS_W]),
        CONF_OWN_METER: user_input[CONF_OWN_METER],
        CONF_CIRCUIT: user_input.get(CONF_CIRCUIT, "").strip(),
        **{key: round(limits[key]) for key in (CONF_MAX_CHARGE_W, CONF_MAX_DISCHARGE_W, CONF_CEILING_PCT)},
        CONF_PHASE: limits[CONF_PHASE],
    }


def probed_data(battery: ProbedBattery) -> dict[str, Any]:
    """Return the part of a subentry's data that the battery told."""
    return {
        CONF_HOST: battery.host,
        CONF_PORT: battery.port,
        CONF_MAC: battery.mac,
        CONF_MODEL: battery.info.model,
        CONF_FIRMWARE: battery.info.firmware,
    }


def new_subentry(battery: ProbedBattery, user_input: Mapping[str, Any]) -> ConfigSubentryData:
    """Return the subentry of a battery that was just told about."""
    return ConfigSubentryData(
        subentry_type=SUBENTRY_BATTERY,
        unique_id=battery.mac,
        title=user_input[CONF_NAME].strip() or battery.name,
        data={
            **probed_data(battery),
            **details_data(user_input),
            CONF_RELEASE: RELEASE_DEFAULT,
            CONF_SLOTS_CLEARED: False,
            CONF_CAPACITY_WH: battery.capacity_wh,
        },
    )
