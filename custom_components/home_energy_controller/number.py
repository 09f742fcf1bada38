"""Numbers: the powers that act in the strategy and in the battery mode named `fixed`."""

from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .battery import Battery
from .coordinator import SiteConfigEntry, SiteCoordinator
from .entity import BatteryEntity, SiteEntity

PARALLEL_UPDATES = 1

SETPOINT = NumberEntityDescription(
    key="setpoint",
    translation_key="setpoint",
    device_class=NumberDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.WATT,
    native_step=10,
    mode=NumberMode.BOX,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the numbers of the site and of each battery."""
    coordinator = entry.runtime_data
    async_add_entities([SiteSetpoint(coordinator)])
    for battery in coordinator.batteries.values():
        async_add_entities([BatterySetpoint(coordinator, battery)], config_subentry_id=battery.subentry.subentry_id)


class SiteSetpoint(SiteEntity, NumberEntity):
    """The power of all batteries together in the strategy `fixed`; + discharges."""

    def __init__(self, coordinator: SiteCoordinator) -> None:
        """Span what the batteries can do together."""
        super().__init__(coordinator, SETPOINT)
        reach_w = sum(battery.power_class_w for battery in coordinator.batteries.values())
        self._attr_native_min_value, self._attr_native_max_value = -reach_w, reach_w

    @property
    @override
    def native_value(self) -> int:
        """Return the setpoint."""
        return self.coordinator.data.setpoint_w

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the setpoint."""
        await self.coordinator.async_set_setpoint(round(value))


class BatterySetpoint(BatteryEntity, NumberEntity):
    """The power of one battery while its mode is `fixed`; a wish until then. + discharges."""

    def __init__(self, coordinator: SiteCoordinator, battery: Battery) -> None:
        """Span what the battery can do."""
        super().__init__(coordinator, battery, SETPOINT)
        self._attr_native_min_value, self._attr_native_max_value = -battery.power_class_w, battery.power_class_w

    @property
    @override
    def native_value(self) -> int:
        """Return the setpoint."""
        return self.snapshot.setpoint_w

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the setpoint."""
        await self.coordinator.async_set_battery_setpoint(self.battery.id, round(value))
