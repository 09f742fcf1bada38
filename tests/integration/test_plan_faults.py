"""Faults in the middle of a grid charge, over the real sockets: nothing charges on that should not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.home_energy_controller.planning.slots import slot_of, start_of
from custom_components.home_energy_controller.site.plan_book import Ended
from simulation.faults import Fault

from .plan_fault_rows import CHARGES, PRICE, show_prices
from .plan_home import MIDNIGHT, Planned, options, stored
from .test_reviewed_faults import restart
from .world import issues

CHARGES_W = -500.0
RESTS_W = -60.0


@pytest.fixture
async def charging(planned: Planned) -> Planned:
    """Return a home that charges from the grid."""
    await planned.set_up(stored(), options())
    await planned.run(240)
    assert planned.power_w < CHARGES_W
    return planned


async def test_without_a_meter_charging_ends_within_its_age_limit(charging: Planned) -> None:
    """60 s, and two cycles; it comes back with the meter."""
    await charging.world.site.p1.stop()
    await charging.run(80)
    assert charging.value("state") == "meter_lost"
    assert charging.power_w > RESTS_W
    await charging.world.site.p1.start()
    await charging.run(240)
    assert charging.power_w < CHARGES_W


async def reload(world: Any) -> None:
    """Reload the entry."""
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()


@pytest.mark.parametrize("again", [reload, restart])
async def test_after_a_restart_it_charges_on_by_a_new_plan(charging: Planned, again: Callable[[Any], Any]) -> None:
    """What is known of the past is neither lost nor doubled."""
    before = charging.world.coordinator.planner.past
    await again(charging.world)
    past = charging.world.coordinator.planner.past
    assert past is not before
    assert past.load_w == before.load_w
    assert (past.today, past.actual_slots, past.days) == (before.today, before.actual_slots, before.days)
    await charging.run(300)
    assert charging.attribute("acts") is True
    assert charging.power_w < CHARGES_W


async def test_a_permission_that_is_taken_away_ends_it(charging: Planned) -> None:
    """With the reload that follows."""
    world = charging.world
    world.hass.config_entries.async_update_entry(world.entry, options=options(may_charge_from_grid=False))
    await world.settle()
    await charging.run(60)
    assert charging.power_w > RESTS_W


async def test_another_strategy_ends_it(charging: Planned) -> None:
    """And what is done by hand is not told as done by the plan."""
    select = charging.world.site_entity("select", "strategy")
    await charging.world.call("select", "select_option", select, option="zero")
    await charging.run(60)
    assert charging.power_w > RESTS_W
    assert charging.world.coordinator.planner._acting is None


async def test_the_controller_off_ends_it(charging: Planned) -> None:
    """Batteries are released."""
    await charging.world.switch(on=False)
    await charging.run(60)
    assert charging.power_w > RESTS_W


async def test_an_oven_takes_the_place_of_the_charge(planned: Planned) -> None:
    """A connection of 3,000 W, 400 W in the house, and 2,500 W more: within its limit in two cycles."""
    world = planned.world
    world.site.house.load = lambda _: 400.0
    await planned.set_up(stored(), options() | {"max_import_w": 3000})
    await planned.run(300)
    assert planned.power_w < CHARGES_W
    assert world.site.house.grid_w < 3050
    world.site.house.load = lambda _: 2900.0
    await world.pass_time(20)
    assert world.site.house.grid_w < 3050


async def test_a_silent_battery_overdrives_no_other(charging: Planned) -> None:
    """Its last power is no measurement any more, and the others stay within their limits."""
    house = charging.world.site.house
    index = min(range(3), key=lambda each: house.batteries[each].power_w)
    charging.world.site.batteries[index].faults.add(Fault.DEAD)
    for _ in range(40):
        await charging.world.pass_time(10)
        assert all(battery.model.power_w >= -2510 for battery in charging.world.site.batteries)
    assert charging.world.coordinator.data.problem


async def test_a_planner_that_fails_is_not_followed_for_ever(
    charging: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said last of itself is half an hour old."""
    planner = charging.world.coordinator.planner
    charging.world.parts_may_fail = True

    def fails(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(planner, "observe", fails)
    assert planner._planned_at is not None
    planner._planned_at -= 1801
    await charging.run(60)
    assert charging.power_w > RESTS_W


async def test_prices_that_are_lost_are_used_as_long_as_they_reach(
    planned: Planned,
    hass: HomeAssistant,
) -> None:
    """Then it is net zero, and says why."""
    now = slot_of(MIDNIGHT)
    rows = [{"start": start_of(now + 4 * hour).isoformat(), "value": 0.05 if hour < 6 else 0.40} for hour in range(24)]
    hass.states.async_set("sensor.price", "0.05", {"unit_of_measurement": "EUR/kWh", "raw_today": rows})
    market = {"preset": "nl_dynamic", "source": "entity:sensor.price", "may_charge_from_grid": True, "insists": True}
    await planned.set_up(stored(), {"prices": market})
    await planned.run(240)
    assert planned.power_w < CHARGES_W
    hass.states.async_remove("sensor.price")
    await planned.run(700)
    planner = planned.world.coordinator.planner
    assert planner.plan is not None
    assert planner.plan.first == now + 1
    assert len(planner.past.spot) == 96
    assert planned.power_w < CHARGES_W
    planner.past.spot.clear()
    await planned.run(900)
    assert planned.attribute("acts") is False
    assert planned.value("state") != "charging_from_grid"
    assert planned.power_w > RESTS_W


async def test_a_source_that_tells_nothing_for_long_is_a_repair(planned: Planned) -> None:
    """After six hours, by its name, until it tells prices again; an hour without is nobody's business."""
    show_prices(planned, CHARGES)
    await planned.set_up(stored(), {"prices": {"preset": "nl_dynamic", "source": f"entity:{PRICE}"}}, on=False)
    await planned.run(20)
    planned.world.hass.states.async_remove(PRICE)
    for ahead, found in ((timedelta(hours=1), set()), (timedelta(hours=6, minutes=15), {"prices_lost"})):
        planned.ahead += ahead
        await planned.run(20)
        assert issues(planned.world) == found
    found_issues = ir.async_get(planned.world.hass).issues.values()
    issue = next(each for each in found_issues if each.translation_key == "prices_lost")
    assert issue.translation_placeholders == {"source": PRICE}
    show_prices(planned, CHARGES)
    planned.ahead += timedelta(hours=1)
    await planned.run(20)
    assert not issues(planned.world)


async def test_a_sensor_of_the_present_price_is_not_missed(planned: Planned) -> None:
    """It never tells others; its plan is net zero, and says so."""
    planned.world.hass.states.async_set(PRICE, "0.1", {"unit_of_measurement": "EUR/kWh"})
    await planned.set_up(stored(), {"prices": {"preset": "own", "source": f"entity:{PRICE}"}}, on=False)
    for _ in range(2):
        planned.ahead += timedelta(hours=7)
        await planned.run(20)
    assert not issues(planned.world)


async def test_a_day_that_cannot_be_judged_stops_no_plan(charging: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is judged when that is possible again."""
    planner, day = charging.world.coordinator.planner, MIDNIGHT.date() - timedelta(days=40)
    charging.world.parts_may_fail = True
    assert planner._storage is not None
    planner.book._ended.append(Ended(day, planner.past.shadow, planner._storage, 0.2, None))
    with monkeypatch.context() as patched:
        patched.setattr(Ended, "result", lambda _: 1 / 0)
        charging.ahead += timedelta(minutes=15)
        await charging.run(60)
    assert planner.plan is not None
    assert planner.plan.first == slot_of(MIDNIGHT) + 1
    assert day not in {each.day for each in planner.past.days}
    charging.ahead += timedelta(minutes=15)
    await charging.run(20)
    assert day in {each.day for each in planner.past.days}
