"""Files of prices, load and sun, as people have them."""

from collections import Counter
from collections.abc import Iterable, Mapping
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
import gzip
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from custom_components.home_energy_controller.planning.slots import PER_DAY, SLOT_S, by_slot, slot_of, start_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MINUTE_S = 60
PER_SLOT = SLOT_S // MINUTE_S
LONGEST_STEP_S = 3600
SLOTS_PER_YEAR = 365 * PER_DAY
_TIMES: tuple[tuple[str, tzinfo], ...] = (("start_utc", UTC), ("start_local", AMSTERDAM))


class InputError(ValueError):
    """A file that says something else than it should; the text tells which file and line."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of a file by the quarter, and by the minute where the file knows them."""

    by_slot: Mapping[int, float]
    by_minute: Mapping[int, float] | None = None
    """By minutes since 1970; None where the file's step is a quarter or longer."""


def read_prices(path: Path) -> dict[int, float]:
    """Return EUR/kWh by slot, of hours or quarters by `start_utc` or `start_local`."""
    return dict(_read(path, "eur_per_kwh").by_slot)


def read_powers(path: Path, column: str) -> Series:
    """Return watts of a column by `start_utc`; refuses what was written as kilowatts or as Wh of a negative load."""
    series = _read(path, column)
    if column == "load_w" and min(series.by_slot.values()) < 0:
        raise InputError(f"{path.name}: {column} is negative: it has to be what the house uses, without sun")
    if 0 < max(series.by_slot.values()) < 50:
        raise InputError(f"{path.name}: {column} is never above 50: these look like kilowatts")
    return series


def _read(path: Path, column: str) -> Series:
    """Return a column; each row holds until the next, the last as long as most do."""
    moments, values = _rows(path, column)
    steps_s = [(after - before).total_seconds() for before, after in pairwise(moments)]
    for line, step_s in enumerate(steps_s, start=3):
        if step_s <= 0:
            raise InputError(f"{path.name}, line {line}: not later than the line before")
    step_s = Counter(steps_s).most_common(1)[0][0]
    if not MINUTE_S <= step_s <= LONGEST_STEP_S:
        raise InputError(f"{path.name}: a step of {step_s:g} s; there are steps of 1 min to 1 h")
    holds_s = [each if each <= LONGEST_STEP_S else step_s for each in (*steps_s, step_s)]
    spans = list(zip(moments, holds_s, values, strict=True))
    slots = by_slot((moment, moment + timedelta(seconds=hold_s), value) for moment, hold_s, value in spans)
    return Series(slots, _minutes(spans) if step_s < SLOT_S else None)


def _minutes(spans: Iterable[tuple[datetime, float, float]]) -> dict[int, float]:
    """Return the values by minutes since 1970."""
    minutes = dict[int, float]()
    for moment, hold_s, value in spans:
        first = int(moment.timestamp()) // MINUTE_S
        minutes |= dict.fromkeys(range(first, first + max(1, round(hold_s / MINUTE_S))), value)
    return minutes


def _rows(path: Path, column: str) -> tuple[list[datetime], list[float]]:
    """Return moments and values of a .csv or .csv.gz."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name}: not readable: {error}") from error
    if len(rows) < 2:
        raise InputError(f"{path.name}: less than two rows")
    time, zone = next(((name, zone) for name, zone in _TIMES if name in rows[0]), (None, UTC))
    if time is None or column not in rows[0]:
        wanted = f"{' or '.join(name for name, _ in _TIMES)}, and {column}"
        raise InputError(f"{path.name}: columns {', '.join(rows[0])}; there have to be {wanted}")
    moments, values = list[datetime](), list[float]()
    for line, row in enumerate(rows, start=2):
        try:
            moments.append(datetime.fromisoformat(row[time]))
            values.append(float(row[column]))
        except (TypeError, ValueError) as error:
            raise InputError(f"{path.name}, line {line}: {error}") from error
    return _in_order(moments, zone), values


def _in_order(moments: Iterable[datetime], zone: tzinfo) -> list[datetime]:
    """Return moments in UTC; an hour of the clock that comes twice is at its second time where it does not go on."""
    result = list[datetime]()
    for moment in moments:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if result and aware.astimezone(UTC) <= result[-1]:
            aware = aware.replace(fold=1)
        result.append(aware.astimezone(UTC))
    return result


def whole_year(values: Iterable[int], zone: tzinfo = AMSTERDAM) -> range:
    """Return the slots from the first local day of which there are values to at most a year later."""
    slots = sorted(values)
    first = start_of(slots[0], zone)
    begin = first.replace(hour=0, minute=0)
    if begin < first:
        begin += timedelta(days=1)
    last = start_of(slots[-1] + 1, zone).replace(hour=0, minute=0)
    end = min(last, begin.replace(year=begin.year + 1))
    if end <= begin:
        raise InputError("there is not one whole day of values")
    return range(slot_of(begin), slot_of(end))


def moved(values: Mapping[int, float], slots: range, zone: tzinfo = AMSTERDAM) -> dict[int, float]:
    """Return values for slots of another year: those of the same weekday, about the same date, the same wall clock.

    What still is not known (an hour that the clock skipped, a gap) is what was known last.
    """
    if sum(slot in values for slot in slots) > 0.9 * len(slots):
        source = {slot: values[slot] for slot in slots if slot in values}
    else:
        walls = {start_of(slot, zone).replace(tzinfo=None, fold=0): value for slot, value in values.items()}
        days = [timedelta(weeks=weeks) for weeks in _weeks_away(slots, values)]
        source = {}
        for slot in slots:
            wall = start_of(slot, zone).replace(tzinfo=None, fold=0)
            if there := next((wall - away for away in days if wall - away in walls), None):
                source[slot] = walls[there]
    if len(source) < len(slots) / 2:
        raise InputError(f"values of {len(source) / PER_DAY:.0f} days for {len(slots) / PER_DAY:.0f} days")
    last = next(iter(source.values()))
    result = {}
    for slot in slots:
        last = result[slot] = source.get(slot, last)
    return result


def _weeks_away(slots: range, values: Iterable[int]) -> list[int]:
    """Return how many weeks ago about the same date was, for all years that there may be values of."""
    known = sorted(values)
    fewest, most = (slots.start - known[-1]) // SLOTS_PER_YEAR, (slots.stop - known[0]) // SLOTS_PER_YEAR + 1
    years = sorted(range(fewest, most + 1), key=abs)
    return [round(365.25 / 7 * year) + part for year in years for part in (0, 1, -1)]
