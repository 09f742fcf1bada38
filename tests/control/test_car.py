"""What the car should draw, and what that leaves to the batteries."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import ActuationMemory
from custom_components.home_energy_controller.control.actuation.release import stop
from custom_components.home_energy_controller.control.dispatch.car import (
    CarMemory,
    CarView,
    amperes,
    changed,
    for_house_w,
    house_now_w,
    noted,
    view,
    wanted_power_w,
)
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.law import LawInput, LawOutput, allocate
from custom_components.home_energy_controller.control.model import (
    Action,
    CarObservation,
    Decision,
    Mode,
    OwnMeter,
    SiteState,
    Timed,
)
from custom_components.home_energy_controller.control.settings import CarSettings, Settings
from tests.control.build import auto, battery, seen, site, snapshot

CAR = CarSettings()
CONNECTED = CarObservation(connected=True)


@pytest.mark.parametrize(
    ("charges", "house_w", "is_low", "watt"),
    [
        ((50, 50), 500, False, 0),
        ((50, 50), 500, True, 1400),
        ((50, 50), 0, True, 1400),
        ((20, 20), 500, True, 0),
        ((20, 21), 500, True, 1400),
        ((90, 95), 500, True, 1400),
        ((90, 95), -2000, False, 2000),
        ((89, 95), -2000, False, 1700),
        ((50, 50), -2000, True, 1700),
        ((50, 50), -800, True, 1400),
        ((), -2000, False, 2000),
    ],
)
def test_car_follows_surplus_tariff_and_charge(
    charges: tuple[float, ...], house_w: float, is_low: bool, watt: float
) -> None:
    """The first script's rule; but in low hours a small surplus does not mean less than none."""
    assert wanted_power_w(CAR, house_w, charges, is_low_tariff=is_low) == pytest.approx(watt)


@pytest.mark.parametrize(
    ("settings", "power_w", "now_w", "whole_a"),
    [
        (CAR, 1700, 0, 7),
        (CAR, 1400, 0, 6),
        (CAR, 1379, 0, 0),
        (CAR, 9000, 0, 16),
        (CAR, 1700 + 200, 1610, 7),
        (CAR, 1610 + 345, 1610, 8),
        (CAR, 1496, 1610, 7),
        (CAR, 1494, 1610, 6),
        (CAR, 1270, 1380, 6),
        (CAR, 1260, 1380, 0),
        (CAR, 1e300, 1610, 16),
        (CarSettings(phases=3), 4200, 0, 6),
        (CarSettings(phases=3), 4100, 0, 0),
    ],
)
def test_steps_are_whole_amperes_that_do_not_flutter(
    settings: CarSettings, power_w: float, now_w: float, whole_a: int
) -> None:
    """At least 6 A, at most what the charger can; a change only when the wish is half an ampere beyond the next."""
    assert amperes(settings, power_w, now_w) == whole_a


def plan(
    memory: CarMemory, wishes: list[tuple[float, float]], seen_: CarObservation = CONNECTED
) -> list[tuple[float, int]]:
    """Return when the power is changed, and to what, when it is planned every 10 s with these wishes (from s, W)."""
    changes: list[tuple[float, int]] = []
    for now in (10.0 * step for step in range(60)):
        requested_w = next(requested_w for since, requested_w in reversed(wishes) if since <= now)
        before, memory = memory, changed(CAR, seen_, memory, requested_w, now)
        if memory.power_w != before.power_w:
            changes.append((now, memory.power_w))
    return changes


def test_it_goes_on_after_a_minute_of_surplus() -> None:
    """A gap in the clouds is no reason, and the minute begins anew."""
    assert plan(CarMemory(), [(0, 1700), (50, 0), (60, 1700)]) == [(120, 1610)]


def test_it_goes_off_after_three_minutes_and_draws_the_least_until_then() -> None:
    """A kettle is over by then."""
    charging = CarMemory(power_w=2300, changed_at=-100)
    assert plan(charging, [(0, 1000)]) == [(0, 1380), (180, 0)]
    assert plan(charging, [(0, 1000), (150, 1500), (160, 1000)]) == [(0, 1380), (340, 0)]


def test_it_changes_once_in_30_seconds() -> None:
    """Up or down."""
    charging = CarMemory(power_w=2300, changed_at=-10)
    changes = plan(charging, [(0, 2000), (10, 1700), (30, 3000), (70, 3700)])
    assert changes == [(20, 1610), (50, 2990), (80, 3680)]


