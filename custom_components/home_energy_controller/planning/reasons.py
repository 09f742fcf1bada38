"""Why a slot is planned as it is: one sentence's worth of numbers, for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .forecasts import Outlook
from .modes import PlanMode
from .optimiser import Step
from .slots import PER_DAY

NOTED_W = 50.0
"""A net load within this is neither surplus nor deficit."""
NOTED_WH = 30.0
"""Closer to full or empty than this is full or empty."""
CHARGING = frozenset({PlanMode.NET_ZERO, PlanMode.CHARGE_ONLY, PlanMode.CHARGE_FROM_GRID})
SERVING = frozenset({PlanMode.NET_ZERO, PlanMode.DISCHARGE_ONLY, PlanMode.DELIVER_TO_GRID})


class Why(StrEnum):
    """The kinds of sentences; each is translated with its numbers."""

    CHEAP_NOW = "cheap_now"
    """From the grid at `price`, because later, `at`, it costs `other_price`."""
    SOLD = "sold"
    """To the grid at `price`: kept it would be worth `other_price`."""
    KEPT = "kept"
    """Not used at `price` now, but `at`, when it costs `other_price`."""
    ROOM_KEPT = "room_kept"
    """The surplus is sold at `price` now: there will be a cheaper one, `at`, at `other_price`."""
    SURPLUS_SOLD = "surplus_sold"
    """The surplus is sold at `price`: stored it would be worth `other_price`."""
    STORED = "stored"
    """The surplus is stored: sold it would bring `price`, stored it is worth `other_price`."""
    SERVES = "serves"
    """The house is served: bought it would cost `price`, kept it is worth `other_price`."""
    FULL = "full"
    EMPTY = "empty"
    BALANCED = "balanced"
    """House and sun need about the same."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, with its numbers; prices are per kWh."""

    why: Why
    price: float
    other_price: float
    at: int | None = None
    """The slot for which it is done."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is planned, step after step, in what is expected."""

    outlook: Outlook
    steps: Sequence[Step]
    usable_wh: float

    def reason(self, index: int, worth: float) -> Reason:
        """Return why a step is as it is; `worth` is the value of stored energy (per kWh) after it."""
        step, slot = self.steps[index], self.outlook.slots[index]
        mode = step.choice.mode
        if mode is PlanMode.CHARGE_FROM_GRID:
            return self._for_later(Why.CHEAP_NOW, index, worth)
        if mode is PlanMode.DELIVER_TO_GRID and step.energy_wh > NOTED_WH:
            return Reason(Why.SOLD, slot.sell, worth)
        if slot.net_load_w < -NOTED_W:
            return self._of_surplus(index, worth)
        if slot.net_load_w <= NOTED_W:
            return Reason(Why.BALANCED, slot.buy, worth)
        if step.energy_wh < NOTED_WH:
            return Reason(Why.EMPTY, slot.buy, worth)
        return Reason(Why.SERVES, slot.buy, worth) if mode in SERVING else self._for_later(Why.KEPT, index, worth)

    def _of_surplus(self, index: int, worth: float) -> Reason:
        """Return why a surplus is stored, or sold."""
        step, slot = self.steps[index], self.outlook.slots[index]
        if step.energy_wh > self.usable_wh - NOTED_WH:
            return Reason(Why.FULL, slot.sell, worth)
        if step.choice.mode in CHARGING:
            return Reason(Why.STORED, slot.sell, worth)
        cheaper = min(self._charged_later(index), key=self._charging_price, default=None)
        if cheaper is None or self._charging_price(cheaper) >= slot.sell:
            return Reason(Why.SURPLUS_SOLD, slot.sell, worth)
        return Reason(Why.ROOM_KEPT, slot.sell, self._charging_price(cheaper), self.outlook.first + cheaper)

    def _for_later(self, why: Why, index: int, worth: float) -> Reason:
        """Return a reason in the slot in which the energy is used; beyond the horizon, only its worth is known."""
        price, use = self.outlook.slots[index].buy, self._use(index)
        if use is None:
            return Reason(why, price, worth)
        return Reason(why, price, self.outlook.slots[use].buy, self.outlook.first + use)

    def _use(self, index: int) -> int | None:
        """Return the dearest slot in which what is stored now is used: until empty, or charged for the time after."""
        used: list[int] = []
        for later in range(index + 1, len(self.steps)):
            mode, is_empty = self.steps[later].choice.mode, self.steps[later].energy_wh < NOTED_WH
            if used and (is_empty or mode is PlanMode.CHARGE_FROM_GRID):
                break
            serves = mode in SERVING and self.outlook.slots[later].net_load_w > NOTED_W
            if serves or mode is PlanMode.DELIVER_TO_GRID:
                used.append(later)
        return max(used, key=lambda later: self.outlook.slots[later].buy, default=None)

    def _charged_later(self, index: int) -> Iterator[int]:
        """Return the later slots of a day in which the batteries are charged."""
        for later in range(index + 1, min(index + PER_DAY, len(self.steps))):
            mode, is_surplus = self.steps[later].choice.mode, self.outlook.slots[later].net_load_w < -NOTED_W
            if mode is PlanMode.CHARGE_FROM_GRID or (mode in CHARGING and is_surplus):
                yield later

    def _charging_price(self, index: int) -> float:
        """Return what a kWh costs that is charged in a slot: bought, or not sold."""
        is_bought = self.steps[index].choice.mode is PlanMode.CHARGE_FROM_GRID
        return self.outlook.slots[index].buy if is_bought else self.outlook.slots[index].sell
