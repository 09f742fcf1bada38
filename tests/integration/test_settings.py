"""Options and settings act in the next cycle: nothing starts again, nothing goes away, and nobody is disturbed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.home_energy_controller.const import DOMAIN
from custom_components.home_energy_controller.control.dispatch.site import Lapse
from custom_components.home_energy_controller.control.model import LeaderFault
from simulation.battery import DeviceMode

from .plan_home import CHEAP_NIGHT, Planned, options, stored
from .test_control import modes, setpoints
from .world import World, move, written


@contextmanager
def undisturbed(world: World) -> Iterator[None]:
    """See that the site goes on as it is: no new start, and no entity of it unavailable for a moment."""
    coordinator, gone = world.coordinator, set[str]()
    registry = er.async_get(world.hass)
    ours = {entity.entity_id for entity in er.async_entries_for_config_entry(registry, world.entry.entry_id)}
    before = {one for one in ours if (state := world.hass.states.get(one)) and state.state == STATE_UNAVAILABLE}

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] in ours - before and (new is None or new.state == STATE_UNAVAILABLE):
            gone.add(event.data["entity_id"])

    end = world.hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    try:
        yield
    finally:
        end()
    assert world.entry.runtime_data is coordinator, "it started again"
    assert not gone


async def choose(world: World, **changes: Any) -> None:
    """Save options of the site, and let what follows of itself end."""
    world.hass.config_entries.async_update_entry(world.entry, options={**world.entry.options, **changes})
    await world.settle()


async def choose_battery(world: World, index: int, title: str | None = None, **changes: Any) -> None:
    """Save settings of a battery, and let what follows of itself end."""
    subentry = world.coordinator.batteries[world.site.batteries[index].mac].subentry
    data, title = {**subentry.data, **changes}, title or subentry.title
    world.hass.config_entries.async_update_subentry(world.entry, subentry, data=data, title=title)
    await world.settle()


def told(world: World, index: int) -> list[dict[str, Any]]:
    """Return what a battery was told so far."""
    return [config for host, config in written(world.site) if host == world.site.batteries[index].host]


def acting(world: World) -> dict[int, float]:
    """Return the setpoints once what was sent acts: no cycle runs until then."""
    world.site.advance(2)
    return setpoints(world)


@pytest.fixture
async def busy(world: World) -> World:
    """Return a home whose batteries share a large load."""
    world.site.house.load = lambda _: 5600.0
    await world.switch(on=True)
    await world.pass_time(240)
    assert world.coordinator.data.state == "leader_and_followers"
    return world


async def test_a_limit_of_the_connection_acts_at_once_and_the_leader_leads_on(busy: World) -> None:
    """The batteries may deliver no more than the house leaves of it: the followers are told without a new start."""
    world, leader = busy, modes(busy).index(DeviceMode.AUTO)
    before = len(told(world, leader))
    world.site.house.load = lambda _: 3000.0
    with undisturbed(world):
        await choose(world, meter_age_limit_s=45)
        assert world.coordinator._settings().meter_age_limit_s == 45
        await world.pass_time(60)
    assert modes(world).index(DeviceMode.AUTO) == leader
    assert len(told(world, leader)) == before
    assert abs(world.site.house.grid_w) < 150


async def test_a_tightened_limit_of_a_battery_is_told_without_waiting_for_a_cycle(busy: World) -> None:
    """No cycle goes on with more than is allowed now; its number shows the new limit."""
    world, follower = busy, next(iter(setpoints(busy)))
    assert setpoints(world)[follower] > 900
    with undisturbed(world):
        await choose_battery(world, follower, max_discharge_w=900)
        assert 0 < acting(world)[follower] <= 900
        state = world.hass.states.get(world.battery_entity("number", follower, "setpoint"))
        assert state is not None
        assert state.attributes["max"] == 900
        await world.pass_time(60)
        assert setpoints(world)[follower] <= 900


async def test_a_leader_whose_limit_its_auto_does_not_know_leads_no_longer(busy: World) -> None:
    """It takes a power within that limit at once, while another one takes over."""
    world, leader = busy, modes(busy).index(DeviceMode.AUTO)
    with undisturbed(world):
        await choose_battery(world, leader, max_discharge_w=800)
        assert acting(world)[leader] <= 800
        await world.pass_time(120)
        assert setpoints(world)[leader] <= 800
    assert modes(world).count(DeviceMode.AUTO) == 1


async def test_a_tightened_circuit_is_told_without_waiting_for_a_cycle(world: World) -> None:
    """The same for what batteries share: two of them, no leader among them, are within it at once."""
    world.site.house.load = lambda _: 7000.0
    await choose(world, circuits=[{"name": "Shed", "limit_w": 5000}])
    for index in (0, 1):
        await choose_battery(world, index, circuit="Shed", own_meter="no")
    await world.switch(on=True)
    await world.pass_time(240)
    assert setpoints(world)[0] + setpoints(world)[1] > 3000
    with undisturbed(world):
        await choose(world, circuits=[{"name": "Shed", "limit_w": 2000}])
        assert sum(acting(world)[index] for index in (0, 1)) <= 2000
        await world.pass_time(60)
    assert 0 < sum(setpoints(world)[index] for index in (0, 1)) <= 2000


async def test_a_power_set_by_hand_goes_on(busy: World) -> None:
    """It ends with a restart, and settings are none."""
    world, follower = busy, next(iter(setpoints(busy)))
    select, number = (
        world.battery_entity(*what) for what in (("select", follower, "mode"), ("number", follower, "setpoint"))
    )
    await world.call("select", "select_option", select, option="fixed")
    await world.call("number", "set_value", number, value=700)
    await world.pass_time(60)
    with undisturbed(world):
        await choose(world, meter_age_limit_s=45)
        await choose_battery(world, follower, capacity_wh=2500)
        await world.pass_time(60)
    assert world.state(select) == "fixed"
    assert setpoints(world)[follower] == 700


async def test_a_new_name_is_only_a_name(busy: World) -> None:
    """Of the battery and of the site: devices and sentences have it, and no command is sent for it."""
    world = busy
    before = len(written(world.site))
    with undisturbed(world):
        await choose_battery(world, 0, title="Zolder")
        world.hass.config_entries.async_update_entry(world.entry, title="Thuis")
        await world.settle()
    assert len(written(world.site)) == before
    registry = dr.async_get(world.hass)
    names = {device.name for device in dr.async_entries_for_config_entry(registry, world.entry.entry_id)}
    assert names >= {"Zolder", "Thuis", "Battery 2"}
    state = world.hass.states.get(world.battery_entity("sensor", 0, "power"))
    assert state is not None
    assert str(state.attributes["friendly_name"]).startswith("Zolder")


async def test_a_battery_with_a_new_address_is_asked_there(busy: World) -> None:
    """By its owner or a search; the others do not notice."""
    world, follower = busy, next(iter(setpoints(busy)))
    battery = world.site.batteries[follower]
    with undisturbed(world):
        await move(battery, "127.0.0.99")
        await choose_battery(world, follower, host="127.0.0.99")
        await world.pass_time(60)
        seen = world.coordinator.batteries[battery.mac]
        assert seen.answering
        assert world.clock() - (seen.observation.last_answer_at or 0) < 35
        await choose_battery(world, follower, max_discharge_w=500)
        assert 0 < acting(world)[follower] <= 500


async def test_at_a_new_address_another_battery_is_not_taken_for_this_one(world: World) -> None:
    """It tells who it is, so this one is searched for, found and asked where it is: all without a new start."""
    first, second = world.site.batteries[:2]
    charge = world.state(world.battery_entity("sensor", 0, "soc"))
    with undisturbed(world):
        await choose_battery(world, 0, host=second.host)
        await world.pass_time(40)
    seen = world.coordinator.batteries[first.mac]
    assert seen.config.host == seen.device.host == first.host
    assert seen.answering
    assert world.state(world.battery_entity("sensor", 0, "soc")) == charge


async def test_what_was_learnt_of_a_battery_is_tried_again_with_its_new_settings(busy: World) -> None:
    """Its owner mended the cause: nobody has to wait for an hour. A new name mends nothing."""
    world, (one, other) = busy, setpoints(busy)
    macs = [battery.mac for battery in world.site.batteries]
    lapse = Lapse(fault=LeaderFault.WITHOUT_EFFECT, until=world.clock() + 3600, times=1)
    memory = replace(world.coordinator._dispatch_memory, ineligible={macs[one]: lapse, macs[other]: lapse})
    world.coordinator._dispatch_memory = memory
    await choose_battery(world, one, title="Zolder")
    assert set(world.coordinator._dispatch_memory.ineligible) == {macs[one], macs[other]}
    await choose_battery(world, one, own_meter="unsure")
    assert set(world.coordinator._dispatch_memory.ineligible) == {macs[other]}
    await move(world.site.batteries[other], "127.0.0.98")
    await choose_battery(world, other, host="127.0.0.98")
    assert set(world.coordinator._dispatch_memory.ineligible) == {macs[other]}, "a new address mends nothing either"


@pytest.mark.parametrize("what", ["meter", "battery", "polling"])
async def test_another_site_starts_again(world: World, what: str) -> None:
    """With another meter, one battery less, or nobody who polls."""
    before = world.coordinator
    entries, entry = world.hass.config_entries, world.entry
    if what == "meter":
        entries.async_update_entry(entry, data={"meter": {**entry.data["meter"], "serial": "02a1b0ffffff"}})
    elif what == "battery":
        entries.async_remove_subentry(entry, list(entry.subentries)[2])
    else:
        entries.async_update_entry(entry, pref_disable_polling=True)
    await world.settle()
    assert world.coordinator is not before


async def test_a_new_contract_makes_a_new_plan(planned: Planned) -> None:
    """In the next cycle, though the quarter of an hour is not over: what was bought at a cheap night is dear now."""
    await planned.set_up(stored(), options())
    await planned.run(60)
    assert planned.value("plan") == "charge_from_grid"
    made_at = planned.world.coordinator.data.plan.made_at
    dear = [{**band, "price_per_kwh": price} for band, price in zip(CHEAP_NIGHT, (0.40, 0.40), strict=True)]
    with undisturbed(planned.world):
        await choose(planned.world, **options(bands=dear))
        await planned.run(20)
    assert planned.world.coordinator.data.plan.made_at != made_at
    assert planned.value("plan") != "charge_from_grid"


async def test_the_first_contract_shows_what_it_brings(world: World) -> None:
    """Its sensors come without a new start."""
    registry = er.async_get(world.hass)
    unique_id = f"{world.entry.entry_id}_plan"
    assert registry.async_get_entity_id("sensor", DOMAIN, unique_id) is None
    with undisturbed(world):
        await choose(world, **options())
        await world.pass_time(20)
    assert registry.async_get_entity_id("sensor", DOMAIN, unique_id) is not None
