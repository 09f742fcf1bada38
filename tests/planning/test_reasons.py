"""Why a slot is planned as it is: each sentence in a case made for it, with the right numbers and slot."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from custom_components.home_energy_controller.planning.modes import NET_ZERO, Choice, Expected, PlanMode
from custom_components.home_energy_controller.planning.optimiser import Step
from custom_components.home_energy_controller.planning.plan import Plan, make_plan
from custom_components.home_energy_controller.planning.reasons import NOTED_WH, Course, Reason, Why

from .build import CHARGE_ONLY, DISCHARGE_ONLY, MONDAY, STANDBY, many_slots, outlook, slot, storage

BUY = Choice(PlanMode.CHARGE_FROM_GRID, -2500)
SELL = Choice(PlanMode.DELIVER_TO_GRID, 2500)
WORTH = 0.27
"""Of stored energy, where a case does not reckon it."""
DEFICIT, SURPLUS, EVEN = slot(800.0, 0.30, 0.06), slot(-800.0, 0.30, 0.06), slot(20.0, 0.30, 0.06)


def reason(choice: Choice, now: Expected, *later: tuple[Choice, Expected], energy_wh: float = 4000.0) -> Reason:
    """Return why something is done now, when this is done later."""
    return reasons([(choice, now, energy_wh), *((each, slot, 4000.0) for each, slot in later)])


def reasons(course: Sequence[tuple[Choice, Expected, float]]) -> Reason:
    """Return why the first step of a course is as it is, each with the energy at its begin."""
    steps = [Step(choice, energy_wh, 0.0) for choice, _, energy_wh in course]
    return Course(outlook(slot for _, slot, _ in course), steps, 9000.0).reason(0, WORTH)


def test_cheap_now_names_the_dearest_slot_that_it_is_used_in() -> None:
    """Bought at 10 ct for 45 ct at the third slot."""
    cheap, dear = slot(800.0, 0.10, 0.05), slot(800.0, 0.45, 0.20)
    assert reason(BUY, cheap, (NET_ZERO, DEFICIT), (DISCHARGE_ONLY, dear), (NET_ZERO, DEFICIT)) == Reason(
        Why.CHEAP_NOW, 0.10, 0.45, MONDAY + 2
    )


def test_what_is_bought_again_later_is_not_what_is_bought_now() -> None:
    """The dearer evening after the next cheap night is served by that night."""
    cheap, dear, dearer = slot(800.0, 0.10), slot(800.0, 0.45), slot(800.0, 0.60)
    assert reason(BUY, cheap, (BUY, cheap), (NET_ZERO, dear), (BUY, cheap), (NET_ZERO, dearer)) == Reason(
        Why.CHEAP_NOW, 0.10, 0.45, MONDAY + 2
    )


def test_what_comes_after_empty_is_not_served_by_what_is_bought_now() -> None:
    """Tomorrow's dearer evening is served by tomorrow's sun: this energy is used up by then."""
    cheap, dear, dearer = slot(800.0, 0.10), slot(800.0, 0.45), slot(800.0, 0.60)
    course = [
        (BUY, cheap, 0.0),
        (NET_ZERO, dear, 600.0),
        (NET_ZERO, DEFICIT, 0.0),
        (NET_ZERO, SURPLUS, 0.0),
        (NET_ZERO, dearer, 300.0),
    ]
    assert reasons(course) == Reason(Why.CHEAP_NOW, 0.10, 0.45, MONDAY + 1)


def test_what_is_bought_for_after_the_horizon_has_its_worth_only() -> None:
    """No slot is named."""
    assert reason(BUY, DEFICIT) == Reason(Why.CHEAP_NOW, 0.30, WORTH)
    assert reason(BUY, DEFICIT, (NET_ZERO, SURPLUS), (CHARGE_ONLY, DEFICIT)) == Reason(Why.CHEAP_NOW, 0.30, WORTH)


def test_sold_names_what_it_yields_and_what_it_would_be_worth() -> None:
    """The selling price, not the buying price."""
    assert reason(SELL, slot(800.0, 0.50, 0.40)) == Reason(Why.SOLD, 0.40, WORTH)


@pytest.mark.parametrize("choice", [CHARGE_ONLY, STANDBY])
def test_kept_names_when_it_is_used(choice: Choice) -> None:
    """At 30 ct it is not used, at 55 ct it is."""
    dear = slot(800.0, 0.55)
    assert reason(choice, DEFICIT, (choice, DEFICIT), (NET_ZERO, dear)) == Reason(Why.KEPT, 0.30, 0.55, MONDAY + 2)
    assert reason(choice, DEFICIT, (choice, dear)) == Reason(Why.KEPT, 0.30, WORTH)


@pytest.mark.parametrize("choice", [DISCHARGE_ONLY, STANDBY])
def test_room_is_kept_for_a_cheaper_surplus(choice: Choice) -> None:
    """Sold at 6 ct now, because at the second slot it would bring 1 ct."""
    cheap = slot(-800.0, 0.30, 0.01)
    assert reason(choice, SURPLUS, (NET_ZERO, cheap)) == Reason(Why.ROOM_KEPT, 0.06, 0.01, MONDAY + 1)


def test_room_is_kept_for_a_cheap_purchase() -> None:
    """Then its price is the buying price."""
    paid = slot(0.0, -0.10, -0.12)
    assert reason(STANDBY, SURPLUS, (BUY, paid)) == Reason(Why.ROOM_KEPT, 0.06, -0.10, MONDAY + 1)


def test_a_surplus_that_no_cheaper_one_follows_is_sold() -> None:
    """What is charged later at more, or not within a day, is no reason."""
    dearer, cheaper = slot(-800.0, 0.30, 0.07), slot(-800.0, 0.30, 0.01)
    day = [(STANDBY, DEFICIT)] * 95
    assert reason(DISCHARGE_ONLY, SURPLUS, (NET_ZERO, dearer)) == Reason(Why.SURPLUS_SOLD, 0.06, WORTH)
    assert reason(STANDBY, SURPLUS, *day, (NET_ZERO, cheaper)) == Reason(Why.SURPLUS_SOLD, 0.06, WORTH)
    assert reason(STANDBY, SURPLUS, (STANDBY, cheaper)) == Reason(Why.SURPLUS_SOLD, 0.06, WORTH)


@pytest.mark.parametrize("choice", [NET_ZERO, CHARGE_ONLY])
def test_stored_names_what_selling_would_bring(choice: Choice) -> None:
    """And what it is worth."""
    assert reason(choice, SURPLUS) == Reason(Why.STORED, 0.06, WORTH)


@pytest.mark.parametrize("choice", [NET_ZERO, DISCHARGE_ONLY])
def test_serves_names_what_buying_would_cost(choice: Choice) -> None:
    """And what it would be worth."""
    assert reason(choice, DEFICIT) == Reason(Why.SERVES, 0.30, WORTH)


def test_full_and_empty_come_before_what_would_be_done() -> None:
    """A full battery stores no surplus, an empty one serves no house and sells nothing."""
    assert reason(NET_ZERO, SURPLUS, energy_wh=9000 - NOTED_WH / 2) == Reason(Why.FULL, 0.06, WORTH)
    assert reason(NET_ZERO, SURPLUS, energy_wh=9000 - NOTED_WH * 2).why is Why.STORED
    assert reason(NET_ZERO, DEFICIT, energy_wh=NOTED_WH / 2) == Reason(Why.EMPTY, 0.30, WORTH)
    assert reason(SELL, DEFICIT, energy_wh=NOTED_WH / 2) == Reason(Why.EMPTY, 0.30, WORTH)
    assert reason(NET_ZERO, DEFICIT, energy_wh=NOTED_WH * 2).why is Why.SERVES


def test_house_and_sun_in_balance_need_no_other_reason() -> None:
    """Within 50 W."""
    assert reason(NET_ZERO, EVEN) == Reason(Why.BALANCED, 0.30, WORTH)
    assert reason(NET_ZERO, replace(EVEN, net_load_w=-20.0)).why is Why.BALANCED


# In whole plans.


def planned(slots: list[Expected], energy_wh: float = 4000.0, *, grid: bool = True, known: int | None = None) -> Plan:
    """Return a plan of these slots."""
    ours = storage(may_charge_from_grid=grid, may_deliver_to_grid=grid)
    return make_plan(outlook(slots, known=known), ours, energy_wh, None)


def test_every_planned_slot_has_a_reason_that_fits_it() -> None:
    """Of two days of all sorts: its own price, and a later slot."""
    for grid in (False, True):
        plan = planned(many_slots(), grid=grid)
        assert len(plan.slots) == 192
        for each in plan.slots:
            assert each.reason.price in (each.buy, each.sell)
            assert each.reason.at is None or each.slot < each.reason.at < plan.first + 192
        whys = {each.reason.why for each in plan.slots}
        assert len(whys) >= 4
        assert grid or not {Why.CHEAP_NOW, Why.SOLD} & whys


def test_a_cheap_night_is_explained_by_the_evening() -> None:
    """By the very slot."""
    day = [slot(900.0, 0.10 if index < 16 else 0.55 if index == 70 else 0.30, 0.05) for index in range(96)]
    charged = [each for each in planned(day, 0.0).slots[:16] if each.choice.mode is PlanMode.CHARGE_FROM_GRID]
    assert charged
    assert {each.reason for each in charged} == {Reason(Why.CHEAP_NOW, 0.10, 0.55, MONDAY + 70)}


def test_a_plan_says_what_it_expects_and_what_is_a_guess() -> None:
    """Slot by slot, with the energy at its begin."""
    plan = planned([slot(900.0, 0.30), slot(-500.0, 0.20), slot(100.0, 0.25)], known=2)
    assert [each.slot for each in plan.slots] == [MONDAY, MONDAY + 1, MONDAY + 2]
    assert [each.load_w for each in plan.slots] == [900, 0, 100]
    assert [each.sun_w for each in plan.slots] == [0, 500, 0]
    assert [each.is_estimated for each in plan.slots] == [False, False, True]
    assert plan.slots[0].energy_wh == 4000
    assert plan.at(MONDAY + 1) == plan.slots[1]
    assert plan.at(MONDAY - 1) is plan.at(MONDAY + 3) is None
    assert plan.choose(MONDAY + 3, 4000.0, None) is plan.choose(MONDAY - 1, 4000.0, None) is None
    assert plan.choose(MONDAY, 4000.0, None) == plan.slots[0].choice


def test_the_next_change_is_of_the_mode() -> None:
    """None where there is none."""
    day = [slot(900.0, 0.10 if index < 16 else 0.55, 0.05) for index in range(96)]
    plan = planned(day, 0.0)
    charging = next(each for each in plan.slots if each.choice.mode is PlanMode.CHARGE_FROM_GRID)
    change = plan.next_change(charging.slot)
    assert change is not None
    assert change.choice.mode is not PlanMode.CHARGE_FROM_GRID
    before = plan.slots[charging.slot - MONDAY : change.slot - MONDAY]
    assert {each.choice.mode for each in before} == {PlanMode.CHARGE_FROM_GRID}
    assert plan.at(change.slot - 1) == before[-1]
    assert plan.next_change(plan.slots[-1].slot) is None
    assert plan.next_change(MONDAY + 500) is None


def test_the_saving_is_what_the_plan_wins_over_net_zero() -> None:
    """Over the whole day about what the trade of one filling brings; over nothing, nothing."""
    day = [slot(900.0, 0.10 if index < 24 else 0.50, 0.05) for index in range(96)]
    plan = planned(day, 0.0)
    assert 2.0 < plan.saving(range(MONDAY, MONDAY + 96)) < 9.0 * 0.40
    assert plan.saving(range(0)) == 0
    flat = planned([slot(900.0)] * 96, 4000.0)
    assert flat.saving(range(MONDAY, MONDAY + 96)) == pytest.approx(0)


def test_energy_that_is_left_counts_in_the_saving() -> None:
    """After the cheap night nothing is won yet but what is stored."""
    day = [slot(900.0, 0.10 if index < 24 else 0.50, 0.05) for index in range(96)]
    plan = planned(day, 0.0)
    assert plan.saving(range(MONDAY, MONDAY + 24)) > 1.5


def test_more_energy_than_was_usable_counts_as_full() -> None:
    """The owner has lowered the reserve since the plan was made."""
    plan = planned([slot(900.0, 0.10 if index < 24 else 0.50, 0.05) for index in range(96)], 4000.0)
    usable_wh = plan.solution.storage.usable_wh
    for each in (MONDAY, MONDAY + 24, MONDAY + 95):
        assert plan.choose(each, usable_wh + 3000.0, None) == plan.choose(each, usable_wh, None)
