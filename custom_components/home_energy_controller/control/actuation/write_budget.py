"""How often a battery is written: each write is flash and Wi-Fi of a small device, and a flood has frozen some.

What takes power away never waits, nor does a renewal that is due; what adds power, starts Auto or says something again
waits until the battery's pace allows it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from ..model import TOLERANCE_W, BatteryMode, Command, CommandKind, Snapshot, Strategy, Timed
from ..settings import Settings
from .tracking import TrackedCommand

HOUR_S = 3600.0
MOST_PER_HOUR = 60
PAUSE_S, LONG_PAUSE_S = 5.0, 150.0
"""After a write; the long one makes renewals superfluous."""
SOON_PER_HOUR = 38
"""So many writes in an hour have the short pause: they take 185 s, and 3415 s leave 22 more.

A long pause from 30 on cost 1.7 ct/day of mean regret in the simulated homes; from 38 on it costs nothing there.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """What one battery was sent."""

    at: tuple[float, ...] = ()
    """When, in the hour before the newest."""
    busiest_hour: int = 0
    exceptions: int = 0
    """Writes that did not wait for their pace."""
    last: Command | None = None

    def in_last_hour(self, now: float) -> int:
        """Return how many there were."""
        return sum(at > now - HOUR_S for at in self.at)

    def next_at(self, now: float, *, is_auto: bool = False) -> float:
        """Return from when on something may be sent that can wait; Auto ends a handover, which cannot wait for long."""
        if not self.at:
            return -inf
        count = self.in_last_hour(now)
        if count >= MOST_PER_HOUR:
            return self.at[-MOST_PER_HOUR] + HOUR_S
        return self.at[-1] + (PAUSE_S if is_auto or count < SOON_PER_HOUR else LONG_PAUSE_S)

    def added(self, command: Command, now: float) -> Writes:
        """Return them with one that is sent now."""
        at = (*(at for at in self.at if at > now - HOUR_S), now)
        exceptions = self.exceptions + (now < self.next_at(now, is_auto=command.kind is CommandKind.AUTO))
        return Writes(at=at, busiest_hour=max(self.busiest_hour, len(at)), exceptions=exceptions, last=command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """What is sent in a cycle, and what is not sent yet."""

    tracked: Mapping[str, TrackedCommand]
    """What each battery has been told after this cycle; where the new has to wait, what it was told before."""
    commands: tuple[Command, ...]
    waits_until: tuple[float, ...]
    writes: Mapping[str, Writes]


def paced(
    after: Mapping[str, TrackedCommand],
    before: Mapping[str, TrackedCommand],
    writes: Mapping[str, Writes],
    snapshot: Snapshot,
    now: float,
) -> Paced:
    """Return what of that which batteries are to be told now is sent now."""
    tracked, commands, waits = dict(after), [], []
    for key, new in after.items():
        old = before.get(key)
        if old is not None and new.sent_at <= old.sent_at and new.command == old.command:
            continue
        next_at = writes.get(key, Writes()).next_at(now, is_auto=new.is_auto)
        if now < next_at and can_wait(new, old, snapshot.battery(key).power_w):
            waits.append(next_at)
            if old is None:
                del tracked[key]
            else:
                tracked[key] = old
        else:
            commands.append(new.command)
    return Paced(
        tracked=tracked, commands=tuple(commands), waits_until=tuple(waits), writes=count(writes, commands, now)
    )


def count(writes: Mapping[str, Writes], commands: Iterable[Command], now: float) -> Mapping[str, Writes]:
    """Return what the batteries were sent, with commands that are sent now."""
    counted = dict(writes)
    for command in commands:
        counted[command.battery_id] = counted.get(command.battery_id, Writes()).added(command, now)
    return counted


def can_wait(after: TrackedCommand, before: TrackedCommand | None, power: Timed[float] | None) -> bool:
    """Return whether what a battery is told may wait: it ends nothing that it does, or was told before."""
    command = after.command
    if after.is_release or command.kind is CommandKind.MANUAL_IDLE:
        return False
    if before is not None and after.sent_at > before.sent_at and replace(after, sent_at=before.sent_at) == before:
        return False  # Only the countdown begins anew: let run out, the battery does what it likes.
    if command.kind is CommandKind.AUTO:
        return True
    if before is None:
        if after.may_be_auto or (power is None and not command.power_w):
            return False
    elif before.is_release and command.power_w:
        return True  # It was let go, and is taken up again.
    elif before.is_auto or (before.may_be_auto and command == before.command):
        return False  # It takes the battery out of Auto, or is sent again because that did not work.
    elif _is_ended(before.command.power_w, command.power_w):
        return False
    return power is None or not _is_ended(power.value, command.power_w, TOLERANCE_W)


def _is_ended(power_w: float, by_w: float, tolerance_w: float = 0.0) -> bool:
    """Return whether a power goes away, or a part of it, when another takes its place."""
    return abs(power_w) > tolerance_w + (abs(by_w) if power_w * by_w > 0 else 0.0)


def paced_settings(settings: Settings, before: Settings | None, writes: Mapping[str, Writes], now: float) -> Settings:
    """Return settings in which a power that people change again and again changes at the pace of the batteries.

    0 W acts at once. The last value is the one that comes; until then the limits act on the one before.
    """
    if before is None:
        return settings
    waiting = {key for key, own in writes.items() if now < own.next_at(now)}
    before_by_id = {battery.battery_id: battery for battery in before.batteries}
    batteries = tuple(
        replace(battery, battery_mode=old.battery_mode, fixed_power_w=old.fixed_power_w)
        if (old := before_by_id.get(battery.battery_id)) is not None
        and battery.battery_id in waiting
        and battery.battery_mode is BatteryMode.FIXED
        and battery.fixed_power_w
        else battery
        for battery in settings.batteries
    )
    settings = replace(settings, batteries=batteries)
    is_fixed = settings.strategy is before.strategy is Strategy.FIXED and settings.enabled and before.enabled
    if is_fixed and waiting and settings.setpoint_w:
        return replace(settings, setpoint_w=before.setpoint_w)
    return settings
