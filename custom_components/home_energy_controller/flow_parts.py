"""What Home Assistant's own flows and fields let through."""

from collections.abc import Iterable, Mapping
import math
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, ConfigSubentryFlow, UnknownEntry, UnknownSubEntry
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import selector
import voluptuous as vol

from .battery import configured_settings
from .const import CONF_CIRCUIT, CONF_FIRMWARE, CONF_MODEL
from .control.model import OwnMeter
from .control.settings import Circuit
from .marstek.profiles import profile_for


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


def is_bound(data: Mapping[str, Any], circuits: Mapping[str, Circuit]) -> bool:
    """Return whether a battery that has its own meter is kept from Auto by its limits, or by its circuit."""
    profile = profile_for(data[CONF_MODEL], data[CONF_FIRMWARE])
    battery = configured_settings(data, profile, circuits.get(data.get(CONF_CIRCUIT, "")))
    return battery.own_meter is not OwnMeter.NO and not battery.may_run_auto


def loses_auto(
    batteries: Iterable[ConfigSubentry], before: Mapping[str, Circuit], after: Mapping[str, Circuit]
) -> list[str]:
    """Return the batteries that other circuits keep from Auto, by name."""
    return [own.title for own in batteries if is_bound(own.data, after) and not is_bound(own.data, before)]
