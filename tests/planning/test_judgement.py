"""Whether the plan pays: accounts, a day's result, and the verdict."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.home_energy_controller.planning.judgement import (
    JUDGED_DAYS,
    LEAST_GAIN,
    Account,
    Shadow,
    judge,
)
from custom_components.home_energy_controller.planning.modes import NET_ZERO, Choice, Expected, PlanMode, outcome
from custom_components.home_energy_controller.planning.optimiser import LEVELS, solve

from .build import STANDBY, slot, storage

DAY = date(2026, 11, 23)
ONE = storage(units=1, usable_wh=4500.0, charge_w=2500.0, discharge_w=2500.0)
BUY = Choice(PlanMode.CHARGE_FROM_GRID, -2000)
BUYER = replace(ONE, may_charge_from_grid=True)


def test_an_account_pays_for_a_slot_and_keeps_what_is_left() -> None:
    """As the mode has it."""
    dear = slot(1000.0, buy=0.40)
    served = Account(2000.0, 1.0, 500.0).settled(NET_ZERO, dear, ONE)
    drained_wh = -outcome(NET_ZERO, dear, ONE).change_wh
    assert served == Account(2000 - drained_wh, 1.0, 500.0)
    rested = Account(2000.0, 1.0, 500.0).settled(STANDBY, dear, ONE)
    assert (rested.energy_wh, rested.began_wh) == (1998, 500)
    assert rested.cost == pytest.approx(1.1)


def test_an_account_holds_no_more_than_the_batteries() -> None:
    """A reserve that was raised meanwhile takes it from all accounts."""
    assert Account(9000.0, 0.0, 9000.0).settled(STANDBY, slot(0.0), ONE).energy_wh == 4498


def test_energy_left_counts_at_its_value() -> None:
    """1 kWh more than in the morning at 20 ct is 20 ct less; less than in the morning is paid for."""
    assert Account(3000.0, 1.0, 2000.0).paid(0.20) == pytest.approx(0.80)
    assert Account(500.0, 1.0, 2000.0).paid(0.20) == pytest.approx(1.30)
    assert Account(3000.0, 1.0, 2000.0).tomorrow() == Account(3000.0, 0.0, 3000.0)


def shadow_of(day: list[Expected], choices: list[Choice], energy_wh: float = 0.0) -> Shadow:
    """Return the accounts after a day."""
    shadow = Shadow.beginning(energy_wh)
    for choice, each in zip(choices, day, strict=True):
        shadow = shadow.settled(choice, each, BUYER)
    return shadow


def night_and_evening() -> list[Expected]:
    """Return a day that it pays to plan."""
    return [slot(800.0, 0.10 if index < 24 else 0.50, 0.05) for index in range(96)]


def test_a_day_is_settled_for_all_ways_side_by_side() -> None:
    """Charged for two hours at 10 ct: the plan served 50 ct hours, net zero had nothing to give."""
    day = night_and_evening()
    result = shadow_of(day, [BUY] * 8 + [STANDBY] * 16 + [NET_ZERO] * 72).result(DAY, BUYER, 0.0, actual=9.0)
    at_rest = sum(each.rest_cost for each in day)
    assert result.no_battery == result.net_zero == pytest.approx(at_rest)
    assert result.day == DAY
    assert result.slots == 96
    assert result.actual == 9.0
    assert result.gain == pytest.approx(result.net_zero - result.plan)
    assert 3.3 * 0.50 - 0.45 < result.gain < 4.0 * 0.50 - 0.40


def test_keeping_for_tomorrow_does_not_lose_today() -> None:
    """Bought at 10 ct and still there in the evening at a value of 30 ct."""
    day = [slot(800.0, 0.10)] * 8
    kept = shadow_of(day, [BUY] * 8)
    assert kept.result(DAY, BUYER, 0.0).gain < -0.39
    assert kept.result(DAY, BUYER, 0.30).gain > 0.5


def test_the_next_day_begins_with_what_each_account_holds() -> None:
    """Costs begin anew, the choice goes on."""
    after = shadow_of(night_and_evening()[:8], [BUY] * 8)
    tomorrow = after.tomorrow(0.30)
    assert tomorrow.plan == Account(after.plan.energy_wh, 0.0, after.plan.energy_wh)
    assert tomorrow.net_zero.energy_wh == 0
    assert tomorrow.no_battery == 0
    assert tomorrow.slots == ()
    assert tomorrow.choice == BUY


def test_what_was_kept_and_turns_out_to_be_worth_nothing_is_lost_again() -> None:
    """Bought for 80 ct, worth a euro in the evening; the next day the sun fills all: in two days nothing was won."""
    first = shadow_of([slot(800.0, 0.10)] * 8, [BUY] * 8)
    second = first.tomorrow(0.30)
    for each in [slot(-3000.0, 0.10, 0.0)] * 96:
        second = second.settled(NET_ZERO, each, BUYER)
    assert second.plan.energy_wh == second.net_zero.energy_wh
    gains = [shadow.result(DAY, BUYER, value).gain for shadow, value in ((first, 0.30), (second, 0.0))]
    assert gains[0] > 0.5
    assert sum(gains) == pytest.approx(first.net_zero.cost - first.plan.cost)
    assert not judge([*gains, *[0.0] * 5]).pays


def test_a_day_without_slots_costs_nothing() -> None:
    """And nobody was perfect in it."""
    result = Shadow.beginning(500.0).result(DAY, BUYER, 0.30)
    assert (result.no_battery, result.net_zero, result.plan, result.perfect, result.slots) == (0, 0, 0, None, 0)


DAYS = st.lists(
    st.builds(slot, st.floats(-3000, 3000), st.floats(-0.1, 0.6), st.floats(-0.1, 0.6)), min_size=1, max_size=24
)


def is_as_good_as_the_perfect(shadow: Shadow, value: float) -> bool:
    """Return whether nothing is better than knowing all, up to half a level and what changes have to be worth."""
    result = shadow.result(DAY, BUYER, value)
    assert result.perfect is not None
    tolerance = len(shadow.slots) * solve(shadow.slots, BUYER).change_cost + 0.5 * 4.5 / (LEVELS - 1) * 0.6
    return result.perfect <= result.plan + tolerance


@settings(deadline=None, max_examples=25)
@given(
    day=DAYS,
    choices=st.lists(st.sampled_from(BUYER.choices()), min_size=24, max_size=24),
    share=st.floats(0, 1),
    value=st.floats(0, 0.6),
)
def test_nothing_beats_knowing_all_before(
    day: list[Expected], choices: list[Choice], share: float, value: float
) -> None:
    """Whatever the plan did, and whatever is left is worth."""
    assert is_as_good_as_the_perfect(shadow_of(day, choices[: len(day)], share * 4500), value)


def test_the_perfect_day_knows_what_is_left_is_worth() -> None:
    """A day of 20 ct before one of 50 ct: who kept all for tomorrow was right, and no better than perfect."""
    kept = shadow_of([slot(500.0, 0.20)] * 96, [STANDBY] * 96, 4000.0)
    assert is_as_good_as_the_perfect(kept, 0.50)


# The verdict.


def test_fewer_than_three_days_tell_nothing() -> None:
    """However good they were."""
    for gains in ([], [5.0], [5.0, 5.0]):
        verdict = judge(gains)
        assert not verdict.is_known
        assert not verdict.pays
        assert verdict.days == len(gains)
    assert judge([5.0, 5.0]).per_day == 5
    assert judge([5.0, 5.0, 5.0]).is_known


def test_a_gain_beyond_its_error_pays() -> None:
    """0.3 a day, give or take 0.06."""
    verdict = judge([0.2, 0.3, 0.4])
    assert verdict.pays
    assert verdict.per_day == pytest.approx(0.3)
    assert verdict.error == pytest.approx(0.1 / 3**0.5)


def test_a_gain_within_its_error_does_not_pay() -> None:
    """One lucky day out of three."""
    verdict = judge([0.0, 0.0, 0.9])
    assert verdict.per_day == pytest.approx(0.3)
    assert verdict.error == pytest.approx(0.3)
    assert not judge([-0.1, -0.1, 1.0]).pays


def test_a_loss_and_next_to_nothing_do_not_pay() -> None:
    """However certain."""
    assert not judge([-0.2] * 14).pays
    assert not judge([0.0] * 14).pays
    assert not judge([LEAST_GAIN] * 14).pays
    assert judge([2 * LEAST_GAIN] * 14).pays


def test_the_last_four_weeks_count() -> None:
    """A bad autumn is forgotten, and a good one does not help."""
    assert judge([-5.0] * 30 + [0.1, 0.2] * 14).pays
    assert not judge([5.0] * 30 + [-0.1, -0.2] * 14).pays
    assert judge([1.0] * 30).days == JUDGED_DAYS


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=20))
def test_a_better_day_never_makes_it_worse_by_the_mean(gains: list[float]) -> None:
    """And who pays has won."""
    verdict = judge(gains)
    assert verdict.per_day > 0 or not verdict.pays
    better = judge([gain + 1 for gain in gains])
    assert better.per_day == pytest.approx(verdict.per_day + 1)
    assert all(low.per_day <= high.per_day for low, high in pairwise([verdict, better]))
