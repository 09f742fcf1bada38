"""Turning the result objects of the devices into typed values in our units. Pure functions.

All of them raise MarstekProtocolError when a value is of the wrong kind or impossible: such a frame is not to be
believed in its other values either.
"""

import math
from typing import Any, Final

from .errors import MarstekProtocolError
from .frames import as_mac, as_number, as_text
from .models import BatteryStatus, DeviceInfo, DeviceMode, ModeStatus, PvStatus, Status
from .profiles import Profile

type Result = dict[str, Any]

MAX_BATTERY_POWER_W: Final = 10_000.0
MAX_FIRMWARE: Final = 9_999
PV_STRINGS: Final = 4

# Numbers as aiomarstek and dnoshawork take them.
_MODES: Final = {"0": "auto", "1": "ai", "2": "manual", "3": "passive", "4": "ups"}
# Half way between right and ten times too large, on a logarithmic scale.
_DECIWATT_RATIO: Final = math.sqrt(10.0)


def parse_info(result: Result, *, model: str | None, mac: str | None, received_at: float) -> DeviceInfo:
    """Read Marstek.GetDevice; model and MAC of the reply's `src` fill in what a Venus C 153 leaves out (taurgis#60)."""
    firmware = as_number(result.get("ver"))
    return DeviceInfo(
        model=as_text(result.get("device")) or model,
        # Anything else is no version of theirs, and unknown is treated with the greatest care.
        firmware=int(firmware) if firmware is not None and 0 <= firmware <= MAX_FIRMWARE else None,
        ble_mac=as_mac(result.get("ble_mac")) or mac,
        wifi_mac=as_mac(result.get("wifi_mac")),
        ip=as_text(result.get("ip")),
        received_at=received_at,
    )


def parse_mode(result: Result, received_at: float) -> ModeStatus:
    """Read ES.GetMode."""
    return ModeStatus(mode=_mode(result.get("mode")), **_power_and_charge(result), received_at=received_at)


def parse_status(result: Result, received_at: float) -> Status:
    """Read ES.GetStatus.

    Its energy counters are left alone: their scale differs by model and firmware, and some stand still.
    """
    return Status(**_power_and_charge(result), received_at=received_at)


def parse_battery(result: Result, profile: Profile, received_at: float) -> BatteryStatus:
    """Read Bat.GetStatus."""
    raw, scale = as_number(result.get("bat_temp")), profile.temperature_scale
    temperature_c = None if raw is None or scale is None else raw * scale
    return BatteryStatus(
        soc_pct=_soc(result, "soc"),
        # A wrong scale shows here first, and is no reason to lose the rest.
        temperature_c=temperature_c if temperature_c is None or -40.0 <= temperature_c <= 90.0 else None,
        received_at=received_at,
    )


def parse_pv(result: Result, profile: Profile, received_at: float) -> PvStatus:
    """Read PV.GetStatus: numbered strings on real devices, a single one in the document's table."""
    names = [f"pv{number}_" for number in range(1, PV_STRINGS + 1) if f"pv{number}_power" in result] or ["pv_"]
    powers = {name: power for name in names if (power := as_number(result.get(f"{name}power"))) is not None}
    if profile.pv1_may_be_deciwatt and "pv1_" in powers and _first_string_is_deciwatt(result, powers):
        powers["pv1_"] /= 10.0
    strings = [_possible(power) for power in powers.values()]
    return PvStatus(power_w=sum(strings) if strings else None, received_at=received_at)


def _first_string_is_deciwatt(result: Result, powers: dict[str, float]) -> bool:
    """Return whether pv1 comes in 0.1 W, as on most firmware of the Venus A (taurgis#2, #57).

    The better witness first: voltage times current, then the other strings. A current below 1 A is printed as 0 and
    proves deci-watt only where watt would need more than that.
    """
    power = powers["pv1_"]
    voltage, current = as_number(result.get("pv1_voltage")), as_number(result.get("pv1_current"))
    if voltage and current is not None:
        if current >= 1.0:
            return power > _DECIWATT_RATIO * voltage * current
        if power > voltage:
            return True
    others = max((value for name, value in powers.items() if name != "pv1_"), default=0.0)
    return power > _DECIWATT_RATIO * others


def _mode(value: object) -> DeviceMode:
    """Return the mode; what nobody knows is unknown, not an error."""
    name = str(value).lower()
    try:
        return DeviceMode(_MODES.get(name, name))
    except ValueError:
        return DeviceMode.UNKNOWN


def _power_and_charge(result: Result) -> dict[str, float | None]:
    """Return what both statuses tell."""
    return {
        "ongrid_power_w": _power(result, "ongrid_power"),
        "offgrid_power_w": _power(result, "offgrid_power"),
        "soc_pct": _soc(result, "bat_soc"),
    }


def _power(result: Result, name: str) -> float | None:
    """Return a power in W."""
    power_w = as_number(result.get(name))
    return None if power_w is None else _possible(power_w)


def _possible(power_w: float) -> float:
    """Return a power (W); raise MarstekProtocolError for one that cannot be."""
    if abs(power_w) > MAX_BATTERY_POWER_W:
        raise MarstekProtocolError(f"power of {power_w:g} W")
    return power_w


def _soc(result: Result, name: str) -> float | None:
    """Return a state of charge in percent."""
    soc_pct = as_number(result.get(name))
    if soc_pct is not None and not 0.0 <= soc_pct <= 100.0:
        raise MarstekProtocolError(f"{name} {soc_pct:g} %")
    return soc_pct
