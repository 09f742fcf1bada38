"""What one cycle publishes: frozen, complete, and all that an entity ever reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..control.actuation.trust import Diagnosis
from ..control.model import BatteryMode, Health, LeaderFault, MeterEffect, Mode, SiteState, Strategy
from ..site.energy import Quality, Today
from ..site.planner import PlanView
from .moment import Moment


class ShownRole(StrEnum):
    """The part of a battery; those of dispatch while control acts."""

    LEADER = "leader"
    FOLLOWER = "follower"
    OWNER = "owner"
    UNAVAILABLE = "unavailable"
    OFF = "off"
    """The controller would run it, and is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySnapshot:
    """One battery as it is shown; None is unknown."""

    available: bool = False
    soc_pct: float | None = None
    stored_wh: int | None = None
    power_w: int | None = None
    target_power_w: int | None = None
    """What is asked of it; None while it runs by itself, is left alone, or the controller is off."""
    temperature_c: float | None = None
    mode: Mode | None = None
    role: ShownRole | None = None
    health: Health = Health.SILENT
    diagnosis: Diagnosis | None = None
    """What it did last instead of what it was told, while that is a problem."""
    lead_fault: LeaderFault | None = None
    """Why it failed as leader, until it has led well again."""
    derated_w: int | None = None
    """Where it stood as leader, below its class, while the meter asked for more."""
    meter_effect: MeterEffect | None = None
    """What its changes of power do to the meter instead of what it says."""
    charged_wh: float
    discharged_wh: float
    link_quality_pct: int | None = None
    last_answer: datetime | None = None
    battery_mode: BatteryMode
    setpoint_w: int
    reserve_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """The site as it is shown; None is unknown.

    A sum over the batteries is None when one member is missing: a missing battery is not a battery at 0 W. Grid, house
    and batteries are of one moment: grid = house - batteries, to the watt.
    """

    grid_power_w: int | None
    net_load_w: int | None
    battery_power_w: int | None
    soc_pct: float | None
    stored_wh: int | None
    charged_wh: float
    discharged_wh: float
    state: SiteState
    intent: SiteState
    """What control does or, switched off, would do."""
    summary: str
    """The same in a sentence of the home's language."""
    leader: str | None
    """Who leads; None as well while the controller is off."""
    meter_effect: MeterEffect | None
    """What the meter does instead of following the batteries."""
    problem: bool
    enabled: bool
    strategy: Strategy
    setpoint_w: int
    full_charge: str | None
    """By which words a full charge waits for its owner's yes; None while none waits."""
    grid_target_w: int
    today: Today
    quality: Quality | None
    car_power_w: int | None
    """What the car should draw, or would with the controller on; None without a charger."""
    plan: PlanView
    batteries: Mapping[str, BatterySnapshot]
    measured_at: datetime | None = None
    """When grid, house and batteries were so, to the second; None without a meter."""
    moment: Moment | None = field(default=None, compare=False)
