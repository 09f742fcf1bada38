"""Datagrams of the batteries' JSON protocol: what we may send, and reading what comes back. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import json
import math
import re
from typing import Any

from .errors import MarstekBadParameters, MarstekEcho, MarstekProtocolError

MAX_ID = 65_535
"""The devices keep ids in 16 bits: a larger one comes back truncated."""
MAX_DATAGRAM_BYTES = 4_096
"""Real replies stay below 1 kB."""
MAX_POWER_W = 2_500
MAX_COUNTDOWN_S = 86_400
SLOT_COUNT = 10

_MAX_BRACKETS = 32
_NUMBER = re.compile(r"\s*[-+]?\d+(\.\d+)?\s*", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{12}")
_NOBODY = {"0" * 12, "f" * 12}
"""What stands where no MAC is known yet, or where everybody is meant."""
_MAC_IN_TEXT = re.compile(
    r"(?<![0-9a-fA-F])((?:[0-9a-fA-F]{2}[:-]?){3})(?:[0-9a-fA-F]{2}[:-]?){2}[0-9a-fA-F]{2}(?![0-9a-fA-F])"
)
_SSID_IN_TEXT = re.compile(r'("(?:wifi_name|ssid)"\s*:\s*)"(?:[^"\\]|\\.)*"?')
_ADDRESS_IN_TEXT = re.compile(r"\b(?:\d{1,3}\.){3}(\d{1,3})\b")

type Params = Mapping[str, Any]
type Config = dict[str, Any]


class Method(StrEnum):
    """Everything that we ever ask for; what resets or reconfigures a device is left out on purpose."""

    GET_DEVICE = "Marstek.GetDevice"
    ES_GET_MODE = "ES.GetMode"
    ES_GET_STATUS = "ES.GetStatus"
    ES_SET_MODE = "ES.SetMode"
    BAT_GET_STATUS = "Bat.GetStatus"
    PV_GET_STATUS = "PV.GetStatus"

    @property
    def is_write(self) -> bool:
        """Return whether this changes what the device does."""
        return self is Method.ES_SET_MODE


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A result, and who says so."""

    id: int
    model: str | None
    mac: str | None
    result: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReply:
    """An error object; id 0 when the device could not or would not tell which request it means."""

    id: int
    model: str | None
    mac: str | None
    code: int
    message: str


def encode_request(request_id: int, method: Method, params: Params) -> bytes:
    """Return the datagram of a request; raises MarstekBadParameters for an id that a device cannot return."""
    if not 1 <= request_id <= MAX_ID:
        raise MarstekBadParameters(f"request id {request_id} is not within 1..{MAX_ID}")
    frame = {"id": request_id, "method": Method(method).value, "params": dict(params)}
    return json.dumps(frame, separators=(",", ":"), allow_nan=False).encode()


def parse_datagram(data: bytes) -> Reply | ErrorReply:
    """Return what a datagram says.

    Raises MarstekEcho for a request (our own broadcast) and MarstekProtocolError for anything else that is no reply.
    """
    frame = _load(data)
    if "method" in frame:
        raise MarstekEcho("a request, not a reply")
    model, mac = _split_source(frame.get("src"))
    if isinstance(error := frame.get("error"), dict):
        # A parse error carries id 0 (jaapp#85); JSON-RPC itself would say null.
        request_id = _identifier(frame.get("id") or 0)
        code = as_number(error.get("code"))
        if code is None:
            raise MarstekProtocolError("error object without a code")
        return ErrorReply(
            id=request_id, model=model, mac=mac, code=int(code), message=as_text(error.get("message")) or "?"
        )
    if not isinstance(result := frame.get("result"), dict):
        raise MarstekProtocolError("neither a result nor an error object")
    return Reply(id=_identifier(frame.get("id")), model=model, mac=mac, result=result)


