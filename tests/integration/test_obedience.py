"""Batteries that do not do what they are told: what is sent then, what is shown, and who takes over."""

import logging

import pytest

from simulation.battery import DeviceMode
from simulation.faults import Fault

from .test_control import modes, setpoints
from .test_reviewed_faults import restart
from .world import World, configure, written


def health(world: World, index: int) -> tuple[str, str | None]:
    """Return the health of a battery as people see it, and what it did instead."""
    state = world.hass.states.get(world.battery_entity("sensor", index, "health"))
    assert state is not None
    return state.state, state.attributes.get("diagnosis")


def sent_to(world: World, index: int) -> list[dict[str, object]]:
    """Return the mode changes that one battery received."""
    return [config for host, config in written(world.site) if host == world.site.batteries[index].host]


async def at_work(world: World, load_w: float = 4200.0) -> int:
    """Let the controller serve a load that needs followers, and return one of them (-1: none)."""
    world.site.find_phases()  # a phase test of the leader would decide who follows; here it matters that they obey
    world.site.house.load = lambda _: load_w
    await world.switch(on=True)
    await world.pass_time(180)
    return next((index for index, power_w in setpoints(world).items() if power_w), -1)


@pytest.mark.parametrize(
    ("fault", "diagnosis"), [(Fault.SET_REFUSED, "refused"), (Fault.SET_IGNORED, "ignored")], ids=str
)
async def test_who_does_not_follow_is_named_and_replaced_and_tried_again(
    world: World, caplog: pytest.LogCaptureFixture, fault: Fault, diagnosis: str
) -> None:
    """Its share goes to the others; after a pause it is back at work."""
    caplog.set_level(logging.INFO)
    await at_work(world)
    index = next(index for index, power_w in setpoints(world).items() if not power_w)
    world.site.batteries[index].faults.add(fault)
    world.site.house.load = lambda _: 6000.0
    await world.pass_time(150)
    assert health(world, index) == ("not_following", diagnosis)
    assert caplog.text.count(f": {diagnosis} (not_following)") == 1
    assert world.coordinator.data.problem
    assert world.site.house.grid_w == pytest.approx(1000, abs=100), "the other two do all they can"
    world.site.batteries[index].faults.clear()
    await world.pass_time(420)
    assert health(world, index)[0] == "proven"
    assert not world.coordinator.data.problem
    assert not [record for record in caplog.records if record.levelno > logging.INFO and "energy" in record.name]


