"""Automations that never rest: the last value wins, batteries are spared, and nothing is left behind."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.actuation.write_budget import MOST_PER_HOUR
from custom_components.home_energy_controller.site.changes import BURST

from .test_actions import act, device, refused
from .test_control import setpoints
from .world import World

SECONDS = 300
PER_SECOND = 10

type Flood = Callable[[World, int], tuple[str, str, dict[str, Any]]]
"""The n-th call: domain, service and data."""


def _set_power(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return DOMAIN, "set_power", {"device_id": device(world, 0), "power_w": n * 37 % 2000 - 1000}


def _set_power_of_all(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return DOMAIN, "set_power", {"device_id": device(world), "power_w": n * 37 % 3000 + 300}


def _hold_and_release(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    power = {"power_w": 500} if n % 2 else {}
    return DOMAIN, "set_power" if n % 2 else "release", {"device_id": device(world, 0), **power}


def _mode(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    entity_id, options = world.battery_entity("select", 0, "mode"), ("automatic", "idle", "fixed", "controlled")
    return "select", "select_option", {"entity_id": entity_id, "option": options[n % 4]}


def _strategy(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    entity_id, options = world.site_entity("select", "strategy"), ("zero", "standby", "to_full", "fixed")
    return "select", "select_option", {"entity_id": entity_id, "option": options[n % 4]}


def _setpoint(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return "number", "set_value", {"entity_id": world.battery_entity("number", 0, "setpoint"), "value": n * 37 % 2000}


def _site_setpoint(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return "number", "set_value", {"entity_id": world.site_entity("number", "setpoint"), "value": n * 37 % 3000}


def _reserve(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return "number", "set_value", {"entity_id": world.battery_entity("number", 0, "reserve"), "value": 10 + n % 80}


def _switch(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return "switch", "turn_on" if n % 2 else "turn_off", {"entity_id": world.site_entity("switch", "controller")}


def _run_cycle(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return DOMAIN, "run_cycle", {"device_id": device(world), "dry_run": n % 2 == 0}


def _clear_schedules(world: World, n: int) -> tuple[str, str, dict[str, Any]]:
    return DOMAIN, "clear_schedules", {"device_id": device(world, 0), "confirm": True}


async def flood(world: World, calls: Flood, seconds: int = SECONDS) -> int:
    """Call it ten times a second, and return how many calls were refused."""
    refused, due = 0, world.clock.now
    for n in range(seconds * PER_SECOND):
        world.clock.now += 1 / PER_SECOND
        domain, service, data = calls(world, n)
        try:
            await world.hass.services.async_call(domain, service, data, blocking=True)
        except HomeAssistantError:
            refused += 1
        if n % PER_SECOND == 0:
            world.site.advance(1.0)
        if world.clock.now >= due:
            await world.coordinator.async_refresh()
            await world.settle()
            assert world.coordinator.update_interval is not None
            due = world.clock.now + world.coordinator.update_interval.total_seconds()
    return refused


def tasks(world: World) -> int:
    """Return how many tasks there are."""
    return len(asyncio.all_tasks(world.hass.loop))


@pytest.mark.parametrize(
    "calls",
    [
        _set_power,
        _set_power_of_all,
        _hold_and_release,
        _mode,
        _strategy,
        _setpoint,
        _site_setpoint,
        _reserve,
        _switch,
        _run_cycle,
        _clear_schedules,
    ],
)
async def test_ten_calls_a_second_spare_the_batteries(world: World, calls: Flood) -> None:
    """Whatever is called: what can wait waits, and no task, no cycle and no timer is left."""
    world.site.house.load = lambda now: 1500.0
    if calls is not _hold_and_release:
        await world.switch(on=True)
    if calls is _setpoint:
        await world.call("select", "select_option", world.battery_entity("select", 0, "mode"), option="fixed")
    if calls is _site_setpoint:
        await world.call("select", "select_option", world.site_entity("select", "strategy"), option="fixed")
    await world.pass_time(60)
    before = tasks(world)
    await flood(world, calls)
    await world.settle()
    assert tasks(world) <= before
    counted = world.coordinator.writes.values()
    assert all(each.busiest_hour - each.exceptions <= MOST_PER_HOUR for each in counted)


async def test_many_changes_at_the_same_moment_share_a_cycle_and_the_last_one_wins(world: World) -> None:
    """Each caller is answered once it acts, and what is refused is refused to whom it is."""
    entity_id = world.battery_entity("number", 0, "setpoint")
    await act(world, "set_power", 0, power_w=100)
    await world.pass_time(60)
    with patch.object(world.coordinator, "_run_cycle", wraps=world.coordinator._run_cycle) as run_cycle:
        calls = [
            world.hass.services.async_call(
                "number", "set_value", {"entity_id": entity_id, "value": 10 * number}, blocking=True
            )
            for number in range(50)
        ]
        too_much = act(world, "set_power", 0, power_w=9000)
        *_, answer = await asyncio.gather(*calls, too_much, return_exceptions=True)
    assert isinstance(answer, ServiceValidationError)
    assert run_cycle.call_count <= 12
    await world.pass_time(20)
    assert world.state(entity_id) == "490"
    assert setpoints(world)[0] == 490


async def test_a_change_of_a_flood_acts_soon_though_it_gets_no_cycle_of_its_own(world: World) -> None:
    """The next cycle comes in two seconds, not in ten."""
    await world.pass_time(60)
    for number in range(BURST + 5):
        await world.coordinator.requests.async_update_site(setpoint_w=number)
    assert world.coordinator.data.setpoint_w == BURST - 1
    assert world.coordinator.update_interval == timedelta(seconds=2)
    await world.pass_time(2)
    assert world.coordinator.data.setpoint_w == BURST + 4


async def test_schedules_are_not_cleared_again_and_again(world: World) -> None:
    """Each time is ten writes."""
    for _ in range(MOST_PER_HOUR // 10 + 1):
        with suppress(HomeAssistantError):
            await act(world, "clear_schedules", 1, confirm=True)
    assert await refused(world, "clear_schedules", 1, confirm=True) == "written_too_often"
