"""Setting up the largest site: six batteries, all alive. `--durations=0` shows how long that takes."""

from collections import Counter
from collections.abc import AsyncGenerator
from unittest.mock import patch

from homeassistant import block_async_io
from homeassistant.core import HomeAssistant
import pytest

from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite

from .world import World, site_entry, turned_by

LATENCY_S = 0.2
"""Median of a battery's answers, as at home (marstek_api.md 7.2)."""


@pytest.fixture
async def six(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[World]:
    """Return a home of six batteries that answer in their own time; its entry waits to be set up."""
    async with SimulatedSite(6, latency_s=LATENCY_S, manners=ON_ONE_HOST) as site:
        home = World(hass, site, site_entry(site))
        home.entry.add_to_hass(hass)
        yield home
        await hass.config_entries.async_unload(home.entry.entry_id)


async def test_the_first_refresh_asks_each_battery_once(six: World) -> None:
    """Firmware suffers from being asked: one answer of each fills every entity."""
    await six.set_up()
    for index, battery in enumerate(six.site.batteries):
        asked = Counter(received.method for received in battery.firmware.received)
        assert asked == {"ES.GetMode": 1}, battery.host
        assert six.state(six.battery_entity("sensor", index, "soc")) not in {"unknown", "unavailable"}


@pytest.mark.usefixtures("disable_block_async_io")
async def test_home_assistant_finds_no_blocking_call(six: World, caplog: pytest.LogCaptureFixture) -> None:
    """By its own detection of what stops the event loop, switched on as in a real one."""
    with patch.object(block_async_io, "_IN_TESTS", new=False):
        block_async_io.enable()
    for battery in six.site.batteries:
        battery.wire.latency_s = 0.0
    with turned_by(six.clock):
        await six.set_up()
        await six.switch(on=True)
        await six.pass_time(120)
    assert "blocking call" not in caplog.text
