"""Fixtures of the tests that run a Home Assistant."""

from collections.abc import AsyncGenerator

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from simulation.site import SimulatedSite

from .world import Clock, World, site_entry, turned_by


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations."""


@pytest.fixture
async def bare_world(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[World]:
    """Return a home of three batteries whose entry waits to be set up."""
    clock = Clock()
    async with SimulatedSite(3) as site:
        home = World(hass, site, site_entry(site), clock)
        home.entry.add_to_hass(hass)
        with turned_by(clock):
            yield home
            if home.entry.state is ConfigEntryState.LOADED:
                await hass.config_entries.async_unload(home.entry.entry_id)


@pytest.fixture
async def world(bare_world: World) -> World:
    """Return a home of three batteries that is set up, its controller off."""
    await bare_world.set_up()
    return bare_world
