"""Fixtures of the tests that run a Home Assistant."""

from collections.abc import AsyncGenerator
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulation.certificates import authority_pem
from simulation.site import SimulatedSite

from .flow_home import INTEGRATION, FlowHome, short_waits
from .plan_home import Planned
from .prices_walk import NOON, Walk, walk_of
from .world import Clock, World, site_entry, turned_by


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations."""


@pytest.fixture(autouse=True)
def _trust_the_simulated_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the authority of the simulation in the place of HomeWizard's, and let nobody wait long for a button."""
    monkeypatch.setattr("homewizard_energy.v2.CACERT", authority_pem())
    monkeypatch.setattr(f"{INTEGRATION}.site.pairing.BUTTON_LIMIT_S", 0.3)
    monkeypatch.setattr(f"{INTEGRATION}.site.pairing.ASK_EVERY_S", 0.02)


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
                failures = home.coordinator.parts.failures
                await hass.config_entries.async_unload(home.entry.entry_id)
                assert home.parts_may_fail or not failures


@pytest.fixture
async def world(bare_world: World) -> World:
    """Return a home of three batteries that is set up, its controller off."""
    await bare_world.set_up()
    return bare_world


@pytest.fixture
async def planned(
    hass: HomeAssistant, bare_world: World, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Planned:
    """Return a home at midnight, UTC, that is not set up yet; its wall clock goes with the house.

    A frozen clock would not do: waits for batteries never end under it.
    """
    await hass.config.async_set_time_zone("UTC")
    home = Planned(bare_world, hass_storage)
    monkeypatch.setattr(dt_util, "utcnow", home.utcnow)
    monkeypatch.setattr(
        dt_util, "now", lambda zone=None: home.utcnow().astimezone(zone or dt_util.get_default_time_zone())
    )
    return home


@pytest.fixture
async def home(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[FlowHome]:
    """Return a home of three batteries that takes 500 W from the grid, and no entry yet."""
    async with SimulatedSite(3) as site:
        site.advance(5)
        with short_waits(site), patch(f"{INTEGRATION}.async_setup_entry", return_value=True) as setup_entry:
            yield FlowHome(hass=hass, site=site, setup_entry=setup_entry)


@pytest.fixture
def entry(home: FlowHome) -> MockConfigEntry:
    """Return the entry of the simulated site, not loaded."""
    entry = site_entry(home.site)
    entry.add_to_hass(home.hass)
    return entry


@pytest.fixture
async def walk(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Walk:
    """Return somebody who sets the prices, at noon of a Monday."""
    freezer.move_to(NOON)
    return await walk_of(hass)
