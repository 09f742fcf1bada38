"""What goes on the wire and how anything that comes back is read."""

from contextlib import suppress
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.home_energy_controller.marstek import frames, results
from custom_components.home_energy_controller.marstek.errors import (
    MarstekBadParameters,
    MarstekEcho,
    MarstekProtocolError,
)
from custom_components.home_energy_controller.marstek.frames import ErrorReply, Method, Reply
from custom_components.home_energy_controller.marstek.models import DeviceInfo
from custom_components.home_energy_controller.marstek.profiles import profile_for

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def frame_of(**members: object) -> bytes:
    """Return a datagram with these members."""
    return json.dumps(members).encode()


def test_a_request_is_one_json_object_without_extras() -> None:
    """No terminator, no spaces."""
    data = frames.encode_request(7, Method.ES_GET_MODE, {"id": 0})
    assert data == b'{"id":7,"method":"ES.GetMode","params":{"id":0}}'


@pytest.mark.parametrize("request_id", [0, -1, 65_536])
def test_an_id_that_the_device_cannot_return_is_refused(request_id: int) -> None:
    """It would come back truncated, or as a parse error."""
    with pytest.raises(MarstekBadParameters):
        frames.encode_request(request_id, Method.ES_GET_MODE, {"id": 0})


def test_what_resets_or_reconfigures_a_device_does_not_exist() -> None:
    """Nobody can call by mistake what is not there."""
    assert {method.value for method in Method} == {
        "Marstek.GetDevice",
        "ES.GetMode",
        "ES.GetStatus",
        "ES.SetMode",
        "Bat.GetStatus",
        "PV.GetStatus",
    }
    source = "".join(path.read_text() for path in Path(frames.__file__).parent.glob("*.py")).lower()
    for forbidden in ("set.ver", "reset.factory", "wifi.setconfig", "ble.adv", "dod.set", "led.ctrl", "reuse_"):
        assert forbidden not in source


def test_a_reply_names_its_sender() -> None:
    """The model may contain dashes and spaces of its own."""
    reply = frames.parse_datagram(frame_of(id=7, src="VNSEM-0-CCC837000001", result={"a": 1}))
    assert reply == Reply(id=7, model="VNSEM-0", mac="ccc837000001", result={"a": 1})


@pytest.mark.parametrize("src", [None, 5, "", "VenusC-mac", "VNSEM-0", "VenusE 3.0-5037cdxxxxxx"])
def test_a_sender_without_a_mac_is_nobody(src: object) -> None:
    """Half an identity is none."""
    reply = frames.parse_datagram(frame_of(id=7, src=src, result={}))
    assert (reply.model, reply.mac) == (None, None)


@pytest.mark.parametrize("request_id", [0, None, []])
def test_an_error_without_a_usable_id_has_id_0(request_id: object) -> None:
    """The device says 0, JSON-RPC would say null."""
    reply = frames.parse_datagram(frame_of(id=request_id, error={"code": -32700, "message": "Parse error"}))
    assert reply == ErrorReply(id=0, model=None, mac=None, code=-32700, message="Parse error")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" " * 4097,
        b"\xff\xfe",
        b"hello",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"id":1}',
        b'{"id":1,"result":[]}',
        b'{"id":1,"error":{}}',
        b'{"id":1,"error":{"code":"x"}}',
        b'{"id":1,"result":{"bat_soc":NaN}}',
        b'{"id":1,"result":{"bat_soc":-Infinity}}',
        b'{"id":1,"result":{"set_result":ture}}',
        b'{"id":[1],"result":{}}',
        b'{"id":{},"result":{}}',
        b'{"id":true,"result":{}}',
        b'{"id":1.5,"result":{}}',
        b'{"id":65536,"result":{}}',
        b'{"id":-1,"result":{}}',
        b'{"id":"seven","result":{}}',
        b'{"id":1' + b"0" * 4000 + b',"result":{}}',
        b'{"result":{}}',
        b'{"id":1,"result":{"deep":' + b"[" * 40 + b"]" * 40 + b"}}",
        b'{"id":1,"result":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b"[" * 4000,
    ],
)
def test_what_is_no_reply_is_a_protocol_error(data: bytes) -> None:
    """Anybody can send anything to an open port."""
    with pytest.raises(MarstekProtocolError):
        frames.parse_datagram(data)


def test_the_largest_datagram_is_still_read() -> None:
    """4096 bytes are within the bound."""
    data = frame_of(id=1, result={"pad": ""})
    padded = data.replace(b'""', b'"' + b"x" * (4096 - len(data)) + b'"')
    assert len(padded) == 4096
    assert frames.parse_datagram(padded).id == 1


def test_a_request_of_our_own_is_an_echo() -> None:
    """Broadcasts reach our own socket too."""
    with pytest.raises(MarstekEcho):
        frames.parse_datagram(frames.encode_request(7, Method.GET_DEVICE, {"ble_mac": "0"}))


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5.0), (8583.0, 8583.0), (None, None), ("98", 98.0), (" -1.5 ", -1.5), (0, 0.0)]
)
def test_numbers_come_as_numbers_or_text_or_null(value: object, number: float | None) -> None:
    """The document's table and the devices disagree."""
    assert frames.as_number(value) == number


@pytest.mark.parametrize("value", [True, "", "x", "1_0", "nan", "1e999", 1e999, 10**400, [], {}])
def test_what_is_no_number_is_a_protocol_error(value: object) -> None:
    """Python would take some of these."""
    with pytest.raises(MarstekProtocolError):
        frames.as_number(value)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [(True, True), ("true", True), ("ture", True), ("True", True), (False, False), ("false", False)],
)
def test_a_command_is_accepted_or_not_in_every_spelling(value: object, accepted: bool) -> None:
    """The document prints `ture`."""
    assert frames.set_result({"set_result": value}) is accepted


