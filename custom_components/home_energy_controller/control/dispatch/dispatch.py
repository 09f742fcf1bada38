"""What every battery should do, and why."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import inf

from ..model import (
    TOLERANCE_W,
    Action,
    BatteryMode,
    Decision,
    Health,
    Mode,
    OwnMeter,
    Role,
    SiteState,
    Snapshot,
    Strategy,
    Target,
    plausible,
)
from ..permissions import allowed_power_w, near_bound
from ..settings import BatterySettings, Settings
from . import car, evidence, leader as leading, limits
from .law import DISPATCH_INTERVAL_S, Law, allocate
from .setpoints import beyond_asked, for_house, limits_w, spread_over, without_leader
from .site import METER_FRESH_S, BatteryView, DispatchMemory, Leader, Site, battery_views
from .witness import METER, Sight, WitnessMemory, observe

__all__ = ["DispatchMemory", "dispatch"]

STARTING_LIMIT_S = 30.0
"""A battery that did not answer by then is not waited for."""
ALLOCATION_LIMIT_S = 300.0
"""Setpoints that nothing new supported for so long are given up: an unheard leader may be working against them."""
NET_LOAD_AGE_S = 150.0
"""A sample that is older than the slowest poll is not shown as present."""
FULL_LONGEST_S = 86_400.0
"""A full charge ends by then, whatever is missing: the largest stack at 800 W needs twenty hours."""
FULL_S = 300.0
"""Charging has ended when nothing has flowed for so long: a command may need minutes to arrive."""
SILENT_S = 900.0
"""Who was not heard for so long is not waited for."""

OPEN_LOOP = {Strategy.STANDBY, Strategy.FIXED, Strategy.TO_FULL}
WITH_GRID = {
    Strategy.CHARGE_FROM_GRID: SiteState.CHARGING_FROM_GRID,
    Strategy.DELIVER_TO_GRID: SiteState.DELIVERING_TO_GRID,
}


def dispatch(
    snapshot: Snapshot,
    settings: Settings,
    memory: DispatchMemory,
    now: float,
    *,
    law: Law = allocate,
    interval_s: float = DISPATCH_INTERVAL_S,
) -> tuple[Decision, DispatchMemory]:
    """Return what every battery should do, and what to remember. Total: any input gives a decision."""
    drawn = car.noted(settings.car, snapshot.car, memory.car, now)
    car_view = car.view(settings.car, snapshot.net_load_w, drawn)
    views = battery_views(snapshot, memory.with_floors(settings, now), memory.charge, now, spare_car=car_view.spared)
    site = Site(
        snapshot=snapshot, settings=settings, views=views, car=car_view, meter=plausible(snapshot.meter_w), now=now
    )
    memory = limits.observed(site, _witnessed(site, _remember(site, memory, drawn)))
    setpoints = memory.setpoints
    state, memory = _plan(site, memory, law, interval_s)
    is_news = memory.setpoints != setpoints or memory.witness.probed_at == now
    memory = replace(memory, told_at=now if is_news else memory.told_at)
    targets, reservations = limits.clamp_targets(site, memory, [_target(view, site, memory) for view in views])
    against = memory.witness.against
    newest = next((sample for sample in reversed(snapshot.net_load_w) if plausible(sample)), None)
    decision = Decision(
        state=state if settings.enabled else SiteState.OFF,
        intent=state,
        leader_id=memory.leader.id,
        targets=targets,
        net_load_w=newest.value if newest is not None and newest.fresh(now, NET_LOAD_AGE_S) else None,
        decided_at=now,
        finished=_is_finished(site, memory),
        car_power_w=None if settings.car is None else memory.car.power_w,
        ineligible={key: lapse.fault for key, lapse in memory.ineligible.items()},
        derated={limit.battery_id: round(limit.power_w) for limit in memory.observed_limits if limit.soc_pct is None},
        meter_effect=against(METER, now),
        contradicted={key: held for key in memory.witness.verdicts if key != METER if (held := against(key, now))},
        believed=frozenset(key for key in memory.witness.ratios if memory.witness.believes(key)),
        looks_closer=memory.leader.doubted_at is not None,
        let_go=memory.lets_go(now),
    )
    return decision, replace(memory, reservations=reservations)


def _remember(site: Site, memory: DispatchMemory, drawn: car.CarMemory) -> DispatchMemory:
    """Return the memory with what is seen now; after a new strategy, or switching on, all is decided anew."""
    asked = (site.settings.enabled, site.settings.acting_strategy)
    if asked != memory.asked:
        was_asked = memory.asked is not None and memory.asked[0] is site.settings.enabled
        memory = memory.begun_anew(asked, site.now)
        if not was_asked:  # Switched off and on, its owner has looked at what was held against meter and batteries.
            memory = replace(memory, ineligible={}, witness=WitnessMemory())
    silent = {view.battery_id for view in site.views if not view.is_known}
    charge = {view.battery_id: view.charge for view in site.views if view.soc_pct is not None}
    return replace(
        memory,
        begun_at=site.now if memory.begun_at is None else memory.begun_at,
        meter_window=evidence.extended(memory.meter_window, site.meter, site.now),
        charge={**memory.charge, **charge},
        presumed_lost=memory.presumed_lost & silent,
        decided_at=None if drawn.stepped else memory.decided_at,
        car=car.planned(site.settings, site.snapshot, site.car, drawn, site.now),
    )


def _witnessed(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with what the meter showed of the batteries' setpoints."""
    known = {view.battery_id: view for view in site.views if view.power_w is not None}
    auto = frozenset(key for key, view in known.items() if view.last_mode is Mode.AUTO)
    differ_w = [abs(new.value - old.value) for old, new in pairwise(memory.meter_window[-2:])]
    sight = Sight(
        samples=site.car.house_w,
        powers={key: view.power_w or 0.0 for key, view in known.items() if key not in auto},
        auto=auto,
        able=frozenset(view.battery_id for view in site.members if view.settings.has_passive and view.lockout is None),
        decided_at=memory.told_at,
        settle_s=site.settings.meter_settle_s,
        meter_step_w=min((step_w for step_w in differ_w if step_w), default=inf),
        now=site.now,
    )
    return replace(memory, witness=observe(memory.witness, sight))


