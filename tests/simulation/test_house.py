"""The closed loop, its meter and its accounts."""

import asyncio
from itertools import pairwise

import pytest

from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import VENUS_D_147, VENUS_E3_150, VENUS_E_156, Device
from simulation.house import Baseline, House, Meter, simulate
from simulation.traces import DRILLS, Scenario, Trace, constant, scenario


def house_of(*batteries: BatteryModel, load: float = 0.0, speed: float = 1.0) -> House:
    """Return a house with a constant load."""
    return House(batteries, constant(load), speed=speed)


@pytest.mark.parametrize(("device", "seconds"), [(VENUS_E_156, 75), (VENUS_E3_150, 30), (VENUS_D_147, 20)])
@pytest.mark.parametrize("drill", ["step_+1000", "step_-1000"])
def test_one_battery_in_auto_brings_the_grid_to_about_zero(device: Device, seconds: float, drill: str) -> None:
    """Within its own time after a step of 1 kW either way, and it stays there."""
    house = House([BatteryModel(device)], DRILLS[drill])
    house.run(60 + seconds)
    for _ in range(120):
        house.step(0.5)
        assert abs(house.grid_w) < 60


@pytest.mark.parametrize("device", [VENUS_E_156, VENUS_E3_150, VENUS_D_147])
def test_several_batteries_in_auto_on_one_meter_fight(device: Device) -> None:
    """A pulsing load makes three of them exchange more with each other or with the grid than one alone does."""
    moved = []
    for number in (1, 3):
        batteries = [BatteryModel(device, soc_pct=60, seed=seed) for seed in range(number)]
        house = House(batteries, DRILLS["tumble_washer"])
        house.run(1800)
        account = house.account
        moved.append(account.import_wh + account.export_wh + account.cross_charged_wh)
    assert moved[1] > 1.5 * moved[0]


def test_two_old_units_in_auto_charge_each_other() -> None:
    """What the first user's installation suffered from; alone a unit cannot."""
    load = Trace.load("rae_house1_1s_b")
    cross_wh = []
    for number in (1, 2):
        house = House([BatteryModel(VENUS_E_156, soc_pct=70, seed=seed) for seed in range(number)], load)
        house.run(3600)
        cross_wh.append(house.account.cross_charged_wh)
    assert cross_wh[0] == 0
    assert cross_wh[1] > 50


def test_a_meter_that_shares_stops_the_hunting() -> None:
    """With a CT002/CT003 each takes its part."""
    exchanged = []
    for sharing in (1, 3):
        batteries = [BatteryModel(VENUS_D_147, soc_pct=60, seed=seed) for seed in range(3)]
        for battery in batteries:
            battery.law.sharing = sharing
        house = house_of(*batteries, load=1500)
        house.run(900)
        exchanged.append(house.account.mean_abs_grid_w)
    assert exchanged[1] < 0.2 * exchanged[0]


def test_grid_is_net_load_less_what_the_batteries_deliver() -> None:
    """Load 800, sun 300, one battery giving 400 and one taking 700."""
    giver, taker = BatteryModel(seed=1), BatteryModel(seed=2)
    giver.command(DeviceMode.PASSIVE, 0, power_w=400)
    taker.command(DeviceMode.PASSIVE, 0, power_w=-700)
    house = House([giver, taker], constant(800), constant(300))
    house.run(60)
    assert house.net_load_w == 500
    assert house.grid_w == pytest.approx(800, abs=1)


def test_the_account_has_what_was_exchanged_moved_and_moved_in_vain() -> None:
    """One hour of the same: 400 Wh go from one battery into the other."""
    giver, taker = BatteryModel(soc_pct=80, seed=1), BatteryModel(soc_pct=30, seed=2)
    giver.command(DeviceMode.PASSIVE, 0, power_w=400)
    taker.command(DeviceMode.PASSIVE, 0, power_w=-700)
    house = house_of(giver, taker)
    house.run(3600)
    account = house.account
    assert account.hours == pytest.approx(1)
    assert account.import_wh == pytest.approx(300, rel=0.02)
    assert account.export_wh < 3
    assert account.cross_charged_wh == pytest.approx(400, rel=0.02)
    assert account.moved_wh == account.charged_wh + account.discharged_wh == pytest.approx(1100, rel=0.02)
    assert account.follower_wh == pytest.approx(account.moved_wh, rel=0.01)
    assert account.mean_abs_grid_w == pytest.approx(300, rel=0.02)
    assert taker.cells.charged_wh == pytest.approx(account.charged_wh)


