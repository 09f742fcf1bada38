"""Each strategy once through Home Assistant and over the wire."""

from homeassistant.exceptions import ServiceValidationError
import pytest

from simulation.battery import DeviceMode

from .world import World, configure


async def choose(world: World, strategy: str, *, load: float = 0.0, sun: float = 0.0) -> None:
    """Switch the controller on with a strategy, in a house with a load and sun (W)."""
    world.site.house.load, world.site.house.pv = lambda _: load, lambda _: sun
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option=strategy)
    await world.switch(on=True)


def powers(world: World) -> list[int]:
    """Return what the batteries really do (W, + discharging)."""
    return [round(battery.model.power_w) for battery in world.site.batteries]


def state(world: World) -> str:
    """Return the state of the site."""
    return world.state(world.site_entity("sensor", "state"))


async def test_charge_only_takes_a_surplus_and_leaves_a_deficit_to_the_grid(world: World) -> None:
    """After the leader has seen a minute of export."""
    await choose(world, "zero_charge_only", load=800)
    await world.pass_time(120)
    assert max(abs(power_w) for power_w in powers(world)) < 20
    assert state(world) == "holding"
    world.site.house.pv = lambda _: 2000.0
    await world.pass_time(150)
    assert abs(world.site.house.grid_w) < 60
    world.site.house.pv = lambda _: 0.0
    await world.pass_time(60)
    assert max(abs(power_w) for power_w in powers(world)) < 20


async def test_discharge_only_serves_a_deficit_and_leaves_a_surplus_to_the_grid(world: World) -> None:
    """The mirror image."""
    await choose(world, "zero_discharge_only", load=800)
    await world.pass_time(150)
    assert abs(world.site.house.grid_w) < 60
    world.site.house.pv = lambda _: 2000.0
    await world.pass_time(60)
    assert max(abs(power_w) for power_w in powers(world)) < 20
    assert state(world) == "holding"


async def test_standby_does_nothing(world: World) -> None:
    """Whatever the house does."""
    await choose(world, "standby", load=3000)
    await world.pass_time(120)
    assert max(abs(power_w) for power_w in powers(world)) < 20


async def test_fixed_gives_what_was_asked_with_as_few_as_lose_least(world: World) -> None:
    """Whatever the house does."""
    await choose(world, "fixed", load=3000)
    await world.call("number", "set_value", world.site_entity("number", "setpoint"), value=-900)
    await world.pass_time(120)
    assert sum(powers(world)) == pytest.approx(-900, abs=60)
    assert sum(abs(power_w) > 30 for power_w in powers(world)) == 1


async def test_charging_to_full_ends_by_itself_and_the_strategy_before_is_back(world: World) -> None:
    """Also when a restart comes between."""
    await choose(world, "zero_discharge_only")
    for battery in world.site.batteries:
        battery.model.cells.energy_wh = 0.93 * battery.model.device.capacity_wh
    await choose(world, "to_full")
    await world.pass_time(120)
    assert max(powers(world)) < -500
    assert state(world) == "to_full"
    await choose(world, "to_full")
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    await world.pass_time(3600)
    assert world.state(world.site_entity("select", "strategy")) == "zero_discharge_only"
    assert min(battery.model.soc_pct for battery in world.site.batteries) > 99


async def test_reserve_is_an_entity_that_acts_at_once_and_lasts(world: World) -> None:
    """Half full, at a reserve of 60 %, nothing discharges."""
    for index in range(3):
        await world.call("number", "set_value", world.battery_entity("number", index, "reserve"), value=60)
    await choose(world, "zero", load=2000)
    await world.pass_time(120)
    assert max(powers(world)) < 20
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.settle()
    assert world.state(world.battery_entity("number", 1, "reserve")) == "60.0"


async def test_reserve_stays_below_the_ceiling(world: World) -> None:
    """And says so."""
    subentry = next(iter(world.entry.subentries.values()))
    world.hass.config_entries.async_update_subentry(world.entry, subentry, data={**subentry.data, "ceiling_pct": 80})
    await world.settle()
    reserve = world.battery_entity("number", 0, "reserve")
    with pytest.raises(ServiceValidationError) as refusal:
        await world.call("number", "set_value", reserve, value=80)
    assert refusal.value.translation_key == "reserve_above_ceiling"
    await world.call("number", "set_value", reserve, value=79)


async def test_grid_target_is_offered_only_where_nobody_leads(bare_world: World) -> None:
    """A leader knows no other target than 0."""
    world = bare_world
    configure(world, own_meter="no")
    await world.set_up()
    target = world.site_entity("number", "grid_target")
    await choose(world, "zero", load=1000)
    await world.pass_time(30)
    assert state(world) == "no_leader"
    await world.call("number", "set_value", target, value=300)
    await world.pass_time(900)
    assert world.site.house.grid_w == pytest.approx(300, abs=60)
    for subentry in list(world.entry.subentries.values()):
        data = {**subentry.data, "own_meter": "yes"}
        world.hass.config_entries.async_update_subentry(world.entry, subentry, data=data)
    await world.settle()
    await world.pass_time(30)
    assert world.state(target) == "unavailable"


async def test_battery_that_its_limits_keep_from_auto_is_not_set_to_it(world: World) -> None:
    """The promise of a limit outranks the wish."""
    subentry = next(iter(world.entry.subentries.values()))
    world.hass.config_entries.async_update_subentry(world.entry, subentry, data={**subentry.data, "max_charge_w": 1000})
    await world.settle()
    with pytest.raises(ServiceValidationError) as refusal:
        await world.call("select", "select_option", world.battery_entity("select", 0, "mode"), option="automatic")
    assert refusal.value.translation_key == "auto_beyond_limits"
    assert world.site.batteries[0].model.mode is not DeviceMode.PASSIVE
