"""What holds for any site, any reading and any memory."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from math import isnan
from random import Random

from hypothesis import HealthCheck, given, settings, strategies as st

from custom_components.home_energy_controller.control.charger import CarObservation, CarSettings
from custom_components.home_energy_controller.control.decide import DecideMemory, decide
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryObservation,
    BatterySettings,
    Circuit,
    Command,
    CommandKind,
    CommandOutcome,
    Decision,
    Mode,
    OwnMeter,
    Reach,
    Release,
    Role,
    Settings,
    Snapshot,
    Strategy,
    Target,
    Timed,
    Wish,
    reach_of,
)
from custom_components.home_energy_controller.control.pursue import PursueMemory, Pursuit, pursue
from custom_components.home_energy_controller.control.release import release, stop
from custom_components.home_energy_controller.control.site import Load
from tests.control.build import NOON, battery, site
from tests.control.world import World

NAMES = ("a", "b", "c")
PLACES = (1, 2, 3)
CIRCUITS = (Circuit(name="shed", limit_w=3680), Circuit(name="attic", limit_w=2500), None)
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
    phases_w=st.builds(Timed, st.tuples(*(st.floats(-4000, 4000) for _ in PLACES)), YOUNG),
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
        power_class_w=st.sampled_from((600, 800, 2500)),
        own_meter=st.sampled_from(OwnMeter),
        wish=st.sampled_from((Wish.CONTROLLED, *Wish)),
        fixed_power_w=st.integers(-3000, 3000),
        max_charge_w=st.sampled_from((2500, 500, 0, -1)),
        max_discharge_w=st.sampled_from((2500, 500, 0)),
        reserve_pct=st.sampled_from((12.0, 0.0, 60.0)),
        ceiling_pct=st.sampled_from((100.0, 80.0, 40.0)),
        release=st.sampled_from(Release),
        found_mode=st.none() | st.sampled_from(Mode),
        has_passive=st.booleans(),
        slots_cleared=st.booleans(),
        mode_read_delay_s=st.sampled_from((0.0, 15.0)),
    )


SITES = st.builds(
    Settings,
    enabled=st.booleans() | st.just(True),
    strategy=st.sampled_from((Strategy.ZERO, *Strategy)),
    setpoint_w=st.integers(-9000, 9000),
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
type Moment = tuple[Snapshot, Settings, float, Decision, Pursuit]
STEPS = st.lists(st.tuples(st.none() | SNAPSHOTS | LIVELY, WAITS, st.booleans()), min_size=1, max_size=8)
"""What is seen (None: the same again), after how long, and whether the owner has meanwhile allowed 300 W only."""


def course(given_: Settings, steps: list[Step], memories: list[DecideMemory] | None = None) -> list[Moment]:
    """Return what is decided and pursued over a course of unrelated snapshots; `memories` notes what is remembered."""
    now, remembered, told = 0.0, DecideMemory(), PursueMemory()
    tight = tuple(replace(own, max_charge_w=300, max_discharge_w=300) for own in given_.batteries)
    result: list[Moment] = []
    seen = Snapshot(meter_w=None, batteries=(), local_time=NOON)
    for undated, wait_s, is_tight in steps:
        now += wait_s
        seen = undated or seen
        snapshot, own = dated(seen, now), replace(given_, batteries=tight) if is_tight else given_
        decision, remembered = decide(snapshot, own, remembered, now)
        pursuit = pursue(decision, snapshot, own, told, now)
        told = pursuit.memory
        release(own, told)
        stop(own, told, snapshot)
        result.append((snapshot, own, now, decision, pursuit))
        if memories is not None:
            memories.append(remembered)
    return result


@given(SITES, STEPS)
@settings(max_examples=400, deadline=None)
def test_any_course_gives_decisions_within_all_limits(site_: Settings, steps: list[Step]) -> None:
    """Nothing raises, and no target is one that should not be: the first promise of all."""
    for snapshot, given_, now, decision, pursuit in course(site_, steps):
        assert [target.battery_id for target in decision.targets] == list(NAMES)
        controlled = [target for target in decision.targets if target.role is not Role.OWNER]
        assert sum(target.action is Action.AUTO for target in controlled) <= 1
        powers = [target.power_w for target in controlled if target.role is Role.FOLLOWER]
        assert not (any(power > 0 for power in powers) and any(power < 0 for power in powers))
        for own in given_.batteries:
            target = decision.target(own.battery_id)
            assert target is not None
            assert_allowed(target, own, snapshot.battery(own.battery_id), now)
            assert given_.enabled or own.wish is not Wish.CONTROLLED or target.action is Action.NOTHING
        for command in pursuit.commands:
            own = next(known for known in given_.batteries if known.battery_id == command.battery_id)
            assert -own.charge_limit_w <= command.power_w <= own.discharge_limit_w
            assert own.has_passive or command.kind is not CommandKind.PASSIVE
            assert own.slots_cleared or command.kind is not CommandKind.MANUAL_IDLE
        assert pursuit.next_due is None or now < pursuit.next_due < now + 1000


def assert_allowed(target: Target, own: BatterySettings, seen: BatteryObservation, now: float) -> None:
    """Assert that limits, charge and what is known allow a target."""
    assert -own.charge_limit_w <= target.power_w <= own.discharge_limit_w
    assert target.action is not Action.IDLE or own.can_idle
    soc = seen.soc_pct
    is_known = seen.power_w is not None and seen.mode is not None and soc is not None
    if not is_known or soc is None or isnan(soc.value) or not soc.fresh(now, 90.0):
        assert target.power_w == 0
        assert target.action is not Action.AUTO
    elif target.power_w:
        assert soc.value < own.ceiling_pct if target.power_w < 0 else soc.value > own.reserve_pct


def fused(site_: Settings, limit_w: int, powers_w: tuple[int, ...]) -> Settings:
    """Return a site of which all batteries are on one circuit, and those that are `fixed` ask for a lot."""
    circuit = Circuit(name="shed", limit_w=limit_w)
    batteries = (
        replace(own, circuit=circuit, fixed_power_w=power_w, max_charge_w=2500, max_discharge_w=2500)
        for own, power_w in zip(site_.batteries, powers_w, strict=True)
    )
    return replace(site_, batteries=tuple(batteries))


FUSED = st.builds(
    fused, SITES, st.sampled_from((1000, 2500, 3680)), st.tuples(*(st.sampled_from((-2500, 2500)) for _ in NAMES))
)


@given(FUSED, st.lists(st.tuples(st.none() | LIVELY, WAITS, st.just(False)), min_size=2, max_size=8))
@settings(max_examples=200, deadline=None)
def test_a_circuit_carries_what_was_decided_whatever_those_in_auto_choose(site_: Settings, steps: list[Step]) -> None:
    """In either direction, and for those that the owner set as well."""
    for _, given_, _, decision, pursuit in course(site_, steps):
        told = {own.battery_id: Reach() for own in given_.batteries}
        for target in decision.targets:
            own = next(own for own in given_.batteries if own.battery_id == target.battery_id)
            told[own.battery_id] = reach_of(target.power_w)
            if target.action is Action.AUTO:
                told[own.battery_id] = Reach(charge_w=own.charge_class_w, discharge_w=own.power_class_w)
            circuit = own.circuit
            for command in pursuit.commands:
                if command.battery_id == own.battery_id and target.most is not None:
                    assert target.most.clamped(command.power_w) == command.power_w
        assert circuit is not None
        assert sum(reach.charge_w for reach in told.values()) <= circuit.limit_w
        assert sum(reach.discharge_w for reach in told.values()) <= circuit.limit_w


CONNECTED = st.builds(
    replace,
    SITES,
    max_import_w=st.sampled_from((None, 3000, 8000)),
    max_export_w=st.sampled_from((None, 0, 3000, 8000)),
    max_phase_import_w=st.sampled_from((None, 3680, 5750)),
    max_phase_export_w=st.sampled_from((None, 3680, 5750)),
    batteries=st.tuples(
        *(
            st.builds(replace, settings_for(name), phase=st.sampled_from((None, 1, 1, 2)), max_charge_w=st.just(2500))
            for name in NAMES
        )
    ),
)


@given(CONNECTED, st.lists(st.tuples(st.none() | LIVELY, WAITS, st.just(False)), min_size=2, max_size=8))
@settings(max_examples=200, deadline=None)
def test_set_points_never_push_the_connection_or_a_phase_beyond_its_limit(site_: Settings, steps: list[Step]) -> None:
    """Whatever those in Auto do, and whatever phase a battery is on whose owner did not say.

    With the newest known load of house and sun, and every battery in Auto anywhere within its class, the set-points
    together (also those of the owner) leave import and export within the limit, or there are none in that direction.
    So beyond a limit flows only what the house or those in Auto bring there by themselves. A load is known when meter
    and batteries were read and no battery is on its way to something else, for five minutes, or for one when a battery
    in Auto was read at another moment than the meter; what changed since, nobody can know.
    """
    memories: list[DecideMemory] = []
    heard: dict[Load, tuple[Snapshot, float]] = {}
    for (snapshot, given_, now, decision, _), remembered in zip(course(site_, steps, memories), memories, strict=True):
        newest = remembered.loads[-1] if remembered.loads else None
        known = None if newest is None else heard.setdefault(newest, (snapshot, now))
        for phases in product(*(PLACES if own.phase is None else (own.phase,) for own in given_.batteries)):
            places = dict(zip(NAMES, phases, strict=True))
            assert_carried(given_, decision, places, 0, known)
            for phase in PLACES:
                assert_carried(given_, decision, places, phase, known)


def assert_carried(
    given_: Settings, decision: Decision, places: Mapping[str, int], phase: int, known: tuple[Snapshot, float] | None
) -> None:
    """Assert that set-points keep to the limit of the connection (0), or of a phase with batteries in these places."""
    here = [own for own in given_.batteries if not phase or places[own.battery_id] == phase]
    limits = (given_.max_import_w, given_.max_export_w)
    if phase:
        limits = (given_.max_phase_import_w, given_.max_phase_export_w)
    targets = {own.battery_id: decision.target(own.battery_id) for own in here}
    for sign, limit_w in zip((-1, 1), limits, strict=True):
        in_auto_w = sum(own.class_w(sign) for own in here if is_auto(targets[own.battery_id]))
        told_w = sum(max(0, sign * target.power_w) for target in targets.values() if target is not None)
        load_w = None if known is None else load_of(known, given_, here, phase)
        if limit_w is None or not told_w:
            continue
        assert load_w is not None, "nobody knows what the house does"
        assert -sign * load_w + in_auto_w + told_w <= limit_w


def is_auto(target: Target | None) -> bool:
    """Return whether a battery is told to run its own loop."""
    return target is not None and target.action is Action.AUTO


def load_of(
    known: tuple[Snapshot, float], given_: Settings, here: Iterable[BatterySettings], phase: int
) -> float | None:
    """Return what house and sun asked of the connection, or a phase (W), when it was known last."""
    snapshot, now = known
    meter = snapshot.phases_w if phase else snapshot.meter_w
    if meter is None:
        return None
    power_w = meter.value[phase - 1] if isinstance(meter.value, tuple) else meter.value
    for own in here:
        power = snapshot.battery(own.battery_id).power_w
        if power is not None and power.fresh(now, given_.age_limit_s(own.battery_id)):
            power_w += power.value
    return power_w


@given(SITES, STEPS)
@settings(max_examples=50, deadline=None)
def test_same_inputs_give_the_same_answers(site_: Settings, steps: list[Step]) -> None:
    """No hidden state, no clock, no chance: a recorded course can be replayed."""
    assert repr(course(site_, steps)) == repr(course(site_, steps))


def wild_world(seed: int, loss: float, circuits: tuple[Circuit | None, ...] = (None,)) -> World:
    """Return a world of which chance decides the size, the charges, the fuses and where it begins."""
    chance = Random(seed)
    names = "abcd"[: chance.randint(2, 4)]
    made = World(
        site(
            *(
                battery(
                    name,
                    power_class_w=chance.choice((800, 2500)),
                    capacity_wh=chance.choice((500, 5120)),
                    circuit=chance.choice(circuits),
                )
                for name in names
            ),
        ),
        loss=loss,
        seed=seed,
    )
    for index, toy in enumerate(made.toys.values()):
        toy.soc_pct = chance.uniform(12.0, 98.0)
        toy.mode = Mode.AUTO if index == 0 else chance.choice((Mode.PASSIVE, Mode.MANUAL))
    return made


@given(
    seed=st.integers(0, 10_000),
    loss=st.sampled_from((0.0, 0.1, 0.4)),
    legs=st.lists(
        st.tuples(st.sampled_from((-4000, -1800, -300, 0, 900, 2600, 5000)), st.integers(15, 90), st.integers(0, 25)),
        min_size=3,
        max_size=14,
    ),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_there_are_never_two_loops_whatever_is_lost(seed: int, loss: float, legs: list[tuple[int, int, int]]) -> None:
    """Swaps under way, restarts in the middle of them, commands and acknowledgements that get lost: one in Auto."""
    made = wild_world(seed, loss)
    for load_w, duration_s, event in legs:
        made.load_w = load_w
        if event == 0:
            made.restart()
        made.run(duration_s)
        assert made.most_auto <= 1
        for toy in made.toys.values():
            assert -toy.settings.charge_class_w <= toy.passive_w <= toy.settings.power_class_w


def assert_fuses_hold(made: World) -> None:
    """Assert that no circuit carries more than its limit, whatever a battery in Auto chooses to do."""
    for circuit in {toy.settings.circuit for toy in made.toys.values()} - {None}:
        sharing = [toy for toy in made.toys.values() if toy.settings.circuit == circuit]
        charge_w = sum(
            toy.settings.charge_class_w if toy.mode is Mode.AUTO else max(0, -toy.power_w) for toy in sharing
        )
        given_w = sum(toy.settings.power_class_w if toy.mode is Mode.AUTO else max(0, toy.power_w) for toy in sharing)
        assert circuit is not None
        assert max(charge_w, given_w) <= circuit.limit_w, (circuit, [(t.mode, t.power_w) for t in sharing])


@given(
    seed=st.integers(0, 10_000),
    loss=st.sampled_from((0.0, 0.1, 0.4)),
    legs=st.lists(
        st.tuples(st.sampled_from((-9000, -4000, -300, 0, 2600, 5000, 9000)), st.integers(15, 90), st.integers(0, 25)),
        min_size=3,
        max_size=14,
    ),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_fuses_hold_whatever_the_leader_does_and_whatever_is_lost(
    seed: int, loss: float, legs: list[tuple[int, int, int]]
) -> None:
    """At every second, also while the leader is changed, an owner takes batteries out, and after a restart."""
    made = wild_world(seed, loss, CIRCUITS)
    chance = Random(seed)
    made.each_second = assert_fuses_hold
    for load_w, duration_s, event in legs:
        made.load_w = load_w
        if event == 0:
            made.restart()
        elif event < 6:
            changed = chance.choice(made.settings.batteries)
            wish, power_w = chance.choice(list(Wish)), chance.choice((-2500, 700, 2500))
            batteries = (
                replace(own, wish=wish, fixed_power_w=power_w) if own is changed else own
                for own in made.settings.batteries
            )
            made.settings = replace(made.settings, batteries=tuple(batteries))
        made.run(duration_s)