def _plan(site: Site, memory: DispatchMemory, law: Law, interval_s: float) -> tuple[SiteState, DispatchMemory]:
    """Return the state of the site, and in the memory who does what."""
    open_loop = site.settings.acting_strategy in OPEN_LOOP
    if not memory.started:
        waited_s = site.now - (memory.begun_at or 0.0)
        have_answered = all(view.is_known for view in site.views if view.is_ours) or waited_s >= STARTING_LIMIT_S
        if not (have_answered and (open_loop or site.meter_is_fresh(METER_FRESH_S))):
            return SiteState.STARTING, memory
        memory = replace(memory, started=True)
    return _open_loop(site, memory) if open_loop else _closed_loop(site, memory, law, interval_s)


def _open_loop(site: Site, memory: DispatchMemory) -> tuple[SiteState, DispatchMemory]:
    """Return setpoints that need no meter: all idle, all charging, or the owner's power."""
    setpoints: Mapping[str, int] = {}
    full_since = None
    if site.settings.strategy is Strategy.TO_FULL:
        setpoints = {battery_id: -limit_w for battery_id, limit_w in limits_w(site, memory, -1).items()}
        full_since = (memory.full_since or site.now) if _is_full(site) else None
    elif site.settings.strategy is Strategy.FIXED:
        setpoints = spread_over(site, memory, site.settings.setpoint_w)
    state = SiteState(site.settings.strategy.value) if site.members else SiteState.NO_BATTERY
    return state, replace(memory, leader=Leader(), setpoints=setpoints, full_since=full_since)


