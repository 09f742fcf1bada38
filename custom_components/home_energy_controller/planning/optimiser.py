"""The plan: backward dynamic programming over charge x slots x modes.

What every charge is worth at the begin of a slot is the cost of the cheapest choice in it, with what the charge that
it leaves is worth at the begin of the next. A change of mode costs a little, so that modes do not flap. The end of the
horizon is worth what its last day, repeated, says. Same inputs, same plan: nothing is drawn, nothing is timed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .modes import Choice, Expected, Outcome, Storage, outcome
from .slots import PER_DAY

LEVELS = 81
"""Of charge, between empty and full."""
CHANGE_KWH = 0.02
"""What a change of mode has to be worth, as energy at the mean price: half a cent."""

END_SHARE, END_PERCENTILE = 0.88, 0.45
"""Of the buying price of the last day: what energy is worth that is left when the horizon ends."""

type Worth = tuple[list[float], ...]
"""What each level of charge costs until the end (less is better), by the choice of the slot before."""


@dataclass(frozen=True, slots=True)
class Step:
    """A slot of a plan: the choice, the energy at its begin, and what it costs."""

    choice: Choice
    energy_wh: float
    cost: float


@dataclass(frozen=True, slots=True)
class Solution:
    """What every charge is worth at every slot, for whatever the batteries hold when the slot comes."""

    storage: Storage
    choices: tuple[Choice, ...]
    outcomes: tuple[tuple[Outcome, ...], ...]
    """Of each slot, of each choice."""
    worth: tuple[Worth, ...]
    """At the end of each slot."""
    change_cost: float

    def choose(self, index: int, energy_wh: float, before: Choice | None) -> Choice:
        """Return the best choice in a slot of the horizon, from an energy and the choice before."""
        costs = [
            cost + self._left(index, number, end_wh) + (0.0 if choice == before else self.change_cost)
            for number, choice in enumerate(self.choices)
            for cost, end_wh in [self.outcomes[index][number].within(energy_wh, self.storage.usable_wh)]
        ]
        return self.choices[costs.index(min(costs))]

    def steps(self, energy_wh: float, before: Choice | None, first: int = 0) -> list[Step]:
        """Return the plan from a slot on."""
        steps = []
        for index in range(first, len(self.outcomes)):
            before = self.choose(index, energy_wh, before)
            cost, end_wh = self.outcome(index, before).within(energy_wh, self.storage.usable_wh)
            steps.append(Step(before, energy_wh, cost))
            energy_wh = end_wh
        return steps

    def outcome(self, index: int, choice: Choice) -> Outcome:
        """Return what a choice makes of a slot of the horizon."""
        return self.outcomes[index][self.choices.index(choice)]

    def value_per_kwh(self, index: int, energy_wh: float) -> float:
        """Return what a kWh more in the cells at the end of a slot is worth (per kWh): the slope of what is left."""
        step_wh = self.storage.usable_wh / (LEVELS - 1)
        least: list[float] = [min(each) for each in zip(*self.worth[index], strict=True)]
        level = min(LEVELS - 2, max(0, int(energy_wh / step_wh)))
        low, high = max(0, level - 1), min(LEVELS - 1, level + 2)
        return (least[low] - least[high]) / ((high - low) * step_wh) * 1000

    def _left(self, index: int, number: int, energy_wh: float) -> float:
        """Return what is left to pay after a slot, at an energy between levels."""
        worth = self.worth[index][number]
        position = energy_wh / self.storage.usable_wh * (LEVELS - 1)
        level = min(LEVELS - 2, max(0, int(position)))
        return worth[level] + (position - level) * (worth[level + 1] - worth[level])


def solve(slots: Sequence[Expected], storage: Storage) -> Solution:
    """Return what every charge is worth at every slot of the horizon."""
    choices = storage.choices()
    change_cost = CHANGE_KWH * max(0.0, sum(slot.buy for slot in slots) / len(slots))
    outcomes = tuple(tuple(outcome(choice, slot, storage) for choice in choices) for slot in slots)
    worth: Worth = (_at_the_end(slots[-PER_DAY:], storage),) * len(choices)
    for each in reversed(outcomes[-PER_DAY:]):  # What the last day, repeated, says.
        worth = _before(each, worth, storage, change_cost)
    ends = []
    for each in reversed(outcomes):
        ends.append(worth)
        worth = _before(each, worth, storage, change_cost)
    return Solution(storage, choices, outcomes, tuple(reversed(ends)), change_cost)


def _at_the_end(last_day: Sequence[Expected], storage: Storage) -> list[float]:
    """Return what each level is worth after the last day was repeated: what is kept serves a cheaper half of a day."""
    cheaper = sorted(slot.buy for slot in last_day)[int(len(last_day) * END_PERCENTILE)]
    step_kwh = storage.usable_wh / (LEVELS - 1) / 1000
    return [-END_SHARE * cheaper * level * step_kwh for level in range(LEVELS)]


def _before(outcomes: Sequence[Outcome], after: Worth, storage: Storage, change_cost: float) -> Worth:
    """Return what each level is worth at the begin of a slot, by the choice of the slot before it."""
    step_wh = storage.usable_wh / (LEVELS - 1)
    by_choice = [_through(each, worth, step_wh) for each, worth in zip(outcomes, after, strict=True)]
    changed = [min(each) + change_cost for each in zip(*by_choice, strict=True)]
    return tuple([min(kept, new) for kept, new in zip(worth, changed, strict=True)] for worth in by_choice)


def _through(slot: Outcome, after: list[float], step_wh: float) -> list[float]:
    """Return what each level is worth before a slot with one choice: its cost, and what the level at its end is worth.

    Between levels worth is a straight line; where the batteries are full or empty before the slot ends, it costs in
    proportion.
    """
    moved = abs(slot.change_wh) / step_wh
    if slot.change_wh < 0:  # Counted from empty, as charging is counted from full.
        return _through(Outcome(slot.cost, -slot.change_wh, slot.rest_cost), after[::-1], step_wh)[::-1]
    whole, last = int(moved), LEVELS - 1
    part, cost = moved - whole, slot.cost
    free = [cost + low + part * (high - low) for low, high in zip(after[whole:last], after[whole + 1 :], strict=True)]
    if not moved:
        return [*free, cost + after[-1]]
    gain, first = (cost - slot.rest_cost) / moved, max(0, last - whole)
    return [*free, *(slot.rest_cost + gain * (last - level) + after[-1] for level in range(first, LEVELS))]
