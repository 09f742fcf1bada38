"""The referee: what batteries do in a mode, minute by minute, and what it costs in energy.

It knows nothing of how the planner reckons. Signs: battery + discharging, grid + import; net load L = load - sun.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from math import inf
from typing import NamedTuple

from benchmarks.plan.homes import Home
from benchmarks.plan.inputs import PER_SLOT
from simulation.assumptions import MINIMUM_POWER
from simulation.physics import loss_w

MINUTE_H = 1 / 60


class Mode(StrEnum):
    """What the batteries are asked for in a slot; each follows sun and house within it."""

    NET_ZERO = "net_zero"
    CHARGE_ONLY = "charge_only"
    DISCHARGE_ONLY = "discharge_only"
    STANDBY = "standby"
    CHARGE_FROM_GRID = "charge_from_grid"
    DELIVER_TO_GRID = "deliver_to_grid"


class Quarter(NamedTuple):
    """What a quarter of an hour was."""

    imported_wh: float
    exported_wh: float
    energy_wh: float
    """In the cells at its end."""
    battery_out_wh: float
    battery_in_wh: float
    """Of the AC side."""


class Flow(NamedTuple):
    """Mean powers of a minute (W)."""

    battery_w: float
    grid_w: float


class Plant:
    """All batteries of a home as one; whatever they are asked for, they do what they can.

    Each unit at rest draws a little from its cells; at the reserve it takes that from the mains instead, so that the
    energy inside never leaves the range from reserve to full.
    """

    def __init__(self, home: Home, energy_wh: float | None = None) -> None:
        self.home = home
        self.floor_wh, self.full_wh = home.reserve_wh, home.capacity_wh
        self.energy_wh = min(max(self.floor_wh, energy_wh or 0.0), self.full_wh)
        self._discharge, self._charge = _losses_wh(home)
        self._rest_wh = self._charge[0]

    @property
    def soc_pct(self) -> float:
        """Return the state of charge of all."""
        return 100 * self.energy_wh / self.full_wh

    def band_w(self, mode: str, power_w: float = 0.0) -> tuple[float, float]:
        """Return lowest and highest power: the batteries serve the net load as far as it is between.

        The power of the grid modes is its size (W, positive or negative): so much at least is charged or delivered.
        """
        lowest_w, highest_w = {
            Mode.NET_ZERO: (-inf, inf),
            Mode.CHARGE_ONLY: (-inf, 0.0),
            Mode.DISCHARGE_ONLY: (0.0, inf),
            Mode.STANDBY: (0.0, 0.0),
            Mode.CHARGE_FROM_GRID: (-inf, -abs(power_w)),
            Mode.DELIVER_TO_GRID: (abs(power_w), inf),
        }[Mode(mode)]
        charge_w, discharge_w = self.home.charge_w, self.home.discharge_w
        return min(max(lowest_w, -charge_w), discharge_w), max(min(highest_w, discharge_w), -charge_w)

    def step(self, mode: str, power_w: float, load_w: float, pv_w: float) -> Flow:
        """Go on by a minute."""
        done = self._run(self.band_w(mode, power_w), (load_w - pv_w,))
        return Flow(
            (done.battery_out_wh - done.battery_in_wh) / MINUTE_H, (done.imported_wh - done.exported_wh) / MINUTE_H
        )

    def quarter(self, mode: str, power_w: float, net_w: Sequence[float], first: int = 0) -> Quarter:
        """Go on by fifteen minutes of net loads, from an index on."""
        return self._run(self.band_w(mode, power_w), net_w[first : first + PER_SLOT])

    def _run(self, band_w: tuple[float, float], net_w: Sequence[float]) -> Quarter:
        """Go on by minutes: kept plain, because a year has half a million."""
        lowest_w, highest_w = band_w
        energy_wh, floor_wh, full_wh, rest_wh = self.energy_wh, self.floor_wh, self.full_wh, self._rest_wh
        discharge, charge, least_w = self._discharge, self._charge, float(MINIMUM_POWER)
        imported_wh = exported_wh = out_wh = in_wh = 0.0
        for load_w in net_w:
            power_w = lowest_w if load_w < lowest_w else min(load_w, highest_w)
            drawn_wh = 0.0  # Of the batteries, from the mains.
            if power_w >= least_w:
                sent_wh = power_w * MINUTE_H
                drain_wh = sent_wh + discharge[int(power_w + 0.5)]
                energy_wh -= drain_wh
                if energy_wh < floor_wh:
                    share = max(0.0, 1.0 + (energy_wh - floor_wh) / drain_wh)
                    sent_wh *= share
                    drawn_wh, energy_wh = (1.0 - share) * rest_wh, floor_wh
                out_wh += sent_wh
                grid_wh = load_w * MINUTE_H - sent_wh
            elif power_w <= -least_w:
                drawn_wh = -power_w * MINUTE_H
                gain_wh = drawn_wh - charge[int(0.5 - power_w)]
                energy_wh += gain_wh
                if energy_wh > full_wh:
                    share = max(0.0, 1.0 - (energy_wh - full_wh) / gain_wh)
                    drawn_wh *= share
                    energy_wh = full_wh - (1.0 - share) * rest_wh
                elif energy_wh < floor_wh:  # So little is charged that less than nothing arrives.
                    drawn_wh += floor_wh - energy_wh
                    energy_wh = floor_wh
                grid_wh = load_w * MINUTE_H
            else:
                energy_wh -= rest_wh
                if energy_wh < floor_wh:
                    drawn_wh, energy_wh = floor_wh - energy_wh, floor_wh
                grid_wh = load_w * MINUTE_H
            in_wh += drawn_wh
            grid_wh += drawn_wh
            if grid_wh > 0.0:
                imported_wh += grid_wh
            else:
                exported_wh -= grid_wh
        self.energy_wh = energy_wh
        return Quarter(imported_wh, exported_wh, energy_wh, out_wh, in_wh)


@cache
def _losses_wh(home: Home) -> tuple[list[float], list[float]]:
    """Return what is lost in a minute by whole watts, discharging and charging: over the units that lose least."""
    return (
        [_least_loss_w(power_w, home.batteries, home.unit_discharge_w) / 60 for power_w in _watts(home.discharge_w)],
        [_least_loss_w(-power_w, home.batteries, home.unit_charge_w) / 60 for power_w in _watts(home.charge_w)],
    )


def _watts(most_w: float) -> range:
    """Return whole watts from 0 on; one more for what is rounded up."""
    return range(int(most_w) + 2)


def _least_loss_w(power_w: float, units: int, unit_w: float) -> float:
    """Return the least that units lose together at a power; those that are not needed stand still."""
    if abs(power_w) < MINIMUM_POWER:
        return units * loss_w(0.0)
    counts = [count for count in range(1, units + 1) if abs(power_w) <= count * unit_w + 1]
    return min(count * loss_w(power_w / count) + (units - count) * loss_w(0.0) for count in counts or [units])
