"""Who leads, with which set-points for the others, and whether Auto may run now."""

from collections.abc import Mapping
from dataclasses import replace

from . import evidence, headroom, limits
from .law import Law, LawBattery, LawInput
from .model import TOLERANCE_W, Mode, Reach, Timed
from .site import METER_FRESH_S, DecideMemory, Site, View

LATE_S = 2.0
"""Cycles do not keep exact time: a decision may come this much early."""
UNALIGNED_AFTER_S = 120.0
"""So long without a sample of the net load, meter and newest powers must do: better unaligned than not at all."""
LEAD_LIMIT_S = 120.0
"""A leader that says so long after it was chosen that it is not in Auto cannot be led into it."""
UNFIT_S = 600.0
"""For so long it is not asked again."""
PAUSE_S = 300.0
"""After a leader was without effect, before the followers are tried again."""
OPPOSED_W = 150.0
"""What two batteries give each other at least for it to matter."""
OPPOSED_KEPT_S = 300.0
SAMPLE_LIMIT_S = 60.0
"""An older sample of the net load is completed by meter and newest powers, when the law has to run."""
GONE_W = 150.0
"""Beyond what a working leader leaves of a power that comes and goes."""


def watch(site: Site, memory: DecideMemory) -> DecideMemory:
    """Return the memory with what the leader says of itself; one that does not enter Auto loses its fitness to lead."""
    at_work = {view.battery_id for view in site.members if view.in_auto}
    unfit = {key: until for key, until in memory.unfit.items() if until > site.now and key not in at_work}
    leader = site.member(memory.leader_id)
    if leader is None or leader.seen.mode is None or memory.leader_held or not site.settings.enabled:
        return replace(memory, leader_auto=None, unfit=unfit)
    auto = memory.leader_auto
    if auto is None or auto.value is not leader.in_auto:
        auto = Timed(leader.in_auto, site.now)
    if not auto.value and leader.mode is not Mode.UNKNOWN and leader.seen.mode.at - auto.at >= LEAD_LIMIT_S:
        unfit[leader.battery_id] = site.now + UNFIT_S
    return replace(memory, leader_auto=auto, unfit=unfit)


def silent_leader_id(site: Site, memory: DecideMemory) -> str | None:
    """Return a battery that is silent but, as far as is known, in Auto: that needs no network, so it still leads."""
    silent = [
        view
        for view in site.views
        if view.is_ours and not (view.is_known or view.is_out) and view.settings.may_lead
        if view.battery_id not in memory.missing
    ]
    leads_on = [view for view in silent if view.battery_id == memory.leader_id and not memory.leader_held]
    if not leads_on and not any(view.in_auto for view in site.members):
        leads_on = [view for view in silent if view.mode is None and view.last_mode is Mode.AUTO]
    return leads_on[0].battery_id if leads_on else None


def without_missing(site: Site, memory: DecideMemory) -> DecideMemory:
    """Return the memory, with a silent leader given up once the meter says that nobody does its work."""
    silent_id = silent_leader_id(site, memory)
    distance_w = evidence.mean_distance_w(memory.minute, site.now)
    if silent_id is None or distance_w is None or distance_w <= evidence.SOMEBODY_MISSING_W:
        return memory
    return replace(memory, missing=memory.missing | {silent_id})


def able_to_lead(site: Site, memory: DecideMemory) -> tuple[View, ...]:
    """Return the members that may run in Auto; one that is there and cannot be made to leave is the only choice."""
    able = tuple(
        view
        for view in site.members
        if view.settings.may_lead
        and view.battery_id not in memory.unfit
        and (view.auto.both or view.settings.can_idle)
        and limits.may_lead(site, memory, view)
    )
    return tuple(view for view in able if view.bar or (view.in_auto and not view.settings.can_idle)) or able


