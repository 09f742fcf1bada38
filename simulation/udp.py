"""A battery on the network: real UDP on an address of its own."""

import asyncio
from collections.abc import Callable
import socket
from typing import Any

from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.firmware import Firmware
from simulation.virtual import Wire

BROADCAST = "127.255.255.255"


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket on an address; those for broadcasts share theirs."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    if host == BROADCAST:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


class FakeBattery:
    """Answers on `host`:`port` for one model; port 0 takes a free one. Broadcasts to 127.255.255.255 are heard too."""

    def __init__(
        self,
        model: BatteryModel,
        *,
        host: str = "127.0.0.2",
        port: int = 0,
        latency_s: float = 0.0,
        loss_pct: float = 0.0,
        clock: Callable[[], float] | None = None,
        meter_w: Callable[[], float | None] = lambda: None,
        seed: int = 1,
    ) -> None:
        """`clock` is the house's time (the event loop's when None), `meter_w` what the battery's own meter shows."""
        self.model, self.mac, self.host, self.port = model, model.mac, host, port
        self.faults: set[Fault] = model.faults
        """Those that act now; add and remove at will."""
        self.firmware = Firmware(model, ip=host, meter_w=meter_w, seed=seed)
        self.wire = Wire(self.firmware, latency_s=latency_s, loss_pct=loss_pct, seed=seed)
        self._clock = clock
        self._sockets: list[socket.socket] = []
        self._underway: set[asyncio.TimerHandle] = set()

    async def start(self) -> None:
        """Bind the sockets; `port` tells which."""
        loop = asyncio.get_running_loop()
        for host in (self.host, BROADCAST):
            sock = _bound(host, self.port)
            self.port = sock.getsockname()[1]
            self._sockets.append(sock)
            loop.add_reader(sock, self._hear, sock, host == BROADCAST)

    async def stop(self) -> None:
        """Close the sockets and forget what was to be sent."""
        for handle in self._underway:
            handle.cancel()
        while self._sockets:
            sock = self._sockets.pop()
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _hear(self, sock: socket.socket, broadcast: bool) -> None:
        """Let the device answer one datagram, now or after the delay of each frame."""
        loop = asyncio.get_running_loop()
        data, address = sock.recvfrom(4096)
        self._underway = {handle for handle in self._underway if handle.when() > loop.time()}
        house_now = self._clock() if self._clock else loop.time()
        for delay_s, frame in self.wire.deliver(data, loop.time(), house_now=house_now, broadcast=broadcast):
            self._underway.add(loop.call_later(delay_s, self._send, frame, address))

    def _send(self, frame: bytes, address: Any) -> None:
        """Send one frame, from another address where the fault wants it."""
        if Fault.FOREIGN_ADDRESS in self.faults:
            with _bound("127.0.1." + self.host.rpartition(".")[2], self.port) as foreign:
                foreign.sendto(frame, address)
        else:
            self._sockets[0].sendto(frame, address)
