"""Lists of prices as other integrations give them, whatever they call a start, an end and a number."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from math import isfinite
import re
from statistics import median
from typing import Any, Final

from .prices import MOST_PER_KWH

type Row = tuple[datetime, datetime, float]
"""From when (UTC), to when, and the number that holds in between."""

SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(hours=3)
"""No market sells longer slots: it is a list of days, or of something else."""

STARTS: Final = (
    *("start", "starttime", "startsat", "starttimestamp", "startdate", "timestart", "periodstart", "begin"),
    *("from", "fromtime", "validfrom", "timestamp", "datetime", "time", "date", "hour"),
)
ENDS: Final = (
    *("end", "endtime", "endsat", "endtimestamp", "enddate", "timeend", "periodend"),
    *("till", "to", "until", "tilltime", "totime", "validto", "validuntil"),
)
NUMBERS: Final = (
    *("value", "price", "priceperkwh", "total", "marketprice", "tariff", "electricityprice", "valueincvat"),
    *("pricectperkwh", "priceeurperkwh", "priceeurpermwh", "pricepermwh", "perkwh", "rate", "cost"),
)
"""What the three are called, in order of preference, in small letters only."""

TEN_MILLIONTHS: Final = "electricityprice"
"""Zonneplan tells prices in ten-millionths of a euro."""
LEAST_TEN_MILLIONTHS: Final = 10_000

MOST_MEDIAN_PER_KWH: Final = 1.5
"""In large currencies: no day's median was ever near it."""
MOST_MEDIAN_CENTS: Final = 45.0
"""Above it numbers that are no price per kWh are more likely per MWh than in cents; which of them is a guess."""


class PriceProblem(StrEnum):
    """Why there are no prices."""

    SOURCE_GONE = "source_gone"
    """The config entry or the entity was removed."""
    SOURCE_NOT_LOADED = "source_not_loaded"
    """The integration did not start, or has not yet; the entity is unavailable."""
    ACTION_CHANGED = "action_changed"
    """The action is not there any more, or does not take what it took."""
    ACTION_FAILED = "action_failed"
    NO_ANSWER = "no_answer"
    NO_PRICES = "no_prices"
    OUTDATED = "outdated"
    """All that it tells is over."""
    LOOKS_LIKE_CENTS = "looks_like_cents"
    LOOKS_LIKE_MWH = "looks_like_mwh"
    HOMES_DIFFER = "homes_differ"
    """Several homes have prices of their own, and none was chosen."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in order of time, and what the number of each is called."""

    rows: list[Row]
    number_key: str = ""
    """In small letters only; empty where it has no name."""


def read_rows(value: object, zone: tzinfo) -> list[Row]:
    """Return the rows of a list of mappings, or of a mapping from times to numbers; none if it is neither.

    Times without an offset are of `zone`. Rows that are damaged are left out.
    """
    return read_table(value, zone).rows


def read_table(value: object, zone: tzinfo) -> Table:
    """Return the rows of a list, and what their number is called, which may tell its unit."""
    if isinstance(value, Mapping):
        return Table(_with_ends(value.keys(), [None] * len(value), value.values(), zone))
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return Table([])
    rows = [{_plain(key): each for key, each in row.items()} for row in value if isinstance(row, Mapping)]
    start, end, number = (_first_key(rows, names) for names in (STARTS, ENDS, NUMBERS))
    if number is None:
        number = _only_number(rows, {start, end})
    if start is None or number is None:
        return Table([])
    starts, ends, numbers = ([row.get(key) for row in rows] for key in (start, end or "", number))
    return Table(_with_ends(starts, ends, numbers, zone), number)


def read_day(value: object, day: date, zone: tzinfo) -> list[Row]:
    """Return the rows of bare numbers, one for each hour or quarter of a day; none where the day has more or fewer."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    midnights = [datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + timedelta(days=1))]
    hours = (midnights[1] - midnights[0]) // timedelta(hours=1)
    if len(value) not in {hours, hours * 4}:
        return []
    length = timedelta(hours=hours) / len(value)
    starts = [midnights[0] + length * index for index in range(len(value))]
    numbers = [number_of(each) for each in value]
    return [(start, start + length, each) for start, each in zip(starts, numbers, strict=True) if each is not None]


def key_factor(table: Table) -> float | None:
    """Return what the name of a number says to make it a price per kWh, None where it says nothing."""
    key = table.number_key
    if key.endswith("permwh"):
        return 0.001
    if key.endswith(("ctperkwh", "centperkwh", "centsperkwh")):
        return 0.01
    if key.endswith("eurperkwh"):
        return 1.0
    numbers = [abs(number) for _, _, number in table.rows]
    if key == TEN_MILLIONTHS and numbers and median(numbers) > LEAST_TEN_MILLIONTHS:
        return 1e-7
    return None


def suspicion(prices_per_kwh: Iterable[float]) -> PriceProblem | None:
    """Return what numbers are that are no prices per kWh in a large currency, None if they may be such.

    They are never scaled by what they look like: 6 may be cents, or an hour in which the grid nearly failed.
    """
    sizes = [abs(price) for price in prices_per_kwh]
    if not sizes or (max(sizes) <= MOST_PER_KWH and median(sizes) <= MOST_MEDIAN_PER_KWH):
        return None
    return PriceProblem.LOOKS_LIKE_CENTS if median(sizes) <= MOST_MEDIAN_CENTS else PriceProblem.LOOKS_LIKE_MWH


def number_of(value: object) -> float | None:
    """Return a number that is one, also as text; None for others, and for those that are not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if isfinite(number) else None


