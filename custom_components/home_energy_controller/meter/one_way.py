"""Whether a meter shows usage only: it stops at 0 where the house feeds into the grid."""

from typing import Final

from .base import MeterReading

NEAR_ZERO_W: Final = 2.0
CHARGING_W: Final = 100.0
"""Batteries that charge while the grid gives nothing live on the sun: a meter that sees both ways never stands."""
RUN_S: Final = 120.0
"""So long it has to stand at one value for it to count."""
LONG_S: Final = 600.0
LONG_COARSE_S: Final = 3600.0
"""The same where it rounds: a leader that reads a better meter keeps it at 0 by itself."""
COARSE_W: Final = 5.0


class UsageWatch:
    """Looks for export, and for zeros that should have been export."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._shows_export = False
        self._value_w = 0.0
        self._since: float | None = None
        self._stood_s = 0.0

    def is_usage_only(self, reading: MeterReading, batteries_w: float) -> bool:
        """Take note of a reading, while the batteries deliver `batteries_w`; return whether the meter shows usage only.

        Once export was seen, it never is.
        """
        self._shows_export = self._shows_export or reading.is_export
        stands = abs(reading.power_w) <= NEAR_ZERO_W and batteries_w <= -CHARGING_W
        if not stands or self._since is None or reading.power_w != self._value_w:
            self._since = reading.at if stands else None
            self._value_w = reading.power_w
        elif (run_s := reading.at - self._since) >= RUN_S:
            self._stood_s, self._since = self._stood_s + run_s, reading.at
        least_s = LONG_COARSE_S if reading.step_w >= COARSE_W else LONG_S
        return not self._shows_export and self._stood_s >= least_s
