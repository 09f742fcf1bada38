"""Turning the result objects of the devices into typed values in our units. Pure functions.

All of them raise MarstekProtocolError when a value is of the wrong kind or impossible: such a frame is not to be
believed in its other values either.
"""

import math
from typing import Any, Final

from .errors import MarstekProtocolError
from .frames import as_mac, as_number, as_text
from .models import BatteryStatus, DeviceInfo, DeviceMode, EnergyStatus, MeterStatus, ModeStatus, PvStatus
from .profiles import Profile

type Result = dict[str, Any]

MAX_BATTERY_POWER_W: Final = 10_000.0
MAX_HOUSE_POWER_W: Final = 100_000.0
"""Three phases may well exceed what a battery can do."""
MAX_FIRMWARE: Final = 9_999
PV_STRINGS: Final = 4
METER_WH_PER_COUNT: Final = 0.1

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
    return ModeStatus(
        mode=_mode(result.get("mode")),
        ongrid_power_w=_power(result, "ongrid_power"),
        offgrid_power_w=_power(result, "offgrid_power"),
        soc_pct=_soc(result, "bat_soc"),
        ct_connected=_flag(result, "ct_state"),
        ct_power_w=_power(result, "total_power", limit_w=MAX_HOUSE_POWER_W),
        received_at=received_at,
    )


def parse_energy(result: Result, profile: Profile, received_at: float) -> EnergyStatus:
    """Read ES.GetStatus; its pv_power is left out, being mostly 0 on the models that have any."""
    scales = profile.scales
    return EnergyStatus(
        soc_pct=_soc(result, "bat_soc"),
        rated_capacity_wh=_counter(result, "bat_cap", 1.0),
        ongrid_power_w=_power(result, "ongrid_power"),
        offgrid_power_w=_power(result, "offgrid_power"),
        battery_power_w=_power(result, "bat_power", scales.battery_power),
        charged_energy_wh=_counter(result, "total_grid_input_energy", scales.grid_energy),
        discharged_energy_wh=_counter(result, "total_grid_output_energy", scales.grid_energy),
        pv_energy_wh=_counter(result, "total_pv_energy", scales.pv_energy),
        received_at=received_at,
    )


def parse_battery(result: Result, profile: Profile, received_at: float) -> BatteryStatus:
    """Read Bat.GetStatus."""
    temperature_c = _scaled(result, "bat_temp", profile.scales.temperature)
    return BatteryStatus(
        soc_pct=_soc(result, "soc"),
        # A wrong scale shows here first, and is no reason to lose the rest.
        temperature_c=temperature_c if temperature_c is None or -40.0 <= temperature_c <= 90.0 else None,
        capacity_wh=_counter(result, "bat_capacity", profile.scales.capacity),
        rated_capacity_wh=_counter(result, "rated_capacity", 1.0),
        may_charge=_flag(result, "charg_flag"),
        may_discharge=_flag(result, "dischrg_flag"),
        received_at=received_at,
    )


def parse_pv(result: Result, profile: Profile, received_at: float) -> PvStatus:
    """Read PV.GetStatus: numbered strings on real devices, a single one in the document's table."""
    names = [f"pv{number}_" for number in range(1, PV_STRINGS + 1) if f"pv{number}_power" in result] or ["pv_"]
    raw = {name: as_number(result.get(f"{name}power")) for name in names}
    powers = {name: power for name, power in raw.items() if power is not None}
    if profile.pv1_may_be_deciwatt and "pv1_" in powers and _first_string_is_deciwatt(result, powers):
        powers["pv1_"] /= 10.0
    for power in powers.values():
        _check_power(power, MAX_BATTERY_POWER_W)
    strings = tuple(powers.values())
    return PvStatus(power_w=sum(strings) if strings else None, string_power_w=strings, received_at=received_at)


def parse_meter(result: Result, received_at: float) -> MeterStatus:
    """Read EM.GetStatus."""
    return MeterStatus(
        connected=_flag(result, "ct_state"),
        power_w=_power(result, "total_power", limit_w=MAX_HOUSE_POWER_W),
        phase_power_w=(
            _power(result, "a_power", limit_w=MAX_HOUSE_POWER_W),
            _power(result, "b_power", limit_w=MAX_HOUSE_POWER_W),
            _power(result, "c_power", limit_w=MAX_HOUSE_POWER_W),
        ),
        imported_energy_wh=_counter(result, "input_energy", METER_WH_PER_COUNT),
        exported_energy_wh=_counter(result, "output_energy", METER_WH_PER_COUNT),
        received_at=received_at,
    )


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


def _flag(result: Result, name: str) -> bool | None:
    """Return a yes or no; numbers count as in C."""
    value = result.get(name)
    if isinstance(value, bool):
        return value
    number = as_number(value)
    return None if number is None else number != 0


def _soc(result: Result, name: str) -> float | None:
    """Return a state of charge in percent."""
    soc_pct = as_number(result.get(name))
    if soc_pct is not None and not 0.0 <= soc_pct <= 100.0:
        raise MarstekProtocolError(f"{name} {soc_pct:g} %")
    return soc_pct


def _power(
    result: Result, name: str, scale: float | None = 1.0, *, limit_w: float = MAX_BATTERY_POWER_W
) -> float | None:
    """Return a power in W."""
    power_w = _scaled(result, name, scale)
    if power_w is not None:
        _check_power(power_w, limit_w)
    return power_w


def _check_power(power_w: float, limit_w: float) -> None:
    """Raise MarstekProtocolError for a power that cannot be."""
    if abs(power_w) > limit_w:
        raise MarstekProtocolError(f"power of {power_w:g} W")


def _counter(result: Result, name: str, scale: float | None) -> float | None:
    """Return an energy in Wh; a negative one is an overflow of the device and therefore unknown."""
    energy_wh = _scaled(result, name, scale)
    return None if energy_wh is None or energy_wh < 0.0 else energy_wh


def _scaled(result: Result, name: str, scale: float | None) -> float | None:
    """Return a number in our unit; None when it is missing or its scale is not established."""
    number = as_number(result.get(name))
    return None if number is None or scale is None else number * scale
