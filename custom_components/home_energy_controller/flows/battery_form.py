"""The form of one battery: its fields, and the subentry's data that they make."""

from collections.abc import Container, Iterable, Mapping
from itertools import count
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT, PERCENTAGE, UnitOfEnergy
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector
import voluptuous as vol

from ..const import (
    CONF_CAPACITY_WH,
    CONF_CEILING_PCT,
    CONF_CIRCUIT,
    CONF_FIRMWARE,
    CONF_LIMITS,
    CONF_MAC,
    CONF_MAX_CHARGE_W,
    CONF_MAX_DISCHARGE_W,
    CONF_MODEL,
    CONF_OWN_METER,
    CONF_PHASE,
    CONF_POWER_CLASS_W,
    CONF_RELEASE,
    CONF_SLOTS_CLEARED,
    DEFAULT_CEILING_PCT,
    DEFAULT_LIMIT_W,
    PHASE_CHOICES,
    RELEASE_DEFAULT,
    SUBENTRY_BATTERY,
)
from ..control.model import OwnMeter, Release
from .forms import FiniteNumber, circuit_selector, number_box, port_selector, watt_selector
from .probe import ProbedBattery

CONF_CAPACITY_KWH: Final = "capacity_kwh"


def details_schema(power_classes_w: Iterable[int], circuits: Iterable[str], *, is_open: bool = False) -> vol.Schema:
    """Return the form of what only the owner of a battery knows, with the circuits of the other batteries.

    Its limits are open where they are what is wrong.
    """
    classes: list[selector.SelectOptionDict] = [{"value": str(watt), "label": f"{watt} W"} for watt in power_classes_w]
    choices = [choice for choice in OwnMeter if choice is not OwnMeter.YES]
    meters = selector.SelectSelector({"options": choices, "translation_key": CONF_OWN_METER})
    return vol.Schema(
        {
            vol.Required(CONF_NAME): selector.TextSelector(),
            vol.Required(CONF_POWER_CLASS_W): selector.SelectSelector({"options": classes}),
            vol.Required(CONF_OWN_METER): meters,
            vol.Optional(CONF_CIRCUIT): circuit_selector(circuits),
            vol.Required(CONF_LIMITS): section(limits_schema(), {"collapsed": not is_open}),
        }
    )


def reconfigure_schema(power_classes_w: Iterable[int], circuits: Iterable[str], *, is_open: bool = False) -> vol.Schema:
    """Return the form of everything that can be changed about a battery."""
    releases = selector.SelectSelector({"options": [RELEASE_DEFAULT, *Release], "translation_key": CONF_RELEASE})
    return vol.Schema(
        {
            vol.Required(CONF_HOST): selector.TextSelector(),
            vol.Required(CONF_PORT): port_selector(),
            **details_schema(power_classes_w, circuits, is_open=is_open).schema,
            vol.Required(CONF_CAPACITY_KWH): number_box(1, 40, UnitOfEnergy.KILO_WATT_HOUR, step=0.01),
            vol.Required(CONF_RELEASE): releases,
        }
    )


def limits_schema() -> vol.Schema:
    """Return the form of what a battery may do at most."""
    percent = FiniteNumber({"min": 10, "max": 100, "step": 1, "unit_of_measurement": PERCENTAGE})
    return vol.Schema(
        {
            vol.Required(CONF_MAX_CHARGE_W, default=DEFAULT_LIMIT_W): watt_selector(DEFAULT_LIMIT_W),
            vol.Required(CONF_MAX_DISCHARGE_W, default=DEFAULT_LIMIT_W): watt_selector(DEFAULT_LIMIT_W),
            vol.Required(CONF_CEILING_PCT, default=DEFAULT_CEILING_PCT): percent,
            vol.Required(CONF_PHASE, default=PHASE_CHOICES[0]): selector.SelectSelector(
                {"options": list(PHASE_CHOICES), "translation_key": CONF_PHASE}
            ),
        }
    )


def unused_name(name: str, taken: Container[str]) -> str:
    """Return a name that no other battery has: a number is added from the second on."""
    names = (name if number == 1 else f"{name} ({number})" for number in count(1))
    return next(candidate for candidate in names if candidate not in taken)


def details_data(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a subentry's data that its owner told."""
    limits = user_input[CONF_LIMITS]
    return {
        CONF_POWER_CLASS_W: int(user_input[CONF_POWER_CLASS_W]),
        CONF_OWN_METER: user_input[CONF_OWN_METER],
        CONF_CIRCUIT: user_input.get(CONF_CIRCUIT, "").strip(),
        **{key: round(limits[key]) for key in (CONF_MAX_CHARGE_W, CONF_MAX_DISCHARGE_W, CONF_CEILING_PCT)},
        CONF_PHASE: limits[CONF_PHASE],
    }


def probed_data(battery: ProbedBattery) -> dict[str, Any]:
    """Return the part of a subentry's data that the battery told."""
    return {
        CONF_HOST: battery.host,
        CONF_PORT: battery.port,
        CONF_MAC: battery.mac,
        CONF_MODEL: battery.info.model,
        CONF_FIRMWARE: battery.info.firmware,
    }


def new_subentry(battery: ProbedBattery, user_input: Mapping[str, Any]) -> ConfigSubentryData:
    """Return the subentry of a battery that was just told about."""
    return ConfigSubentryData(
        subentry_type=SUBENTRY_BATTERY,
        unique_id=battery.mac,
        title=user_input[CONF_NAME].strip() or battery.name,
        data={
            **probed_data(battery),
            **details_data(user_input),
            CONF_RELEASE: RELEASE_DEFAULT,
            CONF_SLOTS_CLEARED: False,
            CONF_CAPACITY_WH: battery.capacity_wh,
        },
    )
