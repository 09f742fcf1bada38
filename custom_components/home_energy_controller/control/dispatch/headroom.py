"""What a battery was seen to be able to do: less than its class, and no reply says how much."""

from dataclasses import dataclass

from ..model import TOLERANCE_W, BatteryObservation, CommandKind, Mode, Timed
from ..permissions import near_bound
from ..settings import BatterySettings
from .evidence import ANSWER_S, FLOWS_W, TURNS_S, MeterWindow, is_full

FORGOTTEN_S = 3600.0
MOVED_PCT = 1.0
"""So far away from where it was seen (the least that shows), a battery may be able to do more again. One that charges
again only below 99 % would otherwise be left out for an hour: 0.4 kWh a week in the simulated July."""
UNSERVED_W = 100.0
"""What a leader that could do more would not leave to the grid for a minute."""
AT_LIMIT_SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedLimit:
    """The most (W, positive) that a battery did in one direction (+1 discharging), at which charge, and when."""

    battery_id: str
    sign: int
    power_w: float
    soc_pct: float | None
    """None where the charge does not explain it: a lower class than was told, or heat."""
    at: float

    def holds(self, soc_pct: float, power_w: float, now: float) -> bool:
        """Return whether it still says something: the battery did no more since, and is about as full or empty."""
        is_near = self.soc_pct is None or self.sign * (soc_pct - self.soc_pct) < MOVED_PCT
        return is_near and self.sign * power_w <= self.power_w + TOLERANCE_W and now - self.at <= FORGOTTEN_S


def leader_limit(
    battery: BatterySettings, seen: BatteryObservation, sign: int, meter_window: MeterWindow, now: float
) -> ObservedLimit | None:
    """Return the power at which a leader stands near a bound though the meter asked for more for a minute."""
    power = seen.power_w
    asked = is_full(meter_window, now) and all(sign * reading.value > UNSERVED_W for reading in meter_window)
    if not asked or power is None or power.at < meter_window[0].at + TURNS_S or sign * power.value < -FLOWS_W:
        return None
    return _limit(battery, seen, sign)


def standing_limit(battery: BatterySettings, power: Timed[float], sign: int) -> ObservedLimit | None:
    """Return the power at which a leader stands for long, anywhere, if it is a part of the work and below its class."""
    if not FLOWS_W < sign * power.value < AT_LIMIT_SHARE * battery.rated_w(sign):
        return None
    return ObservedLimit(
        battery_id=battery.battery_id, sign=sign, power_w=sign * power.value, soc_pct=None, at=power.at
    )


def follower_limit(battery: BatterySettings, seen: BatteryObservation, sign: int) -> ObservedLimit | None:
    """Return the power of a follower that was told more in this direction, and stays in Passive."""
    outcome, power, mode = seen.outcome, seen.power_w, seen.mode
    if outcome is None or power is None or mode is None or outcome.command.kind is not CommandKind.PASSIVE:
        return None
    is_told_more = sign * outcome.command.power_w > max(0.0, sign * power.value) + TOLERANCE_W
    is_settled = min(power.at, mode.at) > outcome.done_at + ANSWER_S and mode.value is Mode.PASSIVE
    return _limit(battery, seen, sign) if is_told_more and is_settled else None


def _limit(battery: BatterySettings, seen: BatteryObservation, sign: int) -> ObservedLimit | None:
    """Return what is seen as a limit, where the charge explains one; elsewhere it has another cause."""
    soc, power = seen.soc_pct, seen.power_w
    if soc is None or power is None or not near_bound(battery, soc.value, sign):
        return None
    power_w = max(0.0, sign * power.value)
    return ObservedLimit(battery_id=battery.battery_id, sign=sign, power_w=power_w, soc_pct=soc.value, at=power.at)
