"""The options of a site: circuits, connection, hours of the car, how patient control is with the meter; prices."""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_NAME, UnitOfElectricCurrent, UnitOfElectricPotential, UnitOfPower, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector
import voluptuous as vol

from ..const import (
    CONF_CIRCUIT,
    CONF_CIRCUITS,
    CONF_CONNECTION,
    CONF_LIMIT_A,
    CONF_LIMIT_W,
    CONF_METER,
    CONF_METER_AGE_LIMIT_S,
    CONF_TARIFF,
    CONF_VOLTAGE_V,
    DEFAULT_METER_AGE_LIMIT_S,
    SUBENTRY_BATTERY,
)
from ..control.settings import MIDNIGHT, TariffHours
from ..site.config import (
    CONF_HIGH_DAYS,
    CONF_HIGH_FROM,
    CONF_HIGH_TO,
    EXPORTS,
    IMPORTS,
    VOLTAGE_V,
    SiteOptions,
    circuit_limit_w,
)
from ..site.contract import DAYS
from .forms import LEAST_LIMIT_W, FiniteNumber, circuit_selector, loses_auto, number_box, show_form, watt_selector
from .prices import PricesFlow

METER_AGE_LIMITS_S: Final = (15, 300)
"""Shorter, and one lost reading pauses control; longer, and control acts on what the house did minutes ago."""


def validate_tariff(part: Mapping[str, Any]) -> str | None:
    """Return the error key of hours that make no sense."""
    begin, end = time.fromisoformat(part[CONF_HIGH_FROM]), time.fromisoformat(part[CONF_HIGH_TO])
    return "tariff_ends_before_start" if end <= begin and end != MIDNIGHT else None


