"""Which batteries belong to a site, and which answer a broadcast."""

import asyncio
from collections.abc import Container, Iterator
import logging
from typing import Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_MAC, DEFAULT_BATTERY_PORT, DOMAIN, SUBENTRY_BATTERY
from ..marstek.client import MarstekClient
from ..marstek.device import MarstekDevice
from ..marstek.discovery import discover
from ..marstek.errors import MarstekError
from ..marstek.models import DiscoveredDevice
from .running import RunningSite

_LOGGER = logging.getLogger(__name__)

SHORTEST_S: Final = 600.0
"""Between two searches, whoever they are for: each asks everybody on the network for some seconds."""
LONGEST_S: Final = 3600.0
"""While the same batteries stay away, the pause doubles up to this."""


async def network_broadcasts(hass: HomeAssistant) -> list[str]:
    """Return the broadcast addresses of the networks that Home Assistant is on."""
    return [str(address) for address in await network.async_get_ipv4_broadcast_addresses(hass)]


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
    networks = await network_broadcasts(hass)
    try:
        return await discover(client, ports=scan_ports(hass), broadcast_addresses=networks, only=only)
    except MarstekError:
        # Without a socket nothing can be found; typing an address leads to the error itself.
        return []


class Searches:
    """Whom all sites miss, and when the next search may begin."""

    def __init__(self) -> None:
        """Miss nobody."""
        self._lost: dict[str, frozenset[str]] = {}
        self._last_at: float | None = None
        self._last_for: frozenset[str] = frozenset()
        self._pause_s = SHORTEST_S

    @property
    def lost(self) -> frozenset[str]:
        """Return the MACs of all batteries that are missed."""
        return frozenset().union(*self._lost.values())

    def is_due(self, entry_id: str, lost: frozenset[str], now: float) -> bool:
        """Note whom a site misses, and return whether it may search now; then it must."""
        self._lost[entry_id] = lost
        if not lost:
            return False
        pause_s = self._pause_s if self.lost == self._last_for else SHORTEST_S
        if self._last_at is not None and now - self._last_at < pause_s:
            return False
        self._pause_s = min(LONGEST_S, 2 * pause_s) if self.lost == self._last_for else SHORTEST_S
        self._last_at, self._last_for = now, self.lost
        return True

    def forget(self, entry_id: str) -> None:
        """Miss nobody of a site that is not run."""
        self._lost.pop(entry_id, None)


SEARCHES: Final[HassKey[Searches]] = HassKey(f"{DOMAIN}_searches")


def searches(hass: HomeAssistant) -> Searches:
    """Return what all sites share."""
    return hass.data.setdefault(SEARCHES, Searches())


async def async_search(hass: HomeAssistant, client: MarstekClient) -> None:
    """Ask everybody who they are, and give lost batteries the addresses at which they answer as themselves."""
    lost = searches(hass).lost
    found = await search(hass, client, only=lost)
    answers = await asyncio.gather(*(_async_answers(client, device) for device in found))
    moved = {device.info.ble_mac: device for device, answered in zip(found, answers, strict=True) if answered}
    # All at once: a site that follows begins a cycle, and may begin to search anew.
    for entry, subentry in list(configured_batteries(hass)):
        device = moved.get(subentry.data[CONF_MAC])
        if device is None or subentry.data[CONF_MAC] not in lost:
            continue
        address = {CONF_HOST: device.host, CONF_PORT: device.port}
        if not address.items() <= subentry.data.items():
            _LOGGER.info("%s was found at another address", subentry.title)
            hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **address})


async def _async_answers(client: MarstekClient, device: DiscoveredDevice) -> bool:
    """Return whether a battery answers as itself where it was found."""
    try:
        info = await MarstekDevice(client, device.host, device.port, mac=device.info.ble_mac).identify()
    except MarstekError:
        return False  # It sends from an address at which it does not hear (jaapp#31).
    return info.ble_mac == device.info.ble_mac


async def async_search_silent(site: RunningSite) -> None:
    """Look for batteries that do not answer at set-up: after a power cut they may have new addresses."""
    silent = frozenset(key for key, battery in site.batteries.items() if not battery.was_heard)
    with site.parts.part("search for silent batteries"):
        if searches(site.hass).is_due(site.config_entry.entry_id, silent, site.clock()):
            await async_search(site.hass, site.client)