def _is_full(site: Site) -> bool:
    """Return whether all that can be charged are at their ceiling, or near it and take no more.

    Nobody waits for one that is silent for long, takes no setpoints, may not charge, or does not do what it is told.
    """
    able = [
        view
        for view in site.views
        if view.is_ours and view.settings.has_passive and view.settings.charge_limit_w > 0 and view.lockout is None
        if view.is_known or site.now - (view.seen.last_answer_at or -inf) < SILENT_S
    ]
    is_heard = any(view.is_ours and view.is_known for view in site.views)
    return is_heard and all(view.is_known and _takes_no_more(view) for view in able)


def _is_finished(site: Site, memory: DispatchMemory) -> bool:
    """Return whether a full charge has come to its end: nothing flows any more, or it took too long."""
    if site.settings.strategy is not Strategy.TO_FULL:
        return False
    is_late = memory.asked_at is not None and site.now - memory.asked_at >= FULL_LONGEST_S
    return is_late or (memory.full_since is not None and site.now - memory.full_since >= FULL_S)


def _takes_no_more(view: BatteryView) -> bool:
    """Return whether a battery that is told to charge has come to its end."""
    soc_pct, power_w = view.soc_pct or 0.0, view.power_w or 0.0
    return not view.charge.charge_w or (near_bound(view.settings, soc_pct, -1) and power_w > -TOLERANCE_W)


def _closed_loop(site: Site, memory: DispatchMemory, law: Law, interval_s: float) -> tuple[SiteState, DispatchMemory]:
    """Return a leader and setpoints that bring the meter towards 0."""
    if not site.meter_is_fresh(site.settings.meter_age_limit_s):
        return SiteState.METER_LOST, _without_meter(site, memory)
    memory = replace(memory, meter_lost_at=None)
    if memory.witness.against(METER, site.now):
        return SiteState.METER_NOT_FOLLOWING, _at_rest(memory, auto_inhibited=True)
    memory = leading.without_presumed_lost(site, leading.watch(site, memory))
    if site.members and (state := WITH_GRID.get(site.settings.acting_strategy)):
        spares_car = state is SiteState.DELIVERING_TO_GRID and site.car.spared
        return SiteState.SPARING_CAR if spares_car else state, beyond_asked(site, memory)
    silent_id = leading.silent_leader_id(site, memory)
    if silent_id is not None:
        return _served(site, replace(memory, leader=replace(memory.leader, id=silent_id, auto_inhibited=False)))
    if not site.members:
        return SiteState.NO_BATTERY, replace(memory, leader=Leader(), setpoints={}, decided_at=None)
    memory = leading.judge(site, memory, leading.able_to_lead(site, memory))
    leaders = leading.able_to_lead(site, memory)
    if not leaders:
        return SiteState.NO_LEADER, without_leader(site, memory)
    if site.car.spared and memory.leader.id in {view.battery_id for view in leaders}:
        memory = leading.inhibit_auto(site, memory)
        if memory.leader.auto_inhibited:
            return SiteState.SPARING_CAR, for_house(site, memory)
    memory = leading.watch_limits(site, memory)
    return _served(site, leading.inhibit_auto(site, leading.run_law(site, memory, leaders, law, interval_s)))


