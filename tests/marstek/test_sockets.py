"""Ports, names and what the system refuses."""

import asyncio
from collections.abc import Callable
import errno
import json
import socket
from typing import Any, override

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.errors import MarstekConnectionError, MarstekTimeout
from custom_components.home_energy_controller.marstek.frames import Method

from .conftest import ALL_LOST, CLIENT_HOST, FIRST_LOST, HOST, PATIENT, PeerFactory
from .peer import MODE, Peer, read, silent


async def test_a_taken_port_is_replaced_and_said_so(client: MarstekClient, peer: Peer, port: int) -> None:
    """Other integrations claim port 30000 too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_program:
        other_program.bind((CLIENT_HOST, port))
        assert await read(client, port) == MODE
    assert client.bindings[port] not in {0, port}
    assert peer.sources == [(CLIENT_HOST, client.bindings[port])]


async def test_our_port_is_not_shared(client: MarstekClient, peer: Peer, port: int) -> None:
    """Sharing would split or steal replies."""
    await read(client, port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_program:
        other_program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            other_program.bind((CLIENT_HOST, port))


async def test_requests_at_the_same_time_share_one_socket(
    client: MarstekClient, make_peer: PeerFactory, port: int
) -> None:
    """Two sockets could not be bound to one port."""
    first, second = await make_peer("127.0.0.2"), await make_peer("127.0.0.3")
    await asyncio.gather(read(client, port), read(client, port, "127.0.0.3"))
    assert first.sources == second.sources == [(CLIENT_HOST, port)]


@pytest.fixture
def other_port(port: int) -> int:
    """Return another free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.3", 0))
        return int(probe.getsockname()[1])


async def test_each_device_port_has_its_own_socket(
    client: MarstekClient, peer: Peer, port: int, other_port: int
) -> None:
    """Owners set other ports."""
    other = Peer("009b08000003")
    await other.start("127.0.0.3", other_port)
    await read(client, port)
    await read(client, other_port, "127.0.0.3")
    other.stop()
    assert set(client.bindings) == {port, other_port}


async def test_a_socket_that_cannot_be_opened_is_a_connection_error(port: int) -> None:
    """Only a taken port has a way round."""

    async def refuse(*_: object) -> asyncio.DatagramTransport:
        raise OSError(errno.EACCES, "not allowed")

    client = MarstekClient(endpoint_factory=refuse)
    with pytest.raises(MarstekConnectionError, match="not allowed"):
        await read(client, port)


async def test_a_socket_that_broke_is_opened_again(client: MarstekClient, peer: Peer, port: int) -> None:
    """What waited is told at once."""
    peer.script.append(silent)
    reading = asyncio.create_task(read(client, port))
    await peer.asked(1)
    client._endpoints[port].close()
    with pytest.raises(MarstekConnectionError):
        await reading
    assert await read(client, port) == MODE


async def test_requests_on_other_sockets_go_on_when_one_breaks(
    client: MarstekClient, peer: Peer, port: int, other_port: int
) -> None:
    """Each device port is on its own."""
    client.timing = FIRST_LOST
    await client._endpoint(other_port)
    peer.script.append(silent)
    reading = asyncio.create_task(read(client, port))
    await peer.asked(1)
    client._endpoints[other_port].close()
    assert await reading == MODE


async def test_a_socket_that_breaks_while_sending_is_a_connection_error(
    client: MarstekClient, peer: Peer, port: int
) -> None:
    """It closed between two requests."""
    await read(client, port)
    endpoint = client._endpoints[port]
    endpoint.close()
    await asyncio.sleep(0)
    with pytest.raises(MarstekConnectionError):
        endpoint.send(b"{}", HOST)
    endpoint.close()


async def test_nothing_is_ever_sent_empty(client: MarstekClient, peer: Peer, port: int) -> None:
    """A datagram without content freezes the device until it is switched off."""
    await read(client, port)
    with pytest.raises(MarstekConnectionError):
        client._endpoints[port].send(b"", HOST)
    await read(client, port)
    assert len(peer.requests) == 2


@pytest.mark.parametrize("host", ["127.255.255.255", "255.255.255.255"])
async def test_a_command_cannot_be_broadcast(client: MarstekClient, peer: Peer, port: int, host: str) -> None:
    """It would reach every battery of the home; the kernel refuses, also after a discovery."""
    with pytest.raises(MarstekConnectionError):
        await client.exchange(host, port, Method.ES_SET_MODE, {"id": 0, "config": {}})
    with client.listening(lambda *_: None) as request_id:
        await client.broadcast_get_device(request_id, "127.255.255.255", port)
    with pytest.raises(MarstekConnectionError):
        await client.exchange(host, port, Method.ES_SET_MODE, {"id": 0, "config": {}})


async def test_a_name_is_looked_up_once_and_again_after_silence(
    client: MarstekClient, peer: Peer, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replies match by address, and addresses change."""
    looked_up: list[str] = []

    async def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 0)) for address in (HOST, "127.0.0.3", HOST)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    assert await read(client, port, "battery.home") == MODE
    assert await read(client, port, "battery.home") == MODE
    assert looked_up == ["battery.home"]
    client.timing = ALL_LOST
    peer.script.extend([silent] * 3)
    with pytest.raises(MarstekTimeout):
        await read(client, port, "battery.home")
    client.timing = PATIENT
    assert await read(client, port, "battery.home") == MODE
    assert looked_up == ["battery.home"] * 2


async def test_a_name_that_does_not_resolve_is_a_connection_error(
    client: MarstekClient, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What people type must end in a message."""

    async def getaddrinfo(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    with pytest.raises(MarstekConnectionError, match="does not resolve"):
        await read(client, port, "nowhere.home")


class Wire(asyncio.DatagramTransport):
    """A network in memory: every request is answered at once, on no socket at all."""

    def __init__(self, protocol: asyncio.DatagramProtocol) -> None:
        """Connect the protocol."""
        super().__init__({"sockname": ("0.0.0.0", 7)})
        self.protocol = protocol
        protocol.connection_made(self)

    @override
    def sendto(self, data: Any, addr: Any = None) -> None:
        """Answer."""
        reply = {"id": json.loads(data)["id"], "result": MODE}
        asyncio.get_running_loop().call_soon(self.protocol.datagram_received, json.dumps(reply).encode(), addr)

    @override
    def abort(self) -> None:
        """Close."""
        asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


async def test_clock_and_sockets_can_be_replaced() -> None:
    """For tests in virtual time."""
    wanted: list[tuple[str, int]] = []

    async def factory(
        make: Callable[[], asyncio.DatagramProtocol], address: tuple[str, int]
    ) -> asyncio.DatagramTransport:
        wanted.append(address)
        return Wire(make())

    client = MarstekClient(clock=lambda: 1234.5, endpoint_factory=factory)
    answer = await client.exchange(HOST, 30_000, Method.ES_GET_MODE, {"id": 0})
    assert answer.result == MODE
    assert (answer.received_at, answer.latency_s) == (1234.5, 0.0)
    assert wanted == [("0.0.0.0", 30_000)]
    assert client.bindings == {30_000: 7}
    await client.close()
    assert client.bindings == {}
