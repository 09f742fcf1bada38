"""What the fake batteries answer, against what real ones answered."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulation.battery import DeviceMode
from simulation.devices import (
    DEVICES,
    VENUS_A_147,
    VENUS_C_153,
    VENUS_D_147,
    VENUS_E3_139,
    VENUS_E3_144,
    VENUS_E3_150,
    VENUS_E_155,
    VENUS_E_156,
    VENUS_MINI_300,
    Device,
    Family,
)
from simulation.faults import Fault

from .rig import Rig

SAMPLES = {
    sample["id"]: sample
    for sample in json.loads((Path(__file__).parents[1] / "marstek" / "marstek_samples.json").read_text())["samples"]
}
WHOLE = {
    "va147_device": VENUS_A_147,
    "va147_wifi": VENUS_A_147,
    "va147_ble": VENUS_A_147,
    "va147_bat": VENUS_A_147,
    "va147_pv_night": VENUS_A_147,
    "va147_pv_day": VENUS_A_147,
    "va147_mode": VENUS_A_147,
    "va147_em": VENUS_A_147,
    "va_es": VENUS_A_147,
    "e3_139_device": VENUS_E3_139,
    "e3_144_device": VENUS_E3_144,
    "e3_144_es": VENUS_E3_144,
    "e3_es_idle": VENUS_E3_150,
    "e3_em_export": VENUS_E3_150,
    "e3_150_device": VENUS_E3_150,
    "e3_150_mode_charging": VENUS_E3_150,
    "e2_156_device": VENUS_E_156,
    "e2_156_es": VENUS_E_156,
    "c_153_device": VENUS_C_153,
    "doc1_es": VENUS_C_153,
    "doc1_getmode": VENUS_C_153,
    "doc2_em": VENUS_D_147,
    "doc2_pv": VENUS_D_147,
    "mini300_setmode": VENUS_MINI_300,
}
"""Published whole, for a model and firmware that we have."""
CUT = {"e2_156_bat": VENUS_E_156, "e2_156_es_charging": VENUS_E_156, "e2_155_es": VENUS_E_155}
"""Published in part."""


def answer_like(name: str, device: Device) -> Any:
    """Return the result for the request of a sample."""
    rig = Rig(device)
    rig.model.faults.discard(Fault.STATUS_MUTE)
    params = SAMPLES[name].get("request", {}).get("params", {"id": 0})
    answer = rig.ask(SAMPLES[name]["method"], params)
    assert answer is not None
    return answer["result"]


@pytest.mark.parametrize("name", WHOLE)
def test_answers_have_exactly_the_fields_of_the_captured_ones(name: str) -> None:
    """Field by field, and each of the same kind."""
    captured, ours = SAMPLES[name]["reply"]["result"], answer_like(name, WHOLE[name])
    assert ours.keys() == captured.keys()
    for field, value in captured.items():
        numbers = isinstance(value, int | float) and isinstance(ours[field], int | float)
        assert numbers or type(ours[field]) is type(value), field


@pytest.mark.parametrize("name", CUT)
def test_answers_have_the_fields_of_captures_that_were_cut(name: str) -> None:
    """What was published is there."""
    assert SAMPLES[name]["reply"]["result"].keys() <= answer_like(name, CUT[name]).keys()


def test_errors_are_those_of_the_real_devices() -> None:
    """Codes, texts and the undocumented number."""
    rig = Rig(VENUS_E3_150)
    for sample, answer in (
        ("e3_150_pv_error", rig.ask("PV.GetStatus")),
        ("e2_155_invalid_params", rig.ask("ES.GetMode", {})),
        ("fw144_parse_error", Rig(VENUS_E3_144, Fault.PARSE_ERROR).ask("ES.GetMode")),
    ):
        assert answer is not None
        assert answer["error"] == SAMPLES[sample]["reply"]["error"]
    broken = json.loads(rig.send(b"{not json")[0][1])
    assert (broken["id"], broken["error"]["code"]) == (0, -32700)
    assert json.loads(rig.send(b"[1, 2]")[0][1])["error"]["code"] == -32600
    for method in ("es.GetMode", "Set.Ver", "Reset.Factory"):
        assert (rig.ask(method) or {})["error"]["code"] == -32601


def test_every_answer_tells_who_it_comes_from() -> None:
    """The device string, space kept, and the BLE MAC; only GetDevice works without an id."""
    rig = Rig(VENUS_E3_150)
    answer = rig.ask("Marstek.GetDevice", {"ble_mac": "0"})
    assert answer is not None
    assert answer["src"] == f"VenusE 3.0-{rig.model.mac}"
    assert answer["result"]["ble_mac"] == rig.model.mac
    assert (rig.ask("PV.GetStatus") or {})["src"] == answer["src"]


@pytest.mark.parametrize(
    ("request_id", "reply_id"), [(1, 1), (65535, 65535), (65536, 0), (70000, 4464), ("abc", "abc")]
)
def test_ids_are_kept_in_16_bits(request_id: object, reply_id: object) -> None:
    """A client that counts on gets no answer that it knows."""
    assert (Rig().ask("ES.GetMode", request_id=request_id) or {})["id"] == reply_id


def test_power_is_told_in_the_sign_of_the_device_and_charge_in_whole_per_cents() -> None:
    """+ discharging; bat_power of old firmware the other way and in tenths."""
    rig = Rig(VENUS_C_153, soc_pct=57.9)
    rig.passive(-1000)
    rig.run(20)
    mode, energy = rig.result("ES.GetMode"), rig.result("ES.GetStatus")
    assert mode["mode"] == "Passive"
    assert mode["ongrid_power"] == energy["ongrid_power"] == pytest.approx(-1000, abs=15)
    assert energy["bat_power"] == pytest.approx(10000, abs=150)
    assert mode["bat_soc"] == energy["bat_soc"] == rig.result("Bat.GetStatus")["soc"] == 58


@pytest.mark.parametrize(
    ("device", "temperature", "capacity", "charged"),
    [
        (VENUS_E3_139, 200, 256, 1000),
        (VENUS_E3_150, 20, 2560, 1000),
        (VENUS_C_153, 20, 128000, 100),
        (VENUS_E_155, 2, 2560, 10),
        (VENUS_E_156, 2, 2560, 10),
        (VENUS_A_147, 20, 1040, 1000),
    ],
)
def test_raw_numbers_have_the_scale_of_the_family(
    device: Device, temperature: float, capacity: float, charged: float
) -> None:
    """20 degrees, half full, 1,000 Wh charged (marstek_api.md, 4)."""
    rig = Rig(device)
    rig.model.faults.clear()
    rig.model.cells.charged_wh = 1000
    battery, energy = rig.result("Bat.GetStatus"), rig.result("ES.GetStatus")
    assert battery["bat_temp"] == temperature
    assert battery["bat_capacity"] == capacity
    assert energy["total_grid_input_energy"] == charged


def test_the_first_panel_of_a_venus_a_is_told_in_tenths_of_a_watt() -> None:
    """And ES.GetStatus tells nothing of panels."""
    for device, raw in ((VENUS_A_147, 2680), (VENUS_D_147, 268)):
        rig = Rig(device)
        rig.model.pv_w = 268
        panels = rig.result("PV.GetStatus")
        assert (panels["pv1_power"], panels["pv1_state"], panels["pv2_power"]) == (raw, 1, 0)
        assert rig.result("ES.GetStatus")["pv_power"] == 0


def test_the_meter_is_live_in_em_and_zero_in_the_mode_of_newer_families() -> None:
    """Flode's capture of a Venus A, jaapp#142 of an E 3.0."""
    for device, in_mode in ((VENUS_E3_150, 0), (VENUS_E_156, 1)):
        rig = Rig(device, load_w=1500)
        rig.model.mode = DeviceMode.MANUAL
        rig.run(10)
        meter, mode = rig.result("EM.GetStatus"), rig.result("ES.GetMode")
        assert meter["total_power"] == meter["a_power"] == pytest.approx(1500, abs=5)
        assert mode["ct_state"] == in_mode
        assert mode["total_power"] == in_mode * meter["total_power"]
        rig.model.own_meter = False
        rig.run(1)
        assert rig.result("EM.GetStatus")["ct_state"] == 0


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("Cosy", {"enable": 1}),
        ("Passive", {"power": "much", "cd_time": 300}),
        ("Passive", {"power": 100}),
        (
            "Manual",
            {"time_num": 10, "start_time": "00:00", "end_time": "01:00", "week_set": 1, "power": 0, "enable": 0},
        ),
        ("Manual", {"time_num": 1, "start_time": "24:00", "end_time": "01:00", "week_set": 1, "power": 0, "enable": 0}),
        ("Manual", {"time_num": 1, "start_time": "00:00", "end_time": None, "week_set": 1, "power": 0, "enable": 0}),
        (
            "Manual",
            {"time_num": 1, "start_time": "00:00", "end_time": "01:00", "week_set": 128, "power": 0, "enable": 0},
        ),
    ],
)
def test_commands_that_make_no_sense_are_rejected(mode: str, settings: dict[str, object]) -> None:
    """-32602, and nothing happens."""
    rig = Rig()
    assert rig.set_mode(mode, **settings) == -32602
    rig.run(5)
    assert rig.model.mode is DeviceMode.AUTO
    assert not rig.model.slots


