"""The table of what the simulated devices rest on."""

import pytest

from simulation.assumptions import RAMP, TABLE


def test_assumptions_are_numbers_that_can_be_used_as_such() -> None:
    """No `.value` clutters the formulas."""
    assert RAMP * 0.5 == 200.0
    assert (RAMP.unit, RAMP.grade) == ("W/s", "K")


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_assumption_tells_its_unit_its_grade_and_its_source(name: str) -> None:
    """A number without evidence has no place in the table."""
    assumption = TABLE[name]
    assert assumption.unit
    assert assumption.grade in set("DVCFKUBI")
    assert len(assumption.source) > 3


def test_the_table_is_whole() -> None:
    """The dynamics, the losses, the taper, the laws, the network and the meter are in it."""
    assert {"LAG", "IDLE_LOSS", "TAPER_2_LIMIT", "FLIP_TICKS", "OUTAGE_MAX", "METER_NOISE"} <= TABLE.keys()
