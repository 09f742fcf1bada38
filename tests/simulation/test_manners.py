"""What devices do while nothing is broken, and that it can be switched off."""

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import groupby, pairwise

import pytest

from simulation.assumptions import BEHAVIOURS, TABLE
from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import VENUS_A_147, VENUS_C_156, VENUS_E3_150, VENUS_E_156, VENUS_MINI_301, Device
from simulation.faults import Fault
from simulation.firmware import Firmware
from simulation.manners import POLITE, RUDE, WORST, Manners, PhaseTest
from simulation.site import SimulatedSite

from .field_faults import FIELD_PROBES
from .rig import HOUR_S, Rig
from .wires import exchange

LONG = {"mode": "Manual", "manual_cfg": {"time_num": 9, "start_time": "00:00", "end_time": "00:01", "note": "x" * 150}}


def powers(rig: Rig, seconds: int) -> list[int]:
    """Return the power at the end of each second, to 100 W."""
    return [round(rig.run(1) / 100) * 100 for _ in range(seconds)]


def auto_again(rig: Rig) -> None:
    """Leave Auto for a minute of rest, and come back."""
    rig.passive(0)
    rig.run(60)
    rig.model.command(DeviceMode.AUTO, rig.house.now)


def finds_phase(rig: Rig) -> bool:
    """Return whether it takes or gives 800 W in a house that asks for nothing."""
    return 800 in map(abs, powers(rig, 15))


@pytest.mark.parametrize(("soc_pct", "power_w"), [(70, 800), (50.5, 800), (50, -800), (30, -800)])
def test_auto_begins_with_20_s_at_800_watts(soc_pct: float, power_w: int) -> None:
    """Discharging above half charge, charging below, whatever the house wants; it says Auto all the time."""
    rig = Rig(soc_pct=soc_pct, load_w=-2000 if power_w > 0 else 2000)
    rig.run(10)
    assert rig.model.power_w == pytest.approx(power_w, abs=1)
    assert rig.model.mode is DeviceMode.AUTO
    rig.run(8)
    assert rig.model.power_w == pytest.approx(power_w, abs=1)
    rig.run(60)
    assert rig.model.power_w == pytest.approx(rig.house.net_load_w, abs=30)


def knows(rig: Rig) -> None:
    """Let it find its phase, and settle."""
    rig.run(60)


def cut_short(rig: Rig) -> None:
    """Stop it on the way."""
    rig.run(10)


def power_cut(rig: Rig) -> None:
    """Find the phase, then lose the power."""
    knows(rig)
    rig.model.faults.add(Fault.DEAD)
    rig.run(10)
    rig.model.faults.clear()


def wipe(rig: Rig) -> None:
    """Find the phase, then lose all settings; the owner pairs the meter again."""
    knows(rig)
    rig.model.faults.add(Fault.SETTINGS_WIPE)
    rig.run(5)
    rig.model.faults.clear()
    rig.model.own_meter = True


@pytest.mark.parametrize(
    ("before", "manners", "again"),
    [
        (knows, RUDE, False),
        (cut_short, RUDE, True),
        (power_cut, RUDE, False),
        (wipe, RUDE, True),
        (knows, WORST, True),
        (cut_short, POLITE, False),
    ],
)
def test_the_phase_is_kept_once_it_was_found(before: Callable[[Rig], None], manners: Manners, again: bool) -> None:
    """Through another mode and a power cut, not through the loss of the settings; or never, for those who want."""
    rig = Rig(manners=manners)
    before(rig)
    auto_again(rig)
    assert finds_phase(rig) is again


def test_auto_sent_again_begins_no_test() -> None:
    """It is no entry into Auto."""
    rig = Rig(manners=WORST)
    knows(rig)
    rig.set_mode("Auto")
    assert not finds_phase(rig)


def test_without_a_meter_there_is_no_phase_to_find() -> None:
    """It begins when the meter tells something."""
    rig = Rig()
    rig.model.own_meter = False
    assert not finds_phase(rig)
    rig.model.own_meter = True
    assert finds_phase(rig)


async def test_all_batteries_tell_the_mac_of_one_access_point(socket_enabled: None) -> None:
    """By both methods; polite ones have a MAC of their own."""
    for manners, different in ((None, 1), (POLITE, 3)):
        async with SimulatedSite(3, manners=manners) as site:
            firmwares = [battery.firmware for battery in site.batteries]
            assert len({firmware._told_of_itself()["wifi_mac"] for firmware in firmwares}) == different
            assert len({firmware._told_of_itself()["ble_mac"] for firmware in firmwares}) == 3