class SiteOptionsFlow(PricesFlow):
    """Changes what is hardly ever changed; what is needed daily are entities."""

    _warned: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Which consequences of which options their owner was told."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the options by what they are about."""
        return self.async_show_menu(step_id="init", menu_options=["prices", "limits"])

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the options in sections."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            numbers = user_input[CONF_METER] | user_input[CONF_CONNECTION]
            tariff = {**self._tariff, **user_input[CONF_TARIFF]}
            options = {
                **{name: round(value) for name, value in numbers.items()},
                CONF_CIRCUITS: user_input[CONF_CIRCUITS].get(CONF_CIRCUITS, []),
                CONF_TARIFF: tariff,
            }
            key = validate_tariff(tariff)
            if key is None:
                key, placeholders = self._validate(options)
            if key is None:
                # What its own form does not show is kept.
                known = {*IMPORTS, *EXPORTS, CONF_CIRCUITS, CONF_TARIFF, CONF_METER_AGE_LIMIT_S}
                kept = {name: value for name, value in self.config_entry.options.items() if name not in known}
                return self.async_create_entry(data=kept | options)
            errors["base"] = key
        return show_form(self, "limits", _schema(self._circuits), user_input or self._present(), errors, **placeholders)

    def _present(self) -> dict[str, Any]:
        """Return the options as the form has them."""
        options = self.config_entry.options
        parts = dict.fromkeys((CONF_METER, CONF_CONNECTION, CONF_CIRCUITS), options)
        return {**parts, CONF_TARIFF: self._tariff}

    @property
    def _tariff(self) -> Mapping[str, Any]:
        """Return the hours, and what an older version kept beside them, which it needs should it come back."""
        tariff = self.config_entry.options.get(CONF_TARIFF)
        return tariff if isinstance(tariff, Mapping) else {}

    def _validate(self, options: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
        """Return the error key of what makes no sense, and what its text tells; who was warned once, may go on."""
        parts = options[CONF_CIRCUITS]
        names = [part[CONF_NAME].strip() for part in parts]
        for name, part in zip(names, parts, strict=True):
            about = {"name": name}
            if not name:
                return "circuit_without_name", about
            if names.count(name) > 1:
                return "circuit_twice", about
            if not circuit_limit_w(part):
                return "circuit_without_limit", about
            if circuit_limit_w(part) < LEAST_LIMIT_W:
                return "limit_too_small", about
        if key := self._validate_connection(options):
            return key, {}
        gone = SiteOptions(self.config_entry.options).circuits.keys() - set(names)
        users = [(battery.title, battery.data.get(CONF_CIRCUIT)) for battery in self._batteries]
        if left := [title for title, circuit in users if circuit in gone]:
            return "circuit_in_use", {"batteries": ", ".join(left)}
        return self._consequences(options)

    def _consequences(self, options: Mapping[str, Any]) -> tuple[str | None, dict[str, str]]:
        """Return what the owner has to know before these options are kept; each is told once."""
        before, after = (SiteOptions(each).circuits for each in (self.config_entry.options, options))
        unused = [name for name in after if name not in {*before, *self._circuits}]
        weak = loses_auto(self._batteries, before, after)
        names = {"name": ", ".join(unused), "circuits": ", ".join(self._circuits) or "-", "batteries": ", ".join(weak)}
        for key, affected in (("circuit_without_battery", unused), ("circuit_too_weak", weak)):
            if affected and (key, options) not in self._warned:
                self._warned = (*self._warned, (key, options))
                return key, names
        return None, {}

    def _validate_connection(self, options: Mapping[str, Any]) -> str | None:
        """Return the error key of limits of the connection that make no sense."""
        limits = [options[key] for key in IMPORTS if key in options]
        limits += [options.get(key) or LEAST_LIMIT_W for key in EXPORTS]
        if min(limits) < LEAST_LIMIT_W:
            return "limit_too_small"
        is_loaded = self.config_entry.state is ConfigEntryState.LOADED
        if SiteOptions(options).limits_phases and is_loaded and self.config_entry.runtime_data.meter.phases_w is None:
            return "meter_without_phases"
        return None

    @property
    def _batteries(self) -> Iterable[Any]:
        """Return the batteries of the site."""
        return list(self.config_entry.get_subentries_of_type(SUBENTRY_BATTERY))

    @property
    def _circuits(self) -> list[str]:
        """Return the circuits that batteries are on."""
        return sorted({battery.data.get(CONF_CIRCUIT, "") for battery in self._batteries} - {""})


def _schema(circuit_names: list[str]) -> vol.Schema:
    """Return the form, which offers the circuits that batteries are on."""
    shortest, longest = METER_AGE_LIMITS_S
    age = FiniteNumber({"min": shortest, "max": longest, "step": 5, "unit_of_measurement": UnitOfTime.SECONDS})
    fields: dict[str, selector.ObjectSelectorField] = {
        CONF_NAME: {"required": True, "selector": circuit_selector(circuit_names)},
        CONF_LIMIT_A: {"selector": number_box(0, 100, UnitOfElectricCurrent.AMPERE)},
        CONF_VOLTAGE_V: {"selector": number_box(0, 400, UnitOfElectricPotential.VOLT), "default": VOLTAGE_V},
        CONF_LIMIT_W: {"selector": number_box(0, 100_000, UnitOfPower.WATT)},
    }
    circuits = selector.ObjectSelector(
        {"fields": fields, "multiple": True, "label_field": CONF_NAME, "translation_key": CONF_CIRCUIT}
    )
    limits = (key for pair in zip(IMPORTS, EXPORTS, strict=True) for key in pair)
    connection = {vol.Optional(key): watt_selector(100_000) for key in limits}
    meter = {vol.Required(CONF_METER_AGE_LIMIT_S, default=DEFAULT_METER_AGE_LIMIT_S): age}
    return vol.Schema(
        {
            vol.Required(CONF_CIRCUITS): section(vol.Schema({vol.Optional(CONF_CIRCUITS): circuits})),
            vol.Required(CONF_CONNECTION): section(vol.Schema(connection), {"collapsed": True}),
            vol.Required(CONF_TARIFF): section(tariff_schema(), {"collapsed": True}),
            vol.Required(CONF_METER): section(vol.Schema(meter), {"collapsed": True}),
        }
    )


def tariff_schema() -> vol.Schema:
    """Return the fields of the section."""
    hours = TariffHours()
    workdays = [DAYS[day] for day in sorted(hours.high_days)]
    days = selector.SelectSelector({"options": list(DAYS), "multiple": True, "translation_key": "weekday"})
    return vol.Schema(
        {
            vol.Required(CONF_HIGH_DAYS, default=workdays): days,
            vol.Required(CONF_HIGH_FROM, default=hours.high_from.isoformat()): selector.TimeSelector(),
            vol.Required(CONF_HIGH_TO, default=hours.high_to.isoformat()): selector.TimeSelector(),
        }
    )
