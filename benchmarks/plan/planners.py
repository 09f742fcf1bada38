"""Our own planner in the bench: what the integration does, with what it would know at each moment."""

from dataclasses import dataclass, field

from benchmarks.plan.errors import known_until
from benchmarks.plan.homes import Home, Year
from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.plant import Mode
from benchmarks.plan.view import View, Views, Wish
from custom_components.home_energy_controller.planning.forecasts import HORIZON, Habits, Records, learn_habits
from custom_components.home_energy_controller.planning.judgement import Shadow, judge
from custom_components.home_energy_controller.planning.modes import NET_ZERO, Choice, Storage
from custom_components.home_energy_controller.planning.optimiser import Solution, solve
from custom_components.home_energy_controller.planning.slots import PER_DAY, start_of

REPLAN_SLOTS = 4
"""A plan is made every hour here, and asked every quarter with the charge that there is; in life every quarter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the owner allows."""

    charge_from_grid: bool = True
    deliver_to_grid: bool = True


def storage_of(home: Home, allowed: Allowed) -> Storage:
    """Return the batteries of a home as the planner sees them."""
    return Storage(
        units=home.batteries,
        usable_wh=home.usable_wh,
        charge_w=home.charge_w,
        discharge_w=home.discharge_w,
        may_charge_from_grid=allowed.charge_from_grid,
        may_deliver_to_grid=allowed.deliver_to_grid,
    )


class Plans:
    """Makes plans and judges them, for all planners that follow them."""

    def __init__(self, year: Year, views: Views, storage: Storage, *, is_published: bool) -> None:
        """Know a year: forecasts look at nothing of it that lies ahead."""
        self.storage = storage
        self._views, self._is_published = views, is_published
        self._records = Records(
            prices=views.prices,
            load_w=year.load_by_slot,
            sun_w=year.pv_by_slot if any(year.pv_by_slot.values()) else {},
            sun_forecast_w={},
            zone=AMSTERDAM,
        )
        self._start, self._until = year.slots.start, year.slots.stop
        self._forecast_w: dict[int, float] = {}
        self._habits: Habits | None = None
        self._habits_at = -1
        self._solution: Solution | None = None
        self._first = 0
        self._shadow = Shadow()
        self._gains: list[float] = []
        self._value = 0.0
        self._asked = -1
        self.pays = False

    def at(self, view: View) -> tuple[Solution, int] | None:
        """Return the newest plan and the slot's number in it; None while too little is known."""
        slot = view.now_slot
        if slot != self._asked:
            self._go_on(slot, view)
            self._asked = slot
        return None if self._solution is None else (self._solution, slot - self._first)

    def _go_on(self, slot: int, view: View) -> None:
        """Settle the slot that has passed, and plan anew when it is time."""
        if slot > self._start:
            self._settle(slot - 1)
        if (slot - self._start) % REPLAN_SLOTS:
            return
        local = start_of(slot, AMSTERDAM)
        if self._habits is None or local.toordinal() != self._habits_at:
            past = range(max(self._start, slot - 28 * PER_DAY), slot)
            load_w = {each: self._records.load_w[each] for each in past}
            self._habits, self._habits_at = learn_habits(load_w, slot, AMSTERDAM), local.toordinal()
        self._forecast_w.update(view.sun_forecast_w)
        if self._habits is None:
            return
        records = Records(
            prices=self._records.prices,
            load_w=self._records.load_w,
            sun_w=self._records.sun_w,
            sun_forecast_w=self._forecast_w,
            zone=AMSTERDAM,
        )
        until = known_until(slot) if self._is_published else slot + HORIZON
        outlook = records.outlook(slot, self._habits, min(until, self._until))
        if outlook is not None:
            self._solution, self._first = solve(outlook.slots, self.storage), slot

    def _settle(self, slot: int) -> None:
        """Settle a slot for the shadow, and judge when a day is over."""
        measured = self._records.measured(slot)
        if self._solution is None or measured is None:
            return
        index, energy_wh = slot - self._first, self._shadow.plan.energy_wh
        self._value = self._solution.value_per_kwh(index, energy_wh)
        choice = self._solution.choose(index, energy_wh, self._shadow.choice)
        self._shadow = self._shadow.settled(choice, measured, self.storage)
        if start_of(slot + 1, AMSTERDAM).date() != start_of(slot, AMSTERDAM).date():
            self._gains.append(self._shadow.gain(self._value))
            self.pays, self._shadow = judge(self._gains).pays, self._shadow.tomorrow(self._value)


@dataclass
class Ours:
    """Follows the plan; judged, only while it pays."""

    plans: Plans
    is_judged: bool = True
    _before: Choice | None = field(default=None, init=False)

    def choose(self, view: View) -> Wish:
        """Return what the plan says for the charge that there is."""
        plan = self.plans.at(view)
        if plan is None or (self.is_judged and not self.plans.pays):
            self._before = NET_ZERO
            return Wish(Mode.NET_ZERO)
        solution, index = plan
        self._before = solution.choose(index, min(view.stored_wh, self.plans.storage.usable_wh), self._before)
        return Wish(self._before.mode.value, self._before.power_w)
