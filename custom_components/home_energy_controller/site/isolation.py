"""The parts of a cycle, each behind a wall: what one of them raises breaks nothing but itself."""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import logging
from typing import Any

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Failures:
    """How often a part failed, and what it raised last."""

    count: int = 0
    error: str = ""
    goes_on: bool = False
    """It failed the last time, and was logged."""


class Isolation:
    """Runs parts that control must not depend on, and counts what they raise."""

    def __init__(self) -> None:
        """Begin with none that failed."""
        self.failures: dict[str, Failures] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Run a part: what it raises is logged once until it works again, and ends here."""
        try:
            yield
        # The one place where everything is caught: whatever it is, and whoever raises it (a neighbour's state, a full
        # disk, our own mistake), batteries that are not commanded any more are worse.
        except Exception as err:
            failures = self.failures.setdefault(name, Failures())
            if not failures.goes_on:
                _LOGGER.exception("This failed, and the rest goes on without it: %s", name)
            failures.count += 1
            failures.error, failures.goes_on = type(err).__name__, True
        else:
            failures = self.failures.get(name, Failures())
            if failures.goes_on:
                failures.goes_on = False
                _LOGGER.info("This works again: %s", name)

    async def async_run(self, name: str, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a task as a part of its own."""
        with self.part(name):
            await coroutine
