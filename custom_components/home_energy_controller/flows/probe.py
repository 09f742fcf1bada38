"""Addresses as people type them, and asking a battery who it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from yarl import URL

from ..const import DEFAULT_BATTERY_PORT, DEFAULT_CAPACITY_WH
from ..control.model import Mode
from ..marstek.client import MarstekClient
from ..marstek.device import MarstekDevice
from ..marstek.errors import MarstekError, MarstekProtocolError, MarstekTimeout
from ..marstek.models import DeviceInfo
from ..marstek.profiles import Family, Profile, firmware_text, model_name
from ..site.search import network_broadcasts
from .addresses import device_host

CAPACITIES_WH: Final = {Family.HMG25: 2560, Family.VENUS_A: 2120, Family.VENUS_D: 2560}
"""Of the base unit, where the battery itself does not tell; packs below it, the owner then adds up in its settings."""

CHARGE_LIMIT_S: Final = 4.0
"""The state of charge is shown when it comes in time; nobody waits at a form for a battery that stays mute."""


class InvalidAddress(Exception):  # noqa: N818 - named after what was typed
    """What was typed is no host with an optional port."""


class PortTaken(MarstekError):  # noqa: N818 - named after what was found
    """No answer, while another program holds the port that some firmware answers to only."""


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
    if host in await network_broadcasts(hass):
        raise InvalidAddress(text)
    return host, port


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
    power_w: float | None
    """AC power, + feeding the house."""
    mode: Mode | None
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
        power_w=device.ac_power_w.value if device.ac_power_w else None,
        mode=Mode(device.mode.mode.value) if device.mode else None,
        capacity_wh=round(told_wh or CAPACITIES_WH.get(device.profile.family, DEFAULT_CAPACITY_WH)),
    )
