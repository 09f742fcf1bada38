"""Restarts, reloads, removals and clocks: nothing is left running, and nobody is left behind."""

import asyncio
from datetime import datetime, timedelta
import gc
from ipaddress import ip_address
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from homeassistant.config_entries import SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_socket import socket_allow_hosts

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.coordinator import SiteCoordinator
from simulation.battery import DeviceMode
from simulation.faults import Fault
from simulation.p1 import FakeP1
from simulation.site import SimulatedSite

from .test_control import modes, setpoints
from .test_reviewed_faults import restart
from .world import World

RELOADS = 200
LOOPBACK = ["127.0.0.1", "127.0.0.77", "127.0.0.78", "127.0.0.99"]
"""Where a meter may be in these tests."""


def held(world: World) -> dict[str, int]:
    """Return what a reload must not leave behind, each with its number."""
    gc.collect()
    hass = world.hass
    return {
        "coordinators": sum(isinstance(one, SiteCoordinator) for one in gc.get_objects()),
        "sockets of the client": len(world.coordinator.client.bindings),
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "tasks": len(asyncio.all_tasks()),
        "listeners": sum(hass.bus.async_listeners().values()),
        "shutdown jobs": len(hass._shutdown_jobs),
        "update listeners": len(world.entry.update_listeners),
        "listeners of the coordinator": len(world.coordinator._listeners),
    }


async def test_two_hundred_reloads_leave_nothing_behind(world: World) -> None:
    """One coordinator, one socket, and as many files, tasks and listeners as before."""
    world.hass.loop.set_debug(False)
    for _ in range(2):
        await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    before = held(world)
    assert before["coordinators"] == before["sockets of the client"] == 1
    for _ in range(RELOADS):
        await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    # Home Assistant's own delayed writes may hold listeners before, and be done after.
    grown = {what: number for what, number in held(world).items() if number > before[what]}
    assert not grown


async def test_a_battery_that_is_taken_out_while_it_leads_stands_still(world: World) -> None:
    """Left in Auto it would fight the next leader over the meter."""
    world.site.house.load = lambda _: 3000.0
    await world.switch(on=True)
    await world.pass_time(120)
    leader = modes(world).index(DeviceMode.AUTO)
    subentry = world.coordinator.batteries[world.site.batteries[leader].mac].subentry
    world.hass.config_entries.async_remove_subentry(world.entry, subentry.subentry_id)
    await world.settle()
    await world.pass_time(120)
    assert setpoints(world)[leader] == 0
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert abs(world.site.house.grid_w) < 100


async def test_a_restart_in_the_middle_of_a_change_of_leader(world: World) -> None:
    """However it stood, one leads afterwards and the house is served."""
    world.site.house.load = lambda _: 1200.0
    await world.switch(on=True)
    await world.pass_time(120)
    index = modes(world).index(DeviceMode.AUTO)
    old = world.site.house.batteries[index]
    await world.call("number", "set_value", world.battery_entity("number", index, "reserve"), value=70)
    for _ in range(100):
        await world.pass_time(2)
        if world.coordinator.data.state == "swapping":
            break
    assert world.coordinator.data.state == "swapping"
    await restart(world)
    await world.pass_time(180)
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert old.mode is not DeviceMode.AUTO
    assert abs(world.site.house.grid_w) < 100


@pytest.mark.parametrize(
    ("start", "jump"),
    [
        ("2026-03-29T00:59:30+00:00", timedelta(0)),
        ("2026-10-25T00:59:30+00:00", timedelta(0)),
        ("2026-06-01T12:00:00+00:00", timedelta(days=-400)),
        ("2026-06-01T12:00:00+00:00", timedelta(days=400)),
    ],
    ids=["summer time begins", "summer time ends", "clock set back", "clock set ahead"],
)
async def test_the_wall_clock_may_do_what_it_likes(world: World, start: str, jump: timedelta) -> None:
    """Durations are never measured with it."""
    amsterdam, wall = ZoneInfo("Europe/Amsterdam"), datetime.fromisoformat(start)
    world.site.house.load = lambda _: 5600.0
    with (
        patch("homeassistant.util.dt.utcnow", lambda: wall),
        patch("homeassistant.util.dt.now", lambda _zone=None: wall.astimezone(amsterdam)),
    ):
        await world.switch(on=True)
        await world.pass_time(240)
        before = world.coordinator.data
        wall += jump
        for _ in range(6):
            wall += timedelta(seconds=10)
            await world.pass_time(10)
            assert world.coordinator.data.state == "leader_and_followers"
            assert not world.coordinator.data.problem
    assert abs(world.site.house.grid_w) < 100
    assert 0 <= world.coordinator.data.discharged_wh - before.discharged_wh < 7500 * 370 / 3600


