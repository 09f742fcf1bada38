"""The switch that lets the controller act; off is a dry run."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SiteConfigEntry
from .entity import SiteEntity

PARALLEL_UPDATES = 1

CONTROLLER = SwitchEntityDescription(key="controller")


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the switch of the site."""
    async_add_entities([ControllerSwitch(entry.runtime_data, CONTROLLER)])


class ControllerSwitch(SiteEntity, SwitchEntity):
    """On: the controller commands the batteries. Off: it releases them and only shows what it would do."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the controller may act."""
        return self.coordinator.data.enabled

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let the controller act."""
        await self.coordinator.requests.async_set_enabled(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Release the batteries."""
        await self.coordinator.requests.async_set_enabled(False)
