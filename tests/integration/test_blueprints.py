"""The blueprints, loaded by Home Assistant's own blueprint component and run over the simulated house."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant.components.blueprint import models
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, yaml as yaml_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from simulation.faults import Fault

from .world import World

BLUEPRINTS = Path(__file__).parents[2] / "blueprints" / "automation" / "home_energy_controller"
NAMES = sorted(path.stem for path in BLUEPRINTS.iterdir())
STRATEGY = "select.home_strategy"
SITE = {"strategy": STRATEGY, "setpoint": "number.home_setpoint", "soc": "sensor.home_soc"}
CHEAP = "schedule.cheap"
CHARGER = "sensor.charger_power"

type Automate = Callable[..., Awaitable[None]]


def load(name: str) -> models.Blueprint:
    """Return a blueprint as Home Assistant reads it from its folder."""
    path = BLUEPRINTS / f"{name}.yaml"
    return models.Blueprint(
        yaml_util.load_yaml_dict(path), expected_domain="automation", path=path.name, schema=BLUEPRINT_SCHEMA
    )


@pytest.fixture
async def automate(world: World) -> AsyncGenerator[Automate]:
    """Make an automation of a blueprint, as its page in Home Assistant does; it ends before the home does."""
    hass = world.hass

    async def make(name: str, **inputs: Any) -> None:
        use = {"path": f"home_energy_controller/{name}.yaml", "input": inputs}
        with patch.object(models.DomainBlueprints, "_load_blueprint", return_value=load(name)):
            config = {"automation": {"alias": name, "use_blueprint": use}}
            assert await async_setup_component(hass, "automation", config)
            await hass.async_block_till_done()
        assert world.state(f"automation.{name}") == "on"  # unavailable, were its configuration not valid

    yield make
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def in_minutes(hass: HomeAssistant, minutes: float) -> None:
    """Let Home Assistant's timers run that are due within this time from now; the house stands still."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=minutes))
    await hass.async_block_till_done()


async def show(hass: HomeAssistant, entity_id: str, state: str, **attributes: str) -> None:
    """Let another integration show something."""
    hass.states.async_set(entity_id, state, attributes)
    await hass.async_block_till_done()


async def charge_to(world: World, soc_pct: float) -> None:
    """Let every battery have this charge, and Home Assistant see it."""
    for battery in world.site.house.batteries:
        battery.cells.energy_wh = battery.cells.capacity_wh * soc_pct / 100
    await world.pass_time(40)


@pytest.mark.parametrize("name", NAMES)
def test_blueprint_says_where_it_comes_from_and_explains_itself(name: str) -> None:
    """Home Assistant updates a blueprint from there, and shows its words to the owner."""
    blueprint = load(name)
    assert str(blueprint.metadata["source_url"]).endswith(f"/blueprints/automation/home_energy_controller/{name}.yaml")
    assert blueprint.validate() is None
    assert len(blueprint.metadata["description"]) > 80
    assert all("name" in given and "selector" in given for given in blueprint.inputs.values())


@pytest.mark.parametrize("name", NAMES)
def test_blueprint_offers_only_our_entities_and_supposes_no_names(name: str) -> None:
    """Ids are made of what people call their home; a default that is not there is an automation that does nothing."""
    for key, given in load(name).inputs.items():
        assert not re.search(r"\b(sensor|select|number|switch|binary_sensor)\.", str(given.get("default", "")))
        entity = (given["selector"].get("entity") or {}) if given["selector"] else {}
        filters = entity.get("filter", [])
        if key not in {"cheap", "charger"}:
            assert all(each["integration"] == "home_energy_controller" and each["domain"] for each in filters)