async def test_reload_and_removal_go_through_though_no_battery_answers(world: World) -> None:
    """Each is told, nobody confirms, and Home Assistant is not held up."""
    await world.switch(on=True)
    await world.pass_time(60)
    for battery in world.site.batteries:
        battery.faults.add(Fault.DEAD)
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert world.entry.state is ConfigEntryState.NOT_LOADED


def seen(site: SimulatedSite, host: str = "127.0.0.1") -> ZeroconfServiceInfo:
    """Return what Home Assistant tells of a P1 that it sees on the network."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=site.p1_port,
        hostname="p1.local.",
        type="_hwenergy._tcp.local.",
        name="P1",
        properties={"product_type": "HWE-P1", "serial": "02a1b0ffffff"},
    )


async def discovered(hass: HomeAssistant, info: ZeroconfServiceInfo) -> dict[str, object]:
    """Return what a flow makes of a meter that was seen."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info)
    return dict(result)


async def test_the_meter_is_followed_to_its_new_address(world: World) -> None:
    """By its serial, once it told there who it is; the site goes on with the rest as it was."""
    socket_allow_hosts(LOOPBACK)
    meter = world.entry.data["meter"]
    old = {**meter, "serial": "02a1b0ffffff", "host": "127.0.0.99"}
    world.hass.config_entries.async_update_entry(world.entry, data={"meter": old})
    result = await discovered(world.hass, seen(world.site))
    await world.settle()
    assert result["reason"] == "already_configured"
    assert world.entry.data["meter"]["host"] == "127.0.0.1"
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    assert world.entry.state is ConfigEntryState.LOADED


async def test_other_addresses_of_a_meter_that_answers_change_nothing(world: World) -> None:
    """A P1 announces IPv6 and IPv4 in turn: no new start, until it does not answer any more where it is known to be."""
    socket_allow_hosts(LOOPBACK)
    meter = {**world.entry.data["meter"], "serial": "02a1b0ffffff"}
    world.hass.config_entries.async_update_entry(world.entry, data={"meter": meter})
    await world.settle()
    before = world.coordinator
    others = [FakeP1(world.site.house, host=host, port=world.site.p1_port) for host in ("127.0.0.77", "127.0.0.78")]
    for other in others:
        await other.start()
    try:
        for host in ("127.0.0.77", "127.0.0.1", "127.0.0.78", "127.0.0.1") * 2:
            assert (await discovered(world.hass, seen(world.site, host)))["reason"] == "already_configured"
            await world.settle()
            assert world.entry.data["meter"] == meter
            assert world.entry.runtime_data is before
        await world.site.p1.stop()
        await discovered(world.hass, seen(world.site, "127.0.0.78"))
        await world.settle()
        assert world.entry.data["meter"]["host"] == "127.0.0.78"
    finally:
        for other in others:
            await other.stop()


@pytest.mark.parametrize("fault", [Fault.P1_API_OFF, None])
async def test_another_meter_is_none_of_a_site_s_business(world: World, fault: Fault | None) -> None:
    """Nor one that does not say who it is."""
    world.site.p1.faults.update({fault} if fault else ())
    before = dict(world.entry.data)
    assert (await discovered(world.hass, seen(world.site)))["reason"] == "not_ours"
    assert dict(world.entry.data) == before


async def test_a_first_site_is_offered_for_a_meter_that_was_seen(hass: HomeAssistant, socket_enabled: None) -> None:
    """Once, with its address filled in."""
    async with SimulatedSite(1) as site:
        form = await discovered(hass, seen(site))
        assert form["step_id"] == "homewizard"
        again = await discovered(hass, seen(site))
        assert again["reason"] == "already_in_progress"
        flow_id = str(form["flow_id"])
        result = await hass.config_entries.flow.async_configure(flow_id, {"host": f"127.0.0.1:{site.p1_port}"})
        assert result["step_id"] == "confirm_import"
