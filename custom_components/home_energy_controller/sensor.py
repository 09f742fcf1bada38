"""Sensors: what the site and its batteries do, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfPower, UnitOfRatio, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .control.model import Health, Mode, SiteState
from .coordinator import SiteConfigEntry, SiteCoordinator
from .entity import BatteryEntity, SiteEntity, add_with_contract
from .plan_sensor import PLAN_SENSORS, PlanSensor
from .site.battery import Battery
from .view.snapshot import BatterySnapshot, ShownRole, SiteSnapshot

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


POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfPower.WATT,
}
# kWh is what the Energy dashboard shows.
ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfEnergy.WATT_HOUR,
    "suggested_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
}
# Energy in the cells is never a total: it goes up and down.
STORED: Final[dict[str, Any]] = {
    "key": "energy_stored",
    "device_class": SensorDeviceClass.ENERGY_STORAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfEnergy.WATT_HOUR,
    "suggested_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
SHARE: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfRatio.PERCENTAGE,
}
SOC: Final[dict[str, Any]] = {
    **SHARE,
    "key": "soc",
    "device_class": SensorDeviceClass.BATTERY,
    "suggested_display_precision": 0,
}
DIAGNOSTIC: Final[dict[str, Any]] = {"entity_category": EntityCategory.DIAGNOSTIC}
LASTING: Final[dict[str, Any]] = {"outlives_silence": True}
# Powers that are also told in words, by what they flow through.
FLOWS: Final = {"grid_power": "grid", "net_load": "house", "battery_power": "battery", "power": "battery"}
# What changes with every reading, or says little: whoever wants it can have it.
OFF_BY_DEFAULT: Final[dict[str, Any]] = {"entity_registry_enabled_default": False}


def _states(states: type[StrEnum]) -> dict[str, Any]:
    """Return what sensors with a list of states share."""
    return {"device_class": SensorDeviceClass.ENUM, "options": [state.value for state in states]}


def _today_wh(field: str) -> Callable[[SiteSnapshot], StateType]:
    """Return how to read an energy (Wh) of today."""
    return lambda site: round(getattr(site.today, field), -1)


SITE_SENSORS = (
    SiteSensorDescription(key="state", **_states(SiteState), value=lambda site: site.state),
    SiteSensorDescription(key="grid_power", **POWER, value=lambda site: site.grid_power_w),
    SiteSensorDescription(key="net_load", **POWER, value=lambda site: site.net_load_w),
    SiteSensorDescription(key="battery_power", **POWER, value=lambda site: site.battery_power_w),
    SiteSensorDescription(**SOC, value=lambda site: site.soc_pct),
    SiteSensorDescription(key="energy_charged", **ENERGY, value=lambda site: site.charged_wh),
    SiteSensorDescription(key="energy_discharged", **ENERGY, value=lambda site: site.discharged_wh),
    SiteSensorDescription(**STORED, value=lambda site: site.stored_wh),
    SiteSensorDescription(key="self_consumption_today", **SHARE, value=lambda site: site.today.self_consumption_pct),
    SiteSensorDescription(key="self_sufficiency_today", **SHARE, value=lambda site: site.today.self_sufficiency_pct),
    # Tens of Wh are enough for a day, and change less often.
    *(
        SiteSensorDescription(key=f"{name}_today", **ENERGY, value=_today_wh(field))
        for name, field in (
            ("grid_import", "imported_wh"),
            ("grid_export", "exported_wh"),
            ("charged", "charged_wh"),
            ("discharged", "discharged_wh"),
        )
    ),
    SiteSensorDescription(
        key="control_quality",
        **POWER,
        **DIAGNOSTIC,
        **OFF_BY_DEFAULT,
        value=lambda site: site.quality.rms_w if site.quality else None,
    ),
)

BATTERY_SENSORS = (
    BatterySensorDescription(**SOC, value=lambda battery: battery.soc_pct),
    BatterySensorDescription(key="power", **POWER, value=lambda battery: battery.power_w),
    BatterySensorDescription(
        key="target_power", **POWER, **DIAGNOSTIC, **OFF_BY_DEFAULT, value=lambda battery: battery.target_power_w
    ),
    BatterySensorDescription(key="energy_charged", **ENERGY, **LASTING, value=lambda battery: battery.charged_wh),
    BatterySensorDescription(key="energy_discharged", **ENERGY, **LASTING, value=lambda battery: battery.discharged_wh),
    BatterySensorDescription(**STORED, **OFF_BY_DEFAULT, value=lambda battery: battery.stored_wh),
    BatterySensorDescription(key="role", **_states(ShownRole), **LASTING, value=lambda battery: battery.role),
    BatterySensorDescription(
        key="health", **_states(Health), **DIAGNOSTIC, **LASTING, value=lambda battery: battery.health
    ),
    BatterySensorDescription(
        key="temperature",
        **DIAGNOSTIC,
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        exists=lambda battery: battery.device.profile.battery_status_safe,
        value=lambda battery: battery.temperature_c,
    ),
    BatterySensorDescription(key="device_mode", **_states(Mode), **DIAGNOSTIC, value=lambda battery: battery.mode),
    BatterySensorDescription(
        key="link_quality", **SHARE, **DIAGNOSTIC, **LASTING, value=lambda battery: battery.link_quality_pct
    ),
    BatterySensorDescription(
        key="last_answer",
        **DIAGNOSTIC,
        **LASTING,
        **OFF_BY_DEFAULT,
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda battery: battery.last_answer,
    ),
)

# What the car should draw: for automations, and for chargers that offer no number.
CAR_POWER = SiteSensorDescription(key="car_power", **POWER, value=lambda site: site.car_power_w)


async def async_setup_entry(
    hass: HomeAssistant, entry: SiteConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of the site, of each battery and of the charger."""
    coordinator = entry.runtime_data
    async_add_entities(SiteSensor(coordinator, description) for description in SITE_SENSORS)
    add_with_contract(
        entry, lambda: async_add_entities(PlanSensor(coordinator, description) for description in PLAN_SENSORS)
    )
    missing = {battery.id: list(BATTERY_SENSORS) for battery in coordinator.batteries.values()}

    def add_what_exists() -> None:
        """Add what a battery tells, now or with other firmware later."""
        for battery in coordinator.batteries.values():
            if found := [description for description in missing[battery.id] if description.exists(battery)]:
                missing[battery.id] = [description for description in missing[battery.id] if description not in found]
                async_add_entities(
                    [BatterySensor(coordinator, battery, description) for description in found],
                    config_subentry_id=battery.subentry.subentry_id,
                )

    add_what_exists()
    entry.async_on_unload(coordinator.async_add_listener(add_what_exists))
    if (charger := coordinator.charger.subentry) is not None:
        async_add_entities([SiteSensor(coordinator, CAR_POWER, charger)], config_subentry_id=charger.subentry_id)


