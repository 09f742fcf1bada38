"""Whether a meter shows usage only: it stops at 0 where the house feeds into the grid."""

from typing import Final

from .base import MeterReading

NEAR_ZERO_W: Final = 2.0
CHARGING_W: Final = 100.0
"""Batteries that charge while the grid gives nothing live on the sun: a meter that sees both ways never stands."""
LONGEST_STEP_S: Final = 30.0
"""Between two readings: of a longer gap nothing is known."""
LONG_S: Final = 600.0
LONG_COARSE_S: Final = 3600.0
"""The same where it rounds: a leader that reads a better meter keeps it at 0 by itself."""
COARSE_W: Final = 5.0


class UsageWatch:
    """Looks for export, and for zeros that should have been export."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._shows_export = False
        self._last: MeterReading | None = None
        self._floor_w = NEAR_ZERO_W
        """The least that was ever shown."""
        self._stood_s = 0.0
        """For so long it stood there while the batteries charged."""

    def is_usage_only(self, reading: MeterReading, batteries_w: float) -> bool:
        """Take note of a reading, while the batteries deliver `batteries_w`; return whether the meter shows usage only.

        Once export was seen, it never is.
        """
        self._shows_export = self._shows_export or reading.is_export
        self._floor_w = min(self._floor_w, reading.power_w)
        last, self._last = self._last, reading
        stands = last is not None and last.power_w == reading.power_w == self._floor_w and batteries_w <= -CHARGING_W
        if last is not None and stands:
            self._stood_s += min(LONGEST_STEP_S, reading.at - last.at)
        least_s = LONG_COARSE_S if reading.step_w >= COARSE_W else LONG_S
        return not self._shows_export and self._stood_s >= least_s
