"""Prices as people pay them: by a formula on the market's price, by bands of the clock, or fixed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from .slots import BySlot, start_of

ALL_DAYS = frozenset(range(7))
ALL_MONTHS = frozenset(range(1, 13))
SLOTS_PER_HOUR = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A price that holds at hours of days; hours that end before they begin go on past midnight."""

    price_per_kwh: float
    begin: time = time()
    end: time = time()
    """The first moment that is no longer in it; the same as `begin` is all day."""
    days: frozenset[int] = ALL_DAYS
    """Of the week on which the hours begin, 0 is Monday."""
    months: frozenset[int] = ALL_MONTHS
    day_kind: str | None = None
    """The colour of the day, where the supplier has such (Tempo); None is any."""

    def holds(self, local: datetime, day_kinds: Mapping[date, str]) -> bool:
        """Return whether a moment (by the clock on the wall) is in the band."""
        at, day = local.time(), local.date()
        if self.begin < self.end:
            is_in = self.begin <= at < self.end
        else:
            is_in = at >= self.begin or at < self.end
            if at < self.end and self.begin != self.end:  # It began the evening before.
                day = date.fromordinal(day.toordinal() - 1)
        if self.begin == self.end:
            is_in = True
        is_kind = self.day_kind is None or day_kinds.get(day) == self.day_kind
        return is_in and is_kind and day.weekday() in self.days and day.month in self.months


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a kWh costs or yields: (market x factor + fee) x (1 + VAT) + tax + band."""

    spot_factor: float = 0.0
    """0 for a contract that does not follow the market."""
    fee_per_kwh: float = 0.0
    """Of the supplier, before VAT; negative for what is kept of a price that is paid out."""
    vat_pct: float = 0.0
    tax_per_kwh: float = 0.0
    """All that comes on top, VAT included."""
    bands: tuple[Band, ...] = ()
    """The first that holds counts; where none does, nothing is known."""
    least_per_kwh: float | None = None
    """Where it never falls below."""

    def price(self, spot_per_kwh: float | None, local: datetime, day_kinds: Mapping[date, str]) -> float | None:
        """Return the price per kWh at a moment, None where it is not known."""
        if self.spot_factor and spot_per_kwh is None:
            return None
        band = next((band.price_per_kwh for band in self.bands if band.holds(local, day_kinds)), None)
        if self.bands and band is None:
            return None
        market = (spot_per_kwh or 0.0) * self.spot_factor
        price = (market + self.fee_per_kwh) * (1 + self.vat_pct / 100) + self.tax_per_kwh + (band or 0.0)
        return price if self.least_per_kwh is None else max(self.least_per_kwh, price)


@dataclass(frozen=True, slots=True)
class SlotPrice:
    """What a kWh costs and yields in one slot."""

    buy: float
    sell: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the household agreed with its supplier."""

    buy: Rate
    sell: Rate
    by_hour: bool = False
    """The market's quarters are billed by the mean of their hour."""

    @property
    def follows_market(self) -> bool:
        """Return whether prices have to be fetched."""
        return bool(self.buy.spot_factor or self.sell.spot_factor)

    def prices(
        self, slots: Iterable[int], spot: BySlot, zone: tzinfo, day_kinds: Mapping[date, str] | None = None
    ) -> dict[int, SlotPrice]:
        """Return what a kWh costs and yields, for those slots of which both are known."""
        prices = {}
        for slot in slots:
            local, market = start_of(slot, zone), self._market(slot, spot)
            buy, sell = (rate.price(market, local, day_kinds or {}) for rate in (self.buy, self.sell))
            if buy is not None and sell is not None:
                prices[slot] = SlotPrice(buy, sell)
        return prices

    def _market(self, slot: int, spot: BySlot) -> float | None:
        """Return the market's price of a slot, as it is billed."""
        if not self.by_hour:
            return spot.get(slot)
        first = slot - slot % SLOTS_PER_HOUR
        known = [spot[each] for each in range(first, first + SLOTS_PER_HOUR) if each in spot]
        return sum(known) / len(known) if known else None


def fixed(price_per_kwh: float) -> Rate:
    """Return a rate that is the same at all hours."""
    return Rate(tax_per_kwh=price_per_kwh)
