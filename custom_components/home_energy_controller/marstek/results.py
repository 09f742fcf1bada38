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
CAPACITIES_WH: Final = (1_000.0, 40_000.0)
"""A battery that tells less or more for its cells speaks in another unit."""

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
    """Read ES.GetMode; a mode that nobody knows is unknown, not an error."""
    told = str(result.get("mode")).lower()
    name = _MODES.get(told, told)
    mode = DeviceMode(name) if name in DeviceMode else DeviceMode.UNKNOWN
    return ModeStatus(mode=mode, **_power_and_charge(result), received_at=received_at)


def parse_status(result: Result, received_at: float) -> Status:
    """Read ES.GetStatus.

    Its energy counters are left alone: their scale differs by model and firmware, and some stand still.
    """
    return Status(**_power_and_charge(result), received_at=received_at)


def parse_battery(result: Result, profile: Profile, received_at: float) -> BatteryStatus:
    """Read Bat.GetStatus."""
    raw, scale = as_number(result.get("bat_temp")), profile.temperature_scale
    capacity_wh = as_number(result.get("rated_capacity"))
    temperature_c = None if raw is None or scale is None else raw * scale
    return BatteryStatus(
        soc_pct=_soc(result, "soc"),
        # A wrong scale shows here first, and is no reason to lose the rest.
        temperature_c=temperature_c if temperature_c is None or -40.0 <= temperature_c <= 90.0 else None,
        capacity_wh=capacity_wh if capacity_wh and CAPACITIES_WH[0] <= capacity_wh <= CAPACITIES_WH[1] else None,
        received_at=received_at,
    )


def parse_pv(result: Result, profile: Profile, received_at: float) -> PvStatus:
    """Read PV.GetStatus: numbered strings on real devices, a single one in the document's table."""
    names = [f"pv{number}_" for number in range(1, PV_STRINGS + 1) if f"pv{number}_power" in result] or ["pv_"]
    powers = {name: power for name in names if (power := as_number(result.get(f"{name}power"))) is not None}
    proven = {name: _is_deciwatt(result, name, power) for name, power in powers.items()}
    if profile.pv1_may_be_deciwatt and "pv1_" in powers and proven["pv1_"] is None:
        # The first of a Venus A mostly is (taurgis#2, #57): the other strings are the next best witness.
        others = max((power for name, power in powers.items() if name != "pv1_"), default=0.0)
        proven["pv1_"] = powers["pv1_"] > _DECIWATT_RATIO * others
    strings = [_possible(power / 10.0 if proven[name] else power) for name, power in powers.items()]
    return PvStatus(power_w=sum(strings) if strings else None, received_at=received_at)


def _is_deciwatt(result: Result, name: str, power: float) -> bool | None:
    """Return whether a string comes in 0.1 W, by its voltage and current; None when they do not tell.

    Venus A and D were both seen to do that (taurgis#2; Flodesirat#8). A current below 1 A is printed as 0 and proves
    deci-watt only where watt would need more than that.
    """
    voltage, current = as_number(result.get(f"{name}voltage")), as_number(result.get(f"{name}current"))
    if not voltage or current is None:
        return None
    if current >= 1.0:
        return power > _DECIWATT_RATIO * voltage * current
    return True if power > voltage else None


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
    """Return a state of charge (%); raises MarstekProtocolError for one that cannot be."""
    soc_pct = as_number(result.get(name))
    if soc_pct is not None and not 0.0 <= soc_pct <= 100.0:
        raise MarstekProtocolError(f"{name} {soc_pct:g} %")
    return soc_pct
