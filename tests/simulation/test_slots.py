"""The schedule slots of Manual."""

import pytest

from simulation.slots import Slot, slots_power_w

MONDAY, TUESDAY, SUNDAY = 0, 1, 6


def slot(start: str, end: str, power_w: int = 100, *, week_set: int = 127, enabled: bool = True) -> Slot:
    """Return a slot."""
    start_min, end_min = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    return Slot(start_min=start_min, end_min=end_min, week_set=week_set, power_w=power_w, enabled=enabled)


def at(day: int, time: str, *slots: Slot) -> float:
    """Return what the slots ask for."""
    return slots_power_w(slots, day * 86400 + int(time[:2]) * 3600 + int(time[3:]) * 60)


def test_a_slot_acts_between_its_times_and_its_last_minute_is_excluded() -> None:
    """08:30 up to, not including, 20:30."""
    day = slot("08:30", "20:30")
    assert [at(MONDAY, time, day) for time in ("08:29", "08:30", "20:29", "20:30")] == [0, 100, 100, 0]


def test_a_slot_of_the_whole_day_leaves_out_the_minute_before_midnight() -> None:
    """The first script's slot 00:00-23:59."""
    day = slot("00:00", "23:59")
    assert [at(MONDAY, time, day) for time in ("00:00", "23:58", "23:59")] == [100, 100, 0]


def test_bit_0_is_monday_and_bit_6_is_sunday() -> None:
    """As documented."""
    assert [at(day, "12:00", slot("10:00", "14:00", week_set=1)) for day in range(7)] == [100, 0, 0, 0, 0, 0, 0]
    assert [at(day, "12:00", slot("10:00", "14:00", week_set=64)) for day in range(7)] == [0, 0, 0, 0, 0, 0, 100]


def test_a_slot_past_midnight_belongs_to_the_day_on_which_it_began() -> None:
    """22:00-06:00 on Sundays reaches into Monday, over the end of the week too."""
    night = slot("22:00", "06:00", week_set=1 << SUNDAY)
    assert [at(SUNDAY, time, night) for time in ("05:00", "21:59", "22:00", "23:59")] == [0, 0, 100, 100]
    assert [at(MONDAY, time, night) for time in ("00:00", "05:59", "06:00", "22:00")] == [100, 100, 0, 0]


def test_all_enabled_slots_act_together() -> None:
    """A forgotten one doubled a night's charge (stijn)."""
    slots = (slot("00:00", "23:59", -1000), slot("02:00", "03:00", -800), slot("02:00", "03:00", -999, enabled=False))
    assert at(TUESDAY, "02:30", *slots) == -1800
    assert at(TUESDAY, "04:00", *slots) == -1000


@pytest.mark.parametrize("times", [("10:00", "14:00"), ("22:00", "06:00")])
def test_a_disabled_slot_asks_for_nothing(times: tuple[str, str]) -> None:
    """By day and over midnight."""
    assert all(at(MONDAY, time, slot(*times, enabled=False)) == 0 for time in ("12:00", "23:00", "05:00"))
