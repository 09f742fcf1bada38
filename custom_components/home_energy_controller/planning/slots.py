"""Quarters of an hour, numbered since 1970 in UTC: a day of the clock change has 92 or 100, that is all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from math import ceil, floor

SLOT_S = 900
SLOT_H = SLOT_S / 3600
PER_DAY = 96

type BySlot = Mapping[int, float]
"""A value of each slot; what is not known is not there."""


def slot_of(moment: datetime) -> int:
    """Return the slot that an aware moment is in."""
    return floor(moment.timestamp()) // SLOT_S


def start_of(slot: int, zone: tzinfo = UTC) -> datetime:
    """Return when a slot begins."""
    return datetime.fromtimestamp(slot * SLOT_S, zone)


def by_slot(rows: Iterable[tuple[datetime, datetime, float]]) -> dict[int, float]:
    """Return the mean of each slot of values that hold from one moment to another; one half unknown is left out."""
    parts: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for begin, end, value in rows:
        begin_s, end_s = begin.timestamp(), end.timestamp()
        for slot in range(floor(begin_s / SLOT_S), ceil(end_s / SLOT_S)):
            seconds = min(end_s, (slot + 1) * SLOT_S) - max(begin_s, slot * SLOT_S)
            parts[slot].append((seconds, value))
    known_s = {slot: sum(seconds for seconds, _ in each) for slot, each in parts.items()}
    return {
        slot: sum(seconds * value for seconds, value in each) / known_s[slot]
        for slot, each in parts.items()
        if known_s[slot] > SLOT_S / 2
    }
