"""The life of a command: sent, verified by measured power, or found wrong."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from math import inf

from ..model import TOLERANCE_W, BatteryObservation, Command, CommandKind, CommandOutcome, Mode, plausible
from ..permissions import near_bound
from ..settings import BatterySettings
from .trust import Diagnosis

PROOF_DELAY_S = 3.0
"""What is measured sooner may still be the ramp, or a reply that was under way."""
IN_FLIGHT_S = 12.0
"""So long a command may be under way: the client sends it up to three times."""
STUCK_W = 300.0
"""So much may go on flowing at Passive 0 W: 50-250 W were seen (JS-DE)."""
OPPOSED_LEAST_W = 100.0
"""Of less, measuring error and direction cannot be told apart."""
OPPOSED_AGAIN_S = 5.0
"""A ramp passes through any power: the opposite counts when it lasts."""
UNREAD_LIMIT_S = 90.0
"""So long Auto that was acknowledged is not given up while nobody could read the mode since: a leader that serves its
meter does not answer each time (HMG-50), and is in Auto more likely than not."""
UNKNOWN_AFTER_S = 20.0
"""In a mode of an unknown name, a battery that does so long after what it was told does not run Auto beside it."""
MODE_OF = {CommandKind.AUTO: Mode.AUTO, CommandKind.PASSIVE: Mode.PASSIVE, CommandKind.MANUAL_IDLE: Mode.MANUAL}


class Effect(Enum):
    """What the newest reading shows of a command."""

    UNREAD = auto()
    """Nothing that is new enough."""
    DONE = auto()
    """It does it, or as much of it as it gives or its charge allows."""
    PARTIAL = auto()
    """It does a part of it, which it did not do before."""
    OPPOSITE = auto()
    """It does the opposite, which it was neither told nor did before."""
    STUCK = auto()
    """Told 0 W, something goes on flowing."""
    OTHER = auto()
    """Something else, or what may as well be Auto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedCommand:
    """What one battery was told last, and what came of it."""

    command: Command
    asked_at: float
    """When this was asked for; everything newer may prove it."""
    sent_at: float
    """When it was sent last."""
    sends: int = 1
    """Sends of the present attempt; 0 when it was lost and has to be sent anew."""
    armed_at: float | None = None
    """From when at the earliest its countdown runs; None while nothing shows that it arrived."""
    proven_at: float | None = None
    """Of the newest reading that shows it done."""
    was_ignored: bool = False
    """An earlier send of this attempt was confirmed, and nothing came of it."""
    retry_at: float | None = None
    """When the next attempt begins; None during one."""
    may_be_auto: bool = False
    """It was in Auto, or was told to be, and no reading of its mode has shown since that it is not."""
    mode_retry_done: bool = False
    """Its mode was read as foreign and the command repeated; no reading has shown the right mode since."""
    is_release: bool = False
    """It was released with this: once proven it is left alone."""
    stuck_recovery_done: bool = False
    """Manual was set, or is, because something went on flowing at Passive 0 W."""
    held_w: float | None = None
    """What it did, as it was told to, when it was told this."""
    limited_w: float | None = None
    """What it gives instead of what it is told; more it does not."""
    may_oppose: bool = False
    """It did not do the opposite before it was told: should it do that now, it is because of what it was told."""
    opposed_since: float | None = None
    """Since when it is measured to do the opposite."""

    @property
    def is_auto(self) -> bool:
        """Return whether it was told Auto."""
        return self.command.kind is CommandKind.AUTO

    @property
    def counts_from(self) -> float:
        """Return from when at the earliest its countdown runs, as far as is known."""
        return self.asked_at if self.armed_at is None else self.armed_at

    @property
    def needs_mode(self) -> bool:
        """Return whether only a reading of the mode can prove it."""
        return self.is_auto or self.may_be_auto

    def in_flight(self, seen: BatteryObservation, now: float) -> bool:
        """Return whether the newest send may still be under way."""
        return self.answer(seen) is None and now - self.sent_at <= IN_FLIGHT_S

    def acknowledged(self, seen: BatteryObservation) -> bool:
        """Return whether the device said yes to the newest send: it arrived, which is not to say that it acts."""
        answer = self.answer(seen)
        return answer is not None and answer.accepted is True

    def answer(self, seen: BatteryObservation) -> CommandOutcome | None:
        """Return the outcome of the newest send, None while it is not known."""
        return seen.outcome if seen.outcome is not None and seen.outcome.sent_at >= self.sent_at else None


