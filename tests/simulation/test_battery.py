"""Modes, commands, countdowns and limits of a battery."""

from dataclasses import replace

import pytest

from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import VENUS_A_147, VENUS_D_147, VENUS_E3_150, VENUS_E_156, VENUS_MINI_300
from simulation.faults import Fault
from simulation.manners import POLITE

from .rig import HOUR_S, Rig


def idle_rig(**kwargs: float) -> Rig:
    """Return a battery that idles in Manual without slots."""
    rig = Rig(**kwargs)  # type: ignore[arg-type]  # numbers only
    rig.model.mode = DeviceMode.MANUAL
    return rig


def test_a_command_acts_after_300_ms_to_1_s() -> None:
    """Never at once, never later, and not always the same."""
    delays = set()
    for seed in range(20):
        rig = Rig(seed=seed)
        rig.model.command(DeviceMode.PASSIVE, 0.0)
        while rig.model.mode is not DeviceMode.PASSIVE:
            rig.house.step(0.05)
        delays.add(round(rig.house.now, 2))
    assert 0.3 <= min(delays) < max(delays) <= 1.05
    assert len(delays) > 5


@pytest.mark.parametrize(("power_w", "sign"), [(800, 1), (-800, -1)])
def test_passive_holds_its_power_in_the_sign_of_the_design(power_w: int, sign: int) -> None:
    """+ discharges and takes from the cells, - charges."""
    rig = idle_rig()
    before_wh = rig.model.cells.energy_wh
    rig.passive(power_w)
    assert rig.run(60) == pytest.approx(power_w, abs=1)
    assert (before_wh - rig.model.cells.energy_wh) * sign > 10


def test_the_newest_command_replaces_one_that_has_not_acted_yet() -> None:
    """Two within the dead time: the second counts."""
    rig = idle_rig()
    rig.passive(500)
    rig.passive(-600)
    assert rig.run(10) == pytest.approx(-600, abs=1)


@pytest.mark.parametrize(
    ("fault", "mode", "power_w"),
    [
        (None, DeviceMode.PASSIVE, 0),
        (Fault.EXPIRES_TO_AUTO, DeviceMode.AUTO, 700),
        (Fault.EXPIRES_TO_PREVIOUS, DeviceMode.MANUAL, -300),
    ],
)
def test_what_follows_the_countdown_can_be_chosen(fault: Fault | None, mode: DeviceMode, power_w: int) -> None:
    """0 W, Auto on the house's 700 W, or the slot that acted before."""
    rig = Rig(VENUS_E_156, load_w=700)
    rig.slot(0, "00:00", "23:59", -300)
    rig.run(10)
    if fault is not None:
        rig.model.faults.add(fault)
    rig.passive(1000, 60)
    assert rig.run(59) == pytest.approx(1000, abs=1)
    assert rig.run(120) == pytest.approx(power_w, abs=25)
    assert rig.model.mode is mode


def test_the_countdown_runs_from_the_command_and_a_renewal_prolongs_it() -> None:
    """Renewed at half time it goes on without a dip."""
    rig = idle_rig()
    rig.passive(400, 100)
    rig.run(50)
    rig.passive(400, 100)
    lowest_w = min(rig.run(1) for _ in range(98))
    assert lowest_w == pytest.approx(400, abs=1)
    assert rig.run(10) == 0


def test_the_countdown_is_real_time_whatever_the_speed() -> None:
    """The house may play a day in an hour; the device still counts seconds."""
    rig = idle_rig()
    rig.house.speed = rig.model.speed = 60.0
    rig.passive(100, 60)
    assert rig.run(58) > 0
    assert rig.run(6) == 0


