"""What to send to make a decision true, and how far it is true."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from types import MappingProxyType

from .model import (
    Action,
    BatteryObservation,
    BatterySettings,
    Command,
    CommandKind,
    Decision,
    Health,
    Role,
    Settings,
    Snapshot,
)
from .proof import Sent, judge, may_be_auto
from .swap import Scene, SwapMemory, Wishes, wishes

RENEW_AFTER_S = 150.0
RENEW_AGAIN_S = 50.0
"""A renewal that nobody confirmed is repeated twice before the countdown ends."""
RESEND_AFTER_S = 10.0
"""Passive is often ignored until it is sent again, 10 s later (E3 144, jaapp#72, #46)."""
SENDS = 3
PAUSES_S = (120.0, 300.0, 600.0)
"""Before the next attempt with a battery that does not follow."""
READ_AFTER_S = (5.0, 10.0, 20.0, 40.0)
"""When power, or where that cannot tell the mode, is read after a send until it proves it."""
BUSY_S = 2.0
"""While something is unproven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PursueMemory:
    """What was sent to whom; a battery that is not in it was never commanded, or was released since."""

    sent: Mapping[str, Sent] = field(default_factory=lambda: MappingProxyType({}))
    swap: SwapMemory = field(default_factory=SwapMemory)
    leader_id: str | None = None

    def released(self, commands: Iterable[Command], now: float) -> PursueMemory:
        """Return a memory in which these commands, sent now, are the last word: repeated until proven and forgotten."""
        before = self.sent
        last = {
            command.battery_id: Sent(
                command=command,
                asked_at=now,
                sent_at=now,
                may_be_auto=command.battery_id not in before or before[command.battery_id].needs_mode,
                is_last=True,
            )
            for command in commands
        }
        return replace(self, sent={**before, **last}, swap=SwapMemory())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pursuit:
    """What a cycle sends, and what it knows of what was sent before."""

    commands: tuple[Command, ...]
    health: Mapping[str, Health]
    swap: bool
    """The leader is being changed."""
    reads: Mapping[str, float]
    """Per battery: since when a reading is wanted, to prove a command."""
    next_due: float | None
    """The earliest moment at which there is something to do again; None when nothing is commanded."""
    leader_id: str | None
    """Who really runs Auto for the site: during a swap and after a failed one not the one that was decided."""
    memory: PursueMemory


def pursue(decision: Decision, snapshot: Snapshot, settings: Settings, memory: PursueMemory, now: float) -> Pursuit:
    """Return what to send now. Total: any input gives an answer."""
    batteries = {battery.battery_id: battery for battery in settings.batteries}
    seen = {battery_id: snapshot.battery(battery_id) for battery_id in batteries}
    sent = {
        battery_id: _judged(memory.sent[battery_id], seen[battery_id], battery, decision)
        for battery_id, battery in batteries.items()
        if battery_id in memory.sent
    }
    scene = Scene(decision=decision, snapshot=snapshot, settings=settings, sent=sent, now=now)
    wanted, swap = wishes(scene, memory.swap)
    commands: list[Command] = []
    due: list[float] = [now + BUSY_S] if swap.swap is not None else []
    for battery_id, battery in batteries.items():
        before, wish = sent.get(battery_id), wanted[battery_id]
        if wish is None and before is not None and before.is_last:
            if before.proven_at is not None:
                del sent[battery_id]
                continue
            wish = before.command
        elif wish is not None and before is not None:
            before = replace(before, is_last=False)
        if wish is None:
            continue
        after = _told(wish, before, seen[battery_id], battery, now)
        if after is None:
            continue
        sent[battery_id] = after
        due.append(_due(after, seen[battery_id], now))
        if before is None or after.sent_at > before.sent_at or after.command != before.command:
            commands.append(after.command)
    return Pursuit(
        commands=tuple(commands),
        health={key: _health(sent.get(key), seen[key], settings.age_limit_s(key), now) for key in batteries},
        swap=swap.swap is not None,
        reads=_reads(sent, seen, batteries, now),
        next_due=min(filter(isfinite, due), default=None),
        leader_id=_leader_id(decision, wanted, swap),
        memory=PursueMemory(sent=sent, swap=swap, leader_id=decision.leader_id),
    )


def _leader_id(decision: Decision, wanted: Wishes, swap: SwapMemory) -> str | None:
    """Return who is told Auto for the site; with nobody told anything, the one that was decided."""
    for target in decision.targets:
        wish = wanted.get(target.battery_id)
        if wish is not None and wish.kind is CommandKind.AUTO and target.role is not Role.OWNER:
            return target.battery_id
    decided = decision.target(decision.leader_id or "")
    is_left_alone = decided is not None and decided.action is Action.NOTHING
    return decision.leader_id if is_left_alone and swap.swap is None else None


def _judged(sent: Sent, seen: BatteryObservation, battery: BatterySettings, decision: Decision) -> Sent:
    """Return what is known of a command now."""
    target = decision.target(battery.battery_id)
    if target is not None and target.role is Role.OWNER and sent.is_auto and sent.proven_at is not None:
        return sent  # Set once because its owner asked for it: what the owner does with it then is not corrected.
    return judge(sent, seen, battery)


def _told(
    wish: Command, sent: Sent | None, seen: BatteryObservation, battery: BatterySettings, now: float
) -> Sent | None:
    """Return what a battery has been told after this cycle; a newer `sent_at` means that it is sent now."""
    if sent is None:
        if wish.kind is CommandKind.AUTO and may_be_auto(None, seen):
            return None  # It does so already; what we never commanded need not be released.
        return Sent(command=wish, asked_at=now, sent_at=now, may_be_auto=may_be_auto(None, seen))
    if sent.in_flight(seen, now):
        return sent
    if wish != sent.command:
        return Sent(
            command=wish,
            asked_at=now,
            sent_at=now,
            failures=sent.failures,
            retry_at=sent.retry_at,
            may_be_auto=may_be_auto(sent, seen),
        )
    if sent.proven_at is None:
        if sent.sends == 0:
            # The proof was lost. Should somebody else have changed the mode, this is where to yield instead.
            return replace(sent, asked_at=now, sent_at=now, sends=1)
        if now >= _attempt_at(sent, seen, battery):
            return _attempted(sent, now)
    if now >= _renewal_at(sent):
        return replace(sent, sent_at=now)
    return sent


def _attempt_at(sent: Sent, seen: BatteryObservation, battery: BatterySettings) -> float:
    """Return when an unproven command is sent again."""
    if sent.retry_at is not None:
        return sent.retry_at
    # A write puts off the reading of the mode: where that is the proof, a confirmed command gets the time for it.
    for_mode_s = battery.mode_read_delay_s if sent.needs_mode and sent.acknowledged(seen) else 0.0
    return sent.sent_at + for_mode_s + RESEND_AFTER_S


def _attempted(sent: Sent, now: float) -> Sent:
    """Return a command sent again, or given up until after a pause that grows."""
    if sent.retry_at is not None:
        return replace(sent, sent_at=now, sends=1, retry_at=None)
    if sent.sends < SENDS:
        return replace(sent, sent_at=now, sends=sent.sends + 1)
    pause_s = PAUSES_S[min(sent.failures, len(PAUSES_S) - 1)]
    return replace(sent, failures=sent.failures + 1, retry_at=now + pause_s)


def _renewal_at(sent: Sent) -> float:
    """Return when the countdown has to be renewed; only Passive has one."""
    if sent.command.kind is not CommandKind.PASSIVE:
        return inf
    if sent.retry_at is not None:
        return sent.sent_at + RENEW_AFTER_S
    armed_at = sent.asked_at if sent.armed_at is None else sent.armed_at
    return max(armed_at + RENEW_AFTER_S, sent.sent_at + RENEW_AGAIN_S)


def _due(sent: Sent, seen: BatteryObservation, now: float) -> float:
    """Return when this battery needs the next look."""
    if sent.in_flight(seen, now) or (sent.proven_at is None and sent.retry_at is None):
        return now + BUSY_S
    return max(now + BUSY_S, min(_renewal_at(sent), inf if sent.retry_at is None else sent.retry_at))


def _reads(
    sent: Mapping[str, Sent],
    seen: Mapping[str, BatteryObservation],
    batteries: Mapping[str, BatterySettings],
    now: float,
) -> dict[str, float]:
    """Return from when on a reading of each unproven battery is wanted."""
    reads: dict[str, float] = {}
    for battery_id, told in sent.items():
        reading = seen[battery_id].mode if told.needs_mode else seen[battery_id].power_w
        earliest_s = batteries[battery_id].mode_read_delay_s if told.needs_mode else 0.0
        marks = [told.sent_at + after_s for after_s in READ_AFTER_S if after_s >= earliest_s]
        passed = [mark for mark in marks if mark <= now]
        if told.proven_at is not None:
            continue
        if passed and (reading is None or reading.at < passed[-1]):
            reads[battery_id] = passed[-1]
        elif len(passed) < len(marks):
            reads[battery_id] = marks[len(passed)]
    return reads


def _health(sent: Sent | None, seen: BatteryObservation, age_limit_s: float, now: float) -> Health:
    """Return how far a battery does what it was told."""
    heard_at = seen.last_answer_at
    if heard_at is None or now - heard_at > age_limit_s:
        return Health.SILENT
    if sent is None:
        return Health.UNTOUCHED
    if sent.proven_at is not None:
        return Health.PROVEN
    return Health.NOT_FOLLOWING if sent.failures else Health.SETTLING
