"""Marstek Venus batteries over their local UDP protocol."""

from .client import ClientStatistics, MarstekClient
from .device import MarstekDevice
from .discovery import discover
from .errors import (
    MarstekBadParameters,
    MarstekConnectionError,
    MarstekError,
    MarstekProtocolError,
    MarstekRejected,
    MarstekSuperseded,
    MarstekTimeout,
    MarstekUnsupported,
    MarstekWrongDevice,
)
from .exchange import Timing
from .frames import Method
from .models import (
    BatteryStatus,
    DeviceInfo,
    DeviceMode,
    DiscoveredDevice,
    EnergyStatus,
    LinkStatistics,
    MeterStatus,
    ModeStatus,
    PvStatus,
    Reading,
)
from .profiles import Family, Profile, firmware_text, model_name, profile_for

__all__ = [
    "BatteryStatus",
    "ClientStatistics",
    "DeviceInfo",
    "DeviceMode",
    "DiscoveredDevice",
    "EnergyStatus",
    "Family",
    "LinkStatistics",
    "MarstekBadParameters",
    "MarstekClient",
    "MarstekConnectionError",
    "MarstekDevice",
    "MarstekError",
    "MarstekProtocolError",
    "MarstekRejected",
    "MarstekSuperseded",
    "MarstekTimeout",
    "MarstekUnsupported",
    "MarstekWrongDevice",
    "MeterStatus",
    "Method",
    "ModeStatus",
    "Profile",
    "PvStatus",
    "Reading",
    "Timing",
    "discover",
    "firmware_text",
    "model_name",
    "profile_for",
]
