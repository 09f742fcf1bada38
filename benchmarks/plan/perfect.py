"""Perfect foresight: all minutes of the year known before. What nobody can have, and all are measured against."""

from array import array
from collections.abc import Mapping

from benchmarks.plan.homes import Home, Year
from benchmarks.plan.inputs import PER_SLOT
from benchmarks.plan.planners import Allowed
from benchmarks.plan.plant import MINUTE_H, Mode, Plant
from benchmarks.plan.view import View, Wish
from custom_components.home_energy_controller.planning.modes import Outcome
from custom_components.home_energy_controller.planning.optimiser import through
from custom_components.home_energy_controller.planning.tariff import SlotPrice

LEVELS = 121
POWERS = 8
"""Steps of power at which the grid is used: finer than the planner's own."""
LEFT_SHARE = 0.7
"""Of the mean price: what a kWh is worth that is left at the end of the year."""


class Perfect:
    """Backward dynamic programming over the real minutes, with the referee's own losses; no charge for changes."""

    def __init__(self, home: Home, year: Year, prices: Mapping[int, SlotPrice], allowed: Allowed) -> None:
        """Work the whole year out."""
        self._home, self._first = home, year.slots.start
        self._wishes = [Wish(mode) for mode in (Mode.NET_ZERO, Mode.CHARGE_ONLY, Mode.DISCHARGE_ONLY, Mode.STANDBY)]
        shares = [number / POWERS for number in range(1, POWERS + 1)]
        if allowed.charge_from_grid:
            self._wishes += [Wish(Mode.CHARGE_FROM_GRID, share * home.charge_w) for share in shares]
        if allowed.deliver_to_grid:
            self._wishes += [Wish(Mode.DELIVER_TO_GRID, share * home.discharge_w) for share in shares]
        self._outcomes: list[list[Outcome]] = []
        plant, net_w = Plant(home), year.net_w.tolist()
        for slot in year.slots:
            first = year.first_minute(slot)
            self._outcomes.append(self._of_slot(plant, net_w[first : first + PER_SLOT], prices[slot]))
        mean = sum(price.buy for price in prices.values()) / len(prices)
        self._step_wh = home.usable_wh / (LEVELS - 1)
        left = [-LEFT_SHARE * mean * level * self._step_wh / 1000 for level in range(LEVELS)]
        self._left = [array("d")] * len(year.slots)
        for index in range(len(year.slots) - 1, -1, -1):
            self._left[index] = array("d", left)
            outcomes = dict.fromkeys(self._outcomes[index])
            left = list(map(min, *(through(outcome, left, self._step_wh) for outcome in outcomes), strict=True))

    def choose(self, view: View) -> Wish:
        """Return the best of a slot."""
        index = view.now_slot - self._first
        costs = [
            self._at(outcome, self._left[index], min(view.stored_wh, self._home.usable_wh))
            for outcome in self._outcomes[index]
        ]
        return self._wishes[costs.index(min(costs))]

    def _of_slot(self, plant: Plant, net_w: list[float], price: SlotPrice) -> list[Outcome]:
        """Return what each wish makes of a slot, neither full nor empty."""
        half_wh = (plant.floor_wh + plant.full_wh) / 2
        rest = sum(power_w * (price.buy if power_w > 0 else price.sell) for power_w in net_w) * MINUTE_H / 1000
        outcomes = []
        for wish in self._wishes:
            plant.energy_wh = half_wh
            done = plant.quarter(wish.mode, wish.power_w, net_w)
            cost = (done.imported_wh * price.buy - done.exported_wh * price.sell) / 1000
            outcomes.append(Outcome(cost, done.energy_wh - half_wh, rest))
        return outcomes

    def _at(self, outcome: Outcome, left: array[float], energy_wh: float) -> float:
        """Return what is left to pay from an energy on."""
        cost, energy_wh = outcome.within(energy_wh, self._home.usable_wh)
        position = energy_wh / self._step_wh
        level = min(LEVELS - 2, max(0, int(position)))
        return cost + left[level] + (position - level) * (left[level + 1] - left[level])
