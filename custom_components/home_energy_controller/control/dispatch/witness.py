"""Whether the meter follows what the batteries do. One estimator for all who have to know.

A battery that obeys is half the truth: the meter has to show it. Whatever a setpoint changes, the net load (meter and
all batteries) stays as it is. It moves by the same power if the meter does not see the battery, and by twice as much if
one of them has the wrong sign. Several such changes are weighed against the house's own restlessness, as a likelihood
ratio with heavy tails: a kettle at the wrong moment, or two, prove nothing. Only setpoints count: Auto follows the
house, so that its changes and those of the house cannot be told apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf, log, log1p
from statistics import median
from types import MappingProxyType

from ..model import MeterEffect, Timed

MOVED_W = 50.0
"""What a battery has to change for it to be more than measuring error."""
STEP_LEAST_W = 80.0
"""Of less, all together, nothing is learnt: setpoints begin with 100 W, measured to a few per cent."""
BEFORE_S = 30.0
"""So long before a change was read, its command may have been sent, where nobody says when."""
DECIDED_S = 60.0
"""A decision that is older did not bring a change about."""
PENDING_S = 150.0
"""A change that is not at rest by then is given up."""
NOISE_OVER_S, NOISE_FEW, NOISE_MOST = 40.0, 5, 60
"""Changes of the house alone: over what time, how many are needed, and how many are kept."""
NOISE_UNKNOWN_W, NOISE_LEAST_W = 150.0, 20.0
SURE = log(1e6)
"""Logarithm of the likelihood ratio that decides."""
LIKELY = log(10)
"""Enough to believe a battery's direction, or to put it to the test."""
TRUST_MOST = 1.3 * SURE
"""So sure and no surer, lest a meter that fails after years is believed for hours."""
PROBE_S, PROBE_AGAIN_S = 90.0, 900.0
"""For so long a battery that is suspected rests, which is a change that tells; and not again for a while."""
METER_LEADS = 3.0
"""So much better than any one battery the meter has to explain it all, while there are others that can be tried."""
METER = ""
"""The meter among the suspects, who are batteries else."""
DISTRUST_S, DISTRUST_MOST_S = 3600.0, 86_400.0
"""After the first and at most after every later verdict, until it is put to the test again."""
EFFECTS = (MeterEffect.UNMOVED, MeterEffect.OPPOSITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is held against a battery, or the meter, and until when."""

    effect: MeterEffect
    until: float
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What setpoints did together (W, + discharging), and the share of it that the meter showed: 1 is all of it."""

    power_w: float
    share: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessMemory:
    """What was seen so far."""

    powers: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Of the batteries that obey setpoints (W)."""
    party: frozenset[str] = frozenset()
    """Who counts in the net load, and (marked) who runs Auto: when that changes, all begins anew."""
    moved_at: float = -inf
    """When the powers were read to have changed last."""
    before: Mapping[str, float] | None = None
    """What they were before a change that is not judged yet."""
    before_span: tuple[float, float] = (inf, -inf)
    """From when until when samples of the net load were of that time."""
    sampled_at: float = -inf
    noise: tuple[float, ...] = ()
    """By how much (W) the net load changed while nothing was told."""
    meter_step_w: float = inf
    """The least difference between two readings of the meter: what it can show at all."""
    ratios: Mapping[str, tuple[float, float]] = field(default_factory=lambda: MappingProxyType({}))
    """By suspect: how much likelier it is (logarithm) that its changes do not move the meter, or the wrong way."""
    verdicts: Mapping[str, Verdict] = field(default_factory=lambda: MappingProxyType({}))
    step: Step | None = None
    """The newest change that was judged."""
    probed: str | None = None
    """The battery that is put to the test by a rest, or was last."""
    probed_at: float = -inf

    @property
    def is_sure(self) -> bool:
        """Return whether the meter follows beyond doubt."""
        return all(ratio <= -SURE for ratio in self.ratios.get(METER, (0.0, 0.0)))

    def believes(self, battery_id: str) -> bool:
        """Return whether the meter has shown, ten to one, that a battery does not do the opposite of what it says."""
        unmoved, opposite = self.ratios.get(battery_id, (0.0, 0.0))
        return unmoved < 0.0 and opposite <= -LIKELY

    def rests(self, battery_id: str, now: float) -> bool:
        """Return whether a battery has to rest, so that the meter can tell whether it did what it says."""
        is_open = LIKELY <= max(self.ratios.get(battery_id, (0.0, 0.0))) < SURE
        return battery_id == self.probed and now - self.probed_at < PROBE_S and is_open

    def against(self, suspect: str, now: float) -> MeterEffect | None:
        """Return what is held against a battery, or the meter, now."""
        verdict = self.verdicts.get(suspect)
        return verdict.effect if verdict is not None and now < verdict.until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a cycle shows to the witness."""

    samples: tuple[Timed[float], ...]
    """Of the net load (W), oldest first."""
    powers: Mapping[str, float]
    """What the batteries deliver that are not in Auto (W), by their own measurement."""
    auto: frozenset[str] = frozenset()
    able: frozenset[str] = frozenset()
    """Who could be given setpoints instead of a suspect."""
    decided_at: float | None = None
    """When setpoints were changed last."""
    settle_s: float
    """So long after a change the meter shows it."""
    meter_step_w: float = inf
    """By how much the meter's newest two readings differ, if they do."""
    now: float


def observe(memory: WitnessMemory, sight: Sight) -> WitnessMemory:
    """Return the memory after a cycle."""
    memory = _probed(_reopened(_moved(memory, sight), sight.now), sight)
    memory = replace(memory, meter_step_w=min(memory.meter_step_w, sight.meter_step_w))
    sample = next(reversed(sight.samples), None)
    if sample is None or sample.at <= memory.sampled_at or sample.at < memory.moved_at + sight.settle_s:
        return memory
    memory = replace(memory, sampled_at=sample.at)
    if memory.before is None:  # What differs was done by the house.
        quiet_from, until = memory.moved_at + sight.settle_s, sample.at - NOISE_OVER_S
        old = next((old for old in reversed(sight.samples) if quiet_from <= old.at <= until), None)
        noise = () if old is None else (abs(sample.value - old.value),)
        return replace(memory, noise=(*memory.noise, *noise)[-NOISE_MOST:])
    first, last = memory.before_span
    base = next((old for old in reversed(sight.samples) if first <= old.at <= last), None)
    changes = {key: power_w - memory.before.get(key, power_w) for key, power_w in memory.powers.items()}
    changes = {key: change_w for key, change_w in changes.items() if abs(change_w) >= MOVED_W}
    memory = replace(memory, before=None)
    if base is None or abs(sum(changes.values())) < STEP_LEAST_W or sight.now - last > PENDING_S:
        return memory
    return _judged(_weighed(memory, changes, sample.value - base.value, sight.now), sight)


def _moved(memory: WitnessMemory, sight: Sight) -> WitnessMemory:
    """Return the memory with what the batteries do now, and since when."""
    now, party = sight.now, frozenset(sight.powers) | {f"auto {key}" for key in sight.auto}
    if party != memory.party:
        return replace(memory, party=party, powers=sight.powers, moved_at=now, before=None)
    if all(abs(power_w - memory.powers[key]) < MOVED_W for key, power_w in sight.powers.items()):
        return memory
    moved = replace(memory, powers=sight.powers, moved_at=now)
    if memory.before is not None:
        return moved
    decided_at = sight.decided_at
    is_news = decided_at is not None and now - DECIDED_S <= decided_at <= now
    until = decided_at if is_news and decided_at is not None else now - BEFORE_S
    return replace(moved, before=memory.powers, before_span=(memory.moved_at + sight.settle_s, until))


def _scale_w(memory: WitnessMemory) -> float:
    """Return how restless the house is (W), seen through this meter."""
    sizes = sorted(memory.noise)
    coarse_w = memory.meter_step_w / 2 if memory.meter_step_w < inf else 0.0
    if len(sizes) < NOISE_FEW:
        return max(NOISE_UNKNOWN_W, coarse_w)
    return max(NOISE_LEAST_W, coarse_w, 1.48 * median(sizes), sizes[9 * len(sizes) // 10] / 2)


def _weighed(memory: WitnessMemory, changes: Mapping[str, float], load_w: float, now: float) -> WitnessMemory:
    """Return the memory after a change: what the batteries did, each, while the net load changed by `load_w`."""
    scale_w, known = _scale_w(memory), {key: memory.against(key, now) for key in changes}
    # What is held against one already is no news about the meter and the others.
    rest_w = load_w - sum(_share(effect) * changes[key] for key, effect in known.items() if effect is not None)
    total_w = sum(change_w for key, change_w in changes.items() if known[key] is None)
    news = {key: (load_w if known[key] else rest_w, change_w) for key, change_w in changes.items()}
    if abs(total_w) >= STEP_LEAST_W:
        news[METER] = (rest_w, total_w)
        memory = replace(memory, step=Step(power_w=total_w, share=1.0 - rest_w / total_w, at=now))
    ratios = dict(memory.ratios)
    for suspect, (unexplained_w, change_w) in news.items():
        before = ratios.get(suspect, (0.0, 0.0))
        follows = _likelihood(unexplained_w, scale_w)
        unmoved, opposite = (
            max(-TRUST_MOST, ratio + _likelihood(unexplained_w - _share(effect) * change_w, scale_w) - follows)
            for ratio, effect in zip(before, EFFECTS, strict=True)
        )
        ratios[suspect] = (unmoved, opposite)
    return replace(memory, ratios=ratios)


def _share(effect: MeterEffect) -> int:
    """Return by how many times its own change a suspect moves the net load."""
    return 1 + EFFECTS.index(effect)


def _likelihood(error_w: float, scale_w: float) -> float:
    """Return the logarithm of Student's density with two degrees of freedom, but for a constant."""
    return -1.5 * log1p(error_w**2 / (2.0 * scale_w**2))


def _judged(memory: WitnessMemory, sight: Sight) -> WitnessMemory:
    """Return the memory with a verdict, once there is one.

    As long as there are others to be tried, one battery is suspected before the meter is: they will tell.
    """
    now, worst = sight.now, {suspect: max(ratios) for suspect, ratios in memory.ratios.items()}
    meter = worst.pop(METER, 0.0)
    suspects = sorted((key for key in worst if not memory.against(key, now)), key=lambda key: -worst[key])[:1]
    others = sight.able - {key for key in worst if memory.against(key, now)} - set(suspects)
    if meter >= SURE and (not others or meter >= max(worst.values()) + METER_LEADS):
        suspects = [METER]
    # What is still more likely than not goes on being held against somebody.
    holds = {key for key, ratios in memory.ratios.items() if max(ratios) >= SURE / 2}
    held = {key: old for key, old in memory.verdicts.items() if old.until == -inf or key in holds}
    memory = replace(memory, verdicts=held)
    suspect = next(iter(suspects), None)
    if suspect is None or max(memory.ratios[suspect]) < SURE or memory.against(suspect, now):
        return memory
    effect = EFFECTS[memory.ratios[suspect].index(max(memory.ratios[suspect]))]
    before = memory.verdicts.get(suspect)
    times = 1 if before is None else before.times + 1
    until = now + min(DISTRUST_MOST_S, DISTRUST_S * 2 ** (times - 1))
    verdict = Verdict(effect=effect, until=until, times=times)
    # The others were suspected, or even condemned, of what this one did.
    kept = {suspect} if suspect == METER else {suspect, METER, *memory.verdicts}
    ratios = {
        key: both if key in kept else (min(0.0, both[0]), min(0.0, both[1])) for key, both in memory.ratios.items()
    }
    verdicts = {} if suspect == METER else memory.verdicts
    return replace(memory, ratios=ratios, verdicts={**verdicts, suspect: verdict})


def _probed(memory: WitnessMemory, sight: Sight) -> WitnessMemory:
    """Return the memory with a suspect put to the test: one large change makes it likely, and there may be no other."""
    if sight.now - memory.probed_at < PROBE_AGAIN_S or sight.now - memory.moved_at < PROBE_S:
        return memory
    at_work = {key for key, power_w in memory.powers.items() if abs(power_w) >= STEP_LEAST_W}
    doubted = {key: max(both) for key, both in memory.ratios.items() if key in at_work and max(both) >= LIKELY}
    worst = max(doubted, key=lambda key: doubted[key], default=None)
    if worst is None or memory.against(worst, sight.now):
        return memory
    return replace(memory, probed=worst, probed_at=sight.now)


def _reopened(memory: WitnessMemory, now: float) -> WitnessMemory:
    """Return the memory with those put to the test again whose time is over; how often it was is remembered."""
    over = {key for key, verdict in memory.verdicts.items() if -inf < verdict.until <= now}
    if not over:
        return memory
    ratios = {} if METER in over else {key: both for key, both in memory.ratios.items() if key not in over}
    reopened = {key: replace(memory.verdicts[key], until=-inf) for key in over}
    return replace(memory, ratios=ratios, verdicts={**memory.verdicts, **reopened})
