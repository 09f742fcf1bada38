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
from .commands import last_word, setpoint
from .handover import Scene, SwapMemory, Wishes, wishes
from .reading import proofs_wanted, watched
from .tracking import MIRROR_LEAST_W, Sent, is_mirrored, judge, may_be_auto, may_mirror, why_failed
from .trust import PAUSES_S, Diagnosis, Standing
from .write_budget import Writes, count, paced

RENEW_AFTER_S = 150.0
RENEW_AGAIN_S = 50.0
"""A renewal that nobody confirmed is repeated twice before the countdown ends."""
RESEND_AFTER_S = 10.0
"""Passive is often ignored until it is sent again, 10 s later (E3 144, jaapp#72, #46)."""
SENDS = 3
CURE_S = 10.0
"""Between Manual and Passive 0 W, where that alone did not stop the flow (JS-DE)."""
PATIENCE_S = 45.0
"""A set-point that is measured for so long is done the right way round, unless the meter says otherwise."""
BUSY_S = 2.0
"""While something is unproven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PursueMemory:
    """What was sent to whom; a battery that is not in it was never commanded, or was released since."""

    sent: Mapping[str, Sent] = field(default_factory=lambda: MappingProxyType({}))
    standing: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    swap: SwapMemory = field(default_factory=SwapMemory)
    leader_id: str | None = None
    writes: Mapping[str, Writes] = field(default_factory=lambda: MappingProxyType({}))

    def feedback(self, now: float) -> Feedback:
        """Return what dispatch has to know of it."""
        bars = {battery_id: standing.bar(now) for battery_id, standing in self.standing.items()}
        barred = {battery_id: bar for battery_id, bar in bars.items() if bar is not None}
        passive = {key: sent for key, sent in self.sent.items() if sent.command.kind is CommandKind.PASSIVE}
        return Feedback(
            barred=barred,
            loose=frozenset(key for key in barred if self.standing[key].diagnosis is Diagnosis.DROPPED),
            runs_until={key: sent.counts_from + sent.command.countdown_s for key, sent in passive.items()},
            refused_auto=self.swap.refused_id if now < self.swap.keep_until else None,
        )

    def is_taken(self, battery_id: str) -> bool:
        """Return whether somebody else runs a battery: it was given up, and is not ours to release."""
        standing = self.standing.get(battery_id)
        return standing is not None and standing.health is Health.TAKEN and battery_id not in self.sent

    def forgiven(self, battery_ids: Iterable[str]) -> PursueMemory:
        """Return a memory in which these batteries get work again: their owner says so."""
        asked = {key: self.standing.get(key, Standing()).forgiven() for key in battery_ids}
        return replace(self, standing={**self.standing, **asked})

    def written(self, commands: Iterable[Command], now: float) -> PursueMemory:
        """Return a memory that counts writes which are not its own."""
        return replace(self, writes=count(self.writes, commands, now))

    def released(self, commands: Iterable[Command], now: float, done: Iterable[Command] = ()) -> PursueMemory:
        """Return a memory in which these commands, sent now, are the last word: repeated until proven and forgotten.

        Those in `done` are not sent: they are what the batteries do, or are told, already.
        """
        sent = dict(self.sent)
        sent |= {key: replace(sent[key], is_last=True) for key in (each.battery_id for each in done) if key in sent}
        sent |= {each.battery_id: _last(each, sent.get(each.battery_id), now) for each in commands}
        return replace(self.written(commands, now), sent=sent, swap=SwapMemory())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pursuit:
    """What a cycle sends, and what it knows of what was sent before."""

    commands: tuple[Command, ...]
    health: Mapping[str, Health]
    diagnosis: Mapping[str, Diagnosis]
    """The newest trouble with each battery that had any."""
    sign: Mapping[str, bool]
    """Batteries of which it is now known whether they do what they are told the right way round."""
    swap: bool
    """The leader is being changed."""
    reads: Mapping[str, float]
    """Per battery: since when a reading is wanted, to prove a command."""
    next_due: float | None
    """The earliest moment at which there is something to do again; None when nothing is commanded."""
    leader_id: str | None
    """Who really runs Auto for the site: during a swap and after a failed one not the one that was decided."""
    memory: PursueMemory


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One battery in one cycle: what is known of it."""

    battery: BatterySettings
    seen: BatteryObservation
    sent: Sent | None
    standing: Standing
    effect: MeterEffect | None
    """What the meter holds against what it measures."""
    is_believed: bool
    """The meter has confirmed what it measures."""
    now: float

    @property
    def is_right(self) -> bool:
        """Return whether it does what it was told the right way round: the meter says so, or nothing else for long."""
        sent = self.sent
        return (
            sent is not None
            and self.effect is None
            and sent.proven_at is not None
            and abs(sent.command.power_w) >= MIRROR_LEAST_W
            and (self.is_believed or self.now - sent.asked_at >= PATIENCE_S)
        )


