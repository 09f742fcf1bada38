"""What energy costs, as the owner configured it: each part that is damaged is taken from the preset, alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from math import isfinite
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from ..const import CONF_PRICES
from ..control.settings import Prices, TariffHours
from ..planning.presets import DayKind, Preset, preset_contract
from ..planning.tariff import ALL_DAYS, ALL_MONTHS, Band, Contract, Rate

CONF_PRESET: Final = "preset"
CONF_SOURCE: Final = "source"
CONF_BY_HOUR: Final = "by_hour"
CONF_BUY_SPOT: Final = "buy_spot_pct"
CONF_BUY_FEE: Final = "buy_fee_per_kwh"
CONF_BUY_VAT: Final = "buy_vat_pct"
CONF_BUY_TAX: Final = "buy_tax_per_kwh"
CONF_FALLBACK: Final = "fallback_per_kwh"
CONF_SELL_SPOT: Final = "sell_spot_pct"
CONF_SELL_FEE: Final = "sell_fee_per_kwh"
CONF_SELL_FIXED: Final = "sell_fixed_per_kwh"
CONF_SELL_FLOOR: Final = "sell_not_below_zero"
CONF_BANDS: Final = "bands"
CONF_KIND_TODAY: Final = "day_kind_today"
CONF_KIND_TOMORROW: Final = "day_kind_tomorrow"
CONF_MAY_CHARGE: Final = "may_charge_from_grid"
CONF_MAY_DELIVER: Final = "may_deliver_to_grid"
CONF_INSISTS: Final = "insists"
"""The plan acts though it did not pay."""

# Of a band.
CONF_PRICE: Final = "price_per_kwh"
CONF_BEGIN: Final = "begin"
CONF_END: Final = "end"
CONF_DAYS: Final = "days"
CONF_MONTHS: Final = "months"
CONF_KIND: Final = "day_kind"

ENTITY_SOURCE: Final = "entity:"
"""What a source begins with that is an entity; its lasting id follows."""
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_FIXED: Final = Prices()


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesConfig:
    """The household's contract, where the market's prices come from, and what the plan may do."""

    preset: Preset = Preset.FIXED
    contract: Contract = field(default_factory=lambda: preset_contract(Preset.FIXED))
    source: str = ""
    """Of the market's prices: "entity:" and a lasting id, the id of another source, or nothing."""
    fallback_per_kwh: float = _FIXED.buy_per_kwh
    """What a kWh costs while the source tells nothing."""
    day_kind_today: str | None = None
    day_kind_tomorrow: str | None = None
    """Lasting ids of the entities that tell the colour of the day."""
    may_charge_from_grid: bool = False
    may_deliver_to_grid: bool = False
    insists: bool = False
    """Whether the plan is followed though it did not pay."""

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Return what a site's options tell."""
        data = options.get(CONF_PRICES)
        if not isinstance(data, Mapping):
            return cls()
        preset = _decoded(Preset, data.get(CONF_PRESET), Preset.FIXED)
        return cls(
            preset=preset,
            contract=contract_of(data, preset_contract(preset)),
            source=_text(data.get(CONF_SOURCE)) or "",
            fallback_per_kwh=_number(data.get(CONF_FALLBACK), _FIXED.buy_per_kwh),
            day_kind_today=_text(data.get(CONF_KIND_TODAY)),
            day_kind_tomorrow=_text(data.get(CONF_KIND_TOMORROW)),
            may_charge_from_grid=data.get(CONF_MAY_CHARGE) is True,
            may_deliver_to_grid=data.get(CONF_MAY_DELIVER) is True,
            insists=data.get(CONF_INSISTS) is True,
        )

    @property
    def price_sensor(self) -> str | None:
        """Return the lasting id of the owner's price sensor, None without one."""
        is_entity = self.source.startswith(ENTITY_SOURCE)
        return self.source.removeprefix(ENTITY_SOURCE) or None if is_entity else None


def contract_of(data: Mapping[str, Any], usual: Contract) -> Contract:
    """Return the contract that options tell; what they do not is as usual."""
    numbers = {key: _number(data.get(key), default) for key, default in _numbers(usual).items()}
    by_hour, floor = (_flag(data.get(key), is_so) for key, is_so in _flags(usual).items())
    return Contract(
        buy=Rate(
            spot_factor=numbers[CONF_BUY_SPOT] / 100,
            fee_per_kwh=numbers[CONF_BUY_FEE],
            vat_pct=numbers[CONF_BUY_VAT],
            tax_per_kwh=numbers[CONF_BUY_TAX],
            bands=_decoded(bands_of, data.get(CONF_BANDS), usual.buy.bands),
        ),
        sell=Rate(
            spot_factor=numbers[CONF_SELL_SPOT] / 100,
            fee_per_kwh=-numbers[CONF_SELL_FEE],
            tax_per_kwh=numbers[CONF_SELL_FIXED],
            least_per_kwh=0.0 if floor else None,
        ),
        by_hour=by_hour,
    )


