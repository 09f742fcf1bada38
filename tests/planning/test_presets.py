"""Contracts as they are sold."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.home_energy_controller.control.settings import TariffHours
from custom_components.home_energy_controller.planning.presets import DayKind, Preset, preset_contract
from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice

PARIS = ZoneInfo("Europe/Paris")
YEAR = range(slot_of(datetime(2026, 1, 1, tzinfo=PARIS)), slot_of(datetime(2027, 1, 1, tzinfo=PARIS)))


def price(preset: Preset, moment: datetime, spot: float = 0.10, kind: DayKind | None = None) -> SlotPrice:
    """Return what a contract costs at a moment, on a day of a colour."""
    begin = (moment - timedelta(hours=6)).date()
    slot = slot_of(moment)
    return preset_contract(preset).prices([slot], {slot: spot}, PARIS, {begin: kind} if kind else {})[slot]


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("kind", DayKind)
def test_contract_has_a_price_at_all_hours_of_a_year(preset: Preset, kind: DayKind) -> None:
    """On days of every colour, the clock changes among them, and what is bought is dearer than what is sold."""
    first = datetime(2025, 12, 31, tzinfo=PARIS).date()
    kinds = {first + timedelta(days=day): str(kind) for day in range(367)}
    prices = preset_contract(preset).prices(YEAR, dict.fromkeys(YEAR, 0.08), PARIS, kinds)
    assert len(prices) == len(YEAR)
    assert all(0 < each.sell < each.buy < 0.7 or preset is Preset.OWN for each in prices.values())


@pytest.mark.parametrize(
    ("preset", "hour", "buy", "sell"),
    [
        (Preset.NL_DYNAMIC, 12, (0.10 + 0.02) * 1.21 + 0.1108, 0.10),
        (Preset.NL_FIXED, 12, 0.27, 0.01),
        (Preset.BE_DYNAMIC, 12, (0.105 + 0.01) * 1.06 + 0.12, 0.085),
        (Preset.WALLONIA, 12, 0.1166 + 0.05 + 0.07, 0.03),
        (Preset.WALLONIA, 18, 0.1166 + 0.05 + 0.19, 0.03),
        (Preset.WALLONIA, 8, 0.1166 + 0.05 + 0.12, 0.03),
        (Preset.WALLONIA, 0, 0.1166 + 0.05 + 0.12, 0.03),
        (Preset.WALLONIA, 3, 0.1166 + 0.05 + 0.07, 0.03),
        (Preset.DE_14A, 18, 0.34, 0.079),
        (Preset.DE_14A, 3, 0.23, 0.079),
        (Preset.DE_14A, 12, 0.29, 0.079),
        (Preset.FR_HP_HC, 12, 0.2081, 0.04),
        (Preset.FR_HP_HC, 23, 0.1635, 0.04),
        (Preset.DAY_NIGHT, 12, 0.29, 0.05),
        (Preset.DAY_NIGHT, 23, 0.24, 0.05),
        (Preset.FIXED, 12, 0.30, 0.08),
        (Preset.OWN, 12, 0.10, 0.08),
    ],
)
def test_contract_costs_what_its_formula_says(preset: Preset, hour: int, buy: float, sell: float) -> None:
    """At a market's price of 10 ct, on a Monday."""
    found = price(preset, datetime(2026, 11, 23, hour, tzinfo=PARIS))
    assert (found.buy, found.sell) == pytest.approx((buy, sell))


def test_red_night_of_tempo_is_that_of_the_day_before() -> None:
    """A day has its colour from 6 to 6 h."""
    found = [
        price(Preset.FR_TEMPO, datetime(2026, 1, day, hour, tzinfo=PARIS), kind=DayKind.RED).buy
        for day, hour in ((12, 6), (12, 21), (12, 22), (13, 5))
    ]
    assert found == [0.6468, 0.6468, 0.1460, 0.1460]


@pytest.mark.parametrize("preset", Preset)
def test_who_follows_the_market_is_known(preset: Preset) -> None:
    """The others need no source of prices."""
    follows = {Preset.NL_DYNAMIC, Preset.BE_DYNAMIC, Preset.OWN}
    assert preset_contract(preset).follows_market is (preset in follows)


def test_day_and_night_are_those_of_the_owner() -> None:
    """Midnight is the end of the day; with no high day at all, there is one price."""
    hours = TariffHours(high_days=frozenset({5}), high_from=time(17), high_to=time())
    bands = preset_contract(Preset.DAY_NIGHT, hours).buy
    saturday = datetime(2026, 11, 28, tzinfo=PARIS)
    moments = [saturday.replace(hour=hour) for hour in (16, 17, 23)] + [saturday + timedelta(days=1)]
    assert [bands.price(None, moment, {}) for moment in moments] == [0.24, 0.29, 0.29, 0.24]
    none = preset_contract(Preset.DAY_NIGHT, TariffHours(high_days=frozenset())).buy
    assert [band.price_per_kwh for band in none.bands] == [0.24], "no days in a form are all days"


def test_flemish_contract_is_billed_by_the_hour() -> None:
    """The Dutch one by the quarter."""
    assert preset_contract(Preset.BE_DYNAMIC).by_hour
    assert not preset_contract(Preset.NL_DYNAMIC).by_hour
