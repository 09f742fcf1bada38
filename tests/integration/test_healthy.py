"""Nothing of a home that is well looks ill, and nothing of a controller that is off looks as if it ran batteries."""

from typing import Any

from homeassistant.helpers import entity_registry as er
import pytest

from .plan_home import options
from .world import World

ILL = {"unavailable", "unknown"}
WAITING = ("_setpoint", "_confirm_full_charge")
"""What acts only where it is asked for, and is to be pressed or set at no other time."""
NOT_YET = (
    "_plan_next_change",
    "_stored_value",
    "_expected_saving_today",
    "_saved_yesterday",
    "_saved_yesterday_by_plan",
)
"""What cannot be known on the first day of a contract."""


def ill(world: World) -> set[str]:
    """Return the enabled entities that show nothing."""
    entries = er.async_entries_for_config_entry(er.async_get(world.hass), world.entry.entry_id)
    shown = {entry.entity_id for entry in entries if not entry.disabled and not entry.entity_id.endswith(WAITING)}
    return {entity_id for entity_id in shown if world.state(entity_id) in ILL}


def attributes(world: World, entity_id: str) -> dict[str, Any]:
    """Return the attributes of an entity."""
    state = world.hass.states.get(entity_id)
    assert state is not None
    return dict(state.attributes)


@pytest.mark.parametrize("on", [False, True], ids=["off", "on"])
@pytest.mark.parametrize("load_w", [6000.0, 600.0, -3000.0], ids=str)
async def test_every_entity_of_a_home_that_is_well_shows_something(world: World, load_w: float, on: bool) -> None:
    """One battery or several at work, storing or serving; on and off again."""
    world.site.house.load, world.site.house.pv = (lambda _: max(load_w, 0.0)), (lambda _: max(-load_w, 0.0))
    await world.switch(on=True)
    await world.pass_time(60)
    await world.switch(on=on)
    await world.pass_time(60)
    assert not ill(world)


async def test_with_a_contract_the_plan_is_there_and_says_what_it_waits_for(world: World) -> None:
    """Without one there is nothing to show of it, and nothing is."""
    keys = {entity_id.partition(".")[2] for entity_id in world.hass.states.async_entity_ids()}
    assert not [key for key in keys if "plan" in key or "saved" in key or "saving" in key]
    world.hass.config_entries.async_update_entry(world.entry, options=options())
    await world.settle()
    await world.pass_time(60)
    assert not {entity_id for entity_id in ill(world) if not entity_id.endswith(NOT_YET)}
    plan = world.site_entity("sensor", "plan")
    assert world.state(plan) == "net_zero"
    assert attributes(world, plan)["status"].startswith("Net zero: ")
    assert float(world.state(world.site_entity("sensor", "saved_month"))) == 0


async def test_off_looks_off_everywhere(world: World) -> None:
    """Roles, targets and attributes: what would be done is told in one sentence alone."""
    world.site.house.load = lambda _: 6000.0
    roles = [world.battery_entity("sensor", index, "role") for index in range(3)]
    state = world.site_entity("sensor", "state")
    await world.switch(on=True)
    await world.pass_time(120)
    assert sorted(map(world.state, roles)) == ["follower", "follower", "leader"]
    targets = attributes(world, state)["targets"]
    asked = [attributes(world, role).get("target_power_w") for role in roles]
    assert sorted(power_w for power_w in asked if power_w is not None) == sorted(targets.values())
    assert None in asked, "nobody asks a leader for a power"

    await world.switch(on=False)
    await world.call("select", "select_option", world.battery_entity("select", 2, "mode"), option="idle")
    await world.pass_time(60)
    assert list(map(world.state, roles)) == ["off", "off", "owner"]
    assert [attributes(world, role).get("target_power_w") for role in roles] == [None, None, 0]
    shown = attributes(world, state)
    assert world.state(state) == "off"
    assert "leader" not in shown
    assert shown["targets"] == {"Battery 3": 0}, "by hand: that acts"
    assert shown["intent"] == "leader_and_followers"
    assert shown["summary"].startswith("Would discharge Battery ")


async def test_the_grid_target_is_there_where_nobody_may_lead(bare_world: World) -> None:
    """Elsewhere it would act in rare troubles only, and is switched off in the registry."""
    world = bare_world
    await world.set_up()
    entry = er.async_get(world.hass).async_get(world.site_entity("number", "grid_target"))
    assert entry is not None
    assert entry.disabled