def may_be_auto(tracked: TrackedCommand | None, seen: BatteryObservation) -> bool:
    """Return whether, as far as is known, a battery runs its own loop."""
    in_auto = seen.mode is not None and seen.mode.value is Mode.AUTO
    return in_auto if tracked is None else tracked.needs_mode


def judge(
    tracked: TrackedCommand, seen: BatteryObservation, battery: BatterySettings
) -> tuple[TrackedCommand, Diagnosis | None]:
    """Return what is known of a command by the newest readings, and why it is lost, if it is just now."""
    if tracked.acknowledged(seen):
        tracked = replace(tracked, armed_at=tracked.sent_at)
    tracked = _judge_mode(tracked, seen)
    has_left, (effect, at) = _has_left(tracked, seen), effect_of(tracked, seen, battery)
    if effect is Effect.DONE and not has_left:
        return replace(tracked, proven_at=at, armed_at=tracked.counts_from, retry_at=None, opposed_since=None), None
    if tracked.proven_at is not None:
        fell_back = tracked.may_be_auto and not tracked.is_auto
        if fell_back or has_left or (effect is not Effect.UNREAD and at > tracked.proven_at):
            # Lost, proven and lost again before it could be sent anew: that counts once.
            cause = _why_lost(tracked, seen, is_foreign=has_left and not fell_back) if tracked.sends else None
            mode_retry_done = tracked.mode_retry_done or has_left
            return replace(tracked, proven_at=None, sends=0, mode_retry_done=mode_retry_done), cause
    if effect is Effect.OPPOSITE:
        return replace(tracked, opposed_since=at if tracked.opposed_since is None else tracked.opposed_since), None
    return tracked if effect is Effect.UNREAD else replace(tracked, opposed_since=None), None


def effect_of(tracked: TrackedCommand, seen: BatteryObservation, battery: BatterySettings) -> tuple[Effect, float]:
    """Return what the newest reading shows of a command, and when that was (-inf where nothing was read)."""
    told, mode, power = tracked.command, seen.mode, plausible(seen.power_w)
    if tracked.is_auto:
        is_auto = mode is not None and mode.value is Mode.AUTO and mode.at > tracked.asked_at
        return (Effect.DONE, mode.at) if mode is not None and is_auto else (Effect.UNREAD, -inf)
    if power is None or power.at <= tracked.asked_at + PROOF_DELAY_S:
        return Effect.UNREAD, -inf
    measured_w, share, soc = power.value, power.value / (told.power_w or 1), plausible(seen.soc_pct)
    is_limit = tracked.limited_w is not None and abs(measured_w - tracked.limited_w) <= TOLERANCE_W
    goes_on = tracked.held_w is not None and abs(measured_w - tracked.held_w) <= TOLERANCE_W
    is_passive = mode is None or mode.value in {Mode.PASSIVE, Mode.UNKNOWN}
    is_part = 0 < share < 1 or abs(measured_w) <= TOLERANCE_W
    is_bound = is_part and soc is not None and near_bound(battery, soc.value, told.power_w)
    effect = Effect.OTHER
    if not tracked.may_be_auto and (told.fits(measured_w) or is_limit or is_bound):
        effect = Effect.DONE
    elif told.kind is CommandKind.PASSIVE and not told.power_w and TOLERANCE_W < abs(measured_w) <= STUCK_W:
        effect = Effect.STUCK
    elif is_passive and tracked.may_oppose and told.fits(-measured_w):
        effect = Effect.OPPOSITE
    elif is_passive and not tracked.may_be_auto and abs(measured_w) >= OPPOSED_LEAST_W and 0 < share < 1:
        effect = Effect.OTHER if goes_on else Effect.PARTIAL
    return effect, power.at


