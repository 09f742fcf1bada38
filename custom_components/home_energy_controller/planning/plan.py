"""The plan of the next two days: what is done in each slot, why, and what it is expected to save."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .forecasts import Outlook
from .modes import NET_ZERO, Choice, Storage
from .optimiser import Solution, Step, solve
from .reasons import Course, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSlot:
    """What is planned for one slot, and why."""

    slot: int
    choice: Choice
    energy_wh: float
    """At its begin, above the reserve."""
    value_per_kwh: float
    """Of a kWh in the cells at its end."""
    buy: float
    sell: float
    load_w: float
    sun_w: float
    is_estimated: bool
    """Its price is not published yet: that of the day before is repeated."""
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is planned from one slot on."""

    outlook: Outlook
    solution: Solution
    slots: tuple[PlannedSlot, ...]

    @property
    def first(self) -> int:
        """Return the slot that it begins with."""
        return self.outlook.first

    def at(self, slot: int) -> PlannedSlot | None:
        """Return what is planned for a slot, None outside of the horizon."""
        index = slot - self.first
        return self.slots[index] if 0 <= index < len(self.slots) else None

    def choose(self, slot: int, energy_wh: float, before: Choice | None) -> Choice | None:
        """Return what to do in a slot with the energy that there really is; None outside of the horizon.

        More than was usable when the plan was made (the owner has lowered the reserve since) counts as full.
        """
        index, energy_wh = slot - self.first, min(energy_wh, self.solution.storage.usable_wh)
        return self.solution.choose(index, energy_wh, before) if 0 <= index < len(self.slots) else None

    def next_change(self, slot: int) -> PlannedSlot | None:
        """Return the first later slot with another mode; None while none is planned."""
        now = self.at(slot)
        later = (each for each in self.slots if each.slot > slot)
        return next((each for each in later if now is not None and each.choice.mode is not now.choice.mode), None)

    def saving(self, slots: range) -> float:
        """Return what the plan is expected to save against net zero from its first slot to the end of `slots`.

        What is left in the batteries is counted at its value.
        """
        usable_wh, energy_wh, saved = self.solution.storage.usable_wh, self.slots[0].energy_wh, 0.0
        own_wh, value = energy_wh, 0.0
        for index, planned in enumerate(self.slots):
            if planned.slot not in slots:
                break
            own_cost, own_wh = self.solution.outcome(index, planned.choice).within(planned.energy_wh, usable_wh)
            cost, energy_wh = self.solution.outcome(index, NET_ZERO).within(energy_wh, usable_wh)
            saved, value = saved + cost - own_cost, planned.value_per_kwh
        return saved + (own_wh - energy_wh) / 1000 * value


def make_plan(outlook: Outlook, storage: Storage, energy_wh: float, before: Choice | None) -> Plan:
    """Return the plan from an energy above the reserve, and from the choice that acts now."""
    solution = solve(outlook.slots, storage)
    steps = solution.steps(energy_wh, before)
    values = [solution.value_per_kwh(index, step.energy_wh) for index, step in enumerate(steps)]
    return Plan(outlook=outlook, solution=solution, slots=tuple(_planned(outlook, storage, steps, values)))


def _planned(
    outlook: Outlook, storage: Storage, steps: Sequence[Step], values: Sequence[float]
) -> Iterator[PlannedSlot]:
    """Return what is planned for each slot, with its reason."""
    course = Course(outlook, steps, storage.usable_wh)
    for index, step in enumerate(steps):
        yield PlannedSlot(
            slot=outlook.first + index,
            choice=step.choice,
            energy_wh=step.energy_wh,
            value_per_kwh=values[index],
            buy=outlook.slots[index].buy,
            sell=outlook.slots[index].sell,
            load_w=outlook.load_w[index],
            sun_w=outlook.sun_w[index],
            is_estimated=index >= outlook.known,
            reason=course.reason(index, values[index]),
        )
