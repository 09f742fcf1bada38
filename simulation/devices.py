"""The models and firmwares that the simulation knows, and which fields each of their answers has."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from simulation.faults import Fault


class Family(StrEnum):
    """What the hardware is, whatever it calls itself; HMG-50 is Venus E generation 1 and 2, and Venus C."""

    HMG50 = "HMG-50"
    E3 = "VNSE3-0"
    A = "VNSA-0"
    D = "VNSD-0"
    MINI = "VNSEM-0"


_METER = "ct_state a_power b_power c_power total_power input_energy output_energy"
_MODE = "id mode ongrid_power offgrid_power bat_soc"
_BATTERY = "id soc charg_flag dischrg_flag bat_temp bat_capacity rated_capacity"
_TOTALS = "total_pv_energy total_grid_output_energy total_grid_input_energy total_load_energy"
_ENERGY = f"id bat_soc bat_cap pv_power ongrid_power offgrid_power {_TOTALS}"
_STRINGS = " ".join(f"pv{i}_{name}" for i in range(1, 5) for name in ("power", "voltage", "current", "state"))
_SHAPES: Final = {
    "Marstek.GetDevice": "device ver ble_mac wifi_mac wifi_name ip",
    "Wifi.GetStatus": "id wifi_mac ssid rssi sta_ip sta_gate sta_mask sta_dns",
    "BLE.GetStatus": "id state ble_mac",
    "Bat.GetStatus": _BATTERY,
    "EM.GetStatus": f"id {_METER}",
    "ES.GetStatus": _ENERGY,
    "ES.GetMode": f"{_MODE} {_METER}",
    "ES.SetMode": "id set_result",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One model with one firmware. `*_unit` is what one count of a raw number is worth."""

    name: str
    family: Family
    firmware: int
    capacity_wh: float = 5120.0
    charge_w: int = 2500
    discharge_w: int = 2500  # of the hardware; the power class may allow less
    slots: int = 10
    has_passive: bool = True
    has_ups: bool = False
    mode_meter_live: bool = False  # the meter's fields in ES.GetMode are more than zeros
    temperature_unit: float = 1.0
    capacity_unit_wh: float = 1.0
    energy_unit_wh: float = 1.0
    first_pv_unit_w: float = 1.0
    shapes: Mapping[str, str] = field(default_factory=lambda: _SHAPES)  # fields by method; others are unknown
    quirks: frozenset[Fault] = frozenset()  # what this firmware always does wrong


VENUS_E3_150: Final = Device(name="VenusE 3.0", family=Family.E3, firmware=150, has_ups=True)
VENUS_E3_151: Final = replace(VENUS_E3_150, firmware=151, quirks=frozenset({Fault.SKU_SOURCE}))
VENUS_E3_148: Final = replace(VENUS_E3_150, firmware=148, has_ups=False, quirks=frozenset({Fault.MODE_READ_REVERTS}))
VENUS_E3_144: Final = replace(
    VENUS_E3_148, firmware=144, shapes=_SHAPES | {"ES.GetMode": _MODE}, quirks=frozenset({Fault.COUNTERS_FROZEN})
)
_MUTE_139 = frozenset({Fault.STATUS_MUTE, Fault.INTEGER_ID_ONLY})
VENUS_E3_139: Final = replace(VENUS_E3_144, firmware=139, temperature_unit=0.1, capacity_unit_wh=10.0, quirks=_MUTE_139)
_HMG50 = Device(name="VenusE", family=Family.HMG50, firmware=156, mode_meter_live=True)
VENUS_E_156: Final = replace(_HMG50, temperature_unit=10.0, energy_unit_wh=100.0)
_MUTE_155 = frozenset({Fault.STATUS_MUTE, Fault.BAT_MUTE, Fault.WIFI_MUTE, Fault.METER_MUTE})
_SHAPES_155 = _SHAPES | {"ES.GetStatus": f"{_ENERGY} bat_power"}
VENUS_E_155: Final = replace(VENUS_E_156, firmware=155, shapes=_SHAPES_155, quirks=_MUTE_155)
_SHAPES_153 = {method: fields for method, fields in _SHAPES_155.items() if method != "EM.GetStatus"} | {
    "ES.GetMode": _MODE,
    "Bat.GetStatus": f"{_BATTERY} bat_voltage bat_current error_code",
}
_VENUS_C = replace(_HMG50, name="VenusC", capacity_wh=2560.0, capacity_unit_wh=0.01, energy_unit_wh=10.0)
VENUS_C_153: Final = replace(_VENUS_C, firmware=153, shapes=_SHAPES_153, quirks=frozenset({Fault.MACS_MISSING}))
VENUS_C_156: Final = replace(VENUS_E_156, name="VenusC", capacity_wh=2560.0)
_SHAPES_PV = _SHAPES | {"PV.GetStatus": f"id {_STRINGS}"}
_D = Device(name="VenusD", family=Family.D, firmware=147, capacity_wh=2560.0, shapes=_SHAPES_PV)
VENUS_D_147: Final = replace(_D, charge_w=2200, discharge_w=2200)
_A = replace(_D, name="Venus A", family=Family.A, capacity_wh=2080.0, first_pv_unit_w=0.1)
VENUS_A_147: Final = replace(_A, charge_w=1200, discharge_w=1200)
VENUS_A_1509: Final = replace(_A, firmware=1509, charge_w=1500, discharge_w=1500, quirks=frozenset({Fault.SKU_SOURCE}))
VENUS_E_PRO_1508: Final = replace(VENUS_A_1509, name="VenusE Pro", firmware=1508, quirks=frozenset())
_MINI = Device(name="VNSEM-0", family=Family.MINI, firmware=300, capacity_wh=2048.0, slots=6, has_passive=False)
VENUS_MINI_300: Final = replace(_MINI, charge_w=800, discharge_w=800)
_QUIRKS_301 = frozenset({Fault.ANSWERS_BY_BROADCAST, Fault.DIRECTED_ONLY, Fault.UNKNOWN_SILENT})
VENUS_MINI_301: Final = replace(VENUS_MINI_300, firmware=301, quirks=_QUIRKS_301)

DEVICES: Final = tuple(value for name, value in tuple(globals().items()) if name.startswith("VENUS_"))
