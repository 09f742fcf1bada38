"""The models and firmwares that the simulation knows."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from simulation.faults import Fault


class Family(StrEnum):
    """What the hardware is, whatever it calls itself."""

    HMG50 = "HMG-50"
    """Venus E generation 1 and 2, Venus C."""
    E3 = "VNSE3-0"
    A = "VNSA-0"
    D = "VNSD-0"
    MINI = "VNSEM-0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One model with one firmware. `*_unit` is what one count of a raw number is worth."""

    name: str
    family: Family
    firmware: int
    capacity_wh: float = 5120.0
    charge_w: int = 2500
    discharge_w: int = 2500
    """Of the hardware; the power class may allow less."""
    slots: int = 10
    has_passive: bool = True
    has_ups: bool = False
    has_pv: bool = False
    has_meter: bool = True
    """EM.GetStatus exists."""
    mode_has_meter: bool = True
    """ES.GetMode carries the fields of the meter."""
    mode_meter_live: bool = False
    """They are more than zeros."""
    has_battery_power: bool = False
    has_battery_current: bool = False
    temperature_unit: float = 1.0
    capacity_unit_wh: float = 1.0
    energy_unit_wh: float = 1.0
    first_pv_unit_w: float = 1.0
    quirks: frozenset[Fault] = frozenset()
    """What this firmware always does wrong."""


_SILENCES = frozenset({Fault.STATUS_MUTE, Fault.BAT_MUTE, Fault.WIFI_MUTE, Fault.METER_MUTE})

VENUS_E3_150: Final = Device(name="VenusE 3.0", family=Family.E3, firmware=150, has_ups=True)
VENUS_E3_148: Final = replace(VENUS_E3_150, firmware=148, has_ups=False, quirks=frozenset({Fault.MODE_READ_REVERTS}))
VENUS_E3_144: Final = replace(
    VENUS_E3_148, firmware=144, mode_has_meter=False, quirks=frozenset({Fault.COUNTERS_FROZEN})
)
VENUS_E3_139: Final = replace(
    VENUS_E3_144,
    firmware=139,
    temperature_unit=0.1,
    capacity_unit_wh=10.0,
    quirks=frozenset({Fault.STATUS_MUTE, Fault.INTEGER_ID_ONLY}),
)
_HMG50: Final = Device(name="VenusE", family=Family.HMG50, firmware=156, mode_meter_live=True)
VENUS_E_156: Final = replace(_HMG50, temperature_unit=10.0, energy_unit_wh=100.0)
VENUS_E_155: Final = replace(VENUS_E_156, firmware=155, has_battery_power=True, quirks=_SILENCES)
VENUS_C_153: Final = replace(
    _HMG50,
    name="VenusC",
    firmware=153,
    capacity_wh=2560.0,
    has_meter=False,
    mode_has_meter=False,
    has_battery_power=True,
    has_battery_current=True,
    capacity_unit_wh=0.01,
    energy_unit_wh=10.0,
    quirks=frozenset({Fault.MACS_MISSING}),
)
_PV: Final = Device(name="VenusD", family=Family.D, firmware=147, capacity_wh=2560.0, has_pv=True)
VENUS_D_147: Final = replace(_PV, charge_w=2200, discharge_w=2200)
VENUS_A_147: Final = replace(
    _PV, name="Venus A", family=Family.A, capacity_wh=2080.0, charge_w=1200, discharge_w=1200, first_pv_unit_w=0.1
)
VENUS_MINI_300: Final = Device(
    name="VNSEM-0",
    family=Family.MINI,
    firmware=300,
    capacity_wh=2048.0,
    charge_w=800,
    discharge_w=800,
    slots=6,
    has_passive=False,
)

DEVICES: Final = tuple(
    value for name, value in tuple(globals().items()) if isinstance(value, Device) and not name.startswith("_")
)
