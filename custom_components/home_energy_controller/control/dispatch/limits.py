"""The limits that batteries share: circuits, and the connection to the grid.

A battery counts with the most that it may be doing: what it was told, what is measured, in Auto its full class, and
what it was told before until a reading shows that it obeyed. So nobody is given room that another one has not left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from ..model import (
    COUNTDOWN_S,
    PLAUSIBLE_MAX,
    TOLERANCE_SHARE,
    TOLERANCE_W,
    Action,
    BatteryMode,
    Mode,
    Role,
    Target,
    plausible,
)
from ..net_load import outdated
from ..permissions import FREE
from ..power_range import PowerRange, range_of
from .site import METER_FRESH_S, BatteryView, DispatchMemory, Load, Reservation, Site, Span
from .witness import METER

SETTLE_S = 5.0
"""A reading that follows a new target by less may still be the ramp, or be older than the command."""
LOADS_S = 300.0
"""So long a net load counts against the connection: what was on may come on again.

In a minute's six readings a hob that pulses every 11 s can look as if it were on all the time.
"""
BLURRED_S = 60.0
"""So long one that is not of one moment: a battery in Auto moves by kilowatts between its reply and the meter's."""
AT_ONCE_S = 3.0
MAKES_ROOM_S = 40.0
"""So long before a setpoint may end unheard, the others begin to make room: they have to be told, and to obey."""
UNWATCHED_S = 45.0
"""A meter that is older watches no connection: what flows by setpoints is ended. Until then it is not raised."""
CONNECTION_STEP_W = 100.0
"""Of what the connection leaves: it changes with every lamp."""
PHASES = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Batteries that share a limit."""

    members: frozenset[str]
    limit: PowerRange
    is_circuit: bool

    def left(self, battery_id: str, counts: Mapping[str, PowerRange]) -> PowerRange:
        """Return what the others leave to one of the members; whatever a stranger asks for."""
        if battery_id not in self.members:
            return FREE
        others = [reach for key, reach in counts.items() if key in self.members and key != battery_id]
        return PowerRange(
            charge_w=max(0.0, self.limit.charge_w - sum(reach.charge_w for reach in others)),
            discharge_w=max(0.0, self.limit.discharge_w - sum(reach.discharge_w for reach in others)),
        )


def observed(site: Site, memory: DispatchMemory) -> DispatchMemory:
    """Return the memory with what each battery may be doing now, and what the house has been drawing."""
    if not _groups(site, memory):
        return replace(memory, reservations={}, loads=())
    reservations = {view.battery_id: _seen(memory.reservations.get(view.battery_id), view, site) for view in site.views}
    loads = tuple(load for load in memory.loads if load.until >= site.now)
    if site.meter_is_fresh(METER_FRESH_S) and not any(
        _is_moving(reservations[view.battery_id], view) for view in site.views
    ):
        counts_s = LOADS_S if all(_is_at_once(site, view) for view in site.views) else BLURRED_S
        loads = (*loads, Load(spans=_spans(site), until=site.now + counts_s))
    return replace(memory, reservations=reservations, loads=loads)


def may_lead(site: Site, memory: DispatchMemory, view: BatteryView) -> bool:
    """Return whether its circuit carries all that Auto may do, beside those that make no room for it."""
    taken = {
        other.battery_id: _reserved_for(other, memory) for other in site.views if site.member(other.battery_id) is None
    }
    own = _class(view)
    return all(own & group.left(view.battery_id, taken) == own for group in _groups(site, memory) if group.is_circuit)


def left(site: Site, memory: DispatchMemory, leader_id: str | None = None) -> dict[str, PowerRange]:
    """Return what limits leave to each member as a follower: of a circuit an equal share, of the connection all."""
    counts = {
        view.battery_id: _reserved_for(view, memory) for view in site.views if site.member(view.battery_id) is None
    }
    leader = site.member(leader_id)
    if leader is not None:
        counts[leader.battery_id] = _class(leader)
    followers = [view for view in site.members if view is not leader]
    rooms = {view.battery_id: FREE for view in followers}
    for group in _groups(site, memory):
        sharers = [view for view in followers if view.battery_id in group.members]
        charging = sum(view.limits.charge_w > 0 for view in sharers) if group.is_circuit else 1
        giving = sum(view.limits.discharge_w > 0 for view in sharers) if group.is_circuit else 1
        for view in sharers:
            room = group.left(view.battery_id, counts)
            rooms[view.battery_id] &= PowerRange(
                charge_w=room.charge_w / max(1, charging), discharge_w=room.discharge_w / max(1, giving)
            )
    return rooms


def clamp_targets(
    site: Site, memory: DispatchMemory, targets: Sequence[Target]
) -> tuple[tuple[Target, ...], Mapping[str, Reservation]]:
    """Return the targets within all limits that are shared, and what each battery may be doing from now on.

    Those of the owner come first, then the leader, then the others; in their owner's order among themselves.
    """
    groups = _groups(site, memory)
    if not groups:
        return tuple(targets), {}
    reservations, done = dict(memory.reservations), dict[str, Target]()
    counts = {battery_id: reservation.worst_case for battery_id, reservation in reservations.items()}
    views = {view.battery_id: view for view in site.views}
    # The connection keeps nobody from Auto: there room is left for it before anybody has his turn.
    in_auto = {
        target.battery_id: _class(views[target.battery_id]) for target in targets if target.action is Action.AUTO
    }
    turns = sorted(targets, key=lambda one: 0 if one.role is Role.OWNER else 1 if one.action is Action.AUTO else 2)
    for target in turns:
        key = target.battery_id
        room = FREE
        for group in groups:
            if group.is_circuit:
                room &= group.left(key, counts)
            elif target.action is not Action.AUTO:
                room &= group.left(key, {other: reach | in_auto.get(other, reach) for other, reach in counts.items()})
        allowed = _unless_two_loops(target, views, groups, done)
        done[key], commanded = _clamp_target(allowed, views[key], room, reservations[key].worst_case)
        at = reservations[key].at if reservations[key].commanded == commanded else site.now
        counts[key] = reservations[key].worst_case | commanded
        reservations[key] = Reservation(
            commanded=commanded, transition=done[key].transition or commanded, worst_case=counts[key], at=at
        )
    return tuple(done[target.battery_id] for target in targets), reservations


def _clamp_target(
    target: Target, view: BatteryView, room: PowerRange, worst_case: PowerRange
) -> tuple[Target, PowerRange]:
    """Return one target within its room, and what it lets the battery do."""
    if target.action is Action.AUTO:
        commanded = _class(view)
        return replace(
            target, transition=worst_case & room, waits=not view.in_auto and commanded & room != commanded
        ), commanded
    power_w = room.clamped(target.power_w)
    rests = target.action is Action.SETPOINT and not power_w and view.settings.can_idle
    commanded = range_of(power_w)
    action = Action.IDLE if rests else target.action
    return replace(target, action=action, power_w=power_w, transition=commanded | (worst_case & room)), commanded


def _unless_two_loops(
    target: Target, views: Mapping[str, BatteryView], groups: Sequence[Group], done: Mapping[str, Target]
) -> Target:
    """Return an owner's target; idling, when its circuit does not carry this Auto beside what the owner set before."""
    if target.role is not Role.OWNER or target.action is not Action.AUTO:
        return target
    own = _class(views[target.battery_id])
    counts = {
        key: _class(views[key]) if before.action is Action.AUTO else range_of(before.power_w)
        for key, before in done.items()
    }
    if all(own & group.left(target.battery_id, counts) == own for group in groups if group.is_circuit):
        return target
    return replace(target, action=Action.IDLE if views[target.battery_id].settings.can_idle else Action.NOTHING)


