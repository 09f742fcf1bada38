"""Files for the bench of plans, and what stands in where there are none."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import gzip
from pathlib import Path
from statistics import fmean

import pytest

from benchmarks.plan.inputs import AMSTERDAM, InputError, moved, read_powers, read_prices, whole_year
from benchmarks.plan.profiles import draw_prices, family_load, roof
from custom_components.home_energy_controller.planning.slots import slot_of, start_of

YEAR = range(slot_of(datetime(2024, 12, 31, 23, tzinfo=UTC)), slot_of(datetime(2025, 12, 31, 23, tzinfo=UTC)))


def written(tmp_path: Path, header: str, rows: Sequence[str], name: str = "file.csv") -> Path:
    path, text = tmp_path / name, "\n".join([header, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_hours_hold_for_their_four_quarters(tmp_path: Path) -> None:
    """By UTC, packed."""
    rows = [f"2025-03-01T{hour:02}:00:00Z,{hour / 100}" for hour in range(24)]
    prices = read_prices(written(tmp_path, "start_utc,eur_per_kwh", rows, "prices.csv.gz"))
    first = slot_of(datetime(2025, 3, 1, tzinfo=UTC))
    assert [prices[first + quarter] for quarter in range(6)] == pytest.approx([0, 0, 0, 0, 0.01, 0.01])
    assert len(prices) == 96


@pytest.mark.parametrize(("day", "quarters"), [((2025, 3, 30), 92), ((2025, 10, 26), 100), ((2025, 6, 1), 96)])
@pytest.mark.parametrize("minutes", [15, 60])
def test_days_of_the_clock_change_by_the_wall_clock(
    tmp_path: Path, day: tuple[int, int, int], quarters: int, minutes: int
) -> None:
    """The hour that comes twice comes twice in order, be it in quarters or hours."""
    begin = slot_of(datetime(*day, tzinfo=AMSTERDAM))
    slots = range(begin, begin + quarters)
    step = minutes // 15
    rows = [f"{start_of(slot, AMSTERDAM):%Y-%m-%d %H:%M},{index / 1000}" for index, slot in enumerate(slots)][::step]
    prices = read_prices(written(tmp_path, "start_local,eur_per_kwh", rows))
    assert list(prices) == list(slots)
    assert [prices[slot] for slot in slots] == pytest.approx(
        [(index - index % step) / 1000 for index in range(quarters)]
    )


def test_a_file_by_the_minute_keeps_its_minutes(tmp_path: Path) -> None:
    """And has means."""
    begin = datetime(2025, 1, 5, tzinfo=UTC)
    rows = [f"{(begin + timedelta(minutes=minute)).isoformat()},{minute * 10}" for minute in range(30)]
    series = read_powers(written(tmp_path, "start_utc,load_w", rows), "load_w")
    assert series.by_minute is not None
    assert len(series.by_minute) == 30
    assert series.by_slot[slot_of(begin)] == pytest.approx(70)


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("time,load_w", ["2025-01-01,1", "2025-01-02,2"], "columns time, load_w"),
        ("start_utc,load_w", ["2025-01-01T00:00,100"], "less than two rows"),
        ("start_utc,load_w", ["2025-01-01T00:00,100", "2025-01-01T00:15,"], "line 3"),
        ("start_utc,load_w", ["2025-01-01T00:00,100", "morning,100"], "line 3"),
        ("start_utc,load_w", ["2025-01-01T00:15,100", "2025-01-01T00:00,100"], "line 3: not later"),
        ("start_utc,load_w", ["2025-01-01T00:00,100", "2025-01-02T00:00,100"], "a step of 86400 s"),
        ("start_utc,load_w", ["2025-01-01T00:00,-100", "2025-01-01T00:15,100"], "negative"),
        ("start_utc,load_w", ["2025-01-01T00:00,0.3", "2025-01-01T00:15,1.2"], "kilowatts"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, header: str, rows: list[str], says: str) -> None:
    """The text names the file and what is wrong."""
    with pytest.raises(InputError, match=rf"file\.csv.*{says}"):
        read_powers(written(tmp_path, header, rows), "load_w")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: not readable"):
        read_prices(tmp_path / "none.csv")


def test_the_year_begins_and_ends_at_local_midnight() -> None:
    assert whole_year(range(YEAR.start - 3, YEAR.stop + 50)) == YEAR


def test_a_load_of_another_year_keeps_weekday_and_clock() -> None:
    """Values that tell their weekday and hour still do, years later; the gap of the skipped hour is filled."""
    source = range(slot_of(datetime(2021, 1, 1, tzinfo=AMSTERDAM)), slot_of(datetime(2022, 1, 1, tzinfo=AMSTERDAM)))
    values = {slot: start_of(slot, AMSTERDAM).weekday() * 24 + start_of(slot, AMSTERDAM).hour for slot in source}
    found = moved(values, YEAR)
    assert list(found) == list(YEAR)
    wrong = [
        slot
        for slot in YEAR
        if found[slot] != start_of(slot, AMSTERDAM).weekday() * 24 + start_of(slot, AMSTERDAM).hour
    ]
    assert len(wrong) <= 4


def test_too_little_of_a_year_is_refused() -> None:
    with pytest.raises(InputError, match="values of"):
        moved(dict.fromkeys(range(YEAR.start, YEAR.start + 960), 1.0), YEAR)


def test_drawn_prices_differ_by_day_and_are_the_same_by_seed() -> None:
    prices = draw_prices(1, YEAR)
    assert prices == draw_prices(1, YEAR)
    assert prices != draw_prices(2, YEAR)
    assert fmean(prices.values()) == pytest.approx(0.0866, abs=0.005)
    noons = [prices[slot_of(datetime(2025, 1, day, 12, tzinfo=UTC))] for day in range(1, 31)]
    assert max(noons) - min(noons) > 0.04


def test_what_stands_in_for_load_and_sun() -> None:
    """Their energies are those of the pilot; at night there is no sun."""
    load, sun = family_load(YEAR), roof(YEAR)
    assert sum(load.values()) / 4000 == pytest.approx(4174, rel=0.01)
    assert sum(sun.values()) / 4000 == pytest.approx(4494)
    assert sun[slot_of(datetime(2025, 6, 21, 23, tzinfo=UTC))] == 0
    assert 3000 < max(sun.values()) < 5000
    by_hour = [fmean(sun[slot] for slot in YEAR if start_of(slot).hour == hour) for hour in range(24)]
    assert max(range(24), key=by_hour.__getitem__) == 11
