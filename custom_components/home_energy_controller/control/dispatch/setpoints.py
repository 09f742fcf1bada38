"""Setpoints that nobody leads: slower, one step after the other, and no step before the meter has shown the last."""

from dataclasses import replace
from math import copysign, inf

from ..losses import spread
from ..model import TOLERANCE_W
from ..power_range import range_of
from . import car, evidence, limits
from .leader import LATE_S
from .site import METER_FRESH_S, DispatchMemory, Leader, Site, Unseen
from .witness import STEP_LEAST_W

SETPOINTS_ALONE_S = 60.0
"""Between two steps of setpoints that nobody leads: each has to be reached and measured first."""
STAYS_PCT = 8.0
"""Of charge, for which a battery gives its work to another."""
DAMPING = 0.5
"""Of the grid's power that setpoints alone take over per decision: the meter's delay makes more of it swing."""
STILL_S, STILL_COARSE_S, FINE_STEP_W = 180.0, 1800.0, 25.0
"""For so long setpoints may stand unchanged by a meter that shows one value; by one that shows tenths of kW longer."""
SEEN_SHARE = 0.5
"""Of a step, that the meter has to show."""
UNSEEN_S = 60.0
"""For so long a step waits to be seen, beyond the time that the meter takes."""
SETPOINT_LEAST_W = 100.0
"""The app offers no less, and below it efficiency is poor."""


