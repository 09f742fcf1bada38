"""One moment of the site: grid, house and batteries that belong together.

The meter is read in every cycle, a battery twice a minute or less. One that holds what it was told may be taken at any
reading of the meter. One that moves by itself may not: what it said 25 s ago does not belong to the meter of now, and
nobody can tell what it did since. So a moment is a reading of the meter at which all that was known, and it stays until
there is a newer one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from ..control.model import BatteryObservation, CommandKind, Mode, Timed
from ..control.net_load import outdated

CYCLE_S = 10.0
"""What is further apart is not of one moment."""
PATIENCE_S = 60.0
"""Where several move by themselves and are read in turns, or a meter tells seldom, what is closest has to do."""
STANDS_S = 150.0
"""A moment that is older is shown no longer: of what moves by itself nothing was heard since, on any firmware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One battery: its own power (W, + discharging) as it said last, and what else is known of it."""

    seen: BatteryObservation
    power_w: Timed[float]

    @property
    def is_outdated(self) -> bool:
        """Return whether it was told something else since it was read."""
        return self.seen.power_w is not None and outdated(self.seen, self.seen.power_w)

    @property
    def holds(self) -> bool:
        """Return whether it does what it was told, and so does now what it did when it was read."""
        outcome, mode = self.seen.outcome, self.seen.mode
        told = None if outcome is None else outcome.command.kind
        if mode is None or (outcome is not None and outcome.sent_at > mode.at):
            return told in {CommandKind.PASSIVE, CommandKind.MANUAL_IDLE}
        # Manual is a schedule, unless we told it to idle there.
        return mode.value is Mode.PASSIVE or (mode.value is Mode.MANUAL and told is CommandKind.MANUAL_IDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What flowed at one moment (W)."""

    at: float
    """When the meter was read (s)."""
    grid_w: float
    powers_w: Mapping[str, float]
    read_at: float = -inf
    """When the newest of those was read that move by themselves (s)."""
    is_whole: bool = True
    """Or what some battery did then is not known."""


def next_moment(
    before: Moment | None, meter_w: Timed[float] | None, members: Mapping[str, Member], *, is_complete: bool
) -> Moment | None:
    """Return the newest moment that is known; None without a meter.

    `members` are the batteries that are heard, `is_complete` whether these are all.
    """
    if meter_w is None:
        return None
    movers = [member.power_w.at for member in members.values() if not member.holds]
    powers_w = {key: member.power_w.value for key, member in members.items()}
    now = Moment(at=meter_w.at, grid_w=meter_w.value, powers_w=powers_w, read_at=max(movers, default=-inf))
    if not is_complete or before is None or not before.is_whole:
        # Without a battery nothing waits for the sum: it is unknown, and so is the house.
        is_known = is_complete and not _is_told(members) and _is_close(now.at, movers)
        return replace(now, is_whole=is_known)
    if now.at - before.at > STANDS_S:
        return replace(now, is_whole=_is_close(now.at, movers) and not _is_told(members))
    if _is_told(members) or (movers and now.read_at <= before.read_at):
        return before
    return now if _is_close(now.at, movers) or now.at - before.at > PATIENCE_S else before


def _is_told(members: Mapping[str, Member]) -> bool:
    """Return whether somebody was told something else since he was read."""
    return any(member.is_outdated for member in members.values())


def _is_close(at: float, read_at: Iterable[float]) -> bool:
    """Return whether all that was read belongs to one moment (s)."""
    return all(abs(at - each) <= CYCLE_S for each in read_at)
