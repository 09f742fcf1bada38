"""A home with a plan: a Home Assistant whose wall clock goes with the simulated house."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import State

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of

from .world import World

MIDNIGHT = datetime(2026, 11, 24, 0, 0, 5, tzinfo=UTC)
LOAD_W = 600.0
CHEAP_NIGHT = [
    {"price_per_kwh": 0.08, "begin": "00:00:00", "end": "06:00:00"},
    {"price_per_kwh": 0.40, "begin": "06:00:00", "end": "00:00:00"},
]


def options(**more: Any) -> dict[str, Any]:
    """Return options of a contract that is cheap at night."""
    return {
        "prices": {
            "preset": "day_night",
            "bands": CHEAP_NIGHT,
            "sell_fixed_per_kwh": 0.05,
            "may_charge_from_grid": True,
            "insists": True,
            **more,
        }
    }


def stored(load_w: float = LOAD_W, days: int = 28, began: datetime = MIDNIGHT, **more: Any) -> dict[str, Any]:
    """Return a file of a home that used the same at all hours."""
    now = slot_of(began)
    return {"load_w": {str(slot): load_w for slot in range(now - days * PER_DAY, now)}, **more}


class Planned:
    """A home with a plan."""

    def __init__(self, world: World, storage: dict[str, Any]) -> None:
        self.world, self._storage = world, storage
        self.began, self.ahead, self._began_at = MIDNIGHT, timedelta(), world.clock()
        self.shown: State | None = None
        """What a price entity showed before it disappeared."""
        world.site.house.load, world.site.house.pv = lambda _: LOAD_W, lambda _: 0.0

    def utcnow(self) -> datetime:
        """Return what the clock on the wall shows: when the test began, what passed since, and what was set."""
        return self.began + timedelta(seconds=self.world.clock() - self._began_at) + self.ahead

    async def set_up(self, file: Mapping[str, Any], given: dict[str, Any], *, on: bool = True) -> None:
        """Set the home up with a file and options, and choose Smart."""
        key = f"{DOMAIN}.{self.world.entry.entry_id}.plan"
        self._storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": dict(file)}
        self.world.hass.config_entries.async_update_entry(self.world.entry, options=given, minor_version=2)
        await self.world.set_up()
        select = self.world.site_entity("select", "strategy")
        await self.world.call("select", "select_option", select, option="predictive")
        if on:
            await self.world.switch(on=True)

    async def run(self, seconds: float) -> None:
        """Let time pass in the house and in the integration."""
        await self.world.pass_time(seconds)
        await self.world.pass_time(10)  # What was made meanwhile is shown.

    def value(self, key: str) -> str:
        """Return the state of a sensor of the site."""
        return self.world.state(self.world.site_entity("sensor", key))

    def attribute(self, name: str) -> Any:
        """Return an attribute of the plan."""
        state = self.world.hass.states.get(self.world.site_entity("sensor", "plan"))
        assert state is not None
        return state.attributes[name]

    @property
    def power_w(self) -> float:
        """Return what the batteries do (W, + discharging)."""
        return sum(battery.model.power_w for battery in self.world.site.batteries)
