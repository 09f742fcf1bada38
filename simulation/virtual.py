"""The network without sockets: a wire per battery, and a link over it in virtual time for benchmarks and soak runs."""

from collections import deque
from dataclasses import dataclass
import json
from math import inf, log
from random import Random
from typing import Any

from simulation import assumptions as known
from simulation.firmware import Firmware


class Wire:
    """Latency, loss and outages between us and one battery, from one seed; the UDP battery uses it too.

    Latencies are log-normal around `latency_s`; `loss_pct` of the round trips are lost; every `outage_every_s` or so
    nothing passes for one to ten minutes.
    """

    def __init__(self, firmware: Firmware, *, latency_s: float = 0.0, seed: int = 1) -> None:
        self.firmware, self.latency_s = firmware, latency_s
        self.loss_pct, self.outage_every_s = 0.0, inf
        self._random = Random(f"wire {seed}")
        self._last_at = self._deaf_until = self._silent_until = -inf

    def deliver(self, datagram: bytes, now: float, *, broadcast: bool = False) -> list[tuple[float, bytes]]:
        """Return what comes back, each frame with its delay; a busy device drops, and a lost answer was acted on."""
        if self._random.random() < min(now - self._last_at, 600.0) / self.outage_every_s:
            self._deaf_until = now + self._random.uniform(known.OUTAGE_MIN, known.OUTAGE_MAX)
        self._last_at = now
        if now < self._deaf_until or self.is_silent(now) or self._is_lost():
            return []
        latency_s = self._random.lognormvariate(log(self.latency_s), known.LATENCY_SIGMA) if self.latency_s else 0.0
        self._deaf_until = now + latency_s
        frames = self.firmware.handle(datagram, self.firmware.model.now, broadcast=broadcast)
        return [(latency_s + delay_s, frame) for delay_s, frame in frames if not self._is_lost()]

    def silence(self, until: float) -> None:
        """Let nothing pass until then."""
        self._silent_until = until

    def is_silent(self, now: float) -> bool:
        """Return whether somebody silenced it."""
        return now < self._silent_until

    def _is_lost(self) -> bool:
        """Return whether a datagram is lost, on its way there or back."""
        return self._random.random() * 200 < self.loss_pct


@dataclass(slots=True)
class Exchange:
    """A request and what became of it; with `done_at` but without `reply` it was given up, though it may have acted."""

    method: str
    params: dict[str, Any]
    asked_at: float
    sends: int = 0
    done_at: float | None = None
    reply: dict[str, Any] | None = None


class VirtualLink:
    """Carries real frames to one battery in virtual time: one request in flight, a gap after it, retries."""

    sends = 3
    gap_s = 2.0
    retry_s = (2.0, 5.0)

    def __init__(self, wire: Wire, *, seed: int = 1) -> None:
        self.wire, self.datagrams = wire, 0
        self._random = Random(f"link {seed}")
        self._queue: deque[Exchange] = deque()
        self._frames: list[tuple[float, bytes]] = []
        self._id, self._send_at = 1, 0.0

    def ask(self, method: str, params: dict[str, Any], now: float) -> Exchange:
        """Queue a request; the exchange tells later what became of it."""
        self._queue.append(Exchange(method, params, now))
        return self._queue[-1]

    def step(self, now: float) -> None:
        """Take what has arrived by now, and send what may be sent, once more if it must be, or give it up."""
        arrived = sorted(frame for frame in self._frames if frame[0] <= now)
        self._frames = [frame for frame in self._frames if frame[0] > now]
        for at, data in arrived:
            self._receive(at, data)
        if not self._queue or now < self._send_at:
            return
        exchange = self._queue[0]
        if exchange.sends == self.sends:
            self._finish(now)
            return
        exchange.sends += 1
        self.datagrams += 1
        frame = json.dumps({"id": self._id, "method": exchange.method, "params": exchange.params}).encode()
        self._frames += [(now + delay_s, data) for delay_s, data in self.wire.deliver(frame, now)]
        self._send_at = now + self._random.uniform(*self.retry_s)

    def _receive(self, at: float, data: bytes) -> None:
        """Take the answer of the present request; anything else is dropped as a careful client does."""
        try:
            reply = json.loads(data)
        except ValueError:
            return
        if self._queue and isinstance(reply, dict) and reply.get("id") == 0 and "error" in reply:
            self._send_at = min(self._send_at, at + self.gap_s)  # means the one that is under way: ask again
        elif self._queue and isinstance(reply, dict) and "method" not in reply and reply.get("id") == self._id:
            self._queue[0].reply = reply
            self._finish(at)

    def _finish(self, at: float) -> None:
        """Close the present request; the next may follow after the gap."""
        self._queue.popleft().done_at = at
        self._id = self._id % 65_535 + 1
        self._send_at = at + self.gap_s
