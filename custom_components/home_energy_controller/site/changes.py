"""What people and automations ask for: at once, and however often, without a flood."""

import asyncio

from .running import RunningSite

BURST = 10
"""So many changes in a row get a cycle of their own: more no person makes by hand."""
EVERY_S = 2.0
"""After those: one per that time."""


class Changes:
    """Has every change followed by a cycle: many that come together share one, the last value of each is what acts."""

    def __init__(self, site: RunningSite) -> None:
        """Nothing was asked for yet."""
        self._site = site
        self._next: asyncio.Task[None] | None = None
        """A cycle that did not begin yet: it will see what is asked for now."""
        self._spare, self._spared_at = float(BURST), site.clock()

    async def async_act(self) -> None:
        """Return once a cycle saw what was changed; in a flood at once: one will soon."""
        if self._next is None:
            if not self._may_begin():
                self._site.hurry()
                return
            # Not eager: it must be known as the next one before it begins.
            self._next = self._site.config_entry.async_create_task(
                self._site.hass, self._async_cycle(), "cycle for a change", eager_start=False
            )
        # Who gives up waiting does not end the others' cycle.
        await asyncio.shield(self._next)

    def note_cycle(self) -> None:
        """Take note that a cycle begins: what is asked for from now on it does not see."""
        if asyncio.current_task() is self._next:
            self._next = None

    async def _async_cycle(self) -> None:
        """Run one cycle."""
        try:
            await self._site.async_refresh()
        finally:
            self.note_cycle()  # A site that is being closed runs none.

    def _may_begin(self) -> bool:
        """Return whether there is a cycle to spare, and use it."""
        now = self._site.clock()
        self._spare = min(float(BURST), self._spare + (now - self._spared_at) / EVERY_S)
        self._spared_at = now
        if self._spare < 1.0:
            return False
        self._spare -= 1.0
        return True