@pytest.mark.parametrize(
    ("device", "names"),
    [
        (VENUS_E_156, ["Venus", "Venus", "VenusE"]),
        (VENUS_C_156, ["Venus", "Venus", "VenusC"]),
        (VENUS_E3_150, ["VenusE 3.0"] * 3),
    ],
)
def test_after_a_power_cut_an_hmg50_has_another_name_for_a_minute(device: Device, names: list[str]) -> None:
    """In its answer and in `src`; other families do not, nor does a polite one."""
    for manners, expected in ((RUDE, names), (POLITE, [device.name] * 3)):
        rig = Rig(device, manners=replace(manners, busy_answers_pct=100, parse_errors_pct=0))
        assert rig.result("Marstek.GetDevice")["device"] == device.name
        rig.model.faults.add(Fault.DEAD)
        rig.run(5)
        rig.model.faults.clear()
        seen = []
        for seconds in (1, 57, 4):
            rig.run(seconds)
            seen.append(rig.result("Marstek.GetDevice")["device"])
            assert (rig.ask("ES.GetMode") or {})["src"].startswith(f"{seen[-1]}-")
        assert seen == expected


def errors_in_a_thousand(rig: Rig, config: object = None) -> int:
    """Return how many of a thousand requests, long ones with a configuration, come back as parse errors."""
    rig.run(3)
    method, params = ("ES.GetMode", {"id": 0}) if config is None else ("ES.SetMode", {"id": 0, "config": config})
    answers = [rig.ask(method, params) or {} for _ in range(1000)]
    found = [answer for answer in answers if answer.get("error", {}).get("code") == -32700]
    assert all(answer["id"] == 0 and answer["error"]["data"] == 403 for answer in found)
    assert len(rig.firmware.received) == 1000 - len(found)
    return len(found)


def test_now_and_then_a_request_is_no_json_to_it_and_long_ones_more_often() -> None:
    """1.5 % of GetMode, 9 % of what is five times as long; nothing was done then."""
    assert 5 < errors_in_a_thousand(Rig()) < 30
    assert 60 < errors_in_a_thousand(Rig(), LONG) < 120


@pytest.mark.parametrize("case", ["polite", "no meter", "HMG-50"])
def test_who_handles_no_answer_of_a_meter_understands_everything(case: str) -> None:
    """HMG-50 has another way to suffer, from the same cause."""
    rig = Rig(VENUS_E_156 if case == "HMG-50" else VENUS_E3_150, manners=POLITE if case == "polite" else RUDE)
    rig.model.mode, rig.model.own_meter = DeviceMode.MANUAL, case != "no meter"
    assert errors_in_a_thousand(rig) == 0


@pytest.mark.parametrize(
    ("device", "mode", "manners", "answered_pct"),
    [
        (VENUS_E_156, "Auto", RUDE, 75),
        (VENUS_C_156, "AI", WORST, 25),
        (VENUS_E_156, "Auto", replace(RUDE, busy_answers_pct=50.0), 50),
        (VENUS_E_156, "Passive", WORST, 100),
        (VENUS_E_156, "Auto", POLITE, 100),
        (VENUS_A_147, "Auto", WORST, 100),
    ],
)
def test_an_hmg50_that_serves_its_meter_hears_a_part_of_what_it_is_asked(
    device: Device, mode: str, manners: Manners, answered_pct: int
) -> None:
    """And all of it while it does not."""
    rig = Rig(device, manners=manners)
    rig.model.mode = DeviceMode(mode)
    rig.run(3)
    answered = sum(rig.ask("ES.GetMode") is not None for _ in range(1000))
    assert answered == pytest.approx(10 * answered_pct, abs=50)
    assert len(rig.firmware.received) <= answered


def zeros(manners: Manners, seed: int = 1, days: int = 60) -> list[float]:
    """Return how long each stretch lasts (s) in which a half full battery, asked every 5 s, tells 0 %."""
    firmware = Firmware(BatteryModel(VENUS_E3_150, manners=manners), seed=seed)
    told = []
    for step in range(days * 17_280):
        firmware._now = step * 5.0
        told.append(firmware._soc_is_lost())
    return [5.0 * len(list(run)) for is_zero, run in groupby(told) if is_zero]


