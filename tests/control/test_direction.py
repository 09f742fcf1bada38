"""Whether a battery does what it is told the right way round, and what the meter says of that."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.actuation.actuation import Actuation, actuate
from custom_components.home_energy_controller.control.model import Health, MeterEffect, Mode
from custom_components.home_energy_controller.control.permissions import FREE, allowed_power_w
from tests.control.build import battery, decision, follow, nothing, passive, snapshot
from tests.control.course import One, health, proven


@pytest.mark.parametrize(("known", "most"), [(True, 2500), (False, 300)])
def test_little_is_asked_until_the_direction_is_known(most: int, *, known: bool) -> None:
    """By this door every setpoint goes; the leader is not touched by it."""
    own = battery("a", direction_verified=known)
    assert (allowed_power_w(2500, own, FREE), allowed_power_w(-2500, own, FREE)) == (most, -most)
    assert own.may_lead


def mirrored(**first: object) -> One:
    """Return a battery that was told 300 W and read to do the opposite, once."""
    one = One().read(99, **first)
    one.at(100, follow("a", 300))
    one.read(105, power=-300).at(106, follow("a", 300))
    return one


def test_battery_that_does_the_opposite_for_some_seconds_is_refused_and_idled() -> None:
    """For good: whatever is decided, whoever asks."""
    one = mirrored()
    assert one.memory.feedback(106).locked_out == {}, "a ramp passes through any power"
    one.read(110, power=-300)
    refused = one.at(111, follow("a", 300))
    assert refused.commands == (passive("a", 0),)
    assert (health(refused), dict(refused.directions)) == (Health.WRONG_SIGN, {"a": False})
    one.memory = one.memory.reset(["a"])
    later = one.read(9000, power=0).at(9001, follow("a", 300))
    assert health(later) is Health.WRONG_SIGN
    assert later.diagnosis == {"a": "wrong_sign"}


def test_refused_battery_that_does_not_idle_either_is_told_again_and_stays_refused() -> None:
    """In calm intervals."""
    one = mirrored()
    one.read(110, power=-300).at(111, follow("a", 300))
    sends = one.sends(range(112, 1000), follow("a", 300))
    assert len(sends) < 20
    assert health(one.read(1000, power=-300).at(1001, nothing("a"))) is Health.WRONG_SIGN


@pytest.mark.parametrize(
    "how",
    [{"power": -300.0}, {"mode": Mode.MANUAL, "power": -300.0}],
    ids=["as before", "a slot"],
)
def test_who_goes_on_as_before_ignores_and_does_not_oppose(how: dict[str, object]) -> None:
    """The opposite has to be an effect."""
    one = mirrored(**how)
    one.read(115, **how)
    assert health(one.at(116, follow("a", 300))) is Health.SETTLING


def test_turning_round_is_not_taken_for_the_opposite() -> None:
    """It was told so before; nor is what happens in Manual."""
    one = One().read(99)
    one.at(90, follow("a", -300))
    one.read(95, power=0)
    one.at(100, follow("a", 300))
    one.read(105, power=-300).at(106, follow("a", 300))
    assert health(one.read(112, power=-300).at(113, follow("a", 300))) is Health.SETTLING
    slot = One().read(99)
    slot.at(100, follow("a", 300))
    for at in (105, 112):
        slot.read(at, power=-300, mode=Mode.MANUAL)
        assert health(slot.at(at + 1, follow("a", 300))) is Health.SETTLING


def judged(one: One, now: float, **meter: object) -> Actuation:
    """Pursue 600 W while the meter says something of the battery."""
    told = replace(decision(follow("a", 600)), **meter)  # type: ignore[arg-type] # Tests name fields freely.
    result = actuate(told, snapshot(replace(one.reading, outcome=one.done)), one.settings, one.memory, now)
    one.memory = result.memory
    return result


def test_direction_is_believed_when_the_meter_has_shown_it_or_after_45_s() -> None:
    """Whoever keeps the file."""
    one = proven()
    assert judged(one, 110).directions == {}
    assert judged(one, 111, believed=frozenset("a")).directions == {"a": True}
    assert judged(proven(), 144).directions == {}
    assert judged(proven(), 145).directions == {"a": True}


@pytest.mark.parametrize("effect", list(MeterEffect))
def test_battery_that_the_meter_contradicts_loses_its_work_until_the_meter_agrees(effect: MeterEffect) -> None:
    """However well it says that it obeys; its direction is not believed meanwhile."""
    one = proven()
    result = judged(one, 150, contradicted={"a": effect})
    assert (health(result), result.diagnosis, result.directions) == (Health.NOT_FOLLOWING, {"a": "contradicted"}, {})
    assert one.memory.feedback(200).locked_out == {"a": Health.NOT_FOLLOWING}
    judged(one, 160)
    assert one.memory.feedback(211).locked_out == {}
