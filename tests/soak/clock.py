"""A day in minutes: an event loop whose clock jumps to whatever is due next, and a wall clock that goes with it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
import selectors
from typing import Any, override
from unittest.mock import patch

from homeassistant.helpers import event
from homeassistant.util import dt as dt_util

PATIENCE_S = 0.05
"""Real time that a thread at work gets before the loop looks again."""


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: when no socket has anything to say, the clock is set to the end of the wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.jobs = 0
        """Threads at work: they live in real time, so the clock stands still for them."""

    @override
    def select(self, timeout: float | None = None) -> Any:
        """Return what is ready; what was sent over loopback already is, for the kernel delivers at once."""
        if self.jobs or timeout is None:
            wait_s = PATIENCE_S if timeout is None or timeout > PATIENCE_S else timeout
            return super().select(wait_s)
        if not (ready := super().select(0)) and timeout > 0:
            self.now += timeout
            ready = super().select(0)
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, with real sockets and real threads."""

    def __init__(self) -> None:
        """Begin at a time that nothing mistakes for zero."""
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        """Return the virtual time (s)."""
        return self._jumping.now

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread, and let no time pass until it is done."""
        self._jumping.jobs += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._done)
        return future

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for the threads in real time."""
        self._jumping.jobs += 1
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self._jumping.jobs -= 1

    def _done(self, _future: asyncio.Future[Any]) -> None:
        """Count a thread that has ended."""
        self._jumping.jobs -= 1


@contextmanager
def wall_clock(loop: asyncio.AbstractEventLoop, start: datetime) -> Iterator[None]:
    """Let the time of day follow the loop's clock, from `start` on, wherever Home Assistant and we look at it."""
    offset_s = start.timestamp() - loop.time()

    def timestamp() -> float:
        return offset_s + loop.time()

    def now(time_zone: tzinfo | None = None) -> datetime:
        return datetime.fromtimestamp(timestamp(), time_zone or dt_util.get_default_time_zone())

    def utcnow() -> datetime:
        return now(UTC)

    with ExitStack() as stack:
        stack.enter_context(patch("time.time", timestamp))
        stack.enter_context(patch.object(dt_util, "utcnow", utcnow))
        stack.enter_context(patch.object(dt_util, "now", now))
        stack.enter_context(patch.object(event, "time_tracker_utcnow", utcnow))
        stack.enter_context(patch.object(event, "time_tracker_timestamp", timestamp))
        yield
