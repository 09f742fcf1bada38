"""Integrations of Home Assistant whose libraries are not installed here: what they import is made up."""

from enum import StrEnum
import sys
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest


class Currency(StrEnum):
    EUR = "EUR"
    SEK = "SEK"


class Interval(StrEnum):
    HOUR = "hour"
    QUARTER = "quarter"


class PriceType(StrEnum):
    MARKET = "market"
    INVOICE = "invoice"
    MARKET_WITH_VAT = "market_with_vat"
    ALL_IN = "all_in"
    ALL_IN_EXCL_VAT = "all_in_excl_vat"


class Vat(StrEnum):
    INCLUDE = "include"
    EXCLUDE = "exclude"


KNOWN: dict[str, dict[str, Any]] = {
    "pynordpool": {"AREAS": {"NL": "", "SE3": "", "SE4": ""}, "Currency": Currency},
    "tibber": {},
    "tibber.data_api": {},
    "energyzero": {"Interval": Interval, "PriceType": PriceType},
    "easyenergy": {"ElectricityGranularity": Interval, "ElectricityPriceType": PriceType, "VatOption": Vat},
    "easyenergy.const": {"MARKET_TIMEZONE": ZoneInfo("Europe/Amsterdam")},
    "greenplanet_energy_api": {},
    "pyomie": {},
    "pyomie.main": {},
    "pyomie.model": {},
    "pyomie.util": {},
    "forecast_solar": {},
    "forecast_solar.models": {},
}
"""What is more than a name of theirs; every other name is a class of errors."""


class MadeUp(ModuleType):
    """A library of which each name exists."""

    def __getattr__(self, name: str) -> Any:
        """Return a class of that name, always the same."""
        if name.startswith("__"):
            raise AttributeError(name)
        made = type(name, (Exception,), {})
        setattr(self, name, made)
        return made


def make_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let libraries be imported that are not installed."""
    for name, known in KNOWN.items():
        module = MadeUp(name)
        vars(module).update(known | {"__path__": []})
        monkeypatch.setitem(sys.modules, name, module)
