"""What Home Assistant's own flows and fields let through."""

import math
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, ConfigSubentryFlow, UnknownEntry, UnknownSubEntry
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers import selector
import voluptuous as vol


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
