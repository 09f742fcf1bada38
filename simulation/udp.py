"""A battery on the network: real UDP on an address of its own."""

import asyncio
import socket
from typing import Any

from simulation.battery import BatteryModel
from simulation.devices import Family
from simulation.faults import Fault
from simulation.firmware import Firmware
from simulation.virtual import Wire

BROADCAST = "127.255.255.255"


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket on an address; those for broadcasts share theirs."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if host == BROADCAST:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


class FakeBattery:
    """Answers on `host`:`port` for one model (port 0 takes a free one), and hears broadcasts to 127.255.255.255 too."""

    def __init__(
        self, model: BatteryModel, *, host: str = "127.0.0.2", port: int = 0, latency_s: float = 0.0, seed: int = 1
    ) -> None:
        self.model, self.mac, self.faults, self.host, self.port = model, model.mac, model.faults, host, port
        self.firmware = Firmware(model, ip=host, seed=seed)
        self.wire = Wire(self.firmware, latency_s=latency_s, seed=seed)
        self._sockets: list[socket.socket] = []
        self._underway: set[asyncio.TimerHandle] = set()

    async def start(self) -> None:
        """Bind the sockets; `port` tells which."""
        for host in (self.host, BROADCAST):
            self._sockets.append(_bound(host, self.port))
            self.port = self._sockets[0].getsockname()[1]
            asyncio.get_running_loop().add_reader(self._sockets[-1], self._hear, self._sockets[-1], host == BROADCAST)

    async def stop(self) -> None:
        """Close the sockets and forget what was to be sent."""
        for handle in self._underway:
            handle.cancel()
        while self._sockets:
            asyncio.get_running_loop().remove_reader(self._sockets[-1])
            self._sockets.pop().close()

    def _hear(self, sock: socket.socket, broadcast: bool) -> None:
        """Let the device answer one datagram, now or after the delay of each frame."""
        loop = asyncio.get_running_loop()
        data, address = sock.recvfrom(4096)
        self._underway = {handle for handle in self._underway if handle.when() > loop.time()}
        by_broadcast = Fault.ANSWERS_BY_BROADCAST in self.faults
        if by_broadcast and address[1] != self.port:
            return
        for delay_s, frame in self.wire.deliver(data, loop.time(), broadcast=broadcast):
            foreign = Fault.FOREIGN_ADDRESS in self.firmware.acting
            target = (BROADCAST, self.port) if by_broadcast else self._road_back(address)
            self._underway.add(loop.call_later(delay_s, self._send, frame, target, foreign))

    def _road_back(self, address: Any) -> Any:
        """Return where to answer: HMG-50 takes for granted that it was asked from the port that it listens on."""
        to_api_port = self.model.manners.answers_to_api_port and self.model.device.family is Family.HMG50
        return (address[0], self.port) if to_api_port else address

    def _send(self, frame: bytes, address: Any, foreign: bool) -> None:
        """Send one frame, from another address where the fault wants it."""
        if not foreign:
            self._sockets[0].sendto(frame, address)
            return
        with _bound("127.0.1." + self.host.rpartition(".")[2], self.port) as other:
            other.sendto(frame, address)
