"""Who leads, with which setpoints for the others, and whether Auto may run now."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product

from ..model import PLAUSIBLE_MAX, TOLERANCE_W, CommandKind, LeaderFault, Mode, Timed
from ..permissions import near_bound
from ..power_range import PowerRange
from . import evidence, headroom, limits
from .law import Law, LawBattery, LawInput
from .site import METER_FRESH_S, BatteryView, DispatchMemory, Lapse, Leader, Site

LATE_S = 2.0
"""Cycles do not keep exact time: a decision may come this much early."""
UNALIGNED_AFTER_S = 120.0
"""So long without a sample of the net load, meter and newest powers must do: better unaligned than not at all."""
LEAD_LIMIT_S, WAITS_S = 120.0, 900.0
"""A leader that says so long after it was told that it is not in Auto cannot be led into it; nor one that something
keeps from being told for so long: a handover that failed is tried again meanwhile."""
INELIGIBLE_S, UNFIT_AGAINST_S, UNFIT_MOST_S = 600.0, 3600.0, 21_600.0
"""For so long a leader that failed is not asked again; each time for twice as long."""
UNFIT_KEPT_S = 86_400.0
"""A failure that is longer ago is forgotten."""
LOOKS_CLOSER_S = 40.0
"""So long the meter is read every two seconds before a leader is judged: every ten, a hob that pulses every eleven may
look as if it were on all the time."""
REDEEMED_S = 600.0
"""Who leads well for so long is no longer held to have failed."""
AGAINST_AFTER_S = 90.0
"""Auto begins with 20 s of trying out which phase it is on (E 3.0), and a minute has to follow."""
SAMPLE_LIMIT_S = 60.0
"""An older sample of the net load is completed by meter and newest powers, when the law has to run."""
GONE_W = 150.0
"""Beyond what a working leader leaves of a power that comes and goes."""


def watch(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with what the leader says of itself; one that does not enter Auto loses its fitness to lead."""
    at_work = {view.battery_id for view in site.members if view.in_auto}
    ineligible = {
        key: lapse
        for key, lapse in memory.ineligible.items()
        if site.now - lapse.until <= UNFIT_KEPT_S and not (lapse.fault is LeaderFault.NO_AUTO and key in at_work)
    }
    memory = replace(memory, ineligible=ineligible)
    leader = site.member(memory.leader.id)
    if leader is None or leader.seen.mode is None or memory.leader.auto_inhibited or not site.settings.enabled:
        return replace(memory, leader=replace(memory.leader, auto=None))
    # A mode of an unknown name may be Auto: then the meter judges.
    in_auto, auto = leader.mode in {Mode.AUTO, Mode.UNKNOWN}, memory.leader.auto
    if auto is None or auto.value is not in_auto:
        auto = Timed(in_auto, site.now)
    memory = replace(memory, leader=replace(memory.leader, auto=auto))
    if auto.value:
        return memory
    ends_at, outcome = auto.at + WAITS_S, leader.seen.outcome
    if outcome is not None and outcome.command.kind is CommandKind.AUTO and outcome.sent_at >= auto.at:
        ends_at = outcome.sent_at + LEAD_LIMIT_S
    if leader.seen.mode.at < ends_at and site.snapshot.feedback.refused_auto != leader.battery_id:
        return memory
    return _without_fitness(site, memory, leader.battery_id, LeaderFault.NO_AUTO)


def _without_fitness(site: Site, memory: DispatchMemory, battery_id: str, fault: LeaderFault) -> DispatchMemory:
    """Return the memory with a leader that is not asked to lead for a while, a longer one each time."""
    before = memory.ineligible.get(battery_id)
    times = 1 if before is None else before.times + 1
    first_s = UNFIT_AGAINST_S if fault is LeaderFault.AGAINST else INELIGIBLE_S
    until = site.now + min(UNFIT_MOST_S, first_s * 2 ** (times - 1))
    lapse = Lapse(fault=fault, until=until, times=times)
    leader = replace(memory.leader, best_output=None, doubted_at=None)
    return replace(memory, leader=leader, ineligible={**memory.ineligible, battery_id: lapse}, decided_at=None)


def silent_leader_id(site: Site, memory: DispatchMemory) -> str | None:
    """Return a battery that is silent but, as far as is known, in Auto: that needs no network, so it still leads."""
    silent = [
        view
        for view in site.views
        if view.is_ours and not (view.is_known or view.is_out) and view.settings.may_lead
        if view.battery_id not in memory.presumed_lost
    ]
    leads_on = [view for view in silent if view.battery_id == memory.leader.id and not memory.leader.auto_inhibited]
    if not leads_on and not any(view.in_auto for view in site.members):
        leads_on = [view for view in silent if view.may_run_auto]
    return leads_on[0].battery_id if leads_on else None