def as_number(value: object) -> float | None:
    """Return a JSON number or numeric string as float, None for null; raises MarstekProtocolError for the rest."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise MarstekProtocolError(f"{type(value).__name__} where a number belongs")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise MarstekProtocolError("text where a number belongs")
    try:
        number = float(value)
    except OverflowError as err:
        raise MarstekProtocolError("number beyond all measure") from err
    if not math.isfinite(number):
        raise MarstekProtocolError("number beyond all measure")
    return number


def as_text(value: object) -> str | None:
    """Return a short printable text, None for anything else."""
    return value if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 64 else None


def as_mac(value: object) -> str | None:
    """Return a MAC as 12 lower-case hex digits, None when it is none."""
    if not isinstance(value, str):
        return None
    mac = value.lower().replace(":", "").replace("-", "")
    return mac if _MAC.fullmatch(mac) and mac not in _NOBODY else None


def set_result(result: Params) -> bool:
    """Return what the device says of a command; the document spells true as `ture`. Raises MarstekProtocolError."""
    match value := result.get("set_result"):
        case bool():
            return value
        case str() if value.lower() in {"true", "ture", "false"}:
            return value.lower() != "false"
    raise MarstekProtocolError("no readable set_result")


def redact(data: bytes) -> str:
    """Return a datagram for the debug log, without what identifies a device or a home."""
    text = data.decode(errors="backslashreplace")
    return redact_address(_SSID_IN_TEXT.sub(r'\1"..."', _MAC_IN_TEXT.sub(r"\1xxxxxx", text)))


def redact_address(text: str) -> str:
    """Return a text in which of IPv4 addresses only the last number is left, which tells devices apart."""
    return _ADDRESS_IN_TEXT.sub(r"x.x.x.\1", text)


def auto_config() -> Config:
    """Return the configuration that lets the device regulate on its own meter."""
    return {"mode": "Auto", "auto_cfg": {"enable": 1}}


def passive_config(power_w: int, countdown_s: int) -> Config:
    """Return the configuration that holds `power_w` (W, + discharges) for `countdown_s`.

    Raises MarstekBadParameters outside +-2500 W and 1..86400 s: nobody agrees on what a countdown of 0 does.
    """
    _check("power", power_w, -MAX_POWER_W, MAX_POWER_W)
    _check("countdown", countdown_s, 1, MAX_COUNTDOWN_S)
    return {"mode": "Passive", "passive_cfg": {"power": power_w, "cd_time": countdown_s}}


def disabled_slot_config(slot: int) -> Config:
    """Return the configuration that switches to Manual and disables one slot; raises MarstekBadParameters."""
    _check("slot", slot, 0, SLOT_COUNT - 1)
    # One minute a week: should a firmware overlook `enable`, this is the least that a slot can do.
    manual = {"start_time": "00:00", "end_time": "00:01", "week_set": 1, "power": 0, "enable": 0}
    return {"mode": "Manual", "manual_cfg": {"time_num": slot, **manual}}


def _check(name: str, value: object, low: int, high: int) -> None:
    """Raise MarstekBadParameters unless `value` is an int within the range."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MarstekBadParameters(f"{name} {value!r} is not a whole number within {low}..{high}")


def _load(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a datagram, bounded in size and depth; raises MarstekProtocolError."""
    if not 0 < len(data) <= MAX_DATAGRAM_BYTES:
        raise MarstekProtocolError(f"datagram of {len(data)} bytes")
    # Bounds the depth as well, so that the parser cannot run out of stack.
    if data.count(b"{") + data.count(b"[") > _MAX_BRACKETS:
        raise MarstekProtocolError("nested too deeply")
    try:
        frame = json.loads(data.decode(), parse_constant=_refuse_constant)
    except ValueError as err:
        raise MarstekProtocolError("not JSON") from err
    if not isinstance(frame, dict):
        raise MarstekProtocolError("not a JSON object")
    return frame


def _refuse_constant(name: str) -> float:
    """Raise ValueError for NaN and Infinity, which Python's parser would take."""
    raise ValueError(name)


def _identifier(value: object) -> int:
    """Return the id of a reply; raises MarstekProtocolError for what cannot be one."""
    number = as_number(value)
    if number is None or not number.is_integer() or not 0 <= number <= MAX_ID:
        raise MarstekProtocolError("no usable id")
    return int(number)


def _split_source(src: object) -> tuple[str | None, str | None]:
    """Return model and BLE MAC of `src` ("VenusE 3.0-5037cd......"): the model may contain dashes itself."""
    if not isinstance(src, str):
        return None, None
    model, _, tail = src.rpartition("-")
    mac = as_mac(tail)
    return (as_text(model), mac) if mac else (None, None)
