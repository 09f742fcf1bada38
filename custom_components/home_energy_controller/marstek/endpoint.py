"""A UDP socket that is shared by all batteries of one port."""

import asyncio
from collections.abc import Awaitable, Callable
import errno
import logging
import socket
from typing import cast, override

from .errors import MarstekConnectionError

_LOGGER = logging.getLogger(__name__)

type EndpointFactory = Callable[
    [Callable[[], asyncio.DatagramProtocol], tuple[str, int]], Awaitable[asyncio.DatagramTransport]
]
type Receiver = Callable[["Endpoint", bytes, str], None]
type Loss = Callable[["Endpoint", Exception | None], None]


async def open_socket(
    protocol_factory: Callable[[], asyncio.DatagramProtocol], local_address: tuple[str, int]
) -> asyncio.DatagramTransport:
    """Open a socket on the running loop, never sharing its port: sharing splits or steals replies."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        protocol_factory, local_addr=local_address, family=socket.AF_INET
    )
    return transport


class Endpoint(asyncio.DatagramProtocol):
    """The socket for one device port, bound to that port where it is free."""

    def __init__(self, port: int, receiver: Receiver, loss: Loss) -> None:
        """Note whom to tell."""
        self.port = port
        self.local_port = 0
        self._receiver = receiver
        self._loss = loss
        self._transport: asyncio.DatagramTransport | None = None
        self._send_error: Exception | None = None

    @classmethod
    async def open(
        cls, factory: EndpointFactory, bind_host: str, port: int, receiver: Receiver, loss: Loss
    ) -> Endpoint:
        """Open the socket; raises MarstekConnectionError.

        Some firmware answers only to a source port that equals its own, so that is tried first. When another program
        holds it, any other port is better than none.
        """
        endpoint = cls(port, receiver, loss)
        try:
            try:
                await factory(lambda: endpoint, (bind_host, port))
            except OSError as err:
                if err.errno != errno.EADDRINUSE:
                    raise
                _LOGGER.info("UDP port %s is held by another program; replies will come to another one", port)
                await factory(lambda: endpoint, (bind_host, 0))
        except OSError as err:
            raise MarstekConnectionError(f"cannot open a UDP socket: {err}") from err
        return endpoint

    def send(self, data: bytes, address: str, *, broadcast: bool = False) -> None:
        """Send one datagram; raises MarstekConnectionError when the system refuses it.

        Broadcasting is allowed for a discovery only: the kernel itself then refuses to broadcast a command.
        """
        if self._transport is None or not data:
            raise MarstekConnectionError("the socket is closed, or nothing to send")
        if (sock := self._transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, int(broadcast))
        self._send_error = None
        self._transport.sendto(data, (address, self.port))
        if self._send_error is not None:
            raise MarstekConnectionError(f"cannot send: {self._send_error}") from self._send_error

    def close(self) -> None:
        """Close the socket at once."""
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the open socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.local_port = int(transport.get_extra_info("sockname")[1])

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the socket is gone."""
        self._transport = None
        self._loss(self, exc)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Pass a datagram on."""
        self._receiver(self, data, addr[0])

    @override
    def error_received(self, exc: Exception) -> None:
        """Keep what went wrong: asyncio reports a failed send here, before sendto returns."""
        _LOGGER.debug("UDP port %s: %s", self.local_port, exc)
        self._send_error = exc
