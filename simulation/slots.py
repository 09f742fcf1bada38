"""The schedule slots of a device's Manual mode."""

from collections.abc import Iterable
from dataclasses import dataclass


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
        overnight = self.start_min >= self.end_min
        if overnight and minute < self.end_min:
            return self.enabled and bool(self.week_set >> (day - 1) % 7 & 1)
        today = self.enabled and bool(self.week_set >> day & 1)
        return today and minute >= self.start_min and (overnight or minute < self.end_min)


def slots_power_w(slots: Iterable[Slot], week_s: float) -> float:
    """Return what all slots ask for together (old ones too: jaapp#58, #121), in seconds since Monday's midnight."""
    day, minute = divmod(int(week_s) // 60 % 10_080, 1440)
    return float(sum(slot.power_w for slot in slots if slot.acts(day, minute)))