def test_manual_follows_the_clock_of_the_house_through_midnight() -> None:
    """Two slots, one of them past midnight, and the day between."""
    rig = idle_rig()
    rig.model.week_start_s = 23.5 * HOUR_S
    rig.slot(0, "23:00", "00:30", -500, week_set=1)
    rig.slot(1, "00:10", "00:20", -400)
    powers = dict.fromkeys((10, 45, 70), 0.0)
    for minute in range(75):
        power_w = rig.run(60)
        if minute in powers:
            powers[minute] = power_w
    assert powers == pytest.approx({10: -500, 45: -900, 70: 0}, abs=2)


def test_a_disabled_slot_makes_idle() -> None:
    """The stop of units without Passive."""
    rig = idle_rig()
    rig.slot(9, "00:00", "23:59", -500)
    rig.run(30)
    rig.slot(9, "00:00", "23:59", 0, enable=0)
    assert rig.run(30) == 0
    assert rig.model.mode is DeviceMode.MANUAL


def test_another_mode_leaves_the_slots_alone() -> None:
    """They act again with the next Manual."""
    rig = idle_rig()
    rig.slot(3, "00:00", "23:59", -500)
    rig.passive(0)
    assert rig.run(30) == 0
    rig.slot(4, "00:00", "23:59", 0, enable=0)
    assert rig.run(30) == pytest.approx(-500, abs=1)


def test_ups_charges_as_much_as_it_can() -> None:
    """Until it is full."""
    rig = idle_rig()
    assert rig.set_mode("UPS") is True
    assert rig.run(30) == pytest.approx(-2500, abs=1)


def test_ai_is_taken_as_auto() -> None:
    """It serves the house, and says AI."""
    rig = Rig(VENUS_E3_150, load_w=600)
    rig.set_mode("AI")
    assert rig.run(120) == pytest.approx(600, abs=30)
    assert rig.result("ES.GetMode")["mode"] == "AI"


@pytest.mark.parametrize(
    ("device", "power_class_w", "asked_w", "given_w"),
    [
        (VENUS_E3_150, 2500, 3000, 2500),
        (VENUS_E3_150, 800, 2500, 800),
        (VENUS_E3_150, 800, -2500, -2500),
        (VENUS_D_147, 2500, 2500, 2200),
        (VENUS_A_147, 2500, -2500, -1200),
    ],
)
def test_the_power_class_and_the_hardware_clamp_in_silence(
    device: object, power_class_w: int, asked_w: int, given_w: int
) -> None:
    """set_result true, less power; the class does not limit charging."""
    rig = Rig(device)  # type: ignore[arg-type]  # parametrised over Device
    rig.model.power_class_w = power_class_w
    assert rig.passive(asked_w) is True
    assert rig.run(30) == pytest.approx(given_w, abs=1)


def test_the_mini_ignores_the_power_of_a_slot_and_rejects_passive() -> None:
    """Acknowledged, but 0 W (jaapp#140)."""
    rig = Rig(VENUS_MINI_300)
    assert rig.slot(0, "00:00", "23:59", -1000) is True
    assert rig.run(30) == 0
    assert rig.passive(500) is False
    assert rig.slot(6, "00:00", "23:59", 0) == -32602


def test_discharging_stops_at_the_floor() -> None:
    """About 12 %, and the charge does not go on falling but for the idle loss."""
    rig = idle_rig(soc_pct=13)
    rig.passive(2000, 3600)
    rig.run(1200)
    assert rig.model.power_w == 0
    assert rig.model.soc_pct == pytest.approx(12, abs=0.3)


def test_charging_tapers_and_stops_at_the_top() -> None:
    """1,500 W above 95 %, 1,000 W above 99 %, then nothing."""
    rig = idle_rig(soc_pct=94)
    rig.passive(-2500, 36000)
    seen: dict[str, float] = {}
    for _ in range(2400):
        power_w, soc_pct = rig.run(1), rig.model.soc_pct
        if 94.5 < soc_pct < 94.9:
            seen["below"] = power_w
        elif 97 < soc_pct < 98:
            seen["taper"] = power_w
        elif 99.5 < soc_pct < 99.9:
            seen["top"] = power_w
    assert seen == pytest.approx({"below": -2500, "taper": -1500, "top": -1000}, abs=1)
    assert rig.model.power_w == 0
    assert rig.model.soc_pct == pytest.approx(100, abs=0.5)


