"""The law: who leads, and what each follower delivers. It knows no wire, no roles and no proof.

The seam is `Law`: a pure function of `LawInput`. `decide` calls it every `DECIDE_INTERVAL_S`, takes its answer as a
wish and applies what is allowed at every moment; whatever replaces `seed_fixed` need not repeat that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .losses import divide
from .model import Reach, Timed

DECIDE_INTERVAL_S = 60.0
"""Between two runs. Every 10 s this law made up to 24 times more unwanted exchange: values not aligned, and swaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawBattery:
    """A battery that may be given work."""

    battery_id: str
    soc_pct: float
    charge_limit_w: int
    """0 when it may not charge now."""
    discharge_limit_w: int
    may_lead: bool
    may_follow: bool = True
    """Whether it takes set-points at all."""
    beside: Mapping[str, Reach] = field(default_factory=lambda: MappingProxyType({}))
    """What circuits and connection leave to it as a follower, by who leads; where nothing is said, all."""

    def limit_w(self, direction: float, leader_id: str | None = None) -> int:
        """Return what it can give (W, positive) to a deficit (positive) or take from a surplus.

        With `leader_id` as a follower of that leader: what limits leave to it then.
        """
        own = Reach(charge_w=self.charge_limit_w, discharge_w=self.discharge_limit_w)
        most = own & self.beside.get(leader_id or "", own)
        return int(most.discharge_w if direction > 0 else most.charge_w)


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
    swapped_at: float | None = None
    """When the law last replaced a leader; None if it never did."""
    setpoints: Mapping[str, int]
    """What the followers were given last (W)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawOutput:
    """Who leads, and the set-points (W) of all others."""

    leader_id: str
    setpoints: Mapping[str, int]


type Law = Callable[[LawInput], LawOutput]

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


allocate: Law = seed_fixed
"""The law in use."""


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
