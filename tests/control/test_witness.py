"""Whether the meter follows the batteries: one estimator, every kind of lie."""

from collections.abc import Mapping
from random import Random

import pytest

from custom_components.home_energy_controller.control.dispatch.witness import METER, Sight, WitnessMemory, observe
from custom_components.home_energy_controller.control.model import MeterEffect, Timed

CYCLE_S = 10.0
UNMOVED, OPPOSITE = MeterEffect.UNMOVED, MeterEffect.OPPOSITE


class Told:
    """Batteries that are given setpoints, a meter, and their share in it: 1 follows, -1 is opposite."""

    def __init__(
        self, share: Mapping[str, float], *, restless_w: float = 5.0, seed: int = 1, meter: float = 1.0
    ) -> None:
        """Begin at rest; `meter` is the share of everything that the meter shows of the batteries."""
        self.share, self.meter, self.restless_w, self.random = share, meter, restless_w, Random(seed)
        self.powers = dict.fromkeys(share, 0.0)
        self.samples: tuple[Timed[float], ...] = ()
        self.memory, self.now, self.decided_at, self.house_w = WitnessMemory(), 0.0, -1e9, 500.0
        self.resolution_w, self.late_s = 1.0, 0.0

    def pass_time(self, seconds: float) -> Told:
        """Let cycles pass."""
        end = self.now + seconds
        while self.now < end:
            self.now += CYCLE_S
            self.house_w += self.random.gauss(0.0, self.restless_w)
            shown_w = sum(self.share[key] * power_w for key, power_w in self.powers.items()) * self.meter
            meter_w = self.resolution_w * round((self.house_w - shown_w) / self.resolution_w)
            self.samples = (*self.samples[-60:], Timed(meter_w + sum(self.powers.values()), self.now))
            self.see()
        return self

    def see(self) -> None:
        """Let the witness see a cycle."""
        sight = Sight(
            samples=self.samples,
            powers=dict(self.powers),
            able=frozenset(self.share),
            decided_at=self.decided_at,
            settle_s=12.0,
            meter_step_w=self.resolution_w,
            now=self.now,
        )
        self.memory = observe(self.memory, sight)

    def tell(self, **powers: float) -> Told:
        """Change setpoints; the batteries say at once that they do it."""
        self.decided_at = self.now
        self.powers |= powers
        return self.pass_time(60)

    def course(self, steps: int, *keys: str) -> Told:
        """Change setpoints again and again, one battery after the other."""
        for number in range(steps):
            key = (keys or tuple(self.powers))[number % len(keys or self.powers)]
            self.tell(**{key: 0.0 if self.powers[key] else self.random.choice((-1, 1)) * self.random.uniform(300, 800)})
        return self

    def against(self, suspect: str = METER) -> MeterEffect | None:
        """Return what is held against somebody now."""
        return self.memory.against(suspect, self.now)


@pytest.mark.parametrize("restless_w", [1.0, 20.0, 100.0])
def test_meter_that_follows_is_trusted_and_nobody_suspected(restless_w: float) -> None:
    """In a quiet house after a few steps, in a restless one after more."""
    told = Told({"a": 1, "b": 1}, restless_w=restless_w).pass_time(120).course(60)
    assert told.memory.is_sure
    assert not told.memory.verdicts


@pytest.mark.parametrize(("meter", "effect"), [(-1.0, OPPOSITE), (0.0, UNMOVED)])
@pytest.mark.parametrize("restless_w", [1.0, 20.0, 60.0])
def test_meter_of_the_wrong_sign_or_in_the_wrong_place_is_found_out(
    meter: float, effect: MeterEffect, restless_w: float
) -> None:
    """A reversed sensor or clamp; a sensor of the sun, of the house, or one that stands still."""
    told = Told({"a": 1, "b": 1, "c": 1}, restless_w=restless_w, meter=meter).pass_time(120).course(16)
    assert told.against() is effect
    assert told.memory.verdicts.keys() == {METER}, "what was held against batteries before is taken back"


def test_sole_battery_cannot_be_told_from_the_meter() -> None:
    """Then it is the meter that is doubted: the site stops."""
    told = Told({"a": -1}).pass_time(120).course(6)
    assert told.against() is OPPOSITE


