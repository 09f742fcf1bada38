"""Real sockets for the tests: one datagram out, what comes back in a moment."""

import asyncio
import json
import socket
from typing import Any

GET_MODE = {"id": 7, "method": "ES.GetMode", "params": {"id": 0}}


async def exchange(
    host: str,
    port: int,
    request: object = None,
    *,
    wait_s: float = 0.15,
    broadcast: bool = False,
    from_port: int = 0,
    hear_broadcasts: bool = False,
) -> list[tuple[Any, tuple[str, int]]]:
    """Send one request from a socket of our own and return all that comes back, each with its sender.

    From `from_port` only what is sent to that port is heard, of broadcasts none; or, if wanted, broadcasts alone.
    """
    loop = asyncio.get_running_loop()
    heard: list[tuple[Any, tuple[str, int]]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, hear_broadcasts)
        anywhere = "127.255.255.255" if hear_broadcasts else "0.0.0.0"
        sock.bind((anywhere if hear_broadcasts or (broadcast and not from_port) else "127.0.0.1", from_port))
        if broadcast:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        data = request if isinstance(request, bytes) else json.dumps(request or GET_MODE).encode()
        await loop.sock_sendto(sock, data, (host, port))
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    frame, sender = await loop.sock_recvfrom(sock, 4096)
                    heard.append((json.loads(frame), sender))
        except TimeoutError:
            return heard
