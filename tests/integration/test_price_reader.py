"""Lists of prices, whatever they are called and however they are damaged."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.home_energy_controller.planning.slots import by_slot, slot_of
from custom_components.home_energy_controller.site.price_reader import (
    PriceProblem,
    Table,
    key_factor,
    read_day,
    read_rows,
    read_table,
    suspicion,
)

ZONE = ZoneInfo("Europe/Amsterdam")
DAY = datetime(2026, 1, 10, tzinfo=ZONE)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def starts(first: datetime, length: timedelta, count: int) -> list[datetime]:
    """Return starts that follow each other, on the clock of the zone."""
    return [(first.astimezone(UTC) + length * index).astimezone(ZONE) for index in range(count)]


def day_starts(day: date, length: timedelta) -> list[datetime]:
    """Return the starts of a whole day."""
    begin, end = (datetime.combine(each, datetime.min.time(), ZONE) for each in (day, day + timedelta(days=1)))
    return starts(begin, length, int((end.timestamp() - begin.timestamp()) // length.total_seconds()))


def iso(moment: datetime) -> str:
    return moment.isoformat()


def naive(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


@pytest.mark.parametrize(
    ("start", "end", "number"),
    [
        ("start", "end", "value"),
        ("start", "end", "price"),
        ("start_time", "end_time", "price_per_kwh"),
        ("startsAt", None, "total"),
        ("time", None, "price"),
        ("from", "till", "price"),
        ("datetime", None, "electricity_price"),
        ("timestamp", None, "price"),
        ("start_timestamp", "end_timestamp", "marketprice"),
        ("valid_from", "valid_to", "value_inc_vat"),
        ("hour", None, "tariff"),
        ("date", None, "whatever"),
    ],
)
@pytest.mark.parametrize("length", [HOUR, QUARTER])
def test_rows_are_read_whatever_they_are_called(start: str, end: str | None, number: str, length: timedelta) -> None:
    """With the length that they have, by their ends or by the gaps."""
    times = starts(DAY, length, 8)
    rows: list[dict[str, Any]] = [{start: iso(time), number: 0.1 * index} for index, time in enumerate(times)]
    if end is not None:
        rows = [row | {end: iso(time + length)} for row, time in zip(rows, times, strict=True)]
    read = read_rows(rows, ZONE)
    assert [row[0] for row in read] == times
    assert all(row[1] - row[0] == length for row in read)
    assert [row[2] for row in read] == pytest.approx([0.1 * index for index in range(8)])


@pytest.mark.parametrize(
    "written",
    [
        iso,
        naive,
        lambda moment: moment,
        lambda moment: moment.replace(tzinfo=None),
        lambda moment: moment.timestamp(),
        lambda moment: int(moment.timestamp() * 1000),
        lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S%z"),
    ],
)
def test_times_are_read_however_they_are_written(written: Callable[[datetime], object]) -> None:
    """Text with and without an offset, times, and seconds or milliseconds since 1970."""
    times = starts(DAY, HOUR, 3)
    read = read_rows([{"start": written(time), "value": 0.2} for time in times], ZONE)
    assert [row[0] for row in read] == times


@pytest.mark.parametrize(("day", "slots"), [(SPRING, 92), (date(2026, 1, 10), 96), (AUTUMN, 100)])
@pytest.mark.parametrize("length", [HOUR, QUARTER])
@pytest.mark.parametrize("written", [iso, naive])
@pytest.mark.parametrize("has_ends", [True, False])
def test_days_of_the_clock_change_are_whole(
    day: date, slots: int, length: timedelta, written: Callable[[datetime], str], has_ends: bool
) -> None:
    """Each slot once, and none twice as long, also where the clock does not tell two hours apart."""
    times = day_starts(day, length)
    rows = [{"start": written(time), "value": float(index)} for index, time in enumerate(times)]
    if has_ends:
        ends = [*times[1:], datetime.combine(day + timedelta(days=1), datetime.min.time(), ZONE)]
        rows = [row | {"end": written(end)} for row, end in zip(rows, ends, strict=True)]
    read = read_rows(rows, ZONE)
    assert [row[1] - row[0] for row in read] == [length] * len(times)
    prices = by_slot(read)
    assert len(prices) == slots
    assert list(dict.fromkeys(prices.values())) == [float(index) for index in range(len(times))]
    assert min(prices) == slot_of(times[0])


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_ends_that_were_counted_by_the_clock_on_the_wall_make_no_longer_rows(day: date) -> None:
    """An hour that ends at three began at two, whichever of both it was."""
    times = day_starts(day, HOUR)
    rows = [{"start": naive(time), "end": naive(time.replace(tzinfo=None) + HOUR), "value": 0.1} for time in times]
    assert {row[1] - row[0] for row in read_rows(rows, ZONE)} == {HOUR}


@pytest.mark.parametrize("day", [SPRING, date(2026, 1, 10), AUTUMN])
@pytest.mark.parametrize("length", [HOUR, QUARTER])
def test_bare_numbers_are_those_of_a_day(day: date, length: timedelta) -> None:
    """As many as it has hours or quarters."""
    times = day_starts(day, length)
    read = read_day([0.1 + index for index in range(len(times))], day, ZONE)
    assert [row[0].timestamp() for row in read] == [time.timestamp() for time in times]
    assert {row[1] - row[0] for row in read} == {length}


@pytest.mark.parametrize("count", [0, 1, 22, 24, 96, 97])
def test_bare_numbers_that_do_not_fit_the_day_are_not_read(count: int) -> None:
    """24 on a day of 23 hours: nobody knows which of them is none."""
    assert read_day([0.1] * count, SPRING, ZONE) == []
    assert read_day("0" * 23, SPRING, ZONE) == []


def test_a_number_of_a_day_that_is_none_is_left_out() -> None:
    """The others stay where they are."""
    read = read_day([None, 0.1] + [float("nan")] * 22, DAY.date(), ZONE)
    assert read == [(DAY + HOUR, DAY + 2 * HOUR, 0.1)]


def test_a_mapping_of_times_is_read() -> None:
    """As forecasts have it."""
    times = starts(DAY, HOUR, 2)
    assert read_rows({iso(time): 0.3 for time in times}, ZONE) == [(time, time + HOUR, 0.3) for time in times]


@pytest.mark.parametrize(
    "damaged",
    [
        {"value": 9.0},
        {"start": None, "value": 9.0},
        {"start": "soon", "value": 9.0},
        {"start": True, "value": 9.0},
        {"start": 5, "value": 9.0},
        {"start": "0001-01-01T00:00:00+23:00", "value": 9.0},
        {"start": iso(DAY + 3 * HOUR)},
        {"start": iso(DAY + 3 * HOUR), "value": None},
        {"start": iso(DAY + 3 * HOUR), "value": "dear"},
        {"start": iso(DAY + 3 * HOUR), "value": float("nan")},
        {"start": iso(DAY + 3 * HOUR), "value": float("inf")},
        {"start": iso(DAY + 3 * HOUR), "value": 10**400},
        {"start": iso(DAY + 3 * HOUR), "value": True},
        {"start": iso(DAY + 3 * HOUR), "value": [9.0]},
        {"start": iso(DAY + 3 * HOUR), "end": iso(DAY + 13 * HOUR), "value": 9.0},
        {"start": iso(DAY + 3 * HOUR), "end": iso(DAY + 3 * HOUR + timedelta(minutes=1)), "value": 9.0},
        "nonsense",
        None,
        7,
    ],
)
def test_a_damaged_row_is_left_out(damaged: object) -> None:
    """And only that."""
    times = starts(DAY, HOUR, 3)
    sane: list[object] = [{"start": iso(time), "value": 0.2} for time in times]
    assert read_rows([sane[0], damaged, *sane[1:]], ZONE) == [(time, time + HOUR, 0.2) for time in times]


@pytest.mark.parametrize(
    "value",
    [
        None,
        0.3,
        "[]",
        b"[]",
        [],
        {},
        [0.1, 0.2],
        ["2026-01-10"],
        {"a": 1},
        [{"start": iso(DAY), "value": 0.1}],
        [{"start": iso(DAY + timedelta(days=day)), "value": 0.1} for day in range(9)],
        [{"start": iso(DAY + timedelta(minutes=minute)), "value": 0.1} for minute in range(9)],
        [{"start": iso(DAY + HOUR * hour), "low": 0.1, "high": 0.2} for hour in range(9)],
    ],
)
def test_what_is_no_list_of_prices_has_none(value: object) -> None:
    """Also lists of days and of minutes, a row without a length, and a choice of numbers."""
    assert read_rows(value, ZONE) == []


def test_rows_are_sorted_and_the_last_of_two_counts() -> None:
    """As a list that was put together of two answers."""
    times = starts(DAY, HOUR, 3)
    rows = [{"start": iso(time), "value": index} for index, time in enumerate([*reversed(times), times[0]])]
    assert [(row[0], row[2]) for row in read_rows(rows, ZONE)] == list(zip(times, (3.0, 1.0, 0.0), strict=True))


def test_a_row_does_not_last_longer_for_a_missing_one() -> None:
    """What is not told is not known."""
    times = starts(DAY, HOUR, 6)
    read = read_rows([{"start": iso(time), "value": 0.1} for time in (*times[:2], *times[3:])], ZONE)
    assert {row[1] - row[0] for row in read} == {HOUR}
    assert len(by_slot(read)) == 5 * 4


def test_hours_and_quarters_in_one_list_keep_their_lengths() -> None:
    """Today by the hour, tomorrow by the quarter."""
    times = [*starts(DAY, HOUR, 4), *starts(DAY + 4 * HOUR, QUARTER, 4)]
    read = read_rows([{"start": iso(time), "value": 0.1} for time in times], ZONE)
    assert [row[1] - row[0] for row in read] == [HOUR] * 4 + [QUARTER] * 4


def test_numbers_may_be_text_or_decimals() -> None:
    """As templates and databases give them."""
    times = starts(DAY, HOUR, 2)
    rows = [{"start": iso(times[0]), "value": "0.25"}, {"start": iso(times[1]), "value": Decimal("0.5")}]
    assert [row[2] for row in read_rows(rows, ZONE)] == [0.25, 0.5]


@pytest.mark.parametrize(
    ("key", "number", "factor"),
    [
        ("price_eur_per_mwh", 80.0, 0.001),
        ("price_ct_per_kwh", 25.0, 0.01),
        ("price_eur_per_kwh", 0.25, 1.0),
        ("electricity_price", 2_838_646, 1e-7),
        ("electricity_price", 0.28, None),
        ("price", 80.0, None),
    ],
)
def test_a_name_may_tell_the_unit(key: str, number: float, factor: float | None) -> None:
    """It says more than the entity's unit, which is that of its state."""
    assert key_factor(read_table([{"start": iso(time), key: number} for time in starts(DAY, HOUR, 3)], ZONE)) == factor
    assert key_factor(Table([])) is None


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        ([], None),
        ([0.05, -0.4, 0.3], None),
        ([0.05] * 20 + [4.9], None),
        ([0.05] * 20 + [5.1], PriceProblem.LOOKS_LIKE_CENTS),
        ([8.0, 22.0, 31.0], PriceProblem.LOOKS_LIKE_CENTS),
        ([2.0, 2.5, 3.0], PriceProblem.LOOKS_LIKE_CENTS),
        ([-20.0, 62.0, 140.0], PriceProblem.LOOKS_LIKE_MWH),
    ],
)
def test_numbers_that_are_no_prices_per_kwh_are_refused(prices: list[float], problem: PriceProblem | None) -> None:
    """Never scaled: one wrong guess would be dear for a day."""
    assert suspicion(prices) == problem
