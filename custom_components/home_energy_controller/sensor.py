"""Sensors: what the site and its batteries do, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfRatio, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .battery import Battery
from .control.model import Health, Mode, Role, SiteState
from .coordinator import SiteConfigEntry
from .entity import BatteryEntity, ChargerEntity, MeasuringBatteryEntity, SiteEntity
from .snapshot import BatterySnapshot, SiteSnapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SensorEntityDescription):
    """How to read a sensor of the site."""

    value: Callable[[SiteSnapshot], StateType]


@dataclass(frozen=True, kw_only=True)
class BatterySensorDescription(SensorEntityDescription):
    """How to read a sensor of a battery."""

    value: Callable[[BatterySnapshot], StateType | datetime]
    outlives_silence: bool = False
    """Shown while the battery is silent: a total, or a fact about the silence."""
    exists: Callable[[Battery], bool] = lambda _: True


def _power(key: str) -> dict[str, Any]:
    """Return what power sensors share."""
    return {
        "key": key,
        "translation_key": key,
        "device_class": SensorDeviceClass.POWER,
        "state_class": SensorStateClass.MEASUREMENT,
        "native_unit_of_measurement": UnitOfPower.WATT,
    }


def _energy(key: str) -> dict[str, Any]:
    """Return what energy totals share; kWh is what the Energy dashboard shows."""
    return {
        "key": key,
        "translation_key": key,
        "device_class": SensorDeviceClass.ENERGY,
        "state_class": SensorStateClass.TOTAL_INCREASING,
        "native_unit_of_measurement": UnitOfEnergy.WATT_HOUR,
        "suggested_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
        "suggested_display_precision": 2,
    }


def _stored() -> dict[str, Any]:
    """Return what sensors of the energy in the cells share; never a total, since it goes up and down."""
    return {
        "key": "energy_stored",
        "translation_key": "energy_stored",
        "device_class": SensorDeviceClass.ENERGY_STORAGE,
        "state_class": SensorStateClass.MEASUREMENT,
        "native_unit_of_measurement": UnitOfEnergy.WATT_HOUR,
        "suggested_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
        "suggested_display_precision": 1,
    }


def _enum(key: str, states: type[StrEnum]) -> dict[str, Any]:
    """Return what sensors with a list of states share."""
    return {
        "key": key,
        "translation_key": key,
        "device_class": SensorDeviceClass.ENUM,
        "options": [state.value for state in states],
    }


def _share(key: str) -> dict[str, Any]:
    """Return what shares of the day share."""
    return {
        "key": key,
        "translation_key": key,
        "state_class": SensorStateClass.MEASUREMENT,
        "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
    }


def _soc() -> dict[str, Any]:
    """Return what sensors of the state of charge share."""
    return {
        "key": "soc",
        "translation_key": "soc",
        "device_class": SensorDeviceClass.BATTERY,
        "state_class": SensorStateClass.MEASUREMENT,
        "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
        "suggested_display_precision": 0,
    }


SITE_SENSORS = (
    SiteSensorDescription(**_enum("state", SiteState), value=lambda site: site.state),
    SiteSensorDescription(**_power("grid_power"), value=lambda site: site.grid_power_w),
    SiteSensorDescription(**_power("net_load"), value=lambda site: site.net_load_w),
    SiteSensorDescription(**_power("battery_power"), value=lambda site: site.battery_power_w),
    SiteSensorDescription(**_soc(), value=lambda site: site.soc_pct),
    SiteSensorDescription(**_energy("energy_charged"), value=lambda site: site.charged_wh),
    SiteSensorDescription(**_energy("energy_discharged"), value=lambda site: site.discharged_wh),
    SiteSensorDescription(**_stored(), value=lambda site: site.stored_wh),
    SiteSensorDescription(**_share("self_consumption_today"), value=lambda site: site.today.self_consumption_pct),
    SiteSensorDescription(**_share("self_sufficiency_today"), value=lambda site: site.today.self_sufficiency_pct),
    # These change with every reading of the meter: whoever wants them can have them.
    SiteSensorDescription(
        **_energy("grid_import_today"),
        entity_registry_enabled_default=False,
        value=lambda site: round(site.today.imported_wh, -1),
    ),
    SiteSensorDescription(
        **_energy("grid_export_today"),
        entity_registry_enabled_default=False,
        value=lambda site: round(site.today.exported_wh, -1),
    ),
    SiteSensorDescription(
        **_power("control_quality"),
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda site: site.quality.rms_w if site.quality else None,
    ),
)

BATTERY_SENSORS = (
    BatterySensorDescription(**_soc(), value=lambda battery: battery.soc_pct),
    BatterySensorDescription(**_power("power"), value=lambda battery: battery.power_w),
    BatterySensorDescription(**_power("target_power"), value=lambda battery: battery.target_power_w),
    BatterySensorDescription(
        **_energy("energy_charged"), value=lambda battery: battery.charged_wh, outlives_silence=True
    ),
    BatterySensorDescription(
        **_energy("energy_discharged"), value=lambda battery: battery.discharged_wh, outlives_silence=True
    ),
    BatterySensorDescription(
        **_stored(), entity_registry_enabled_default=False, value=lambda battery: battery.stored_wh
    ),
    BatterySensorDescription(**_enum("role", Role), value=lambda battery: battery.role, outlives_silence=True),
    BatterySensorDescription(
        **_enum("health", Health),
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda battery: battery.health,
        outlives_silence=True,
    ),
    BatterySensorDescription(
        key="temperature",
        translation_key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists=lambda battery: battery.device.profile.battery_status_safe,
        value=lambda battery: battery.temperature_c,
    ),
    BatterySensorDescription(
        **_enum("device_mode", Mode),
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda battery: battery.mode,
    ),
    BatterySensorDescription(
        key="link_quality",
        translation_key="link_quality",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda battery: battery.link_quality_pct,
        outlives_silence=True,
    ),
    BatterySensorDescription(
        key="last_answer",
        translation_key="last_answer",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda battery: battery.last_answer,
        outlives_silence=True,
    ),
)


CAR_POWER = SiteSensorDescription(**_power("car_power"), value=lambda site: site.car_power_w)


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of the site, of each battery and of the charger."""
    coordinator = entry.runtime_data
    async_add_entities(SiteSensor(coordinator, description) for description in SITE_SENSORS)
    for battery in coordinator.batteries.values():
        async_add_entities(
            (
                (BatterySensor if description.outlives_silence else MeasuringBatterySensor)(
                    coordinator, battery, description
                )
                for description in BATTERY_SENSORS
                if description.exists(battery)
            ),
            config_subentry_id=battery.subentry.subentry_id,
        )
    if (charger := coordinator.charger.subentry) is not None:
        async_add_entities([ChargerSensor(coordinator, charger, CAR_POWER)], config_subentry_id=charger.subentry_id)


