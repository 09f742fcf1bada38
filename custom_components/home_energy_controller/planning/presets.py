"""Contracts as they are sold: starting points that the owner edits.

As of November 2026, in the currency of their country per kWh, VAT included unless a comment says otherwise. They tell
the shape of a contract, which formula and which hours; the numbers are those of one supplier or one network operator
among many, or rounded. What counts is the owner's bill.
"""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ..control.settings import Prices, TariffHours
from .tariff import Band, Contract, Rate, fixed


class Preset(StrEnum):
    """A kind of contract."""

    NL_DYNAMIC = "nl_dynamic"
    NL_FIXED = "nl_fixed"
    BE_DYNAMIC = "be_dynamic"
    WALLONIA = "wallonia"
    DE_14A = "de_14a"
    FR_HP_HC = "fr_hp_hc"
    FR_TEMPO = "fr_tempo"
    DAY_NIGHT = "day_night"
    FIXED = "fixed"
    OWN = "own"
    """What the source tells is all that is paid."""


class DayKind(StrEnum):
    """The colour of a day (Tempo), from 6 to 6 h."""

    BLUE = "blue"
    WHITE = "white"
    RED = "red"


def _band(price_per_kwh: float, begin_h: int = 0, end_h: int = 0, day_kind: DayKind | None = None) -> Band:
    """Return a band of whole hours of every day."""
    return Band(price_per_kwh=price_per_kwh, begin=time(begin_h), end=time(end_h), day_kind=day_kind)


def _tempo(kind: DayKind, peak: float, off_peak: float) -> tuple[Band, Band]:
    """Return both bands of a colour, which holds from 6 h on and through the night."""
    return _band(peak, 6, 22, kind), _band(off_peak, 22, 6, kind)


# The network's hours of the "Impact" tariff, since 2026: eco 1-7 and 11-17 h, peak 17-22 h, else medium. The prices of
# one operator, rounded: they differ by a third between operators.
_IMPACT = (_band(0.19, 17, 22), _band(0.07, 1, 7), _band(0.07, 11, 17), _band(0.12))

# Section 14a EnWG, module 3: each operator has hours and prices of its own, and some only in two quarters of the year.
# Low is 10 to 40 % of the standard price, high at most twice that. Usual: dear in the evening, cheap at night.
_MODULE_3 = (_band(0.14, 17, 21), _band(0.03, 0, 6), _band(0.09))

_SPREAD = Prices()
"""What holds as long as nothing is told."""

_PRESETS: Final[Mapping[Preset, Contract]] = MappingProxyType(
    {
        # 2 ct (before VAT) is a usual purchase fee; VAT 21 %; the energy tax of 2026 is 9.16 ct, 11.08 ct with VAT.
        # Fed in, suppliers pay the market's price, some with a bonus, some less a fee.
        Preset.NL_DYNAMIC: Contract(
            buy=Rate(spot_factor=1.0, fee_per_kwh=0.02, vat_pct=21.0, tax_per_kwh=0.1108), sell=Rate(spot_factor=1.0)
        ),
        # Net metering ends on 2027-01-01: what is left for a kWh fed in, after the fee for that, is about 0 to 2 ct.
        Preset.NL_FIXED: Contract(buy=fixed(0.27), sell=fixed(0.01)),
        # Flanders, where hours are billed: a usual formula, VAT 6 %; network and taxes about 12 ct. What is fed in has
        # no VAT.
        Preset.BE_DYNAMIC: Contract(
            buy=Rate(spot_factor=1.05, fee_per_kwh=0.01, vat_pct=6.0, tax_per_kwh=0.12),
            sell=Rate(spot_factor=0.95, fee_per_kwh=-0.01),
            by_hour=True,
        ),
        # Energy at 11 ct before VAT (6 %), excise and transport about 5 ct, and the network's bands.
        Preset.WALLONIA: Contract(
            buy=Rate(fee_per_kwh=0.11, vat_pct=6.0, tax_per_kwh=0.05, bands=_IMPACT), sell=fixed(0.03)
        ),
        # Energy and levies in all 20 ct, and the network's bands; 7.9 ct is what a small roof of 2025 is paid.
        Preset.DE_14A: Contract(buy=Rate(tax_per_kwh=0.20, bands=_MODULE_3), sell=fixed(0.079)),
        # The regulated prices of August 2025; 4 ct for the surplus of a roof below 9 kWp. The off-peak hours are
        # told by the network operator, here the most usual.
        Preset.FR_HP_HC: Contract(buy=Rate(bands=(_band(0.2081, 6, 22), _band(0.1635))), sell=fixed(0.04)),
        Preset.FR_TEMPO: Contract(
            buy=Rate(
                bands=(
                    *_tempo(DayKind.BLUE, 0.1494, 0.1232),
                    *_tempo(DayKind.WHITE, 0.1730, 0.1391),
                    *_tempo(DayKind.RED, 0.6468, 0.1460),
                )
            ),
            sell=fixed(0.04),
        ),
        Preset.FIXED: Contract(buy=fixed(_SPREAD.buy_per_kwh), sell=fixed(_SPREAD.sell_per_kwh)),
        Preset.OWN: Contract(buy=Rate(spot_factor=1.0), sell=fixed(_SPREAD.sell_per_kwh)),
    }
)


def preset_contract(preset: Preset, hours: TariffHours | None = None) -> Contract:
    """Return what a contract of this kind looks like; the hours are the owner's, for one of day and night."""
    return _day_night(hours or TariffHours()) if preset is Preset.DAY_NIGHT else _PRESETS[preset]


def _day_night(hours: TariffHours) -> Contract:
    """Return 29 ct in the high hours and 24 ct in all others."""
    high = Band(price_per_kwh=0.29, begin=hours.high_from, end=hours.high_to, days=hours.high_days)
    bands = (high, _band(0.24)) if hours.high_days else (_band(0.24),)
    return Contract(buy=Rate(bands=bands), sell=fixed(0.05))
