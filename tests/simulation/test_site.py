"""The whole home on loopback, and the command that starts it."""

import asyncio

import pytest

from simulation.__main__ import run
from simulation.battery import BatteryModel
from simulation.devices import VENUS_A_147
from simulation.site import SimulatedSite, default_batteries

from .wires import exchange

pytestmark = pytest.mark.usefixtures("socket_enabled")


def test_the_default_home_has_two_models_at_different_charge() -> None:
    """Every third battery is of the second generation."""
    batteries = default_batteries(4)
    assert [battery.device.name for battery in batteries] == ["VenusE 3.0", "VenusE 3.0", "VenusE", "VenusE 3.0"]
    assert len({battery.soc_pct for battery in batteries}) == len({battery.mac for battery in batteries}) == 4


async def test_a_test_owns_the_time_of_its_site() -> None:
    """Nothing moves by itself; then as much as asked."""
    async with SimulatedSite(1, load=400, pv=100) as site:
        await asyncio.sleep(0.05)
        assert site.house.now == 0
        site.advance(120)
        assert site.house.now == pytest.approx(120)
        assert site.house.net_load_w == 300
        assert abs(site.house.grid_w) < 30


async def test_in_real_time_it_moves_by_itself_and_stops_when_left() -> None:
    """At the speed that was asked for."""
    async with SimulatedSite(1, realtime=True, speed=10.0, start_s=50.0) as site:
        await asyncio.sleep(0.4)
        house = site.house
        assert 0.2 < house.now < 2
        assert house.trace_s == pytest.approx(50 + 10 * house.now)
    stopped_at = house.now
    await asyncio.sleep(0.3)
    assert house.now == stopped_at


async def test_own_batteries_and_ports_can_be_given() -> None:
    """For a home as one's own."""
    async with SimulatedSite(1) as other:
        taken = other.batteries[0].port
    async with SimulatedSite([BatteryModel(VENUS_A_147, soc_pct=33)], port=taken) as site:
        battery = site.batteries[0]
        assert battery.port == taken
        ((frame, _),) = await exchange(battery.host, taken)
        assert frame["result"]["bat_soc"] == 33
        assert site.p1_url == f"http://{site.p1_host}:{site.p1_port}"


async def test_the_command_tells_where_everything_is_and_how_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m simulation`, for half a second."""
    async with SimulatedSite(1) as other:
        port = other.batteries[0].port
    arguments = ["--port", str(port), "--p1-port", "0", "--scenario", "C", "--speed", "5", "--batteries", "2"]
    task = asyncio.create_task(run([*arguments, "--start-s", "600"], every_s=0.4))
    await asyncio.sleep(0.6)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("P1       http://127.0.0.1:")
    assert [line.split()[1] for line in printed[1:3]] == [f"127.0.0.2:{port}", f"127.0.0.3:{port}"]
    assert "grid" in printed[3]
    assert "Auto" in printed[3]
