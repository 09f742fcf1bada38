"""Whether a battery does what it is told the right way round."""

from dataclasses import replace

import pytest

from custom_components.home_energy_controller.control.model import Health, Mode, Timed
from custom_components.home_energy_controller.control.permissions import FREE, allowed_power_w
from custom_components.home_energy_controller.control.proof import Sent
from custom_components.home_energy_controller.control.sign import is_right
from tests.control.build import auto, battery, follow, nothing, passive
from tests.control.course import One, health


def proven(told_w: int = 300, load_w: float | None = 1000.0) -> Sent:
    """Return a set-point of 100 s, proven by its own measurement."""
    load = None if load_w is None else Timed(load_w, 95)
    return Sent(command=passive("a", told_w), asked_at=100, sent_at=100, proven_at=105, load=load)


def sampled(load_w: float, at: float = 120) -> tuple[Timed[float], ...]:
    """Return samples of the net load: one too early to tell anything, and one."""
    return (Timed(7000, 109), Timed(load_w, at))


@pytest.mark.parametrize("sign", [1, -1])
def test_rest_of_the_house_makes_room_for_what_is_really_delivered(sign: int) -> None:
    """The leader's opposite move is the net load's standing still."""

    def judged(moved_w: float) -> bool | None:
        return is_right(proven(sign * 300), sampled(1000 + sign * moved_w), 130)

    assert judged(0) is judged(299) is judged(-299) is True
    assert judged(450) is judged(600) is judged(750) is False, "twice its power: it did the opposite"
    assert judged(301) is judged(449) is judged(751) is judged(-600) is None, "the house did something as well"


def test_own_measurement_has_to_do_where_the_house_tells_nothing() -> None:
    """After 45 s without a sample, or without rest."""
    assert is_right(proven(), (), 144) is None
    assert is_right(proven(), (), 145) is True
    assert is_right(proven(load_w=None), sampled(0), 144) is None
    assert is_right(proven(), sampled(2000), 144) is None
    assert is_right(proven(), sampled(2000), 145) is True


def test_idle_and_auto_and_what_is_unproven_tell_nothing() -> None:
    """However long they last."""
    assert is_right(proven(0), sampled(1000), 1000) is None
    assert is_right(replace(proven(), proven_at=None), sampled(1000), 1000) is None
    assert is_right(replace(proven(), command=auto("a")), sampled(1000), 1000) is None


@pytest.mark.parametrize(("known", "most"), [(True, 2500), (False, 300)])
def test_little_is_asked_until_the_direction_is_known(most: int, *, known: bool) -> None:
    """By this door every set-point goes; the leader is not touched by it."""
    own = battery("a", sign_proven=known)
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
    assert one.memory.barred(106) == {}, "a ramp passes through any power"
    one.read(110, power=-300)
    refused = one.at(111, follow("a", 300))
    assert refused.commands == (passive("a", 0),)
    assert (health(refused), dict(refused.sign)) == (Health.WRONG_SIGN, {"a": False})
    one.memory = one.memory.forgiven(["a"])
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


def test_contradiction_that_is_over_or_stays_alone_holds_nothing_up_for_ever() -> None:
    """A power that is held is asked about once only: the house had a kettle on, or has one still."""
    kettle = sampled(1000 + 600)
    assert is_right(proven(300), kettle, 130) is False
    assert is_right(proven(300), (*kettle, Timed(1010.0, 140)), 141) is True
    assert is_right(proven(300), kettle, 189) is False
    assert is_right(proven(300), kettle, 190) is True


@pytest.mark.parametrize(("known", "second"), [(False, Health.WRONG_SIGN), (True, Health.PROVEN)])
def test_contradiction_of_the_house_counts_the_second_time_while_the_direction_is_unknown(
    *, known: bool, second: Health
) -> None:
    """Once may be a kettle; in years of kettles so may be twice: the bench lost a good battery in two runs of five."""
    one = One(battery("a", sign_proven=known))
    for begun, expected in ((100, Health.PROVEN), (300, second)):
        one.loads = (Timed(1000.0, begun - 10),)
        one.read(begun - 1).at(begun, follow("a", 300))
        one.read(begun + 5, power=300).at(begun + 6, follow("a", 300))
        one.loads = (*one.loads, Timed(1600.0, begun + 12))
        result = one.at(begun + 13, follow("a", 300))
        assert health(result) is expected
        one.at(begun + 15, follow("a", 300))
        one.read(begun + 20, power=0).at(begun + 21, follow("a"))
    assert result.sign == ({} if known else {"a": False})


def test_confirmation_of_the_house_is_told() -> None:
    """Whoever keeps the file."""
    one = One(battery("a", sign_proven=False))
    one.loads = (Timed(1000.0, 95),)
    one.at(100, follow("a", 300))
    one.read(105, power=300)
    one.loads = (*one.loads, Timed(1010.0, 112))
    assert one.at(113, follow("a", 300)).sign == {"a": True}
