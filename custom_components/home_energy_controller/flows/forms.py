"""What the forms share: fields, error keys, and how a form is shown."""

import asyncio
from collections.abc import Iterable, Mapping
import math
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryFlow,
    OptionsFlow,
    UnknownEntry,
    UnknownSubEntry,
)
from homeassistant.const import UnitOfPower
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow, FlowContext, FlowHandler, FlowResult
from homeassistant.helpers import selector
import voluptuous as vol

from ..control.model import OwnMeter
from ..control.settings import Circuit
from ..marstek.errors import MarstekConnectionError, MarstekError, MarstekTimeout, MarstekWrongDevice
from ..marstek.profiles import profile_for
from ..meter.base import (
    MeterApiDisabled,
    MeterError,
    MeterInvalidReply,
    MeterNotFound,
    MeterNotPaired,
    MeterStale,
    MeterUnauthorized,
    MeterUnreachable,
    MeterWrongCertificate,
    NotAGridMeter,
)
from ..site.config import BatteryConfig
from ..site.sensor_meter import SensorMissing, SensorNotPower
from .probe import InvalidAddress, PortTaken

SOON_S: Final = 1.5
"""What takes longer is shown as progress, with words."""
LEAST_LIMIT_W: Final = 100
"""The app offers no less, and below it efficiency is poor."""


class AlreadyConfigured(Exception):  # noqa: N818 - named after what was found
    """The battery belongs to a site already."""


type FlowTrouble = MeterError | MarstekError | InvalidAddress | AlreadyConfigured

ERROR_KEYS: Final[Mapping[type[BaseException], str]] = {
    InvalidAddress: "invalid_address",
    AlreadyConfigured: "battery_already_configured",
    NotAGridMeter: "not_a_grid_meter",
    MeterUnreachable: "meter_unreachable",
    MeterApiDisabled: "meter_api_disabled",
    MeterNotFound: "meter_not_found",
    MeterUnauthorized: "meter_not_paired",
    MeterNotPaired: "meter_not_paired",
    MeterWrongCertificate: "meter_wrong_certificate",
    MeterInvalidReply: "meter_invalid_reply",
    MeterStale: "sensor_stale",
    SensorMissing: "sensor_missing",
    SensorNotPower: "sensor_not_power",
    MarstekTimeout: "battery_silent",
    PortTaken: "port_taken",
    MarstekConnectionError: "battery_unreachable",
    MarstekWrongDevice: "wrong_device",
    MarstekError: "battery_invalid_reply",
}


def error_key(err: FlowTrouble) -> str:
    """Return the translation key of what went wrong: the one of the nearest class that has one."""
    return next(ERROR_KEYS[kind] for kind in type(err).__mro__ if kind in ERROR_KEYS)


def show_form[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    flow: FlowHandler[ContextT, ResultT, HandlerT],
    step_id: str,
    schema: vol.Schema,
    suggested: Mapping[str, Any],
    errors: dict[str, str],
    **placeholders: str,
) -> ResultT:
    """Show a form that holds what is suggested: at first what is known, after an error what was typed."""
    return flow.async_show_form(
        step_id=step_id,
        data_schema=flow.add_suggested_values_to_schema(schema, suggested),
        errors=errors,
        description_placeholders=placeholders,
    )


def number_box(least: float, most: float, unit: str | None = None, *, step: float = 1) -> selector.NumberSelector:
    """Return a field for a number that is typed."""
    box = selector.NumberSelectorMode.BOX
    config: selector.NumberSelectorConfig = {"min": least, "max": most, "step": step, "mode": box}
    return FiniteNumber(config | {"unit_of_measurement": unit} if unit else config)


def port_selector() -> selector.NumberSelector:
    """Return a field for a UDP port."""
    return number_box(1, 65535)


def circuit_selector(circuits: Iterable[str]) -> selector.Selector[Any]:
    """Return a field for the name of a circuit: a known one is chosen, so that nobody writes it in two ways."""
    known = sorted(set(circuits) - {""})
    return selector.SelectSelector({"options": known, "custom_value": True}) if known else selector.TextSelector()


def watt_selector(most_w: int) -> selector.NumberSelector:
    """Return a field for a power."""
    return number_box(0, most_w, UnitOfPower.WATT, step=10)


class FiniteNumber(selector.NumberSelector):
    """A field for a number; NaN is neither too small nor too large for the one that it is made of."""

    @override
    def __call__(self, data: Any) -> float:
        """Return the number; raise vol.Invalid when it is none, or out of bounds."""
        try:
            value = super().__call__(data)
        except OverflowError as err:
            raise vol.Invalid("Value is too large") from err
        if not math.isfinite(value):
            raise vol.Invalid(f"{value} is no number")
        return value


class SiteFlow(OptionsFlow):
    """A flow about a site; it ends with words when the site was removed meanwhile."""

    @property
    @override
    def config_entry(self) -> ConfigEntry:
        """Return the site; raise AbortFlow when it was removed while the form was open."""
        try:
            return super().config_entry
        except UnknownEntry as err:
            raise AbortFlow("removed") from err


class PartFlow(ConfigSubentryFlow):
    """A flow about a part of a site; it ends with words when the part, or the site, was removed meanwhile."""

    @callback
    @override
    def _get_entry(self) -> ConfigEntry:
        """Return the site; raise AbortFlow when it is gone."""
        try:
            return super()._get_entry()
        except UnknownEntry as err:
            raise AbortFlow("removed") from err

    @callback
    @override
    def _get_reconfigure_subentry(self) -> ConfigSubentry:
        """Return what is being changed; raise AbortFlow when it is gone."""
        try:
            return super()._get_reconfigure_subentry()
        except (UnknownEntry, UnknownSubEntry) as err:
            raise AbortFlow("removed") from err


async def is_soon_done(task: asyncio.Task[Any]) -> bool:
    """Wait a moment for a task; return whether it ended."""
    done, _ = await asyncio.wait({task}, timeout=SOON_S)
    return bool(done)


def is_bound(data: Mapping[str, Any], circuits: Mapping[str, Circuit]) -> bool:
    """Return whether a battery that has its own meter is kept from Auto by its limits, or by its circuit."""
    config = BatteryConfig.from_data(data)
    battery = config.settings(profile_for(config.model, config.firmware), circuits.get(config.circuit))
    return battery.own_meter is not OwnMeter.NO and not battery.may_run_auto


def loses_auto(
    batteries: Iterable[ConfigSubentry], before: Mapping[str, Circuit], after: Mapping[str, Circuit]
) -> list[str]:
    """Return the batteries that other circuits keep from Auto, by name."""
    return [own.title for own in batteries if is_bound(own.data, after) and not is_bound(own.data, before)]
