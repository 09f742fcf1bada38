"""Fixtures of the tests that run a Home Assistant."""

from collections.abc import AsyncGenerator

from homeassistant.core import HomeAssistant
import pytest

from simulation.site import SimulatedSite

from .world import Clock, World, site_entry, turned_by


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations."""


@pytest.fixture
async def world(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[World]:
    """Return a home of three batteries that is set up, its controller off."""
    clock = Clock()
    async with SimulatedSite(3) as site:
        home = World(hass, site, site_entry(site), clock)
        with turned_by(clock):
            await home.set_up()
            yield home
            await hass.config_entries.async_unload(home.entry.entry_id)
