"""Finding batteries by broadcast, on the broadcast address of the loopback network."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
import json
from typing import Any, cast, override

import pytest

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.discovery import discover
from custom_components.home_energy_controller.marstek.errors import MarstekConnectionError
from custom_components.home_energy_controller.marstek.frames import Method, Reply

from .conftest import CLIENT_HOST, MACS, PeerFactory
from .peer import Address, Peer, frame, raw

BROADCAST = "127.255.255.255"


class Ether(asyncio.DatagramProtocol):
    """Hears broadcasts and hands them to all batteries, which answer from their own addresses."""

    def __init__(self) -> None:
        """Start without batteries."""
        self.peers: list[Peer] = []
        self.heard: list[dict[str, Any]] = []
        self.transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Pass a broadcast on."""
        self.heard.append(json.loads(data))
        for peer in self.peers:
            peer.datagram_received(data, addr)


@pytest.fixture
async def ether(port: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ether]:
    """Return the network; nothing leaves this machine."""
    monkeypatch.setattr("custom_components.home_energy_controller.marstek.discovery.LIMITED_BROADCAST", BROADCAST)
    ether = Ether()
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: ether, local_addr=(BROADCAST, port))
    yield ether
    assert ether.transport is not None
    ether.transport.abort()


async def test_batteries_are_found_once_each(
    client: MarstekClient, make_peer: PeerFactory, ether: Ether, port: int
) -> None:
    """However often they are asked, each is one battery."""
    ether.peers = [await make_peer("127.0.0.2"), await make_peer("127.0.0.3", model="VenusA", firmware=147)]
    found = await discover(client, ports=(port,), duration_s=0.5)
    assert len(ether.heard) > 1
    assert ether.heard[0]["method"] == "Marstek.GetDevice"
    assert ether.heard[0]["params"] == {"ble_mac": "0"}
    assert {(one.host, one.port, one.info.model, one.info.ble_mac) for one in found} == {
        ("127.0.0.2", port, "VenusE 3.0", "009b08000002"),
        ("127.0.0.3", port, "VenusA", "009b08000003"),
    }
    assert len(found) == 2


async def test_a_dual_homed_battery_is_one_battery(
    client: MarstekClient, make_peer: PeerFactory, ether: Ether, port: int
) -> None:
    """It answers from both addresses under one MAC (jaapp#31)."""
    cable, radio = await make_peer("127.0.0.2"), await make_peer("127.0.0.3")
    radio.mac = cable.mac
    radio.results = cable.results
    ether.peers = [cable, radio]
    found = await discover(client, ports=(port,), duration_s=0.5)
    assert [(one.host, one.info.ble_mac) for one in found] == [("127.0.0.2", cable.mac)]


async def test_a_battery_that_leaves_out_its_mac_is_found_by_the_sender(
    client: MarstekClient, peer: Peer, ether: Ether, port: int
) -> None:
    """Venus C 153 (taurgis#60)."""
    peer.results["Marstek.GetDevice"] = {"device": "VenusC", "ver": 153, "ip": "192.168.x.x"}
    ether.peers = [peer]
    found = await discover(client, ports=(port,), duration_s=0.5)
    assert [(one.info.ble_mac, one.info.model) for one in found] == [(peer.mac, "VenusC")]


async def test_whoever_cannot_be_read_or_has_no_mac_is_not_found(
    client: MarstekClient, make_peer: PeerFactory, ether: Ether, port: int
) -> None:
    """Without an identity it could not be configured."""
    troubles = [raw(b"hello"), frame(result={"ver": "new"}), frame(result={"ver": 150}, src="VenusE-mac")]
    for host, trouble in zip(MACS, troubles, strict=True):
        peer = await make_peer(host)
        peer.script.extend([trouble] * 20)
        ether.peers.append(peer)
    assert await discover(client, ports=(port,), duration_s=0.5) == []
    assert all(peer.requests for peer in ether.peers)


async def test_a_request_goes_on_during_discovery(client: MarstekClient, peer: Peer, ether: Ether, port: int) -> None:
    """A flow may search while the site is controlled."""
    ether.peers = [peer]
    found, answer = await asyncio.gather(
        discover(client, ports=(port,), duration_s=0.5),
        client.exchange("127.0.0.2", port, Method.ES_GET_MODE, {"id": 0}, mac=peer.mac),
    )
    assert len(found) == 1
    assert answer.result["bat_soc"] == 55
    assert client.statistics.foreign == 0


async def test_further_broadcast_addresses_are_asked_and_one_out_of_reach_does_no_harm(
    client: MarstekClient, peer: Peer, ether: Ether, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several networks, one of them down."""
    monkeypatch.setattr("custom_components.home_energy_controller.marstek.discovery.LIMITED_BROADCAST", "240.0.0.1")
    ether.peers = [peer]
    found = await discover(client, ports=(port,), broadcast_addresses=(BROADCAST,), duration_s=0.5)
    assert [one.host for one in found] == ["127.0.0.2"]


async def test_nothing_in_reach_is_a_connection_error(port: int) -> None:
    """That is not the same as no battery."""
    client = MarstekClient(bind_host=CLIENT_HOST)
    await client.close()
    with pytest.raises(MarstekConnectionError):
        await discover(client, ports=(port,), duration_s=0.5)
    assert client._listeners == {}


async def test_the_id_of_a_search_tells_nothing_of_the_ids_of_requests(
    client: MarstekClient, peer: Peer, ether: Ether, port: int
) -> None:
    """Everybody hears the one; who could guess the others could answer for a battery."""
    ether.peers = [peer]
    searched, asked = [], []
    for _ in range(4):
        ether.heard.clear()
        await discover(client, ports=(port,), duration_s=0.1)
        searched.append(ether.heard[0]["id"])
        await client.exchange("127.0.0.2", port, Method.ES_GET_MODE, {"id": 0}, mac=peer.mac)
        asked.append(peer.requests[-1]["id"])
    steps = [after - before for before, after in pairwise(asked)]
    assert steps == [1, 1, 1]
    assert all(abs(one - other) > 4 for one, other in zip(searched, asked, strict=True))
    assert all(abs(after - before) > 4 for before, after in pairwise(searched))


@pytest.mark.parametrize(("only", "kept"), [(None, 64), (frozenset({"0a00000003e7"}), 1), (frozenset(), 0)])
async def test_forged_answers_are_kept_up_to_a_bound(
    client: MarstekClient, ether: Ether, port: int, *, only: frozenset[str] | None, kept: int
) -> None:
    """Or one that is looked for is found among them."""
    heard = client.listening

    def forged(listener: Any) -> Any:
        for number in range(1000):
            mac = f"0a{number:010x}"
            reply = Reply(id=1, model="VenusE", mac=mac, result={"device": "VenusE", "ver": 150, "ble_mac": mac})
            listener("127.0.0.9", port, reply, 0.0)
        return heard(listener)

    client.listening = forged  # type: ignore[method-assign]
    found = await discover(client, ports=(port,), duration_s=0.1, only=only)
    assert len(found) == kept


async def test_an_answer_to_another_id_finds_nobody(client: MarstekClient, peer: Peer, ether: Ether, port: int) -> None:
    """It is nothing that was asked."""
    peer.script.extend([frame(result={"ver": 150, "ble_mac": peer.mac}, id=7)] * 20)
    ether.peers = [peer]
    assert await discover(client, ports=(port,), duration_s=0.1) == []
