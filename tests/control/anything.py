"""Any site, any reading, any course of them: what properties are tested with."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from custom_components.home_energy_controller.control.actuation.actuation import Actuation, ActuationMemory, actuate
from custom_components.home_energy_controller.control.actuation.release import release, stop
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.law import Law, LawInput, LawOutput, allocate
from custom_components.home_energy_controller.control.model import (
    BatteryMode,
    BatteryObservation,
    CarObservation,
    Command,
    CommandKind,
    CommandOutcome,
    Decision,
    Mode,
    OwnMeter,
    Release,
    Snapshot,
    Strategy,
    Timed,
)
from custom_components.home_energy_controller.control.settings import BatterySettings, CarSettings, Settings
from tests.control.build import NOON

NAMES = ("a", "b", "c")
AGES = st.one_of(st.floats(0, 20), st.floats(0, 20), st.floats(0, 20), st.sampled_from((-5.0, 50.0, 95.0, 1e9)))
"""Of readings (s): mostly young. Snapshots carry ages in place of moments until `dated` turns them into moments."""
POWERS = st.one_of(st.floats(-6000, 6000), st.floats(-6000, 6000), st.sampled_from((0.0, 1e300, float("nan"))))
PERCENTS = st.one_of(st.floats(0, 100), st.floats(0, 100), st.sampled_from((12.0, 100.0, -1.0, float("nan"))))


def timed[T](values: st.SearchStrategy[T]) -> st.SearchStrategy[Timed[T] | None]:
    """Return readings that may be missing."""
    readings = st.builds(Timed, values, AGES)
    return st.one_of(readings, readings, readings, readings, st.none())


def observed(battery_id: str) -> st.SearchStrategy[BatteryObservation]:
    """Return what may be known of a battery."""
    command = st.builds(
        Command,
        battery_id=st.just(battery_id),
        kind=st.sampled_from(CommandKind),
        power_w=st.integers(-3000, 3000),
        countdown_s=st.integers(0, 900),
    )
    outcome = st.builds(CommandOutcome, command=command, sent_at=AGES, done_at=AGES, accepted=st.none() | st.booleans())
    return st.builds(
        BatteryObservation,
        battery_id=st.just(battery_id),
        soc_pct=timed(PERCENTS),
        power_w=timed(POWERS),
        mode=timed(st.sampled_from(Mode)),
        outcome=st.none() | outcome,
    )


SNAPSHOTS = st.builds(
    Snapshot,
    meter_w=timed(POWERS),
    phases_w=timed(st.tuples(POWERS, POWERS, POWERS)),
    batteries=st.one_of(st.tuples(*map(observed, NAMES)), st.tuples(observed("b"), observed("gone"))),
    net_load_w=st.lists(st.builds(Timed, POWERS, AGES), max_size=3).map(tuple),
    car=st.builds(
        CarObservation,
        connected=st.none() | st.booleans(),
        power_w=st.none() | POWERS,
        output_w=st.none() | POWERS,
    ),
    local_time=st.just(NOON),
)
YOUNG = st.floats(0, 10)


def lively(battery_id: str) -> st.SearchStrategy[BatteryObservation]:
    """Return a battery of which all is known, as on most days."""
    return st.builds(
        BatteryObservation,
        battery_id=st.just(battery_id),
        soc_pct=st.builds(Timed, st.floats(15, 99), YOUNG),
        power_w=st.builds(Timed, st.floats(-2500, 2500), YOUNG),
        mode=st.builds(Timed, st.sampled_from((Mode.PASSIVE, Mode.PASSIVE, Mode.MANUAL, Mode.AUTO)), YOUNG),
    )


LIVELY = st.builds(
    Snapshot,
    meter_w=st.builds(Timed, st.floats(-9000, 9000), YOUNG),
    phases_w=st.builds(Timed, st.tuples(*(st.floats(-4000, 4000) for _ in range(3))), YOUNG),
    batteries=st.tuples(*map(lively, NAMES)),
    net_load_w=st.lists(st.builds(Timed, st.floats(-9000, 9000), YOUNG), max_size=1).map(tuple),
    local_time=st.just(NOON),
)


def dated(snapshot: Snapshot, now: float) -> Snapshot:
    """Return a snapshot with moments in place of ages."""

    def at[T](reading: Timed[T] | None) -> Timed[T] | None:
        return None if reading is None else Timed(reading.value, now - reading.at)

    batteries = tuple(
        replace(
            seen,
            soc_pct=at(seen.soc_pct),
            power_w=at(seen.power_w),
            mode=at(seen.mode),
            outcome=seen.outcome and replace(seen.outcome, sent_at=now - seen.outcome.sent_at),
        )
        for seen in snapshot.batteries
    )
    samples = tuple(Timed(sample.value, now - sample.at) for sample in snapshot.net_load_w)
    return replace(
        snapshot,
        meter_w=at(snapshot.meter_w),
        phases_w=at(snapshot.phases_w),
        batteries=batteries,
        net_load_w=samples,
    )


def settings_for(battery_id: str) -> st.SearchStrategy[BatterySettings]:
    """Return what an owner may tell about a battery."""
    return st.builds(
        BatterySettings,
        battery_id=st.just(battery_id),
        rated_power_w=st.sampled_from((600, 800, 2500)),
        own_meter=st.sampled_from(OwnMeter),
        battery_mode=st.sampled_from((BatteryMode.CONTROLLED, *BatteryMode)),
        fixed_power_w=st.integers(-3000, 3000),
        max_charge_w=st.sampled_from((2500, 500, 0, -1)),
        max_discharge_w=st.sampled_from((2500, 500, 0)),
        reserve_pct=st.sampled_from((12.0, 0.0, 60.0)),
        max_soc_pct=st.sampled_from((100.0, 80.0, 40.0)),
        release=st.sampled_from(Release),
        found_mode=st.none() | st.sampled_from(Mode),
        has_passive=st.booleans(),
        slots_cleared=st.booleans(),
        mode_read_delay_s=st.sampled_from((0.0, 15.0)),
        proof_spacing_s=st.sampled_from((0.0, 30.0)),
    )


SITES = st.builds(
    Settings,
    enabled=st.booleans() | st.just(True),
    strategy=st.sampled_from((Strategy.ZERO, *Strategy)),
    setpoint_w=st.integers(-9000, 9000),
    may_charge_from_grid=st.booleans() | st.just(True),
    may_deliver_to_grid=st.booleans() | st.just(True),
    grid_target_w=st.sampled_from((0, 0, 500)),
    max_import_w=st.sampled_from((None, None, 4000)),
    max_export_w=st.sampled_from((None, None, 0, 4000)),
    max_phase_import_w=st.sampled_from((None, None, 4000)),
    batteries=st.tuples(*(settings_for(name) for name in NAMES)),
    meter_age_limit_s=st.sampled_from((60.0, 5.0)),
    car=st.none() | st.builds(CarSettings, phases=st.sampled_from((1, 3)), batteries_may_feed=st.booleans()),
)
WAITS = st.sampled_from((2.0, 10.0, 35.0, 70.0, 400.0))
type Step = tuple[Snapshot | None, float, bool]
type Moment = tuple[Snapshot, Settings, float, Decision, Actuation]
STEPS = st.lists(st.tuples(st.none() | SNAPSHOTS | LIVELY, WAITS, st.booleans()), min_size=1, max_size=8)
"""What is seen (None: the same again), after how long, and whether the owner has meanwhile allowed 300 W only."""


def course(
    given_: Settings,
    steps: list[Step],
    memories: list[DispatchMemory] | None = None,
    law: Law = allocate,
    strategies: Sequence[Strategy] = (),
) -> list[Moment]:
    """Return what is decided and pursued over a course of unrelated snapshots; `memories` notes what is remembered.

    Of `strategies` another one is chosen at every step, over and over.
    """
    now, remembered, told = 0.0, DispatchMemory(), ActuationMemory()
    tight = tuple(replace(own, max_charge_w=300, max_discharge_w=300) for own in given_.batteries)
    result: list[Moment] = []
    seen = Snapshot(meter_w=None, batteries=(), local_time=NOON)
    for number, (undated, wait_s, is_tight) in enumerate(steps):
        now += wait_s
        seen = undated or seen
        snapshot, own = dated(seen, now), replace(given_, batteries=tight) if is_tight else given_
        own = replace(own, strategy=strategies[number % len(strategies)]) if strategies else own
        decision, remembered = dispatch(snapshot, own, remembered, now, law=law)
        actuation = actuate(decision, snapshot, own, told, now)
        told = actuation.memory
        release(own, told, {}, now)
        stop(own, told, snapshot)
        result.append((snapshot, own, now, decision, actuation))
        if memories is not None:
            memories.append(remembered)
    return result


def greedy(given_: LawInput) -> LawOutput:
    """Return what no limit holds back: whoever does not lead gives, or takes, all that a battery can."""
    leaders = [own.battery_id for own in given_.batteries if own.may_lead]
    leader_id = given_.leader_id if given_.leader_id in leaders else leaders[0]
    power_w = 2500 if given_.net_load_w[-1].value > 0 else -2500
    return LawOutput(leader_id=leader_id, setpoints={own.battery_id: power_w for own in given_.batteries})
