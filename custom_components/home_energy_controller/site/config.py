"""What the owner configured, decoded from the data of entry and subentries."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from typing import Any, Final, Self

from homeassistant.const import CONF_NAME

from ..const import (
    CONF_CIRCUITS,
    CONF_LIMIT_A,
    CONF_LIMIT_W,
    CONF_LOW_TARIFF_W,
    CONF_MAX_EXPORT_W,
    CONF_MAX_IMPORT_W,
    CONF_MAX_PHASE_EXPORT_W,
    CONF_MAX_PHASE_IMPORT_W,
    CONF_MAY_FEED,
    CONF_METER_AGE_LIMIT_S,
    CONF_MOST_A,
    CONF_PHASES,
    CONF_SURPLUS_PCT,
    CONF_TARIFF,
    CONF_VOLTAGE_V,
    DEFAULT_CAPACITY_WH,
    DEFAULT_CEILING_PCT,
    DEFAULT_LIMIT_W,
    DEFAULT_METER_AGE_LIMIT_S,
    DEFAULT_POWER_CLASS_W,
    PHASE_CHOICES,
    RELEASE_DEFAULT,
)
from ..control.model import OwnMeter
from ..control.settings import BatterySettings, CarSettings, Circuit, TariffHours
from ..marstek.profiles import Profile
from .contract import DAYS

VOLTAGE_V: Final = 230

CONF_HIGH_DAYS: Final = "high_days"
CONF_HIGH_FROM: Final = "high_from"
CONF_HIGH_TO: Final = "high_to"

IMPORTS: Final = (CONF_MAX_IMPORT_W, CONF_MAX_PHASE_IMPORT_W)
EXPORTS: Final = (CONF_MAX_EXPORT_W, CONF_MAX_PHASE_EXPORT_W)
"""Limits of the connection: of all phases together, and of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryConfig:
    """A battery's subentry: each field is named as its key, and what was never told has its default."""

    mac: str
    host: str
    port: int
    model: str | None = None
    firmware: int | None = None
    power_class_w: int = DEFAULT_POWER_CLASS_W
    capacity_wh: int = DEFAULT_CAPACITY_WH
    own_meter: str = OwnMeter.UNSURE
    circuit: str = ""
    phase: str = PHASE_CHOICES[0]
    max_charge_w: int = DEFAULT_LIMIT_W
    max_discharge_w: int = DEFAULT_LIMIT_W
    ceiling_pct: int = DEFAULT_CEILING_PCT
    release: str = RELEASE_DEFAULT
    slots_cleared: bool = False

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return what a subentry's data tell."""
        return cls(**{field.name: data[field.name] for field in fields(cls) if field.name in data})

    def settings(self, profile: Profile, circuit: Circuit | None) -> BatterySettings:
        """Return what this, the firmware and the circuit tell the controller about the battery."""
        return BatterySettings(
            battery_id=self.mac,
            rated_power_w=self.power_class_w,
            rated_charge_w=profile.rated_charge_w,
            capacity_wh=self.capacity_wh,
            own_meter=OwnMeter(self.own_meter),
            max_charge_w=self.max_charge_w,
            max_discharge_w=self.max_discharge_w,
            max_soc_pct=self.ceiling_pct,
            circuit=circuit,
            phase=PHASE_CHOICES.index(self.phase) or None,
            has_passive=profile.has_passive,
            mode_read_delay_s=profile.mode_read_delay_s,
            proof_spacing_s=profile.proof_spacing_s,
            slots_cleared=self.slots_cleared,
        )


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """A site's options, each part decoded where it is asked for: one that is damaged breaks no other."""

    data: Mapping[str, Any]

    @property
    def circuits(self) -> dict[str, Circuit]:
        """Return the circuits that have a limit, by name."""
        parts = {part[CONF_NAME].strip(): part for part in self.data.get(CONF_CIRCUITS, ())}
        return {name: Circuit(name=name, limit_w=circuit_limit_w(part)) for name, part in parts.items()}

    @property
    def limits(self) -> dict[str, Any]:
        """Return the limits of the connection (W), None where there is none, and the meter's age limit (s)."""
        age_limit_s = self.data.get(CONF_METER_AGE_LIMIT_S, DEFAULT_METER_AGE_LIMIT_S)
        return {key: self.data.get(key) for key in (*IMPORTS, *EXPORTS)} | {CONF_METER_AGE_LIMIT_S: age_limit_s}

    @property
    def limits_phases(self) -> bool:
        """Return whether there are limits per phase, which need a meter that tells of each."""
        return not {CONF_MAX_PHASE_IMPORT_W, CONF_MAX_PHASE_EXPORT_W}.isdisjoint(self.data)

    @property
    def tariff(self) -> TariffHours:
        """Return the tariff hours; those of the first script while nothing was chosen."""
        if CONF_TARIFF not in self.data:
            return TariffHours()
        part = self.data[CONF_TARIFF]
        return TariffHours(
            high_days=frozenset(DAYS.index(day) for day in part[CONF_HIGH_DAYS]),
            high_from=time.fromisoformat(part[CONF_HIGH_FROM]),
            high_to=time.fromisoformat(part[CONF_HIGH_TO]),
        )


def circuit_limit_w(part: Mapping[str, Any]) -> int:
    """Return the limit of a circuit, which is told in W or in A; 0 when it is not told at all, or twice."""
    limit_w, limit_a = part.get(CONF_LIMIT_W) or 0, part.get(CONF_LIMIT_A) or 0
    return 0 if limit_w and limit_a else round(limit_w or limit_a * part.get(CONF_VOLTAGE_V, VOLTAGE_V))


def car_settings(data: Mapping[str, Any]) -> CarSettings:
    """Return what a subentry's data tell about the charger."""
    return CarSettings(
        phases=data[CONF_PHASES],
        voltage_v=data[CONF_VOLTAGE_V],
        most_a=data[CONF_MOST_A],
        surplus_share=data[CONF_SURPLUS_PCT] / 100,
        low_tariff_w=data[CONF_LOW_TARIFF_W],
        batteries_may_feed=data[CONF_MAY_FEED],
    )
