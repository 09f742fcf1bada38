"""Energy totals: counted from power, never backwards, never over a gap."""

from hypothesis import given, strategies as st
import pytest

from custom_components.home_energy_controller.site.energy import LONGEST_GAP_S, EnergyTotals


def counted(*readings: tuple[float, float]) -> EnergyTotals:
    """Return the totals after (power_w, at) readings."""
    totals = EnergyTotals()
    for power_w, at in readings:
        totals = totals.counted(power_w, at)
    return totals


def test_steady_discharge_counts_power_times_time() -> None:
    """1200 W for five minutes are 100 Wh."""
    totals = counted((1200, 0), (1200, 300))
    assert totals.discharged_wh == pytest.approx(100)
    assert totals.charged_wh == 0


def test_charging_is_counted_apart() -> None:
    """Negative power charges."""
    totals = counted((-600, 0), (-600, 300))
    assert totals.charged_wh == pytest.approx(50)
    assert totals.discharged_wh == 0


def test_a_reversal_counts_each_direction_up_to_the_zero_crossing() -> None:
    """From +300 W to -100 W the line crosses zero after three quarters of the time."""
    totals = counted((300, 0), (-100, 240))
    assert totals.discharged_wh == pytest.approx(300 / 2 * 180 / 3600)
    assert totals.charged_wh == pytest.approx(100 / 2 * 60 / 3600)


def test_a_gap_is_not_filled() -> None:
    """Nothing is known of the time between two readings that lie far apart."""
    totals = counted((2000, 0), (2000, LONGEST_GAP_S + 1))
    assert totals.discharged_wh == 0


def test_counting_goes_on_after_a_gap() -> None:
    """The reading after the gap starts anew."""
    gap = LONGEST_GAP_S + 1
    assert counted((2000, 0), (1200, gap), (1200, gap + 300)).discharged_wh == pytest.approx(100)


def test_the_same_reading_is_counted_once() -> None:
    """A cycle without a new answer sees the old reading again."""
    assert counted((1200, 0), (1200, 300), (1200, 300)).discharged_wh == pytest.approx(100)


@given(
    st.lists(st.tuples(st.floats(-5000, 5000, allow_nan=False), st.floats(0, 100_000, allow_nan=False)), max_size=20)
)
def test_totals_never_run_backwards(readings: list[tuple[float, float]]) -> None:
    """Whatever comes in whatever order."""
    totals = EnergyTotals()
    for power_w, at in readings:
        after = totals.counted(power_w, at)
        assert after.charged_wh >= totals.charged_wh
        assert after.discharged_wh >= totals.discharged_wh
        totals = after
