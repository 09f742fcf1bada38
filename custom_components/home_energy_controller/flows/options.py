"""The options of a site: circuits, connection, hours of the car, how patient control is with the meter; prices."""

from collections.abc import Container, Iterable, Mapping
from datetime import time
from types import MappingProxyType
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

    _typed: Mapping[str, Any] | None = None
    """What the form of the limits holds when it is shown again."""
    _options: Mapping[str, Any] = MappingProxyType({})
    """What is kept when its owner agrees."""
    _agreed: frozenset[str] = frozenset()
    """To which consequences of it."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the options by what they are about."""
        return self.async_show_menu(step_id="init", menu_options=["prices", "limits"])

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the options in sections: the one with the trouble is open, and the trouble stands at it."""
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
            self._typed, self._options, self._agreed = user_input, options, frozenset()
            errors, placeholders = self._validate(options)
            if not errors:
                return await self.async_step_agree()
        schema = _schema(self._circuits, errors)
        return show_form(self, "limits", schema, self._typed or self._present(), errors, **placeholders)

    async def async_step_agree(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Keep the options once their owner agreed to each consequence."""
        before, after = (SiteOptions(each).circuits for each in (self.config_entry.options, self._options))
        unused = [name for name in after if name not in {*before, *self._circuits}]
        weak = loses_auto(self._batteries, before, after)
        names = {"name": ", ".join(unused), "circuits": ", ".join(self._circuits) or "-", "batteries": ", ".join(weak)}
        for key, affected in (("circuit_without_battery", unused), ("circuit_too_weak", weak)):
            if affected and key not in self._agreed:
                self._agreed |= {key}
                return self.async_show_menu(
                    step_id=key, menu_options=["agree", "limits"], description_placeholders=names
                )
        # What its own form does not show is kept.
        known = {*IMPORTS, *EXPORTS, CONF_CIRCUITS, CONF_TARIFF, CONF_METER_AGE_LIMIT_S}
        kept = {name: value for name, value in self.config_entry.options.items() if name not in known}
        return self.async_create_entry(data={**kept, **self._options})

    # The same question, put by whom it is about.
    async_step_circuit_without_battery = async_step_circuit_too_weak = async_step_agree

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

    def _validate(self, options: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the error keys of what makes no sense, by section, and what their texts tell."""
        parts = options[CONF_CIRCUITS]
        names = [part[CONF_NAME].strip() for part in parts]
        for name, part in zip(names, parts, strict=True):
            if key := _circuit_error(part, names):
                return {CONF_CIRCUITS: key}, {"name": name}
        gone = SiteOptions(self.config_entry.options).circuits.keys() - set(names)
        users = [(battery.title, battery.data.get(CONF_CIRCUIT)) for battery in self._batteries]
        if left := [title for title, circuit in users if circuit in gone]:
            return {CONF_CIRCUITS: "circuit_in_use"}, {"batteries": ", ".join(left)}
        errors = {
            CONF_CONNECTION: self._validate_connection(options),
            CONF_TARIFF: validate_tariff(options[CONF_TARIFF]),
        }
        return {part: key for part, key in errors.items() if key}, {}

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


def _circuit_error(part: Mapping[str, Any], names: list[str]) -> str | None:
    """Return the error key of a circuit that makes no sense among all of them."""
    name = part[CONF_NAME].strip()
    if not name:
        return "circuit_without_name"
    if names.count(name) > 1:
        return "circuit_twice"
    if not circuit_limit_w(part):
        return "circuit_without_limit"
    return "limit_too_small" if circuit_limit_w(part) < LEAST_LIMIT_W else None


def _schema(circuit_names: list[str], troubled: Container[str]) -> vol.Schema:
    """Return the form, which offers the circuits that batteries are on; sections with a trouble are open."""
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
            vol.Required(CONF_CONNECTION): section(
                vol.Schema(connection), {"collapsed": CONF_CONNECTION not in troubled}
            ),
            vol.Required(CONF_TARIFF): section(tariff_schema(), {"collapsed": CONF_TARIFF not in troubled}),
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
