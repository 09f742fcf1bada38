"""The schedule slots of a device's Manual mode."""

from collections.abc import Mapping
from dataclasses import dataclass

_DAY_MIN = 24 * 60
_WEEK_S = 7 * _DAY_MIN * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot: minutes of the day, weekdays (bit 0 is Monday), power (+ discharging)."""

    start_min: int
    end_min: int
    week_set: int
    power_w: int
    enabled: bool

    def acts(self, day: int, minute: int) -> bool:
        """Return whether it acts; the last minute is excluded, and one past midnight belongs to the day it began."""
        if not self.enabled:
            return False
        if self.start_min < self.end_min:
            return bool(self.week_set >> day & 1) and self.start_min <= minute < self.end_min
        if minute >= self.start_min:
            return bool(self.week_set >> day & 1)
        return minute < self.end_min and bool(self.week_set >> (day - 1) % 7 & 1)


def slots_power_w(slots: Mapping[int, Slot], week_s: float) -> float:
    """Return what all slots ask for together, at a time in seconds since a Monday's midnight.

    Every enabled slot acts, old ones next to new ones (jaapp#58, #121): their powers add up.
    """
    day, minute = divmod(int(week_s % _WEEK_S) // 60, _DAY_MIN)
    return float(sum(slot.power_w for slot in slots.values() if slot.acts(day, minute)))
