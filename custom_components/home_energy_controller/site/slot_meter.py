"""What house and batteries did in each quarter of an hour, measured by ourselves."""

from dataclasses import dataclass
from datetime import datetime

from ..planning.slots import SLOT_S, slot_of

LONGEST_GAP_S = 60.0
"""Two cycles further apart tell nothing about the time between them."""
WHOLE_SHARE = 0.8
"""Of a slot, that has to be measured for it to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSlot:
    """A slot that has passed."""

    slot: int
    measured_s: float = 0.0
    imported_ws: float = 0.0
    exported_ws: float = 0.0
    battery_ws: float = 0.0
    """+ discharged."""

    @property
    def is_whole(self) -> bool:
        """Return whether enough of it was measured."""
        return self.measured_s >= WHOLE_SHARE * SLOT_S

    @property
    def net_load_w(self) -> float:
        """Return the mean of what the house used less what the sun gave."""
        return (self.imported_ws - self.exported_ws + self.battery_ws) / self.measured_s if self.measured_s else 0.0

    @property
    def imported_kwh(self) -> float:
        """Return the energy from the grid; what was not measured was as the rest."""
        return self._whole_kwh(self.imported_ws)

    @property
    def exported_kwh(self) -> float:
        """Return the energy to the grid."""
        return self._whole_kwh(self.exported_ws)

    def _whole_kwh(self, energy_ws: float) -> float:
        return energy_ws * SLOT_S / self.measured_s / 3.6e6 if self.measured_s else 0.0


class SlotMeter:
    """Adds up powers from cycle to cycle."""

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self._slot: MeasuredSlot | None = None
        self._last: tuple[float, float, float] | None = None
        """When (monotonic s), and the powers of grid and batteries (W) that have held since then."""

    def add(self, moment: datetime, at: float, grid_w: float | None, battery_w: float | None) -> MeasuredSlot | None:
        """Add what is measured at a moment (`at` by the monotonic clock); return a slot that has just ended."""
        slot = slot_of(moment)
        done = self._slot if self._slot is not None and self._slot.slot != slot else None
        before = self._slot if self._slot is not None and done is None else MeasuredSlot(slot=slot)
        if self._last is not None and 0 < at - self._last[0] <= LONGEST_GAP_S:
            since, last_grid_w, last_battery_w = self._last
            seconds = at - since
            before = MeasuredSlot(
                slot=slot,
                measured_s=before.measured_s + seconds,
                imported_ws=before.imported_ws + max(0.0, last_grid_w) * seconds,
                exported_ws=before.exported_ws + max(0.0, -last_grid_w) * seconds,
                battery_ws=before.battery_ws + last_battery_w * seconds,
            )
        self._slot = before
        self._last = None if grid_w is None or battery_w is None else (at, grid_w, battery_w)
        return done
