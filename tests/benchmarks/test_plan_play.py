"""A year under a planner, as the bench of plans counts it."""

from datetime import datetime

import pytest

from benchmarks.plan.homes import HOMES, year_of
from benchmarks.plan.inputs import AMSTERDAM
from benchmarks.plan.plant import Mode
from benchmarks.plan.play import NetZero, play, without_battery
from benchmarks.plan.tariffs import CASES
from benchmarks.plan.view import View, Views, Wish
from custom_components.home_energy_controller.planning.slots import slot_of

WEEK = range(slot_of(datetime(2025, 6, 2, tzinfo=AMSTERDAM)), slot_of(datetime(2025, 6, 9, tzinfo=AMSTERDAM)))
HOME = HOMES["family3"]
YEAR = year_of(HOME, WEEK)


class Resting:
    """Stands by, by one name or another."""

    def choose(self, view: View) -> Wish:
        return Wish("standby", view.now_slot % 2)


def test_net_zero_saves_and_what_is_counted_adds_up() -> None:
    views = Views(HOME, YEAR, CASES["flat"], {})
    bill = play(NetZero(), HOME, YEAR, views)
    bare = without_battery(YEAR, views.prices)
    assert bill.cost < bare
    assert bill.slots_by_mode == {Mode.NET_ZERO: len(WEEK)}
    assert bill.changes == 0
    assert len(bill.days_eur) == 7
    net_kwh = sum(YEAR.net_w) / 60000
    assert bill.imported_kwh - bill.exported_kwh == pytest.approx(net_kwh - bill.battery_out_kwh + bill.battery_in_kwh)
    assert sum(bill.days_eur) == pytest.approx(bill.imported_kwh * 0.30 - bill.exported_kwh * 0.08)


def test_standing_by_costs_what_no_battery_costs_and_its_own_draw() -> None:
    """And a change of mode is one."""
    views = Views(HOME, YEAR, CASES["flat"], {})
    bill = play(Resting(), HOME, YEAR, views)
    assert bill.changes == len(WEEK) - 1
    assert bill.cost > without_battery(YEAR, views.prices)
