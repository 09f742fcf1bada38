"""What to tell each battery now, so that never two of them run in Auto: the steps of a change of leader.

A loop is broken before the next is made, and the power is handed over meanwhile: the old leader goes to its setpoint
as a follower, while the new one takes over in Passive what the old one carried; once the old one is proven to obey, the
new one goes to Auto and goes on from where it is. Handed over in Auto, 1.8 kW would cost 12 Wh from the grid (HMG-50:
its own loop needs 15 s to get there).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from ..model import Action, Command, Decision, Mode, Role, Snapshot, Target, plausible
from ..permissions import NOTHING_ALLOWED, Permission, allowed_power_w, by_soc, by_strategy, of_auto
from ..settings import BatterySettings, Settings
from .commands import auto, setpoint
from .tracking import UNREAD_LIMIT_S, TrackedCommand, may_be_auto

STEP_LIMIT_S = 30.0
"""For each proof; so much longer, as the firmware does not let itself be read at once."""
REFUSED_AFTER_S = 20.0
"""A new leader that says so long after it was told Auto that it is in another mode refused it."""
HANDOVER_PAUSE_S = 600.0
"""After a handover that failed, the old leader stays for so long."""


class Step(IntEnum):
    """How far a handover is."""

    SET_POWERS = 1
    START_NEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A change of leader under way."""

    outgoing: Command
    """What the old leader does from now on."""
    take_w: float
    """What the new one carries until it may start (W), as far as it still may."""
    new_id: str
    step: Step = Step.SET_POWERS
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverMemory:
    """The handover under way, and what the last failure left."""

    handover: Handover | None = None
    retained_leader_id: str | None = None
    """The old leader, which a failed handover left in its place."""
    retained_until: float = 0.0
    refused_id: str | None = None
    """Who was to lead then, where it said itself that it is not in Auto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverContext:
    """What the steps look at."""

    decision: Decision
    snapshot: Snapshot
    settings: Settings
    tracked: Mapping[str, TrackedCommand]
    now: float

    def target(self, battery: BatterySettings) -> Target:
        """Return what was decided for a battery; nothing, if nothing was."""
        target = self.decision.target(battery.battery_id)
        return target or Target(battery_id=battery.battery_id, role=Role.UNAVAILABLE, action=Action.NOTHING)

    def is_ours(self, battery: BatterySettings) -> bool:
        """Return whether the battery is under control and within reach."""
        target = self.target(battery)
        return target.role is not Role.OWNER and target.action is not Action.NOTHING

    def can_hand_over(self, battery: BatterySettings) -> bool:
        """Return whether a leader does what a handover asks of it; one that failed, or is out of control, just ends."""
        target = self.target(battery)
        return self.is_ours(battery) and target.role is not Role.UNAVAILABLE and not target.is_relieved

    def may_be_auto(self, battery: BatterySettings) -> bool:
        """Return whether the battery may run its own loop."""
        return may_be_auto(self.tracked.get(battery.battery_id), self.snapshot.battery(battery.battery_id))

    def is_proven(self, battery: BatterySettings, command: Command) -> bool:
        """Return whether the battery is proven to do just this."""
        tracked = self.tracked.get(battery.battery_id)
        return tracked is not None and tracked.command == command and tracked.proven_at is not None

    def refuses_auto(self, battery: BatterySettings) -> bool:
        """Return whether a battery that was told Auto says long enough after that it is in another mode."""
        tracked, mode = self.tracked.get(battery.battery_id), self.snapshot.battery(battery.battery_id).mode
        if tracked is None or not tracked.is_auto or mode is None:
            return False
        return mode.at >= tracked.asked_at + REFUSED_AFTER_S and mode.value not in {Mode.AUTO, Mode.UNKNOWN}

    def loops_beside(self, leader: BatterySettings) -> list[BatterySettings]:
        """Return the other batteries that may run their own loop and can be told not to."""
        return [
            battery
            for battery in self.settings.batteries
            if battery is not leader and battery.can_idle and self.is_ours(battery) and self.may_be_auto(battery)
        ]

    def power_w(self, battery: BatterySettings) -> float:
        """Return what the battery was last read to deliver."""
        power = plausible(self.snapshot.battery(battery.battery_id).power_w)
        return 0.0 if power is None else power.value

    def permission(self, battery: BatterySettings) -> Permission:
        """Return what strategy and charge allow."""
        return by_strategy(self.settings.acting_strategy) & self.charge(battery)

    def charge(self, battery: BatterySettings) -> Permission:
        """Return what the charge of the battery allows."""
        soc = plausible(self.snapshot.battery(battery.battery_id).soc_pct)
        return NOTHING_ALLOWED if soc is None else by_soc(battery, soc.value)

    def allowed(self, battery: BatterySettings, power_w: float, permission: Permission | None = None) -> Command | None:
        """Return the nearest setpoint that limits, charge and the decision allow at this moment."""
        transition = self.target(battery).transition
        allowed_w = allowed_power_w(power_w, battery, permission or self.charge(battery))
        return setpoint(battery, allowed_w if transition is None else transition.clamped(allowed_w))


type Commands = dict[str, Command | None]


def commands_for(context: HandoverContext, memory: HandoverMemory) -> tuple[Commands, HandoverMemory]:
    """Return what each battery should be told now (None: nothing), and how far the handover is."""
    batteries = {battery.battery_id: battery for battery in context.settings.batteries}
    wanted = {key: _command_for(context, battery, context.target(battery)) for key, battery in batteries.items()}
    leader = batteries.get(context.decision.leader_id or "")
    if leader is None or context.target(leader).action is not Action.AUTO:
        return wanted, replace(memory, handover=None)
    memory = _advance(context, memory, leader, batteries)
    refused = None if memory.refused_id is None else context.snapshot.battery(memory.refused_id).mode
    if refused is not None and refused.value is Mode.AUTO:
        memory = replace(memory, refused_id=None)
    kept = batteries.get(memory.retained_leader_id or "")
    if kept is not None and _is_retained(context, memory, kept, leader):
        # Roles are exchanged: the one that did not become leader does what the old one would have done.
        wanted[leader.battery_id] = _command_for(context, leader, context.target(kept))
        leader = kept
        wanted[leader.battery_id] = auto(leader)
    waits = bool(context.loops_beside(leader)) or context.target(leader).waits
    if memory.handover is not None:
        wanted |= {key: _unchanged(context, battery, wanted[key]) for key, battery in batteries.items()}
        wanted[memory.handover.outgoing.battery_id] = memory.handover.outgoing
    if memory.handover is not None and memory.handover.step is Step.SET_POWERS:
        wanted[leader.battery_id] = context.allowed(leader, memory.handover.take_w, context.permission(leader))
    elif waits:
        wanted[leader.battery_id] = _last_setpoint(context, leader)
    return wanted, memory


def _advance(
    context: HandoverContext, memory: HandoverMemory, leader: BatterySettings, batteries: Mapping[str, BatterySettings]
) -> HandoverMemory:
    """Return the memory with the handover begun, one step further, ended or given up."""
    handover = memory.handover
    old = batteries.get(handover.outgoing.battery_id) if handover is not None else None
    if handover is None or old is None or handover.new_id != leader.battery_id or not context.can_hand_over(old):
        return _start_handover(context, replace(memory, handover=None), leader, batteries)
    if handover.step is Step.SET_POWERS and context.is_proven(old, handover.outgoing):
        handover = replace(handover, step=Step.START_NEW, since=context.now)
    elif handover.step is Step.START_NEW and context.is_proven(leader, auto(leader)):
        return HandoverMemory()
    waiting_for = old if handover.step is Step.SET_POWERS else leader
    is_refused = handover.step is Step.START_NEW and context.refuses_auto(leader)
    limit_s = STEP_LIMIT_S if handover.step is Step.SET_POWERS else UNREAD_LIMIT_S
    is_late = context.now - handover.since > limit_s + waiting_for.mode_read_delay_s + waiting_for.proof_spacing_s
    if is_late or is_refused:
        refused_id = leader.battery_id if is_refused else None
        return HandoverMemory(
            retained_leader_id=old.battery_id, retained_until=context.now + HANDOVER_PAUSE_S, refused_id=refused_id
        )
    return replace(memory, handover=handover)


def _start_handover(
    context: HandoverContext, memory: HandoverMemory, leader: BatterySettings, batteries: Mapping[str, BatterySettings]
) -> HandoverMemory:
    """Return the memory with a handover begun, if another battery leads now and nothing speaks against it."""
    old = next(iter(context.loops_beside(leader)), None)
    kept = batteries.get(memory.retained_leader_id or "")
    if (
        old is None
        or not context.can_hand_over(old)
        or context.may_be_auto(leader)
        or (kept is not None and _is_retained(context, memory, kept, leader))
    ):
        return memory
    # Together they go on with what they do now, divided as was decided.
    total_w = context.power_w(old) + context.power_w(leader)
    take = context.allowed(leader, total_w - context.target(old).power_w, context.permission(leader))
    take_w = context.power_w(leader) if take is None else take.power_w
    outgoing = context.allowed(old, total_w - take_w, context.permission(old))
    handover = (
        None
        if outgoing is None
        else Handover(outgoing=outgoing, take_w=take_w, new_id=leader.battery_id, since=context.now)
    )
    return replace(memory, handover=handover)


def _is_retained(
    context: HandoverContext, memory: HandoverMemory, kept: BatterySettings, leader: BatterySettings
) -> bool:
    """Return whether the old leader of a failed handover stays in place, as far as it may still lead.

    Where Auto may do one direction only, for the car's sake as well, it is the one that was decided that is watched.
    On a circuit that cannot carry all its batteries, the room was left for the one that was decided.
    """
    sharing = [own for own in context.settings.batteries if own.circuit == kept.circuit]
    if kept.circuit is not None and any(
        sum(own.rated_w(sign) for own in sharing) > kept.circuit.limit_w for sign in (1, -1)
    ):
        return False
    may_lead = kept.may_lead and of_auto(kept, context.settings.acting_strategy, context.charge(kept)).both
    may_lead = may_lead and not context.target(leader).is_watched
    return kept is not leader and context.now < memory.retained_until and may_lead and context.can_hand_over(kept)


def _command_for(context: HandoverContext, battery: BatterySettings, target: Target) -> Command | None:
    """Return the command for a target, within what limits and charge allow at this moment."""
    if target.action is Action.NOTHING:
        return None
    if target.action is Action.AUTO:
        return _last_setpoint(context, battery) if target.waits else auto(battery)
    power_w = target.power_w if target.action is Action.SETPOINT else 0
    return context.allowed(battery, power_w)


def _unchanged(context: HandoverContext, battery: BatterySettings, command: Command | None) -> Command | None:
    """Return what keeps a follower's power during a handover; idling, limits and charge act at once."""
    last = context.tracked.get(battery.battery_id)
    if command is None or last is None or not context.is_ours(battery) or command.power_w * last.command.power_w <= 0:
        return command
    return context.allowed(battery, last.command.power_w)


def _last_setpoint(context: HandoverContext, battery: BatterySettings) -> Command | None:
    """Return what a battery that waits to become leader goes on doing."""
    last = context.tracked.get(battery.battery_id)
    if last is None or last.is_auto:
        return None
    return context.allowed(battery, last.command.power_w)
