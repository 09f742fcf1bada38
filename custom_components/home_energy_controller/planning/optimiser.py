"""The plan: backward dynamic programming over charge x slots x modes.

What is left to pay from a slot on, with a charge, is the cost of the cheapest choice in the slot, and what is left to
pay with the charge that it leaves. Net zero stays unless another choice wins something by what it moves, and the choice
before unless another is worth a little more: what is expected errs, and modes shall not flap. The end of the horizon is
worth what its last day, repeated, says. Same inputs, same plan: nothing is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .modes import Choice, Expected, Outcome, Storage, outcomes
from .slots import PER_DAY

LEVELS = 61
"""Of charge, between empty and full."""
CHANGE_KWH = 0.005
"""What a change of mode has to be worth in its first slot, as energy at the mean price: a tenth of a cent."""
MOVE_SHARE = 0.02
"""Of the mean price: what it has to win to store or use a kWh otherwise than net zero does, about half a cent."""

END_SHARE, END_PERCENTILE = 0.88, 0.45
"""Of the buying price of the last day: what energy is worth that is left when the horizon ends."""

type Left = list[float]
"""What is left to pay until the end, by level of charge; less is better."""


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
    weighed: tuple[tuple[Outcome, ...], ...]
    """The same, with what each has to win over net zero as a part of its cost."""
    left: tuple[Left, ...]
    """At the end of each slot."""
    change_cost: float

    def choose(self, index: int, energy_wh: float, before: Choice | None) -> Choice:
        """Return the best choice in a slot of the horizon, from an energy and the choice before."""
        costs = [
            cost + self._left(index, end_wh) - (self.change_cost if choice == before else 0.0)
            for choice, each in zip(self.choices, self.weighed[index], strict=True)
            for cost, end_wh in [each.within(energy_wh, self.storage.usable_wh)]
        ]
        return self.choices[costs.index(min(costs))]

    def steps(self, energy_wh: float, before: Choice | None) -> list[Step]:
        """Return the plan of the whole horizon."""
        steps = []
        for index in range(len(self.outcomes)):
            before = self.choose(index, energy_wh, before)
            cost, end_wh = self.outcome(index, before).within(energy_wh, self.storage.usable_wh)
            steps.append(Step(before, energy_wh, cost))
            energy_wh = end_wh
        return steps

    def outcome(self, index: int, choice: Choice) -> Outcome:
        """Return what a choice makes of a slot of the horizon."""
        return self.outcomes[index][self.choices.index(choice)]

    def value_per_kwh(self, index: int, energy_wh: float) -> float:
        """Return what a kWh more in the cells at the end of a slot is worth: the slope of what is left to pay."""
        left, step_wh = self.left[index], self.storage.usable_wh / (LEVELS - 1)
        level = min(LEVELS - 2, max(0, int(energy_wh / step_wh)))
        low, high = max(0, level - 1), min(LEVELS - 1, level + 2)
        return (left[low] - left[high]) / ((high - low) * step_wh) * 1000

    def _left(self, index: int, energy_wh: float) -> float:
        """Return what is left to pay after a slot, at an energy between levels."""
        left, position = self.left[index], energy_wh / self.storage.usable_wh * (LEVELS - 1)
        level = min(LEVELS - 2, max(0, int(position)))
        return left[level] + (position - level) * (left[level + 1] - left[level])


def solve(
    slots: Sequence[Expected], storage: Storage, end_per_kwh: float | None = None, move_share: float = MOVE_SHARE
) -> Solution:
    """Return what is left to pay with every charge at every slot of the horizon.

    `end_per_kwh` is what a kWh is worth that is left at its end, where that is known; else the last day is repeated.
    """
    choices = storage.choices()
    made = tuple(outcomes(choices, slot, storage) for slot in slots)
    mean_buy = max(0.0, sum(slot.buy for slot in slots) / len(slots))
    weighed = tuple(_weighed(each, move_share * mean_buy) for each in made)
    step_wh = storage.usable_wh / (LEVELS - 1)
    if end_per_kwh is None:
        left = _at_the_end(slots[-PER_DAY:], step_wh)
        for each in reversed(weighed[-PER_DAY:]):  # What the last day, repeated, says.
            left = _before(each, left, step_wh)
    else:
        left = _worth(end_per_kwh, step_wh)
    ends = []
    for each in reversed(weighed):
        ends.append(left)
        left = _before(each, left, step_wh)
    return Solution(storage, choices, made, weighed, tuple(reversed(ends)), CHANGE_KWH * mean_buy)


def _weighed(slot: Sequence[Outcome], per_kwh: float) -> tuple[Outcome, ...]:
    """Return the outcomes of a slot, each dearer by what it moves otherwise than net zero, which is the first."""
    usual_wh = slot[0].change_wh
    return tuple(
        replace(each, cost=each.cost + abs(each.change_wh - usual_wh) / 1000 * per_kwh) if per_kwh else each
        for each in slot
    )


def _at_the_end(last_day: Sequence[Expected], step_wh: float) -> Left:
    """Return what each level is worth after the last day was repeated: what is kept serves a cheaper half of a day."""
    cheaper = sorted(slot.buy for slot in last_day)[int(len(last_day) * END_PERCENTILE)]
    return _worth(END_SHARE * cheaper, step_wh)


def _worth(value_per_kwh: float, step_wh: float) -> Left:
    """Return what is left to pay where each kWh is worth the same."""
    return [-value_per_kwh * level * step_wh / 1000 for level in range(LEVELS)]


def _before(slot: Sequence[Outcome], left: Left, step_wh: float) -> Left:
    """Return what is left to pay at the begin of a slot: by the cheapest choice at each level."""
    first, *others = (through(each, left, step_wh) for each in dict.fromkeys(slot))
    return list(map(min, first, *others, strict=True)) if others else first


def through(slot: Outcome, after: Left, step_wh: float) -> Left:
    """Return what is left to pay at the begin of a slot with one choice: its cost, and what is left at its end.

    Between levels that is a straight line; where the batteries are full or empty before the slot ends, they do their
    part of it.
    """
    moved = abs(slot.change_wh) / step_wh
    if slot.change_wh < 0:  # Counted from empty, as charging is counted from full.
        return through(Outcome(slot.cost, -slot.change_wh, slot.rest_cost), after[::-1], step_wh)[::-1]
    whole, last = int(moved), len(after) - 1
    part, cost = moved - whole, slot.cost
    free = [cost + low + part * (high - low) for low, high in zip(after[whole:last], after[whole + 1 :], strict=True)]
    if not moved:
        return [*free, cost + after[-1]]
    gain, first = (cost - slot.rest_cost) / moved, max(0, last - whole)
    return [*free, *(slot.rest_cost + gain * (last - level) + after[-1] for level in range(first, len(after)))]
