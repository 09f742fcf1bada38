"""Every published reply is read as its publisher understood it, or left alone for a stated reason."""

from collections.abc import Callable
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.home_energy_controller.marstek.frames import (
    ErrorReply,
    Method,
    Reply,
    parse_datagram,
    set_result,
)
from custom_components.home_energy_controller.marstek.models import DeviceMode
from custom_components.home_energy_controller.marstek.profiles import Profile, profile_for
from custom_components.home_energy_controller.marstek.results import (
    parse_battery,
    parse_info,
    parse_mode,
    parse_pv,
    parse_status,
)

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "marstek_samples.json").read_text())["samples"]

# The publishers masked the last three bytes of each MAC with x; a real one has digits there.
MASK, DIGITS = "xxxxxx", "0a1b2c"

ACCEPTED: dict[str, object] = {"set_result": True}
UNUSED = "we never ask for this method"
FORBIDDEN = "this method reconfigures the device, so it does not exist here"

EXPECTED: dict[str, dict[str, object] | str] = {
    "doc2_getdevice": {"model": "VenusC", "firmware": 111, "ble_mac": "123456789012", "ip": "192.168.1.11"},
    "doc2_parse_error": {"code": -32700, "id": 0},
    "doc2_wifi": UNUSED,
    "doc2_ble": UNUSED,
    "doc2_bat": {"soc_pct": 90, "temperature_c": 25},
    "doc1_bat": {"soc_pct": 98, "temperature_c": 25},
    # The document prints one example for A and D: nothing identifies the model.
    "doc2_pv": {"power_w": 0},
    "doc1_pv": {"power_w": 580},
    "doc2_es": {"soc_pct": 98, "ongrid_power_w": 100},
    "doc1_es": {"soc_pct": 98},
    "doc2_getmode": {"mode": DeviceMode.AUTO, "ongrid_power_w": 100, "soc_pct": 98},
    "doc1_getmode": {"mode": DeviceMode.PASSIVE, "ongrid_power_w": 100},
    "doc2_em": UNUSED,
    "doc2_setmode_auto": ACCEPTED,
    "doc2_setmode_ai": ACCEPTED,
    "doc2_setmode_manual": ACCEPTED,
    "doc2_setmode_passive": ACCEPTED,
    "doc2_setmode_ups": ACCEPTED,
    "doc2_dod_set": FORBIDDEN,
    "doc2_ble_adv": FORBIDDEN,
    "doc2_led_ctrl": FORBIDDEN,
    "va147_device": {"model": "Venus A", "firmware": 147, "ble_mac": "bc2a330a1b2c", "wifi_mac": "b4b0240a1b2c"},
    "va147_wifi": UNUSED,
    "va147_ble": UNUSED,
    "va147_bat": {"soc_pct": 20, "temperature_c": 29},
    "va147_pv_night": {"power_w": 0},
    "va147_mode": {"mode": DeviceMode.AUTO, "ongrid_power_w": 0, "offgrid_power_w": 0, "soc_pct": 20},
    "va147_em": UNUSED,
    "va147_pv_day": {"power_w": pytest.approx(109.8)},
    "va_es": {"soc_pct": 24, "ongrid_power_w": 185},
    "va148_totals": {"soc_pct": None, "ongrid_power_w": None},
    "va149_pvtotal": {"soc_pct": None, "ongrid_power_w": None},
    "e3_139_device": {"model": "VenusE 3.0", "firmware": 139, "ble_mac": "009b080a1b2c", "ip": "192.168.x.20"},
    "e3_144_device": {"model": "VenusE 3.0", "firmware": 144, "ble_mac": "a8dd9f0a1b2c"},
    "e3_144_es": {"soc_pct": 81, "ongrid_power_w": 698},
    "e3_es_idle": {"soc_pct": 28, "ongrid_power_w": 0},
    "e3_em_export": UNUSED,
    "e3_150_device": {"model": "VenusE 3.0", "firmware": 150, "ble_mac": "5037cd0a1b2c"},
    "e3_150_mode_charging": {"mode": DeviceMode.AUTO, "ongrid_power_w": -984, "soc_pct": 57},
    "e3_150_pv_error": {"code": -32601},
    "e2_156_device": {"model": "VenusE", "firmware": 156, "ble_mac": "2419720a1b2c"},
    "e2_156_bat": {"soc_pct": 11, "temperature_c": 20},
    "e2_156_es": {"soc_pct": 11},
    "e2_156_es_charging": {"soc_pct": 25, "ongrid_power_w": -2491},
    "e2_155_es": {"soc_pct": 14, "ongrid_power_w": 0, "offgrid_power_w": None},
    "e2_155_invalid_params": {"code": -32602},
    "c_153_device": {"model": "VenusC", "firmware": 153, "ble_mac": "acd9290a1b2c", "wifi_mac": None},
    "fw144_parse_error": {"code": -32700, "id": 0},
    "mini300_setmode": ACCEPTED,
    "e3_passive_charge_command": ACCEPTED,
}

type Parser = Callable[[Reply, Profile], object]

PARSERS: dict[str, Parser] = {
    Method.GET_DEVICE: lambda r, p: parse_info(r.result, model=r.model, mac=r.mac, received_at=1.0),
    Method.ES_GET_MODE: lambda r, p: parse_mode(r.result, 1.0),
    Method.ES_GET_STATUS: lambda r, p: parse_status(r.result, 1.0),
    Method.BAT_GET_STATUS: lambda r, p: parse_battery(r.result, p, 1.0),
    Method.PV_GET_STATUS: lambda r, p: parse_pv(r.result, p, 1.0),
}


def datagram(sample: dict[str, Any]) -> bytes:
    """Return the reply as it was on the wire: what the publisher cut off or masked is put back."""
    whole = {"id": 1, "src": f"{sample['model']}-acd929{MASK}"} | sample["reply"]
    return json.dumps(whole).replace(MASK, DIGITS).encode()


def test_every_sample_has_an_expectation() -> None:
    """A sample that is added must be judged."""
    assert len(SAMPLES) == 50
    assert {sample["id"] for sample in SAMPLES} == set(EXPECTED)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["id"]))
def test_a_published_reply_is_read_or_left_alone(sample: dict[str, Any]) -> None:
    """With the value its publisher gave, or the reason why we never ask."""
    expected = EXPECTED[sample["id"]]
    reply = parse_datagram(datagram(sample))
    if isinstance(reply, ErrorReply):
        assert "error" in sample["reply"]
        value: object = reply
    elif isinstance(expected, str):
        assert sample["method"] not in set(Method), expected
        return
    elif sample["method"] == Method.ES_SET_MODE:
        assert set_result(reply.result) is True
        return
    else:
        value = PARSERS[sample["method"]](reply, profile_for(sample["model"], sample["firmware"]))
    assert isinstance(expected, dict)
    assert {name: getattr(value, name) for name in expected} == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: str(sample["id"]))
def test_a_published_sender_is_known_by_its_mac(sample: dict[str, Any]) -> None:
    """Masked, it is nobody; with digits, it is somebody."""
    reply = parse_datagram(datagram(sample))
    source = json.loads(datagram(sample))["src"]
    has_mac = source.endswith(DIGITS) or source == "VenusC-123456789012"
    assert (reply.mac is not None) is has_mac
    assert parse_datagram(json.dumps({"id": 1} | sample["reply"]).encode()).mac in {None, "123456789012"}
