"""What one battery was told, and whether what is measured since proves that it does it."""

from dataclasses import dataclass, replace

from .model import TOLERANCE_W, BatteryObservation, BatterySettings, Command, CommandKind, Mode, believable
from .permissions import near_bound

PROOF_DELAY_S = 3.0
"""What is measured sooner may still be the ramp, or a reply that was under way."""
IN_FLIGHT_S = 12.0
"""So long a command may be under way: the client sends it up to three times."""
MODE_OF = {CommandKind.AUTO: Mode.AUTO, CommandKind.PASSIVE: Mode.PASSIVE, CommandKind.MANUAL_IDLE: Mode.MANUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
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
    failures: int = 0
    """Attempts that were given up since the last proof."""
    retry_at: float | None = None
    """When the next attempt begins; None during one."""
    may_be_auto: bool = False
    """It was in Auto, or was told to be, and no reading of its mode has shown since that it is not."""
    corrected: bool = False
    """Its mode was read as foreign and the command repeated; no reading has shown the right mode since."""
    is_last: bool = False
    """It was released with this: once proven it is left alone."""

    @property
    def is_auto(self) -> bool:
        """Return whether it was told Auto."""
        return self.command.kind is CommandKind.AUTO

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


def may_be_auto(sent: Sent | None, seen: BatteryObservation) -> bool:
    """Return whether, as far as is known, a battery runs its own loop."""
    in_auto = seen.mode is not None and seen.mode.value is Mode.AUTO
    return in_auto if sent is None else sent.is_auto or sent.may_be_auto


def judge(sent: Sent, seen: BatteryObservation, battery: BatterySettings) -> Sent:
    """Return what is known of a command by the newest readings."""
    if sent.acknowledged(seen):
        sent = replace(sent, armed_at=sent.sent_at)
    sent = _judge_mode(sent, seen)
    proof_at = _proof_at(sent, seen, battery)
    if proof_at is not None:
        armed_at = sent.asked_at if sent.armed_at is None else sent.armed_at
        return replace(sent, proven_at=proof_at, armed_at=armed_at, failures=0, retry_at=None)
    is_loose = sent.may_be_auto and not sent.is_auto
    if sent.proven_at is not None and (is_loose or _has_left(sent, seen) or _is_contradicted(sent, seen, battery)):
        return replace(sent, proven_at=None, sends=0, corrected=sent.corrected or _has_left(sent, seen))
    return sent


def _judge_mode(sent: Sent, seen: BatteryObservation) -> Sent:
    """Return what the newest reading of the mode tells; at the same power Auto and Passive look alike."""
    if seen.mode is None or seen.mode.value is Mode.UNKNOWN:
        return sent
    if seen.mode.value is Mode.AUTO:
        sent = replace(sent, may_be_auto=True)
    elif seen.mode.at > sent.asked_at + PROOF_DELAY_S and not sent.is_auto:
        sent = replace(sent, may_be_auto=False)
    if seen.mode.value is MODE_OF[sent.command.kind] and seen.mode.at > sent.asked_at:
        sent = replace(sent, corrected=False)
    return sent


def _proof_at(sent: Sent, seen: BatteryObservation, battery: BatterySettings) -> float | None:
    """Return when a reading showed that it does what it was told."""
    if sent.is_auto:
        is_auto = seen.mode is not None and seen.mode.value is Mode.AUTO and seen.mode.at > sent.asked_at
        return seen.mode.at if is_auto and seen.mode is not None else None
    power = believable(seen.power_w)
    if power is None or power.at <= sent.asked_at + PROOF_DELAY_S or sent.may_be_auto or _has_left(sent, seen):
        return None
    return power.at if _serves(sent.command, power.value, seen, battery) else None


def _serves(command: Command, measured_w: float, seen: BatteryObservation, battery: BatterySettings) -> bool:
    """Return whether a measured power is what was told, or as much of it as the state of charge allows."""
    if command.fits(measured_w):
        return True
    soc = believable(seen.soc_pct)
    is_part = abs(measured_w) <= TOLERANCE_W or 0 < measured_w / (command.power_w or 1) < 1
    return is_part and soc is not None and near_bound(battery, soc.value, command.power_w)


def _is_contradicted(sent: Sent, seen: BatteryObservation, battery: BatterySettings) -> bool:
    """Return whether power newer than the proof is something else."""
    power = believable(seen.power_w)
    if sent.is_auto or power is None or sent.proven_at is None or power.at <= sent.proven_at:
        return False
    return not _serves(sent.command, power.value, seen, battery)


def _has_left(sent: Sent, seen: BatteryObservation) -> bool:
    """Return whether it told, after the proof, a mode that we did not ask for: somebody else did, or it dropped out."""
    if sent.proven_at is None or seen.mode is None or sent.corrected:
        return False
    foreign = seen.mode.value not in {MODE_OF[sent.command.kind], Mode.UNKNOWN}
    return foreign and seen.mode.at > sent.proven_at
