"""Telling about the charger of the car: a site has at most one."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.number import ATTR_MIN
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    CONF_NAME,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
    UnitOfRatio,
)
from homeassistant.helpers import selector
from homeassistant.util.unit_conversion import PowerConverter
import voluptuous as vol

from ..const import (
    CONF_CONNECTED,
    CONF_LOW_TARIFF_W,
    CONF_MAY_FEED,
    CONF_MOST_A,
    CONF_OUTPUT,
    CONF_PHASES,
    CONF_POWER,
    CONF_SURPLUS_PCT,
    CONF_SWITCH,
    CONF_VOLTAGE_V,
    SUBENTRY_CHARGER,
)
from ..control.settings import LEAST_A, CarSettings
from ..site.charger import output_unit_w
from ..site.config import car_settings
from ..site.foreign_entities import lasting_id, own_entities, present_id
from .forms import PartFlow, number_box, show_form

ENTITIES: Final = (CONF_CONNECTED, CONF_POWER, CONF_OUTPUT, CONF_SWITCH)
NUMBERS: Final = (CONF_PHASES, CONF_VOLTAGE_V, CONF_MOST_A, CONF_SURPLUS_PCT, CONF_LOW_TARIFF_W)
NAME: Final = "EV charger"
DEFAULTS: Final = CarSettings()
SUGGESTED: Final[Mapping[str, Any]] = {
    CONF_NAME: NAME,
    **asdict(DEFAULTS),  # The other fields are named as the keys.
    CONF_SURPLUS_PCT: round(100 * DEFAULTS.surplus_share),
}


class ChargerSubentryFlow(PartFlow):
    """Adds the charger to a site, or changes it."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for everything about a new charger."""
        if self._get_entry().get_subentries_of_type(SUBENTRY_CHARGER):
            return self.async_abort(reason="already_configured")
        errors = self._validate(user_input)
        if user_input is None or errors:
            return self._form("user", user_input or SUGGESTED, errors)
        return self.async_create_entry(title=user_input[CONF_NAME].strip() or NAME, data=self._data(user_input))

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change what was told."""
        subentry = self._get_reconfigure_subentry()
        errors = self._validate(user_input)
        if user_input is None or errors:
            entities = {key: present_id(self.hass, subentry.data[key]) for key in ENTITIES if key in subentry.data}
            present = {**subentry.data, **entities, CONF_NAME: subentry.title}
            return self._form("reconfigure", user_input or present, errors)
        title = user_input[CONF_NAME].strip() or subentry.title
        return self.async_update_and_abort(self._get_entry(), subentry, title=title, data=self._data(user_input))

    def _form(self, step_id: str, suggested: Mapping[str, Any], errors: dict[str, str]) -> SubentryFlowResult:
        """Return the form."""
        least_w = LEAST_A * car_settings(_numbers(suggested)).step_w
        return show_form(self, step_id, self._schema(), suggested, errors, least=str(least_w))

    def _schema(self) -> vol.Schema:
        """Return the fields; our own entities are left out: a controller that follows itself runs away."""
        own = own_entities(self.hass)
        connected = selector.EntitySelector({"filter": {"domain": ["binary_sensor", "input_boolean"]}})
        power = selector.EntitySelector(
            {"filter": {"domain": "sensor", "device_class": "power"}, "exclude_entities": own}
        )
        output = selector.EntitySelector({"filter": {"domain": ["number", "input_number"]}, "exclude_entities": own})
        switch = selector.EntitySelector({"filter": {"domain": ["switch", "input_boolean"]}, "exclude_entities": own})
        return vol.Schema(
            {
                vol.Required(CONF_NAME): selector.TextSelector(),
                vol.Required(CONF_CONNECTED): connected,
                vol.Optional(CONF_POWER): power,
                vol.Optional(CONF_OUTPUT): output,
                vol.Optional(CONF_SWITCH): switch,
                vol.Required(CONF_PHASES): number_box(1, 3),
                vol.Required(CONF_VOLTAGE_V): number_box(100, 260, UnitOfElectricPotential.VOLT),
                vol.Required(CONF_MOST_A): number_box(LEAST_A, 80, UnitOfElectricCurrent.AMPERE),
                vol.Required(CONF_SURPLUS_PCT): number_box(0, 100, UnitOfRatio.PERCENTAGE),
                vol.Required(CONF_LOW_TARIFF_W): number_box(0, 60_000, UnitOfPower.WATT),
                vol.Required(CONF_MAY_FEED): selector.BooleanSelector(),
            }
        )

    def _validate(self, user_input: Mapping[str, Any] | None) -> dict[str, str]:
        """Return the error keys of what makes no sense."""
        if user_input is None:
            return {}
        errors: dict[str, str] = {}
        settings = car_settings(_numbers(user_input))
        power, output = (self.hass.states.get(user_input.get(key) or "") for key in (CONF_POWER, CONF_OUTPUT))
        if power and power.attributes.get(ATTR_UNIT_OF_MEASUREMENT) not in PowerConverter.VALID_UNITS:
            errors[CONF_POWER] = "sensor_not_power"
        if output and output_unit_w(output, settings.step_w) is None:
            errors[CONF_OUTPUT] = "output_without_unit"
        elif output and output.attributes.get(ATTR_MIN, 0) > 0 and not user_input.get(CONF_SWITCH):
            errors[CONF_OUTPUT] = "output_cannot_stop"
        if user_input.get(CONF_SWITCH) and not user_input.get(CONF_OUTPUT):
            errors[CONF_SWITCH] = "switch_without_output"
        if 0 < settings.low_tariff_w < LEAST_A * settings.step_w:
            errors[CONF_LOW_TARIFF_W] = "low_tariff_too_small"
        return errors

    def _data(self, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data of a subentry; an entity is named such that it may be renamed."""
        named = {key: lasting_id(self.hass, user_input[key]) for key in ENTITIES if user_input.get(key)}
        return {**named, **_numbers(user_input)}


def _numbers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is no entity; the frontend sends whole numbers as floats."""
    return {CONF_MAY_FEED: given[CONF_MAY_FEED], **{key: int(given[key]) for key in NUMBERS}}
