"""When each battery is read beside its polls: to prove a command, or because Auto may do one direction only."""

from collections.abc import Mapping

from ..model import Decision, Snapshot
from ..settings import Settings
from .tracking import TrackedCommand

READ_AFTER_S = (5.0, 10.0, 20.0, 40.0)
"""When power, or where that cannot tell the mode, is read after a send until it proves it."""
WATCH_S = 10.0
"""Between two readings of a battery in Auto that may do one direction only."""


def watched(decision: Decision, snapshot: Snapshot) -> dict[str, float]:
    """Return when the batteries in Auto are read that may do one direction only."""
    watched_ids = (target.battery_id for target in decision.targets if target.is_watched)
    powers = ((battery_id, snapshot.battery(battery_id).power_w) for battery_id in watched_ids)
    return {battery_id: power.at + WATCH_S for battery_id, power in powers if power is not None}


def proofs_wanted(
    tracked: Mapping[str, TrackedCommand], settings: Settings, snapshot: Snapshot, now: float
) -> dict[str, float]:
    """Return from when on a reading of each unproven battery is wanted."""
    reads: dict[str, float] = {}
    delays_s = {battery.battery_id: battery.mode_read_delay_s for battery in settings.batteries}
    for battery_id, command in tracked.items():
        if command.proven_at is not None:
            continue
        seen = snapshot.battery(battery_id)
        reading = seen.mode if command.needs_mode else seen.power_w
        earliest_s = delays_s[battery_id] if command.needs_mode else 0.0
        marks = [command.sent_at + after_s for after_s in READ_AFTER_S if after_s >= earliest_s]
        passed = [mark for mark in marks if mark <= now]
        if passed and (reading is None or reading.at < passed[-1]):
            reads[battery_id] = passed[-1]
        elif len(passed) < len(marks):
            reads[battery_id] = marks[len(passed)]
    return reads