def test_an_unplugged_car_is_off_at_once_and_an_unknown_one_after_a_while() -> None:
    """A sensor that is away for a moment does not interrupt charging."""
    charging = CarMemory(power_w=2300, changed_at=0)
    assert plan(charging, [(0, 2300)], CarObservation(connected=False)) == [(0, 0)]
    assert plan(charging, [(0, 2300)], CarObservation()) == [(30, 1380), (180, 0)]
    assert changed(CAR, CarObservation(connected=False), CarMemory(changed_at=5.0), 2300, 9).changed_at == 5


def test_a_restart_begins_with_what_the_charger_is_set_to() -> None:
    """Charging goes on; a setting that is none of ours counts as off."""
    assert noted(CAR, CarObservation(connected=True, output_w=2300), CarMemory(), 50).power_w == 2300
    assert noted(CAR, CarObservation(connected=True, output_w=700), CarMemory(), 50).power_w == 0
    assert noted(CAR, CarObservation(output_w=float("nan")), CarMemory(), 50).power_w == 0
    assert noted(None, CarObservation(power_w=2300), CarMemory(power_w=2300), 50) == CarMemory()


@pytest.mark.parametrize(
    ("power_w", "drawn_w"), [(3000.0, 3000), (-20.0, 0), (None, 1610), (float("nan"), 1610), (1e9, 1610), (30.0, 0)]
)
def test_it_draws_what_is_measured_or_else_what_it_should(power_w: float | None, drawn_w: float) -> None:
    """Nothing impossible is believed, and standby is no charging."""
    memory = CarMemory(power_w=1610, changed_at=0)
    after = noted(CAR, CarObservation(connected=True, power_w=power_w), memory, 50)
    assert after.drawn_w == drawn_w
    assert after.stepped is (drawn_w > 0)


def drew(*notes: tuple[float, float], power_w: int = 0, changed_at: float | None = 0.0) -> CarMemory:
    """Return a memory of what the car drew: (since s, W)."""
    drawn = (Timed(0.0, 0.0), *(Timed(watt, at) for at, watt in notes))
    return CarMemory(power_w=power_w, changed_at=changed_at, drawn=drawn)


def test_samples_are_freed_of_what_the_car_drew_then() -> None:
    """And those around a large step are left out: nobody knows what it drew."""
    memory = drew((100, 3680), (200, 3450))
    samples = tuple(Timed(4000.0, at) for at in (79.0, 81.0, 119.0, 121.0, 199.0, 201.0))
    house = view(CAR, samples, memory)
    assert house.house_w == (Timed(4000, 79), Timed(320, 121), Timed(320, 199), Timed(550, 201))
    assert house.drawn_w == 3450
    assert house.spared
    assert not view(replace(CAR, batteries_may_feed=True), samples, memory).spared
    assert view(CAR, (Timed(float("nan"), 50.0),), memory).house_w == ()


def test_home_assistant_stopping_leaves_no_leader_in_auto_while_the_car_is_spared() -> None:
    """Nobody would see that it feeds the car."""
    settings, told = site(battery("a"), car=CAR), ActuationMemory().released((auto("a"),), 0)
    for power_w, output_w, commands in ((3000, 0, 1), (0, 3000, 0), (None, 3000, 1), (None, None, 0)):
        car = CarObservation(connected=True, power_w=power_w, output_w=output_w)
        shown = replace(snapshot(seen("a", mode=Mode.AUTO)), car=car)
        assert len(stop(settings, told, shown)) == commands
        assert stop(replace(settings, car=replace(CAR, batteries_may_feed=True)), told, shown) == ()


def test_what_it_drew_is_forgotten_after_ten_minutes() -> None:
    """But for what still held then."""
    memory = drew((100, 3680), (200, 3450), (300, 3220))
    after = noted(CAR, CarObservation(power_w=2990), memory, 790)
    assert [note.at for note in after.drawn] == [100, 200, 300, 790]
    after = noted(CAR, CarObservation(power_w=2990), memory, 901)
    assert [note.at for note in after.drawn] == [300, 901]
    assert after.drawn_at(50) == 3220, "before all that is known, the oldest will do"


