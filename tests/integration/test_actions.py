"""What can be asked for in scripts and automations."""

from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
import voluptuous as vol

from custom_components.home_energy_controller.const import DOMAIN
from simulation.battery import DeviceMode
from simulation.faults import Fault

from .test_control import modes, setpoints
from .world import World, written


def device(world: World, index: int | None = None) -> str:
    """Return the device of the site, or of one battery."""
    identifier = world.entry.entry_id if index is None else world.site.batteries[index].mac
    found = dr.async_get(world.hass).async_get_device_by_identifier(
        (DOMAIN, identifier), config_entry_id=world.entry.entry_id
    )
    assert found is not None
    return found.id


async def act(world: World, action: str, index: int | None = None, *, answer: bool = False, **data: Any) -> Any:
    """Call one of our actions."""
    data = {"device_id": device(world, index), **data}
    result = await world.hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=answer)
    await world.settle()
    return result


async def refused(world: World, action: str, index: int | None = None, **data: Any) -> str | None:
    """Return the reason for which an action is refused; nothing was sent."""
    told = len(written(world.site))
    with pytest.raises(ServiceValidationError) as refusal:
        await act(world, action, index, **data)
    assert len(written(world.site)) == told
    return refusal.value.translation_key


async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(world: World) -> None:
    """The controller is off: what it would send is what it then sends."""
    world.site.house.load = lambda _: 5600.0
    await world.pass_time(60)
    told = await act(world, "run_cycle", answer=True, dry_run=True)
    assert not written(world.site)
    assert told["grid_power_w"] == pytest.approx(world.site.house.grid_w, abs=50)
    assert [battery["name"] for battery in told["batteries"]] == ["Battery 1", "Battery 2", "Battery 3"]
    assert told["decision"]["leader_id"] in {"Battery 1", "Battery 2", "Battery 3"}
    would = {command["battery_id"] for command in told["commands"]}
    assert would
    assert world.site.batteries[0].mac not in str(told)
    assert told["summary"].startswith("Would discharge Battery ")

    before = world.coordinator.recorder.last
    await act(world, "run_cycle", answer=True, dry_run=True)
    assert world.coordinator.recorder.last is before
    await world.switch(on=True)
    assert {host for host, _ in written(world.site)} == {
        battery.host for battery in world.site.batteries if world.coordinator.batteries[battery.mac].name in would
    }


async def test_a_cycle_by_hand_does_what_it_tells(world: World) -> None:
    """As every other cycle does; nobody needs to read the answer."""
    await world.switch(on=True)
    world.clock.now += 60
    world.site.advance(60)
    told = await act(world, "run_cycle", answer=True)
    assert world.coordinator.recorder.last.now == world.clock.now
    assert told["decision"]["state"] in {"leader_alone", "starting"}
    assert await act(world, "run_cycle") is None


async def test_a_battery_holds_a_power_for_a_time_and_goes_back(world: World) -> None:
    """With the controller on it goes back to it."""
    world.site.house.load = lambda _: 900.0
    await world.switch(on=True)
    await world.pass_time(120)
    index = modes(world).index(DeviceMode.PASSIVE)
    await act(world, "set_power", index, power_w=-700, duration={"minutes": 10})
    await world.pass_time(400)
    assert setpoints(world)[index] == -700
    assert world.state(world.battery_entity("select", index, "mode")) == "fixed"
    assert world.state(world.battery_entity("number", index, "setpoint")) == "-700"
    await world.pass_time(220)
    assert world.state(world.battery_entity("select", index, "mode")) == "controlled"
    assert setpoints(world).get(index, 0) == 0


async def test_a_power_ends_though_nothing_is_heard_any_more(world: World) -> None:
    """A battery may hear what it does not answer: renewed past its end, the power would go on for ever."""
    await act(world, "set_power", 1, power_w=800, duration={"minutes": 5})
    world.site.p1.faults.add(Fault.P1_SERVER_ERROR)
    for battery in world.site.batteries:
        battery.faults.add(Fault.NO_REPLY)
    await world.pass_time(290)
    assert world.coordinator.store.site.battery(world.site.batteries[1].mac).wish == "fixed"
    await world.pass_time(20)
    assert world.coordinator.store.site.battery(world.site.batteries[1].mac).wish == "controlled"


