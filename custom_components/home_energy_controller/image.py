"""The plan as a picture: for a dashboard, or a notification."""

from collections.abc import Callable
from datetime import datetime
from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SiteConfigEntry, SiteCoordinator
from .entity import SiteEntity, add_with_contract
from .view.picture import PlanPicture

PARALLEL_UPDATES = 0

PLAN = ImageEntityDescription(key="plan")

type Picture = Callable[[], tuple[str, datetime] | None]
"""Gives the newest picture with when it was made; None while there is no plan."""


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the picture of the site's plan."""
    coordinator = entry.runtime_data
    picture = PlanPicture(coordinator.planner).newest
    add_with_contract(entry, lambda: async_add_entities([PlanImage(coordinator, picture)]))


class PlanImage(SiteEntity, ImageEntity):
    """What is planned and what was done, drawn."""

    _attr_content_type = "image/svg+xml"

    def __init__(self, coordinator: SiteCoordinator, picture: Picture) -> None:
        """Show what there is already."""
        SiteEntity.__init__(self, coordinator, PLAN)
        ImageEntity.__init__(self, coordinator.hass)
        self._picture = picture
        self._shown: str | None = None
        self._look()

    @property
    @override
    def available(self) -> bool:
        """Return whether there is a plan."""
        return super().available and self._shown is not None

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture that is announced, so that nobody keeps a newer one under an older time."""
        return None if self._shown is None else self._shown.encode()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Look for another picture."""
        self._look()
        super()._handle_coordinator_update()

    def _look(self) -> None:
        """Take the newest picture; the time changes only with what is seen."""
        picture = self._picture()
        if picture is None:
            self._shown = None
        elif picture[0] != self._shown:
            self._shown, self._attr_image_last_updated = picture
