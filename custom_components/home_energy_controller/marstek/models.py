"""What the batteries tell, in our units and with our sign: + = discharging, grid + = import.

Every field may be missing (None), which is never the same as 0. `received_at` is in seconds of the client's clock.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class DeviceMode(StrEnum):
    """What a battery says that it is doing."""

    AUTO = "auto"
    MANUAL = "manual"
    PASSIVE = "passive"
    AI = "ai"
    UPS = "ups"
    UNKNOWN = "unknown"


class Reading(NamedTuple):
    """One value and when it was received."""

    value: float
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """Who a battery is (Marstek.GetDevice)."""

    model: str | None
    """Device string, such as "VenusE 3.0"."""
    firmware: int | None
    """`ver` as reported: 148, or 1483 for 148.3."""
    ble_mac: str | None
    """12 lower-case hex digits: the identity of the battery."""
    wifi_mac: str | None = None
    ip: str | None = None
    """What the device believes; a dual-homed unit may answer from another address (jaapp#31)."""
    received_at: float | None = None
    """None for an identity restored from the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeStatus:
    """Mode, power and charge (ES.GetMode): the one status that every firmware answers."""

    mode: DeviceMode
    ongrid_power_w: float | None = None
    """AC power at the grid side: + feeds the house."""
    offgrid_power_w: float | None = None
    """Power of the backup socket: + feeds its load."""
    soc_pct: float | None = None
    ct_connected: bool | None = None
    """Often False with a live meter on E3 and A (jaapp#142): no proof that there is none."""
    ct_power_w: float | None = None
    """House power as the device's own meter sees it: + = import."""
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyStatus:
    """Power and counters (ES.GetStatus); counters are None where their scale is not established."""

    soc_pct: float | None = None
    rated_capacity_wh: float | None = None
    ongrid_power_w: float | None = None
    offgrid_power_w: float | None = None
    battery_power_w: float | None = None
    """DC power, + = discharging; HMG-50 before 154 only."""
    charged_energy_wh: float | None = None
    discharged_energy_wh: float | None = None
    pv_energy_wh: float | None = None
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryStatus:
    """State of the cells (Bat.GetStatus)."""

    soc_pct: float | None = None
    temperature_c: float | None = None
    capacity_wh: float | None = None
    """Energy left."""
    rated_capacity_wh: float | None = None
    may_charge: bool | None = None
    may_discharge: bool | None = None
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvStatus:
    """Solar strings of a Venus A or D (PV.GetStatus)."""

    power_w: float | None
    """Sum of the strings."""
    string_power_w: tuple[float, ...] = ()
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatus:
    """The meter that is paired with the battery (EM.GetStatus)."""

    connected: bool | None = None
    power_w: float | None = None
    """House power: + = import."""
    phase_power_w: tuple[float | None, float | None, float | None] = (None, None, None)
    imported_energy_wh: float | None = None
    exported_energy_wh: float | None = None
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatistics:
    """How well one battery answers; counted in datagrams, those of abandoned reads left out."""

    asked: int = 0
    answered: int = 0
    quality_pct: int | None = None
    """Share of the last 50 that was answered."""
    last_latency_s: float | None = None
    last_answer_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredDevice:
    """A battery that answered a broadcast."""

    host: str
    """Address that it answered from."""
    port: int
    info: DeviceInfo
