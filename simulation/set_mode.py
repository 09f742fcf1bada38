"""ES.SetMode: reading the configuration of a mode and giving it to the battery."""

from math import inf
import re
from typing import Any, NoReturn

from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import Family
from simulation.slots import Slot

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_OBJECTS = {
    DeviceMode.AUTO: "auto_cfg",
    DeviceMode.AI: "ai_cfg",
    DeviceMode.MANUAL: "manual_cfg",
    DeviceMode.PASSIVE: "passive_cfg",
    DeviceMode.UPS: "ups_cfg",
}


class RpcError(Exception):
    """An error object; `data` is an undocumented number that some errors carry."""

    def __init__(self, code: int, message: str, data: int | None = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message} | ({} if data is None else {"data": data})


class BadParams(RpcError):
    """Parameters that make no sense."""

    def __init__(self) -> None:
        super().__init__(-32602, "Invalid params")


def apply_mode(model: BatteryModel, config: dict[str, Any], now: float) -> bool:
    """Do what the configuration says and return set_result; raises RpcError when it cannot be read."""
    mode = config.get("mode")
    if mode not in list(DeviceMode):
        raise BadParams
    settings = config.get(_OBJECTS[DeviceMode(mode)])
    if not isinstance(settings, dict):  # Manual without its object is rejected (jaapp, JS-DE), arrays too
        raise BadParams
    match DeviceMode(mode):
        case DeviceMode.PASSIVE:
            return _passive(model, settings, now)
        case DeviceMode.MANUAL:
            _store_slot(model, settings)
        case DeviceMode.UPS if not model.device.has_ups:
            return False
        case _ if settings.get("enable") != 1:  # "enable 0" is no stop: the document says to set another mode
            return False
    model.command(DeviceMode(mode), now)
    return True


def _passive(model: BatteryModel, settings: dict[str, Any], now: float) -> bool:
    """Hold a power for a time; no time means for ever here, as one of the disputed readings has it."""
    power_w, countdown_s = _integer(settings, "power"), _integer(settings, "cd_time")
    if not model.device.has_passive:
        return False
    model.command(DeviceMode.PASSIVE, now, power_w=power_w, countdown_s=countdown_s or inf)
    return True


def _store_slot(model: BatteryModel, settings: dict[str, Any]) -> None:
    """Write one slot; the others stay as they are. The mini acknowledges a power and ignores it (jaapp#140)."""
    number, power_w = _integer(settings, "time_num"), _integer(settings, "power")
    if not 0 <= number < model.device.slots or not 0 <= _integer(settings, "week_set") <= 127:
        raise BadParams
    model.slots[number] = Slot(
        start_min=_minutes(settings.get("start_time")),
        end_min=_minutes(settings.get("end_time")),
        week_set=settings["week_set"],
        power_w=0 if model.device.family is Family.MINI else power_w,
        enabled=_integer(settings, "enable") == 1,
    )


def _integer(settings: dict[str, Any], key: str) -> int:
    """Return a number of the settings."""
    value = settings.get(key)
    return int(value) if isinstance(value, int | float) else _bad_params()


def _minutes(text: object) -> int:
    """Return the minute of the day of "HH:MM"."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else _bad_params()


def _bad_params() -> NoReturn:
    """Raise the error for parameters that make no sense."""
    raise BadParams