@pytest.mark.parametrize("name", NAMES)
async def test_what_a_blueprint_asks_for_is_offered(world: World, name: str) -> None:
    """Its selector finds the entity it means, whatever that is called."""
    registry = er.async_get(world.hass)
    for key, given in load(name).inputs.items():
        for each in (given["selector"].get("entity") or {}).get("filter", []) if given["selector"] else []:
            if each.get("integration") != "home_energy_controller":
                continue
            found = {
                entity.translation_key
                for entity in registry.entities.values()
                if entity.platform == each["integration"]
                and entity.domain in each["domain"]
                and (entity.original_device_class in each.get("device_class", [entity.original_device_class]))
            }
            assert {"reserves": "reserve"}.get(key, key) in found


async def test_cheap_hours_charge_up_to_the_level_and_then_back(world: World, automate: Automate) -> None:
    """The batteries really draw the power; full enough ends it, though it is still cheap."""
    hass = world.hass
    await world.switch(on=True)
    await show(hass, CHEAP, "off")
    await automate("charge_in_cheap_hours", **SITE, cheap=CHEAP, power=2000, until=60)
    await show(hass, CHEAP, "on")
    assert world.state(STRATEGY) == "fixed"
    await world.pass_time(330)  # a battery is told little until its sign is sure
    assert sum(battery.power_w for battery in world.site.house.batteries) == pytest.approx(-2000, abs=150)

    await charge_to(world, 61)
    assert world.state(STRATEGY) == "zero"


async def test_cheap_hours_ask_for_no_more_than_the_batteries_may_take(world: World, automate: Automate) -> None:
    """Refused, it would leave them at 0 W until it is cheap no longer."""
    await show(world.hass, CHEAP, "off")
    await automate("charge_in_cheap_hours", **SITE, cheap=CHEAP, power=15000, until=90)
    await show(world.hass, CHEAP, "on")
    assert world.state(STRATEGY) == "fixed"
    assert world.coordinator.data.setpoint_w == -7500


async def test_the_end_of_cheap_hours_ends_charging(world: World, automate: Automate) -> None:
    """Whatever the charge."""
    hass = world.hass
    await show(hass, CHEAP, "off")
    await automate("charge_in_cheap_hours", **SITE, cheap=CHEAP, power=2000, until=90)
    await show(hass, CHEAP, "on")
    await show(hass, CHEAP, "off")
    assert world.state(STRATEGY) == "zero"


async def test_cheap_hours_leave_an_owners_own_choice_alone(world: World, automate: Automate) -> None:
    """Standby chosen by hand stays."""
    hass = world.hass
    await world.call("select", "select_option", STRATEGY, option="standby")
    await show(hass, CHEAP, "off")
    await automate("charge_in_cheap_hours", **SITE, cheap=CHEAP, power=2000, until=90)
    await show(hass, CHEAP, "on")
    assert world.state(STRATEGY) == "standby"


async def test_cheap_hours_wait_while_the_charge_is_not_known(world: World, automate: Automate) -> None:
    """A missing battery makes the site's charge unknown: no blind charging."""
    hass = world.hass
    world.site.batteries[0].faults.add(Fault.DEAD)
    await world.pass_time(400)
    await show(hass, CHEAP, "off")
    await automate("charge_in_cheap_hours", **SITE, cheap=CHEAP, power=2000, until=90)
    await show(hass, CHEAP, "on")
    assert world.state(STRATEGY) == "zero"


@pytest.mark.parametrize(("unit", "charging", "idle"), [("W", "3680", "3"), ("kW", "3.68", "0.003")])
async def test_the_batteries_keep_out_of_the_car(
    world: World, automate: Automate, unit: str, charging: str, idle: str
) -> None:
    """From the moment it charges until it has been still for a while."""
    hass = world.hass
    await show(hass, CHARGER, idle, unit_of_measurement=unit)
    await automate("car_first", strategy=STRATEGY, charger=CHARGER, calm={"minutes": 2})
    await show(hass, CHARGER, charging, unit_of_measurement=unit)
    assert world.state(STRATEGY) == "zero_charge_only"
    await show(hass, CHARGER, "unavailable")
    await in_minutes(hass, 10)
    assert world.state(STRATEGY) == "zero_charge_only"
    await show(hass, CHARGER, idle, unit_of_measurement=unit)
    await in_minutes(hass, 1)
    assert world.state(STRATEGY) == "zero_charge_only"
    await in_minutes(hass, 2.1)
    assert world.state(STRATEGY) == "zero"