def pursue(decision: Decision, snapshot: Snapshot, settings: Settings, memory: PursueMemory, now: float) -> Pursuit:
    """Return what to send now. Total: any input gives an answer."""
    cases = {battery.battery_id: _case(battery, decision, snapshot, memory, now) for battery in settings.batteries}
    known = {
        key: case.sent
        for key, case in cases.items()
        if case.sent is not None and case.standing.bar(now) is not Health.TAKEN
    }
    scene = Scene(decision=decision, snapshot=snapshot, settings=settings, sent=known, now=now)
    wanted, swap = wishes(scene, memory.swap)
    after = {key: _acted(case, wanted[key], decision) for key, case in cases.items()}
    told = {key: told for key, (told, _) in after.items() if told is not None}
    pace = paced(told, known, memory.writes, snapshot, now)
    sent = pace.sent
    standing = {key: stands for key, (_, stands) in after.items()}
    is_busy = swap.swap is not None or decision.looks_closer
    due = [*pace.waits_until, *([now + BUSY_S] if is_busy else [])]
    due += [_due(told, cases[key].seen, now) for key, told in sent.items() if wanted[key] is not None or told.is_last]
    return Pursuit(
        commands=pace.commands,
        health={
            key: _health(sent.get(key), standing[key], case.seen, settings.age_limit_s(key), now)
            for key, case in cases.items()
        },
        diagnosis={key: stands.diagnosis for key, stands in standing.items() if stands.diagnosis is not None},
        sign=_signs(cases),
        swap=swap.swap is not None,
        reads=watched(decision, snapshot) | proofs_wanted(sent, settings, snapshot, now),
        next_due=min(filter(isfinite, due), default=None),
        leader_id=_leader_id(decision, wanted, swap),
        memory=PursueMemory(sent=sent, standing=standing, swap=swap, leader_id=decision.leader_id, writes=pace.writes),
    )


def _case(battery: BatterySettings, decision: Decision, snapshot: Snapshot, memory: PursueMemory, now: float) -> Case:
    """Return what is known of a battery and of the command that it was given last."""
    seen = snapshot.battery(battery.battery_id)
    before = memory.sent.get(battery.battery_id)
    sent = None if before is None else _judged(before, seen, battery, decision)
    standing = memory.standing.get(battery.battery_id, Standing())
    case = Case(
        battery=battery,
        seen=seen,
        sent=sent,
        standing=standing.watched(seen, battery, now, commanded=before is not None),
        effect=decision.contradicted.get(battery.battery_id),
        is_believed=battery.battery_id in decision.believed,
        now=now,
    )
    return case if before is None else replace(case, standing=_learnt(case, before))


