"""What can move kilowatts at once: a full charge waits for a second yes, a fixed power begins at 0 W."""

from homeassistant.auth.models import User
from homeassistant.core import Context
import pytest

from .test_control import setpoints
from .test_strategies import powers
from .world import World

QUESTION = "Full charge waits for your OK: up to 7.5 kW from the grid."


@pytest.fixture
def tap(hass_admin_user: User) -> Context:
    """Return what Home Assistant tells of a person who taps."""
    return Context(user_id=hass_admin_user.id)


async def select_strategy(world: World, strategy: str, context: Context | None = None) -> None:
    """Choose a strategy."""
    data = {"entity_id": world.site_entity("select", "strategy"), "option": strategy}
    await world.hass.services.async_call("select", "select_option", data, blocking=True, context=context)
    await world.settle()


def strategy(world: World) -> str:
    """Return the strategy."""
    return world.state(world.site_entity("select", "strategy"))


def button(world: World) -> str:
    """Return the button that says yes."""
    return world.site_entity("button", "confirm_full_charge")


def notifications(world: World) -> list[str]:
    """Return what is asked by notifications."""
    return [each["message"] for each in world.hass.data.get("persistent_notification", {}).values()]


async def test_a_full_charge_that_a_person_taps_waits_for_a_second_yes(world: World, tap: Context) -> None:
    """It says how much it may take, and where to say yes; then it charges."""
    await select_strategy(world, "standby")
    await world.switch(on=True)
    assert world.state(button(world)) == "unavailable"
    await select_strategy(world, "to_full", tap)
    await world.pass_time(60)
    assert strategy(world) == "standby"
    assert max(abs(power_w) for power_w in powers(world)) < 20
    told = world.hass.states.get(world.site_entity("sensor", "state"))
    assert told is not None
    assert told.attributes["summary"].startswith(QUESTION)
    assert [message for message in notifications(world) if QUESTION in message and "**Confirm full charge**" in message]

    await world.call("button", "press", button(world))
    assert strategy(world) == "to_full"
    assert world.state(button(world)) == "unavailable"
    assert not notifications(world)
    await world.pass_time(120)
    assert max(powers(world)) < -500


async def test_a_full_charge_without_its_yes_is_forgotten(world: World, tap: Context) -> None:
    """After five minutes, or as soon as another strategy is chosen; nothing is ever charged."""
    await select_strategy(world, "to_full", tap)
    await world.pass_time(290)
    assert world.state(button(world)) != "unavailable"
    await world.pass_time(20)
    assert world.state(button(world)) == "unavailable"
    assert not notifications(world)
    assert strategy(world) == "zero"

    await select_strategy(world, "to_full", tap)
    await select_strategy(world, "standby", tap)
    assert world.state(button(world)) == "unavailable"
    assert strategy(world) == "standby"


async def test_automations_and_scripts_charge_to_full_at_once(world: World, hass_admin_user: User) -> None:
    """Nobody is there to say yes; whoever wrote them did."""
    await select_strategy(world, "to_full", Context(user_id=hass_admin_user.id, parent_id="set off by a switch"))
    assert strategy(world) == "to_full"
    await select_strategy(world, "zero")
    await select_strategy(world, "to_full")
    assert strategy(world) == "to_full"
    assert not notifications(world)


async def test_the_question_ends_with_the_site(world: World, tap: Context) -> None:
    """A yes for what is not run any more would be remembered by nobody."""
    await select_strategy(world, "to_full", tap)
    assert notifications(world)
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    assert not notifications(world)
    assert strategy(world) == "zero"
    assert world.state(button(world)) == "unavailable"


async def test_a_fixed_power_begins_at_nothing_and_never_where_it_ended(world: World) -> None:
    """Neither of the site, nor of a battery; the number is offered where it acts."""
    site, battery = world.site_entity("number", "setpoint"), world.battery_entity("number", 1, "setpoint")
    mode = world.battery_entity("select", 1, "mode")
    await world.switch(on=True)
    assert world.state(site) == world.state(battery) == "unavailable"
    for _ in range(2):
        await select_strategy(world, "fixed")
        assert world.state(site) == "0"
        await world.call("number", "set_value", site, value=-900)
        await select_strategy(world, "fixed")
        assert world.state(site) == "-900", "chosen again, it goes on"
        await select_strategy(world, "zero")
        assert world.state(site) == "unavailable"

        await world.call("select", "select_option", mode, option="fixed")
        assert world.state(battery) == "0"
        await world.call("number", "set_value", battery, value=-200)
        await world.pass_time(20)
        assert setpoints(world)[1] == -200
        await world.call("select", "select_option", mode, option="controlled")


async def test_a_fixed_power_is_not_resumed_after_a_full_charge(world: World) -> None:
    """What was asked for before it is hours old by then."""
    for battery in world.site.batteries:
        battery.model.cells.energy_wh = 0.99 * battery.model.device.capacity_wh
    await world.switch(on=True)
    await select_strategy(world, "fixed")
    await world.call("number", "set_value", world.site_entity("number", "setpoint"), value=400)
    await select_strategy(world, "to_full")
    await world.pass_time(1500)
    assert strategy(world) == "fixed"
    assert world.state(world.site_entity("number", "setpoint")) == "0"