def moments(values: Iterable[object], zone: tzinfo) -> Iterator[datetime | None]:
    """Return moments (UTC), None for what is none.

    A local time that the clock shows twice is the later one when it is told again.
    """
    seen: set[datetime] = set()
    for value in values:
        moment = _moment(value)
        if moment is not None and moment.tzinfo is None:
            local = moment.replace(tzinfo=zone)
            again = local.replace(fold=1)
            is_twice = (local.utcoffset() or timedelta()) > (again.utcoffset() or timedelta())
            local = again if is_twice and moment in seen else local
            seen.add(moment)
            moment = local
        try:
            yield None if moment is None else moment.astimezone(UTC)
        except OverflowError, ValueError:  # At the ends of the calendar.
            yield None


def _moment(value: object) -> datetime | None:
    """Return a moment told as text, time or seconds or milliseconds since 1970, None for others."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    seconds = value / 1000 if value > 1e11 else value
    return datetime.fromtimestamp(seconds, UTC) if 1e9 <= seconds < 1e10 else None


def _with_ends(starts: Iterable[object], ends: Iterable[object], numbers: Iterable[object], zone: tzinfo) -> list[Row]:
    """Return the rows that are sane, in order; of two with one start the last counts."""
    ends = list(ends)
    found: dict[datetime, tuple[timedelta | None, float]] = {}
    starts = list(starts)
    for start, end, raw_start, raw_end, raw in zip(
        moments(starts, zone), moments(ends, zone), starts, ends, numbers, strict=True
    ):
        number = number_of(raw)
        if start is not None and number is not None:
            found[start] = (_length(start, end, raw_start, raw_end), number)
    ordered = sorted(found)
    rows = []
    for start, gap in zip(ordered, _gaps(ordered), strict=True):
        length, number = found[start]
        length = gap if length is None else length
        if length is not None and SHORTEST <= length <= LONGEST:
            rows.append((start, start + length, number))
    return rows


def _length(start: datetime, end: datetime | None, raw_start: object, raw_end: object) -> timedelta | None:
    """Return how long a row lasts by its own end, None without one that is after its start."""
    if end is None:
        return None
    length = end - start
    local_start, local_end = _moment(raw_start), _moment(raw_end)
    if local_start and local_end and local_start.tzinfo is None and local_end.tzinfo is None:
        # Of the hour that the clock shows twice, the end is not told apart.
        by_clock = local_end - local_start
        length = min(length, by_clock)
    return length if length > timedelta() else None


def _gaps(starts: Sequence[datetime]) -> list[timedelta | None]:
    """Return how long each row lasts by its neighbours.

    The shorter of the gaps to both: where a row is missing, the one before it does not last longer for that.
    """
    between = [later - earlier for earlier, later in pairwise(starts)]
    if not between:
        return [None] * len(starts)
    before = [between[1] if len(between) > 1 else between[0], *between]
    after = [*between, between[-1]]
    return [min(pair) for pair in zip(before, after, strict=True)]


def _plain(key: object) -> str:
    """Return a name in small letters only: startsAt, starts_at and Starts at are one."""
    return re.sub(r"[^a-z]", "", str(key).casefold())


def _first_key(rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> str | None:
    """Return the first of the names that has something in any row."""
    there = {key for row in rows for key, value in row.items() if value is not None}
    return next((name for name in names if name in there), None)


def _only_number(rows: Sequence[Mapping[str, Any]], others: set[str | None]) -> str | None:
    """Return the name of the one number that rows have, None where there is none or a choice."""
    names = {key for row in rows for key, value in row.items() if number_of(value) is not None} - others
    return names.pop() if len(names) == 1 else None