class SiteSensor(SiteEntity, SensorEntity):
    """A sensor of the site, or of the charger of its car."""

    entity_description: SiteSensorDescription
    _unrecorded_attributes = frozenset(
        {"in_words", "intent", "leader", "measured_at", "saturated_pct", "summary", "targets"}
    )

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value of the newest cycle."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return, with state, grid and quality, what is behind them; not recorded. What does not apply is left out."""
        site = self.coordinator.data
        if self.entity_description.key == "grid_power":
            return {"measured_at": site.measured_at, **_in_words(self.coordinator, "grid_power", self.native_value)}
        if self.entity_description.key == "control_quality":
            return {"saturated_pct": site.quality and site.quality.saturated_pct}
        if self.entity_description.key != "state":
            return _in_words(self.coordinator, self.entity_description.key, self.native_value)
        names = {battery.id: battery.name for battery in self.coordinator.batteries.values()}
        asked_w = {names[key]: battery.target_power_w for key, battery in site.batteries.items()}
        shown = {
            "summary": site.summary,
            "intent": None if site.intent is site.state else site.intent,
            "leader": site.leader,
            "targets": {name: power_w for name, power_w in asked_w.items() if power_w is not None},
        }
        return {key: value for key, value in shown.items() if value}


class BatterySensor(BatteryEntity, SensorEntity):
    """A sensor of a battery; what the battery says now is gone while the battery is silent."""

    entity_description: BatterySensorDescription
    _unrecorded_attributes = frozenset({"in_words", "target_power_w"})

    @property
    @override
    def available(self) -> bool:
        """Return whether there is anything to show: who runs by itself is asked for no power, which is not unknown."""
        is_asked = self.entity_description.key != "target_power" or self.snapshot.target_power_w is not None
        is_heard = self.entity_description.outlives_silence or self.snapshot.available
        return super().available and is_asked and is_heard

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the newest cycle."""
        return self.entity_description.value(self.snapshot)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return, with its health, what it did last instead of what it was told; with its role, the power (W) asked."""
        shown: dict[str, Any] = {
            "health": {"diagnosis": self.snapshot.diagnosis},
            "power": _in_words(self.coordinator, "power", self.native_value),
            "role": {"target_power_w": self.snapshot.target_power_w},
        }
        return {k: value for k, value in shown.get(self.entity_description.key, {}).items() if value is not None}


def _in_words(coordinator: SiteCoordinator, key: str, value: object) -> dict[str, str]:
    """Return, with a power (W), what it does, so that nobody has to learn what its sign means."""
    words, where = coordinator.planner.words, FLOWS.get(key)
    if words is None or where is None or not isinstance(value, int):
        return {}
    return {"in_words": words.flow(where, value)}