def is_opposed(tracked: TrackedCommand, seen: BatteryObservation) -> bool:
    """Return whether the opposite of a setpoint was measured, and again some seconds later."""
    since, power = tracked.opposed_since, plausible(seen.power_w)
    return since is not None and power is not None and power.at >= since + OPPOSED_AGAIN_S


def may_oppose(command: Command, before: Command | None, seen: BatteryObservation) -> bool:
    """Return whether the opposite of a command, measured from now on, can only be its effect."""
    if command.kind is not CommandKind.PASSIVE or abs(command.power_w) < OPPOSED_LEAST_W or seen.power_w is None:
        return False
    return not command.fits(-seen.power_w.value) and (before is None or not command.fits(-before.power_w))


def why_failed(tracked: TrackedCommand, seen: BatteryObservation, battery: BatterySettings) -> Diagnosis:
    """Return why nothing came of an attempt."""
    effect, at = effect_of(tracked, seen, battery)
    if at > tracked.sent_at and effect in {Effect.STUCK, Effect.PARTIAL}:
        return Diagnosis.STUCK if effect is Effect.STUCK else Diagnosis.LIMITED
    if tracked.was_ignored or tracked.acknowledged(seen):
        return Diagnosis.IGNORED
    answer = tracked.answer(seen)
    return Diagnosis.REFUSED if answer is not None and answer.accepted is False else Diagnosis.UNANSWERED


def _judge_mode(tracked: TrackedCommand, seen: BatteryObservation) -> TrackedCommand:
    """Return what the newest reading of the mode tells; at the same power Auto and Passive look alike."""
    if seen.mode is None:
        return tracked
    if seen.mode.value is Mode.UNKNOWN:
        power, since = plausible(seen.power_w), tracked.asked_at + UNKNOWN_AFTER_S
        is_shown = power is not None and min(power.at, seen.mode.at) >= since and tracked.command.fits(power.value)
        return replace(tracked, may_be_auto=False) if is_shown and not tracked.is_auto else tracked
    mode, at = seen.mode.value, seen.mode.at
    is_news = at > tracked.asked_at + PROOF_DELAY_S and not tracked.is_auto
    is_mode_of_it = mode is MODE_OF[tracked.command.kind] and at > tracked.asked_at
    return replace(
        tracked,
        may_be_auto=mode is Mode.AUTO or (tracked.may_be_auto and not is_news),
        mode_retry_done=tracked.mode_retry_done and not is_mode_of_it,
    )


def _why_lost(tracked: TrackedCommand, seen: BatteryObservation, *, is_foreign: bool) -> Diagnosis:
    """Return what made a battery stop doing what it was proven to do."""
    heard_at = seen.last_answer_at or 0.0
    if tracked.command.kind is CommandKind.PASSIVE and heard_at >= tracked.counts_from + tracked.command.countdown_s:
        return Diagnosis.EXPIRED
    return Diagnosis.FOREIGN if is_foreign else Diagnosis.DROPPED


def _has_left(tracked: TrackedCommand, seen: BatteryObservation) -> bool:
    """Return whether it told, after the proof, a mode that we did not ask for: somebody else did, or it dropped out.

    Measured power outweighs the name of a mode, but for Auto, which may do just the same: after UPS, firmware 148 goes
    on saying so whatever it does.
    """
    if tracked.proven_at is None or seen.mode is None or tracked.mode_retry_done or seen.mode.at <= tracked.proven_at:
        return False
    power, mode = plausible(seen.power_w), seen.mode.value
    is_shown = power is not None and power.at >= seen.mode.at and tracked.command.fits(power.value)
    if is_shown and mode is not Mode.AUTO and abs(tracked.command.power_w) >= OPPOSED_LEAST_W:
        return False
    return mode not in {MODE_OF[tracked.command.kind], Mode.UNKNOWN}
