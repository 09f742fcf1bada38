"""The life of a command: sent, verified by measured power, or found wrong."""

from dataclasses import dataclass, replace

from ..model import TOLERANCE_W, BatteryObservation, Command, CommandKind, Mode, plausible
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
MODE_OF = {CommandKind.AUTO: Mode.AUTO, CommandKind.PASSIVE: Mode.PASSIVE, CommandKind.MANUAL_IDLE: Mode.MANUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedCommand:
    """What one battery was told last, and what came of it."""

    command: Command
    asked_at: float
    """When this was asked for; everything newer may prove it."""
    sent_at: float
    """When it was sent last."""
    sends: int = 1
    """Sends of the present attempt."""
    armed_at: float | None = None
    """From when at the earliest its countdown runs; None while nothing shows that it arrived."""
    proven_at: float | None = None
    """Of the newest reading that shows it done."""
    was_ignored: bool = False
    """An earlier send of this attempt was confirmed, and nothing came of it."""
    lost: Diagnosis | None = None
    """Why it is no longer proven; None until it was, and again once it is sent again."""
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
        return not self._is_done(seen) and now - self.sent_at <= IN_FLIGHT_S

    def acknowledged(self, seen: BatteryObservation) -> bool:
        """Return whether the device said yes to the newest send: it arrived, which is not to say that it acts."""
        return self._is_done(seen) and seen.outcome is not None and seen.outcome.accepted is True

    def _is_done(self, seen: BatteryObservation) -> bool:
        """Return whether the outcome of the newest send is known."""
        return seen.outcome is not None and seen.outcome.sent_at >= self.sent_at


def may_be_auto(tracked: TrackedCommand | None, seen: BatteryObservation) -> bool:
    """Return whether, as far as is known, a battery runs its own loop."""
    in_auto = seen.mode is not None and seen.mode.value is Mode.AUTO
    return in_auto if tracked is None else tracked.is_auto or tracked.may_be_auto


def judge(tracked: TrackedCommand, seen: BatteryObservation, battery: BatterySettings) -> TrackedCommand:
    """Return what is known of a command by the newest readings."""
    if tracked.acknowledged(seen):
        tracked = replace(tracked, armed_at=tracked.sent_at)
    tracked = _judge_mode(tracked, seen)
    proof_at = _proof_at(tracked, seen, battery)
    if proof_at is not None:
        return replace(tracked, proven_at=proof_at, armed_at=tracked.counts_from, retry_at=None, opposed_since=None)
    runs_auto = tracked.may_be_auto and not tracked.is_auto
    if tracked.proven_at is not None and (
        runs_auto or _has_left(tracked, seen) or _is_contradicted(tracked, seen, battery)
    ):
        mode_retry_done = tracked.mode_retry_done or _has_left(tracked, seen)
        return replace(tracked, proven_at=None, sends=0, mode_retry_done=mode_retry_done, lost=_why_lost(tracked, seen))
    return _judge_direction(tracked, seen)


def why_failed(tracked: TrackedCommand, seen: BatteryObservation) -> Diagnosis:
    """Return why nothing came of an attempt."""
    power = plausible(seen.power_w)
    flows_w = 0.0 if power is None or power.at <= tracked.sent_at else abs(power.value)
    if tracked.command.kind is CommandKind.PASSIVE and not tracked.command.power_w and TOLERANCE_W < flows_w <= STUCK_W:
        return Diagnosis.STUCK
    if _is_limited(tracked, seen):
        return Diagnosis.LIMITED
    if tracked.was_ignored or tracked.acknowledged(seen):
        return Diagnosis.IGNORED
    is_refused = seen.outcome is not None and seen.outcome.sent_at >= tracked.sent_at and seen.outcome.accepted is False
    return Diagnosis.REFUSED if is_refused else Diagnosis.UNANSWERED


def _is_limited(tracked: TrackedCommand, seen: BatteryObservation) -> bool:
    """Return whether it does a part of what it was told, and not what it did before."""
    power, told_w = plausible(seen.power_w), tracked.command.power_w
    if power is None or power.at <= tracked.sent_at or tracked.may_be_auto or not _in_passive(seen):
        return False
    goes_on = tracked.held_w is not None and abs(power.value - tracked.held_w) <= TOLERANCE_W
    return not goes_on and OPPOSED_LEAST_W <= abs(power.value) < abs(told_w) and power.value * told_w > 0


def _in_passive(seen: BatteryObservation) -> bool:
    """Return whether, as far as is known, a battery is in Passive."""
    return seen.mode is None or seen.mode.value in {Mode.PASSIVE, Mode.UNKNOWN}


def _why_lost(tracked: TrackedCommand, seen: BatteryObservation) -> Diagnosis:
    """Return what made a battery stop doing what it was proven to do."""
    heard_at = seen.last_answer_at or 0.0
    if tracked.command.kind is CommandKind.PASSIVE and heard_at >= tracked.counts_from + tracked.command.countdown_s:
        return Diagnosis.EXPIRED
    fell_back = tracked.may_be_auto and not tracked.is_auto
    return Diagnosis.FOREIGN if _has_left(tracked, seen) and not fell_back else Diagnosis.DROPPED


def _judge_direction(tracked: TrackedCommand, seen: BatteryObservation) -> TrackedCommand:
    """Return since when an unproven setpoint is answered with its opposite."""
    power = plausible(seen.power_w)
    if not tracked.may_oppose or power is None or power.at <= tracked.asked_at + PROOF_DELAY_S:
        return tracked
    if not _in_passive(seen) or not tracked.command.fits(-power.value):
        return replace(tracked, opposed_since=None)
    return tracked if tracked.opposed_since is not None else replace(tracked, opposed_since=power.at)


def is_opposed(tracked: TrackedCommand, seen: BatteryObservation) -> bool:
    """Return whether the opposite of a setpoint was measured, and again some seconds later."""
    since = tracked.opposed_since
    return since is not None and seen.power_w is not None and seen.power_w.at >= since + OPPOSED_AGAIN_S


def may_oppose(command: Command, before: Command | None, seen: BatteryObservation) -> bool:
    """Return whether the opposite of a command, measured from now on, can only be its effect."""
    if command.kind is not CommandKind.PASSIVE or abs(command.power_w) < OPPOSED_LEAST_W or seen.power_w is None:
        return False
    return not command.fits(-seen.power_w.value) and (before is None or not command.fits(-before.power_w))


def _judge_mode(tracked: TrackedCommand, seen: BatteryObservation) -> TrackedCommand:
    """Return what the newest reading of the mode tells; at the same power Auto and Passive look alike."""
    if seen.mode is None or seen.mode.value is Mode.UNKNOWN:
        return tracked
    if seen.mode.value is Mode.AUTO:
        tracked = replace(tracked, may_be_auto=True)
    elif seen.mode.at > tracked.asked_at + PROOF_DELAY_S and not tracked.is_auto:
        tracked = replace(tracked, may_be_auto=False)
    if seen.mode.value is MODE_OF[tracked.command.kind] and seen.mode.at > tracked.asked_at:
        tracked = replace(tracked, mode_retry_done=False)
    return tracked


def _proof_at(tracked: TrackedCommand, seen: BatteryObservation, battery: BatterySettings) -> float | None:
    """Return when a reading showed that it does what it was told."""
    if tracked.is_auto:
        is_auto = seen.mode is not None and seen.mode.value is Mode.AUTO and seen.mode.at > tracked.asked_at
        return seen.mode.at if is_auto and seen.mode is not None else None
    power = plausible(seen.power_w)
    if power is None or power.at <= tracked.asked_at + PROOF_DELAY_S or tracked.may_be_auto or _has_left(tracked, seen):
        return None
    return power.at if _serves(tracked, power.value, seen, battery) else None


def _serves(tracked: TrackedCommand, measured_w: float, seen: BatteryObservation, battery: BatterySettings) -> bool:
    """Return whether a measured power is what was told, or as much of it as it gives or its charge allows."""
    command = tracked.command
    if command.fits(measured_w):
        return True
    if tracked.limited_w is not None and abs(measured_w - tracked.limited_w) <= TOLERANCE_W:
        return True
    soc = plausible(seen.soc_pct)
    is_part = abs(measured_w) <= TOLERANCE_W or 0 < measured_w / (command.power_w or 1) < 1
    return is_part and soc is not None and near_bound(battery, soc.value, command.power_w)


def _is_contradicted(tracked: TrackedCommand, seen: BatteryObservation, battery: BatterySettings) -> bool:
    """Return whether power newer than the proof is something else."""
    power = plausible(seen.power_w)
    if tracked.is_auto or power is None or tracked.proven_at is None or power.at <= tracked.proven_at:
        return False
    return not _serves(tracked, power.value, seen, battery)


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
