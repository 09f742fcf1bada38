"""Whether anything needs a person, and whether a battery is charging."""

from typing import override

from homeassistant.components.binary_sensor import (  # type: ignore[attr-defined,unused-ignore] # 2026.11 exports it
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SiteConfigEntry
from .entity import BatteryEntity, SiteEntity

PARALLEL_UPDATES = 0

PROBLEM = BinarySensorEntityDescription(key="problem", device_class=BinarySensorDeviceClass.PROBLEM)
CHARGING = BinarySensorEntityDescription(key="charging", device_class=BinarySensorDeviceClass.BATTERY_CHARGING)
CHARGES_W = 50
"""A battery at rest shows a few watts either way."""


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors of the site and of each battery."""
    coordinator = entry.runtime_data
    async_add_entities([ProblemSensor(coordinator, PROBLEM)])
    for battery in coordinator.batteries.values():
        async_add_entities(
            [ChargingSensor(coordinator, battery, CHARGING)], config_subentry_id=battery.subentry.subentry_id
        )


class ProblemSensor(SiteEntity, BinarySensorEntity):
    """On while the meter is lost, a battery is silent or does not follow, or nobody can be controlled."""

    @property
    @override
    def is_on(self) -> bool:
        """Return whether there is a problem."""
        return self.coordinator.data.problem


class ChargingSensor(BatteryEntity, BinarySensorEntity):
    """On while the battery charges; Home Assistant's own battery triggers listen to it."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the battery was heard recently."""
        return super().available and self.snapshot.available

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it charges."""
        power_w = self.snapshot.power_w
        return None if power_w is None else power_w <= -CHARGES_W
