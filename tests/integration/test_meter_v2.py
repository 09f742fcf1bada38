"""A site whose P1 is read by version 2 of its API, and one whose P1 loses version 1."""

import asyncio
from collections.abc import Iterator
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.diagnostics import async_get_config_entry_diagnostics
from simulation.battery import DeviceMode
from simulation.faults import Fault

from .flow_home import TEXTS, assert_translated
from .test_control import modes, setpoints
from .world import INTEGRATION, World, issues, paired_meter

SAFE_S = 80
"""The age limit of the meter, and a cycle."""


@pytest.fixture(autouse=True)
def _no_debug_of_the_loop(bare_world: World) -> None:
    """Else the server's side of a refused certificate counts as an error of ours."""
    bare_world.hass.loop.set_debug(False)


@pytest.fixture(autouse=True)
def _usual_port(bare_world: World) -> Iterator[None]:
    """Let the simulated P1 have the port of all HomeWizards."""
    with patch(f"{INTEGRATION}.site.pairing.DEFAULT_METER_PORT_V2", bare_world.site.p1_port_v2):
        yield


def pair(world: World) -> None:
    """Let the site be one whose P1 is paired."""
    world.hass.config_entries.async_update_entry(world.entry, data={"meter": paired_meter(world.site)})


@pytest.fixture
async def paired(bare_world: World) -> World:
    """Return a home at work that reads its P1 so."""
    pair(bare_world)
    await bare_world.set_up()
    bare_world.site.house.load = lambda _: 4200.0
    await bare_world.switch(on=True)
    await bare_world.pass_time(180)
    assert sorted(modes(bare_world)) == ["Auto", "Passive", "Passive"]
    assert any(setpoints(bare_world).values())
    return bare_world


def asked(world: World) -> list[Any]:
    """Return the flows in which the owner is asked to pair the meter again."""
    return [flow for flow in world.hass.config_entries.flow.async_progress() if flow["context"]["source"] == "reauth"]


async def walk(world: World, manager: Any, result: Any) -> Any:
    """Send the page before it, press the button, and go on to the end."""
    result = await manager.async_configure(result["flow_id"], {})
    assert result["type"] == "progress"
    world.site.p1.press_button()
    await world.settle()
    result = await manager.async_configure(result["flow_id"])
    await world.settle()
    return result


async def test_the_meter_is_read_and_the_batteries_are_run_by_it(paired: World) -> None:
    """As by the first version."""
    world = paired
    assert float(world.state(world.site_entity("sensor", "grid_power"))) == pytest.approx(
        world.site.house.grid_w, abs=60
    )
    assert abs(world.site.house.grid_w) < 150
    assert {request for request in world.site.p1.requests if "v1" in request} == set()


