"""What may flow, in both directions."""

from custom_components.home_energy_controller.control.power_range import PowerRange, range_of
from custom_components.home_energy_controller.control.settings import Circuit

SHED = Circuit(name="shed", limit_w=3680)


def test_reach() -> None:
    """Both directions at once."""
    wide, narrow = PowerRange(charge_w=100, discharge_w=900), PowerRange(charge_w=300, discharge_w=200)
    assert wide | narrow == PowerRange(charge_w=300, discharge_w=900)
    assert wide & narrow == PowerRange(charge_w=100, discharge_w=200)
    assert [narrow.clamped(power) for power in (-500, 150.4, 700)] == [-300, 150, 200]
    assert (range_of(-5), range_of(5)) == (PowerRange(charge_w=5), PowerRange(discharge_w=5))
