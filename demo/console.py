"""What the demo says to the person who started it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import sys
import time

_STARTED_AT = time.monotonic()


class DemoError(Exception):
    """The demo cannot go on; the text tells the person why."""


def say(text: str) -> None:
    """Tell on standard error how far the demo is, with the seconds since it started."""
    sys.stderr.write(f"[{time.monotonic() - _STARTED_AT:5.1f} s] {text}\n")
    sys.stderr.flush()


def reason(error: Exception) -> str:
    """Return why it failed, in words: many errors have no text of their own, which does not make them false."""
    if text := str(error).strip():
        return text
    return "Home Assistant took too long" if isinstance(error, TimeoutError) else type(error).__name__


@asynccontextmanager
async def patience(text: str, about_s: int, every_s: float = 5.0) -> AsyncIterator[None]:
    """Say what is being done and about how long that takes, and again and again that it still is.

    Nobody knows a silent program from a dead one.
    """

    async def repeat() -> None:
        began_at = time.monotonic()
        while True:
            await asyncio.sleep(every_s)
            say(f"still {text} ({time.monotonic() - began_at:.0f} of about {about_s} s)")

    say(f"{text} (about {about_s} s)")
    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()


def put(text: str) -> None:
    """Write a result to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
