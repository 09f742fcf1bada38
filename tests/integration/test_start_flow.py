"""The end of set-up: the main fuse, what would be done now, and whether it starts."""

from collections.abc import AsyncGenerator
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.flows.start import fuse_limits
from simulation.faults import Fault
from simulation.site import SimulatedSite

from .flow_home import INTEGRATION, FlowHome, short_waits, suggested
from .world import Clock, World, turned_by, written


async def at_the_fuse(home: FlowHome, *names: str) -> Any:
    """Go through a new site's flow up to the main fuse, with batteries of these names that lead."""
    result = await home.batteries_chosen(*range(len(names)))
    for name in names:
        result = await home.submit(result, **(suggested(result) | {"name": name, "own_meter": "this"}))
    return result


@pytest.fixture
async def house(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[FlowHome]:
    """Return a home of two batteries whose site really runs once it is set up."""
    async with SimulatedSite(2) as site:
        site.house.load = lambda _: 1500.0
        site.advance(30)
        with turned_by(Clock()), short_waits(site):
            yield FlowHome(hass=hass, site=site, setup_entry=AsyncMock())
            for entry in hass.config_entries.async_entries(DOMAIN):
                await hass.config_entries.async_unload(entry.entry_id)


def world_of(house: FlowHome) -> World:
    """Return the home with the site that was set up in it."""
    (entry,) = house.hass.config_entries.async_entries(DOMAIN)
    known: Any = entry
    return World(house.hass, house.site, known, entry.runtime_data.clock)


def issues(world: World) -> set[str | None]:
    """Return all that the repairs show of this integration."""
    return {issue.translation_key for issue in ir.async_get(world.hass).issues.values() if issue.domain == DOMAIN}


@pytest.mark.parametrize(
    ("phases", "ampere", "tells_phases", "limits"),
    [
        (1, 25, False, {"max_import_w": 5750, "max_export_w": 5750}),
        (1, 35, True, {"max_import_w": 8050, "max_export_w": 8050}),
        (3, 25, False, {"max_import_w": 17250, "max_export_w": 17250}),
        (
            3,
            25,
            True,
            {
                "max_import_w": 17250,
                "max_export_w": 17250,
                "max_phase_import_w": 5750,
                "max_phase_export_w": 5750,
            },
        ),
    ],
)
def test_fuse_limits_the_connection_and_each_phase_that_the_meter_tells(
    phases: int, ampere: int, *, tells_phases: bool, limits: dict[str, int]
) -> None:
    """At 230 V."""
    assert fuse_limits(phases, ampere, tells_phases=tells_phases) == limits


async def test_main_fuse_sets_the_limits_of_the_connection(home: FlowHome) -> None:
    """One of the usual ones; the page that follows says what it comes to."""
    result = await home.submit(await at_the_fuse(home, "Garage"), fuse="1x25")
    assert result["description_placeholders"]["limit"] == "Your connection: at most 5.8 kW in and out."
    assert (await home.menu(result, "only_watch"))["type"] == "create_entry"
    (entry,) = home.hass.config_entries.async_entries(DOMAIN)
    assert entry.options == {"max_import_w": 5750, "max_export_w": 5750}
    assert entry.data.keys() == {"meter"}


async def test_another_fuse_is_typed_and_an_unknown_one_sets_nothing(home: FlowHome) -> None:
    """Which is said."""
    result = await home.submit(await at_the_fuse(home, "Garage"), fuse="other")
    assert result["step_id"] == "other_fuse"
    result = await home.submit(result, phases="1", ampere=40)
    assert "9.2 kW" in result["description_placeholders"]["limit"]
    result = await home.submit(await at_the_fuse(home, "Garage"), fuse="unknown")
    assert result["description_placeholders"]["limit"].startswith("No limit is set")
    assert (await home.menu(result, "only_watch"))["type"] == "create_entry"
    (entry,) = home.hass.config_entries.async_entries(DOMAIN)
    assert not entry.options


async def test_last_page_says_what_would_be_done_now(house: FlowHome) -> None:
    """By what meter and batteries tell then, in words; nothing is sent."""
    result = await house.submit(await at_the_fuse(house, "Garage", "Attic"), fuse="unknown")
    told = result["description_placeholders"]
    reads_w = house.site.house.meter.value_w or 0.0
    assert told["grid"] == f"The house now takes {reads_w / 1000:.2g} kW from the grid."
    first, second = (int(battery.model.soc_pct) for battery in house.site.batteries)
    assert told["batteries"] == f"Garage {first} %, Attic {second} %"
    assert told["summary"] == "Would discharge Attic at 800 W, Garage leads."
    assert not written(house.site)


async def test_last_page_does_without_who_is_silent(house: FlowHome) -> None:
    """It waits for it under words; a meter that is gone is told as well."""
    result = await at_the_fuse(house, "Garage", "Attic")
    house.site.batteries[1].faults.add(Fault.DEAD)
    await house.site.p1.stop()
    with patch(f"{INTEGRATION}.flows.forms.SOON_S", 0.01):
        flows = house.hass.config_entries.flow
        result = house.readable(await flows.async_configure(result["flow_id"], {"fuse": "unknown"}))
        assert (result["type"], result["progress_action"]) == ("progress", "look")
        result = await house.after_progress(result)
    told = result["description_placeholders"]
    assert told["batteries"] == "Garage 45 %, Attic ?"
    assert told["grid"].startswith("No reading from the meter")


async def test_who_starts_now_has_the_controller_on_at_once(house: FlowHome) -> None:
    """And only this once: from then on the switch counts."""
    result = await house.finish(await at_the_fuse(house, "Garage", "Attic"), option="start_now")
    assert result["type"] == "create_entry"
    await house.hass.async_block_till_done()
    world = world_of(house)
    assert world.state(world.site_entity("switch", "controller")) == "on"
    await world.pass_time(120)
    assert abs(house.site.house.grid_w) < 100
    assert not issues(world)
    assert world.entry.data.keys() == {"meter"}
    await world.switch(on=False)
    await house.hass.config_entries.async_reload(world.entry.entry_id)
    await house.hass.async_block_till_done()
    assert world.state(world.site_entity("switch", "controller")) == "off"
    await world.pass_time(20)
    assert not issues(world), "it was started once"


async def test_who_only_watches_is_told_once_how_to_start(house: FlowHome) -> None:
    """By a repair that starts it."""
    assert await async_setup_component(house.hass, REPAIRS, {})
    await house.finish(await at_the_fuse(house, "Garage", "Attic"))
    await house.hass.async_block_till_done()
    world = world_of(house)
    await world.pass_time(60)
    assert not written(house.site)
    assert issues(world) == {"not_started"}
    flows = house.hass.data[REPAIRS]["flow_manager"]
    issue_id = f"{world.entry.entry_id}_not_started"
    result = await flows.async_init(DOMAIN, data={"issue_id": issue_id})
    assert (await flows.async_configure(result["flow_id"], {}))["type"] == "create_entry"
    await world.pass_time(20)
    assert world.state(world.site_entity("switch", "controller")) == "on"
    assert not issues(world)


async def test_who_ignores_that_is_not_told_again(world: World) -> None:
    """Not after a reload either."""
    assert issues(world) == {"not_started"}
    entry: MockConfigEntry = world.entry
    ir.async_ignore_issue(world.hass, DOMAIN, f"{entry.entry_id}_not_started", ignore=True)
    await world.pass_time(20)
    await world.hass.config_entries.async_reload(entry.entry_id)
    await world.settle()
    await world.pass_time(20)
    assert not issues(world)
