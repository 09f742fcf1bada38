"""What the owner configured, decoded from the data of entry and subentries."""

from collections.abc import Mapping
from datetime import time
from typing import Any, Final

from homeassistant.const import CONF_NAME

from ..const import (
    CONF_CAPACITY_WH,
    CONF_CEILING_PCT,
    CONF_CIRCUITS,
    CONF_LIMIT_A,
    CONF_LIMIT_W,
    CONF_LOW_TARIFF_W,
    CONF_MAC,
    CONF_MAX_CHARGE_W,
    CONF_MAX_DISCHARGE_W,
    CONF_MAY_FEED,
    CONF_MOST_A,
    CONF_OWN_METER,
    CONF_PHASE,
    CONF_PHASES,
    CONF_POWER_CLASS_W,
    CONF_SLOTS_CLEARED,
    CONF_SURPLUS_PCT,
    CONF_TARIFF,
    CONF_VOLTAGE_V,
    DEFAULT_CAPACITY_WH,
    DEFAULT_CEILING_PCT,
    DEFAULT_LIMIT_W,
    DEFAULT_POWER_CLASS_W,
    PHASE_CHOICES,
)
from ..control.model import OwnMeter
from ..control.settings import BatterySettings, CarSettings, Circuit, TariffHours
from ..marstek.profiles import Profile

VOLTAGE_V: Final = 230

CONF_HIGH_DAYS: Final = "high_days"
CONF_HIGH_FROM: Final = "high_from"
CONF_HIGH_TO: Final = "high_to"
CONF_BUY: Final = "buy_per_kwh"
CONF_SELL: Final = "sell_per_kwh"
CONF_PRICE: Final = "price_entity"

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def circuits_of(options: Mapping[str, Any]) -> dict[str, Circuit]:
    """Return the circuits that have a limit, by name."""
    return {
        part[CONF_NAME].strip(): Circuit(name=part[CONF_NAME].strip(), limit_w=circuit_limit_w(part))
        for part in options.get(CONF_CIRCUITS, ())
    }


def circuit_limit_w(part: Mapping[str, Any]) -> int:
    """Return the limit of a circuit, which is told in W or in A; 0 when it is not told at all, or twice."""
    limit_w, limit_a = part.get(CONF_LIMIT_W) or 0, part.get(CONF_LIMIT_A) or 0
    return 0 if limit_w and limit_a else round(limit_w or limit_a * part.get(CONF_VOLTAGE_V, VOLTAGE_V))


def tariff_of(options: Mapping[str, Any]) -> TariffHours:
    """Return the tariff hours; those of the first script while nothing was chosen."""
    if CONF_TARIFF not in options:
        return TariffHours()
    part = options[CONF_TARIFF]
    return TariffHours(
        high_days=frozenset(DAYS.index(day) for day in part[CONF_HIGH_DAYS]),
        high_from=time.fromisoformat(part[CONF_HIGH_FROM]),
        high_to=time.fromisoformat(part[CONF_HIGH_TO]),
    )


def configured_settings(data: Mapping[str, Any], profile: Profile, circuit: Circuit | None) -> BatterySettings:
    """Return what a subentry's data, the firmware and the circuit tell the controller about a battery."""
    return BatterySettings(
        battery_id=data[CONF_MAC],
        rated_power_w=data.get(CONF_POWER_CLASS_W, DEFAULT_POWER_CLASS_W),
        rated_charge_w=profile.rated_charge_w,
        capacity_wh=data.get(CONF_CAPACITY_WH, DEFAULT_CAPACITY_WH),
        own_meter=OwnMeter(data.get(CONF_OWN_METER, OwnMeter.UNSURE)),
        max_charge_w=data.get(CONF_MAX_CHARGE_W, DEFAULT_LIMIT_W),
        max_discharge_w=data.get(CONF_MAX_DISCHARGE_W, DEFAULT_LIMIT_W),
        max_soc_pct=data.get(CONF_CEILING_PCT, DEFAULT_CEILING_PCT),
        circuit=circuit,
        phase=PHASE_CHOICES.index(data.get(CONF_PHASE, PHASE_CHOICES[0])) or None,
        has_passive=profile.has_passive,
        mode_read_delay_s=profile.mode_read_delay_s,
        proof_spacing_s=profile.proof_spacing_s,
        slots_cleared=data.get(CONF_SLOTS_CLEARED, False),
    )


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
