"""What a planner is given, and what it answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple, Protocol, override

from benchmarks.plan.errors import HORIZON, HabitForecast, Publication, SunForecast
from benchmarks.plan.homes import Home, Year
from benchmarks.plan.tariffs import Case
from custom_components.home_energy_controller.planning.slots import BySlot
from custom_components.home_energy_controller.planning.tariff import SlotPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that is known when a slot begins: nothing of what comes but as it is published or forecast."""

    now_slot: int
    prices: Mapping[int, SlotPrice]
    """From now on, as far as they are known."""
    load_forecast_w: BySlot
    sun_forecast_w: BySlot
    energy_wh: float
    """In all cells, the reserve included."""
    home: Home

    def net_w(self, slot: int) -> float:
        """Return the load less the sun that is expected."""
        return self.load_forecast_w.get(slot, 0.0) - self.sun_forecast_w.get(slot, 0.0)

    @property
    def stored_wh(self) -> float:
        """Return what may be taken out."""
        return max(0.0, self.energy_wh - self.home.reserve_wh)


class Wish(NamedTuple):
    """What a planner wants in a slot."""

    mode: str
    power_w: float = 0.0
    """In the modes that use the grid on purpose: at least so much; the sign does not matter."""


class Planner(Protocol):
    """Chooses at the begin of each slot; it may remember, and is made anew for each year that is played."""

    def choose(self, view: View) -> Wish:
        """Return the mode of the slot that begins."""


class Later[Value](Mapping[int, Value]):
    """Values that are worked out when somebody looks at them: most planners do not at every slot."""

    def __init__(self, work_out: Callable[[], Mapping[int, Value]]) -> None:
        self._work_out = work_out

    @cached_property
    def _values(self) -> Mapping[int, Value]:
        return self._work_out()

    @override
    def __getitem__(self, slot: int) -> Value:
        return self._values[slot]

    @override
    def __iter__(self) -> Iterator[int]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)

    @override
    def __contains__(self, slot: object) -> bool:
        return slot in self._values


class Views:
    """Tells planners of one home, year and contract what is known."""

    def __init__(
        self, home: Home, year: Year, case: Case, spot: BySlot, *, seed: int = 1, perfect: bool = False
    ) -> None:
        """Take the truth; `perfect` forecasts are the means of the slots, prices are published as ever."""
        self._home, self._year, self._perfect = home, year, perfect
        self.prices = case.prices(year.slots, spot)
        self._publication = Publication(self.prices, is_published=case.is_published)
        self._sun = SunForecast(year.pv_by_slot, seed)
        self._load = HabitForecast(year.load_by_slot)

    def at(self, now_slot: int, energy_wh: float) -> View:
        """Return what is known at the begin of a slot."""
        return View(
            now_slot=now_slot,
            prices=Later(partial(self._publication.at, now_slot)),
            load_forecast_w=Later(partial(self._load_at, now_slot)),
            sun_forecast_w=Later(partial(self._sun_at, now_slot)),
            energy_wh=energy_wh,
            home=self._home,
        )

    def _load_at(self, now_slot: int) -> dict[int, float]:
        """Return what the house is expected to use."""
        return self._ahead(self._year.load_by_slot, now_slot) if self._perfect else self._load.at(now_slot)

    def _sun_at(self, now_slot: int) -> dict[int, float]:
        """Return the sun forecast; a home without panels has none."""
        if not self._home.has_sun:
            return {}
        return self._ahead(self._year.pv_by_slot, now_slot) if self._perfect else self._sun.at(now_slot)

    @staticmethod
    def _ahead(truth: BySlot, now_slot: int) -> dict[int, float]:
        """Return what comes within the horizon."""
        return {slot: truth[slot] for slot in range(now_slot, now_slot + HORIZON) if slot in truth}
