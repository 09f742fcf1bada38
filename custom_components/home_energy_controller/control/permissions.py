"""What each battery may do now: the only door through which strategy, reserve and ceiling act."""

from dataclasses import dataclass

from .model import DIRECTION_UNVERIFIED_W, Strategy
from .settings import BatterySettings

BOUND_HYSTERESIS_PCT = 2.0
"""At its reserve or ceiling a battery rests until its charge is this far away: at rest cells recover by 1 %."""
TAPER_FROM_PCT = 95.0
"""From here on batteries charge with less than they are told (near 96 %)."""
TAPER_BELOW_PCT = 15.0
"""Their own floor is 12 % unless the owner set another depth of discharge; whole per cents, and some margin."""
BOUND_MARGIN_PCT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Which directions are open."""

    may_charge: bool = True
    may_discharge: bool = True

    @property
    def both(self) -> bool:
        """Return whether nothing is forbidden."""
        return self.may_charge and self.may_discharge

    def __and__(self, other: Permission) -> Permission:
        """Return what both allow."""
        return Permission(
            may_charge=self.may_charge and other.may_charge,
            may_discharge=self.may_discharge and other.may_discharge,
        )


FREE = Permission()
NOTHING_ALLOWED = Permission(may_charge=False, may_discharge=False)
CHARGE_ONLY = Permission(may_discharge=False)
_BY_STRATEGY = {
    Strategy.ZERO_CHARGE_ONLY: CHARGE_ONLY,
    Strategy.ZERO_DISCHARGE_ONLY: Permission(may_charge=False),
    Strategy.TO_FULL: CHARGE_ONLY,
    Strategy.STANDBY: NOTHING_ALLOWED,
}


def by_strategy(strategy: Strategy) -> Permission:
    """Return what a strategy allows every battery."""
    return _BY_STRATEGY.get(strategy, FREE)


def by_soc(battery: BatterySettings, soc_pct: float, before: Permission = FREE) -> Permission:
    """Return what reserve and ceiling allow; `before` is the answer of the last cycle."""
    max_soc_pct = battery.max_soc_pct - (0.0 if before.may_charge else BOUND_HYSTERESIS_PCT)
    reserve_pct = battery.reserve_pct + (0.0 if before.may_discharge else BOUND_HYSTERESIS_PCT)
    return Permission(may_charge=soc_pct < max_soc_pct, may_discharge=soc_pct > reserve_pct)


def of_auto(battery: BatterySettings, strategy: Strategy, charge: Permission) -> Permission:
    """Return what Auto may do: at a ceiling of 100 % the device itself refuses, nothing has to be forbidden."""
    refuses_itself = battery.max_soc_pct >= 100.0
    return by_strategy(strategy) & Permission(
        may_charge=charge.may_charge or refuses_itself, may_discharge=charge.may_discharge
    )


def allowed_power_w(power_w: float, battery: BatterySettings, permission: Permission) -> int:
    """Return the nearest setpoint (W) that limits and permission allow."""
    if not battery.direction_verified:
        power_w = max(-DIRECTION_UNVERIFIED_W, min(DIRECTION_UNVERIFIED_W, power_w))
    most_w = battery.discharge_limit_w if permission.may_discharge else 0
    least_w = -battery.charge_limit_w if permission.may_charge else 0
    return round(max(least_w, min(most_w, power_w)))


def near_bound(battery: BatterySettings, soc_pct: float, power_w: float) -> bool:
    """Return whether the charge explains that less flows than `power_w`."""
    if power_w < 0:
        return soc_pct >= min(TAPER_FROM_PCT, battery.max_soc_pct - BOUND_MARGIN_PCT)
    return soc_pct <= max(TAPER_BELOW_PCT, battery.reserve_pct + BOUND_MARGIN_PCT)
