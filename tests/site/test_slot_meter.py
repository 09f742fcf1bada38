"""Energy by quarters of an hour: import and export apart, gaps, and clocks that jump."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.home_energy_controller.planning.slots import slot_of
from custom_components.home_energy_controller.site.slot_meter import LONGEST_GAP_S, MeasuredSlot, SlotMeter

BEGIN = datetime(2026, 11, 23, 12, tzinfo=UTC)
SLOT = slot_of(BEGIN)

type Powers = tuple[float | None, float | None]


def measured(
    powers: Callable[[float], Powers], seconds: float, *, every_s: float = 10.0, meter: SlotMeter | None = None
) -> list[MeasuredSlot]:
    """Return the slots that end while these powers (grid, batteries) are measured for so long from 12:00 on."""
    meter, done = meter or SlotMeter(), []
    for number in range(int(seconds / every_s) + 1):
        at = number * every_s
        ended = meter.add(BEGIN + timedelta(seconds=at), 1000.0 + at, *powers(at))
        done += [] if ended is None else [ended]
    return done


def test_a_slot_has_the_energy_of_its_quarter() -> None:
    """1200 W for a quarter are 0.3 kWh; the house uses what the batteries give, too."""
    first, second = measured(lambda _: (1200.0, 300.0), 1800)
    assert (first.slot, second.slot) == (SLOT, SLOT + 1)
    assert first.imported_kwh == second.imported_kwh == pytest.approx(0.3)
    assert first.exported_kwh == 0
    assert first.net_load_w == second.net_load_w == pytest.approx(1500)
    assert first.is_whole


def test_import_and_export_within_a_slot_are_not_set_off() -> None:
    """Ten minutes of 900 W in, five of 600 W out: both are billed (the last cycle is counted with the next slot)."""
    done = measured(lambda at: (900.0 if at < 600 else -600.0, 0.0), 900)[0]
    assert done.imported_kwh == pytest.approx(0.15, rel=0.03)
    assert done.exported_kwh == pytest.approx(0.05, rel=0.03)
    assert done.net_load_w == pytest.approx(400, rel=0.03)


def test_charging_is_no_load() -> None:
    """What the batteries take from the grid is not what the house uses."""
    assert measured(lambda _: (2000.0, -1500.0), 900)[0].net_load_w == pytest.approx(500)


def test_what_was_not_measured_was_as_the_rest() -> None:
    """A minute and a half without a meter: the quarter is counted whole, by the mean of what was seen."""
    done = measured(lambda at: (None, None) if 300 <= at < 390 else (1200.0, 0.0), 900)[0]
    assert done.measured_s < 810
    assert done.is_whole
    assert done.imported_kwh == pytest.approx(0.3)
    assert done.net_load_w == pytest.approx(1200)


@pytest.mark.parametrize("missing", [(None, 0.0), (1200.0, None)])
def test_a_slot_of_which_too_much_is_missing_is_not_whole(missing: Powers) -> None:
    """The meter, or what the batteries do: a fifth may be missing."""
    assert not measured(lambda at: missing if at < 300 else (1200.0, 0.0), 900)[0].is_whole


def test_a_slot_of_which_nothing_was_measured_has_nothing() -> None:
    """It ends like any other."""
    done = measured(lambda _: (None, None), 900)[0]
    assert not done.is_whole
    assert done.imported_kwh == done.exported_kwh == done.net_load_w == 0


def test_a_long_gap_is_not_bridged() -> None:
    """Home Assistant was stopped: nothing is known of that time, nor of the slots that were slept through."""
    meter = SlotMeter()
    meter.add(BEGIN, 0.0, 3000.0, 0.0)
    assert meter.add(BEGIN + timedelta(seconds=LONGEST_GAP_S + 1), LONGEST_GAP_S + 1, 0.0, 0.0) is None
    done = meter.add(BEGIN + timedelta(hours=1), 3600.0, 0.0, 0.0)
    assert done == MeasuredSlot(slot=SLOT)
    assert meter.add(BEGIN + timedelta(hours=1, seconds=10), 3610.0, 0.0, 0.0) is None


def test_a_clock_that_jumps_forwards_invents_no_energy() -> None:
    """Time is counted by the clock that cannot be set."""
    meter = SlotMeter()
    measured(lambda _: (1200.0, 0.0), 600, meter=meter)
    done = meter.add(BEGIN + timedelta(hours=5), 1610.0, 1200.0, 0.0)
    assert done is not None
    assert (done.slot, done.measured_s) == (SLOT, 600)
    assert done.imported_ws == 1200 * 600


def test_a_clock_that_jumps_backwards_invents_no_energy() -> None:
    """The slot that was begun ends, and an earlier one begins with what was measured since."""
    meter = SlotMeter()
    measured(lambda _: (1200.0, 0.0), 600, meter=meter)
    done = meter.add(BEGIN - timedelta(minutes=20), 1610.0, 1200.0, 0.0)
    assert done is not None
    assert (done.slot, done.measured_s) == (SLOT, 600)
    again = meter.add(BEGIN, 1620.0, 1200.0, 0.0)
    assert again is not None
    assert (again.slot, again.measured_s) == (SLOT - 2, 10)
    assert not again.is_whole


@pytest.mark.parametrize("at", [1600.0, 1500.0])
def test_two_readings_of_one_moment_count_once(at: float) -> None:
    """Nor does anything count twice when the monotonic clock is not."""
    meter = SlotMeter()
    measured(lambda _: (1200.0, 0.0), 600, meter=meter)
    meter.add(BEGIN + timedelta(seconds=601), at, 1200.0, 0.0)
    done = meter.add(BEGIN + timedelta(seconds=900), at + 10, 1200.0, 0.0)
    assert done is not None
    assert done.measured_s == 600
