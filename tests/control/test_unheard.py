"""What nobody hears is not what was heard last: batteries after their countdown, a silent meter, a full charge."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.dispatch.dispatch import FULL_LONGEST_S, DispatchMemory, dispatch
from custom_components.home_energy_controller.control.dispatch.site import Leader
from custom_components.home_energy_controller.control.dispatch.witness import METER, SURE, Verdict, WitnessMemory
from custom_components.home_energy_controller.control.model import (
    Action,
    Decision,
    Feedback,
    Health,
    MeterEffect,
    Mode,
    OwnMeter,
    SiteState,
    Strategy,
    Timed,
)
from custom_components.home_energy_controller.control.settings import Circuit, Settings
from tests.control.build import battery, seen, site, snapshot

SHED = Circuit(name="Shed", limit_w=3000)


def shared() -> Settings:
    """Return two batteries on a circuit that carries one of them, that take setpoints only."""
    both = (battery(key, circuit=SHED, own_meter=OwnMeter.NO) for key in "ab")
    return site(*both, strategy=Strategy.FIXED, setpoint_w=5000)


def after_silence(settings: Settings, heard_at: float, runs_until: float, now: float) -> Decision:
    """Return what is decided once b was not heard since, with a read all the time; both gave half before."""
    memory = DispatchMemory()
    for at in (0.0, heard_at, now):
        b_at = min(at, heard_at)
        view = snapshot(seen("a", power=1500, at=at), seen("b", power=1500, at=b_at), meter=2000, at=at)
        made, memory = dispatch(replace(view, feedback=Feedback(runs_until={"b": runs_until})), settings, memory, at)
    return made


def power_w(made: Decision, key: str) -> int:
    """Return what a battery is to give."""
    target = made.target(key)
    assert target is not None
    return target.power_w


@pytest.mark.parametrize("sign", [1, -1])
def test_unheard_battery_counts_with_all_it_may_do_once_its_countdown_may_have_ended(sign: int) -> None:
    """40 s before: the others have to be told, and to obey."""
    settings = replace(shared(), setpoint_w=sign * 5000)
    assert abs(power_w(after_silence(settings, 20, 300, 250), "a")) >= 1500
    assert abs(power_w(after_silence(settings, 20, 300, 260), "a")) <= 500
    assert abs(power_w(after_silence(settings, 20, 900, 279), "a")) >= 1500
    assert abs(power_w(after_silence(settings, 20, 900, 281), "a")) <= 500, "no countdown is longer"


def test_battery_that_was_heard_shortly_before_goes_on_until_its_countdown_ends() -> None:
    """It is not taken for adrift while it cannot be."""
    assert power_w(after_silence(shared(), 270, 300, 299), "a") >= 1500
    assert power_w(after_silence(shared(), 270, 300, 300), "a") <= 500
    assert power_w(after_silence(shared(), 290, 300, 300), "a") <= 500


def test_battery_without_a_countdown_counts_with_all_once_it_is_unknown() -> None:
    """Manual, with slots that nobody can read; UPS; or told by somebody else."""
    settings, memory = shared(), DispatchMemory()
    for now in (0.0, 85.0):
        made, memory = dispatch(
            snapshot(seen("a", power=1500, at=now), seen("b", power=1500, mode=Mode.MANUAL, at=0.0), at=now),
            settings,
            memory,
            now,
        )
    assert power_w(made, "a") >= 1500
    view = snapshot(seen("a", power=1500, at=95.0), seen("b", power=1500, mode=Mode.MANUAL, at=0.0), at=95.0)
    assert power_w(dispatch(view, settings, memory, 95.0)[0], "a") <= 500


def connected(**limits: int) -> Settings:
    """Return a battery that charges all it can, on a connection with limits."""
    return site(battery("a", own_meter=OwnMeter.NO), strategy=Strategy.TO_FULL, **limits)


def charging(settings: Settings, now: float, *, meter_at: float, phases_at: float | None = None) -> int:
    """Return what is charged when the meter was heard last at a moment."""
    memory, made = DispatchMemory(), None
    for at in (0.0, 10.0, now):
        view = snapshot(seen("a", power=-2500, at=at), meter=3000, at=min(at, meter_at))
        if phases_at is not None:
            view = replace(view, phases_w=Timed((1000.0, 1000.0, 1000.0), min(at, phases_at)))
        made, memory = dispatch(view, settings, memory, at)
    assert made is not None
    return power_w(made, "a")


@pytest.mark.parametrize(("age_s", "charged_w"), [(14, -2500), (44, -2500), (46, 0), (600, 0)])
def test_connection_without_a_fresh_meter_leaves_what_flows_and_then_nothing(age_s: float, charged_w: int) -> None:
    """Nobody knows what the house draws by then."""
    settings = connected(max_import_w=6000)
    assert charging(settings, 10.0 + age_s, meter_at=10.0) == charged_w
    assert charging(connected(), 10.0 + age_s, meter_at=10.0) == -2500, "without a limit the meter is not asked"


def test_phases_that_fall_silent_leave_nothing_either() -> None:
    """Though the total goes on."""
    settings = connected(max_phase_import_w=6000)
    assert charging(settings, 100.0, meter_at=100.0, phases_at=100.0) < 0
    assert charging(settings, 100.0, meter_at=100.0, phases_at=10.0) == 0


def full(*locked_out: str, now: float = 1000.0, soc: float = 99.0, **changes: object) -> bool:
    """Return whether a full charge is over when b cannot be charged any further."""
    settings = site(battery("a"), battery("b", **changes), strategy=Strategy.TO_FULL)
    memory, made = DispatchMemory(), None
    for at in (0.0, 10.0, now):
        view = snapshot(seen("a", soc=99.0, at=at), seen("b", soc=soc, at=at), at=at)
        lockouts = dict.fromkeys(locked_out, Health.NOT_FOLLOWING)
        made, memory = dispatch(replace(view, feedback=Feedback(locked_out=lockouts)), settings, memory, at)
    return made is not None and made.finished


def test_full_charge_ends_when_only_those_are_left_that_cannot_be_charged_further() -> None:
    """Whatever the reason; and as long as one can, it goes on."""
    assert not full(soc=60.0)
    assert full("b", soc=60.0), "it does not follow"
    assert full(soc=60.0, has_passive=False), "it takes no setpoints"
    assert full(soc=60.0, max_charge_w=0), "its owner forbade it"
    assert full("a", "b", soc=60.0), "there is nobody left"


def test_full_charge_ends_after_a_day_whatever_is_missing() -> None:
    """A connection may never leave anything."""
    assert not full(soc=60.0, now=FULL_LONGEST_S - 1)
    assert full(soc=60.0, now=FULL_LONGEST_S + 1)


def test_meter_that_does_not_follow_stops_all_that_is_commanded() -> None:
    """And a limit that is judged by it leaves nothing."""
    verdict = Verdict(effect=MeterEffect.OPPOSITE, until=3600.0)
    witness = WitnessMemory(verdicts={METER: verdict}, ratios={METER: (0.0, 2 * SURE)})
    settings = site(battery("a"), battery("b"))
    _, memory = dispatch(snapshot(seen("a"), seen("b"), meter=2000), settings, DispatchMemory(), 0)
    memory = replace(memory, witness=witness, leader=Leader(id="a", auto_inhibited=False), setpoints={"b": 500})
    view = snapshot(seen("a", mode=Mode.AUTO, power=900, at=10), seen("b", power=500, at=10), meter=2000, at=10)
    made, _ = dispatch(view, settings, memory, 10)
    assert (made.state, made.meter_effect) == (SiteState.METER_NOT_FOLLOWING, MeterEffect.OPPOSITE)
    assert {target.action for target in made.targets} == {Action.IDLE}
