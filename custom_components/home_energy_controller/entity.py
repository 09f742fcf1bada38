"""What every entity shares: a device to belong to, and a cycle to read."""

from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .battery import Battery
from .const import DOMAIN, MANUFACTURER
from .coordinator import SiteCoordinator
from .marstek.profiles import firmware_text, model_name
from .snapshot import BatterySnapshot


def site_device_info(coordinator: SiteCoordinator) -> DeviceInfo:
    """Return the device of the site: a service, because it is no thing that one can touch."""
    return DeviceInfo(
        identifiers={(DOMAIN, coordinator.config_entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        name=coordinator.config_entry.title,
        model="Home Energy Controller",
    )


class SiteEntity(CoordinatorEntity[SiteCoordinator]):
    """An entity of the site."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SiteCoordinator, description: EntityDescription) -> None:
        """Belong to the site's device."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}_{description.key}"
        self._attr_device_info = site_device_info(coordinator)


class BatteryEntity(CoordinatorEntity[SiteCoordinator]):
    """An entity of one battery."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SiteCoordinator, battery: Battery, description: EntityDescription) -> None:
        """Belong to the battery's device."""
        super().__init__(coordinator)
        self.battery = battery
        self.entity_description = description
        self._attr_unique_id = f"{battery.id}_{description.key}"
        info = battery.device.info
        macs = {mac for mac in (battery.id, info.wifi_mac if info else None) if mac}
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, battery.id)},
            connections={(CONNECTION_NETWORK_MAC, dr.format_mac(mac)) for mac in macs},
            manufacturer=MANUFACTURER,
            model=model_name(info.model) if info else None,
            model_id=info.model if info else None,
            name=battery.name,
            serial_number=battery.id,
            sw_version=firmware_text(info.firmware) if info and info.firmware else None,
            via_device_id=dr.async_get_device_id_by_identifier(
                coordinator.hass,
                (DOMAIN, coordinator.config_entry.entry_id),
                config_entry_id=coordinator.config_entry.entry_id,
            ),
        )

    @property
    def snapshot(self) -> BatterySnapshot:
        """Return this battery's part of the newest cycle."""
        return self.coordinator.data.batteries[self.battery.id]


class ChargerEntity(CoordinatorEntity[SiteCoordinator]):
    """An entity of the charger of the car."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: SiteCoordinator, subentry: ConfigSubentry, description: EntityDescription) -> None:
        """Belong to the charger's device: a service, as the thing itself is another integration's."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            entry_type=DeviceEntryType.SERVICE,
            name=subentry.title,
            model="Home Energy Controller",
        )


class MeasuringBatteryEntity(BatteryEntity):
    """An entity that shows what the battery says: gone while the battery is silent."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the battery was heard recently."""
        return super().available and self.snapshot.available