def without_presumed_lost(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory, with a silent leader given up once the meter says that nobody does its work."""
    silent_id = silent_leader_id(site, memory)
    distance_w = evidence.mean_distance_w(memory.meter_window, site.now)
    if silent_id is None or distance_w is None or distance_w <= evidence.SOMEBODY_MISSING_W:
        return memory
    return replace(memory, presumed_lost=memory.presumed_lost | {silent_id})


def able_to_lead(site: Site, memory: DispatchMemory) -> tuple[BatteryView, ...]:
    """Return the members that may run in Auto; one that is there and cannot be made to leave is the only choice."""
    able = tuple(
        view
        for view in site.members
        if view.settings.may_lead
        and not memory.is_unfit(view.battery_id, site.now)
        and (view.auto.both or view.settings.can_idle)
        and limits.may_lead(site, memory, view)
    )
    return tuple(view for view in able if view.lockout or (view.in_auto and not view.settings.can_idle)) or able


def judge(site: Site, memory: DispatchMemory, leaders: tuple[BatteryView, ...]) -> DispatchMemory:
    """Return the memory with what the meter says of the leader: without effect, or against it, it leads no longer."""
    leader = next((view for view in leaders if view.battery_id == memory.leader.id), None)
    auto = memory.leader.auto
    if leader is None or auto is None or not auto.value or leader.soc_pct is None or leader.seen.power_w is None:
        return replace(memory, leader=replace(memory.leader, best_output=None, doubted_at=None))
    best_output = evidence.best_output(memory.leader.best_output, leader.seen.power_w, site.grid_w)
    sign, leads_s = evidence.undone_sign(memory.meter_window, site.now), site.now - auto.at
    is_against = leads_s >= AGAINST_AFTER_S and evidence.works_against(sign, leader.seen.power_w, memory.meter_window)
    # Full under the sun, a leader does no more for hours: its charge explains that, nobody has to look more closely.
    is_unexplained = not near_bound(leader.settings, leader.soc_pct, sign)
    doubted_at = None
    if sign and (is_against or (is_unexplained and site.now - max(auto.at, best_output.at) >= evidence.TRIES_S)):
        doubted_at = site.now if memory.leader.doubted_at is None else memory.leader.doubted_at
    memory = replace(memory, leader=replace(memory.leader, best_output=best_output, doubted_at=doubted_at))
    if not sign and leads_s >= REDEEMED_S:
        others = {key: lapse for key, lapse in memory.ineligible.items() if key != leader.battery_id}
        return replace(memory, ineligible=others)
    if doubted_at is None or site.now - doubted_at < LOOKS_CLOSER_S:
        return memory
    if is_against:
        return _without_fitness(site, memory, leader.battery_id, LeaderFault.AGAINST)
    return _stands_still(site, memory, leader, sign)


def _stands_still(site: Site, memory: DispatchMemory, leader: BatteryView, sign: int) -> DispatchMemory:
    """Return the memory with what a leader can do that comes no nearer to what the meter asks for."""
    power, soc_pct = leader.seen.power_w, leader.soc_pct
    if power is None or soc_pct is None or power.at < memory.meter_window[0].at + evidence.ANSWER_S:
        return memory
    if limit := headroom.standing_limit(leader.settings, power, sign):
        known = memory.observed_limits
        others = tuple(old for old in known if (old.battery_id, old.sign) != (limit.battery_id, sign))
        is_news = limit not in known and len(others) == len(known)
        return replace(memory, observed_limits=(*others, limit), decided_at=None if is_news else memory.decided_at)
    if sign * power.value > evidence.FLOWS_W:
        return memory
    if evidence.at_own_floor(soc_pct, power, memory.meter_window, site.now):
        floor = Timed(soc_pct, site.now)
        return replace(memory, floors={**memory.floors, leader.battery_id: floor})
    return _without_fitness(site, memory, leader.battery_id, LeaderFault.WITHOUT_EFFECT)


def inhibit_auto(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with whether the leader is kept from Auto."""
    leader = site.member(memory.leader.id)
    if leader is None or leader.power_w is None:
        return memory
    meter_window = memory.meter_window if site.meter_is_fresh(METER_FRESH_S) else ()
    power_w = leader.power_w
    # When there is no more work in the open direction the meter shows it, the power only at the next poll. It may be
    # Auto itself that went too far: for half a minute (HMG-50), and by less than it gives.
    against_w = site.grid_w if site.car.spared else evidence.sustained_w(memory.meter_window, site.now) + power_w
    if not leader.auto.discharge_w:
        power_w = max(power_w, against_w - GONE_W)
    elif not leader.auto.charge_w:
        power_w = min(power_w, against_w + GONE_W)
    # One that is doing just what is still allowed goes on: the meter cannot ask for what it gets.
    goes_on = leader.in_auto and not site.car.spared and evidence.works(leader.auto, power_w)
    was_held = memory.leader.auto_inhibited or (memory.leader.auto_range != leader.auto and not goes_on)
    held = evidence.held(was_held, leader.auto, power_w, meter_window, site.now)
    return replace(memory, leader=replace(memory.leader, auto_inhibited=held, auto_range=leader.auto))


def watch_limits(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with what batteries near full or empty are seen to be able to do; news let the law run."""
    known = {(limit.battery_id, limit.sign): limit for limit in memory.observed_limits}
    limits, is_news = [], False
    auto = memory.leader.auto
    is_led = auto is not None and auto.value and site.meter_is_fresh(METER_FRESH_S)
    for view, sign in product(site.members, (1, -1)):
        before, limit = known.get((view.battery_id, sign)), None
        if view.battery_id != memory.leader.id:
            limit = headroom.follower_limit(view.settings, view.seen, sign)
        elif is_led:
            limit = headroom.leader_limit(view.settings, view.seen, sign, memory.meter_window, site.now)
        limit = limit or before
        if limit is not None and limit.holds(view.soc_pct or 0.0, view.power_w or 0.0, site.now):
            limits.append(limit)
            is_news |= before is None or limit.power_w < before.power_w - TOLERANCE_W
    return replace(memory, observed_limits=tuple(limits), decided_at=None if is_news else memory.decided_at)


def run_law(
    site: Site, memory: DispatchMemory, leaders: tuple[BatteryView, ...], law: Law, interval_s: float
) -> DispatchMemory:
    """Return the law's answer when it is due, else what it answered last."""
    if not _law_is_due(site, memory, leaders, interval_s):
        return memory
    leading = [view.battery_id for view in leaders if view.battery_id == memory.leader.id or view.in_auto]
    samples = _samples(site)
    rooms = {leader.battery_id: limits.left(site, memory, leader.battery_id) for leader in leaders}
    output = law(
        LawInput(
            now=site.now,
            net_load_w=samples,
            batteries=tuple(_law_battery(view, leaders, memory, rooms) for view in site.members),
            leader_id=memory.leader.id if memory.leader.id in leading else next(iter(leading), None),
            handed_over_at=memory.handed_over_at,
            setpoints=memory.setpoints,
            prices=site.settings.prices,
        )
    )
    same = output.leader_id == memory.leader.id
    return replace(
        memory,
        leader=memory.leader if same else Leader(id=output.leader_id),
        handed_over_at=memory.handed_over_at if same or memory.leader.id is None else site.now,
        setpoints={key: power_w for key, power_w in output.setpoints.items() if key != output.leader_id},
        decided_at=site.now,
        sampled_at=samples[-1].at,
        decided_for=site.terms,
    )


def _law_is_due(site: Site, memory: DispatchMemory, leaders: tuple[BatteryView, ...], interval_s: float) -> bool:
    """Return whether the law runs: without a leader at once, else when there is time and something new to know."""
    if memory.leader.id not in {view.battery_id for view in leaders}:
        return True
    if not site.meter_is_fresh(METER_FRESH_S):
        return False
    if memory.decided_at is None or memory.sampled_at is None or memory.decided_for != site.terms:
        return True
    waited_s = site.now - memory.decided_at + LATE_S
    is_news = any(sample.at > memory.sampled_at for sample in site.car.house_w[-1:])
    return waited_s >= (interval_s if is_news else UNALIGNED_AFTER_S)


def _samples(site: Site) -> tuple[Timed[float], ...]:
    """Return samples of what the members have to carry, as if the car had always drawn what it draws now."""
    house_w = site.car.house_w
    if not house_w or not house_w[-1].fresh(site.now, SAMPLE_LIMIT_S):
        house_w = (*house_w, Timed(site.grid_w + site.power_w - site.car.drawn_w, site.now))
    others_w = site.power_w - site.members_w
    return tuple(Timed(site.car.carried_w(sample.value) - others_w, sample.at) for sample in house_w)


def _law_battery(
    view: BatteryView,
    leaders: tuple[BatteryView, ...],
    memory: DispatchMemory,
    rooms: Mapping[str, Mapping[str, PowerRange]],
) -> LawBattery:
    """Return what the law may know of a battery; `rooms` is what each leader leaves to its followers."""
    able_w = {limit.sign: int(limit.power_w) for limit in memory.observed_limits if limit.battery_id == view.battery_id}
    able = PowerRange(charge_w=able_w.get(-1, PLAUSIBLE_MAX), discharge_w=able_w.get(1, PLAUSIBLE_MAX))
    return LawBattery(
        battery_id=view.battery_id,
        soc_pct=view.soc_pct or 0.0,
        limits=view.limits & able,
        may_lead=view in leaders,
        may_follow=view.settings.has_passive and view.lockout is None,
        beside={key: room[view.battery_id] for key, room in rooms.items() if view.battery_id in room},
    )
