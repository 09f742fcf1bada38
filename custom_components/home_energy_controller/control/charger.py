"""The charger of the car: what its owner told about it, and what is known of the car."""

from dataclasses import dataclass

NOTED_W = 50.0
"""A car that draws less is not charging, and a change by less says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSettings:
    """What the owner told."""

    phases: int = 1
    voltage_v: int = 230
    most_a: int = 16
    surplus_share: float = 0.85
    """What the car gets of a surplus while a battery has room for the rest."""
    low_tariff_w: int = 1400
    """What it gets without a surplus while energy is cheap; 0 for nothing."""
    batteries_may_feed: bool = False

    @property
    def step_w(self) -> int:
        """Return what one ampere is: chargers know whole ones only."""
        return self.phases * self.voltage_v


@dataclass(frozen=True, slots=True, kw_only=True)
class CarObservation:
    """What is known of the car; None is unknown."""

    connected: bool | None = None
    power_w: float | None = None
    """What it draws; without it, what it was meant to draw has to do."""
    output_w: float | None = None
    """What its charger is set to."""


def is_spared(settings: CarSettings | None, seen: CarObservation) -> bool:
    """Return whether the car draws, as far as its entities show, and the batteries may not feed it."""
    drawn_w = seen.output_w if seen.power_w is None else seen.power_w
    return settings is not None and not settings.batteries_may_feed and (drawn_w or 0.0) >= NOTED_W