async def test_a_battery_that_was_idle_is_idle_again(world: World) -> None:
    """What it did before is what comes after."""
    await world.call("select", "select_option", world.battery_entity("select", 1, "mode"), option="idle")
    for power_w in (500, 800):
        await act(world, "set_power", 1, power_w=power_w, duration={"seconds": 60})
        await world.pass_time(30)
        assert world.state(world.battery_entity("select", 1, "mode")) == "fixed"
    await world.pass_time(60)
    assert world.state(world.battery_entity("select", 1, "mode")) == "idle"


async def test_a_power_ends_at_the_target(world: World) -> None:
    """Charging ends when the charge is reached, each battery on its own."""
    for index, soc_pct in enumerate((44.0, 53.9, 56.0)):
        cells = world.site.house.batteries[index].cells
        cells.energy_wh = cells.capacity_wh * soc_pct / 100
    await world.pass_time(30)
    await act(world, "set_power", power_w=-4000, target_soc=54)
    await world.pass_time(120)
    wishes = [world.state(world.battery_entity("select", index, "mode")) for index in range(3)]
    assert wishes == ["fixed", "controlled", "controlled"]
    assert setpoints(world)[0] == -2000


async def test_a_site_divides_a_power_over_those_that_can_take_it(world: World) -> None:
    """One is dead, one was taken out by hand."""
    world.site.batteries[0].faults.add(Fault.DEAD)
    await world.pass_time(150)
    await act(world, "set_power", power_w=2401)
    await world.pass_time(60)
    assert setpoints(world) == {1: 1200, 2: 1200}
    await world.call("select", "select_option", world.battery_entity("select", 1, "mode"), option="idle")
    await act(world, "set_power", power_w=2400)
    await world.pass_time(30)
    assert setpoints(world) == {1: 0, 2: 2400}


async def test_a_power_for_the_whole_site_is_no_problem(world: World) -> None:
    """With the controller on there is nobody left to control, and that is what was asked for."""
    await world.switch(on=True)
    await world.pass_time(60)
    await act(world, "set_power", power_w=-3000, duration={"minutes": 20})
    await world.pass_time(120)
    assert setpoints(world) == {0: -1000, 1: -1000, 2: -1000}
    assert world.state(world.site_entity("sensor", "state")) == "no_battery"
    assert world.state(world.site_entity("binary_sensor", "problem")) == "off"


async def test_who_takes_over_by_hand_is_not_overruled_at_the_end(world: World) -> None:
    """Another power, set with the entities, has no end."""
    await act(world, "set_power", 1, power_w=500, duration={"seconds": 60})
    await world.call("number", "set_value", world.battery_entity("number", 1, "setpoint"), value=300)
    await world.pass_time(120)
    assert world.state(world.battery_entity("select", 1, "mode")) == "fixed"
    assert setpoints(world)[1] == 300


