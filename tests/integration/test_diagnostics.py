"""A report says all that is needed and nothing that identifies a home."""

import json
import re
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.json import ExtendedJSONEncoder

from benchmarks.replay import read, replay
from custom_components.home_energy_controller.diagnostics import async_get_config_entry_diagnostics
from simulation.faults import Fault

from .world import World


async def report(world: World) -> tuple[dict[str, Any], str]:
    """Return the diagnostics as Home Assistant writes them."""
    found = await async_get_config_entry_diagnostics(world.hass, world.entry)
    text = json.dumps(found, cls=ExtendedJSONEncoder, allow_nan=False)
    return json.loads(text), text


async def test_a_site_that_does_not_come_up_has_a_report_as_well(bare_world: World) -> None:
    """It is when one is needed most."""
    bare_world.site.p1.faults.add(Fault.P1_SERVER_ERROR)
    await bare_world.try_set_up()
    assert bare_world.entry.state is ConfigEntryState.SETUP_RETRY
    found, text = await report(bare_world)
    assert found["entry"]["state"] == "setup_retry"
    assert "HomeWizard P1" in found["entry"]["reason"]
    assert [battery["model"] for battery in found["entry"]["batteries"]] == ["VenusE 3.0", "VenusE 3.0", "VenusE"]
    for fake in bare_world.site.batteries:
        assert fake.host not in text
        assert fake.mac[6:] not in text.lower()


async def test_a_report_tells_nothing_that_identifies_the_home(world: World) -> None:
    """No address, no network's name, and of each MAC only the maker's part."""
    world.site.house.load = lambda _: 4200.0
    await world.switch(on=True)
    await world.pass_time(120)
    for battery in world.coordinator.batteries.values():
        await battery.device.identify()
    _, text = await report(world)
    for fake in world.site.batteries:
        assert fake.host not in text
        assert fake.mac not in text.lower()
        assert fake.mac[6:] not in text.lower()
        assert fake.mac[:6] in text.lower()
    assert world.site.p1_host not in text
    assert "simulation" not in text
    assert not re.search(r"\d+\.\d+\.\d+\.\d+", text)
    assert REDACTED in text


async def test_the_name_of_a_host_is_not_told_either(bare_world: World) -> None:
    """It may be the name of a family."""
    world = bare_world
    world.hass.config_entries.async_update_entry(world.entry, options={"host": "venus.smith.example"})
    await world.set_up()
    _, text = await report(world)
    assert "smith" not in text


async def test_a_report_decides_again_what_was_decided(world: World) -> None:
    """Under the names that stand in for the MACs."""
    world.site.house.load = lambda _: 4200.0
    await world.switch(on=True)
    await world.pass_time(180)
    found, _ = await report(world)
    cycles = list(replay(read(found)))
    assert not any(cycle.differs for cycle in cycles)
    assert any(cycle.commands for cycle in cycles)
    assert {battery["id"] for battery in found["batteries"]} == set(found["store"]["batteries"])


async def test_a_report_holds_the_last_reply_to_each_question(world: World) -> None:
    """As it came, and how the firmware is treated."""
    # The controller stays off: a command makes the reading of details give way for some minutes.
    await world.pass_time(120)
    found, _ = await report(world)
    battery = found["batteries"][0]
    assert {"ES.GetMode", "Bat.GetStatus", "Marstek.GetDevice"} <= set(battery["replies"])
    assert "bat_soc" in battery["replies"]["ES.GetMode"]["result"]
    assert battery["replies"]["Marstek.GetDevice"]["result"]["wifi_name"] == REDACTED
    assert battery["profile"]["family"] == "venus_e3"
    assert battery["link"]["asked"] > 0