def pause(site: Site, memory: DecideMemory, leaders: tuple[View, ...]) -> DecideMemory:
    """Return the memory with a pause begun or ended: a leader in Auto that changes nothing is no base for followers."""
    leader = next((view for view in leaders if view.battery_id == memory.leader_id), None)
    auto = memory.leader_auto
    if leader is None or auto is None or not auto.value or leader.soc_pct is None or leader.seen.power_w is None:
        return replace(memory, paused_until=None, effort=None)
    power, minute = leader.seen.power_w, memory.minute
    effort = evidence.effort(memory.effort, power, site.grid_w)
    memory = replace(memory, effort=effort)
    if memory.paused_until is not None:
        if site.now < memory.paused_until:
            return memory
        # It gets its time anew, or the old minute would end the trial before it began.
        return replace(memory, paused_until=None, leader_auto=Timed(True, site.now), decided_at=None)
    tried_s = site.now - max(auto.at, effort.at)
    if tried_s < evidence.TRIES_S or not evidence.without_effect(
        leader.settings, leader.soc_pct, power, minute, site.now
    ):
        return memory
    if evidence.at_own_floor(leader.soc_pct, power, minute, site.now):
        floor = Timed(leader.soc_pct, site.now)
        return replace(memory, floors={**memory.floors, leader.battery_id: floor})
    return replace(memory, paused_until=site.now + PAUSE_S)


def hold(site: Site, memory: DecideMemory) -> DecideMemory:
    """Return the memory with whether the leader is kept from Auto."""
    leader = site.member(memory.leader_id)
    if leader is None or leader.power_w is None:
        return memory
    minute = memory.minute if site.meter_is_fresh(METER_FRESH_S) else ()
    power_w = leader.power_w
    # When there is no more work in the open direction the meter shows it, the power only at the next poll. It may be
    # Auto itself that went too far: for half a minute (HMG-50), and by less than it gives.
    against_w = site.grid_w if site.car.spared else evidence.lasting_w(memory.minute, site.now) + power_w
    if not leader.auto.may_discharge:
        power_w = max(power_w, against_w - GONE_W)
    elif not leader.auto.may_charge:
        power_w = min(power_w, against_w + GONE_W)
    # One that is doing just what is still allowed goes on: the meter cannot ask for what it gets.
    goes_on = leader.in_auto and not site.car.spared and evidence.works(leader.auto, power_w)
    was_held = memory.leader_held or (memory.leader_may != leader.auto and not goes_on)
    held = evidence.held(was_held, leader.auto, power_w, minute, site.now)
    return replace(memory, leader_held=held, leader_may=leader.auto)


def watch_limits(site: Site, memory: DecideMemory) -> DecideMemory:
    """Return the memory with what batteries near full or empty are seen to be able to do; news let the law run."""
    known = {(limit.battery_id, limit.sign): limit for limit in memory.seen_limits}
    limits, is_news = [], False
    for view in site.members:
        for sign in (1, -1):
            before = known.get((view.battery_id, sign))
            limit = _seen_limit(site, memory, view, sign) or before
            if limit is not None and limit.holds(view.soc_pct or 0.0, view.power_w or 0.0, site.now):
                limits.append(limit)
                is_news |= before is None or limit.power_w < before.power_w - TOLERANCE_W
    return replace(memory, seen_limits=tuple(limits), decided_at=None if is_news else memory.decided_at)


def watch_opposition(site: Site, memory: DecideMemory) -> DecideMemory:
    """Return the memory with what the batteries carry together while the leader works against the followers.

    Under a load that pulses a leader stands where no sample of the net load would have it: Auto needs up to half a
    minute to turn round (HMG-50), and a pulse can hide between two polls.
    """
    kept = tuple(old for old in memory.opposed_w if old.fresh(site.now, OPPOSED_KEPT_S))
    leader, auto = site.member(memory.leader_id), memory.leader_auto
    power = None if leader is None else leader.seen.power_w
    if power is None or auto is None or not auto.value:
        return replace(memory, opposed_w=kept)
    others_w = sum(view.power_w or 0.0 for view in site.members if view is not leader)
    is_opposed = power.value * others_w < 0 and min(abs(power.value), abs(others_w)) > OPPOSED_W
    if not is_opposed or (kept and kept[-1].at >= power.at):
        return replace(memory, opposed_w=kept)
    return replace(memory, opposed_w=(*kept, Timed(power.value + others_w, power.at)), decided_at=None)


