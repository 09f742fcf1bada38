"""A scripted battery on a real UDP socket: it answers from a table, unless a script says what comes instead."""

import asyncio
from collections import deque
from collections.abc import Callable
import json
from typing import Any, cast, override

from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.frames import Method, auto_config

type Address = tuple[str, int]
type Step = Callable[["Peer", dict[str, Any], Address], None]

MODE: dict[str, Any] = {"id": 0, "mode": "Auto", "ongrid_power": 120, "offgrid_power": 0, "bat_soc": 55}


class Peer(asyncio.DatagramProtocol):
    """A battery that does exactly what a test tells it to."""

    def __init__(self, mac: str, model: str = "VenusE 3.0", firmware: int = 150) -> None:
        """Answer like a healthy device of this kind."""
        self.mac = mac
        self.model = model
        self.results: dict[str, dict[str, Any] | None] = {
            "Marstek.GetDevice": {"device": model, "ver": firmware, "ble_mac": mac, "wifi_mac": "d27f54000001"},
            "ES.GetMode": MODE,
            "ES.GetStatus": {"id": 0, "bat_soc": 56, "bat_cap": 5120, "ongrid_power": 130, "offgrid_power": 0},
            "Bat.GetStatus": {"id": 0, "soc": 57, "bat_temp": 21.0, "rated_capacity": 5120.0},
            "ES.SetMode": {"id": 0, "set_result": True},
        }
        self.script: deque[Step] = deque()
        """What to do with the coming requests, one each; afterwards all are answered."""
        self.requests: list[dict[str, Any]] = []
        self.sources: list[Address] = []
        self.arrived = asyncio.Event()
        self.host = ""
        self.transport: asyncio.DatagramTransport | None = None

    async def start(self, host: str, port: int) -> None:
        """Open the socket."""
        self.host = host
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))

    def stop(self) -> None:
        """Close the socket."""
        if self.transport is not None:
            self.transport.abort()

    @property
    def methods(self) -> list[str]:
        """Return what was asked, in order."""
        return [str(request["method"]) for request in self.requests]

    @property
    def ids(self) -> list[int]:
        """Return the ids it was asked with, in order."""
        return [int(request["id"]) for request in self.requests]

    async def asked(self, count: int) -> None:
        """Wait until that many requests have come."""
        while len(self.requests) < count:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 5.0)

    def send(self, frame: object, address: Address) -> None:
        """Send something, bytes as they are."""
        assert self.transport is not None
        self.transport.sendto(frame if isinstance(frame, bytes) else json.dumps(frame).encode(), address)

    def reply(self, request: dict[str, Any], **changes: object) -> dict[str, Any]:
        """Return the frame that answers a request."""
        frame = {"id": request["id"], "src": f"{self.model}-{self.mac}"}
        result = self.results.get(str(request["method"]))
        if result is None:
            frame["error"] = {"code": -32601, "message": "Method not found", "data": 424}
        else:
            frame["result"] = result
        return frame | changes

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Do what the script says."""
        request = json.loads(data)
        self.requests.append(request)
        self.sources.append(addr)
        self.arrived.set()
        step = self.script.popleft() if self.script else answer
        step(self, request, addr)


def answer(peer: Peer, request: dict[str, Any], address: Address) -> None:
    """Answer as the table says."""
    peer.send(peer.reply(request), address)


def silent(peer: Peer, request: dict[str, Any], address: Address) -> None:
    """Say nothing."""


def twice(peer: Peer, request: dict[str, Any], address: Address) -> None:
    """Answer two times, like firmware before 150."""
    answer(peer, request, address)
    answer(peer, request, address)


def frame(**changes: object) -> Step:
    """Answer with some members changed."""
    return lambda peer, request, address: peer.send(peer.reply(request, **changes), address)


def result(**values: object) -> Step:
    """Answer with this result."""
    return frame(result={"id": 0, **values})


def raw(data: bytes) -> Step:
    """Send these bytes."""
    return lambda peer, request, address: peer.send(data, address)


def error(code: int, *, request_id: int | None = None) -> Step:
    """Answer with an error object, under another id if given."""

    def step(peer: Peer, request: dict[str, Any], address: Address) -> None:
        chosen = request["id"] if request_id is None else request_id
        peer.send({"id": chosen, "error": {"code": code, "message": "no", "data": 403}}, address)

    return step


def together(*steps: Step) -> Step:
    """Do several things at once."""

    def step(peer: Peer, request: dict[str, Any], address: Address) -> None:
        for one in steps:
            one(peer, request, address)

    return step


def answer_to(position: int) -> Step:
    """Answer the request at this position of all that came, not the present one."""
    return lambda peer, request, address: answer(peer, peer.requests[position], address)


async def read(client: MarstekClient, port: int, host: str = "127.0.0.2", **options: Any) -> dict[str, Any]:
    """Ask a battery for its mode."""
    return (await client.exchange(host, port, Method.ES_GET_MODE, {"id": 0}, **options)).result


async def write(client: MarstekClient, port: int, host: str = "127.0.0.2") -> dict[str, Any]:
    """Command Auto."""
    return (await client.exchange(host, port, Method.ES_SET_MODE, {"id": 0, "config": auto_config()})).result