def contract_data(contract: Contract) -> dict[str, Any]:
    """Return a contract as options hold it."""
    return {**_numbers(contract), **_flags(contract), CONF_BANDS: [_row(band) for band in contract.buy.bands]}


def preset_data(preset: Preset, hours: TariffHours) -> dict[str, Any]:
    """Return a preset as options hold it, once its owner has chosen it."""
    return {CONF_PRESET: preset.value, **contract_data(preset_contract(preset, hours))}


def bands_of(rows: object) -> tuple[Band, ...]:
    """Return the bands that rows of a form tell; raise ValueError, or a relative of it, where they tell none."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise TypeError(f"{rows} are no rows")
    return tuple(_band(row) for row in rows)


def _band(row: Mapping[str, Any]) -> Band:
    """Return the band that a row tells; days or months that are not named are all."""
    kind = row.get(CONF_KIND)
    return Band(
        price_per_kwh=_finite(row[CONF_PRICE]),
        begin=_time(row.get(CONF_BEGIN)),
        end=_time(row.get(CONF_END)),
        days=frozenset(DAYS.index(day) for day in row.get(CONF_DAYS) or DAYS),
        months=frozenset(MONTHS.index(month) + 1 for month in row.get(CONF_MONTHS) or MONTHS),
        day_kind=DayKind(kind) if kind else None,
    )


def _row(band: Band) -> dict[str, Any]:
    """Return a band as a row of the form; what is all is not named."""
    row: dict[str, Any] = {CONF_PRICE: band.price_per_kwh}
    if band.begin != band.end:
        row |= {CONF_BEGIN: band.begin.isoformat(), CONF_END: band.end.isoformat()}
    if band.days != ALL_DAYS:
        row[CONF_DAYS] = [DAYS[day] for day in sorted(band.days)]
    if band.months != ALL_MONTHS:
        row[CONF_MONTHS] = [MONTHS[month - 1] for month in sorted(band.months)]
    return row | ({CONF_KIND: str(band.day_kind)} if band.day_kind else {})


def _numbers(contract: Contract) -> dict[str, float]:
    """Return the numbers of a contract by their keys: percent, and what the supplier keeps as a fee."""
    buy, sell = contract.buy, contract.sell
    return {
        CONF_BUY_SPOT: round(buy.spot_factor * 100, 6),
        CONF_BUY_FEE: buy.fee_per_kwh,
        CONF_BUY_VAT: buy.vat_pct,
        CONF_BUY_TAX: buy.tax_per_kwh,
        CONF_SELL_SPOT: round(sell.spot_factor * 100, 6),
        CONF_SELL_FEE: -sell.fee_per_kwh or 0.0,
        CONF_SELL_FIXED: sell.tax_per_kwh,
    }


def _flags(contract: Contract) -> dict[str, bool]:
    """Return what is so or not in a contract."""
    return {CONF_BY_HOUR: contract.by_hour, CONF_SELL_FLOOR: contract.sell.least_per_kwh is not None}


def _decoded[ValueT](decode: Callable[[Any], ValueT], value: Any, default: ValueT) -> ValueT:
    """Return what a value tells, or the default where it tells nothing."""
    try:
        return default if value is None else decode(value)
    except ArithmeticError, AttributeError, LookupError, TypeError, ValueError:
        return default


def _number(value: Any, default: float) -> float:
    """Return a number, or the default where it is none."""
    return _decoded(_finite, value, default)


def _flag(value: Any, default: bool) -> bool:
    """Return what is so or not, or the default where it is neither."""
    return value if isinstance(value, bool) else default


def _text(value: Any) -> str | None:
    """Return a text, None where it is none."""
    return value if isinstance(value, str) and value else None


def _finite(value: Any) -> float:
    """Return a number; raise ValueError where it is none."""
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{value} is no number")
    return number


def _time(value: Any) -> time:
    """Return a time of day, midnight where none is named; raise ValueError where it is none."""
    found = dt_util.parse_time(value) if value else time()
    if found is None:
        raise ValueError(f"{value} is no time")
    return found


_KIND_WORDS: Final[Mapping[str, DayKind]] = {
    **dict.fromkeys(("bleu", "blue", "blau", "blauw", "🔵", "🟦"), DayKind.BLUE),
    **dict.fromkeys(("blanc", "blanche", "white", "weiß", "wit", "⚪", "⬜"), DayKind.WHITE),
    **dict.fromkeys(("rouge", "red", "rot", "rood", "🔴", "🟥"), DayKind.RED),
}


def day_kind_of(words: str) -> DayKind | None:
    """Return the colour of a day that a state names, however it is spelt (Bleu, TEMPO_BLEU); None for none."""
    return next((_KIND_WORDS[word] for word in _words(words) if word in _KIND_WORDS), None)


def _words(text: str) -> Iterable[str]:
    """Return the words of a text, of small letters, and its signs."""
    spaced = "".join(sign if sign.isalpha() else f" {sign} " for sign in text.casefold() if sign != "\ufe0f")
    return spaced.split()
