"""The Energy dashboard accepts the sensors."""

from collections.abc import Callable
from functools import partial

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.core import Recorder
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from .world import World


@pytest.fixture(autouse=True)
def _let_home_assistant_load_ours(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Let Home Assistant load custom integrations; a recorder must be there before it."""


def battery_source(power: str, entity: Callable[[str], str]) -> dict[str, str]:
    """Return a battery as the dashboard's settings hold it."""
    return {
        "type": "battery",
        "stat_energy_from": entity("energy_discharged"),
        "stat_energy_to": entity("energy_charged"),
        "stat_rate": entity(power),
        "stat_soc": entity("soc"),
    }


async def test_the_energy_dashboard_takes_the_sensors_as_they_are(world: World) -> None:
    """By Home Assistant's own validation, for the site and for each battery."""
    assert await async_setup_component(world.hass, "energy", {})
    await world.switch(on=True)
    world.site.house.load = lambda _: 3000.0
    await world.pass_time(120)
    await async_wait_recording_done(world.hass)
    now = dt_util.utcnow()
    do_adhoc_statistics(world.hass, start=now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0))
    await async_wait_recording_done(world.hass)
    sources = [battery_source("battery_power", partial(world.site_entity, "sensor"))]
    sources += [battery_source("power", partial(world.battery_entity, "sensor", index)) for index in range(3)]
    manager = await async_get_manager(world.hass)
    await manager.async_update({"energy_sources": sources})  # type: ignore[typeddict-item]
    found = (await async_validate(world.hass)).as_dict()
    assert found["energy_sources"] == [[]] * 4
