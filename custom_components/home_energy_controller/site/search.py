"""Which batteries belong to a site, and which answer a broadcast."""

from collections.abc import Container, Iterator

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_PORT
from homeassistant.core import HomeAssistant

from ..const import CONF_MAC, DEFAULT_BATTERY_PORT, DOMAIN, SUBENTRY_BATTERY
from ..marstek.client import MarstekClient
from ..marstek.discovery import discover
from ..marstek.errors import MarstekError
from ..marstek.models import DiscoveredDevice


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
