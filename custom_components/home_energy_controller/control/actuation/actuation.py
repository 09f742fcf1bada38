"""What to send to make a decision true, and how far it is true."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from types import MappingProxyType

from ..model import (
    Action,
    BatteryObservation,
    Command,
    CommandKind,
    Decision,
    Feedback,
    Health,
    MeterEffect,
    Role,
    Snapshot,
)
from ..settings import BatterySettings, Settings
from .commands import release_command, setpoint
from .handover import Commands, HandoverContext, HandoverMemory, commands_for
from .reading import proofs_wanted, watched
from .tracking import (
    OPPOSED_LEAST_W,
    UNREAD_LIMIT_S,
    TrackedCommand,
    is_opposed,
    judge,
    may_be_auto,
    may_oppose,
    why_failed,
)
from .trust import PAUSES_S, Diagnosis, TrustState
from .write_budget import Writes, count, paced

RENEW_AFTER_S = 150.0
RENEW_AGAIN_S = 50.0
"""A renewal that nobody confirmed is repeated twice before the countdown ends."""
RESEND_AFTER_S = 10.0
"""Passive is often ignored until it is sent again, 10 s later (E3 144, jaapp#72, #46)."""
SENDS = 3
STUCK_RECOVERY_S = 10.0
"""Between Manual and Passive 0 W, where that alone did not stop the flow (JS-DE)."""
PATIENCE_S = 45.0
"""A setpoint that is measured for so long is done the right way round, unless the meter says otherwise."""
BUSY_S = 2.0
"""While something is unproven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActuationMemory:
    """What was sent to whom; a battery that is not in it was never commanded, or was released since."""

    tracked: Mapping[str, TrackedCommand] = field(default_factory=lambda: MappingProxyType({}))
    trust: Mapping[str, TrustState] = field(default_factory=lambda: MappingProxyType({}))
    handover: HandoverMemory = field(default_factory=HandoverMemory)
    leader_id: str | None = None
    writes: Mapping[str, Writes] = field(default_factory=lambda: MappingProxyType({}))

    def feedback(self, now: float) -> Feedback:
        """Return what dispatch has to know of it."""
        locked_out = {key: health for key, trust in self.trust.items() if (health := trust.lockout(now)) is not None}
        passive = {key: tracked for key, tracked in self.tracked.items() if tracked.command.kind is CommandKind.PASSIVE}
        return Feedback(
            locked_out=locked_out,
            drops_to_auto=frozenset(key for key in locked_out if self.trust[key].diagnosis is Diagnosis.DROPPED),
            runs_until={key: tracked.counts_from + tracked.command.countdown_s for key, tracked in passive.items()},
            refused_auto=self.handover.refused_id if now < self.handover.retained_until else None,
            may_be_auto=frozenset(key for key, tracked in self.tracked.items() if tracked.needs_mode),
        )

    def is_taken(self, battery_id: str) -> bool:
        """Return whether somebody else runs a battery: it was given up, and is not ours to release."""
        trust = self.trust.get(battery_id)
        return trust is not None and trust.health is Health.TAKEN and battery_id not in self.tracked

    def reset(self, battery_ids: Iterable[str]) -> ActuationMemory:
        """Return a memory in which these batteries get work again: their owner says so."""
        asked = {key: self.trust.get(key, TrustState()).reset() for key in battery_ids}
        return replace(self, trust={**self.trust, **asked})

    def written(self, commands: Iterable[Command], now: float) -> ActuationMemory:
        """Return a memory that counts writes which are not its own."""
        return replace(self, writes=count(self.writes, commands, now))

    def released(self, commands: Iterable[Command], now: float, done: Iterable[Command] = ()) -> ActuationMemory:
        """Return a memory in which these commands, sent now, are the last word: repeated until proven and forgotten.

        Those in `done` are not sent: they are what the batteries do, or are told, already.
        """
        tracked = dict(self.tracked)
        done_ids = (each.battery_id for each in done)
        tracked |= {key: replace(tracked[key], is_release=True) for key in done_ids if key in tracked}
        tracked |= {each.battery_id: _send_release(each, tracked.get(each.battery_id), now) for each in commands}
        return replace(self.written(commands, now), tracked=tracked, handover=HandoverMemory())


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuation:
    """What a cycle sends, and what it knows of what was sent before."""

    commands: tuple[Command, ...]
    health: Mapping[str, Health]
    diagnosis: Mapping[str, Diagnosis]
    """The newest trouble with each battery that had any."""
    directions: Mapping[str, bool]
    """Batteries of which it is now known whether they do what they are told the right way round."""
    handover: bool
    """The leader is being changed."""
    reads: Mapping[str, float]
    """Per battery: since when a reading is wanted, to prove a command."""
    next_due: float | None
    """The earliest moment at which there is something to do again; None when nothing is told."""
    leader_id: str | None
    """Who really runs Auto for the site: during a handover and after a failed one not the one that was decided."""
    memory: ActuationMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryContext:
    """One battery in one cycle: what is known of it."""

    battery: BatterySettings
    seen: BatteryObservation
    tracked: TrackedCommand | None
    trust: TrustState
    contradiction: MeterEffect | None
    """What the meter holds against what it measures."""
    is_believed: bool
    """The meter has confirmed what it measures."""
    now: float

    @property
    def direction(self) -> bool | None:
        """Tell whether it does what it was told the right way round; None is not known.

        It does when the meter says so, or nothing else for long.
        """
        if self.trust.health is Health.WRONG_SIGN:
            return False
        tracked = self.tracked
        is_confirmed = (
            tracked is not None
            and self.contradiction is None
            and tracked.proven_at is not None
            and abs(tracked.command.power_w) >= OPPOSED_LEAST_W
            and (self.is_believed or self.now - tracked.asked_at >= PATIENCE_S)
        )
        return True if is_confirmed else None


def actuate(
    decision: Decision, snapshot: Snapshot, settings: Settings, memory: ActuationMemory, now: float
) -> Actuation:
    """Return what to send now. Total: any input gives an answer."""
    by_id = {battery.battery_id: _context(battery, decision, snapshot, memory, now) for battery in settings.batteries}
    known = {
        key: context.tracked
        for key, context in by_id.items()
        if context.tracked is not None and context.trust.lockout(now) is not Health.TAKEN
    }
    handover_context = HandoverContext(decision=decision, snapshot=snapshot, settings=settings, tracked=known, now=now)
    wanted, handover = commands_for(handover_context, memory.handover)
    after = {key: _step(context, wanted[key], decision) for key, context in by_id.items()}
    wanted_next = {key: tracked for key, (tracked, _) in after.items() if tracked is not None}
    pace = paced(wanted_next, known, memory.writes, snapshot, now)
    tracked = pace.tracked
    trust = {key: state for key, (_, state) in after.items()}
    is_busy = handover.handover is not None or decision.looks_closer
    due = [*pace.waits_until, *([now + BUSY_S] if is_busy else [])]
    due += [_due(sent, by_id[key]) for key, sent in tracked.items() if wanted[key] is not None or sent.is_release]
    return Actuation(
        commands=pace.commands,
        health={
            key: _health(tracked.get(key), trust[key], context.seen, settings.age_limit_s(key), now)
            for key, context in by_id.items()
        },
        diagnosis={key: state.diagnosis for key, state in trust.items() if state.diagnosis is not None},
        directions={key: context.direction for key, context in by_id.items() if context.direction is not None},
        handover=handover.handover is not None,
        reads=watched(decision, snapshot) | proofs_wanted(tracked, settings, snapshot, now),
        next_due=min(filter(isfinite, due), default=None),
        leader_id=_leader_id(decision, wanted, handover),
        memory=ActuationMemory(
            tracked=tracked, trust=trust, handover=handover, leader_id=decision.leader_id, writes=pace.writes
        ),
    )


def _context(
    battery: BatterySettings, decision: Decision, snapshot: Snapshot, memory: ActuationMemory, now: float
) -> BatteryContext:
    """Return what is known of a battery and of the command that it was given last."""
    key, target = battery.battery_id, decision.target(battery.battery_id)
    seen, before, lost = snapshot.battery(key), memory.tracked.get(key), None
    is_owners = target is not None and target.role is Role.OWNER
    tracked = before
    # Auto that its owner asked for is set once: what the owner does with it then is not corrected.
    if before is not None and not (is_owners and before.is_auto and before.proven_at is not None):
        tracked, lost = judge(before, seen, battery)
    context = BatteryContext(
        battery=battery,
        seen=seen,
        tracked=tracked,
        trust=memory.trust.get(key, TrustState()).watched(seen, battery, now, commanded=before is not None),
        contradiction=decision.contradicted.get(key),
        is_believed=key in decision.believed,
        now=now,
    )
    return context if before is None else replace(context, trust=_updated_trust(context, before, lost))


def _updated_trust(context: BatteryContext, before: TrackedCommand, lost: Diagnosis | None) -> TrustState:
    """Return the trust in a battery by what became of its command; `lost` is why it is lost just now."""
    trust, tracked, mode = context.trust, context.tracked, context.seen.mode
    if tracked is None or trust.health is Health.WRONG_SIGN:
        return trust
    if context.contradiction is not None:
        return trust.contradicted(context.now)
    if lost is not None:
        return trust.lost(lost, None if mode is None else mode.value, context.now)
    if is_opposed(tracked, context.seen):
        return trust.wrong()
    if tracked.proven_at is not None and before.proven_at is None:
        return trust.obeyed(
            context.now, again=tracked.was_ignored, works=tracked.is_auto or tracked.command.power_w != 0
        )
    return trust


def _step(
    context: BatteryContext, command: Command | None, decision: Decision
) -> tuple[TrackedCommand | None, TrustState]:
    """Return what a battery has been told after this cycle, and its trust."""
    tracked, trust, now = context.tracked, context.trust, context.now
    if trust.lockout(now) is Health.TAKEN:
        return None, trust
    if command is not None:
        tracked = None if tracked is None else replace(tracked, is_release=False)
        return _advance(_apply_safeguards(command, context), tracked, context)
    if tracked is None or (tracked.is_release and tracked.proven_at is not None):
        return None, trust
    if tracked.is_release:
        return _advance(_apply_safeguards(tracked.command, context), tracked, context)
    target = decision.target(context.battery.battery_id)
    is_let_go = decision.let_go and target is not None and target.role is Role.FOLLOWER
    last = release_command(context.battery) if is_let_go else None
    return (tracked if last is None else _send_release(last, tracked, now)), trust


def _advance(
    command: Command, tracked: TrackedCommand | None, context: BatteryContext
) -> tuple[TrackedCommand | None, TrustState]:
    """Return what a battery has been told after this cycle; a newer `sent_at` means that it is sent now."""
    seen, trust, now = context.seen, context.trust, context.now
    if tracked is None and command.kind is CommandKind.AUTO and may_be_auto(None, seen):
        return None, trust  # It does so already; what we never commanded need not be released.
    if tracked is None or (command != tracked.command and not tracked.in_flight(seen, now)):
        return _new_command(command, tracked, context), trust
    if tracked.in_flight(seen, now) or now < _next_send_at(tracked, context):
        return tracked, trust
    if tracked.proven_at is not None or (tracked.retry_at is not None and now < tracked.retry_at):
        return replace(tracked, sent_at=now), trust
    if tracked.sends == 0:
        return replace(tracked, asked_at=now, sent_at=now, sends=1, was_ignored=False), trust
    if tracked.retry_at is not None:
        return replace(tracked, sent_at=now, sends=1, was_ignored=False, retry_at=None), trust
    if tracked.sends >= SENDS:
        is_unread = tracked.is_auto and (seen.mode is None or seen.mode.at <= tracked.asked_at)
        is_awaited = is_unread and tracked.acknowledged(seen) and now < tracked.asked_at + UNREAD_LIMIT_S
        return (tracked, trust) if is_awaited else _given_up(tracked, context)
    was_ignored = tracked.was_ignored or tracked.acknowledged(seen)
    return replace(tracked, sent_at=now, sends=tracked.sends + 1, was_ignored=was_ignored), trust


def _next_send_at(tracked: TrackedCommand, context: BatteryContext) -> float:
    """Return when a command is sent again: until it is proven, and before its countdown ends; only Passive has one."""
    renew_after_s = RENEW_AFTER_S if tracked.command.kind is CommandKind.PASSIVE else inf
    if tracked.retry_at is not None:
        return min(tracked.retry_at, tracked.sent_at + renew_after_s)
    renewal_at = max(tracked.counts_from + renew_after_s, tracked.sent_at + RENEW_AGAIN_S)
    if tracked.proven_at is not None:
        return renewal_at
    if tracked.sends == 0:
        return context.now
    # A write puts off the reading of the mode: where that is the proof, a confirmed command gets the time for it.
    for_mode_s = context.battery.mode_read_delay_s if tracked.needs_mode and tracked.acknowledged(context.seen) else 0.0
    # Given up is only what could be read since it was sent last.
    for_reading_s = context.battery.proof_spacing_s if tracked.sends == SENDS else 0.0
    return min(renewal_at, tracked.sent_at + for_mode_s + for_reading_s + RESEND_AFTER_S)


def _given_up(tracked: TrackedCommand, context: BatteryContext) -> tuple[TrackedCommand, TrustState]:
    """Return an attempt that came to nothing, or to less than was told, and what that means for the battery."""
    trust, power, cause = context.trust, context.seen.power_w, why_failed(tracked, context.seen, context.battery)
    if trust.health is Health.WRONG_SIGN:
        return replace(tracked, retry_at=context.now + PAUSES_S[-1]), trust
    if cause is Diagnosis.LIMITED and power is not None:
        return replace(tracked, proven_at=power.at, limited_w=power.value), replace(trust, diagnosis=cause)
    trust = trust.failed(cause, context.now)
    return replace(tracked, retry_at=trust.locked_out_until), trust


def _send_release(command: Command, tracked: TrackedCommand | None, now: float) -> TrackedCommand:
    """Return a command that is sent now as the last word."""
    needs_mode = tracked is None or tracked.needs_mode
    return TrackedCommand(command=command, asked_at=now, sent_at=now, may_be_auto=needs_mode, is_release=True)


def _apply_safeguards(command: Command, context: BatteryContext) -> Command:
    """Return what is sent instead of a command by what is known of the battery."""
    battery, tracked = context.battery, context.tracked
    if context.trust.health is Health.WRONG_SIGN:
        command = setpoint(battery, 0) or command
    # Manual runs every enabled slot: where they were not cleared, 150 W are the lesser evil.
    if tracked is None or not battery.slots_cleared or command.power_w or command.kind is not CommandKind.PASSIVE:
        return command
    if tracked.stuck_recovery_done and tracked.command.kind is CommandKind.MANUAL_IDLE:
        return command if context.now >= tracked.asked_at + STUCK_RECOVERY_S else tracked.command
    is_stuck = (
        tracked.command == command and tracked.retry_at is not None and context.trust.diagnosis is Diagnosis.STUCK
    )
    if is_stuck and not tracked.stuck_recovery_done:
        return Command(battery_id=battery.battery_id, kind=CommandKind.MANUAL_IDLE)
    return command


def _leader_id(decision: Decision, wanted: Commands, handover: HandoverMemory) -> str | None:
    """Return who is told Auto for the site; with nobody told anything, the one that was decided."""
    for target in decision.targets:
        command = wanted.get(target.battery_id)
        if command is not None and command.kind is CommandKind.AUTO and target.role is not Role.OWNER:
            return target.battery_id
    decided = decision.target(decision.leader_id or "")
    is_left_alone = decided is not None and decided.action is Action.NOTHING
    return decision.leader_id if is_left_alone and handover.handover is None else None


def _new_command(command: Command, tracked: TrackedCommand | None, context: BatteryContext) -> TrackedCommand:
    """Return a command that is sent for the first time."""
    waits = tracked is not None and tracked.retry_at is not None and tracked.retry_at > context.now
    power = context.seen.power_w
    rests = command.kind is CommandKind.PASSIVE and not command.power_w
    return TrackedCommand(
        command=command,
        asked_at=context.now,
        sent_at=context.now,
        retry_at=tracked.retry_at if tracked is not None and waits else None,
        may_be_auto=may_be_auto(tracked, context.seen),
        stuck_recovery_done=command.kind is CommandKind.MANUAL_IDLE
        or (rests and tracked is not None and tracked.stuck_recovery_done),
        held_w=None if tracked is None or power is None or not tracked.command.fits(power.value) else power.value,
        may_oppose=may_oppose(command, None if tracked is None else tracked.command, context.seen),
    )


def _due(tracked: TrackedCommand, context: BatteryContext) -> float:
    """Return when this battery needs the next look."""
    soon = context.now + BUSY_S
    is_busy = tracked.in_flight(context.seen, context.now) or (tracked.proven_at is None and tracked.retry_at is None)
    return soon if is_busy else max(soon, _next_send_at(tracked, context))


def _health(
    tracked: TrackedCommand | None, trust: TrustState, seen: BatteryObservation, age_limit_s: float, now: float
) -> Health:
    """Return how far a battery does what it was told."""
    heard_at = seen.last_answer_at
    if heard_at is None or now - heard_at > age_limit_s:
        return Health.SILENT
    lockout = trust.lockout(now)
    if lockout is not None or tracked is None:
        return lockout or Health.UNTOUCHED
    if tracked.proven_at is not None:
        return Health.PROVEN
    return Health.NOT_FOLLOWING if trust.failures else Health.SETTLING
