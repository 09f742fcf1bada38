"""Batteries on real sockets."""

import asyncio

import pytest

from simulation.battery import BatteryModel
from simulation.faults import Fault
from simulation.site import SimulatedSite
from simulation.udp import BROADCAST, FakeBattery

from .wires import exchange

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_request_is_answered_to_where_it_came_from() -> None:
    """From the battery's address and port, to an ephemeral one."""
    async with SimulatedSite(2) as site:
        for battery in site.batteries:
            ((frame, sender),) = await exchange(battery.host, battery.port)
            assert (frame["id"], sender) == (7, (battery.host, battery.port))
            assert frame["src"].endswith(battery.mac)


async def test_batteries_share_the_port_and_differ_by_address() -> None:
    """As at home."""
    async with SimulatedSite(3) as site:
        assert len({battery.port for battery in site.batteries}) == 1
        assert len({battery.host for battery in site.batteries}) == 3
        assert len({battery.mac for battery in site.batteries}) == 3


async def test_a_broadcast_reaches_every_battery() -> None:
    """Discovery on loopback, and the only way to a battery that hears nothing else."""
    request = {"id": 3, "method": "Marstek.GetDevice", "params": {"ble_mac": "0"}}
    async with SimulatedSite(3) as site:
        site.batteries[0].faults.add(Fault.BROADCAST_ONLY)
        port = site.batteries[0].port
        heard = await exchange(BROADCAST, port, request, broadcast=True, from_port=port)
        assert sorted(sender[0] for _, sender in heard) == [battery.host for battery in site.batteries]
        assert await exchange(site.batteries[0].host, port, request) == []


async def test_a_command_over_the_wire_moves_the_house() -> None:
    """Told to discharge 600 W into a load of 500 W: 100 W of export."""
    config = {"mode": "Passive", "passive_cfg": {"power": 600, "cd_time": 300}}
    request = {"id": 9, "method": "ES.SetMode", "params": {"id": 0, "config": config}}
    async with SimulatedSite(1, load=500) as site:
        battery = site.batteries[0]
        ((frame, _),) = await exchange(battery.host, battery.port, request)
        assert frame["result"]["set_result"] is True
        site.advance(30)
        assert site.house.grid_w == pytest.approx(-100, abs=2)
        ((frame, _),) = await exchange(battery.host, battery.port)
        assert frame["result"]["ongrid_power"] == pytest.approx(600, abs=15)


async def test_the_clock_of_the_battery_is_that_of_the_house() -> None:
    """A late look at the sockets changes nothing: what was received has the time of the house."""
    async with SimulatedSite(1) as site:
        site.advance(42)
        await exchange(site.batteries[0].host, site.batteries[0].port)
        assert [heard.at for heard in site.batteries[0].firmware.received] == [42.0]


async def test_latency_delays_answers_and_a_busy_device_drops_the_next_request() -> None:
    """One datagram at a time."""
    battery = FakeBattery(BatteryModel(), latency_s=0.05)
    await battery.start()
    try:
        heard = await asyncio.gather(*(exchange(battery.host, battery.port, wait_s=1) for _ in range(2)))
        assert sorted(map(len, heard)) == [0, 1]
    finally:
        await battery.stop()


async def test_a_late_answer_comes_late() -> None:
    """How late can be set."""
    async with SimulatedSite(1) as site:
        battery = site.batteries[0]
        battery.firmware.late_s = 0.3
        battery.faults.add(Fault.LATE_REPLY)
        assert await exchange(battery.host, battery.port, wait_s=0.1) == []
        assert len(await exchange(battery.host, battery.port, wait_s=0.5)) == 1


async def test_stopping_takes_back_what_was_under_way_and_frees_the_port() -> None:
    """A battery can be taken off the net and put back; stopping twice does no harm."""
    battery = FakeBattery(BatteryModel())
    await battery.start()
    port = battery.port
    battery.faults.add(Fault.LATE_REPLY)
    await exchange(battery.host, port, wait_s=0.05)
    await battery.stop()
    await battery.stop()
    battery.faults.clear()
    assert await exchange(battery.host, port, wait_s=0.05) == []
    await battery.start()
    assert battery.port == port
    assert len(await exchange(battery.host, port)) == 1
    await battery.stop()


async def test_garbage_and_empty_datagrams_do_not_kill_it() -> None:
    """A parse error for the first, silence for good after the second."""
    async with SimulatedSite(1) as site:
        battery = site.batteries[0]
        ((frame, _),) = await exchange(battery.host, battery.port, b"\xff\xfe{")
        assert frame["error"]["code"] == -32700
        assert await exchange(battery.host, battery.port, b"") == []
        assert await exchange(battery.host, battery.port) == []
