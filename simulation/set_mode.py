"""ES.SetMode: reading the configuration of a mode and giving it to the battery."""

from math import inf
import re
from typing import Any, NoReturn

from simulation.battery import BatteryModel, DeviceMode
from simulation.devices import Family
from simulation.slots import Slot

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class RpcError(Exception):
    """An error object; `data` is an undocumented number that some errors carry."""

    def __init__(self, code: int, message: str, data: int | None = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message} | ({} if data is None else {"data": data})


def bad_params() -> NoReturn:
    """Raise the error for parameters that make no sense."""
    raise RpcError(-32602, "Invalid params")


def apply_mode(model: BatteryModel, config: dict[str, Any], now: float) -> bool:
    """Do what the configuration says and return set_result; raises RpcError when it cannot be read."""
    mode = DeviceMode(config["mode"]) if config.get("mode") in list(DeviceMode) else bad_params()
    settings = config.get(f"{mode.lower()}_cfg")
    if not isinstance(settings, dict):  # Manual without its object is rejected (jaapp, JS-DE), arrays too
        bad_params()
    if mode is DeviceMode.PASSIVE:
        # No time means for ever here: of the disputed readings the one that punishes.
        power_w, countdown_s = _integer(settings, "power"), _integer(settings, "cd_time") or inf
        if model.device.has_passive:
            model.command(mode, now, power_w=power_w, countdown_s=countdown_s)
        return model.device.has_passive
    if mode is DeviceMode.MANUAL:
        _store_slot(model, settings)
    elif settings.get("enable") != 1 or (mode is DeviceMode.UPS and not model.device.has_ups):
        return False  # "enable 0" is no stop: the document says to set another mode
    model.command(mode, now)
    return True


def _store_slot(model: BatteryModel, settings: dict[str, Any]) -> None:
    """Write one slot; the others stay as they are. The mini acknowledges a power and ignores it (jaapp#140)."""
    number, power_w, week_set = (_integer(settings, key) for key in ("time_num", "power", "week_set"))
    if not 0 <= number < model.device.slots or not 0 <= week_set <= 127:
        bad_params()
    model.slots[number] = Slot(
        start_min=_minutes(settings.get("start_time")),
        end_min=_minutes(settings.get("end_time")),
        week_set=week_set,
        power_w=0 if model.device.family is Family.MINI else power_w,
        enabled=_integer(settings, "enable") == 1,
    )


def _integer(settings: dict[str, Any], key: str) -> int:
    """Return a number of the settings."""
    value = settings.get(key)
    return value if isinstance(value, int) else bad_params()


def _minutes(text: object) -> int:
    """Return the minute of the day of "HH:MM"."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else bad_params()
