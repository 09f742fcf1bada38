"""The plan in a real Home Assistant, carried out by the simulated batteries."""

import re
from typing import Any

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.planning.slots import PER_DAY
from simulation.battery import DeviceMode

from .plan_home import LOAD_W, Planned, options, stored
from .world import World


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
    assert planned.attribute("status") == "Net zero: in the last four weeks a plan would not have paid."
    assert planned.power_w == pytest.approx(LOAD_W, abs=60)


async def test_without_history_it_is_net_zero_and_learns(planned: Planned) -> None:
    """A home that is new to Home Assistant."""
    await planned.set_up({}, options())
    await planned.run(120)
    assert planned.value("plan") == "net_zero"
    learning = "Net zero: what the house needs is still being learnt from the Energy dashboard (grid and sun)."
    assert planned.attribute("status") == learning
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
    with pytest.raises(ServiceValidationError, match="Enter what energy costs"):
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