def test_a_leader_is_no_follower() -> None:
    """Only what batteries outside Auto move counts as theirs."""
    house = house_of(BatteryModel(), load=1000)
    house.run(600)
    assert house.account.moved_wh > 100
    assert house.account.follower_wh == 0


def test_a_fresh_account_is_empty() -> None:
    """No division by no time."""
    assert house_of().account.mean_abs_grid_w == 0


def test_speed_plays_load_and_energy_faster_but_not_the_dynamics() -> None:
    """A start takes its two seconds; ten minutes at 60 are ten hours."""
    battery = BatteryModel(soc_pct=90)
    battery.mode = DeviceMode.MANUAL
    battery.command(DeviceMode.PASSIVE, 0, power_w=300)
    house = House([battery], lambda t: t, speed=60.0)
    house.run(1.5)
    assert battery.power_w == 0
    house.run(598.5)
    assert house.trace_s == pytest.approx(36000)
    assert house.net_load_w == pytest.approx(36000)
    assert house.account.hours == pytest.approx(10)
    assert battery.cells.discharged_wh == pytest.approx(3000, rel=0.01)
    assert battery.soc_pct == pytest.approx(90 - 100 * 3430 / 5120, abs=1.5)


def test_the_traces_begin_where_one_wants() -> None:
    """The second hour, for instance."""
    house = House([], lambda t: t, start_s=3600)
    house.run(10)
    assert house.net_load_w == pytest.approx(3610)


@pytest.mark.parametrize(("period_s", "fewest", "most"), [(1.0, 997, 1000), (10.0, 99, 100)])
def test_the_meter_has_a_new_value_every_period_half_a_second_to_two_late(
    period_s: float, fewest: int, most: int
) -> None:
    """DSMR 5 and older."""
    meter, shown = Meter(), []
    meter.period_s = period_s
    now, values = 0.0, 0
    while now < 1000:
        now += 0.1
        before = len(meter.history)
        meter.observe(now * 10, now)
        if len(meter.history) > before:
            values += 1
            shown.append(now - meter.history[-1][0])
    assert fewest <= values <= most
    assert 0.4 <= min(shown) < 0.8
    assert 1.3 < max(shown) <= 2.0


def test_the_meter_shows_nothing_at_first_and_never_goes_back_in_time() -> None:
    """A later value is not overtaken by an earlier one that was slower."""
    meter = Meter(seed=3)
    meter.observe(500, 0.1)
    assert meter.value_w is None
    for step in range(600):
        meter.observe(500, 0.1 + step / 10)
    times = [at for at, _ in meter.history]
    assert all(after > before for before, after in pairwise(times))
    assert len({value for _, value in meter.history}) > 2


def test_simulated_baselines_differ_by_what_one_auto_does() -> None:
    """Two hours of the evening: without batteries everything is imported, one in Auto takes most of it."""
    window = Scenario(Trace.load("rae_house1_1s_a"), constant(0))
    accounts = {
        kind: simulate(kind, window, [BatteryModel(soc_pct=90, seed=seed) for seed in range(3)], duration_s=7200)
        for kind in Baseline
    }
    none, one = accounts[Baseline.NONE], accounts[Baseline.ONE_AUTO]
    assert none.moved_wh == 0
    assert none.import_wh == pytest.approx(sum(window.load(t) for t in range(7200)) / 3600, rel=0.01)
    assert one.mean_abs_grid_w < 0.15 * none.mean_abs_grid_w
    assert one.follower_wh == one.cross_charged_wh == 0


def test_the_same_seed_gives_the_same_account() -> None:
    """Whatever else has drawn random numbers."""
    accounts = [
        simulate(Baseline.ONE_AUTO, scenario("B"), [BatteryModel(VENUS_E_156, seed=4)], duration_s=600, start_s=900)
        for _ in range(2)
    ]
    assert accounts[0] == accounts[1]


async def test_real_time_keeps_up_with_the_wall_clock() -> None:
    """Also after the loop was busy for a while."""
    house = house_of(load=100)
    loop = asyncio.get_running_loop()
    started = loop.time()
    task = asyncio.create_task(house.run_realtime(0.02))
    await asyncio.sleep(0.1)
    while loop.time() < started + 0.3:
        pass
    await asyncio.sleep(0.1)
    task.cancel()
    assert house.now == pytest.approx(loop.time() - started, abs=0.1)