async def test_the_token_is_in_no_report_and_no_log(bare_world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever has it reads the meter."""
    caplog.set_level(logging.DEBUG)
    pair(bare_world)
    await bare_world.set_up()
    await bare_world.pass_time(30)
    token = bare_world.entry.data["meter"]["token"]
    report = await async_get_config_entry_diagnostics(bare_world.hass, bare_world.entry)
    assert report["entry"]["data"]["meter"]["type"] == "homewizard_v2"
    assert token not in str(report)
    assert token not in caplog.text


async def test_a_token_that_was_taken_back_pauses_control_and_is_renewed_by_the_button(paired: World) -> None:
    """The owner is asked once, the followers rest meanwhile, and all goes on from there."""
    world = paired
    world.site.p1.tokens.clear()
    await world.pass_time(SAFE_S)
    assert world.state(world.site_entity("sensor", "state")) == "meter_lost"
    assert not any(setpoints(world).values())
    await world.pass_time(1000)
    assert not issues(world), "the request to pair it says all"
    (flow,) = asked(world)
    manager = world.hass.config_entries.flow
    result = await walk(world, manager, {"flow_id": flow["flow_id"]})
    assert result["reason"] == "reauth_successful"
    assert not asked(world)
    assert world.entry.data["meter"]["token"] in world.site.p1.tokens.values()
    await world.pass_time(200)
    assert world.state(world.site_entity("sensor", "state")) == "leader_and_followers"


async def test_without_a_valid_token_the_site_starts_and_batteries_can_be_commanded(bare_world: World) -> None:
    """A site that does not load releases nothing, and says nothing."""
    world = bare_world
    pair(world)
    world.site.p1.tokens.clear()
    world.site.batteries[0].model.command(DeviceMode.PASSIVE, 0.0)
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.LOADED
    assert len(asked(world)) == 1
    await world.switch(on=True)
    await world.pass_time(60)
    assert world.state(world.site_entity("sensor", "state")) in {"starting", "meter_lost"}
    await world.call("select", "select_option", world.battery_entity("select", 0, "mode"), option="automatic")
    await world.pass_time(20)
    assert modes(world)[0] == "Auto"


async def test_the_certificate_of_another_device_is_named(paired: World) -> None:
    """It is sent no token; when the meter is back, all is well."""
    world = paired
    p1 = world.site.p1
    await p1.stop()
    p1.certified_serial = "3c39e7aabbcc"
    await p1.start()
    p1.requests.clear()
    await world.pass_time(SAFE_S)
    assert issues(world) == {"meter_stranger"}
    assert not any(setpoints(world).values())
    await world.pass_time(1000)
    assert issues(world) == {"meter_stranger"}
    assert not p1.requests
    await p1.stop()
    p1.certified_serial = "02a1b0ffffff"
    await p1.start()
    await world.pass_time(200)
    assert not issues(world)
    assert world.state(world.site_entity("sensor", "state")) == "leader_and_followers"


async def test_a_connection_that_is_slow_to_come_does_not_keep_the_site_from_loading(bare_world: World) -> None:
    """A small device may need longer to agree on keys than a cycle waits for a reading."""
    world, pipes = bare_world, set[asyncio.Task[None]]()

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        p1 = await asyncio.open_connection("127.0.0.1", world.site.p1_port_v2)
        pipes.update({asyncio.create_task(pipe(reader, p1[1])), asyncio.create_task(pipe(p1[0], writer))})

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    meter = paired_meter(world.site) | {"port": server.sockets[0].getsockname()[1]}
    world.hass.config_entries.async_update_entry(world.entry, data={"meter": meter})
    with patch(f"{INTEGRATION}.meter.homewizard_v2.TIMEOUT_S", 0.3):
        await world.try_set_up()
        assert world.entry.state is ConfigEntryState.LOADED
        await world.pass_time(30)
    assert world.coordinator.meter.failure is None
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    server.close()
    server.close_clients()
    await asyncio.gather(*pipes, return_exceptions=True)


# The first version goes.


async def repair(world: World) -> tuple[Any, Any]:
    """Open the repair that pairs the meter; return its manager and its first page."""
    assert await async_setup_component(world.hass, REPAIRS, {})
    (issue,) = [issue for issue in ir.async_get(world.hass).issues.values() if issue.domain == DOMAIN]
    assert (issue.translation_key, issue.is_fixable) == ("meter_v1_gone", True)
    manager = world.hass.data[REPAIRS]["flow_manager"]
    return manager, await manager.async_init(DOMAIN, context={"issue_id": issue.issue_id})


async def test_a_site_whose_old_api_goes_is_led_to_the_new_one(world: World) -> None:
    """By a repair, which waits for the button as often as it takes; it says so instead of what it said before."""
    await world.switch(on=True)
    await world.pass_time(60)
    world.site.p1.faults.add(Fault.P1_API_OFF)
    await world.pass_time(SAFE_S)
    await world.settle()
    assert issues(world) == {"meter_v1_gone"}
    assert world.state(world.site_entity("sensor", "state")) == "meter_lost"
    looks = world.site.p1.requests.count("GET /api")
    await world.pass_time(1000)
    assert world.site.p1.requests.count("GET /api") - looks <= 9, "once in two minutes"
    assert issues(world) == {"meter_v1_gone"}
    manager, result = await repair(world)
    assert result["step_id"] == "confirm"
    words = TEXTS["issues"]["meter_v1_gone"]["fix_flow"]
    result = await manager.async_configure(result["flow_id"], {})
    assert_translated(result, words)
    await world.settle()
    result = await manager.async_configure(result["flow_id"])
    assert (result["step_id"], result["errors"]) == ("pair_again", {"base": "meter_not_paired"})
    assert_translated(result, words)
    result = await walk(world, manager, result)
    assert result["type"] == "create_entry"
    assert world.entry.data["meter"]["type"] == "homewizard_v2"
    await world.pass_time(60)
    assert not issues(world)
    assert world.coordinator.meter.failure is None


async def test_an_old_api_that_comes_back_is_read_on(world: World) -> None:
    """Its owner switched it on again: nothing has to be paired."""
    world.site.p1.faults.add(Fault.P1_NOT_FOUND)
    await world.pass_time(SAFE_S)
    await world.settle()
    await world.pass_time(10)
    assert issues(world) == {"meter_v1_gone"}
    world.site.p1.faults.clear()
    await world.pass_time(20)
    assert not issues(world)
    assert world.entry.data["meter"]["type"] == "homewizard"


@pytest.mark.parametrize("fault", [Fault.P1_API_OFF, None])
async def test_it_is_led_there_after_a_restart_as_well(bare_world: World, fault: Fault | None) -> None:
    """Switched off, or nobody at the port any more."""
    world = bare_world
    if fault is None:
        meter = {**world.entry.data["meter"], "port": 1}
        world.hass.config_entries.async_update_entry(world.entry, data={"meter": meter})
    else:
        world.site.p1.faults.add(fault)
    await world.try_set_up()
    assert world.entry.state is ConfigEntryState.LOADED
    await world.pass_time(20)
    assert issues(world) == {"meter_v1_gone"}


async def test_where_nothing_else_answers_the_old_words_stay(world: World) -> None:
    """An old P1 has one version only."""
    with patch.object(world.coordinator.meter.successor, "_meter", None):
        world.site.p1.faults.add(Fault.P1_API_OFF)
        await world.pass_time(SAFE_S)
    assert issues(world) == {"meter_api_off"}
