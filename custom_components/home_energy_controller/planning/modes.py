"""What the batteries may be asked to do in a slot, and what it costs: the seconds stay with the leader."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import inf
from typing import Final

from ..control.losses import loss_w
from ..control.model import Strategy
from .slots import SLOT_H

POINTS = (-1.2247, 0.0, 1.2247)
"""Of the net load within a slot, in standard deviations: three, equally likely, of the right mean and spread."""
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of the batteries' power, at which the grid is used on purpose."""
DRAIN_STEP_W = 10


class PlanMode(StrEnum):
    """What the batteries do in a slot; each follows sun and house within it."""

    NET_ZERO = "net_zero"
    CHARGE_ONLY = "charge_only"
    DISCHARGE_ONLY = "discharge_only"
    STANDBY = "standby"
    CHARGE_FROM_GRID = "charge_from_grid"
    DELIVER_TO_GRID = "deliver_to_grid"


STRATEGIES: Final = {
    PlanMode.NET_ZERO: Strategy.ZERO,
    PlanMode.CHARGE_ONLY: Strategy.ZERO_CHARGE_ONLY,
    PlanMode.DISCHARGE_ONLY: Strategy.ZERO_DISCHARGE_ONLY,
    PlanMode.STANDBY: Strategy.STANDBY,
    PlanMode.CHARGE_FROM_GRID: Strategy.CHARGE_FROM_GRID,
    PlanMode.DELIVER_TO_GRID: Strategy.DELIVER_TO_GRID,
}
"""What control is told in a mode."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A mode, and at least how much flows (W, + discharging) where the grid is used on purpose."""

    mode: PlanMode
    power_w: int = 0

    def band_w(self, charge_w: float, discharge_w: float) -> tuple[float, float]:
        """Return lowest and highest power (W, + discharging): between them the batteries serve the net load.

        At most `charge_w` and `discharge_w` (both positive) flow.
        """
        match self.mode:
            case PlanMode.NET_ZERO:
                return -charge_w, discharge_w
            case PlanMode.CHARGE_ONLY:
                return -charge_w, 0.0
            case PlanMode.DISCHARGE_ONLY:
                return 0.0, discharge_w
            case PlanMode.STANDBY:
                return 0.0, 0.0
            case PlanMode.CHARGE_FROM_GRID:
                return -charge_w, max(-charge_w, self.power_w)
        return min(discharge_w, self.power_w), discharge_w


NET_ZERO = Choice(PlanMode.NET_ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """All batteries of the site as one, and what their owner allows."""

    units: int
    usable_wh: float
    """Between the owner's reserve and maximum."""
    charge_w: float
    discharge_w: float
    """The most that all together do (W, both positive)."""
    max_import_w: float = inf
    max_export_w: float = inf
    """Of the connection; batteries add nothing beyond."""
    may_charge_from_grid: bool = False
    may_deliver_to_grid: bool = False

    def choices(self) -> tuple[Choice, ...]:
        """Return what may be asked for."""
        free = [Choice(mode) for mode in (PlanMode.NET_ZERO, PlanMode.CHARGE_ONLY, PlanMode.DISCHARGE_ONLY)]
        grid = []
        if self.may_charge_from_grid:
            grid += [Choice(PlanMode.CHARGE_FROM_GRID, -round(share * self.charge_w)) for share in SHARES]
        if self.may_deliver_to_grid:
            grid += [Choice(PlanMode.DELIVER_TO_GRID, round(share * self.discharge_w)) for share in SHARES]
        return (*free, Choice(PlanMode.STANDBY), *(choice for choice in grid if choice.power_w))

    def power_w(self, choice: Choice, net_load_w: float) -> float:
        """Return what the batteries do (W, + discharging) while they are neither full nor empty."""
        return self.power_in_w(choice.band_w(self.charge_w, self.discharge_w), net_load_w)

    def power_in_w(self, band_w: tuple[float, float], net_load_w: float) -> float:
        """Return what the batteries do within a band of powers, and within the limits of the connection."""
        lowest_w, highest_w = band_w
        power_w = lowest_w if net_load_w < lowest_w else min(net_load_w, highest_w)
        if power_w < 0:
            return min(0.0, max(power_w, net_load_w - self.max_import_w))
        return max(0.0, min(power_w, net_load_w + self.max_export_w))

    def drain_w(self, power_w: float) -> float:
        """Return what leaves the cells (W; negative is what enters them) at an AC power."""
        return _drain_w(round(power_w / DRAIN_STEP_W), self.units) + power_w


@lru_cache(maxsize=16384)
def _drain_w(steps: int, units: int) -> float:
    """Return what is lost (W), spread over the number of units that loses least; those at rest lose a little too."""
    power_w, rest_w = steps * DRAIN_STEP_W, loss_w(0.0)
    return min(count * loss_w(power_w / count) + (units - count) * rest_w for count in range(1, units + 1))


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one slot: net load (W) with its spread within the slot, and prices per kWh."""

    net_load_w: float
    spread_w: float
    buy: float
    sell: float

    @property
    def points_w(self) -> tuple[float, ...]:
        """Return net loads (W) that stand for all that occur."""
        return tuple(self.net_load_w + point * self.spread_w for point in POINTS)

    @property
    def rest_cost(self) -> float:
        """Return what the slot costs while the batteries do nothing."""
        return self.cost(self.points_w)

    def cost(self, grid_w: Iterable[float]) -> float:
        """Return what the slot costs at powers of the grid (W, + import), each as likely as the others."""
        rates = sum([power_w * (self.buy if power_w > 0 else self.sell) for power_w in grid_w])
        return rates / len(POINTS) * SLOT_H / 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a choice makes of a slot, on the average of its points."""

    cost: float
    """Of the grid's energy, in the currency of the prices."""
    change_wh: float
    """Of the energy in the cells."""
    rest_cost: float
    """While the batteries can do nothing: full or empty."""

    def within(self, energy_wh: float, usable_wh: float) -> tuple[float, float]:
        """Return cost and energy at the end, from an energy at the begin: what does not fit is left to the grid."""
        room_wh = usable_wh - energy_wh if self.change_wh > 0 else energy_wh
        share = min(1.0, room_wh / abs(self.change_wh)) if self.change_wh else 1.0
        return self.rest_cost + share * (self.cost - self.rest_cost), energy_wh + share * self.change_wh


def outcome(choice: Choice, expected: Expected, storage: Storage) -> Outcome:
    """Return what a choice makes of a slot."""
    return outcomes((choice,), expected, storage)[0]


def outcomes(choices: Iterable[Choice], expected: Expected, storage: Storage) -> tuple[Outcome, ...]:
    """Return what each choice makes of a slot; those that do the same share one."""
    net_loads_w = expected.points_w
    rest_cost = expected.cost(net_loads_w)
    by_powers: dict[tuple[float, ...], Outcome] = {}
    made = []
    for choice in choices:
        band_w = choice.band_w(storage.charge_w, storage.discharge_w)
        powers_w = tuple([storage.power_in_w(band_w, net_load_w) for net_load_w in net_loads_w])
        if powers_w not in by_powers:
            grid_w = [net_load_w - power_w for net_load_w, power_w in zip(net_loads_w, powers_w, strict=True)]
            drained_w = sum([storage.drain_w(power_w) for power_w in powers_w]) / len(POINTS)
            by_powers[powers_w] = Outcome(expected.cost(grid_w), -drained_w * SLOT_H, rest_cost)
        made.append(by_powers[powers_w])
    return tuple(made)