def test_what_is_not_known_yet_changes_nothing_for_a_while() -> None:
    """After a restart the first sample takes its time; without any, the car goes off in the end."""
    memory, powers = DispatchMemory(), {}
    for now in (10.0 * step for step in range(60)):
        shown = replace(snapshot(seen(at=now), at=now), car=CarObservation(connected=True, output_w=2300))
        decision, memory = dispatch(shown, site(battery(), car=CAR), memory, now)
        powers[now] = decision.car_power_w
    assert (powers[110], powers[120], powers[440], powers[450]) == (2300, 1380, 1380, 0)


def test_a_sample_soon_after_a_step_or_too_old_tells_of_no_surplus() -> None:
    """The car may not obey yet: what it has not taken would look like surplus, and it would be raised again."""
    house = CarView(house_w=(Timed(-2000.0, 90.0), Timed(-2500.0, 115.0)))
    assert house_now_w(house, CarMemory(changed_at=100), 120) == -2000
    assert house_now_w(house, CarMemory(changed_at=90), 120) == -2500
    assert house_now_w(house, CarMemory(), 266) is None
    assert house_now_w(CarView(), CarMemory(), 120) is None


@pytest.mark.parametrize(
    ("house_w", "spared", "carried_w"),
    [(400, True, 400), (-1000, True, 0), (-3000, True, -1000), (400, False, 2400), (-3000, False, -1000)],
)
def test_batteries_carry_the_house_and_what_the_car_leaves_of_a_surplus(
    house_w: float, spared: bool, carried_w: float
) -> None:
    """The car itself only when they may feed it."""
    assert CarView(drawn_w=2000, spared=spared).carried_w(house_w) == carried_w


CHARGING = drew((0, 2000))


def house(
    grid: list[float], *, given_w: float = 0, members_w: float = 0, since: float | None = 0.0, now: float = 60.0
) -> float | None:
    """Return what is given to the house while the car draws 2 kW; `grid` is what the meter showed from 10 s on."""
    meter_window = tuple(Timed(watt, 10.0 * (1 + index)) for index, watt in enumerate(grid))
    return for_house_w(
        CHARGING, meter_window, grid_w=grid[-1], given_w=given_w, members_w=members_w, since=since, now=now
    )


def test_the_house_gets_what_it_needed_at_least_in_the_last_minute() -> None:
    """A pulse on top would flow into the car as soon as it is over."""
    assert house([2400, 4800, 2350, 2400, 4800]) == 350
    assert house([2100, 4500], given_w=350, members_w=355, now=60) == 455
    assert house([2060, 4500], given_w=350, members_w=355) is None, "not worth it"
    assert house([2400], now=40) is None, "once a minute"
    assert house([2400], since=30, now=100) is None, "what was seen before tells nothing"


def test_what_the_car_gets_is_taken_back_at_once() -> None:
    """Whenever the meter shows less than the car draws."""
    assert house([1900], given_w=350, members_w=350, now=5) == 250
    assert house([1000], given_w=350, members_w=350, now=5) == 0
    assert house([1960], given_w=350, members_w=350, now=5) is None


def test_set_points_of_before_are_kept_at_first_unless_they_charge() -> None:
    """Until a minute has told what the house needs."""
    assert house([5000], given_w=900, members_w=2000, since=None) == 900
    assert house([5000], given_w=-900, members_w=-900) == 0


# Through dispatch.


def course(settings: Settings, steps: list[tuple[float, float, float]], mode: Mode = Mode.PASSIVE) -> list[Decision]:
    """Return the decisions over steps of (s, meter W, car W), with a battery that is read anew and delivers nothing."""
    memory, decisions = DispatchMemory(), []
    for now, meter_w, car_w in steps:
        shown = snapshot(seen("a", mode=mode, at=now), meter=meter_w, at=now)
        shown = replace(shown, car=CarObservation(connected=True, power_w=car_w))
        decision, memory = dispatch(shown, settings, memory, now)
        decisions.append(decision)
    return decisions


def minute_of(begin: float, meter_w: float, car_w: float) -> list[tuple[float, float, float]]:
    """Return the cycles of 70 s."""
    return [(begin + 10.0 * index, meter_w, car_w) for index in range(8)]


