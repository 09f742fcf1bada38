"""What the demo says to the person who started it."""

import sys
import time

_STARTED_AT = time.monotonic()


class DemoError(Exception):
    """The demo cannot go on; the text tells the person why."""


def say(text: str) -> None:
    """Tell on standard error how far the demo is, with the seconds since it started."""
    sys.stderr.write(f"[{time.monotonic() - _STARTED_AT:5.1f} s] {text}\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """Write a result to standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
