"""What a battery near full or empty was seen to be able to do: less than its class, and no reply says how much."""

from dataclasses import dataclass

from .evidence import ANSWER_S, FLOWS_W, MeterMinute, is_full
from .model import TOLERANCE_W, BatteryObservation, BatterySettings, CommandKind, Mode
from .permissions import near_bound

FORGOTTEN_S = 3600.0
MOVED_PCT = 1.0
"""So far away from where it was seen (the least that shows), a battery may be able to do more again. One that charges
again only below 99 % would otherwise be left out for an hour: 0.4 kWh a week in the simulated July."""
UNSERVED_W = 100.0
"""What a leader that could do more would not leave to the grid for a minute."""
LEADER_ANSWERS_S = 45.0
"""The slowest Auto (HMG-50) waits for ten answers of its meter, then needs fifteen for its whole power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLimit:
    """The most (W, positive) that a battery did in one direction (+1 discharging), at which charge, and when."""

    battery_id: str
    sign: int
    power_w: float
    soc_pct: float
    at: float

    def holds(self, soc_pct: float, power_w: float, now: float) -> bool:
        """Return whether it still says something: the battery did no more since, and is about as full or empty."""
        is_near = self.sign * (soc_pct - self.soc_pct) < MOVED_PCT
        return is_near and self.sign * power_w <= self.power_w + TOLERANCE_W and now - self.at <= FORGOTTEN_S


def leader_limit(
    battery: BatterySettings, seen: BatteryObservation, sign: int, minute: MeterMinute, now: float
) -> SeenLimit | None:
    """Return the power at which a leader stands though the meter asked for more in this direction for a minute."""
    power = seen.power_w
    asked = is_full(minute, now) and all(sign * reading.value > UNSERVED_W for reading in minute)
    if not asked or power is None or power.at < minute[0].at + LEADER_ANSWERS_S or sign * power.value < -FLOWS_W:
        return None
    return _limit(battery, seen, sign)


def follower_limit(battery: BatterySettings, seen: BatteryObservation, sign: int) -> SeenLimit | None:
    """Return the power of a follower that was told more in this direction, and stays in Passive."""
    outcome, power, mode = seen.outcome, seen.power_w, seen.mode
    if outcome is None or power is None or mode is None or outcome.command.kind is not CommandKind.PASSIVE:
        return None
    is_told_more = sign * outcome.command.power_w > max(0.0, sign * power.value) + TOLERANCE_W
    is_settled = min(power.at, mode.at) > outcome.done_at + ANSWER_S and mode.value is Mode.PASSIVE
    return _limit(battery, seen, sign) if is_told_more and is_settled else None


def _limit(battery: BatterySettings, seen: BatteryObservation, sign: int) -> SeenLimit | None:
    """Return what is seen as a limit, where the charge explains one; elsewhere it has another cause."""
    soc, power = seen.soc_pct, seen.power_w
    if soc is None or power is None or not near_bound(battery, soc.value, sign):
        return None
    power_w = max(0.0, sign * power.value)
    return SeenLimit(battery_id=battery.battery_id, sign=sign, power_w=power_w, soc_pct=soc.value, at=power.at)
