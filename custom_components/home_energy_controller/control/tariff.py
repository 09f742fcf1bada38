"""When energy is cheap, and what it costs."""

from dataclasses import dataclass
from datetime import datetime, time

MIDNIGHT = time()
WORKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a kilowatt-hour costs and yields now, in the currency of the home."""

    buy_per_kwh: float = 0.30
    sell_per_kwh: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffHours:
    """When the high tariff holds, by the clock on the wall; all other hours are low."""

    high_days: frozenset[int] = WORKDAYS
    """0 is Monday."""
    high_from: time = time(7)
    high_to: time = time(22)
    """The first moment that is low again; midnight is the end of the day."""

    def is_low(self, local_time: datetime) -> bool:
        """Return whether the low tariff holds at a local time."""
        before_end = local_time.time() < self.high_to or self.high_to == MIDNIGHT
        return not (local_time.weekday() in self.high_days and self.high_from <= local_time.time() and before_end)
