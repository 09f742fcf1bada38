"""A whole simulated home on loopback, for the demo and for tests."""

import asyncio
from collections.abc import Sequence
import contextlib
from typing import Self

from simulation.battery import BatteryModel
from simulation.devices import VENUS_E3_150, VENUS_E_156
from simulation.house import House
from simulation.manners import RUDE, Manners
from simulation.p1 import FakeP1
from simulation.traces import Signal, constant
from simulation.udp import FakeBattery


def default_batteries(number: int, seed: int = 1, manners: Manners = RUDE) -> list[BatteryModel]:
    """Return batteries of two models, every third a Venus E of the second generation, at different charge."""
    devices = (VENUS_E3_150, VENUS_E3_150, VENUS_E_156)
    return [
        BatteryModel(devices[i % 3], soc_pct=45.0 + 7.0 * i, seed=seed * 100 + i, manners=manners)
        for i in range(number)
    ]


class SimulatedSite:
    """A house, its P1 and its batteries on 127.0.0.2 and up, all on one port (0 takes a free one).

    Without `realtime` the house stands still until `advance` is called, so that tests own the time. It is as rude as
    the field unless `manners=POLITE` is said, which also goes for batteries that are brought along.
    """

    def __init__(
        self,
        batteries: int | Sequence[BatteryModel] = 3,
        *,
        port: int = 0,
        p1_port: int = 0,
        p1_port_v2: int = 0,
        latency_s: float = 0.0,
        load: Signal | float = 500.0,
        pv: Signal | float = 0.0,
        start_s: float = 0.0,
        speed: float = 1.0,
        realtime: bool = False,
        seed: int = 1,
        manners: Manners | None = None,
    ) -> None:
        models = default_batteries(batteries, seed) if isinstance(batteries, int) else list(batteries)
        for model in models:
            model.manners = manners or model.manners
        load, pv = (constant(signal) if isinstance(signal, int | float) else signal for signal in (load, pv))
        self.house = House(models, load, pv, start_s=start_s, speed=speed, seed=seed)
        self.p1 = FakeP1(self.house, port=p1_port, port_v2=p1_port_v2)
        self.batteries = tuple(
            FakeBattery(model, host=f"127.0.0.{2 + i}", port=port, latency_s=latency_s, seed=seed * 100 + i)
            for i, model in enumerate(models)
        )
        self._realtime, self._stack = realtime, contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Open all sockets, and start the clock of the house when it runs in real time."""
        for battery in self.batteries:
            battery.port = battery.port or self.batteries[0].port
            self._stack.push_async_callback(battery.stop)
            await battery.start()
        self._stack.push_async_callback(self.p1.stop)
        await self.p1.start()
        self.p1_host, self.p1_port = self.p1.host, self.p1.port
        self.p1_port_v2 = self.p1.port_v2
        self.p1_url = f"http://{self.p1_host}:{self.p1_port}"
        if self._realtime:
            clock = asyncio.create_task(self.house.run_realtime())
            self._stack.callback(clock.cancel)

    async def stop(self) -> None:
        """Close everything."""
        await self._stack.aclose()

    def find_phases(self) -> None:
        """Let every battery have led before: none tests its phase any more, unless it does with every Auto."""
        for model in self.house.batteries:
            model.phase_known = True

    def advance(self, duration_s: float) -> None:
        """Let `duration_s` pass in the house at once."""
        self.house.run(duration_s)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Stop."""
        await self.stop()
