"""The first script's law put right: the baseline `seed_fixed`, and the first law that the integration had.

Net load for meter power, the rest divided among the followers, one sign (first_script.md and control.md 2.1).
"""

from custom_components.home_energy_controller.control.dispatch.law import LawBattery, LawInput, LawOutput
from custom_components.home_energy_controller.control.losses import divide

EVERY_S = 60.0
"""Between two runs. Every 10 s this law made up to 24 times more unwanted exchange: values not aligned, and swaps."""
LEADER_ALONE_W = 1500.0
"""Up to here the leader serves alone: an inverter costs 28 W to run, a second one pays from about 1.5 kW on."""
LEADER_MOST_W = 2500.0
FOLLOWER_LEAST_W = 300.0
"""Less is not worth a running inverter."""
CALM_W = 100.0
"""A net load within this has no direction."""
LOW_PCT, HIGH_PCT, FULL_PCT = 20.0, 95.0, 100.0
GAP_PCT = 5.0
"""A leader is not changed for a smaller difference of charge."""


def seed_fixed(given: LawInput) -> LawOutput:
    """Return the first script's law put right: net load for meter power, and the rest divided among the followers."""
    load_w = given.net_load_w[-1].value
    leader = _leader(given, load_w)
    share_w = abs(load_w)
    if share_w > LEADER_ALONE_W:
        share_w = min(LEADER_MOST_W, LEADER_ALONE_W + (share_w - LEADER_ALONE_W) / 2)
    rest_w = abs(load_w) - min(share_w, leader.limit_w(load_w))
    limits = {
        battery.battery_id: battery.limit_w(load_w, leader.battery_id)
        for battery in given.batteries
        if battery is not leader and battery.may_follow and _is_between_bounds(battery, load_w)
    }
    sign = 1 if load_w > 0 else -1
    setpoints = dict.fromkeys((battery.battery_id for battery in given.batteries if battery is not leader), 0)
    for battery_id, power_w in divide(rest_w, limits).items():
        setpoints[battery_id] = sign * power_w if power_w >= FOLLOWER_LEAST_W else 0
    return LawOutput(leader_id=leader.battery_id, setpoints=setpoints)


def _is_between_bounds(battery: LawBattery, load_w: float) -> bool:
    """Return whether the script's own bounds let a follower work: none discharges at 20 %, none charges at 100 %."""
    return battery.soc_pct > LOW_PCT if load_w > 0 else battery.soc_pct < FULL_PCT


def _leader(given: LawInput, load_w: float) -> LawBattery:
    """Return who leads: the present one unless its charge, or a large load, speaks for the candidate."""
    leaders = [battery for battery in given.batteries if battery.may_lead]
    candidate = _candidate(leaders, load_w)
    old = next((battery for battery in leaders if battery.battery_id == given.leader_id), None)
    if old is None or not LOW_PCT < old.soc_pct < HIGH_PCT:
        return candidate
    if abs(load_w) > CALM_W and candidate.limit_w(load_w) and not old.limit_w(load_w):
        return candidate
    if abs(old.soc_pct - candidate.soc_pct) < GAP_PCT or abs(load_w) < LEADER_ALONE_W:
        return old
    return candidate


def _candidate(leaders: list[LawBattery], load_w: float) -> LawBattery:
    """Return the fullest battery for a deficit, the emptiest for a surplus, the middle one for neither."""
    if abs(load_w) <= CALM_W:
        return sorted(leaders, key=lambda battery: battery.soc_pct)[len(leaders) // 2]
    able = [battery for battery in leaders if battery.limit_w(load_w)] or leaders
    if load_w > 0:
        pool = [battery for battery in able if battery.soc_pct > LOW_PCT] or able
        return max(pool, key=lambda battery: battery.soc_pct)
    pool = [battery for battery in able if battery.soc_pct < HIGH_PCT] or able
    return min(pool, key=lambda battery: battery.soc_pct)