@pytest.mark.parametrize(
    ("index", "data", "reason"),
    [
        (0, {"power_w": 2600}, "power_too_large"),
        (None, {"power_w": -8000}, "power_too_large"),
        (0, {"power_w": -500, "target_soc": 5}, "nobody_to_hold"),
        (None, {"power_w": 500, "target_soc": 99}, "nobody_to_hold"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    world: World, index: int | None, data: dict[str, Any], reason: str
) -> None:
    """With the reason."""
    assert await refused(world, "set_power", index, **data) == reason


POWERS: tuple[Any, ...] = (99999, "much", 1e18, -1e18, float("nan"), "nan", float("inf"), 10**400, None, [800])
DURATIONS: tuple[Any, ...] = (
    *(1, 0, -600, 1e18, "1e18", 10**400, float("nan"), float("inf"), "-inf", "5 minutes", None),
    *("-01:00:00", "99999:00:00", "168:00:01", "99999999999:00:00", "00:00:1e18", "00:00:nan"),
    *({"days": 3650}, {"days": 7, "seconds": 1}, {"hours": 1e18}, {"hours": float("nan")}, {"minutes": -5}, {}),
)
CHARGES: tuple[Any, ...] = (0, 101, -5, 1e18, float("nan"), "nan", float("inf"), 10**400, None)


@pytest.mark.parametrize(
    "data",
    [
        *({"power_w": power} for power in POWERS),
        *({"power_w": 100, "duration": duration} for duration in DURATIONS),
        *({"power_w": 100, "target_soc": charge} for charge in CHARGES),
        {},
    ],
    ids=lambda data: str(data)[:60],
)
async def test_nonsense_is_refused_before_anything_is_asked(world: World, data: dict[str, Any]) -> None:
    """By the schema, with words."""
    with pytest.raises(vol.Invalid) as refusal:
        await act(world, "set_power", 0, **data)
    assert str(refusal.value)
    assert not written(world.site)


@pytest.mark.parametrize("duration", [{"days": 7}, "168:00:00", 604_800, "10"], ids=str)
async def test_a_power_lasts_from_ten_seconds_to_a_week(world: World, duration: Any) -> None:
    """Both included."""
    await act(world, "set_power", 1, power_w=-700, duration=duration)
    stored = world.coordinator.store.site.battery(world.site.batteries[1].mac)
    assert (stored.wish, stored.setpoint_w) == ("fixed", -700)


@pytest.mark.parametrize("key", ["site_setpoint", "setpoint", "reserve"])
async def test_a_number_that_is_none_is_refused(world: World, key: str) -> None:
    """Home Assistant lets NaN through: it is neither below the least nor above the most."""
    entity_id = (
        world.battery_entity("number", 0, key) if key != "site_setpoint" else world.site_entity("number", "setpoint")
    )
    if key == "setpoint":
        await world.call("select", "select_option", world.battery_entity("select", 0, "mode"), option="fixed")
    elif key == "site_setpoint":
        await world.call("select", "select_option", world.site_entity("select", "strategy"), option="fixed")
    told = len(written(world.site))
    before = world.state(entity_id)
    for value in (float("nan"), "nan", "inf", "-inf", 1e18):
        with pytest.raises(ServiceValidationError) as refusal:
            await world.call("number", "set_value", entity_id, value=value)
        assert refusal.value.translation_key in {"not_a_number", "out_of_range"}
    assert world.state(entity_id) == before
    assert len(written(world.site)) == told


async def test_a_battery_is_given_back(world: World) -> None:
    """With the controller off it is left as its settings say."""
    await act(world, "set_power", 1, power_w=400)
    await world.pass_time(30)
    await act(world, "release", 1)
    world.site.advance(5)
    assert world.state(world.battery_entity("select", 1, "mode")) == "controlled"
    assert not any(setpoints(world).values())


async def test_a_site_lets_go_of_everything(world: World) -> None:
    """The controller is switched off, and what was asked for by hand ends as well."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(120)
    follower = modes(world).index(DeviceMode.PASSIVE)
    await act(world, "set_power", follower, power_w=-400)
    await world.pass_time(60)
    await act(world, "release")
    world.site.advance(5)
    assert world.state(world.site_entity("switch", "controller")) == "off"
    assert world.state(world.battery_entity("select", follower, "mode")) == "controlled"
    assert not any(setpoints(world).values())


async def test_schedules_are_cleared_once_that_is_confirmed(world: World) -> None:
    """All of them; from then on Manual is known to be 0 W."""
    slots = world.site.batteries[1].model.slots
    assert await refused(world, "clear_schedules", 1, confirm=False) == "confirm_needed"
    await act(world, "clear_schedules", 1, confirm=True)
    cleared = [
        config["manual_cfg"]["time_num"] for host, config in written(world.site) if host == world.site.batteries[1].host
    ]
    assert sorted(cleared)[:10] == list(range(10))
    assert slots is world.site.batteries[1].model.slots
    data = {subentry.unique_id: subentry.data["slots_cleared"] for subentry in world.entry.subentries.values()}
    assert data == {battery.mac: index == 1 for index, battery in enumerate(world.site.batteries)}


@pytest.mark.parametrize(("fault", "reason"), [(Fault.DEAD, "no_answer"), (Fault.SET_REFUSED, "not_cleared")])
async def test_schedules_that_were_not_cleared_are_not_called_so(world: World, fault: Fault, reason: str) -> None:
    """The device did not answer, or said no."""
    world.site.batteries[1].faults.add(fault)
    with pytest.raises(HomeAssistantError) as failure:
        await act(world, "clear_schedules", 1, confirm=True)
    assert failure.value.translation_key == reason
    assert not any(subentry.data["slots_cleared"] for subentry in world.entry.subentries.values())


async def test_a_site_has_no_schedules(world: World) -> None:
    """A battery has."""
    assert await refused(world, "clear_schedules", confirm=True) == "battery_needed"


async def test_a_device_of_somebody_else_is_refused(world: World) -> None:
    """And one that does not exist, and a site that is not running."""
    assert await refused(world, "release", device_id="nobody") == "not_our_device"
    site = device(world)
    await world.hass.config_entries.async_unload(world.entry.entry_id)
    assert await refused(world, "release", device_id=site) == "not_loaded"
