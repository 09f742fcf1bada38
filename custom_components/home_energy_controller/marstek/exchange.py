"""One question to one battery, and the queue in front of it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from .errors import MarstekError, MarstekProtocolError, MarstekSuperseded
from .frames import ErrorReply, Method, Params, Reply

LONGEST_GAP_S: Final = 2.5
"""Pause after a datagram that every known firmware can live with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long we wait for what (s)."""

    first_timeout_s: float = 2.0
    """The first datagram after a pause is often lost: ask again soon, then be patient."""
    later_timeout_s: float = 4.0
    resend_pause_s: float = 0.5
    """One resend after 0.5 s lost 2 of 40, after 0.3 s 7 of 40 (taurgis' Wi-Fi study)."""
    busy_pause_s: tuple[float, float] = (1.0, 3.0)
    """After `set_result: false` (jaapp#85)."""
    max_sends: int = 3
    write_gap_s: float = 0.5
    longest_gap_s: float = LONGEST_GAP_S
    """Cuts the pauses that the firmware needs; for tests."""
    discovery_interval_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A result, who gave it, and how it came about."""

    result: dict[str, Any]
    model: str | None
    mac: str | None
    received_at: float
    latency_s: float
    sends: int


class Exchange:
    """A request under way: all ids it was sent with, and the place where its answer arrives."""

    def __init__(
        self,
        method: Method,
        params: Params,
        *,
        port: int,
        addresses: tuple[str, ...],
        mac: str | None,
        queue: RequestQueue,
    ) -> None:
        """Note what is asked, of whom, and from where the answer may come."""
        self.method = method
        self.params = params
        self.port = port
        self.addresses = addresses
        self.mac = mac
        self.queue = queue
        self.sent_at: dict[int, float] = {}
        self.received_at = 0.0
        self.answered = False
        self.garbled: MarstekProtocolError | None = None
        self._superseded: MarstekSuperseded | None = None
        self._arrival: asyncio.Future[Reply | ErrorReply | MarstekError] = asyncio.get_running_loop().create_future()

    @property
    def waits(self) -> bool:
        """Return whether an answer would still be news."""
        return not self._arrival.done()

    def deliver(self, arrival: Reply | ErrorReply | MarstekError, at: float) -> None:
        """Hand over what came in, or why nothing will."""
        if self.waits:
            self.received_at = at
            self._arrival.set_result(arrival)

    def abandon(self, at: float) -> None:
        """Give way to a command."""
        self._superseded = MarstekSuperseded(f"{self.method} gave way to a command")
        self.deliver(self._superseded, at)

    async def arrival(self, within_s: float) -> Reply | ErrorReply | None:
        """Return what arrives within a time, None when nothing does; raises what was delivered as an error."""
        if self._superseded and self.waits:
            raise self._superseded
        if within_s > 0.0:
            await asyncio.wait((self._arrival,), timeout=within_s)
        if self.waits:
            return None
        arrival, self._arrival = self._arrival.result(), asyncio.get_running_loop().create_future()
        if isinstance(arrival, MarstekError):
            raise arrival
        return arrival

    def answer(self, reply: Reply) -> Answer:
        """Return the answer that a reply makes."""
        return Answer(
            result=reply.result,
            model=reply.model,
            mac=reply.mac,
            received_at=self.received_at,
            latency_s=self.received_at - self.sent_at[reply.id],
            sends=len(self.sent_at),
        )


class RequestQueue:
    """The road to one battery: one request at a time, commands first, and a pause after each datagram."""

    def __init__(self) -> None:
        """Start with a free road."""
        self._holder: Exchange | None = None
        self._commands: deque[tuple[Exchange, asyncio.Future[None]]] = deque()
        self._reads: deque[tuple[Exchange, asyncio.Future[None]]] = deque()
        self._active_at = -inf

    def touch(self, at: float) -> None:
        """Note that a datagram went or came."""
        self._active_at = at

    def quiet_in_s(self, gap_s: float, now: float) -> float:
        """Return how long to wait until the device has had its pause."""
        return max(0.0, self._active_at + gap_s - now)

    @asynccontextmanager
    async def turn(self, exchange: Exchange, now: float) -> AsyncIterator[None]:
        """Wait for the turn of an exchange and hold the road; a command makes a read give way."""
        if self._holder is None:
            self._holder = exchange
        else:
            if exchange.method.is_write and not self._holder.method.is_write:
                self._holder.abandon(now)
            await self._queue(exchange)
        try:
            yield
        finally:
            self._hand_over()

    async def _queue(self, exchange: Exchange) -> None:
        """Wait until the road is handed over."""
        queue = self._commands if exchange.method.is_write else self._reads
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append((exchange, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                # Cancelled in the very moment of its turn: nobody else would pass it on.
                self._hand_over()
            raise

    def _hand_over(self) -> None:
        """Give the road to the next in line; those who were cancelled meanwhile are stepped over."""
        while queue := self._commands or self._reads:
            self._holder, turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._holder = None
