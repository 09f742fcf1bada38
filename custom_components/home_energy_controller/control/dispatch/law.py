"""The law: who leads, and what each follower delivers. It knows no wire, no roles and no proof.

The leader serves what the followers leave. The followers get the power whose cost is the least to be expected if the
net load goes on as it was in the last minutes: exchange with the grid that the leader cannot prevent, losses, batteries
that charge each other, and the change itself. All of it is counted in watts of exchange.

The seam is `Law`: a pure function of `LawInput`. `leader.run_law` calls it every `DISPATCH_INTERVAL_S`; what it answers
is a wish, and what is allowed is applied at every moment.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import exp
from types import MappingProxyType

from ..losses import START_W, divide, loss_w
from ..model import Timed
from ..power_range import PowerRange
from ..settings import Prices

DISPATCH_INTERVAL_S = 30.0
"""Between two runs: as often as a leader is asked. 10 to 60 s cost the same (docs/control.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawBattery:
    """A battery that may be given work."""

    battery_id: str
    soc_pct: float
    limits: PowerRange
    """0 where it may not now."""
    may_lead: bool
    may_follow: bool = True
    """Whether it takes setpoints at all."""
    beside: Mapping[str, PowerRange] = field(default_factory=lambda: MappingProxyType({}))
    """What circuits and connection leave to it as a follower, by who leads; where nothing is said, all."""

    def limit_w(self, direction: float, leader_id: str | None = None) -> int:
        """Return what it can give (W, positive) to a deficit (positive) or take from a surplus.

        With `leader_id` as a follower of that leader: what limits leave to it then.
        """
        return (self.limits & self.beside.get(leader_id or "", self.limits)).limit_w(direction)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawInput:
    """What a law may know."""

    now: float
    net_load_w: tuple[Timed[float], ...]
    """What the batteries together have to carry (W, + deficit), oldest first, at least one."""
    batteries: tuple[LawBattery, ...]
    """In the owner's order; at least one may lead."""
    leader_id: str | None
    """Who leads now."""
    handed_over_at: float | None = None
    """When the law last replaced a leader; None if it never did."""
    setpoints: Mapping[str, int]
    """What the followers were given last (W)."""
    prices: Prices = field(default_factory=Prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class LawOutput:
    """Who leads, and the setpoints (W) of all others."""

    leader_id: str
    setpoints: Mapping[str, int]


type Law = Callable[[LawInput], LawOutput]
type Loads = list[tuple[float, float]]
"""Net loads that may come (W), and how likely each is."""

WINDOW_S = 300.0
"""How far back the net load says what may come. What is one decision older, or one sample where these are rarer,
counts for a third: a cloud moves for minutes, a hob comes on again and again."""
SAME_W = 20.0
"""Net loads this close to each other are one."""
STEP_W = 100
"""Of setpoints: what a device makes of less is within its error."""
FOLLOWER_LEAST_W = 300
"""Less is not worth a running inverter."""
LEADER_SHARE = 0.96
"""Of its limit, that a leader is counted on."""
LOSS_WEIGHT_MOST = 3.0
CHANGE_W = 15.0
"""What any change has to be worth: it may be lost, or answered late."""
SETTLES_S = 15.0
"""So long a leader needs to take over a change of the followers: the grid serves it meanwhile, once per window."""
GAP_PCT, GAP_PER_W = 5.0, 1 / 200
"""Of charge, for which another battery leads or follows: the more power is handed over, the wider it has to be."""
CALM_W = 100.0
"""A net load within this has no direction."""
STRONG_SHARE = 0.6
"""Of the largest limit among the batteries, below which one should not lead: most of the work would be setpoints."""
LEADS_S = 600.0
"""A leader stays for so long: each change costs some Wh."""


def least_cost(given: LawInput) -> LawOutput:
    """Return leader and setpoints of the least expected cost."""
    loads = _loads(given)
    leader = _leader(given, sum(load_w * weight for load_w, weight in loads))
    followers = {battery.battery_id: battery for battery in given.batteries if battery is not leader}
    present = _present(given, leader, followers)
    weight = loss_weight(given.prices)
    best = min(_candidates(followers, leader, present, loads), key=lambda to: _cost(to, present, leader, loads, weight))
    return LawOutput(leader_id=leader.battery_id, setpoints=best)


def loss_weight(prices: Prices) -> float:
    """Return what a lost Wh costs, in exchanged ones.

    A stored Wh is worth something between its selling and its buying price. One that is exchanged though a battery
    could have carried it costs half of the difference; with hardly one (net metering) the owner still wants zero.
    """
    spread = prices.buy_per_kwh - prices.sell_per_kwh
    value = prices.buy_per_kwh + prices.sell_per_kwh
    return max(1.0, min(LOSS_WEIGHT_MOST, value / spread)) if spread > 0 else LOSS_WEIGHT_MOST


def _loads(given: LawInput) -> Loads:
    """Return the recent net loads, the newest the likeliest."""
    newest_at = given.net_load_w[-1].at
    recent = [sample for sample in given.net_load_w if newest_at - sample.at <= WINDOW_S]
    fades_s = max(DISPATCH_INTERVAL_S, (newest_at - recent[0].at) / max(1, len(recent) - 1))
    likely: dict[float, float] = {}
    for sample in recent:
        load_w = SAME_W * round(sample.value / SAME_W)
        likely[load_w] = likely.get(load_w, 0.0) + exp((sample.at - newest_at) / fades_s)
    total = sum(likely.values())
    return [(load_w, weight / total) for load_w, weight in likely.items()]


def _leader(given: LawInput, mean_w: float) -> LawBattery:
    """Return who leads: the fullest for a deficit, the emptiest for a surplus; the present one if nearly so."""
    sign = 1 if mean_w > 0 else -1
    leaders = [battery for battery in given.batteries if battery.may_lead]
    strong_w = STRONG_SHARE * max(battery.limit_w(sign) for battery in leaders)
    strong = [battery for battery in leaders if battery.limit_w(sign) >= strong_w]
    best = max(strong, key=lambda battery: sign * battery.soc_pct)
    old = next((battery for battery in leaders if battery.battery_id == given.leader_id), None)
    if old is None:
        return best
    if abs(mean_w) <= CALM_W or not best.limit_w(sign):
        return old
    if not old.limit_w(sign):
        return best
    is_calm = given.handed_over_at is None or given.now - given.handed_over_at >= LEADS_S
    is_wide = sign * (best.soc_pct - old.soc_pct) > max(GAP_PCT, GAP_PER_W * abs(mean_w))
    return best if is_calm and (is_wide or old not in strong) else old


def _present(given: LawInput, leader: LawBattery, followers: Mapping[str, LawBattery]) -> dict[str, int]:
    """Return what the followers do now, within their limits, once those that change places have done so."""
    before = dict(given.setpoints)
    if given.leader_id is not None and given.leader_id != leader.battery_id:
        before[given.leader_id] = before.get(leader.battery_id, 0)
    present = dict.fromkeys(followers, 0)
    for key, battery in followers.items():
        power_w = before.get(key, 0) if battery.may_follow else 0
        limit_w = battery.limit_w(power_w, leader.battery_id)
        present[key] = max(-limit_w, min(limit_w, power_w))
    for sign in (1, -1):
        ranked = _ranked(followers, leader, sign)
        at_work, at_rest = (
            [key for key in ranked if sign * present[key] > 0],
            [key for key in ranked if not present[key]],
        )
        if at_work and at_rest and sign * (followers[at_rest[0]].soc_pct - followers[at_work[-1]].soc_pct) > GAP_PCT:
            first, last = at_rest[0], at_work[-1]
            power_w = min(abs(present[last]), followers[first].limit_w(sign, leader.battery_id))
            present[first], present[last] = sign * power_w, 0
    return present


def _ranked(followers: Mapping[str, LawBattery], leader: LawBattery, sign: int) -> list[str]:
    """Return who can follow in a direction: the fullest first to serve a deficit, the emptiest first a surplus."""
    able = [
        key
        for key, battery in followers.items()
        if battery.may_follow and battery.limit_w(sign, leader.battery_id) >= FOLLOWER_LEAST_W
    ]
    return sorted(able, key=lambda key: -sign * followers[key].soc_pct)


def _candidates(
    followers: Mapping[str, LawBattery], leader: LawBattery, present: Mapping[str, int], loads: Loads
) -> Iterator[dict[str, int]]:
    """Yield what the followers might do: rest, stay, or the first k of them share a power; they turn through rest."""
    rest = dict.fromkeys(followers, 0)
    yield rest
    signs = [sign for sign in (1, -1) if not any(sign * power_w < 0 for power_w in present.values())]
    if signs:
        yield dict(present)
    for sign in signs:
        most_w = max(sign * load_w for load_w, _ in loads)
        able = sorted(_ranked(followers, leader, sign), key=lambda key: not present[key])
        for count in range(1, len(able) + 1):
            limits = {key: followers[key].limit_w(sign, leader.battery_id) for key in able[:count]}
            for share_w in range(FOLLOWER_LEAST_W, int(min(max(limits.values()), most_w / count)) + 1, STEP_W):
                shares = divide(share_w * count, limits, STEP_W)
                yield rest | {key: sign * power_w for key, power_w in shares.items()}


def _cost(
    setpoints: Mapping[str, int], present: Mapping[str, int], leader: LawBattery, loads: Loads, weight: float
) -> float:
    """Return what setpoints are expected to cost (W of exchange), the way to them included."""
    total_w = sum(setpoints.values())
    least_w, most_w = -LEADER_SHARE * leader.limits.charge_w, LEADER_SHARE * leader.limits.discharge_w
    cost_w = weight * sum(map(loss_w, setpoints.values()))
    for load_w, likely in loads:
        rest_w = load_w - total_w
        lead_w = max(least_w, min(most_w, rest_w))
        # That one charges the other is counted once more than its losses: it wears both for nothing.
        cross_w = min(abs(lead_w), abs(total_w)) if lead_w * total_w < 0 else 0.0
        cost_w += likely * (abs(rest_w - lead_w) + cross_w + weight * loss_w(lead_w, runs=True))
    if setpoints == present:
        return cost_w
    changes_w = sum(abs(power_w - present[key]) for key, power_w in setpoints.items())
    starts = sum(1 for key, power_w in setpoints.items() if power_w and not present[key])
    return cost_w + CHANGE_W + SETTLES_S / WINDOW_S * changes_w + START_W * starts


allocate: Law = least_cost
"""The law in use."""
