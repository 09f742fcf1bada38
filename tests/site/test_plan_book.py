"""The accounts of the plan, day by day: what the meter counted, and what the shadow would have."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
import json
from math import pi, sin

from homeassistant.util import dt as dt_util
import pytest

from custom_components.home_energy_controller.planning.backtest import day_slots
from custom_components.home_energy_controller.planning.judgement import Account, DayResult
from custom_components.home_energy_controller.planning.modes import NET_ZERO, Choice, PlanMode
from custom_components.home_energy_controller.planning.slots import SLOT_S, start_of
from custom_components.home_energy_controller.planning.tariff import SlotPrice
from custom_components.home_energy_controller.site.plan_book import Ended, Held, PlanBook, is_whole
from custom_components.home_energy_controller.site.plan_file import PlanPast, decode, encode
from custom_components.home_energy_controller.site.slot_meter import MeasuredSlot, SlotMeter
from tests.planning.build import AMSTERDAM, STANDBY, storage

DAY = date(2026, 11, 23)
SLOTS = day_slots(DAY, AMSTERDAM)
PRICE = SlotPrice(0.30, 0.08)
OURS = storage(units=1, usable_wh=4500.0, charge_w=2500.0, discharge_w=2500.0, may_charge_from_grid=True)
BUY = Choice(PlanMode.CHARGE_FROM_GRID, -2000)


@pytest.fixture(autouse=True)
def _at_home() -> Iterator[None]:
    """Let the home be in Amsterdam."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(AMSTERDAM)
    yield
    dt_util.set_default_time_zone(before)


def done(slot: int, grid_w: float = 500.0, battery_w: float = 0.0, measured_s: float = SLOT_S) -> MeasuredSlot:
    """Return a slot that has passed with steady powers."""
    return MeasuredSlot(
        slot=slot,
        measured_s=measured_s,
        imported_ws=max(0.0, grid_w) * measured_s,
        exported_ws=max(0.0, -grid_w) * measured_s,
        battery_ws=battery_w * measured_s,
    )


def held(energy_wh: float | None = 0.0, value: float = 0.0) -> Held:
    """Return what the batteries hold when a slot ends."""
    return Held(OURS, energy_wh, value)


def settled(
    book: PlanBook,
    slots: range,
    grid_w: Callable[[int], float] = lambda _: 500.0,
    *,
    choice: Choice = NET_ZERO,
    energy_wh: float = 0.0,
) -> PlanBook:
    """Settle slots in which the batteries rest."""
    for slot in slots:
        book.settle(done(slot, grid_w(slot)), PRICE, choice, held(energy_wh))
    return book


def ended(book: PlanBook) -> Ended:
    """Return the one day that has ended, and take it as judged."""
    (day,) = book.ended
    book.keep(day, day.result())
    return day


def result(book: PlanBook) -> DayResult:
    """Return what it came to."""
    return ended(book).result()


def test_a_day_is_settled_with_its_last_slot() -> None:
    """500 W all day at 30 ct are 3.60; it is told once."""
    book = settled(PlanBook(PlanPast()), SLOTS[:-1])
    assert book.ended == ()
    assert book.past.actual_slots == 95
    day = result(settled(book, SLOTS[-1:]))
    assert day.day == DAY
    assert day.slots == 96
    assert day.actual == day.no_battery == day.net_zero == day.plan == pytest.approx(3.6)
    assert book.ended == ()


def test_a_day_costs_what_the_meter_counts_times_its_price() -> None:
    """By cycles of ten seconds that swing between import and export, within 2 %."""
    book, meter = PlanBook(PlanPast()), SlotMeter()
    begin, cost = start_of(SLOTS.start), 0.0
    for number in range(24 * 360 + 1):
        seconds = number * 10
        grid_w = 300 + 800 * sin(2 * pi * seconds / 1700) + 500 * sin(2 * pi * seconds / 40_000)
        slot = SLOTS.start + seconds // SLOT_S
        price = SlotPrice(0.20 + 0.002 * (slot - SLOTS.start), 0.05)
        cost += grid_w * (price.buy if grid_w > 0 else price.sell) / 360_000 if slot in SLOTS else 0.0
        passed = meter.add(begin + timedelta(seconds=seconds), float(seconds), grid_w, 0.0)
        if passed is not None:
            then = SlotPrice(0.20 + 0.002 * (passed.slot - SLOTS.start), 0.05)
            book.settle(passed, then, NET_ZERO, held())
    day = ended(book)
    assert day.actual == pytest.approx(cost, rel=0.02)


