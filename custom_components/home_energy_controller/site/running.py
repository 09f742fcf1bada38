"""What a running site offers to the rooms below its coordinator, so that none of them has to know who wires it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..control.model import BatteryMode
from ..marstek.client import MarstekClient
from .battery import Battery
from .isolation import Isolation
from .meter import SiteMeter
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

    @property
    def config_entry(self) -> ConfigEntry[Any]:
        """The site's config entry."""

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start a task that ends with the entry."""

    def set_battery_mode(self, battery_id: str, mode: BatteryMode, setpoint_w: int | None = None) -> None:
        """Take a battery out of control, with another power (W, + discharging) if need be, or give it back.

        A cycle has to follow. Raises ServiceValidationError when it cannot do this.
        """

    def hurry(self) -> None:
        """Let the next cycle come soon."""

    async def async_refresh(self) -> None:
        """Run one cycle."""
