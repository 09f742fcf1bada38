"""Counters that jump, run backwards or fall silent make no load."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.home_energy_controller.site.history import Flows, HomeHistory, _filled, power_rows

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(hour: float, change_wh: float | None) -> dict[str, Any]:
    """Return what the recorder tells of an hour."""
    begin = NOON + hour * HOUR
    return {"start": begin.timestamp(), "end": (begin + HOUR).timestamp(), "change": change_wh}


def powers_w(*rows: dict[str, Any]) -> list[float]:
    """Return the powers that rows tell; the first tells none."""
    return [power_w for _, _, power_w in power_rows([row(-1, 0.0), *rows])]


@pytest.mark.parametrize(("change_wh", "found"), [(500.0, [500.0]), (250_000.0, []), (-500.0, []), (None, [])])
def test_a_counter_that_was_replaced_or_reset_tells_nothing(change_wh: float | None, found: list[float]) -> None:
    """250 kW were never drawn, and nothing flows backwards through a counter."""
    assert powers_w(row(0, change_wh)) == found


def test_what_flowed_in_a_silence_is_no_power_of_the_hour_after_it() -> None:
    """Still counters stood still; a kilowatt-hour came at a time that nobody knows."""
    assert powers_w(row(5, 10.0)) == [pytest.approx(10.0 / 6)]
    assert powers_w(row(5, 1000.0)) == []
    assert powers_w(row(24 * 8, 10.0)) == []


def test_a_load_is_a_little_or_not_at_all_below_nothing() -> None:
    """Counters are read at different moments: a little is 0, much is a counter that is missing."""
    flows = Flows(imports=("in",), exports=("out",), sun=(), discharges=(), charges=(), apart=())
    powers = {"in": {1: 500.0, 2: 0.0, 3: 0.0}, "out": {1: 100.0, 2: 200.0, 3: 900.0}}
    assert _filled(HomeHistory(), flows, powers).load_w == {1: 400.0, 2: 0.0}
