"""The site explains itself: what people read on its devices and in the logbook."""

from itertools import pairwise
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.logbook.helpers import is_sensor_continuous
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.home_energy_controller import entity as integration
from custom_components.home_energy_controller.control.model import SiteState
from custom_components.home_energy_controller.sensor import BATTERY_SENSORS, SITE_SENSORS
from simulation.battery import DeviceMode
from simulation.faults import Fault

from .test_control import modes
from .world import World, written

TEXTS = json.loads((Path(integration.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8"))


def attributes(world: World, entity_id: str) -> dict[str, Any]:
    """Return the attributes of an entity."""
    state = world.hass.states.get(entity_id)
    assert state is not None
    return dict(state.attributes)


def test_no_more_than_seventeen_reasons() -> None:
    """More, and nobody reads them."""
    assert len(SiteState) <= 17


@pytest.mark.parametrize("description", [*SITE_SENSORS, *BATTERY_SENSORS], ids=lambda description: description.key)
def test_every_state_has_a_text(description: Any) -> None:
    """A state without one shows as a word of the code."""
    if description.options is not None:
        assert set(TEXTS["entity"]["sensor"][description.key]["state"]) == set(description.options)


async def test_role_and_command_state_tell_who_does_what(world: World) -> None:
    """While it works, while one is taken out, and while one is silent."""
    world.site.house.load = lambda _: 900.0
    await world.switch(on=True)
    await world.pass_time(120)
    leader = modes(world).index(DeviceMode.AUTO)
    assert world.state(world.battery_entity("sensor", leader, "role")) == "leader"
    follower, other = (index for index in range(3) if index != leader)
    assert world.state(world.battery_entity("sensor", follower, "role")) == "follower"
    assert world.state(world.battery_entity("sensor", follower, "health")) == "proven"
    assert attributes(world, world.battery_entity("sensor", follower, "role"))["target_power_w"] == 0

    await world.call("select", "select_option", world.battery_entity("select", follower, "mode"), option="idle")
    world.site.batteries[other].faults.add(Fault.DEAD)
    await world.pass_time(150)
    assert world.state(world.battery_entity("sensor", follower, "role")) == "owner"
    assert world.state(world.battery_entity("sensor", other, "role")) == "unavailable"
    assert world.state(world.battery_entity("sensor", other, "health")) == "silent"


async def test_a_new_power_unsettles_nobody(world: World) -> None:
    """A follower is told another one every minute or so: that is no news, for the logbook least of all."""
    await world.switch(on=True)
    seen: list[str] = []
    for load in (lambda _: 4200.0, lambda _: 6000.0, lambda _: 3600.0):
        world.site.house.load = load
        for _ in range(30):
            await world.pass_time(4)
            seen += [world.state(world.battery_entity("sensor", index, "health")) for index in range(3)]
    told = {config["passive_cfg"]["power"] for _, config in written(world.site) if "passive_cfg" in config}
    assert len(told) > 3
    assert "proven" in seen
    assert "settling" not in seen[90:]


async def test_charging_is_shown_for_the_triggers_of_home_assistant(world: World) -> None:
    """Discharging and resting are not charging, and of a silent battery it is not known."""
    world.site.house.pv = lambda _: 6000.0
    await world.switch(on=True)
    await world.pass_time(180)
    charging = [world.battery_entity("binary_sensor", index, "charging") for index in range(3)]
    assert [world.state(entity_id) for entity_id in charging] == ["on"] * 3
    world.site.house.pv, world.site.house.load = (lambda _: 0.0), (lambda _: 900.0)
    world.site.batteries[2].faults.add(Fault.DEAD)
    await world.pass_time(240)
    assert [world.state(entity_id) for entity_id in charging] == ["off", "off", "unavailable"]


async def test_the_day_is_shown_and_the_quality_to_whoever_wants_it(bare_world: World) -> None:
    """Disabled at first, as it changes with every reading and says little."""
    world = bare_world
    await world.set_up()
    registry = er.async_get(world.hass)
    entry = registry.async_get(world.site_entity("sensor", "control_quality"))
    assert entry is not None
    assert entry.disabled
    registry.async_update_entity(entry.entity_id, disabled_by=None)
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    world.site.house.load = lambda _: 9000.0
    await world.switch(on=True)
    await world.pass_time(600)
    quality = world.site_entity("sensor", "control_quality")
    assert float(world.state(quality)) == pytest.approx(1500, abs=300)
    assert attributes(world, quality)["saturated_pct"] == 100
    assert float(world.state(world.site_entity("sensor", "grid_import_today"))) > 0.2
    assert float(world.state(world.site_entity("sensor", "grid_export_today"))) == 0
    assert float(world.state(world.site_entity("sensor", "discharged_today"))) > 0.2
    assert 50 < float(world.state(world.site_entity("sensor", "self_sufficiency_today"))) < 90
    assert world.state(world.site_entity("sensor", "self_consumption_today")) == "100"


async def test_the_energy_in_the_cells_is_the_sum_of_all_or_unknown(world: World) -> None:
    """A battery that is missing is not an empty one."""
    stored = world.site_entity("sensor", "energy_stored")
    expected = sum(battery.model.soc_pct / 100 * 5.12 for battery in world.site.batteries)
    assert float(world.state(stored)) == pytest.approx(expected, abs=0.1)
    world.site.batteries[1].faults.add(Fault.DEAD)
    await world.pass_time(120)
    assert world.state(stored) == "unknown"


async def test_the_state_is_in_the_logbook_and_its_numbers_are_not_recorded(world: World) -> None:
    """The logbook shows what is no measurement."""
    entity_id = world.site_entity("sensor", "state")
    assert not is_sensor_continuous(world.hass, er.async_get(world.hass), entity_id)
    state = world.hass.states.get(entity_id)
    assert state is not None
    assert state.state_info is not None
    assert {"intent", "summary"} <= set(state.attributes)
    assert {"intent", "leader", "summary", "targets"} <= state.state_info["unrecorded_attributes"]


async def test_totals_survive_a_missing_battery(world: World) -> None:
    """They stand still for as long as nothing is known, and never run backwards: the dashboard shows no spike."""
    world.site.house.load = lambda _: 4200.0
    await world.switch(on=True)
    total = world.site_entity("sensor", "energy_discharged")
    shown: list[float] = []
    for dead in (False, True, False):
        for battery in world.site.batteries:
            (battery.faults.add if dead else battery.faults.discard)(Fault.DEAD)
        for _ in range(20):
            await world.pass_time(20)
            shown.append(float(world.state(total)))
    assert shown == sorted(shown)
    assert shown[-1] > shown[19] > 0
    assert max(after - before for before, after in pairwise(shown)) < 0.12


async def test_the_state_says_in_a_sentence_what_is_done_or_would_be(world: World) -> None:
    """Off is the dry run; what does not apply is not shown."""
    world.site.house.load = lambda _: 6000.0
    await world.pass_time(200)
    entity_id = world.site_entity("sensor", "state")
    shown = attributes(world, entity_id)
    assert re.fullmatch(r"Would discharge Battery .+ k?W.*, Battery \d leads\.", shown["summary"])
    assert None not in shown.values()
    await world.switch(on=True)
    await world.pass_time(120)
    shown = attributes(world, entity_id)
    assert re.fullmatch(r"Discharges Battery .+ k?W.*, Battery \d leads\.", shown["summary"])
    assert len(shown["targets"]) == 2
    assert shown["leader"] not in shown["targets"]

    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="standby")
    await world.pass_time(20)
    shown = attributes(world, entity_id)
    assert shown["summary"] == "All batteries rest."
    assert "leader" not in shown
    await world.site.p1.stop()
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="zero")
    await world.pass_time(150)
    assert attributes(world, entity_id)["summary"].startswith("No reading from the meter")


async def test_the_sentence_is_in_the_language_of_the_home(bare_world: World) -> None:
    """As the plan's reasons are."""
    world = bare_world
    world.hass.config.language = "nl"
    await world.set_up()
    world.site.house.load = lambda _: 6000.0
    await world.pass_time(200)
    summary = attributes(world, world.site_entity("sensor", "state"))["summary"]
    assert re.fullmatch(r"Zou Battery .+ met .+ ontladen, Battery \d leidt\.", summary)
