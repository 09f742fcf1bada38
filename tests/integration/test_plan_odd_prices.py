"""Prices that tempt, and plans that do not come, over the real sockets: no permission and no cycle is lost to them."""

from collections.abc import Callable
from threading import Event
import time
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.home_energy_controller.planning.slots import slot_of, start_of
from custom_components.home_energy_controller.site import planner
from simulation.battery import DeviceMode

from .plan_home import LOAD_W, MIDNIGHT, Planned, stored

PRICE = "sensor.price"
BUSY_S = 1.0
"""Of real time, that a cycle may take while a plan is made in another thread: the meter and three batteries answer."""


def market(hass: HomeAssistant, price: Callable[[int], float], **more: Any) -> dict[str, Any]:
    """Return options of a contract at the market's price in both directions, which a sensor tells for two days."""
    first = slot_of(MIDNIGHT)
    rows = [{"start": start_of(first + each).isoformat(), "value": price(each)} for each in range(2 * 96)]
    hass.states.async_set(PRICE, "0.1", {"unit_of_measurement": "EUR/kWh", "raw_today": rows})
    contract = {"preset": "own", "source": f"entity:{PRICE}", "sell_spot_pct": 100, "sell_fixed_per_kwh": 0.0}
    return {"prices": {**contract, "insists": True, **more}}


async def flows(home: Planned, seconds: float) -> tuple[float, float]:
    """Return what batteries took from the grid and gave it in the mean (W), once they have settled."""
    await home.run(120)
    taken_ws = given_ws = 0.0
    end = home.world.clock() + seconds
    while home.world.clock() < end:
        await home.world.pass_time(10)
        grid_w, power_w = home.world.site.house.grid_w, home.power_w
        taken_ws += 10 * max(0.0, min(grid_w, -power_w))
        given_ws += 10 * max(0.0, min(-grid_w, power_w))
        assert sum(battery.model.mode is DeviceMode.AUTO for battery in home.world.site.batteries) <= 1
    return taken_ws / seconds, given_ws / seconds


@pytest.mark.parametrize(
    ("price", "fee"),
    [(lambda _: 0.20, -0.30), (lambda each: 0.9 if each < 12 else 0.1, -0.05), (lambda _: -0.20, -0.40)],
    ids=["sold above what is bought", "dear for three hours", "negative, and sold above zero"],
)
async def test_nothing_is_delivered_without_permission(
    hass: HomeAssistant, planned: Planned, price: Callable[[int], float], fee: float
) -> None:
    """However much selling yields (a fee below zero is a bonus), also when grid charging is allowed."""
    await planned.set_up(stored(), market(hass, price, sell_fee_per_kwh=fee, may_charge_from_grid=True))
    _, given_w = await flows(planned, 600)
    assert given_w < 15
    assert planned.value("plan") != "deliver_to_grid"


async def test_nothing_is_bought_without_permission_though_it_is_paid_for(
    hass: HomeAssistant, planned: Planned
) -> None:
    """At -50 ct; what is stored is kept."""
    await planned.set_up(stored(), market(hass, lambda each: -0.5 if each < 12 else 0.4))
    taken_w, given_w = await flows(planned, 600)
    assert taken_w < 15
    assert given_w < 15
    assert planned.power_w < 60


async def test_negative_prices_are_used_with_permission_within_the_connection(
    hass: HomeAssistant, planned: Planned
) -> None:
    """3,000 W in all, and nothing is delivered that would have to be paid for."""
    given = {"may_charge_from_grid": True, "may_deliver_to_grid": True}
    options = market(hass, lambda each: -0.5 if each < 12 else 0.4, **given)
    await planned.set_up(stored(), options | {"max_import_w": 3000})
    taken_w, given_w = await flows(planned, 600)
    assert 1500 < taken_w < 3000 - LOAD_W + 60
    assert given_w == 0
    assert planned.world.site.house.grid_w < 3050


async def test_a_plan_that_takes_for_ever_holds_nobody_up(
    hass: HomeAssistant, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cycles go on beside it; when the last plan is half an hour old it is net zero, until there is a new one."""
    given = {"may_charge_from_grid": True}
    await planned.set_up(stored(), market(hass, lambda each: 0.05 if each < 24 else 0.4, **given))
    await planned.run(240)
    assert planned.power_w < -500
    goes_on, makes = Event(), planner._make
    monkeypatch.setattr(planner, "_make", lambda *given: (goes_on.wait(30), makes(*given))[1])
    longest_s, world = 0.0, planned.world
    end = world.clock() + 2700
    try:
        while world.clock() < end:
            world.site.advance(10)
            world.clock.now += 10
            began = time.perf_counter()
            await world.coordinator.async_refresh()
            longest_s = max(longest_s, time.perf_counter() - began)
            await hass.async_block_till_done()
    finally:
        goes_on.set()
    assert longest_s < BUSY_S
    assert planned.attribute("status") == "Net zero: the plan is older than half an hour."
    assert planned.power_w == pytest.approx(LOAD_W, abs=60)
    await world.settle()
    await planned.run(120)
    assert planned.attribute("acts") is True
    assert planned.power_w < -500
