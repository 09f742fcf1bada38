"""The button that says yes to what may take kilowatts from the grid at once."""

from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SiteConfigEntry
from .entity import SiteEntity

PARALLEL_UPDATES = 1

CONFIRM_FULL_CHARGE = ButtonEntityDescription(key="confirm_full_charge")


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the button of the site."""
    async_add_entities([ConfirmFullCharge(entry.runtime_data, CONFIRM_FULL_CHARGE)])


class ConfirmFullCharge(SiteEntity, ButtonEntity):
    """Begins the full charge that somebody chose; offered while one waits."""

    @property
    @override
    def available(self) -> bool:
        """Return whether there is something to confirm."""
        return super().available and self.coordinator.data.full_charge is not None

    @override
    async def async_press(self) -> None:
        """Begin it; raises ServiceValidationError when it waits no more."""
        await self.coordinator.requests.async_confirm_full_charge()
