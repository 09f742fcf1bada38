"""A HomeWizard P1 on the network: real HTTP."""

from simulation.faults import Fault
from simulation.house import House


class FakeP1:
    """Serves `/api` and `/api/v1/data` for the meter of one house."""

    def __init__(self, house: House, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.house = house
        self.host = host
        self.port = port

    @property
    def faults(self) -> set[Fault]:
        """Return the faults that act now; add and remove at will."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open the server; `port` tells where."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close the server."""
        raise NotImplementedError