def _learnt(case: Case, before: Sent) -> Standing:
    """Return the standing of a battery by what became of its command."""
    standing, sent, mode = case.standing, case.sent, case.seen.mode
    if sent is None or standing.health is Health.WRONG_SIGN:
        return standing
    if case.effect is not None:
        return standing.contradicted(case.now)
    if sent.lost is not None and before.lost is None:
        return standing.lost(sent.lost, None if mode is None else mode.value, case.now)
    if is_mirrored(sent, case.seen):
        return standing.wrong()
    if sent.proven_at is not None and before.proven_at is None:
        return standing.obeyed(case.now, again=sent.was_ignored, works=sent.is_auto or sent.command.power_w != 0)
    return standing


def _signs(cases: Mapping[str, Case]) -> dict[str, bool]:
    """Return of which batteries it is known that they do what they are told the right way round, or the wrong one."""
    wrong = {key: False for key, case in cases.items() if case.standing.health is Health.WRONG_SIGN}
    return dict.fromkeys((key for key, case in cases.items() if case.is_right), True) | wrong


def _acted(case: Case, wish: Command | None, decision: Decision) -> tuple[Sent | None, Standing]:
    """Return what a battery has been told after this cycle, and its standing."""
    sent, standing, now = case.sent, case.standing, case.now
    if standing.bar(now) is Health.TAKEN:
        return None, standing
    if wish is not None and sent is not None:
        sent = replace(sent, is_last=False)
    elif wish is None:
        if sent is None or (sent.is_last and sent.proven_at is not None):
            return None, standing
        last = last_word(case.battery) if _is_let_go(case, decision) else None
        if not sent.is_last:
            return (sent if last is None else _last(last, sent, now)), standing
        wish = sent.command
    after = _told(_heeded(wish, case), sent, case)
    if after is not None and after.retry_at == inf:
        return _given_up(after, case)
    return after, standing


def _given_up(sent: Sent, case: Case) -> tuple[Sent, Standing]:
    """Return an attempt that came to nothing, or to less than was told, and what that means for the battery."""
    standing, cause = case.standing, why_failed(sent, case.seen)
    if standing.health is Health.WRONG_SIGN:
        return replace(sent, retry_at=case.now + PAUSES_S[-1]), standing
    if cause is Diagnosis.LIMITED and case.seen.power_w is not None:
        power = case.seen.power_w
        limited = replace(sent, retry_at=None, proven_at=power.at, limited_w=power.value)
        return limited, replace(standing, diagnosis=cause)
    standing = standing.struck(cause, case.now)
    return replace(sent, retry_at=standing.barred_until), standing


def _is_let_go(case: Case, decision: Decision) -> bool:
    """Return whether a battery that is left alone is to be released."""
    target = decision.target(case.battery.battery_id)
    return decision.let_go and target is not None and target.role is Role.FOLLOWER


def _last(command: Command, sent: Sent | None, now: float) -> Sent:
    """Return a command that is sent now as the last word."""
    loose = sent is None or sent.needs_mode
    return Sent(command=command, asked_at=now, sent_at=now, may_be_auto=loose, is_last=True)


def _heeded(wish: Command, case: Case) -> Command:
    """Return what is told in place of a wish by what is known of the battery."""
    battery, sent = case.battery, case.sent
    if case.standing.health is Health.WRONG_SIGN:
        wish = setpoint(battery, 0) or wish
    # Manual runs every enabled slot: where they were not cleared, 150 W are the lesser evil.
    if sent is None or not battery.slots_cleared or wish.power_w or wish.kind is not CommandKind.PASSIVE:
        return wish
    if sent.cured and sent.command.kind is CommandKind.MANUAL_IDLE:
        return wish if case.now >= sent.asked_at + CURE_S else sent.command
    is_stuck = sent.command == wish and sent.retry_at is not None and case.standing.diagnosis is Diagnosis.STUCK
    if is_stuck and not sent.cured:
        return Command(battery_id=battery.battery_id, kind=CommandKind.MANUAL_IDLE)
    return wish


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