class SiteSensor(SiteEntity, SensorEntity):
    """A sensor of the site."""

    entity_description: SiteSensorDescription
    _unrecorded_attributes = frozenset({"intent", "leader", "saturated_pct", "targets"})

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value of the newest cycle."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return, with state and quality, the numbers behind them; not recorded."""
        site = self.coordinator.data
        if self.entity_description.key == "control_quality":
            return {"saturated_pct": site.quality and site.quality.saturated_pct}
        if self.entity_description.key != "state":
            return None
        names = {battery.id: battery.name for battery in self.coordinator.batteries.values()}
        return {
            "intent": site.intent,
            "leader": site.leader,
            "targets": {names[key]: battery.target_power_w for key, battery in site.batteries.items()},
        }


class BatterySensor(BatteryEntity, SensorEntity):
    """A sensor of a battery that goes on while the battery is silent."""

    entity_description: BatterySensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the newest cycle."""
        return self.entity_description.value(self.snapshot)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return, with its health, what a battery did last instead of what it was told."""
        return {"diagnosis": self.snapshot.diagnosis} if self.entity_description.key == "health" else None


class MeasuringBatterySensor(MeasuringBatteryEntity, BatterySensor):
    """A sensor of a battery that shows what it says now."""

    @property
    @override
    def available(self) -> bool:
        """Return whether there is anything to show: who runs by itself is asked for no power, which is not unknown."""
        is_asked = self.entity_description.key != "target_power" or self.snapshot.target_power_w is not None
        return is_asked and super().available


class ChargerSensor(ChargerEntity, SensorEntity):
    """What the car should draw: for automations, and for chargers that offer no number."""

    entity_description: SiteSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value of the newest cycle."""
        return self.entity_description.value(self.coordinator.data)
