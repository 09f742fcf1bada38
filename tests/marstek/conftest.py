"""A client on 127.0.0.1 and batteries on 127.0.0.2, .3 and .4, all on one port."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
import socket

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.device import MarstekDevice
from custom_components.home_energy_controller.marstek.exchange import Timing
from custom_components.home_energy_controller.marstek.models import DeviceInfo

from .peer import Peer

# Short pauses, but plenty of time to answer: a busy machine must not make a test fail.
PATIENT = Timing(
    first_timeout_s=10.0,
    later_timeout_s=10.0,
    resend_pause_s=0.02,
    busy_pause_s=(0.01, 0.02),
    write_gap_s=0.01,
    longest_gap_s=0.02,
    discovery_interval_s=0.1,
)
# For tests in which the first answer never comes, and for those in which none does.
FIRST_LOST = replace(PATIENT, first_timeout_s=0.1)
ALL_LOST = replace(PATIENT, first_timeout_s=0.1, later_timeout_s=0.1)
CLIENT_HOST = "127.0.0.1"
HOST = "127.0.0.2"
MACS = {HOST: "009b08000002", "127.0.0.3": "009b08000003", "127.0.0.4": "009b08000004"}

type PeerFactory = Callable[..., Awaitable[Peer]]


def free(port: int) -> bool:
    """Return whether a port is free on all addresses of the tests."""
    for host in (CLIENT_HOST, *MACS):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


@pytest.fixture
def port(socket_enabled: None) -> int:
    """Return a port that is free everywhere."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((CLIENT_HOST, 0))
            candidate = int(probe.getsockname()[1])
        if free(candidate):
            return candidate


@pytest.fixture
async def client(socket_enabled: None) -> AsyncIterator[MarstekClient]:
    """Return a client that makes short pauses."""
    client = MarstekClient(bind_host=CLIENT_HOST, timing=PATIENT)
    yield client
    await client.close()


@pytest.fixture
async def make_peer(port: int) -> AsyncIterator[PeerFactory]:
    """Return a function that starts a battery."""
    peers: list[Peer] = []

    async def make(host: str = HOST, *, model: str = "VenusE 3.0", firmware: int = 150) -> Peer:
        peer = Peer(MACS[host], model, firmware)
        await peer.start(host, port)
        peers.append(peer)
        return peer

    yield make
    for peer in peers:
        peer.stop()


@pytest.fixture
async def peer(make_peer: PeerFactory) -> Peer:
    """Return a healthy Venus E 3.0 on 127.0.0.2."""
    return await make_peer()


class Clock:
    """A clock that a test turns; it goes on by itself as well, so that later is always greater."""

    def __init__(self) -> None:
        """Start somewhere."""
        self.offset_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.offset_s + asyncio.get_running_loop().time()


@pytest.fixture
def clock(client: MarstekClient) -> Clock:
    """Return the clock of the client."""
    client.clock = clock = Clock()
    return clock


def make_device(
    client: MarstekClient,
    port: int,
    model: str = "VenusE 3.0",
    firmware: int = 150,
    mac: str | None = MACS[HOST],
) -> MarstekDevice:
    """Return a battery as the configuration restores it."""
    info = DeviceInfo(model=model, firmware=firmware, ble_mac=mac)
    return MarstekDevice(client, HOST, port, mac=mac, info=info)


def leftovers(client: MarstekClient) -> tuple[int, int]:
    """Return how many ids are pending and how many roads are taken."""
    return len(client._pending), sum(queue._holder is not None for queue in client._queues.values())
