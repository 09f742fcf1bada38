"""Telling a meter that shows usage only from one that a leader keeps at 0."""

from random import Random

import pytest

from custom_components.home_energy_controller.meter.base import MeterReading
from custom_components.home_energy_controller.meter.one_way import UsageWatch


def hours_until(mean_w: float, *, batteries_w: float = -800, clamp: bool = True, **shape: float) -> float | None:
    """Return after how many hours a meter is taken for one of usage, None for not in twelve."""
    random, watch = Random(1), UsageWatch()
    step_w, noise_w = shape.get("step_w", 1.0), shape.get("noise_w", 20.0)
    for second in range(0, 43_200, 10):
        true_w = random.gauss(mean_w, noise_w)
        shown_w = round((max(0.0, true_w) if clamp else true_w) / step_w) * step_w
        is_export = shown_w < 0 or (not clamp and true_w < 0 and step_w >= 50)
        reading = MeterReading(power_w=shown_w, at=second, step_w=step_w, is_export=is_export)
        if watch.is_usage_only(reading, batteries_w):
            return second / 3600
    return None


@pytest.mark.parametrize("mean_w", [0, 5, -20, -1500])
@pytest.mark.parametrize("step_w", [1.0, 10.0, 100.0])
def test_meter_that_stops_at_zero_is_found(mean_w: float, step_w: float) -> None:
    """Whatever the leader leaves, or the sun beyond what batteries take; sooner where it does not round."""
    found_h = hours_until(mean_w, step_w=step_w)
    assert found_h is not None
    assert found_h < (1.5 if step_w == 1 else 5)


@pytest.mark.parametrize("mean_w", [0, 0.5, 1, 2, 3, 5, 40])
@pytest.mark.parametrize("noise_w", [1.0, 5.0, 40.0])
def test_meter_that_a_leader_keeps_near_zero_is_not(mean_w: float, noise_w: float) -> None:
    """It shows a watt of export now and then."""
    assert hours_until(mean_w, noise_w=noise_w, clamp=False) is None


def test_zeros_of_a_house_whose_batteries_rest_or_deliver_say_nothing() -> None:
    """A house that is switched off stands at 0 as well."""
    assert hours_until(-500, batteries_w=0) is None
    assert hours_until(-500, batteries_w=800) is None