def test_auto_begins_from_the_present_power() -> None:
    """A battery that already serves the house, and knows its phase, goes on as it was."""
    rig = idle_rig(load_w=1000)
    rig.model.phase_known = True
    rig.passive(1000)
    rig.run(20)
    rig.set_mode("Auto")
    assert min(rig.run(0.5) for _ in range(60)) > 950
    assert rig.model.mode is DeviceMode.AUTO


def test_auto_without_a_meter_idles() -> None:
    """Not paired in the app, or the meter tells nothing."""
    rig = Rig(load_w=1000)
    rig.model.own_meter = False
    assert rig.run(60) == 0
    rig.model.own_meter = True
    assert rig.run(60) > 800


def test_energy_taken_and_given_accounts_for_the_charge() -> None:
    """Over an hour in Auto on a load that changes: what is in the cells is what came in, less losses."""
    rig = Rig(VENUS_E_156, seed=3)
    rig.house.load = lambda t: 800 if t % 600 < 300 else -900
    before_wh = rig.model.cells.energy_wh
    rig.run(HOUR_S)
    cells, account = rig.model.cells, rig.house.account
    assert cells.energy_wh - before_wh == pytest.approx(cells.charged_wh - cells.discharged_wh - cells.loss_wh)
    assert account.charged_wh == pytest.approx(cells.charged_wh)
    assert account.discharged_wh == pytest.approx(cells.discharged_wh)
    assert cells.charged_wh > 100 < cells.discharged_wh
    assert 28 < cells.loss_wh < 100


def test_its_own_measurement_is_a_little_wrong_and_exactly_0_at_rest() -> None:
    """One per cent and 5 W at most, another for each seed."""
    errors = set()
    for seed in range(30):
        rig = Rig(seed=seed, manners=POLITE)  # each command is sent once only: parse errors would lose some
        rig.passive(1000)
        error_w = rig.run(20) - rig.model.measured_w
        assert 0 < abs(error_w) <= 15
        errors.add(round(error_w, 3))
        rig.passive(0)
        rig.run(20)
        assert rig.model.measured_w == 0
    assert len(errors) == 30


def test_the_same_seed_makes_the_same_battery() -> None:
    """Benchmarks compare strategies over equal luck."""
    courses = []
    for seed in (5, 5, 6):
        rig = Rig(VENUS_E_156, load_w=900, seed=seed)
        courses.append([rig.run(1) for _ in range(120)])
    assert courses[0] == courses[1] != courses[2]


def test_silent_drops_come_at_their_rate() -> None:
    """30 an hour on average: between 15 and 50 in one."""
    model = BatteryModel(seed=2)
    model.drops_per_h = 30
    drops = 0
    model.command(DeviceMode.PASSIVE, 0.0)
    for second in range(3600):
        model.step(1.0, None, float(second))
        if second > 2 and model.mode is DeviceMode.AUTO and second % 10 == 0:
            drops += 1
            model.command(DeviceMode.PASSIVE, float(second))
    assert 15 < drops < 50


def test_the_floor_can_be_set() -> None:
    """The owner may have set another depth of discharge in the app."""
    rig = idle_rig(soc_pct=40)
    rig.model.cells.floor_pct = 39.5
    rig.passive(2000, 3600)
    assert rig.run(900) == 0
    assert rig.model.soc_pct > 39


def test_a_larger_battery_is_a_matter_of_its_device() -> None:
    """With packs added, or for an experiment without bounds."""
    assert BatteryModel(replace(VENUS_A_147, capacity_wh=4160.0), soc_pct=25).cells.energy_wh == 1040
