"""Contracts of the bench of plans."""

from collections import Counter
from datetime import date, datetime
from statistics import fmean

import pytest

from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.tariffs import CASES, RED, WHITE, tempo_days
from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

YEAR = range(slot_of(datetime(2025, 1, 1, tzinfo=AMSTERDAM)), slot_of(datetime(2026, 1, 1, tzinfo=AMSTERDAM)))


def price(case: str, *moment: int, spot: float = 0.10) -> SlotPrice:
    slot = slot_of(datetime(*moment, tzinfo=AMSTERDAM))  # type: ignore[arg-type,misc]  # year, month, day, hour
    first = slot - slot % 4
    spots = {first: spot - 0.04, first + 1: spot - 0.04, first + 2: spot + 0.04, first + 3: spot + 0.04}
    if not CASES[case].contract.by_hour:
        spots = {slot: spot}
    return CASES[case].prices(range(slot, slot + 1), spots)[slot]


@pytest.mark.parametrize(
    ("case", "moment", "buy", "sell"),
    [
        ("nl_dynamic", (2025, 6, 3, 12), 0.256, 0.10),
        ("be_dynamic", (2025, 6, 3, 12), (0.105 + 0.01) * 1.06 + 0.12, 0.085),
        ("day_night", (2025, 6, 3, 12), 0.29, 0.08),
        ("day_night", (2025, 6, 3, 23), 0.24, 0.08),
        ("day_night", (2025, 6, 7, 12), 0.24, 0.08),
        ("nl_fixed", (2025, 6, 3, 12), 0.27, 0.01),
        ("flat", (2025, 6, 3, 12), 0.30, 0.08),
        ("de_bands", (2025, 1, 3, 18), 0.37, 0.079),
        ("de_bands", (2025, 1, 3, 3), 0.23, 0.079),
        ("de_bands", (2025, 6, 3, 18), 0.305, 0.079),
    ],
)
def test_what_a_contract_costs(case: str, moment: tuple[int, ...], buy: float, sell: float) -> None:
    found = price(case, *moment)
    assert (found.buy, found.sell) == pytest.approx((buy, sell))


@pytest.mark.parametrize("name", CASES)
def test_every_slot_of_a_year_has_a_price(name: str) -> None:
    prices = CASES[name].prices(YEAR, dict.fromkeys(YEAR, 0.08))
    assert len(prices) == len(YEAR)
    assert 0.1 < fmean(each.buy for each in prices.values()) < 0.4


def test_colours_of_days() -> None:
    """As many as there are, in the cold, red on no weekend, the same each time."""
    days = tempo_days(2025, 1)
    assert Counter(days.values()) == {"red": 22, "white": 43, "blue": 300}
    assert all(day.weekday() < 5 and day.month in {11, 12, 1, 2, 3} for day, kind in days.items() if kind == RED)
    assert all(day.weekday() < 6 and day.month not in {6, 7, 8, 9} for day, kind in days.items() if kind == WHITE)
    assert days == tempo_days(2025, 1) != tempo_days(2025, 2)
    assert len(tempo_days(2024, 1)) == 366


def test_a_night_has_the_colour_of_the_day_on_which_it_began() -> None:
    red = next(day for day, kind in tempo_days(2025, 1).items() if kind == RED)
    assert price("tempo", red.year, red.month, red.day, 12).buy == pytest.approx(0.706)
    after = date.fromordinal(red.toordinal() + 1)
    assert price("tempo", after.year, after.month, after.day, 3).buy == pytest.approx(0.157)
