"""A cycle that one part cannot break: powers end, batteries are told and entities show it, whatever else fails."""

import logging
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest

from custom_components.home_energy_controller.control.model import BatteryMode
from custom_components.home_energy_controller.diagnostics import async_get_config_entry_diagnostics
from custom_components.home_energy_controller.view import publish
from simulation.battery import DeviceMode

from .test_actions import act
from .test_control import modes, setpoints
from .world import INTEGRATION, World, written

BROKEN = [
    ("charger", "coordinator.charger.steer"),
    ("car", "coordinator.charger.observe"),
    ("figures", "coordinator.energy_statistics.add"),
    ("figures", "coordinator.store.note"),
    ("quality", "coordinator.energy_statistics.quality"),
    ("recorder", "coordinator.recorder.add"),
    ("what was learnt", "coordinator.store.learn"),
    ("energy Battery 1", "coordinator.store.count"),
    ("net load", "coordinator.observing.sample_net_load"),
    ("watch", "coordinator._watch.observe"),
    ("watch Battery 2", "coordinator._watch._compare_class"),
    ("issues", "view.health.show_issues"),
    ("begin of a search", "view.health.searches"),
    ("prices", "coordinator.prices_of"),
    ("publish Battery 3", "view.publish.battery_snapshot"),
]


def broken(world: World, target: str, error: type[Exception]) -> Any:
    """Let a part raise."""
    if not target.startswith("coordinator.") or target == "coordinator.prices_of":
        return patch(f"{INTEGRATION}.{target}", side_effect=error)
    owner: Any = world.coordinator
    *path, name = target.split(".")[1:]
    for step in path:
        owner = getattr(owner, step)
    return patch.object(owner, name, side_effect=error)


@pytest.mark.parametrize(
    ("part", "target", "error"),
    [(*row, TypeError) for row in BROKEN] + [(*BROKEN[7], OSError), (*BROKEN[0], RecursionError)],
)
async def test_a_cycle_goes_on_without_the_part_that_fails(
    world: World, part: str, target: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """A power with an end ends, followers are renewed, the grid is kept, and the failure is told once and counted."""
    world.parts_may_fail = True
    world.site.house.load = lambda now: 900.0 if now < 250 else 5600.0
    await world.switch(on=True)
    await world.pass_time(120)
    index = modes(world).index(DeviceMode.PASSIVE)
    await act(world, "set_power", index, power_w=-300, duration={"minutes": 2})
    mac = world.site.batteries[index].mac
    with broken(world, target, error):
        await world.pass_time(110)
        assert setpoints(world)[index] == -300
        await world.pass_time(390)
        assert world.coordinator.store.site.battery(mac).wish is BatteryMode.CONTROLLED
        # Of whom nobody keeps that it moves the right way, it gets small commands only.
        assert abs(world.site.house.grid_w) < (2600 if part == "what was learnt" else 200)
        assert world.coordinator.last_update_success
        assert world.coordinator.data.grid_power_w == pytest.approx(world.site.house.grid_w, abs=300)
    found = (await async_get_config_entry_diagnostics(world.hass, world.entry))["failures"]
    assert len(found) == len(world.coordinator.parts.failures)
    assert all(failures["error"] == error.__name__ and failures["count"] > 10 for failures in found.values())
    assert all(failures["goes_on"] and "Battery" not in key for key, failures in found.items())
    told = [
        record for record in caplog.records if record.name.endswith("isolation") and record.levelno >= logging.ERROR
    ]
    assert [record.args for record in told if part in str(record.args)] == [(part,)]
    await world.pass_time(20)
    assert not world.coordinator.parts.failures[part].goes_on


async def test_a_battery_that_cannot_be_shown_is_shown_as_unavailable(world: World) -> None:
    """What it was before is not what it is now; the others are shown as ever."""
    world.parts_may_fail = True
    show, bad = publish.battery_snapshot, world.site.batteries[1].mac

    def fails(battery: Any, *args: Any, **kwargs: Any) -> Any:
        if battery.id == bad:
            raise KeyError(battery.id)
        return show(battery, *args, **kwargs)

    with patch(f"{INTEGRATION}.view.publish.battery_snapshot", fails):
        await world.pass_time(30)
        powers = [world.state(world.battery_entity("sensor", index, "power")) for index in range(3)]
        assert powers[1] == "unavailable"
        assert "unavailable" not in (powers[0], powers[2])
        assert world.state(world.site_entity("sensor", "battery_power")) == "unknown"
    await world.pass_time(30)
    assert world.state(world.battery_entity("sensor", 1, "power")) != "unavailable"


async def test_a_meter_that_raises_what_it_should_not_is_a_meter_that_is_lost(world: World) -> None:
    """Batteries are not left with what they were told by it."""
    world.parts_may_fail = True
    await world.switch(on=True)
    await world.pass_time(60)
    with patch.object(world.coordinator.meter.source, "read", side_effect=ZeroDivisionError):
        await world.pass_time(120)
        assert world.coordinator.data.grid_power_w is None
        assert world.coordinator.data.state == "meter_lost"
    await world.pass_time(60)
    assert world.coordinator.data.grid_power_w is not None


async def test_what_may_not_come_after_a_power_does_not_keep_it_going(world: World) -> None:
    """It was in automatic mode, which its limits forbid by now."""
    await world.call("select", "select_option", world.battery_entity("select", 1, "mode"), option="automatic")
    await act(world, "set_power", 1, power_w=500, duration={"minutes": 1})
    battery = world.coordinator.batteries[world.site.batteries[1].mac]
    with patch.object(type(battery.configured), "may_run_auto", False):
        await world.pass_time(90)
    assert world.coordinator.store.site.battery(battery.id).wish is BatteryMode.CONTROLLED


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), WriteError(OSError(30, "read-only"))])
@pytest.mark.parametrize("way", ["stop", "unload"])
async def test_what_ends_control_is_sent_though_nothing_can_be_saved(world: World, error: Exception, way: str) -> None:
    """Commands first."""
    world.parts_may_fail = True
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="zero_discharge_only")
    await world.pass_time(120)
    told = len(written(world.site))
    with patch.object(world.coordinator.store, "async_save", side_effect=error):
        if way == "stop":
            await world.coordinator.async_stop()
            world.coordinator._closing = False
        else:
            assert await world.hass.config_entries.async_unload(world.entry.entry_id)
            assert world.entry.state is ConfigEntryState.NOT_LOADED
    assert len(written(world.site)) > told


async def test_commands_of_a_stop_are_sent_before_anything_is_saved(world: World) -> None:
    """A slow disk keeps no battery waiting."""
    await world.switch(on=True)
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="zero_discharge_only")
    await world.pass_time(120)
    told, seen = len(written(world.site)), []

    async def save() -> None:
        seen.append(len(written(world.site)))

    with patch.object(world.coordinator.store, "async_save", save):
        await world.coordinator.async_stop()
    world.coordinator._closing = False
    assert seen
    assert seen[0] > told


async def test_totals_that_could_not_be_written_are_not_shown(world: World) -> None:
    """And they are once they were."""
    world.site.house.load = lambda _: 3000.0
    await world.switch(on=True)
    store = world.coordinator.store
    with patch.object(Store, "_async_write_data", side_effect=WriteError(OSError(28, "No space left on device"))):
        await world.pass_time(400)
        assert sum(battery.discharged_wh for battery in store.site.batteries.values()) > 100
        assert not any(battery.discharged_wh for battery in store.saved.batteries.values())
        assert world.coordinator.data.discharged_wh == 0
    await world.pass_time(130)
    assert world.coordinator.data.discharged_wh > 100