def _seen_limit(site: Site, memory: DecideMemory, view: View, sign: int) -> headroom.SeenLimit | None:
    """Return what one battery is seen to do at most in one direction now."""
    if view.battery_id != memory.leader_id:
        return headroom.follower_limit(view.settings, view.seen, sign)
    if memory.leader_auto is None or not memory.leader_auto.value or not site.meter_is_fresh(METER_FRESH_S):
        return None
    return headroom.leader_limit(view.settings, view.seen, sign, memory.minute, site.now)


def run_law(site: Site, memory: DecideMemory, leaders: tuple[View, ...], law: Law, interval_s: float) -> DecideMemory:
    """Return the law's answer when it is due, else what it answered last."""
    if not _law_is_due(site, memory, leaders, interval_s):
        return memory
    leading = [view.battery_id for view in leaders if view.battery_id == memory.leader_id or view.in_auto]
    samples = _samples(site, memory)
    rooms = {leader.battery_id: limits.left(site, memory, leader.battery_id) for leader in leaders}
    output = law(
        LawInput(
            now=site.now,
            net_load_w=samples,
            batteries=tuple(_law_battery(view, leaders, memory, rooms) for view in site.members),
            leader_id=memory.leader_id if memory.leader_id in leading else next(iter(leading), None),
            swapped_at=memory.swapped_at,
            setpoints=memory.setpoints,
            prices=site.settings.prices,
        )
    )
    same = output.leader_id == memory.leader_id
    return replace(
        memory,
        leader_id=output.leader_id,
        swapped_at=memory.swapped_at if same or memory.leader_id is None else site.now,
        leader_held=memory.leader_held if same else True,
        leader_auto=memory.leader_auto if same else None,
        setpoints={
            key: settled(memory.setpoints.get(key, 0), power_w)
            for key, power_w in output.setpoints.items()
            if key != output.leader_id
        },
        decided_at=site.now,
        sampled_at=samples[-1].at,
        decided_for=site.terms,
    )


def settled(before_w: int, power_w: int) -> int:
    """Return a set-point, unchanged if the change is too small to be proven by measurement: it is not worth a write."""
    return before_w if before_w * power_w > 0 and abs(power_w - before_w) < TOLERANCE_W else power_w


def _law_is_due(site: Site, memory: DecideMemory, leaders: tuple[View, ...], interval_s: float) -> bool:
    """Return whether the law runs: without a leader at once, else when there is time and something new to know."""
    if memory.leader_id not in {view.battery_id for view in leaders}:
        return True
    if not site.meter_is_fresh(METER_FRESH_S):
        return False
    if memory.decided_at is None or memory.sampled_at is None or memory.decided_for != site.terms:
        return True
    waited_s = site.now - memory.decided_at + LATE_S
    is_news = any(sample.at > memory.sampled_at for sample in site.car.house_w[-1:])
    return waited_s >= (interval_s if is_news else UNALIGNED_AFTER_S)


def _samples(site: Site, memory: DecideMemory) -> tuple[Timed[float], ...]:
    """Return samples of what the members have to carry, as if the car had always drawn what it draws now."""
    house_w = site.car.house_w
    if not house_w or not house_w[-1].fresh(site.now, SAMPLE_LIMIT_S):
        house_w = (*house_w, Timed(site.grid_w + site.power_w - site.car.drawn_w, site.now))
    others_w = site.power_w - site.members_w
    carried = [Timed(site.car.carried_w(sample.value) - others_w, sample.at) for sample in house_w]
    return tuple(sorted((*carried, *memory.opposed_w), key=lambda sample: sample.at))


def _law_battery(
    view: View, leaders: tuple[View, ...], memory: DecideMemory, rooms: Mapping[str, Mapping[str, Reach]]
) -> LawBattery:
    """Return what the law may know of a battery; `rooms` is what each leader leaves to its followers."""
    able_w = {limit.sign: int(limit.power_w) for limit in memory.seen_limits if limit.battery_id == view.battery_id}
    return LawBattery(
        battery_id=view.battery_id,
        soc_pct=view.soc_pct or 0.0,
        charge_limit_w=min(view.charge_limit_w, able_w.get(-1, view.charge_limit_w)),
        discharge_limit_w=min(view.discharge_limit_w, able_w.get(1, view.discharge_limit_w)),
        may_lead=view in leaders,
        may_follow=view.settings.has_passive and view.bar is None,
        beside={key: room[view.battery_id] for key, room in rooms.items() if view.battery_id in room},
    )