def _without_meter(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with followers at rest; the leader goes on unless it may not, or reads a frozen meter."""
    leader = site.member(memory.leader.id)
    held = leader is not None and not (leader.auto.both and leader.settings.may_lead)
    if site.snapshot.meter_is_frozen:
        # Nobody is let go meanwhile: released into Auto, a battery would be as blind as the leader.
        blind = leader is not None and leader.settings.own_meter is not OwnMeter.OWN
        return replace(_at_rest(memory, auto_inhibited=held or blind), meter_lost_at=None)
    lost_at = site.now if memory.meter_lost_at is None else memory.meter_lost_at
    return replace(_at_rest(memory, auto_inhibited=held), meter_lost_at=lost_at)


def _at_rest(memory: DispatchMemory, *, auto_inhibited: bool) -> DispatchMemory:
    """Return the memory without setpoints, and with whether the leader is kept from Auto."""
    leader = replace(memory.leader, auto_inhibited=auto_inhibited, auto=None)
    return replace(memory, leader=leader, setpoints={}, decided_at=None, unseen=None)


def _served(site: Site, memory: DispatchMemory) -> tuple[SiteState, DispatchMemory]:
    """Return the state of a site that has a leader; setpoints without support are given up."""
    if memory.decided_at is not None and site.now - memory.decided_at > ALLOCATION_LIMIT_S:
        memory = replace(memory, setpoints={})
    if memory.leader.auto_inhibited:
        return SiteState.HOLDING, memory
    return SiteState.LEADER_AND_FOLLOWERS if any(memory.setpoints.values()) else SiteState.LEADER_ALONE, memory


def _target(view: BatteryView, site: Site, memory: DispatchMemory) -> Target:
    """Return what one battery should do, within what it may do at this moment, whatever was allocated."""
    if not view.is_ours:
        return _owners_target(view)
    is_leader = memory.started and view.battery_id == memory.leader.id
    if is_leader and not view.is_known and not view.is_out:
        return Target(battery_id=view.battery_id, role=Role.LEADER, action=Action.NOTHING)
    role = Role.LEADER if is_leader else Role.FOLLOWER
    is_relieved = not is_leader and memory.is_unfit(view.battery_id, site.now)
    if view.is_out or not view.is_known:
        # Silent, it is out of reach. Heard but unclear, it must neither run a second loop against the leader nor go on
        # with what it was told while its charge was known.
        target = _work(view.settings, Role.UNAVAILABLE, 0)
        goes_on = view.in_auto or (view.mode is Mode.PASSIVE and abs(view.power_w or 0.0) > TOLERANCE_W)
        leave_alone = view.lockout is Health.TAKEN or not (view.is_known or goes_on)
    elif is_leader and not memory.leader.auto_inhibited:
        target = Target(battery_id=view.battery_id, role=role, action=Action.AUTO, is_watched=not view.auto.both)
        leave_alone = False
    else:
        rests = memory.witness.rests(view.battery_id, site.now)
        power_w = 0 if rests else memory.setpoints.get(view.battery_id, 0)
        target = _work(view.settings, role, allowed_power_w(power_w, view.settings, view.permission))
        leave_alone = not is_leader and memory.lets_go(site.now)
    if leave_alone or not memory.started or not site.settings.enabled:
        return replace(target, action=Action.NOTHING)
    return replace(target, is_relieved=is_relieved)


def _owners_target(view: BatteryView) -> Target:
    """Return what the owner asked of one battery by hand; it acts with the controller off as well."""
    if view.settings.battery_mode is BatteryMode.IDLE:
        return _work(view.settings, Role.OWNER, 0)
    if not view.is_known:
        return Target(battery_id=view.battery_id, role=Role.UNAVAILABLE, action=Action.NOTHING)
    if view.settings.battery_mode is BatteryMode.AUTOMATIC and view.settings.may_run_auto:
        return Target(battery_id=view.battery_id, role=Role.OWNER, action=Action.AUTO)
    return _work(view.settings, Role.OWNER, view.owners_power_w)


def _work(battery: BatterySettings, role: Role, power_w: int) -> Target:
    """Return the target for a setpoint; 0 is idle, and what cannot be idled safely is left alone."""
    action = Action.IDLE if battery.can_idle else Action.NOTHING
    if power_w and battery.has_passive:
        action = Action.SETPOINT
    return Target(
        battery_id=battery.battery_id, role=role, action=action, power_w=power_w if battery.has_passive else 0
    )
