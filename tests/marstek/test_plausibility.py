"""Which states of charge are believed at once, and which only when they last."""

from itertools import pairwise

import pytest

from custom_components.home_energy_controller.marstek.models import Reading
from custom_components.home_energy_controller.marstek.plausibility import ChargeGuard, ChargeLimits

VENUS_E = ChargeLimits(capacity_wh=5120.0, most_w=2500.0)
VENUS_C = ChargeLimits(capacity_wh=2560.0, most_w=2500.0)


def told(*values: tuple[float, float], limits: ChargeLimits = VENUS_E) -> list[tuple[float | None, bool]]:
    """Return what is believed after each (time in s, charge in %), and whether the newest is held back."""
    guard, found = ChargeGuard(), list[tuple[float | None, bool]]()
    for at, value in values:
        guard = guard.after(Reading(value, at), limits)
        assert guard.believed is not None
        assert guard.believed.received_at == at, "it goes on telling"
        found.append((guard.believed.value, guard.is_in_doubt))
    return found


def every(interval_s: float, *values: float) -> list[tuple[float, float]]:
    """Return values at equal intervals."""
    return [(1000.0 + number * interval_s, value) for number, value in enumerate(values)]


def test_nothing_is_believed_of_a_battery_that_told_nothing() -> None:
    """Unknown is not 0."""
    assert ChargeGuard().believed is None
    assert not ChargeGuard().is_in_doubt


@pytest.mark.parametrize("first", [0.0, 3.0, 50.0, 100.0])
def test_the_first_value_ever_is_believed(first: float) -> None:
    """There is nothing to compare it with."""
    assert told((5.0, first)) == [(first, False)]


@pytest.mark.parametrize("limits", [VENUS_E, VENUS_C])
@pytest.mark.parametrize("interval_s", [10.0, 30.0, 120.0])
def test_a_battery_at_full_power_is_believed_all_the_time(limits: ChargeLimits, interval_s: float) -> None:
    """Printed in whole per cent, and however often it is asked."""
    rate = 2500.0 * interval_s / 36.0 / limits.capacity_wh
    course = [float(int(100.0 - number * rate)) for number in range(int(100 / rate))]
    assert told(*every(interval_s, *course), limits=limits) == [(value, False) for value in course]
    back = course[::-1]
    assert told(*every(interval_s, *back), limits=limits) == [(value, False) for value in back]


@pytest.mark.parametrize("glitch", [0.0, 100.0, 12.0, 60.0])
@pytest.mark.parametrize(("interval_s", "times"), [(10.0, 12), (30.0, 4), (30.0, 1), (120.0, 2)])
def test_a_glitch_changes_nothing(glitch: float, interval_s: float, times: int) -> None:
    """Two minutes of 0 % were seen."""
    seen = told(*every(interval_s, 50, 50, *[glitch] * times, 50, 50))
    assert seen == [(50, False)] * 2 + [(50, True)] * times + [(50, False)] * 2


@pytest.mark.parametrize("interval_s", [10.0, 30.0, 120.0])
@pytest.mark.parametrize(("before", "after"), [(80.0, 61.0), (100.0, 88.0), (30.0, 12.0), (11.0, 40.0)])
def test_what_a_bms_corrects_is_believed_once_it_lasts(interval_s: float, before: float, after: float) -> None:
    """After five minutes, not before, and then at once."""
    steps = int(600 / interval_s)
    seen = told(*every(interval_s, before, *[after] * steps))
    doubtful = [number for number, (_, held) in enumerate(seen) if held]
    assert doubtful == list(range(1, 1 + int(300 / interval_s + 0.99)))
    assert seen[-1] == (after, False)


def test_a_corrected_battery_goes_on_charging_while_it_is_doubted() -> None:
    """The new value moves as it would; it need not stand still to be believed."""
    values = [20.0, *(60.0 + number for number in range(12))]
    assert told(*every(60.0, *values))[-1] == (71.0, False)


def test_values_that_jump_about_are_never_believed() -> None:
    """Noise does not repeat."""
    values = [50.0, *(value for _ in range(20) for value in (0.0, 90.0))]
    assert {believed for believed, _ in told(*every(30.0, *values))} == {50.0}


def test_after_a_long_silence_any_charge_is_possible() -> None:
    """Its app may have run it meanwhile; what an hour explains is believed at once."""
    assert told((0.0, 50.0), (3600.0, 5.0)) == [(50.0, False), (5.0, False)]
    assert told((0.0, 50.0), (600.0, 58.0)) == [(50.0, False), (58.0, False)]
    assert told((0.0, 50.0), (600.0, 5.0)) == [(50.0, False), (50.0, True)]


def test_a_silence_is_no_repetition() -> None:
    """Two readings far apart are two glitches, perhaps."""
    assert told((0.0, 50.0), (30.0, 0.0), (400.0, 0.0))[-1] == (50.0, True)


def test_the_same_reading_is_judged_once() -> None:
    """However often somebody looks."""
    guard = ChargeGuard().after(Reading(50.0, 1.0), VENUS_E).after(Reading(0.0, 30.0), VENUS_E)
    assert guard.after(Reading(0.0, 30.0), VENUS_E) is guard
    assert guard.after(Reading(0.0, 29.0), VENUS_E) is guard


def test_more_capacity_makes_steps_smaller() -> None:
    """What explains a step in a small battery explains none in a large one."""
    small, *_, large = [
        ChargeLimits(capacity_wh=capacity_wh, most_w=2500.0) for capacity_wh in (2000.0, 5000.0, 20_000.0)
    ]
    for before, after in pairwise((Reading(50.0, 0.0), Reading(60.0, 150.0))):
        assert small.allow(before, after)
        assert not large.allow(before, after)
