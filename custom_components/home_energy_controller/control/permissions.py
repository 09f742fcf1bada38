"""What each battery may do now: the only door through which strategy, reserve and ceiling act."""

from .model import DIRECTION_UNVERIFIED_W, PLAUSIBLE_MAX, Strategy
from .power_range import PowerRange
from .settings import BatterySettings

BOUND_HYSTERESIS_PCT = 2.0
"""At its reserve or ceiling a battery rests until its charge is this far away: at rest cells recover by 1 %."""
TAPER_FROM_PCT = 95.0
"""From here on batteries charge with less than they are told (near 96 %)."""
TAPER_BELOW_PCT = 15.0
"""Their own floor is 12 % unless the owner set another depth of discharge; whole per cents, and some margin."""
BOUND_MARGIN_PCT = 3.0


type Permission = PowerRange
"""What may flow as far as strategy and charge go: each way anything, or nothing."""

FREE = PowerRange(charge_w=PLAUSIBLE_MAX, discharge_w=PLAUSIBLE_MAX)
NOTHING_ALLOWED = PowerRange()
CHARGE_ONLY = PowerRange(charge_w=PLAUSIBLE_MAX)
DISCHARGE_ONLY = PowerRange(discharge_w=PLAUSIBLE_MAX)
_BY_STRATEGY = {
    Strategy.ZERO_CHARGE_ONLY: CHARGE_ONLY,
    Strategy.ZERO_DISCHARGE_ONLY: DISCHARGE_ONLY,
    Strategy.TO_FULL: CHARGE_ONLY,
    Strategy.STANDBY: NOTHING_ALLOWED,
    Strategy.CHARGE_FROM_GRID: CHARGE_ONLY,
    Strategy.DELIVER_TO_GRID: DISCHARGE_ONLY,
}


def by_strategy(strategy: Strategy) -> Permission:
    """Return what a strategy allows every battery."""
    return _BY_STRATEGY.get(strategy, FREE)


def by_soc(battery: BatterySettings, soc_pct: float, before: Permission = FREE) -> Permission:
    """Return what reserve and ceiling allow; `before` is the answer of the last cycle."""
    max_soc_pct = battery.max_soc_pct - (0.0 if before.charge_w else BOUND_HYSTERESIS_PCT)
    reserve_pct = battery.reserve_pct + (0.0 if before.discharge_w else BOUND_HYSTERESIS_PCT)
    return (FREE if soc_pct < max_soc_pct else DISCHARGE_ONLY) & (FREE if soc_pct > reserve_pct else CHARGE_ONLY)


def of_auto(battery: BatterySettings, strategy: Strategy, charge: Permission) -> Permission:
    """Return what Auto may do: at a ceiling of 100 % the device itself refuses, nothing has to be forbidden."""
    return by_strategy(strategy) & (charge | CHARGE_ONLY if battery.max_soc_pct >= 100.0 else charge)


def allowed_power_w(power_w: float, battery: BatterySettings, permission: Permission) -> int:
    """Return the nearest setpoint (W) that limits and permission allow."""
    if not battery.direction_verified:
        power_w = max(-DIRECTION_UNVERIFIED_W, min(DIRECTION_UNVERIFIED_W, power_w))
    return (battery.limits & permission).clamped(power_w)


def near_bound(battery: BatterySettings, soc_pct: float, power_w: float) -> bool:
    """Return whether the charge explains that less flows than `power_w`."""
    if power_w < 0:
        return soc_pct >= min(TAPER_FROM_PCT, battery.max_soc_pct - BOUND_MARGIN_PCT)
    return soc_pct <= max(TAPER_BELOW_PCT, battery.reserve_pct + BOUND_MARGIN_PCT)
