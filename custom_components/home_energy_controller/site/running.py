"""What a running site offers to the rooms below its coordinator, so that none of them has to know who wires it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..marstek.client import MarstekClient
from .battery import Battery
from .isolation import Isolation
from .meter import SiteMeter
from .planner import Planner
from .store import SiteStore


class RunningSite(Protocol):
    """The coordinator, as far as the rooms below it are concerned."""

    hass: HomeAssistant
    client: MarstekClient
    meter: SiteMeter
    store: SiteStore
    clock: Callable[[], float]
    batteries: dict[str, Battery]
    parts: Isolation
    planner: Planner

    @property
    def config_entry(self) -> ConfigEntry[Any]:
        """The site's config entry."""

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the entry."""

    def require_polling(self) -> None:
        """Raise ServiceValidationError while the owner switched polling off: nobody would follow up a command."""

    def reset_trust(self, battery_ids: Iterable[str]) -> None:
        """Give batteries that were locked out work again: their owner says so."""

    async def async_release(self, only: str | None = None) -> None:
        """Leave the batteries (or one) as their settings say."""

    def hurry(self) -> None:
        """Let the next cycle come soon."""

    async def async_refresh(self) -> None:
        """Run one cycle."""
