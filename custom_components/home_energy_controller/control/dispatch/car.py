"""The car: what it should draw, and what that leaves to the batteries.

All is reckoned from the net load without the car and without the batteries, so that neither chases the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from ..model import PLAUSIBLE_MAX, TOLERANCE_W, CarObservation, Snapshot, Timed, plausible
from ..settings import LEAST_A, NOTED_W, CarSettings, Settings
from .evidence import MeterWindow

ON_AFTER_S = 60.0
OFF_AFTER_S = 180.0
"""A cloud or a kettle is over by then; cars and contactors wear by being switched."""
CHANGE_EVERY_S = 30.0
RISE_A, FALL_A = 1.5, 0.5
"""So far above or below what the car draws the wish must be to change it: a step for less would soon be taken back."""
RICH_PCT, LOW_PCT = 90.0, 20.0
SETTLED_S = 20.0
"""A car follows within 15 s; around a step nobody knows what it draws."""
STEP_W = 500.0
"""A change of the car that is news to the law, and that spoils the samples of the net load around it."""
KEPT_S = 600.0
HOUSE_AGE_S = 150.0
"""A sample older than the slowest poll tells of no surplus."""
RISE_EVERY_S = 58.0
"""Once a minute: cycles do not keep exact time."""
RISE_W = 100.0
REACHED_S = 10.0
"""Setpoints are reached by then, and the meter shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarMemory:
    """What one decision leaves to the next about the car."""

    power_w: int = 0
    """What it should draw."""
    changed_at: float | None = None
    turning_since: float | None = None
    """Since when all speaks for switching it on, or off."""
    drawn: tuple[Timed[float], ...] = (Timed(0.0, 0.0),)
    """What it drew, each time that it had changed, oldest first."""
    stepped: bool = False
    """Just now, by so much that work has to be divided anew."""

    @property
    def drawn_w(self) -> float:
        """Return what it draws."""
        return self.drawn[-1].value

    def drawn_at(self, at: float) -> float:
        """Return what it drew at a moment."""
        return next((note.value for note in reversed(self.drawn) if note.at <= at), self.drawn[0].value)

    def is_doubtful(self, at: float) -> bool:
        """Return whether a step of the car was so near that the moment tells nothing of the house."""
        steps = pairwise(self.drawn)
        return any(abs(at - new.at) <= SETTLED_S and abs(new.value - old.value) >= STEP_W for old, new in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarView:
    """What the batteries have to know of the car."""

    drawn_w: float = 0.0
    spared: bool = False
    """It draws, and the batteries may not feed it."""
    house_w: tuple[Timed[float], ...] = ()
    """Samples of the net load without car and batteries, oldest first."""

    def carried_w(self, house_w: float) -> float:
        """Return what the batteries have to carry (W, + deficit) when the house without the car has this net load."""
        if self.spared:
            return house_w if house_w > 0 else min(0.0, house_w + self.drawn_w)
        return house_w + self.drawn_w


def noted(settings: CarSettings | None, seen: CarObservation, memory: CarMemory, now: float) -> CarMemory:
    """Return the memory with what the car draws now: measured or, without a sensor, what it should draw."""
    if settings is None:
        return CarMemory()
    if memory.changed_at is None:
        # Whoever ran before us left the charger like this: a restart does not interrupt the car.
        power_w = amperes(settings, seen.output_w or 0.0) * settings.step_w
        memory = replace(memory, power_w=power_w, changed_at=now - CHANGE_EVERY_S)
    is_measured = seen.power_w is not None and abs(seen.power_w) <= PLAUSIBLE_MAX
    drawn_w = max(0.0, seen.power_w or 0.0) if is_measured else float(memory.power_w)
    change_w = abs(drawn_w - memory.drawn_w)
    if change_w < NOTED_W:
        return replace(memory, stepped=False)
    kept = (*(note for note, next_ in pairwise(memory.drawn) if next_.fresh(now, KEPT_S)), memory.drawn[-1])
    return replace(memory, drawn=(*kept, Timed(drawn_w, now)), stepped=change_w >= STEP_W)


def view(settings: CarSettings | None, net_load_w: Iterable[Timed[float]], memory: CarMemory) -> CarView:
    """Return what the batteries have to know; samples around a step of the car are left out."""
    believed = [sample for sample in net_load_w if plausible(sample) and not memory.is_doubtful(sample.at)]
    return CarView(
        drawn_w=memory.drawn_w,
        spared=settings is not None and not settings.batteries_may_feed and memory.drawn_w >= NOTED_W,
        house_w=tuple(Timed(sample.value - memory.drawn_at(sample.at), sample.at) for sample in believed),
    )


def wanted_power_w(
    settings: CarSettings, house_w: float, charges_pct: Iterable[float], *, is_low_tariff: bool
) -> float:
    """Return what the car may draw by the first script's rule: from a surplus, and in low hours at least so much.

    `house_w` is the net load without car and batteries, `charges_pct` the known states of charge.
    """
    charges = tuple(charges_pct)
    all_rich = all(charge >= RICH_PCT for charge in charges)
    requested_w = max(0.0, -house_w) * (1.0 if all_rich else settings.surplus_share)
    if is_low_tariff and (all_rich or any(charge > LOW_PCT for charge in charges)):
        return max(requested_w, settings.low_tariff_w)
    return requested_w


def house_now_w(car: CarView, memory: CarMemory, now: float) -> float | None:
    """Return the house's newest net load that the last step of the car did not spoil; None when nothing is known."""
    changed_at = -SETTLED_S if memory.changed_at is None else memory.changed_at
    settled = [sample for sample in car.house_w if not changed_at < sample.at <= changed_at + SETTLED_S]
    return settled[-1].value if settled and settled[-1].fresh(now, HOUSE_AGE_S) else None


def planned(settings: Settings, snapshot: Snapshot, car: CarView, memory: CarMemory, now: float) -> CarMemory:
    """Return the memory with what the car should draw from now on."""
    if settings.car is None:
        return memory
    charges = [
        soc.value
        for battery in snapshot.batteries
        if (soc := plausible(battery.soc_pct)) and soc.fresh(now, settings.age_limit_s(battery.battery_id))
    ]
    house_w, is_low = house_now_w(car, memory, now), settings.tariff.is_low(snapshot.local_time)
    requested_w = wanted_power_w(settings.car, house_w or 0.0, charges, is_low_tariff=is_low)
    if house_w is None and memory.changed_at is not None and now - memory.changed_at < HOUSE_AGE_S:
        requested_w = max(
            requested_w, memory.power_w
        )  # After a start, or a step, what is known takes its time to come.
    return changed(settings.car, snapshot.car, memory, requested_w, now)


def changed(
    settings: CarSettings, seen: CarObservation, memory: CarMemory, requested_w: float, now: float
) -> CarMemory:
    """Return the memory with a wish (W) followed: on late, off later, in calm steps between."""
    now_w = memory.power_w
    if seen.connected is False:
        return replace(memory, power_w=0, changed_at=now if now_w else memory.changed_at, turning_since=None)
    power_w = amperes(settings, requested_w if seen.connected else 0.0, now_w) * settings.step_w
    since = None
    if bool(power_w) != bool(now_w):
        since = now if memory.turning_since is None else memory.turning_since
        if now - since < (OFF_AFTER_S if now_w else ON_AFTER_S):
            power_w = LEAST_A * settings.step_w if now_w else 0
    if power_w == now_w or (memory.changed_at is not None and now - memory.changed_at < CHANGE_EVERY_S):
        return replace(memory, turning_since=since)
    turned = bool(power_w) != bool(now_w)
    return replace(memory, power_w=power_w, changed_at=now, turning_since=None if turned else since)


def for_house_w(
    memory: CarMemory,
    meter_window: MeterWindow,
    *,
    grid_w: float,
    given_w: float,
    members_w: float,
    since: float | None,
    now: float,
) -> float | None:
    """Return what setpoints should give now: all that the house needs without the car. None leaves them as they are.

    They are lowered at once when the meter shows that the car gets of it, and raised once a minute, if it is worth it,
    to what the house has needed at least since they were told: `given_w`, at `since`. `members_w` is what is delivered.
    """
    if since is None or given_w < 0:
        return max(0.0, given_w)
    over_w = grid_w - memory.drawn_w
    if given_w > 0 and over_w < -TOLERANCE_W:
        return max(0.0, min(given_w, members_w) + over_w)
    needed_w = [
        reading.value - memory.drawn_at(reading.at) for reading in meter_window if reading.at >= since + REACHED_S
    ]
    if not needed_w or now - since < RISE_EVERY_S or members_w + min(needed_w) < given_w + RISE_W:
        return None
    return members_w + min(needed_w)


def amperes(settings: CarSettings, power_w: float, now_w: float = 0.0) -> int:
    """Return a power in whole amperes, 0 for what is too little; it leaves `now_w` only when that is worth it."""
    if now_w > 0 and now_w - FALL_A * settings.step_w <= power_w < now_w + RISE_A * settings.step_w:
        power_w = now_w
    if not power_w >= LEAST_A * settings.step_w:  # Written so that NaN is too little as well.
        return 0
    return int(min(settings.most_a, power_w / settings.step_w))
