"""Numbers: the powers that act in what is named `fixed`, the reserve, and the grid target where nobody leads."""

from collections.abc import Collection
from dataclasses import replace
import math
from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, UnitOfPower
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .control.model import BatteryMode, Strategy
from .coordinator import SiteConfigEntry, SiteCoordinator
from .entity import BatteryEntity, SiteEntity
from .errors import refusal
from .site.battery import Battery

PARALLEL_UPDATES = 1

GRID_TARGET = NumberEntityDescription(
    key="grid_target",
    device_class=NumberDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.WATT,
    native_min_value=-5000,
    native_max_value=5000,
    native_step=10,
    mode=NumberMode.BOX,
)
SETPOINT = NumberEntityDescription(
    key="setpoint",
    device_class=NumberDeviceClass.POWER,
    native_unit_of_measurement=UnitOfPower.WATT,
    native_step=10,
    mode=NumberMode.BOX,
)
RESERVE = NumberEntityDescription(
    key="reserve",
    device_class=NumberDeviceClass.BATTERY,
    native_unit_of_measurement=PERCENTAGE,
    native_min_value=5,
    native_max_value=95,
    native_step=1,
    mode=NumberMode.BOX,  # a narrow slider hides its number
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the numbers of the site and of each battery."""
    coordinator, batteries = entry.runtime_data, entry.runtime_data.batteries.values()
    # Where somebody may lead, the target would act in rare troubles only: whoever wants it can have it.
    is_led = any(battery.configured.may_lead for battery in batteries)
    target = replace(GRID_TARGET, entity_registry_enabled_default=not is_led)
    async_add_entities([SiteSetpoint(coordinator), GridTarget(coordinator, target)])
    for battery in batteries:
        numbers = [BatterySetpoint(coordinator, battery), Reserve(coordinator, battery, RESERVE)]
        async_add_entities(numbers, config_subentry_id=battery.subentry.subentry_id)


class Setpoint(NumberEntity):
    """A power (W, + discharges) that spans what batteries can do together, by their settings of now."""

    members: Collection[Battery]

    @property
    @override
    def native_min_value(self) -> float:
        """Return the largest charging power."""
        return -sum(battery.configured.charge_limit_w for battery in self.members)

    @property
    @override
    def native_max_value(self) -> float:
        """Return the largest discharging power."""
        return sum(battery.configured.discharge_limit_w for battery in self.members)


def _number(value: float) -> float:
    """Return a value that is a number; raises ServiceValidationError for NaN, which passes Home Assistant's bounds."""
    if not math.isfinite(value):
        raise refusal("not_a_number")
    return value


class SitePower(SiteEntity, NumberEntity):
    """A power of the site, offered where it acts: what is set and what is shown have its key as their name."""

    @property
    @override
    def native_value(self) -> int:
        """Return the power (W)."""
        power_w: int = getattr(self.coordinator.data, f"{self.entity_description.key}_w")
        return power_w

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change it."""
        await self.coordinator.requests.async_update_site(**{f"{self.entity_description.key}_w": round(_number(value))})


class SiteSetpoint(SitePower, Setpoint):
    """The power of all batteries together in the strategy `fixed`."""

    def __init__(self, coordinator: SiteCoordinator) -> None:
        """Be of all batteries."""
        super().__init__(coordinator, SETPOINT)
        self.members = coordinator.batteries.values()

    @property
    @override
    def available(self) -> bool:
        """Return whether it acts."""
        return super().available and self.coordinator.data.strategy is Strategy.FIXED


class GridTarget(SitePower):
    """Where the meter is kept (W, + import) while nobody leads: a leader knows no other target than 0."""

    @property
    @override
    def available(self) -> bool:
        """Return whether it acts, or would at work."""
        return super().available and self.coordinator.data.leader is None


class BatterySetpoint(BatteryEntity, Setpoint):
    """The power of one battery, offered while its mode is `fixed`."""

    def __init__(self, coordinator: SiteCoordinator, battery: Battery) -> None:
        """Be of one battery."""
        super().__init__(coordinator, battery, SETPOINT)
        self.members = (battery,)

    @property
    @override
    def available(self) -> bool:
        """Return whether it acts."""
        return super().available and self.snapshot.battery_mode is BatteryMode.FIXED

    @property
    @override
    def native_value(self) -> int:
        """Return the setpoint."""
        return self.snapshot.setpoint_w

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the setpoint."""
        await self.coordinator.requests.async_update_battery(self.battery.id, setpoint_w=round(_number(value)))


class Reserve(BatteryEntity, NumberEntity):
    """Down to which charge control discharges the battery."""

    @property
    @override
    def native_value(self) -> float:
        """Return the reserve."""
        return self.snapshot.reserve_pct

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Change the reserve; raises ServiceValidationError for one at or above the ceiling."""
        max_soc_pct = self.battery.configured.max_soc_pct
        if _number(value) >= max_soc_pct:
            raise refusal("reserve_above_ceiling", name=self.battery.name, ceiling=f"{max_soc_pct:.0f}")
        await self.coordinator.requests.async_update_battery(self.battery.id, reserve_pct=value)