def test_what_the_batteries_hold_more_in_the_evening_is_no_cost() -> None:
    """Of what was paid, 1 kWh at 25 ct is still there."""
    book = PlanBook(PlanPast())
    for slot in SLOTS:
        book.settle(done(slot), PRICE, NET_ZERO, held(1000.0 if slot < SLOTS[-1] else 2000.0, 0.25))
    assert ended(book).actual == pytest.approx(3.6 - 0.25)


def test_what_the_first_quarter_of_a_day_stores_is_counted() -> None:
    """A day begins with what there was at midnight, not a quarter later."""
    book = settled(PlanBook(PlanPast()), SLOTS)
    ended(book)
    for slot in day_slots(DAY + timedelta(days=1), AMSTERDAM):
        book.settle(done(slot), PRICE, NET_ZERO, held(500.0, 0.25))
    assert ended(book).actual == pytest.approx(3.6 - 0.5 * 0.25)


def test_a_surplus_counts_though_nobody_counts_the_sun() -> None:
    """2 kW out for six hours, without a sensor of the sun: the shadow sees what the meter saw."""
    noon = SLOTS[40:64]
    day = result(settled(PlanBook(PlanPast()), SLOTS, lambda slot: -2000.0 if slot in noon else 400.0))
    assert day.actual == pytest.approx(18 * 0.4 * 0.30 - 12 * 0.08)
    assert day.no_battery == pytest.approx(day.actual)
    assert day.net_zero < day.no_battery - 0.5


def test_with_the_sun_counted_the_load_is_known() -> None:
    """2 kW out of 2.6 kW: the house used 600 W, and 400 W at night."""
    past = PlanPast(sun_w={SLOTS[50]: 2600.0}, sun_forecast_w={SLOTS[50]: 1000.0, SLOTS[51]: 2500.0})
    book = settled(PlanBook(past), SLOTS[50:53], lambda slot: -2000.0 if slot < SLOTS[52] else 400.0)
    assert [book.past.load_w[slot] for slot in SLOTS[50:53]] == [600, 500, 400]


def test_a_load_that_is_known_better_is_kept() -> None:
    """What the Energy dashboard counted."""
    book = settled(PlanBook(PlanPast(load_w={SLOTS[0]: 777.0})), SLOTS[:2])
    assert book.past.load_w == {SLOTS[0]: 777.0, SLOTS[1]: 500.0}


def test_the_next_day_goes_on_where_the_shadow_ended() -> None:
    """Costs begin at nothing, with the energy of the plan's own account, whatever the batteries hold."""
    book = settled(PlanBook(PlanPast()), SLOTS[:-1])
    book.settle(done(SLOTS[-1], 0.0), PRICE, BUY, held())
    stored_wh = ended(book).shadow.plan.energy_wh
    assert stored_wh > 300
    book.settle(done(SLOTS.stop, 0.0), PRICE, STANDBY, held(4000.0))
    past = book.past
    assert past.today == DAY + timedelta(days=1)
    assert past.shadow.plan == Account(stored_wh - 2, 0.0, stored_wh)
    assert (past.actual, past.actual_slots) == (0.0, 1)


def test_the_first_day_begins_with_what_the_batteries_hold() -> None:
    """For plan and net zero alike."""
    book = PlanBook(PlanPast())
    book.settle(done(SLOTS[0], 0.0), PRICE, STANDBY, held(3000.0))
    shadow = book.past.shadow
    assert shadow.plan == Account(2998.0, 0.0, 3000.0)
    assert shadow.net_zero.began_wh == 3000


def test_a_restart_in_the_middle_of_a_day_loses_a_slot() -> None:
    """The day goes on from the file: two half slots are missing, nothing is counted twice."""
    book = settled(PlanBook(PlanPast()), SLOTS[:40])
    book.settle(done(SLOTS[40], measured_s=400), PRICE, NET_ZERO, held())
    again = PlanBook(decode(json.loads(json.dumps(encode(book.past)))))
    again.settle(done(SLOTS[41], measured_s=300), PRICE, NET_ZERO, held())
    day = result(settled(again, SLOTS[42:]))
    assert day.slots == 94
    assert day.actual == day.no_battery == pytest.approx(3.6 * 94 / 96)


