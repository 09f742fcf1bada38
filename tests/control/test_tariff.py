"""Tariff hours by the clock on the wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.home_energy_controller.control.settings import TariffHours

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EVERY_DAY = frozenset(range(7))


@pytest.mark.parametrize(
    ("day", "at", "is_low"),
    [
        (23, time(6, 59, 59), True),
        (23, time(7), False),
        (23, time(21, 59, 59), False),
        (23, time(22), True),
        (27, time(12), False),
        (28, time(12), True),
        (29, time(12), True),
    ],
)
def test_high_hours_are_those_of_the_first_script(day: int, at: time, is_low: bool) -> None:
    """Monday (the 23rd) to Friday from 7 to 22 h, unless the owner says otherwise."""
    local_time = datetime.combine(datetime(2026, 11, day, tzinfo=AMSTERDAM), at, AMSTERDAM)
    assert TariffHours().is_low(local_time) is is_low


def test_midnight_ends_the_day() -> None:
    """Who types 0:00 as the end means the end of the day, not its beginning."""
    tariff = TariffHours(high_from=time(17), high_to=time())
    assert not tariff.is_low(datetime(2026, 11, 23, 23, 59, tzinfo=AMSTERDAM))
    assert tariff.is_low(datetime(2026, 11, 24, 0, 0, tzinfo=AMSTERDAM))


@pytest.mark.parametrize(
    ("midnight", "hours", "first", "last"),
    [
        # 29 March: at 2:00 it is 3:00. 25 October: at 3:00 it is 2:00 again.
        (datetime(2026, 3, 28, 23, tzinfo=UTC), {"whole": 23, "day": 15, "night": 3}, 5, 20),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), {"whole": 25, "day": 15, "night": 5}, 6, 21),
        (datetime(2026, 10, 31, 23, tzinfo=UTC), {"whole": 24, "day": 15, "night": 4}, 6, 21),
    ],
)
def test_daylight_saving_days_follow_the_wall_clock(
    midnight: datetime, hours: dict[str, int], first: int, last: int
) -> None:
    """A window that the clock jumps over or repeats is so much shorter or longer; the others only move in UTC."""
    day = TariffHours(high_days=EVERY_DAY)
    night = TariffHours(high_days=EVERY_DAY, high_from=time(1), high_to=time(5))
    moments = [midnight + timedelta(minutes=meter_window) for meter_window in range(60 * hours["whole"])]
    high = [moment for moment in moments if not day.is_low(moment.astimezone(AMSTERDAM))]
    assert len(high) == 60 * hours["day"]
    assert (high[0].hour, high[-1].hour) == (first, last - 1)
    assert sum(not night.is_low(moment.astimezone(AMSTERDAM)) for moment in moments) == 60 * hours["night"]
