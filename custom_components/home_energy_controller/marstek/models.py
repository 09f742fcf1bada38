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
    """That of the access point: all batteries on one tell the same (jaapp#3). It identifies nobody."""
    ip: str | None = None
    """What the device believes; a dual-homed unit may answer from another address (jaapp#31)."""
    received_at: float | None = None
    """None for an identity restored from the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Power and charge (ES.GetStatus)."""

    ongrid_power_w: float | None = None
    """AC power at the grid side: + feeds the house."""
    offgrid_power_w: float | None = None
    """Power of the backup socket: + feeds its load."""
    soc_pct: float | None = None
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeStatus(Status):
    """The same with the mode (ES.GetMode): the one status that every firmware answers."""

    mode: DeviceMode


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryStatus:
    """State of the cells (Bat.GetStatus)."""

    soc_pct: float | None = None
    temperature_c: float | None = None
    capacity_wh: float | None = None
    """What its cells hold when they are full, with the packs below it."""
    received_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvStatus:
    """Solar strings of a Venus A or D (PV.GetStatus)."""

    power_w: float | None
    """Sum of the strings."""
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