@pytest.mark.parametrize(("share", "effect"), [(-1.0, OPPOSITE), (0.0, UNMOVED)])
def test_battery_that_lies_is_found_out_and_the_others_are_not(share: float, effect: MeterEffect) -> None:
    """Also where its changes come together with those of another."""
    told = Told({"a": 1, "b": share, "c": 1}).pass_time(120)
    told.tell(a=500.0, b=500.0).tell(a=900.0, b=700.0).tell(c=400.0)
    told.course(6)
    assert told.against("b") is effect
    assert told.memory.verdicts.keys() == {"b"}


def test_kettles_at_the_wrong_moments_prove_nothing() -> None:
    """Two in a row look like a meter that does not follow; the next steps put it right."""
    told = Told({"a": 1, "b": 1}).pass_time(300)
    for power_w in (800.0, 1600.0):
        told.house_w += 2000.0
        told.tell(a=power_w)
    assert not told.memory.verdicts
    told.course(20)
    assert (dict(told.memory.verdicts), told.memory.is_sure) == ({}, True)


def test_meter_that_fails_after_years_is_distrusted_within_one_step_and_found_out_soon() -> None:
    """Trust is bounded: what went well a thousand times says nothing of a cable that falls out."""
    told = Told({"a": 1, "b": 1}).pass_time(120).course(200).pass_time(600)
    assert told.memory.is_sure
    told.meter = 0.0
    told.tell(a=600.0)
    assert not told.memory.is_sure
    told.course(8)
    assert told.against() is UNMOVED


def test_verdict_is_put_to_the_test_again_after_an_hour_then_more_seldom() -> None:
    """Whoever mended the meter without telling us is believed; else the verdict is soon back, for longer."""
    told = Told({"a": 1, "b": 1}, meter=-1.0).pass_time(120).course(8)
    first = told.memory.verdicts[METER]
    told.pass_time(first.until - told.now + 20)
    assert told.against() is None
    told.course(8)
    second = told.memory.verdicts[METER]
    assert (second.times, second.until - told.now > 3600) == (2, True)
    told.pass_time(second.until - told.now + 20)
    told.meter = 1.0
    told.course(12)
    assert (told.against(), told.memory.is_sure) == (None, True)


def test_battery_in_auto_is_no_witness() -> None:
    """It follows the house: its changes and those of the house cannot be told apart."""
    memory = WitnessMemory()
    for number in range(60):
        power_w = 600.0 * (number % 2)
        samples = tuple(Timed(500.0 + power_w, 10.0 * at) for at in range(number + 1))
        sight = Sight(samples=samples, powers={}, auto=frozenset("a"), settle_s=12.0, now=10.0 * number)
        memory = observe(memory, sight)
    assert (dict(memory.ratios), memory.step) == ({}, None)


def test_change_of_those_who_count_begins_anew() -> None:
    """A battery that was not heard, or goes to Auto, moves the sum without having moved."""
    told = Told({"a": 1, "b": 1}).pass_time(120)
    told.powers["b"] = 700.0
    told.share = {"a": 1, "b": 1, "c": 1}
    told.powers["c"] = 900.0
    told.pass_time(60)
    assert told.memory.step is None


def test_coarse_meter_is_not_taken_for_one_that_stands_still() -> None:
    """A sensor in kW with one decimal: a step of 100 W may show as 100 W or as nothing."""
    told = Told({"a": 1, "b": 1}, restless_w=3.0)
    told.resolution_w = 100.0
    told.pass_time(120)
    power_w = 0.0
    for number in range(60):
        power_w += 100.0 if number % 8 < 4 else -100.0
        told.tell(a=power_w)
    assert not told.memory.verdicts


def test_no_verdict_for_want_of_noise_or_samples() -> None:
    """Steps before anything is known of the house weigh little; those without a sample before them nothing."""
    told = Told({"a": 1, "b": 1}, meter=-1.0)
    told.tell(a=300.0)
    assert told.memory.step is None
    told.course(1, "a")
    assert not told.memory.verdicts


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("meter", [1.0, 0.0, -1.0])
def test_random_courses_bring_no_wrong_verdict(seed: int, meter: float) -> None:
    """In houses from still to restless, with the steps that control makes."""
    told = Told({"a": 1, "b": 1, "c": 1}, restless_w=Random(seed).choice((2, 15, 50, 150)), seed=seed, meter=meter)
    told.pass_time(120).course(25)
    wrong = {1.0: {UNMOVED, OPPOSITE}, 0.0: {OPPOSITE}, -1.0: {UNMOVED}}[meter]
    assert told.against() not in wrong
    assert not (meter != 1.0 and told.memory.is_sure)
