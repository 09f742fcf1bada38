"""The network without sockets: one wire per battery, and a transport in virtual time for benchmarks and soak runs."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
import json
from math import inf, log
from random import Random
from typing import Any

from simulation import assumptions as known
from simulation.firmware import Firmware


class Wire:
    """Loss, latency and outages between us and one battery, from one seed; the UDP battery uses it too."""

    def __init__(
        self,
        firmware: Firmware,
        *,
        latency_s: float = 0.0,
        loss_pct: float = 0.0,
        outage_every_s: float = inf,
        seed: int = 1,
    ) -> None:
        """Latencies are log-normal around the median `latency_s`, outages 60-600 s long."""
        self.firmware, self.latency_s, self.loss_pct = firmware, latency_s, loss_pct
        self._random = Random(f"wire {seed}")
        self._outage_every_s = outage_every_s
        self._outage_at = inf if outage_every_s == inf else self._random.expovariate(1 / outage_every_s)
        self._outage_until = self._busy_until = -inf

    def deliver(
        self, datagram: bytes, now: float, *, house_now: float | None = None, broadcast: bool = False
    ) -> list[tuple[float, bytes]]:
        """Send one datagram and return what comes back, each frame with its delay.

        The device handles one datagram at a time: what comes while it is busy is dropped. A lost answer was acted on.
        """
        if now >= self._outage_at:
            self._outage_until = self._outage_at + self._random.uniform(known.OUTAGE_MIN, known.OUTAGE_MAX)
            self._outage_at = self._outage_until + self._random.expovariate(1 / self._outage_every_s)
        if now < max(self._outage_until, self._busy_until) or self._lost():
            return []
        latency_s = self._random.lognormvariate(log(self.latency_s), known.LATENCY_SIGMA) if self.latency_s else 0.0
        self._busy_until = now + latency_s
        frames = self.firmware.handle(datagram, now if house_now is None else house_now, broadcast=broadcast)
        return [(latency_s + delay_s, frame) for delay_s, frame in frames if not self._lost()]

    def _lost(self) -> bool:
        """Return whether a datagram is lost; `loss_pct` is that of a round trip."""
        return bool(self.loss_pct) and self._random.random() * 100 < self.loss_pct / 2


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request and what became of it; with `done_at` but without `reply` it was given up, though it may have acted."""

    battery: int
    method: str
    params: dict[str, Any]
    asked_at: float
    sends: int = 0
    done_at: float | None = None
    reply: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class _Lane:
    """What is on its way to and from one battery."""

    wire: Wire
    queue: deque[Exchange] = field(default_factory=deque)
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    request_id: int = 0
    resend_at: float = 0.0


class VirtualTransport:
    """Carries real frames to `Firmware` in virtual time: one request in flight per battery, a gap, retries."""

    def __init__(
        self,
        wires: Sequence[Wire],
        *,
        sends: int = 3,
        gap_s: float = 2.0,
        retry_s: tuple[float, float] = (2.0, 5.0),
        seed: int = 1,
    ) -> None:
        self._lanes = [_Lane(wire=wire) for wire in wires]
        self._sends, self._gap_s, self._retry_s = sends, gap_s, retry_s
        self._random = Random(f"transport {seed}")
        self.datagrams = 0

    def ask(self, battery: int, method: str, params: dict[str, Any], now: float) -> Exchange:
        """Put a request in the queue of one battery; the exchange tells later what became of it."""
        exchange = Exchange(battery=battery, method=method, params=params, asked_at=now)
        self._lanes[battery].queue.append(exchange)
        return exchange

    def step(self, now: float) -> None:
        """Deliver what has arrived by now, and send what may be sent."""
        for lane in self._lanes:
            if lane.queue:
                self._receive(lane, now)
            if lane.queue and now >= lane.resend_at:
                self._send(lane, now)

    def _receive(self, lane: _Lane, now: float) -> None:
        """Take the answers of the present request; anything else is dropped as a careful client does."""
        for at, frame in [pair for pair in lane.frames if pair[0] <= now]:
            lane.frames.remove((at, frame))
            exchange = lane.queue[0]
            try:
                reply = json.loads(frame)
            except ValueError:
                continue
            if isinstance(reply, dict) and "method" not in reply and reply.get("id") == lane.request_id:
                exchange.reply = reply
                self._finish(lane, at)
                return

    def _send(self, lane: _Lane, now: float) -> None:
        """Send the present request once more, or give it up."""
        exchange = lane.queue[0]
        if exchange.sends == self._sends:
            self._finish(lane, now)
            return
        if not exchange.sends:
            lane.request_id = lane.request_id % 65_535 + 1
        exchange.sends += 1
        self.datagrams += 1
        frame = json.dumps({"id": lane.request_id, "method": exchange.method, "params": exchange.params}).encode()
        lane.frames += [(now + delay_s, data) for delay_s, data in lane.wire.deliver(frame, now)]
        lane.resend_at = now + self._random.uniform(*self._retry_s)

    def _finish(self, lane: _Lane, at: float) -> None:
        """Close the present request; the next may follow after the gap."""
        lane.queue.popleft().done_at = at
        lane.resend_at = at + self._gap_s
