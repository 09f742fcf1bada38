"""What every entity shares: a device to belong to, and a cycle to read."""

from collections.abc import Callable
from typing import override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC, DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN, MANUFACTURER
from .coordinator import SiteConfigEntry, SiteCoordinator
from .marstek.profiles import firmware_text, model_name
from .site.battery import Battery
from .view.snapshot import BatterySnapshot


class OurEntity(CoordinatorEntity[SiteCoordinator]):
    """An entity that is named, drawn and known by the key of its description."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: SiteCoordinator, description: EntityDescription, owner_id: str, device: DeviceInfo
    ) -> None:
        """Belong to a device."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{owner_id}_{description.key}"
        self._attr_device_info = device

    @property
    @override
    def suggested_object_id(self) -> str:
        """Form the id of a new entity from its key: the same in every language, and whatever its name becomes."""
        return self.entity_description.key


class SiteEntity(OurEntity):
    """An entity of the site."""

    def __init__(
        self, coordinator: SiteCoordinator, description: EntityDescription, charger: ConfigSubentry | None = None
    ) -> None:
        """Belong to the site's device, or to one of the charger's: the thing itself is another integration's."""
        device = site_device_info(coordinator) if charger is None else _service_info(charger.subentry_id, charger.title)
        owner_id = coordinator.config_entry.entry_id if charger is None else charger.subentry_id
        super().__init__(coordinator, description, owner_id, device)


class BatteryEntity(OurEntity):
    """An entity of one battery."""

    def __init__(self, coordinator: SiteCoordinator, battery: Battery, description: EntityDescription) -> None:
        """Belong to the battery's device."""
        self.battery = battery
        super().__init__(coordinator, description, battery.id, _battery_device_info(coordinator, battery))

    @property
    def snapshot(self) -> BatterySnapshot:
        """Return this battery's part of the newest cycle."""
        return self.coordinator.data.batteries[self.battery.id]


def add_with_contract(entry: SiteConfigEntry, add: Callable[[], None]) -> None:
    """Add what belongs to the plan, now or once it is told what energy costs: without that there is nothing to show."""
    coordinator, is_added = entry.runtime_data, False

    def look() -> None:
        nonlocal is_added
        if not is_added and coordinator.planner.config is not None:
            is_added = True
            add()

    look()
    entry.async_on_unload(coordinator.async_add_listener(look))


def site_device_info(coordinator: SiteCoordinator) -> DeviceInfo:
    """Return the device of the site: a service, because it is no thing that one can touch."""
    return _service_info(coordinator.config_entry.entry_id, coordinator.config_entry.title)


def _service_info(identifier: str, name: str) -> DeviceInfo:
    """Return a device that is only a service."""
    return DeviceInfo(
        identifiers={(DOMAIN, identifier)},
        entry_type=DeviceEntryType.SERVICE,
        name=name,
        model="Home Energy Controller",
    )


def update_devices(coordinator: SiteCoordinator) -> None:
    """Let every device say what its battery tells now, and each battery have one of its own.

    Earlier releases took the access point's MAC for the battery's, so that batteries on one became one device.
    """
    registry, entry_id = dr.async_get(coordinator.hass), coordinator.config_entry.entry_id
    titles = {entry_id: coordinator.config_entry.title}
    titles |= {key: subentry.title for key, subentry in coordinator.config_entry.subentries.items()}
    for device in dr.async_entries_for_config_entry(registry, entry_id):
        ids = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
        batteries = [battery for battery in coordinator.batteries.values() if battery.id in ids]
        if not batteries:
            names = [titles[key] for key in ids & titles.keys()]
            if names and device.name != names[0]:
                registry.async_update_device(device.id, name=names[0])
            continue
        # It stays with the battery under whose subentry it is shown; the entities of the others get new devices.
        batteries.sort(key=lambda battery: battery.subentry.subentry_id != device.config_subentry_id)
        wanted = _battery_device_info(coordinator, batteries[0])
        if (device.identifiers, device.connections) != (wanted["identifiers"], wanted["connections"]):
            registry.async_update_device(
                device.id, new_identifiers=wanted["identifiers"], new_connections=wanted["connections"]
            )
        name, shown = batteries[0].name, (wanted["model"], wanted["model_id"], wanted["sw_version"])
        if (device.name, device.model, device.model_id, device.sw_version) != (name, *shown):
            registry.async_update_device(device.id, name=name, model=shown[0], model_id=shown[1], sw_version=shown[2])


def _battery_device_info(coordinator: SiteCoordinator, battery: Battery) -> DeviceInfo:
    """Return the device of a battery, which is reached through the site."""
    info, site_id = battery.device.info, coordinator.config_entry.entry_id
    return DeviceInfo(
        identifiers={(DOMAIN, battery.id)},
        # What a router may know it by, at best: its access point's MAC, which it tells as well, is that of others too.
        connections={(CONNECTION_NETWORK_MAC, dr.format_mac(battery.id))},
        manufacturer=MANUFACTURER,
        model=model_name(info.model) if info else None,
        model_id=info.model if info else None,
        name=battery.name,
        serial_number=battery.id,
        sw_version=firmware_text(info.firmware) if info and info.firmware else None,
        via_device_id=dr.async_get_device_id_by_identifier(
            coordinator.hass, (DOMAIN, site_id), config_entry_id=site_id
        ),
    )
