"""The grid meter: what it must offer, and the HomeWizard P1. No Home Assistant in here."""

from .base import (
    MAX_POWER_W,
    Meter,
    MeterApiDisabled,
    MeterError,
    MeterInvalidReply,
    MeterNotFound,
    MeterReading,
    MeterStale,
    MeterUnreachable,
)
from .homewizard import HomeWizardMeter, MeterIdentity

__all__ = [
    "MAX_POWER_W",
    "HomeWizardMeter",
    "Meter",
    "MeterApiDisabled",
    "MeterError",
    "MeterIdentity",
    "MeterInvalidReply",
    "MeterNotFound",
    "MeterReading",
    "MeterStale",
    "MeterUnreachable",
]
