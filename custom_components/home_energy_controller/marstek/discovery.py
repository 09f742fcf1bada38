"""Finding batteries by broadcast."""

import asyncio
from collections.abc import Container, Sequence
from typing import Final

from .client import MarstekClient
from .errors import MarstekConnectionError, MarstekProtocolError
from .frames import Reply
from .models import DiscoveredDevice
from .results import parse_info

LIMITED_BROADCAST: Final = "255.255.255.255"
MOST_FOUND: Final = 64
"""Anybody on the network can answer under any number of MACs; no home has so many batteries."""


async def discover(
    client: MarstekClient,
    *,
    ports: Sequence[int] = (30000,),
    broadcast_addresses: Sequence[str] | None = None,
    duration_s: float = 9.0,
    only: Container[str] | None = None,
) -> list[DiscoveredDevice]:
    """Return the batteries that answer within `duration_s`, each once, known by its BLE MAC.

    The subnets' `broadcast_addresses` are asked besides 255.255.255.255. A dual-homed battery is found at the address
    that answers first (jaapp#31); one with the API switched off or behind a router is not found at all. Kept are those
    with a MAC in `only`, where that is given, and at most 64.
    Raises MarstekConnectionError when nothing could be sent.
    """
    found: dict[str, DiscoveredDevice] = {}

    def heard(address: str, port: int, reply: Reply, at: float) -> None:
        """Note who answered; an answer that cannot be read or names nobody is of no use."""
        try:
            info = parse_info(reply.result, model=reply.model, mac=reply.mac, received_at=at)
        except MarstekProtocolError:
            return
        is_wanted = info.ble_mac is not None and (only is None or info.ble_mac in only)
        if info.ble_mac is not None and is_wanted and len(found) < MOST_FOUND:
            found.setdefault(info.ble_mac, DiscoveredDevice(host=address, port=port, info=info))

    targets = [(address, port) for port in ports for address in (LIMITED_BROADCAST, *(broadcast_addresses or ()))]
    with client.listening(heard) as request_id:
        clock = asyncio.get_running_loop().time
        until = clock() + duration_s
        while (left_s := until - clock()) > 0.0:
            # The first datagram after a pause is often lost, hence the repeats.
            await _ask_all(client, request_id, targets)
            await asyncio.sleep(min(left_s, client.timing.discovery_interval_s))
    return list(found.values())


async def _ask_all(client: MarstekClient, request_id: int, targets: Sequence[tuple[str, int]]) -> None:
    """Ask on every address; raises MarstekConnectionError where none can be reached."""
    errors: list[MarstekConnectionError] = []
    for address, port in targets:
        try:
            await client.broadcast_get_device(request_id, address, port)
        except MarstekConnectionError as err:
            errors.append(err)
    if errors and len(errors) == len(targets):
        raise errors[0]
