"""What the owner told the Energy dashboard: which statistics and forecasts are of the grid, the sun and batteries."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant

from .foreign_calls import async_outcome

# Not a public interface: where it is gone, there is no forecast and no history, and all else goes on. A test tells.
MANAGER: Callable[..., Any] | None = None
PLATFORMS: Callable[..., Any] | None = None
try:
    from homeassistant.components.energy import data, websocket_api
except ImportError:
    pass
else:
    MANAGER = getattr(data, "async_get_manager", None)
    PLATFORMS = getattr(websocket_api, "async_get_energy_platforms", None)

ENERGY: Final = "energy"


async def async_sources(hass: HomeAssistant, kind: str) -> list[Mapping[str, Any]]:
    """Return the sources of a kind (grid, solar, battery) as the dashboard holds them; none where it is not set up."""
    if ENERGY not in hass.config.components or MANAGER is None:
        return []
    manager = await async_outcome(hass, MANAGER(hass), is_shared=True)
    preferences = getattr(manager, "data", None)
    sources = preferences.get("energy_sources") if isinstance(preferences, Mapping) else None
    return [source for source in sources or () if isinstance(source, Mapping) and source.get("type") == kind]


async def async_forecasters(hass: HomeAssistant) -> Mapping[str, Callable[..., Any]]:
    """Return who forecasts the sun, by domain: each takes `hass` and the id of an entry; none where it is not told."""
    if ENERGY not in hass.config.components or PLATFORMS is None:
        return {}
    platforms = await async_outcome(hass, PLATFORMS(hass), is_shared=True)
    return platforms if isinstance(platforms, Mapping) else {}
