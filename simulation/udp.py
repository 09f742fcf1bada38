"""A battery on the network: real UDP on an address of its own."""

import asyncio
from collections.abc import Callable
import contextlib
from functools import partial
import socket
from typing import Any, override

from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.firmware import Firmware
from simulation.virtual import Wire

BROADCAST = "127.255.255.255"


class _Ear(asyncio.DatagramProtocol):
    """Passes datagrams on."""

    def __init__(self, heard: Callable[[bytes, Any], None]) -> None:
        self._heard = heard

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take one datagram."""
        self._heard(data, addr)


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
        late_s: float = 6.0,
        clock: Callable[[], float] | None = None,
        meter_w: Callable[[], float | None] = lambda: None,
        seed: int = 1,
    ) -> None:
        """`clock` is the house's time (the event loop's when None), `meter_w` what the battery's own meter shows."""
        self.model, self.host, self.port = model, host, port
        self.firmware = Firmware(model, ip=host, meter_w=meter_w, late_s=late_s, seed=seed)
        self.wire = Wire(self.firmware, latency_s=latency_s, loss_pct=loss_pct, seed=seed)
        self._clock = clock
        self._transports: list[asyncio.DatagramTransport] = []
        self._underway: set[asyncio.TimerHandle] = set()

    @property
    def mac(self) -> str:
        """Return the BLE MAC, 12 hex digits."""
        return self.model.mac

    @property
    def faults(self) -> set[Fault]:
        """Return the faults that act now; add and remove at will."""
        return self.model.faults

    async def start(self) -> None:
        """Bind the sockets; `port` tells which."""
        loop = asyncio.get_running_loop()
        for host, broadcast in ((self.host, False), (BROADCAST, True)):
            bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            bound.setblocking(False)
            if broadcast:  # all batteries hear the broadcasts to their port
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, self.port))
            self.port = bound.getsockname()[1]
            heard = partial(self._heard, broadcast=broadcast)
            transport, _ = await loop.create_datagram_endpoint(partial(_Ear, heard), sock=bound)
            self._transports.append(transport)

    async def stop(self) -> None:
        """Close the sockets and forget what was to be sent."""
        for handle in self._underway:
            handle.cancel()
        self._underway.clear()
        while self._transports:
            self._transports.pop().close()
        await asyncio.sleep(0)

    def _heard(self, data: bytes, addr: Any, *, broadcast: bool) -> None:
        """Let the device answer, now or after the delay of each frame."""
        loop = asyncio.get_running_loop()
        house_now = self._clock() if self._clock else loop.time()
        for delay_s, frame in self.wire.deliver(data, loop.time(), house_now=house_now, broadcast=broadcast):
            if delay_s:
                self._underway.add(loop.call_later(delay_s, self._send, frame, addr))
            else:
                self._send(frame, addr)

    def _send(self, frame: bytes, addr: Any) -> None:
        """Send one frame, from another address where the fault wants it."""
        if Fault.FOREIGN_ADDRESS not in self.faults:
            self._transports[0].sendto(frame, addr)
            return
        foreign = "127.0.1." + self.host.rpartition(".")[2]
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
            other.bind((foreign, self.port))
            other.sendto(frame, addr)
