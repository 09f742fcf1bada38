"""The plan in a real Home Assistant, carried out by the simulated batteries."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import re
from typing import Any

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.planning.slots import PER_DAY, slot_of
from simulation.battery import DeviceMode

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


def stored(load_w: float = LOAD_W, days: int = 28, **more: Any) -> dict[str, Any]:
    """Return a file of a home that used the same at all hours."""
    now = slot_of(MIDNIGHT)
    return {"load_w": {str(slot): load_w for slot in range(now - days * PER_DAY, now)}, **more}


@pytest.fixture
async def planned(
    hass: Any, bare_world: World, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Planned:
    """Return a home at midnight, UTC, that is not set up yet; its wall clock goes with the house.

    A frozen clock would not do: waits for batteries never end under it.
    """
    await hass.config.async_set_time_zone("UTC")
    began = bare_world.clock()

    def utcnow() -> datetime:
        return MIDNIGHT + timedelta(seconds=bare_world.clock() - began)

    monkeypatch.setattr(dt_util, "utcnow", utcnow)
    monkeypatch.setattr(dt_util, "now", lambda zone=None: utcnow().astimezone(zone or UTC))
    return Planned(bare_world, hass_storage)


class Planned:
    """A home with a plan."""

    def __init__(self, world: World, storage: dict[str, Any]) -> None:
        self.world, self._storage = world, storage
        world.site.house.load, world.site.house.pv = lambda _: LOAD_W, lambda _: 0.0

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


async def test_a_cheap_night_is_bought_for_the_day_and_says_why(planned: Planned) -> None:
    """With permission, within the power of the batteries, by setpoints; no battery is in Auto meanwhile."""
    await planned.set_up(stored(), options())
    await planned.run(300)
    assert planned.value("plan") == "charge_from_grid"
    assert planned.value("state") == "charging_from_grid"
    assert planned.power_w < -500
    assert all(battery.model.mode is not DeviceMode.AUTO for battery in planned.world.site.batteries)
    assert planned.attribute("acts") is True
    assert planned.attribute("reason") == "Charging at 8.0 ct: at 06:00 a kWh costs 40.0 ct."
    assert 0.07 < float(planned.value("stored_value")) < 0.4
    assert float(planned.value("expected_saving_today")) > 0.5


async def test_nothing_is_bought_without_permission(planned: Planned) -> None:
    """The plan keeps what is stored instead: it is worth more in the day."""
    await planned.set_up(stored(), options(may_charge_from_grid=False))
    await planned.run(300)
    assert planned.value("plan") in {"standby", "charge_only"}
    assert planned.power_w > -20
    assert abs(planned.world.site.house.grid_w - LOAD_W) < 60
    assert re.fullmatch(r"Kept for \d\d:\d\d: then a kWh costs 40.0 ct, now 8.0 ct.", planned.attribute("reason"))


async def test_a_plan_that_did_not_pay_is_shown_and_not_followed(planned: Planned) -> None:
    """Net zero, and the reason."""
    days = [
        {"day": f"2026-11-{day}", "no_battery": 3, "net_zero": 2, "plan": 2.1, "perfect": 1.9, "actual": 2, "slots": 96}
        for day in range(10, 24)
    ]
    await planned.set_up(stored(days=28) | {"days": days}, options(insists=False))
    await planned.run(300)
    assert planned.attribute("acts") is False
    assert planned.attribute("status") == "Net zero: in the last two weeks a plan would not have paid."
    assert planned.power_w == pytest.approx(LOAD_W, abs=60)


async def test_without_history_it_is_net_zero_and_learns(planned: Planned) -> None:
    """A home that is new to Home Assistant."""
    await planned.set_up({}, options())
    await planned.run(120)
    assert planned.value("plan") == "net_zero"
    assert planned.attribute("status") == "Net zero: still learning what the house needs."
    assert planned.power_w == pytest.approx(LOAD_W, abs=60)


async def test_with_another_strategy_the_plan_is_only_a_shadow(planned: Planned) -> None:
    """It is made and shown, and nothing follows it."""
    await planned.set_up(stored(), options())
    await planned.world.call("select", "select_option", planned.world.site_entity("select", "strategy"), option="zero")
    await planned.run(300)
    assert planned.value("plan") == "charge_from_grid"
    assert planned.power_w == pytest.approx(LOAD_W, abs=60)


async def test_a_plan_that_is_too_old_is_none(planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no new one can be made for more than half an hour."""
    await planned.set_up(stored(), options())
    await planned.run(60)
    monkeypatch.setattr("custom_components.home_energy_controller.site.planner._make", _fails)
    planned.world.parts_may_fail = True
    await planned.run(2700)
    assert planned.attribute("status") == "Net zero: the plan is older than half an hour."
    assert planned.value("state") != "charging_from_grid"


def _fails(*_: object) -> None:
    raise ArithmeticError


async def test_the_action_returns_every_slot_with_its_sentence(planned: Planned) -> None:
    """Prices, load and sun as they were taken."""
    await planned.set_up(stored(), options(), on=False)
    await planned.run(60)
    response = await planned.world.hass.services.async_call(
        DOMAIN, "get_plan", {"device_id": device_id(planned.world)}, blocking=True, return_response=True
    )
    assert response is not None
    slots: Any = response["slots"]
    assert len(slots) == 2 * PER_DAY
    assert all(slot["reason"] for slot in slots)
    assert slots[0]["buy_per_kwh"] == 0.08
    assert slots[0]["load_w"] == 600


async def test_the_back_test_tells_days_that_are_known(planned: Planned) -> None:
    """By the prices that bands tell of any day."""
    await planned.set_up(stored(), options(), on=False)
    await planned.run(60)
    response = await planned.world.hass.services.async_call(
        DOMAIN, "back_test", {"device_id": device_id(planned.world), "days": 3}, blocking=True, return_response=True
    )
    assert response is not None
    days: Any = response["days"]
    assert [day["slots"] for day in days] == [PER_DAY] * 3
    assert all(day["perfect"] <= day["plan"] + 0.02 <= day["net_zero"] + 0.02 for day in days)


async def test_without_a_contract_nothing_is_planned(planned: Planned) -> None:
    """And the actions say what to do."""
    await planned.set_up(stored(), {})
    await planned.run(60)
    with pytest.raises(ServiceValidationError, match="Tell what energy costs"):
        await planned.world.hass.services.async_call(
            DOMAIN, "get_plan", {"device_id": device_id(planned.world)}, blocking=True, return_response=True
        )


def device_id(world: World) -> str:
    """Return the id of the site's device."""
    device = dr.async_get(world.hass).async_get_device_by_identifier(
        (DOMAIN, world.entry.entry_id), world.entry.entry_id
    )
    assert device is not None
    return device.id
