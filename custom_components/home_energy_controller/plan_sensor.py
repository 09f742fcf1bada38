"""Sensors of the plan: what it does now and why, and what it saves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .entity import SiteEntity
from .planning.judgement import DayResult
from .planning.modes import PlanMode
from .planning.slots import start_of
from .site.planner import PlanView

PER_KWH: Final = "{}/kWh"
MONEY: Final[dict[str, Any]] = {"device_class": SensorDeviceClass.MONETARY, "suggested_display_precision": 2}


@dataclass(frozen=True, kw_only=True)
class PlanSensorDescription(SensorEntityDescription):
    """How to read a sensor of the plan."""

    value: Callable[[PlanView], StateType | datetime]
    unit: str | None = None
    """With the currency of the home in place of {}."""
    since: Callable[[PlanView], date | None] | None = None
    """The day on which the sum began."""


def _over_no_battery(day: DayResult) -> float | None:
    """Return what the batteries saved in a day, None where it was not measured."""
    return None if day.actual is None else day.no_battery - day.actual


def _over_net_zero(day: DayResult) -> float | None:
    """Return what was saved beside what net zero would have."""
    return None if day.actual is None else day.net_zero - day.actual


def _yesterday(saved: Callable[[DayResult], float | None]) -> Callable[[PlanView], StateType]:
    """Return how to read a sensor of yesterday."""
    return lambda plan: None if plan.yesterday is None else _rounded(saved(plan.yesterday))


def _month(saved: Callable[[DayResult], float | None]) -> Callable[[PlanView], StateType]:
    """Return how to read a sensor of the month: days that were not measured are left out."""

    def value(plan: PlanView) -> StateType:
        known = [amount for day in plan.month if (amount := saved(day)) is not None]
        return _rounded(sum(known))

    return value


def _month_began(plan: PlanView) -> date | None:
    """Return the first day of the month that is summed up."""
    return plan.month[0].day.replace(day=1) if plan.month else None


def _rounded(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 2)


PLAN_SENSORS = (
    PlanSensorDescription(
        key="plan",
        device_class=SensorDeviceClass.ENUM,
        options=[mode.value for mode in PlanMode],
        # Without a plan it is net zero; the attribute `status` says why.
        value=lambda plan: (PlanMode.NET_ZERO if plan.planned is None else plan.planned.choice.mode).value,
    ),
    PlanSensorDescription(
        key="plan_next_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda plan: None if plan.next_change is None else start_of(plan.next_change.slot),
    ),
    PlanSensorDescription(
        key="stored_value",
        unit=PER_KWH,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        value=lambda plan: None if plan.planned is None else round(plan.planned.value_per_kwh, 3),
    ),
    PlanSensorDescription(
        key="expected_saving_today", **MONEY, unit="{}", value=lambda plan: _rounded(plan.saving_today)
    ),
    PlanSensorDescription(key="saved_yesterday", **MONEY, unit="{}", value=_yesterday(_over_no_battery)),
    PlanSensorDescription(key="saved_yesterday_by_plan", **MONEY, unit="{}", value=_yesterday(_over_net_zero)),
    PlanSensorDescription(
        key="saved_month",
        **MONEY,
        unit="{}",
        state_class=SensorStateClass.TOTAL,
        since=_month_began,
        value=_month(_over_no_battery),
    ),
    PlanSensorDescription(
        key="saved_month_by_plan",
        **MONEY,
        unit="{}",
        state_class=SensorStateClass.TOTAL,
        since=_month_began,
        value=_month(_over_net_zero),
    ),
)


class PlanSensor(SiteEntity, SensorEntity):
    """A sensor of the plan."""

    entity_description: PlanSensorDescription
    _unrecorded_attributes = frozenset({"reason", "status", "acts", "per_day", "error", "days"})

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        """Return the unit, in the currency of the home."""
        unit = self.entity_description.unit
        return None if unit is None else unit.format(self.hass.config.currency)

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value of the newest cycle."""
        return self.entity_description.value(self.coordinator.data.plan)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return when a sum began, at the midnight of the home."""
        since = self.entity_description.since
        day = None if since is None else since(self.coordinator.data.plan)
        return None if day is None else dt_util.start_of_local_day(day)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return, with the plan, why it is so, whether it acts, and how it was judged; not recorded."""
        plan, words = self.coordinator.data.plan, self.coordinator.planner.words
        if self.entity_description.key != "plan" or words is None:
            return None
        judgement = plan.judgement
        return {
            "reason": None if plan.planned is None else words.sentence(plan.planned.reason),
            "acts": plan.acts,
            "status": words.status(plan.status),
            "per_day": None if judgement is None else round(judgement.per_day, 2),
            "error": None if judgement is None else round(judgement.error, 2),
            "days": None if judgement is None else judgement.days,
        }