@pytest.mark.parametrize(
    "config", [None, [], {"mode": "Manual"}, {"mode": "Manual", "manual_cfg": [{}]}, {"mode": ["Auto"]}]
)
def test_a_mode_without_its_object_is_rejected(config: object) -> None:
    """Manual above all, and slots as an array."""
    assert (Rig().ask("ES.SetMode", {"id": 0, "config": config}) or {})["error"]["code"] == -32602


def test_enable_0_is_no_stop_and_ups_needs_its_firmware() -> None:
    """set_result false."""
    assert Rig().set_mode("Auto", enable=0) is False
    assert Rig(VENUS_E_156).set_mode("UPS") is False
    assert Rig(VENUS_E3_150).set_mode("UPS") is True


def test_a_countdown_of_0_runs_for_ever() -> None:
    """Nobody may send that; whoever does finds out here."""
    rig = Rig()
    rig.passive(500, 0)
    assert rig.run(7200) == pytest.approx(500, abs=1)


def test_requests_that_were_heard_are_remembered() -> None:
    """Tests ask what was really sent."""
    rig = Rig()
    rig.run(3)
    rig.passive(500)
    rig.model.faults.add(Fault.DEAD)
    rig.ask("ES.GetMode")
    assert [(heard.at, heard.method) for heard in rig.firmware.received] == [(3.0, "ES.SetMode")]
    assert rig.firmware.received[0].params["config"]["passive_cfg"] == {"power": 500, "cd_time": 300}


def test_an_empty_datagram_freezes_the_api_until_the_power_is_cut() -> None:
    """Disassembled by taurgis."""
    rig = Rig()
    assert rig.send(b"") == []
    assert rig.ask("ES.GetMode") is None
    rig.model.faults.add(Fault.DEAD)
    rig.ask("ES.GetMode")
    rig.model.faults.clear()
    assert rig.ask("ES.GetMode") is not None


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: f"{device.name}-{device.firmware}")
def test_every_firmware_answers_all_that_it_knows(device: Device) -> None:
    """With its faults taken away; PV only where there are panels."""
    rig = Rig(device)
    rig.model.faults.clear()
    for method in device.shapes:
        answer = rig.ask(method, {"id": 0, "config": {"mode": "Auto", "auto_cfg": {"enable": 1}}})
        assert answer is not None
        assert list(answer["result"]) == device.shapes[method].split()
    assert ("PV.GetStatus" in device.shapes) == (device.family in (Family.A, Family.D))