def test_a_day_of_which_too_much_is_missing_is_not_told() -> None:
    """A tenth may be."""
    assert settled(PlanBook(PlanPast()), SLOTS[10:]).ended == ()
    assert len(settled(PlanBook(PlanPast()), SLOTS[9:]).ended) == 1


def test_slots_without_a_price_or_half_measured_are_gaps() -> None:
    """They cost nothing, and are not in the day."""
    book = settled(PlanBook(PlanPast()), SLOTS[:10])
    book.settle(done(SLOTS[10]), None, NET_ZERO, held())
    book.settle(done(SLOTS[11], measured_s=700), PRICE, NET_ZERO, held())
    assert book.past.actual_slots == len(book.past.shadow.slots) == 10
    assert SLOTS[10] in book.past.load_w
    assert SLOTS[11] not in book.past.load_w


def test_a_slot_is_settled_once_though_the_clock_is_set_back() -> None:
    """An hour that is lived through twice is paid for once; then the day goes on."""
    book = settled(PlanBook(PlanPast()), SLOTS[:40])
    day = result(settled(settled(book, SLOTS[36:40]), SLOTS[40:]))
    assert day.slots == 96
    assert day.actual == pytest.approx(3.6)


def test_without_batteries_a_day_is_not_judged() -> None:
    """None is told, and what they hold may be unknown."""
    book = PlanBook(PlanPast())
    for slot in SLOTS:
        book.settle(done(slot), PRICE, NET_ZERO, Held(None, None, 0.0))
    assert book.ended == ()
    assert book.past.actual == pytest.approx(3.6)


def test_without_knowing_the_charge_there_is_no_actual_cost() -> None:
    """The shadow's is known all the same."""
    book = PlanBook(PlanPast())
    for slot in SLOTS:
        book.settle(done(slot), PRICE, NET_ZERO, held(None))
    day = result(book)
    assert day.actual is None
    assert day.no_battery == pytest.approx(3.6)


@pytest.mark.parametrize(("day", "slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_days_of_the_clock_change_end_at_midnight(day: date, slots: int) -> None:
    """By the clock on the wall."""
    book = settled(PlanBook(PlanPast()), day_slots(day, AMSTERDAM))
    told = result(book)
    assert (told.day, told.slots) == (day, slots)
    assert is_whole(told)


def test_a_day_whose_end_nobody_saw_is_judged_without_what_the_meter_says() -> None:
    """Home Assistant was down over midnight: 90 of 96 quarters are enough to judge by, once."""
    book = settled(PlanBook(PlanPast()), SLOTS[:90])
    book = PlanBook(decode(encode(book.past)))
    settled(book, range(SLOTS.stop + 3, SLOTS.stop + 5))
    day = result(book)
    assert (day.day, day.slots, day.actual) == (DAY, 90, None)
    assert book.ended == ()
    assert book.past.today == DAY + timedelta(days=1)
    assert book.past.actual_slots == 2


def test_half_a_day_whose_end_nobody_saw_is_left_out() -> None:
    """It says nothing of the whole."""
    book = settled(PlanBook(PlanPast()), SLOTS[:48])
    settled(book, range(SLOTS.stop + 3, SLOTS.stop + 5))
    assert book.ended == ()


def test_a_day_that_could_not_be_judged_is_tried_again() -> None:
    """Until it is; it is kept once, however often that was tried."""
    book = settled(PlanBook(PlanPast()), SLOTS)
    (day,) = book.ended
    assert book.ended == (day,)
    for _ in range(2):
        book.keep(day, day.result())
    assert not book.ended
    assert [each.day for each in book.past.days] == [DAY]


def test_days_that_cannot_be_judged_do_not_pile_up() -> None:
    """A week of them waits."""
    book = PlanBook(PlanPast())
    for number in range(9):
        settled(book, day_slots(DAY + timedelta(days=number), AMSTERDAM))
    assert [each.day for each in book.ended] == [DAY + timedelta(days=number) for number in range(2, 9)]
