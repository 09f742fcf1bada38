"""A whole simulated home on loopback, for the demo and for tests."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from simulation.battery import BatteryModel
from simulation.house import House, Signal
from simulation.p1 import FakeP1
from simulation.udp import FakeBattery


class SimulatedSite:
    """A house, its P1 and its batteries on 127.0.0.2 and up, all on one port.

    Without `realtime` the house stands still until `advance` is called, so that tests own the time.
    """

    house: House
    p1: FakeP1
    batteries: tuple[FakeBattery, ...]

    def __init__(
        self,
        batteries: int | Sequence[BatteryModel] = 3,
        *,
        port: int = 0,
        p1_port: int = 0,
        first_host: str = "127.0.0.2",
        latency_s: float = 0.0,
        loss_pct: float = 0.0,
        load: Signal | float = 500.0,
        pv: Signal | float = 0.0,
        speed: float = 1.0,
        realtime: bool = False,
        seed: int = 1,
    ) -> None:
        raise NotImplementedError

    @property
    def p1_host(self) -> str:
        """Return the address of the P1."""
        return self.p1.host

    @property
    def p1_port(self) -> int:
        """Return the port of the P1."""
        return self.p1.port

    @property
    def p1_url(self) -> str:
        """Return the base address of the P1."""
        return f"http://{self.p1_host}:{self.p1_port}"

    def advance(self, duration_s: float) -> None:
        """Let `duration_s` pass in the house at once."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open all sockets, and start the clock of the house when it runs in real time."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close everything."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()