def without_leader(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return setpoints that take over a part of what the meter shows, one part per decision."""
    memory = _step_judged(site, replace(memory, leader=Leader()))
    if site.car.spared and site.grid_w + site.members_w > site.car.drawn_w:
        return for_house(site, memory)
    waited = memory.decided_at is None or site.now - memory.decided_at + LATE_S >= SETPOINTS_ALONE_S
    if _stands_still(site, memory):
        return replace(memory, setpoints={}, decided_at=site.now, unseen=None)
    distance_w = site.grid_w - site.settings.grid_target_w
    if not waited or abs(distance_w) < TOLERANCE_W or not site.meter_is_fresh(METER_FRESH_S):
        return memory
    wanted_w = _stepped_w(site, memory, distance_w)
    return _by_setpoints(site, memory, min(0.0, wanted_w) if site.car.spared else wanted_w)


def beyond_asked(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return setpoints that take from the grid, or give it, what is asked for, and follow the meter beyond that.

    What is asked for is told at once. Beside a battery in Auto nothing is: it would serve what they charge.
    """
    memory, asked_w = _step_judged(site, replace(memory, leader=Leader())), site.settings.setpoint_w
    given_w, terms = sum(memory.setpoints.values()), site.terms | {("", range_of(asked_w))}
    if _has_loop(site, memory):
        return replace(memory, setpoints={}, decided_at=None, unseen=None)
    if site.car.spared and asked_w > 0:
        return for_house(site, memory)
    if _stands_still(site, memory):
        return replace(memory, setpoints={}, decided_at=site.now, unseen=None)
    waited = memory.decided_at is None or site.now - memory.decided_at + LATE_S >= SETPOINTS_ALONE_S
    is_told = given_w or memory.witness.is_sure or _has_rested(site, memory)
    if not (waited or memory.decided_for != terms) or not is_told or not site.meter_is_fresh(METER_FRESH_S):
        return memory
    followed_w = given_w if abs(site.grid_w) < TOLERANCE_W else _stepped_w(site, memory, site.grid_w)
    decided = _by_setpoints(site, memory, max(asked_w, followed_w) if asked_w > 0 else min(asked_w, followed_w))
    # What stays as it is was decided when it was told: a meter that stands still ever since is noticed.
    return replace(decided if decided.setpoints != memory.setpoints else memory, decided_for=terms)


def _has_loop(site: Site, memory: DispatchMemory) -> bool:
    """Return whether a battery runs Auto, or one that is silent may; not one whose work the meter misses."""
    return any(
        view.in_auto
        or (view.is_ours and view.may_run_auto and not view.is_out and view.battery_id not in memory.presumed_lost)
        for view in site.views
    )


def _has_rested(site: Site, memory: DispatchMemory) -> bool:
    """Return whether the meter has been seen with the batteries as they are: a step from there can be judged."""
    rests_from = memory.witness.moved_at + site.settings.meter_settle_s
    return any(sample.at >= rests_from for sample in site.car.house_w[-1:])


def _stepped_w(site: Site, memory: DispatchMemory, distance_w: float) -> float:
    """Return what the members should deliver after one step (W), with the meter so far from where it should be."""
    # What goes too far is taken back at once, but not into the other direction.
    too_far_w = min(abs(distance_w), abs(site.members_w)) if distance_w * site.members_w < 0 else 0.0
    change_w = max(DAMPING * abs(distance_w), too_far_w)
    if not memory.witness.is_sure:
        change_w = max(change_w, min(abs(distance_w), SETPOINT_LEAST_W))  # Of less, nothing would be seen.
    return copysign(change_w, distance_w) + site.members_w


def _stands_still(site: Site, memory: DispatchMemory) -> bool:
    """Return whether the meter shows the same all the time while setpoints are at work: a rest puts it to the test."""
    is_fine = memory.witness.meter_step_w <= FINE_STEP_W or memory.witness.meter_step_w == inf
    rests_s = site.now - (site.now if memory.decided_at is None else memory.decided_at)
    if not any(memory.setpoints.values()) or rests_s < (STILL_S if is_fine else STILL_COARSE_S):
        return False
    return (
        evidence.is_full(memory.meter_window, site.now) and len({reading.value for reading in memory.meter_window}) == 1
    )


def for_house(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return setpoints that serve the house and not the car: Auto cannot tell the two apart."""
    memory = _step_judged(site, memory)
    wanted_w = car.for_house_w(
        memory.car,
        memory.meter_window,
        grid_w=site.grid_w,
        given_w=sum(memory.setpoints.values()),
        members_w=site.members_w,
        since=memory.decided_at,
        now=site.now,
    )
    if wanted_w is None:
        return memory
    return _by_setpoints(site, memory, wanted_w if wanted_w >= SETPOINT_LEAST_W else 0.0)


def _by_setpoints(site: Site, memory: DispatchMemory, wanted_w: float) -> DispatchMemory:
    """Return a power divided among no more batteries than it needs.

    Until the meter is known to follow, there is no further step before it has shown the last one: whatever it says, no
    more than one step is ever wrong.
    """
    if abs(wanted_w) < TOLERANCE_W:
        return replace(memory, setpoints={}, decided_at=site.now, unseen=None)
    wanted_w, given_w = copysign(max(SETPOINT_LEAST_W, abs(wanted_w)), wanted_w), sum(memory.setpoints.values())
    unseen = None
    if wanted_w * (wanted_w - given_w) > 0 and not memory.witness.is_sure:
        if memory.unseen is not None or (given_w and abs(wanted_w - given_w) < STEP_LEAST_W):
            return memory
        unseen = Unseen(before=memory.setpoints if wanted_w * given_w > 0 else {}, at=site.now)
    return replace(memory, setpoints=spread_over(site, memory, wanted_w), decided_at=site.now, unseen=unseen)


def _step_judged(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with the last step of setpoints taken back, where the meter did not show it in time."""
    unseen, step = memory.unseen, memory.witness.step
    if unseen is None or memory.witness.is_sure:
        return replace(memory, unseen=None)
    if step is not None and step.at > unseen.at and step.share > SEEN_SHARE:
        return replace(memory, unseen=None)
    is_judged = step is not None and step.at > unseen.at
    if not is_judged and site.now - unseen.at < UNSEEN_S + site.settings.meter_settle_s:
        return memory
    return replace(memory, unseen=None, setpoints=unseen.before, decided_at=site.now)


def spread_over(site: Site, memory: DispatchMemory, wanted_w: float) -> dict[str, int]:
    """Return a power over no more batteries than lose least: by charge, those at work before those nearly as good."""
    sign = 1 if wanted_w > 0 else -1
    at_work = {battery_id for battery_id, power_w in memory.setpoints.items() if sign * power_w > 0}
    room_w = limits_w(site, memory, sign)
    order = sorted(
        (view for view in site.members if view.battery_id in room_w),
        key=lambda view: -sign * (view.soc_pct or 0.0) - (STAYS_PCT if view.battery_id in at_work else 0.0),
    )
    return spread(wanted_w, {view.battery_id: room_w[view.battery_id] for view in order}, at_work)


def limits_w(site: Site, memory: DispatchMemory, sign: int) -> dict[str, int]:
    """Return what batteries that take setpoints can give (W, positive) in a direction."""
    rooms = limits.left(site, memory)
    return {
        view.battery_id: (view.limits & rooms[view.battery_id]).limit_w(sign)
        for view in site.members
        if view.settings.has_passive
    }