async def test_who_needs_telling_twice_is_named_and_goes_on(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """E3 144 (jaapp#72, #46): no reason to do without it."""
    caplog.set_level(logging.INFO)
    await at_work(world, 900.0)
    index = modes(world).index(DeviceMode.PASSIVE)
    world.site.batteries[index].faults.add(Fault.SECOND_SEND_NEEDED)
    world.site.house.load = lambda _: 5600.0
    await world.pass_time(150)
    assert health(world, index) == ("proven", None)
    assert setpoints(world)[index] > 0
    assert ": second_send (proven)" in caplog.text


async def test_who_drops_out_again_and_again_leads(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """It ends in Auto whatever it is told: one loop beside the leader's is worse than another leader."""
    caplog.set_level(logging.INFO)
    index = await at_work(world)
    world.site.batteries[index].faults.add(Fault.LEAVES_PASSIVE)
    await world.pass_time(300)
    assert ": dropped (" in caplog.text
    assert modes(world)[index] is DeviceMode.AUTO
    alone = 0
    for _ in range(30):
        await world.pass_time(10)
        alone += modes(world).count(DeviceMode.AUTO) == 1
    assert alone >= 24
    assert abs(world.site.house.grid_w) < 150


async def test_what_another_program_takes_is_left_to_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Corrected once, then yielded to, and taken back when the owner says so."""
    caplog.set_level(logging.INFO)
    index = await at_work(world)
    world.site.batteries[index].faults.add(Fault.SECOND_CLIENT)
    await world.pass_time(180)
    assert health(world, index) == ("taken", "foreign")
    told = len(sent_to(world, index))
    await world.pass_time(600)
    await world.switch(on=False)
    assert len(sent_to(world, index)) == told, "neither corrected nor released"
    assert caplog.text.count("foreign (") in {1, 2}, "told once or, if it obeyed in between, twice"
    world.site.batteries[index].faults.clear()
    await world.switch(on=True)
    await world.pass_time(120)
    assert len(sent_to(world, index)) > told
    assert health(world, index)[0] == "proven"


@pytest.mark.parametrize("mode", [DeviceMode.UPS, DeviceMode.AI])
async def test_ups_and_ai_are_yielded_to_at_once_and_over_a_restart(world: World, mode: DeviceMode) -> None:
    """Nothing falls into these by itself. Given back with its select, the battery is ours again."""
    index = await at_work(world)
    told = len(sent_to(world, index))
    battery = world.site.house.batteries[index]
    battery.command(mode, world.site.house.now)
    await world.pass_time(60)
    await restart(world)
    await world.pass_time(120)
    assert health(world, index)[0] == "taken"
    assert battery.mode is mode
    assert len(sent_to(world, index)) == told
    await world.call("select", "select_option", world.battery_entity("select", index, "mode"), option="controlled")
    await world.pass_time(120)
    assert health(world, index)[0] == "proven"
    assert battery.mode is not mode


@pytest.mark.parametrize("cleared", [True, False])
async def test_what_goes_on_at_zero_is_cured_only_where_no_slot_can_run(bare_world: World, *, cleared: bool) -> None:
    """Manual for ten seconds and Passive 0 again (JS-DE)."""
    world = bare_world
    configure(world, slots_cleared=cleared)
    await world.set_up()
    index = await at_work(world)
    world.site.batteries[index].faults.add(Fault.STUCK_150W)
    await world.call("select", "select_option", world.site_entity("select", "strategy"), option="standby")
    await world.pass_time(180)
    stuck_w = world.site.house.batteries[index].power_w
    manual = [config for config in sent_to(world, index) if config["mode"] == "Manual"]
    if cleared:
        assert len(manual) == 1
        assert abs(stuck_w) < 20
        assert modes(world)[index] is DeviceMode.PASSIVE
    else:
        assert health(world, index) == ("not_following", "stuck")
        assert (manual, round(stuck_w)) == ([], 150)


async def test_the_first_setpoints_are_small_and_the_direction_is_kept(world: World) -> None:
    """A battery proves itself once in its life."""
    index = await at_work(world)
    powers = [config["passive_cfg"]["power"] for config in sent_to(world, index) if "passive_cfg" in config]  # type: ignore[index]
    assert next(power for power in powers if power) == 300
    assert max(powers) > 300
    assert world.coordinator.store.site.battery(world.site.batteries[index].mac).sign_proven
    await restart(world)
    world.site.batteries[index].firmware.received.clear()
    await world.pass_time(180)
    powers = [config["passive_cfg"]["power"] for config in sent_to(world, index) if "passive_cfg" in config]  # type: ignore[index]
    assert 300 not in powers


async def test_who_does_the_opposite_is_refused_at_300_w_until_it_is_looked_at(world: World) -> None:
    """After a reload it gets one more chance, as small as the first."""
    for battery in world.site.batteries[1:]:
        battery.faults.add(Fault.WRONG_SIGN)
    world.site.house.load = lambda _: 4200.0
    await world.switch(on=True)
    for _ in range(2):
        for _ in range(60):
            await world.pass_time(5)
            assert all(abs(setpoints(world).get(index, 0.0)) <= 300 for index in (1, 2))
        assert ("wrong_sign", "wrong_sign") in [health(world, index) for index in (1, 2)]
        assert not any(setpoints(world).get(index) for index in (1, 2))
        assert not world.coordinator.store.site.battery(world.site.batteries[1].mac).sign_proven
        await world.hass.config_entries.async_reload(world.entry.entry_id)


async def test_who_gives_less_than_it_is_told_goes_on_giving_that(world: World) -> None:
    """Its power class is lower than its owner says: named, and no reason to do without it."""
    world.site.house.batteries[1].power_class_w = world.site.house.batteries[2].power_class_w = 800
    world.site.house.load = lambda _: 7500.0
    await world.switch(on=True)
    await world.pass_time(300)
    limited = [index for index in (1, 2) if health(world, index) == ("proven", "limited")]
    assert limited
    assert all(world.site.house.batteries[index].power_w == pytest.approx(800, abs=20) for index in limited)


# The countdown.

ENDINGS = [set[Fault](), {Fault.EXPIRES_TO_AUTO}, {Fault.EXPIRES_TO_PREVIOUS}]


@pytest.mark.parametrize("ending", ENDINGS, ids=["idle", "auto", "previous"])
async def test_a_follower_that_expired_unheard_is_told_what_to_do_when_it_is_heard(
    world: World, ending: set[Fault]
) -> None:
    """Nothing reaches it for ten minutes; whatever it does then, it is one of ours again within two minutes."""
    index = await at_work(world)
    battery = world.site.batteries[index]
    battery.faults.update(ending)
    battery.wire.loss_pct = 200.0  # Of the round trips: all of either way.
    await world.pass_time(600)
    assert setpoints(world).get(index, 0.0) == 0.0, "its power has ended"
    battery.wire.loss_pct = 0.0
    await world.pass_time(240)
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert health(world, index)[0] == "proven"
    assert abs(world.site.house.grid_w) < 100


@pytest.mark.parametrize("ending", ENDINGS, ids=["idle", "auto", "previous"])
async def test_home_assistant_dies_and_comes_back(world: World, ending: set[Fault]) -> None:
    """Setpoints end with their countdown; what ended in Auto is stopped within three cycles of the restart."""
    await at_work(world)
    for battery in world.site.batteries:
        battery.faults.update(ending)
    world.site.advance(301)
    assert not any(setpoints(world).values())
    world.clock.now += 301
    await restart(world)
    await world.pass_time(60)
    assert modes(world).count(DeviceMode.AUTO) == 1
    await world.pass_time(120)
    assert abs(world.site.house.grid_w) < 100


@pytest.mark.parametrize("lost", [1, 2])
async def test_lost_renewals_do_not_end_a_setpoint(world: World, lost: int) -> None:
    """Three are sent within a countdown, and each up to three times."""
    index = await at_work(world)
    battery = world.site.batteries[index]
    renewals = len(sent_to(world, index))
    while len(sent_to(world, index)) == renewals:
        await world.pass_time(2)
    power_w = setpoints(world)[index]
    await world.pass_time(140)
    for _ in range(lost):
        battery.wire.loss_pct = 200.0  # Of the round trips: all of either way.
        await world.pass_time(20)
        battery.wire.loss_pct = 0.0
        await world.pass_time(30)
    await world.pass_time(60)
    assert setpoints(world)[index] == power_w


# The meter.


async def test_a_meter_that_stays_away_is_asked_calmly_and_its_followers_are_released(world: World) -> None:
    """Frozen at once, idle at the age limit, released after a quarter of an hour, back by itself."""
    await at_work(world, 5600.0)
    before = setpoints(world)
    world.site.p1.faults.add(Fault.P1_HTML)
    await world.pass_time(50)
    assert setpoints(world) == before, "frozen"
    await world.pass_time(25)
    assert not any(setpoints(world).values())
    await world.pass_time(900)
    assert world.coordinator.update_interval is not None
    assert world.coordinator.update_interval.total_seconds() == 10
    await world.pass_time(60)
    told = len(written(world.site))
    await world.pass_time(600)
    assert len(written(world.site)) == told, "released: nobody renews"
    assert modes(world).count(DeviceMode.AUTO) == 1
    assert world.state(world.site_entity("sensor", "state")) == "meter_lost"
    world.site.p1.faults.clear()
    await world.pass_time(150)
    assert any(setpoints(world).values())
    assert abs(world.site.house.grid_w) < 100


async def test_a_meter_that_repeats_itself_is_not_believed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Not one watt of difference while batteries move: its value is as old as when it came first."""
    caplog.set_level(logging.INFO)
    await at_work(world, 1500.0)
    world.site.house.load = lambda _: 3000.0
    world.site.advance(3)
    world.site.house.meter.faults.add(Fault.P1_FROZEN)
    await world.pass_time(200)
    assert world.state(world.site_entity("sensor", "state")) == "meter_lost"
    assert world.state(world.site_entity("sensor", "grid_power")) == "unknown"
    assert not any(setpoints(world).values())
    assert caplog.text.count("repeats an old value") == 1
    world.site.house.meter.faults.clear()
    await world.pass_time(150)
    assert world.state(world.site_entity("sensor", "grid_power")) != "unknown"
    assert abs(world.site.house.grid_w) < 100


async def test_a_reading_that_the_next_one_takes_back_is_not_acted_on(world: World) -> None:
    """8 kW for one telegram."""
    await at_work(world, 900.0)
    told = len(written(world.site))
    world.site.house.meter.faults.add(Fault.P1_JUMP)
    world.site.advance(1)
    world.clock.now += 1
    await world.coordinator.async_refresh()
    assert (world.coordinator.data.grid_power_w or 0) < 1000
    world.site.house.meter.faults.clear()
    await world.pass_time(60)
    assert not [config for _, config in written(world.site)[told:] if config.get("passive_cfg", {}).get("power")]


async def test_a_meter_with_a_value_every_ten_seconds_will_do(world: World) -> None:
    """Of the older kind."""
    world.site.house.meter.period_s = 10.0
    await at_work(world, 4200.0)
    await world.pass_time(120)
    assert world.state(world.site_entity("sensor", "state")) == "leader_and_followers"
    grid_w = []
    for _ in range(20):
        await world.pass_time(6)
        grid_w.append(abs(world.site.house.grid_w))
    assert sum(grid_w) / len(grid_w) < 300
