"""Asking batteries over UDP."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .frames import Method, Params

type Clock = Callable[[], float]
type EndpointFactory = Callable[
    [Callable[[], asyncio.DatagramProtocol], tuple[str, int]], Awaitable[asyncio.DatagramTransport]
]


@dataclass(slots=True)
class ClientStatistics:
    """Datagrams of all batteries together."""

    sent: int = 0
    answered: int = 0
    timeouts: int = 0
    duplicates: int = 0
    late: int = 0
    foreign: int = 0
    malformed: int = 0
    echoes: int = 0
    wrong_device: int = 0


class MarstekClient:
    """Skeleton."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        endpoint_factory: EndpointFactory | None = None,
        bind_host: str = "0.0.0.0",
    ) -> None:
        """Open nothing yet."""
        raise NotImplementedError

    @property
    def bindings(self) -> dict[int, int]:
        """Return the local port wanted -> the one really bound."""
        raise NotImplementedError

    @property
    def statistics(self) -> ClientStatistics:
        """Return a copy of the counters."""
        raise NotImplementedError

    async def request(
        self, host: str, port: int, method: Method, params: Params, *, mac: str | None = None, gap_s: float = 2.5
    ) -> dict[str, Any]:
        """Return the result object of one request."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close all sockets."""
        raise NotImplementedError
