"""A candidate for the law: least expected cost. Not in use: calmer than `seed_fixed`, but with more cross-charging.

The leader serves what the followers leave. Followers get the power whose cost is the least to be expected if the net
load goes on as it was in the last minutes: exchange with the grid that the leader cannot prevent, losses, batteries
that charge each other, and the change itself (control.md 7.3-7.5).
"""

from collections.abc import Iterator, Mapping
from math import exp

from custom_components.home_energy_controller.control.law import LawBattery, LawInput, LawOutput
from custom_components.home_energy_controller.control.losses import divide, loss_w

EVERY_S = 30.0
"""Between two runs."""
type Loads = list[tuple[float, float]]
"""Net loads that may come (W), and how likely each is."""

WINDOW_S, FADES_S = 300.0, 60.0
"""How far back the net load says what may come, and by when it counts for a third."""
STEP_W = 100
"""Of set-points: what a device makes of less is within its error."""
FOLLOWER_LEAST_W = 300
"""Less is not worth a running inverter."""
LEADER_SHARE = 0.96
"""Of its limit, that a leader is counted on."""
STORED_CT, BUY_CT, SELL_CT = 27.0, 30.0, 8.0
LOSS_WEIGHT = STORED_CT / (BUY_CT - SELL_CT)
"""A lost Wh costs what a stored one is worth, an exchanged one the difference between buying and selling."""
CROSS_WEIGHT = 1.0
"""Of a Wh that one battery charges another with, above its losses: it wears both for nothing."""
CHANGE_W, CHANGE_SHARE, START_W = 15.0, 0.02, 60.0
"""What a change has to be worth: any, per W (6 s of error in 5 min), and per inverter that starts."""
GAP_PCT = 8.0
"""Of charge, for which a leader or a follower gives its place to another."""
CALM_W = 100.0
"""A net load within this has no direction."""
LEADS_S = 600.0
"""A leader stays for so long: each change costs some Wh."""


def dispatch(given: LawInput) -> LawOutput:
    """Return leader and set-points of the least expected cost."""
    loads = _loads(given)
    leader = _leader(given, sum(load_w * weight for load_w, weight in loads))
    followers = [battery for battery in given.batteries if battery is not leader]
    present = _present(given, leader, followers)
    best = min(_candidates(followers, present, loads), key=lambda to: _cost(to, present, leader, loads))
    return LawOutput(leader_id=leader.battery_id, setpoints=best)


def _loads(given: LawInput) -> Loads:
    """Return the recent net loads, the newest the likeliest."""
    newest_at = given.net_load_w[-1].at
    recent = [sample for sample in given.net_load_w if newest_at - sample.at <= WINDOW_S]
    weights = [exp((sample.at - newest_at) / FADES_S) for sample in recent]
    return [(sample.value, weight / sum(weights)) for sample, weight in zip(recent, weights, strict=True)]


def _leader(given: LawInput, mean_w: float) -> LawBattery:
    """Return who leads: the fullest for a deficit, the emptiest for a surplus; the present one if nearly so."""
    leaders = [battery for battery in given.batteries if battery.may_lead]
    old = next((battery for battery in leaders if battery.battery_id == given.leader_id), None)
    sign = 1 if mean_w > 0 else -1
    best = max(leaders, key=lambda battery: (battery.limit_w(sign) > 0, sign * battery.soc_pct))
    if old is None:
        return best
    if abs(mean_w) > CALM_W and best.limit_w(sign) and not old.limit_w(sign):
        return best
    is_calm = given.swapped_at is None or given.now - given.swapped_at >= LEADS_S
    gap_pct = sign * (best.soc_pct - old.soc_pct)
    return best if is_calm and abs(mean_w) > CALM_W and best.limit_w(sign) and gap_pct > GAP_PCT else old


def _present(given: LawInput, leader: LawBattery, followers: list[LawBattery]) -> dict[str, int]:
    """Return what the followers do now, within their limits, once those that change places have done so."""
    before = dict(given.setpoints)
    if given.leader_id is not None and given.leader_id != leader.battery_id:
        before[given.leader_id] = before.get(leader.battery_id, 0)
    able = [battery for battery in followers if battery.may_follow]
    for sign in (1, -1):
        at_work = [battery for battery in able if sign * before.get(battery.battery_id, 0) > 0]
        at_rest = [battery for battery in able if not before.get(battery.battery_id) and battery.limit_w(sign)]
        if at_work and at_rest:
            last, first = _order(at_work, sign)[-1], _order(at_rest, sign)[0]
            if sign * (first.soc_pct - last.soc_pct) > GAP_PCT:
                before[first.battery_id], before[last.battery_id] = before[last.battery_id], 0
    return dict.fromkeys((battery.battery_id for battery in followers), 0) | {
        battery.battery_id: max(-battery.charge_limit_w, min(battery.discharge_limit_w, before[battery.battery_id]))
        for battery in able
        if battery.battery_id in before
    }


def _order(batteries: list[LawBattery], sign: int) -> list[LawBattery]:
    """Return batteries in the order in which they serve: the fullest first a deficit, the emptiest first a surplus."""
    return sorted(batteries, key=lambda battery: -sign * battery.soc_pct)


def _candidates(followers: list[LawBattery], present: Mapping[str, int], loads: Loads) -> Iterator[dict[str, int]]:
    """Yield what the followers might do: rest, stay, or the first k of them share a power; they turn through rest."""
    rest = dict.fromkeys(present, 0)
    yield rest
    signs = [sign for sign in (1, -1) if not any(sign * power_w < 0 for power_w in present.values())]
    if signs:
        yield dict(present)
    for sign in signs:
        most_w = max(sign * load_w for load_w, _ in loads)
        able = [battery for battery in followers if battery.may_follow and battery.limit_w(sign) >= FOLLOWER_LEAST_W]
        able = sorted(_order(able, sign), key=lambda battery: sign * present[battery.battery_id] <= 0)
        for count in range(1, len(able) + 1):
            limits = {battery.battery_id: battery.limit_w(sign) for battery in able[:count]}
            for share_w in range(FOLLOWER_LEAST_W, int(min(max(limits.values()), most_w / count)) + 1, STEP_W):
                shares = divide(share_w * count, limits, STEP_W)
                yield rest | {battery_id: sign * power_w for battery_id, power_w in shares.items()}


def _cost(setpoints: Mapping[str, int], present: Mapping[str, int], leader: LawBattery, loads: Loads) -> float:
    """Return what set-points are expected to cost (W of exchange), the way to them included."""
    total_w = sum(setpoints.values())
    least_w, most_w = -LEADER_SHARE * leader.charge_limit_w, LEADER_SHARE * leader.discharge_limit_w
    cost_w = LOSS_WEIGHT * sum(map(loss_w, setpoints.values()))
    for load_w, weight in loads:
        rest_w = load_w - total_w
        lead_w = max(least_w, min(most_w, rest_w))
        cross_w = min(abs(lead_w), abs(total_w)) if lead_w * total_w < 0 else 0.0
        cost_w += weight * (abs(rest_w - lead_w) + LOSS_WEIGHT * loss_w(lead_w, runs=True) + CROSS_WEIGHT * cross_w)
    if setpoints == present:
        return cost_w
    changes_w = sum(abs(power_w - present[key]) for key, power_w in setpoints.items())
    starts = sum(1 for key, power_w in setpoints.items() if power_w and not present[key])
    return cost_w + CHANGE_W + CHANGE_SHARE * changes_w + START_W * starts
