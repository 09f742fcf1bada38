"""The powers that may flow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerRange:
    """The most that may flow (W, both positive)."""

    charge_w: float = 0.0
    discharge_w: float = 0.0

    def __or__(self, other: PowerRange) -> PowerRange:
        """Return what reaches as far as either."""
        return PowerRange(
            charge_w=max(self.charge_w, other.charge_w), discharge_w=max(self.discharge_w, other.discharge_w)
        )

    def __and__(self, other: PowerRange) -> PowerRange:
        """Return what reaches no further than both."""
        return PowerRange(
            charge_w=min(self.charge_w, other.charge_w), discharge_w=min(self.discharge_w, other.discharge_w)
        )

    @property
    def both(self) -> bool:
        """Return whether power may flow either way."""
        return self.charge_w > 0 and self.discharge_w > 0

    def limit_w(self, direction: float) -> int:
        """Return the most that may flow (W, positive): discharging for a positive direction, else charging."""
        return int(self.discharge_w if direction > 0 else self.charge_w)

    def clamped(self, power_w: float) -> int:
        """Return the nearest power (W, + discharging) within reach."""
        return round(max(-self.charge_w, min(self.discharge_w, power_w)))


def range_of(power_w: float) -> PowerRange:
    """Return the reach of one power (W, + discharging)."""
    return PowerRange(charge_w=max(0.0, -power_w), discharge_w=max(0.0, power_w))