def _groups(site: Site, memory: DispatchMemory) -> list[Group]:
    """Return the limits that are shared."""
    circuits = {circuit for view in site.views if (circuit := view.settings.circuit)}
    groups = [
        Group(
            members=frozenset(view.battery_id for view in site.views if view.settings.circuit == circuit),
            limit=PowerRange(charge_w=circuit.limit_w, discharge_w=circuit.limit_w),
            is_circuit=True,
        )
        for circuit in sorted(circuits, key=lambda circuit: circuit.name)
    ]
    settings = site.settings
    for phase in (0, *PHASES):
        limits_w = (
            (settings.max_phase_import_w, settings.max_phase_export_w)
            if phase
            else (settings.max_import_w, settings.max_export_w)
        )
        if limits_w != (None, None):
            # One whose phase is not known may be on any.
            members = frozenset(
                view.battery_id for view in site.views if not phase or view.settings.phase in {phase, None}
            )
            limit = _connection(memory, phase, *limits_w) & _watched(site, memory, members, phase)
            groups.append(Group(members=members, limit=limit, is_circuit=False))
    return groups


def _spans(site: Site) -> tuple[Span, ...]:
    """Return what house and sun ask of the connection now and, where the meter tells, of each of its phases."""
    total_w, phases_w = site.grid_w + site.power_w, site.phases
    spans = [(total_w, total_w)]
    if phases_w is None or not phases_w.fresh(site.now, METER_FRESH_S):
        return tuple(spans)
    for phase, power_w in zip(PHASES, phases_w.value, strict=True):
        known_w = power_w + sum(view.power_w or 0.0 for view in site.views if view.settings.phase == phase)
        perhaps_w = [view.power_w or 0.0 for view in site.views if view.settings.phase is None]
        spans.append((known_w + sum(min(0.0, w) for w in perhaps_w), known_w + sum(max(0.0, w) for w in perhaps_w)))
    return tuple(spans)


