"""A battery on the network: real UDP on an address of its own."""

from simulation.battery import BatteryModel
from simulation.faults import Fault


class FakeBattery:
    """Answers on `host`:`port` for one model; port 0 takes a free one."""

    def __init__(self, model: BatteryModel, *, host: str = "127.0.0.2", port: int = 0, latency_s: float = 0.0) -> None:
        self.model = model
        self.host = host
        self.port = port

    @property
    def mac(self) -> str:
        """Return the BLE MAC, 12 hex digits."""
        return self.model.mac

    @property
    def faults(self) -> set[Fault]:
        """Return the faults that act now; add and remove at will."""
        return self.model.faults

    async def start(self) -> None:
        """Bind the socket; `port` tells which."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close the socket and forget what was to be sent."""
        raise NotImplementedError
