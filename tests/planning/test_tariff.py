"""What a kWh costs and yields at each hour, by a contract."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.planning.tariff import Band, Contract, Rate, SlotPrice, fixed

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 11, 23, tzinfo=AMSTERDAM)
NIGHT = Band(price_per_kwh=0.1, begin=time(22), end=time(6))


def at(hour: int, minute: int = 0, day: int = 23, month: int = 11) -> datetime:
    """Return a moment of November 2026, whose 23rd is a Monday."""
    return MONDAY.replace(month=month, day=day, hour=hour, minute=minute)


def test_vat_is_on_market_and_fee_and_not_on_what_comes_on_top() -> None:
    """(0.10 x 1.05 + 0.02) x 1.21 + 0.11 + 0.05."""
    rate = Rate(spot_factor=1.05, fee_per_kwh=0.02, vat_pct=21, tax_per_kwh=0.11, bands=(Band(price_per_kwh=0.05),))
    assert rate.price(0.10, at(12), {}) == pytest.approx(0.31125)


def test_market_below_zero_is_passed_on_unless_there_is_a_floor() -> None:
    """VAT is on a negative price as well."""
    assert Rate(spot_factor=1, vat_pct=21).price(-0.1, at(12), {}) == pytest.approx(-0.121)
    assert Rate(spot_factor=1, least_per_kwh=0).price(-0.1, at(12), {}) == 0
    assert Rate(spot_factor=1, least_per_kwh=0).price(0.1, at(12), {}) == 0.1


def test_price_is_unknown_where_the_market_or_the_band_is() -> None:
    """It is never taken for zero."""
    assert Rate(spot_factor=1, tax_per_kwh=0.1).price(None, at(12), {}) is None
    assert Rate(tax_per_kwh=0.1, bands=(NIGHT,)).price(None, at(12), {}) is None
    assert fixed(0.3).price(None, at(12), {}) == 0.3


@pytest.mark.parametrize(
    ("moment", "holds"),
    [(at(22), True), (at(21, 59), False), (at(0), True), (at(5, 59), True), (at(6), False), (at(12), False)],
)
def test_band_goes_on_past_midnight(moment: datetime, holds: bool) -> None:
    """Its end is no longer in it."""
    assert NIGHT.holds(moment, {}) is holds


def test_night_belongs_to_the_day_on_which_it_began() -> None:
    """Of the week, of the month, and of the colour."""
    friday = Band(price_per_kwh=0.1, begin=time(22), end=time(6), days=frozenset({4}))
    assert friday.holds(at(5, day=28), {})
    assert not friday.holds(at(5, day=27), {})
    november = Band(price_per_kwh=0.1, begin=time(22), end=time(6), months=frozenset({11}))
    assert november.holds(at(5, day=1, month=12), {})
    assert not november.holds(at(23, day=1, month=12), {})
    red = Band(price_per_kwh=0.1, begin=time(22), end=time(6), day_kind="red")
    kinds = {date(2026, 11, 23): "red", date(2026, 11, 24): "blue"}
    assert red.holds(at(3, day=24), kinds)
    assert not red.holds(at(23, day=24), kinds)
    assert not red.holds(at(23, day=25), kinds), "a day of unknown colour has none"


def test_band_of_some_days_and_months_holds_then_only() -> None:
    """All day, where it has no hours."""
    band = Band(price_per_kwh=0.1, days=frozenset({0}), months=frozenset({11}))
    assert [band.holds(at(0, day=day), {}) for day in (22, 23, 24)] == [False, True, False]
    assert not band.holds(at(0, day=7, month=12), {}), "a Monday of December"


def test_first_band_that_holds_counts() -> None:
    """So the last may be all the rest."""
    rate = Rate(bands=(NIGHT, Band(price_per_kwh=0.3)))
    assert [rate.price(None, at(hour), {}) for hour in (3, 12)] == [0.1, 0.3]
    rest_first = Rate(bands=rate.bands[::-1])
    assert [rest_first.price(None, at(hour), {}) for hour in (3, 12)] == [0.3, 0.3]


def test_contract_billed_by_the_hour_pays_the_mean_of_the_quarters() -> None:
    """Of those that are known, in every quarter of the hour."""
    first = slot_of(at(12))
    spot = {first: 0.1, first + 1: 0.2, first + 2: 0.3, first + 3: 0.4, first + 4: 1.0}
    contract = Contract(buy=Rate(spot_factor=1), sell=Rate(spot_factor=0.5), by_hour=True)
    prices = contract.prices(range(first, first + 9), spot, AMSTERDAM)
    assert [prices[first + quarter].buy for quarter in range(4)] == [pytest.approx(0.25)] * 4
    assert prices[first + 3].sell == pytest.approx(0.125)
    assert prices[first + 6] == SlotPrice(1.0, 0.5)
    assert first + 8 not in prices
    quarters = Contract(buy=Rate(spot_factor=1), sell=fixed(0)).prices(range(first, first + 9), spot, AMSTERDAM)
    assert [price.buy for price in quarters.values()] == [0.1, 0.2, 0.3, 0.4, 1.0]


def test_slot_has_a_price_only_where_both_are_known() -> None:
    """Buying alone says nothing about what to do."""
    contract = Contract(buy=fixed(0.3), sell=Rate(spot_factor=1))
    first = slot_of(at(12))
    assert contract.prices([first, first + 1], {first: 0.05}, AMSTERDAM) == {first: SlotPrice(0.3, 0.05)}


@pytest.mark.parametrize(("day", "slots", "cheap"), [((3, 29), 92, 20), ((10, 25), 100, 28), ((11, 23), 96, 24)])
def test_days_of_the_clock_change_have_a_price_in_each_slot(day: tuple[int, int], slots: int, cheap: int) -> None:
    """Hours are those of the clock on the wall: of a night that ends at 6 there are five, or seven."""
    begin = datetime(2026, *day, tzinfo=AMSTERDAM)
    numbers = range(slot_of(begin), slot_of(datetime(2026, day[0], day[1] + 1, tzinfo=AMSTERDAM)))
    assert len(numbers) == slots
    night = Band(price_per_kwh=0.1, begin=time(0), end=time(6))
    contract = Contract(buy=Rate(spot_factor=1, bands=(night, Band(price_per_kwh=0.3))), sell=fixed(0))
    prices = contract.prices(numbers, dict.fromkeys(numbers, 0.0), AMSTERDAM)
    assert list(prices) == list(numbers)
    assert [price.buy for price in prices.values()] == [0.1] * cheap + [0.3] * (slots - cheap)
    assert slot_of(datetime(2026, 3, 29, 1, tzinfo=UTC)) == slot_of(datetime(2026, 3, 29, 3, tzinfo=AMSTERDAM))
