"""What households pay and are paid: contracts of four countries, about as they are.

Prices are rounded from what suppliers and networks published; they show kinds of contracts, no single offer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from random import Random

from benchmarks.plan.inputs import AMSTERDAM
from custom_components.home_energy_controller.planning.slots import BySlot, start_of
from custom_components.home_energy_controller.planning.tariff import Band, Contract, Rate, SlotPrice, fixed

WORKDAYS = frozenset(range(5))
WINTER_QUARTERS = frozenset({1, 2, 3, 10, 11, 12})
RED, WHITE, BLUE = "red", "white", "blue"
RED_DAYS, WHITE_DAYS = 22, 43
RED_MONTHS, WHITE_MONTHS = frozenset({11, 12, 1, 2, 3}), frozenset({10, 11, 12, 1, 2, 3, 4, 5})
RED_COLD = {11: 1.0, 12: 3.0, 1: 4.0, 2: 3.0, 3: 1.0}
"""How much more often a day is red in the cold months."""
SUNDAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A contract, and the colours of days where it has such."""

    name: str
    contract: Contract
    has_day_kinds: bool = False
    seed: int = 1

    @property
    def is_published(self) -> bool:
        """Return whether tomorrow is not known until it is published."""
        return self.contract.follows_market or self.has_day_kinds

    def prices(self, slots: range, spot: BySlot) -> dict[int, SlotPrice]:
        """Return what a kWh costs and yields."""
        return self.contract.prices(slots, spot, AMSTERDAM, self.day_kinds(slots))

    def day_kinds(self, slots: range) -> Mapping[date, str]:
        """Return the colours of the days, from the one before on: its night goes on past midnight."""
        if not self.has_day_kinds:
            return {}
        first, last = start_of(slots.start, AMSTERDAM).date(), start_of(slots.stop, AMSTERDAM).date()
        years = range(first.year - 1, last.year + 1)
        return {day: kind for year in years for day, kind in tempo_days(year, self.seed).items()}


def tempo_days(year: int, seed: int) -> dict[date, str]:
    """Return the colours of a calendar year: drawn, more red where it is cold, none on days that never have it."""
    random = Random(f"tempo {seed} {year}")
    days = [day for index in range(366) if (day := date(year, 1, 1) + timedelta(days=index)).year == year]
    may_red = [day for day in days if day.month in RED_MONTHS and day.weekday() in WORKDAYS]
    red = set(sorted(may_red, key=lambda day: random.random() ** (1 / RED_COLD[day.month]))[-RED_DAYS:])
    may_white = [day for day in days if day.month in WHITE_MONTHS and day.weekday() != SUNDAY and day not in red]
    white = set(random.sample(may_white, WHITE_DAYS))
    return {day: RED if day in red else WHITE if day in white else BLUE for day in days}


def _tempo() -> Iterator[Band]:
    """Return the bands of the six prices; the night belongs to the day on which it began."""
    for kind, by_night, by_day in ((BLUE, 0.132, 0.161), (WHITE, 0.149, 0.187), (RED, 0.157, 0.706)):
        yield Band(price_per_kwh=by_day, begin=time(6), end=time(22), day_kind=kind)
        yield Band(price_per_kwh=by_night, begin=time(22), end=time(6), day_kind=kind)


_DAY_NIGHT = (Band(price_per_kwh=0.29, begin=time(7), end=time(23), days=WORKDAYS), Band(price_per_kwh=0.24))
_NETWORK = (
    Band(price_per_kwh=0.02, begin=time(0), end=time(6), months=WINTER_QUARTERS),
    Band(price_per_kwh=0.16, begin=time(17), end=time(21), months=WINTER_QUARTERS),
    Band(price_per_kwh=0.095),
)
"""Germany, paragraph 14a, module 3: low and high at hours of at least two quarters of the year."""

CASES = {
    case.name: case
    for case in (
        Case(
            name="nl_dynamic",
            contract=Contract(buy=Rate(spot_factor=1, vat_pct=21, tax_per_kwh=0.135), sell=Rate(spot_factor=1)),
        ),
        Case(name="day_night", contract=Contract(buy=Rate(bands=_DAY_NIGHT), sell=fixed(0.08))),
        Case(name="nl_fixed", contract=Contract(buy=fixed(0.27), sell=fixed(0.01))),
        Case(
            name="be_dynamic",
            contract=Contract(
                buy=Rate(spot_factor=1.05, fee_per_kwh=0.01, vat_pct=6, tax_per_kwh=0.12),
                sell=Rate(spot_factor=0.95, fee_per_kwh=-0.01),
                by_hour=True,
            ),
        ),
        Case(name="de_bands", contract=Contract(buy=Rate(tax_per_kwh=0.21, bands=_NETWORK), sell=fixed(0.079))),
        Case(name="tempo", contract=Contract(buy=Rate(bands=tuple(_tempo())), sell=fixed(0.04)), has_day_kinds=True),
        Case(name="flat", contract=Contract(buy=fixed(0.30), sell=fixed(0.08))),
    )
}