async def test_a_lost_meter_is_told_after_a_while_and_so_is_its_return(world: World, automate: Automate) -> None:
    """By the default action: a notification in Home Assistant, in words."""
    hass = world.hass
    messages: list[str] = []
    hass.services.async_register(
        "persistent_notification", "create", lambda call: messages.append(call.data["message"])
    )
    await world.switch(on=True)
    await world.pass_time(20)
    await automate("notify_when_paused", problem="binary_sensor.home_problem", patience={"minutes": 5})
    world.site.p1.faults.add(Fault.P1_SERVER_ERROR)
    await world.pass_time(100)
    assert world.state("binary_sensor.home_problem") == "on"
    await in_minutes(hass, 4)
    assert not messages
    await in_minutes(hass, 5.1)
    assert len(messages) == 1
    assert "Paused: no meter reading" in messages[0]
    world.site.p1.faults.clear()
    await world.pass_time(60)
    assert len(messages) == 2
    assert "in order again" in messages[1]


async def test_a_problem_too_short_to_tell_is_over_without_a_word(world: World, automate: Automate) -> None:
    """Nobody wants good news about a trouble never heard of."""
    hass = world.hass
    messages: list[str] = []
    hass.services.async_register(
        "persistent_notification", "create", lambda call: messages.append(call.data["message"])
    )
    await world.switch(on=True)
    await automate("notify_when_paused", problem="binary_sensor.home_problem", patience={"minutes": 5})
    world.site.p1.faults.add(Fault.P1_SERVER_ERROR)
    await world.pass_time(100)
    world.site.p1.faults.clear()
    await world.pass_time(60)
    assert world.state("binary_sensor.home_problem") == "off"
    assert not messages


@pytest.mark.parametrize(("day", "strategy"), [(6, "to_full"), (0, "zero")])
async def test_the_batteries_are_charged_to_full_on_the_chosen_day(
    world: World, automate: Automate, day: int, strategy: str
) -> None:
    """On Sunday at noon, and on no other day; they really draw power."""
    await world.switch(on=True)
    await automate("full_charge_now_and_then", strategy=STRATEGY)
    noon = dt_util.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while noon.weekday() != day:
        noon += timedelta(days=1)
    with patch("homeassistant.util.dt.now", return_value=noon):
        async_fire_time_changed(world.hass, noon)
        await world.settle()
    assert world.state(STRATEGY) == strategy
    await world.pass_time(330)  # a battery is told little until its sign is sure
    charging = [battery.power_w < -1000 for battery in world.site.house.batteries]
    assert all(charging) is (strategy == "to_full")


@pytest.mark.parametrize(("month", "reserve"), [(1, "35"), (7, "15")])
async def test_the_reserve_follows_the_season(world: World, automate: Automate, month: int, reserve: str) -> None:
    """Set at night for every battery that was chosen; the others keep theirs."""
    chosen = [f"number.battery_{number}_reserve" for number in (1, 2)]
    before = world.state("number.battery_3_reserve")
    await automate("winter_reserve", reserves=chosen, winter=35, otherwise=15)
    night = dt_util.now().replace(year=2027, month=month, day=2, hour=0, minute=1, second=0, microsecond=0)
    with patch("homeassistant.util.dt.now", return_value=night):
        async_fire_time_changed(world.hass, night)
        await world.settle()
    assert [float(world.state(entity_id)) for entity_id in chosen] == [float(reserve)] * 2
    assert world.state("number.battery_3_reserve") == before