def test_the_state_of_charge_is_lost_now_and_then_for_two_minutes_at_most() -> None:
    """Twice a day on average; the same seed makes the same course."""
    lengths = zeros(RUDE)
    assert 80 < len(lengths) < 160
    assert min(lengths) <= 25
    assert 100 < max(lengths) <= 125
    assert lengths == zeros(RUDE) != zeros(RUDE, seed=2)
    assert zeros(POLITE, days=1) == []


def test_a_glitch_is_told_and_changes_nothing_else() -> None:
    """0 % in every answer, and the battery goes on as before."""
    rig = Rig(manners=replace(POLITE, soc_glitch_every_h=0.01))
    rig.passive(500)
    told = []
    for _ in range(290):
        rig.run(1)
        mode, energy, cells = (rig.result(m) for m in ("ES.GetMode", "ES.GetStatus", "Bat.GetStatus"))
        assert mode["bat_soc"] == energy["bat_soc"] == cells["soc"]
        told.append(mode["bat_soc"])
    assert set(told) == {0, 49}
    assert sum(after != before for before, after in pairwise(told)) > 2
    assert rig.model.power_w == pytest.approx(500, abs=1)


async def test_an_hmg50_answers_to_the_api_port_whoever_asked(socket_enabled: None) -> None:
    """Others, and polite ones, answer to the port that asked."""
    for device, manners, ports in (
        (VENUS_E_156, RUDE, [False, True]),
        (VENUS_E_156, POLITE, [True, True]),
        (VENUS_E3_150, RUDE, [True, True]),
    ):
        async with SimulatedSite([BatteryModel(device)], manners=manners) as site:
            host, port = site.batteries[0].host, site.batteries[0].port
            assert [bool(await exchange(host, port, from_port=own)) for own in (0, port)] == ports


async def test_a_mini_301_answers_to_all_and_only_those_who_ask_from_the_api_port(socket_enabled: None) -> None:
    """One that was asked directly; a second one on the same network does not mistake the answer for a question."""
    async with SimulatedSite([BatteryModel(VENUS_MINI_301, seed=seed) for seed in (1, 2)]) as site:
        host, port = site.batteries[0].host, site.batteries[0].port
        assert await exchange(host, port) == []
        ((frame, sender),) = await exchange(host, port, from_port=port, hear_broadcasts=True)
        assert frame["id"] == 7
        assert sender[0] == host
        assert await exchange(host, port, from_port=port) == []


async def test_one_switch_makes_a_whole_site_polite(socket_enabled: None) -> None:
    """Batteries of one's own as well; without it they are what they were made."""
    assert BatteryModel().manners == RUDE
    assert {battery.manners for battery in SimulatedSite(3).house.batteries} == {RUDE}
    assert {battery.manners for battery in SimulatedSite(3, manners=POLITE).house.batteries} == {POLITE}
    assert SimulatedSite([BatteryModel()], manners=POLITE).house.batteries[0].manners == POLITE
    assert SimulatedSite([BatteryModel(manners=WORST)]).house.batteries[0].manners == WORST


def test_polite_is_what_a_manner_is_unless_it_is_said() -> None:
    """Rude is every field of it, so that none is forgotten."""
    assert all(getattr(RUDE, field.name) != getattr(POLITE, field.name) for field in fields(Manners))
    assert (RUDE.phase_test, WORST.phase_test) == (PhaseTest.ONCE, PhaseTest.EVERY)


def test_every_behaviour_tells_its_grade_and_its_source() -> None:
    """Each manner, and each fault that came with them."""
    names = {field.name for field in fields(Manners)} | {str(fault) for fault in FIELD_PROBES}
    assert BEHAVIOURS.keys() - {"answers_by_broadcast"} == names
    for evidence in BEHAVIOURS.values():
        assert evidence.grade in set("DVCFKUBI")
        assert len(evidence.source) > 3
    assert {"PHASE_TEST_TIME", "BUSY_ANSWERS_WORST"} <= TABLE.keys()


def test_the_same_seed_makes_the_same_luck() -> None:
    """Errors and silences come with the same requests."""
    courses = []
    for seed in (3, 3, 4):
        rig = Rig(VENUS_E_156, seed=seed)
        rig.run(HOUR_S / 60)
        courses.append([rig.ask("ES.GetMode") is None for _ in range(99)])
    assert courses[0] == courses[1] != courses[2]
