"""What is known of a battery that did not do what it was told, and for how long it gets no work."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from ..model import BatteryObservation, Health, Mode
from ..settings import BatterySettings

PAUSES_S = (120.0, 300.0, 600.0)
"""Without work for so long after the first, the second and every later failure."""
FORGOTTEN_S = 3600.0
"""After so long without a failure the pauses begin anew."""
DROPS, DROPS_S = 3, 600.0
"""One that drops out so often does not follow; jaapp#145 saw it four times in two hours, and that is repaired."""
FOREIGN_AGAIN_S = 600.0
"""A foreign change is corrected once: whoever repeats it within this time means it."""
TAKEN_S = 3600.0
"""A battery that was left to somebody else is taken back after so long without a sign of them."""
CONTRADICTED_S = 60.0
"""Beyond the last cycle in which the meter still contradicted a battery."""
THEIRS = {Mode.AI, Mode.UPS}
"""Nothing falls into these by itself: somebody chose them."""


class Diagnosis(StrEnum):
    """What a battery did last instead of what it was told."""

    UNANSWERED = "unanswered"
    REFUSED = "refused"
    """It said no (`set_result: false`)."""
    IGNORED = "ignored"
    """It said yes and did nothing (jaapp#140)."""
    SECOND_SEND = "second_send"
    """It said yes, and did it only when sent again (jaapp#72, #46)."""
    DROPPED = "dropped"
    """It did it, and stopped without a word (jaapp#145)."""
    EXPIRED = "expired"
    """No renewal reached it in time."""
    FOREIGN = "foreign"
    """It did it until somebody else changed its mode."""
    LIMITED = "limited"
    """It gives less than it was told, and goes on giving that: its power class is lower, or it is hot."""
    STUCK = "stuck"
    """At Passive 0 W something goes on flowing (JS-DE)."""
    WRONG_SIGN = "wrong_sign"
    CONTRADICTED = "contradicted"
    """The meter does not show what it measures, or the opposite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustState:
    """What is remembered of one battery."""

    diagnosis: Diagnosis | None = None
    """The newest trouble."""
    health: Health = Health.NOT_FOLLOWING
    """What it is while it gets no work."""
    locked_out_until: float = -inf
    failures: int = 0
    """Failures that made it lose its work."""
    drops: tuple[float, ...] = ()
    foreign_at: float = -inf
    mode: Mode | None = None
    """What it was read in while somebody else runs it."""
    invited: bool = False
    """Its owner said that it is ours, whatever it was found in."""

    def lockout(self, now: float) -> Health | None:
        """Return why it gets no work now, None if it does."""
        return self.health if now < self.locked_out_until else None

    def failed(self, diagnosis: Diagnosis, now: float) -> TrustState:
        """Return the trust in a battery that gets no work for a while, longer each time."""
        failures = self.failures if now - self.locked_out_until <= FORGOTTEN_S else 0
        # What drops out mostly goes on doing so, and serves well as the leader meanwhile.
        pause_s = PAUSES_S[-1 if diagnosis is Diagnosis.DROPPED else min(failures, len(PAUSES_S) - 1)]
        return replace(
            self,
            diagnosis=diagnosis,
            health=Health.NOT_FOLLOWING,
            locked_out_until=now + pause_s,
            failures=failures + 1,
            drops=(),
        )

    def lost(self, cause: Diagnosis, mode: Mode | None, now: float) -> TrustState:
        """Return the trust in a battery that no longer does what it was proven to do."""
        if cause is Diagnosis.DROPPED:
            drops = (*(at for at in self.drops if now - at <= DROPS_S), now)
            return self.failed(cause, now) if len(drops) >= DROPS else replace(self, diagnosis=cause, drops=drops)
        if cause is not Diagnosis.FOREIGN:
            return replace(self, diagnosis=cause)
        if mode in THEIRS or now - self.foreign_at <= FOREIGN_AGAIN_S:
            return self.taken(mode, now)
        return replace(self, diagnosis=cause, foreign_at=now)

    def obeyed(self, now: float, *, again: bool, works: bool) -> TrustState:
        """Return the trust in a battery that does what it was told, perhaps only when sent again."""
        diagnosis = Diagnosis.SECOND_SEND if again else self.diagnosis
        # Idle, it has not shown that it would follow. One that drops out did what it was told as well.
        lifted = works and self.health is Health.NOT_FOLLOWING and self.diagnosis is not Diagnosis.DROPPED
        return replace(
            self,
            diagnosis=diagnosis,
            locked_out_until=min(self.locked_out_until, now) if lifted else self.locked_out_until,
        )

    def taken(self, mode: Mode | None, now: float) -> TrustState:
        """Return the trust in a battery that is left to somebody else."""
        until = now + TAKEN_S
        return replace(self, diagnosis=Diagnosis.FOREIGN, health=Health.TAKEN, locked_out_until=until, mode=mode)

    def wrong(self) -> TrustState:
        """Return the trust in a battery that does the opposite: refused until its settings are looked at."""
        return replace(self, diagnosis=Diagnosis.WRONG_SIGN, health=Health.WRONG_SIGN, locked_out_until=inf)

    def contradicted(self, now: float) -> TrustState:
        """Return the trust in a battery that gets no work as long as the meter contradicts it."""
        until = now + CONTRADICTED_S
        health = Health.NOT_FOLLOWING
        return replace(self, diagnosis=Diagnosis.CONTRADICTED, health=health, locked_out_until=until)

    def watched(self, seen: BatteryObservation, battery: BatterySettings, now: float, *, commanded: bool) -> TrustState:
        """Return the standing as what it is read in makes it."""
        mode = None if seen.mode is None else seen.mode.value
        if self.lockout(now) is Health.TAKEN:
            return self.taken(mode, now) if mode in THEIRS or (mode and mode is not self.mode) else self
        # It was found in something else, and we have sent it nothing since a restart: somebody came between.
        changed = battery.found_mode is not None and battery.found_mode not in THEIRS and mode in THEIRS
        return self.taken(mode, now) if changed and not commanded and not self.invited else self

    def reset(self) -> TrustState:
        """Return the trust in a battery that its owner wants back; one that does the opposite stays out."""
        return self if self.health is Health.WRONG_SIGN else TrustState(invited=True)
