"""Whether anything needs a person."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SiteConfigEntry
from .entity import SiteEntity

PARALLEL_UPDATES = 0

PROBLEM = BinarySensorEntityDescription(
    key="problem", translation_key="problem", device_class=BinarySensorDeviceClass.PROBLEM
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensor of the site."""
    async_add_entities([ProblemSensor(entry.runtime_data, PROBLEM)])


class ProblemSensor(SiteEntity, BinarySensorEntity):
    """On while the meter is lost, a battery is silent or does not follow, or nobody can be controlled."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether there is a problem."""
        return self.coordinator.data.problem