def _connection(memory: DispatchMemory, phase: int, max_import_w: int | None, max_export_w: int | None) -> PowerRange:
    """Return what the connection (0) or a phase leaves to the batteries; nothing while the meter is silent."""
    spans = [load.spans[phase] for load in memory.loads if len(load.spans) > phase]
    least_w, most_w = min((span[0] for span in spans), default=-inf), max((span[1] for span in spans), default=inf)
    charge_w = PLAUSIBLE_MAX if max_import_w is None else max_import_w - most_w
    discharge_w = PLAUSIBLE_MAX if max_export_w is None else max_export_w + least_w
    return PowerRange(charge_w=_round_down(charge_w), discharge_w=_round_down(discharge_w))


def _watched(site: Site, memory: DispatchMemory, members: frozenset[str], phase: int) -> PowerRange:
    """Return what may flow by how well the connection (0) or a phase is watched: at first what flows, then nothing."""

    def is_watched(limit_s: float) -> bool:
        shown = site.phases if phase else site.meter
        return site.meter_is_fresh(limit_s) and shown is not None and shown.fresh(site.now, limit_s)

    if memory.witness.against(METER, site.now) or not is_watched(UNWATCHED_S):
        return PowerRange()
    if is_watched(METER_FRESH_S):
        return FREE
    commanded = [memory.reservations[key].commanded for key in members if key in memory.reservations]
    return PowerRange(
        charge_w=sum(reach.charge_w for reach in commanded), discharge_w=sum(reach.discharge_w for reach in commanded)
    )


def _round_down(power_w: float) -> float:
    """Return a power in whole steps, at least 0."""
    return power_w // CONNECTION_STEP_W * CONNECTION_STEP_W if power_w > 0 else 0.0


def _class(view: BatteryView) -> PowerRange:
    """Return all that a battery may do in Auto."""
    return PowerRange(charge_w=view.settings.rated_charge_w, discharge_w=view.settings.rated_power_w)


def _reserved_for(view: BatteryView, memory: DispatchMemory) -> PowerRange:
    """Return what has to be left to a battery that control does not move: its owner did, or it is silent."""
    reservation = memory.reservations.get(view.battery_id)
    worst_case = _class(view) if reservation is None else reservation.worst_case
    if view.is_ours:
        return worst_case
    if view.settings.battery_mode is BatteryMode.AUTOMATIC:
        return _class(view)
    commanded = range_of(view.owners_power_w)
    return commanded if view.is_known else commanded | worst_case


def _seen(reservation: Reservation | None, view: BatteryView, site: Site) -> Reservation:
    """Return the mark with what the newest reading shows; in Auto, and unheard, a battery may do all."""
    own, power = _class(view), plausible(view.seen.power_w)
    measured = own if power is None else range_of(power.value)
    if reservation is None:
        first = own if view.last_mode is Mode.AUTO else measured
        return Reservation(commanded=first, transition=first, worst_case=first, at=-inf)
    if view.last_mode is Mode.AUTO or power is None or _is_adrift(view, site):
        return replace(reservation, worst_case=reservation.worst_case | own)
    shown = PowerRange(
        charge_w=_measured_share(measured.charge_w, reservation.transition.charge_w),
        discharge_w=_measured_share(measured.discharge_w, reservation.transition.discharge_w),
    )
    return replace(
        reservation,
        worst_case=shown | (reservation.commanded if power.at >= reservation.at + SETTLE_S else reservation.worst_case),
    )


def _is_adrift(view: BatteryView, site: Site) -> bool:
    """Return whether a battery was not heard since its setpoint may have ended: nobody knows what it does then."""
    heard_at = view.seen.last_answer_at or -inf
    runs_until = site.snapshot.feedback.runs_until.get(view.battery_id)
    if runs_until is None:
        return not view.is_known
    ends_at = min(runs_until, heard_at + COUNTDOWN_S)
    if heard_at >= ends_at:
        return not view.is_known
    # Heard shortly before, it is sure to go on until then.
    makes_room_s = MAKES_ROOM_S if heard_at < ends_at - MAKES_ROOM_S else 0.0
    return site.now >= ends_at - makes_room_s


def _measured_share(measured_w: float, most_w: float) -> float:
    """Return what a measured power counts for: inverters overshoot what they are told by a little."""
    return min(measured_w, most_w) if measured_w <= most_w + max(TOLERANCE_W, TOLERANCE_SHARE * most_w) else measured_w


def _is_at_once(site: Site, view: BatteryView) -> bool:
    """Return whether a battery was read when the meter was, or holds what it was told: Auto moves every second."""
    power, meter = view.seen.power_w, site.meter
    return view.last_mode is not Mode.AUTO or not power or not meter or abs(power.at - meter.at) <= AT_ONCE_S


def _is_moving(reservation: Reservation, view: BatteryView) -> bool:
    """Return whether a battery was told something that its newest reading does not show yet."""
    power = plausible(view.seen.power_w)
    if power is None or view.power_w is None or view.last_mode is Mode.AUTO:
        return False
    return power.at < reservation.at + SETTLE_S or outdated(view.seen, power)