@pytest.mark.parametrize("result", [{}, {"set_result": None}, {"set_result": 1}, {"set_result": "yes"}])
def test_an_unreadable_acknowledgement_is_a_protocol_error(result: dict[str, object]) -> None:
    """Neither yes nor no."""
    with pytest.raises(MarstekProtocolError):
        frames.set_result(result)


@pytest.mark.parametrize("text", ["5037cdabcdef", "50:37:CD:AB:CD:EF", "50-37-cd-ab-cd-ef"])
def test_a_mac_is_12_lower_case_digits(text: str) -> None:
    """It becomes the unique id."""
    assert frames.as_mac(text) == "5037cdabcdef"


@pytest.mark.parametrize("text", ["5037cdxxxxxx", "0", "", None, 5037])
def test_what_is_no_mac_is_none(text: object) -> None:
    """Such as a masked one."""
    assert frames.as_mac(text) is None


def test_the_log_shows_neither_mac_nor_network() -> None:
    """People paste their logs into issues."""
    line = frames.redact(b'{"src":"VenusE 3.0-5037cdABCDEF","wifi_name": "Our home","ble_mac":"5037cdabcdef"}\xff')
    assert "abcdef" not in line.lower()
    assert "Our home" not in line
    assert "VenusE 3.0-5037cdxxxxxx" in line


def test_commands_are_what_the_document_prints() -> None:
    """Minus charges, plus discharges."""
    assert frames.auto_config() == {"mode": "Auto", "auto_cfg": {"enable": 1}}
    assert frames.passive_config(-100, 300) == {"mode": "Passive", "passive_cfg": {"power": -100, "cd_time": 300}}


def test_a_disabled_slot_is_as_harmless_as_can_be() -> None:
    """Should `enable` be overlooked, it acts one minute a week."""
    config = frames.disabled_slot_config(9)
    slot = config["manual_cfg"]
    assert config["mode"] == "Manual"
    assert (slot["time_num"], slot["enable"], slot["power"]) == (9, 0, 0)
    assert (slot["start_time"], slot["end_time"]) == ("00:00", "00:01")


@pytest.mark.parametrize(("power_w", "countdown_s"), [(2500, 1), (-2500, 86_400)])
def test_passive_takes_the_whole_range(power_w: int, countdown_s: int) -> None:
    """The bounds themselves are allowed."""
    assert frames.passive_config(power_w, countdown_s)["passive_cfg"] == {"power": power_w, "cd_time": countdown_s}


@pytest.mark.parametrize(
    ("power_w", "countdown_s"),
    [
        (2501, 300),
        (-2501, 300),
        (100, 0),
        (100, -5),
        (100, 86_401),
        (100.5, 300),
        (True, 300),
        (None, 300),
        (100, None),
    ],
)
def test_passive_outside_its_range_is_refused(power_w: Any, countdown_s: Any) -> None:
    """Nobody agrees on what a countdown of 0 does."""
    with pytest.raises(MarstekBadParameters):
        frames.passive_config(power_w, countdown_s)


@pytest.mark.parametrize("slot", [10, -1, True, None])
def test_a_slot_that_does_not_exist_is_refused(slot: Any) -> None:
    """There are ten at the most."""
    with pytest.raises(MarstekBadParameters):
        frames.disabled_slot_config(slot)


@settings(deadline=None)
@given(st.binary(max_size=5000))
def test_no_bytes_raise_anything_but_our_own_error(data: bytes) -> None:
    """The listener must survive everything."""
    with suppress(MarstekProtocolError):
        frames.parse_datagram(data)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "src", "result", "error", "method", "x"]), json_values))
def test_no_frame_raises_anything_but_our_own_error(members: dict[str, Any]) -> None:
    """Well-formed JSON of the wrong shape."""
    with suppress(MarstekProtocolError):
        frames.parse_datagram(json.dumps(members).encode())


FIELDS = (
    *("mode", "ongrid_power", "offgrid_power", "bat_soc", "ct_state", "total_power", "a_power", "bat_cap", "bat_power"),
    *("total_grid_input_energy", "total_pv_energy", "soc", "bat_temp", "bat_capacity", "charg_flag", "pv_power"),
    *("pv1_power", "pv1_voltage", "pv1_current", "pv2_power", "device", "ver", "ble_mac", "ip", "set_result"),
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.sampled_from(["VenusE 3.0", "VenusE", "VenusA", "x"]))
def test_no_result_raises_anything_but_our_own_error(result: dict[str, Any], model: str) -> None:
    """Known fields with anything in them; what is read is within bounds."""
    profile = profile_for(model, 150)
    for parse in (
        lambda: results.parse_info(result, model=None, mac=None, received_at=1.0),
        lambda: results.parse_mode(result, 1.0),
        lambda: results.parse_status(result, 1.0),
        lambda: results.parse_battery(result, profile, 1.0),
        lambda: results.parse_pv(result, profile, 1.0),
        lambda: frames.set_result(result),
    ):
        try:
            value: Any = parse()
        except MarstekProtocolError:
            continue
        if not isinstance(value, bool | DeviceInfo):
            for name in ("soc_pct", "ongrid_power_w", "power_w"):
                number = getattr(value, name, None)
                assert number is None or abs(number) <= 100_000