def test_a_leader_is_held_while_the_car_draws_and_serves_the_house_by_set_point() -> None:
    """Auto cannot be told to spare the car; what the house needs it gets all the same."""
    steps = [(0.0, 0.0, 0.0), *minute_of(10, 2300, 2000)]
    first, *_, last = course(site(battery("a"), car=CAR), steps)
    assert first.targets[0].action is Action.AUTO
    assert last.state is SiteState.SPARING_CAR
    assert (last.leader_id, last.targets[0].action, last.targets[0].power_w) == ("a", Action.SETPOINT, 300)


def test_auto_is_given_back_when_a_surplus_has_lasted_a_minute() -> None:
    """The car does not take all of it; and at the first sign of discharge it is taken away again."""
    settings = site(battery("a"), car=CAR)
    steps = [(0.0, 2000.0, 2000.0), *minute_of(10, -500, 2000)]
    *before, after = course(settings, steps)
    assert {decision.state for decision in before[1:]} == {SiteState.SPARING_CAR}
    assert (after.state, after.targets[0].action) == (SiteState.LEADER_ALONE, Action.AUTO)


@pytest.mark.parametrize(("meter_w", "state"), [(150, SiteState.LEADER_ALONE), (250, SiteState.SPARING_CAR)])
def test_auto_is_taken_away_as_soon_as_the_meter_shows_that_the_surplus_is_gone(
    meter_w: float, state: SiteState
) -> None:
    """The leader's own power is known only at its next poll: half a minute, or two, in which it would feed the car."""
    steps = [*minute_of(0, -500, 2000), (80.0, meter_w, 2000.0)]
    assert course(site(battery("a"), car=CAR), steps)[-1].state is state


def test_a_car_that_batteries_may_feed_changes_nothing_for_the_leader() -> None:
    """Its owner said so."""
    settings = site(battery("a"), car=replace(CAR, batteries_may_feed=True))
    *_, last = course(settings, minute_of(0, 2300, 2000), Mode.AUTO)
    assert last.targets[0].action is Action.AUTO


@pytest.mark.parametrize(("meter_w", "power_w"), [(2300, 300), (-600, -300), (1000, 0)])
def test_without_a_leader_set_points_spare_the_car_too(meter_w: float, power_w: float) -> None:
    """They serve the house, take a part of what the car leaves, or rest."""
    settings = site(battery("a", own_meter=OwnMeter.NO), car=CAR)
    steps = [(0.0, meter_w, 2000.0), *minute_of(10, meter_w, 2000)]
    decisions = course(settings, steps)
    assert decisions[-1].state is SiteState.NO_LEADER
    assert decisions[-1].targets[0].power_w == power_w


def test_a_step_of_the_car_makes_the_law_run_at_once_with_old_samples_put_right() -> None:
    """What was measured with another car is not forgotten: the difference is known."""
    asked: list[LawInput] = []

    def law(given: LawInput) -> LawOutput:
        asked.append(given)
        return allocate(given)

    memory = DispatchMemory()
    settings = site(battery("a"), battery("b"), car=replace(CAR, batteries_may_feed=True))
    for now, car_w in ((0.0, 0.0), (30.0, 0.0), (40.0, 2000.0), (50.0, 2000.0)):
        shown = snapshot(seen("a", mode=Mode.AUTO, at=now), seen("b", at=now), meter=0, at=now)
        shown = replace(shown, net_load_w=(Timed(-5000.0, -5.0),), car=CarObservation(connected=True, power_w=car_w))
        decision, memory = dispatch(shown, settings, memory, now, law=law)
        assert decision.net_load_w == -5000, "what is shown is what was measured"
    assert [(given.now, given.net_load_w[0].value) for given in asked] == [(0, -5000), (40, -3000)]


def test_the_car_is_planned_in_the_hours_of_the_home() -> None:
    """Monday at 12 h is high, at 23 h low; without a charger nothing is planned."""
    for hour, power_w in ((12, 0), (23, 1380)):
        memory, decision = DispatchMemory(), None
        for now in range(0, 80, 10):
            shown = replace(
                snapshot(seen(at=now), meter=300, at=now),
                car=CONNECTED,
                local_time=datetime(2026, 11, 23, hour, tzinfo=UTC),
            )
            decision, memory = dispatch(shown, site(battery(), car=CAR), memory, now)
        assert decision is not None
        assert decision.car_power_w == power_w
    decision, _ = dispatch(snapshot(seen()), site(battery()), DispatchMemory(), 0)
    assert decision.car_power_w is None