def _told(wish: Command, sent: Sent | None, case: Case) -> Sent | None:
    """Return what a battery has been told after this cycle; a newer `sent_at` means that it is sent now."""
    seen, now = case.seen, case.now
    if sent is None and wish.kind is CommandKind.AUTO and may_be_auto(None, seen):
        return None  # It does so already; what we never commanded need not be released.
    if sent is None or (wish != sent.command and not sent.in_flight(seen, now)):
        return _begun(wish, sent, case)
    if sent.in_flight(seen, now):
        return sent
    if sent.proven_at is None:
        if sent.sends == 0:
            return replace(sent, asked_at=now, sent_at=now, sends=1, was_ignored=False, lost=None)
        if now >= _attempt_at(sent, seen, case.battery):
            return _attempted(sent, seen, now)
    if now >= _renewal_at(sent):
        return replace(sent, sent_at=now)
    return sent


def _begun(wish: Command, sent: Sent | None, case: Case) -> Sent:
    """Return a command that is sent for the first time."""
    waits = sent is not None and sent.retry_at is not None and sent.retry_at > case.now
    power = case.seen.power_w
    rests = wish.kind is CommandKind.PASSIVE and not wish.power_w
    return Sent(
        command=wish,
        asked_at=case.now,
        sent_at=case.now,
        retry_at=sent.retry_at if sent is not None and waits else None,
        may_be_auto=may_be_auto(sent, case.seen),
        cured=wish.kind is CommandKind.MANUAL_IDLE or (rests and sent is not None and sent.cured),
        held_w=None if sent is None or power is None or not sent.command.fits(power.value) else power.value,
        may_mirror=may_mirror(wish, None if sent is None else sent.command, case.seen),
    )


def _attempt_at(sent: Sent, seen: BatteryObservation, battery: BatterySettings) -> float:
    """Return when an unproven command is sent again."""
    if sent.retry_at is not None:
        return sent.retry_at
    # A write puts off the reading of the mode: where that is the proof, a confirmed command gets the time for it.
    for_mode_s = battery.mode_read_delay_s if sent.needs_mode and sent.acknowledged(seen) else 0.0
    # Given up is only what could be read since it was sent last.
    for_reading_s = battery.proof_spacing_s if sent.sends == SENDS else 0.0
    return sent.sent_at + for_mode_s + for_reading_s + RESEND_AFTER_S


def _attempted(sent: Sent, seen: BatteryObservation, now: float) -> Sent:
    """Return a command sent again, or given up (`retry_at` is infinite) until somebody says for how long."""
    if sent.retry_at is not None:
        return replace(sent, sent_at=now, sends=1, was_ignored=False, retry_at=None)
    if sent.sends < SENDS:
        was_ignored = sent.was_ignored or sent.acknowledged(seen)
        return replace(sent, sent_at=now, sends=sent.sends + 1, was_ignored=was_ignored)
    return replace(sent, retry_at=inf)


def _renewal_at(sent: Sent) -> float:
    """Return when the countdown has to be renewed; only Passive has one."""
    if sent.command.kind is not CommandKind.PASSIVE:
        return inf
    if sent.retry_at is not None:
        return sent.sent_at + RENEW_AFTER_S
    return max(sent.counts_from + RENEW_AFTER_S, sent.sent_at + RENEW_AGAIN_S)


def _due(sent: Sent, seen: BatteryObservation, now: float) -> float:
    """Return when this battery needs the next look."""
    if sent.in_flight(seen, now) or (sent.proven_at is None and sent.retry_at is None):
        return now + BUSY_S
    return max(now + BUSY_S, min(_renewal_at(sent), inf if sent.retry_at is None else sent.retry_at))


def _health(sent: Sent | None, standing: Standing, seen: BatteryObservation, age_limit_s: float, now: float) -> Health:
    """Return how far a battery does what it was told."""
    heard_at = seen.last_answer_at
    if heard_at is None or now - heard_at > age_limit_s:
        return Health.SILENT
    bar = standing.bar(now)
    if bar is not None or sent is None:
        return bar or Health.UNTOUCHED
    if sent.proven_at is not None:
        return Health.PROVEN
    return Health.NOT_FOLLOWING if standing.strikes else Health.SETTLING
