"""A site or a battery over time, for tests of what is decided and pursued."""

from dataclasses import replace

from benchmarks.seed_fixed import EVERY_S, seed_fixed
from custom_components.home_energy_controller.control.actuation.actuation import Actuation, ActuationMemory, actuate
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.model import (
    Action,
    BatteryObservation,
    CommandOutcome,
    Decision,
    Feedback,
    Health,
    Mode,
    Role,
    Snapshot,
    Strategy,
    Target,
    Timed,
)
from custom_components.home_energy_controller.control.settings import BatterySettings, Settings
from tests.control.build import battery, decision, follow, outcome, seen, site, snapshot

NOTHING_LEARNT = Feedback()


class Course:
    """A run of decisions over a site that may change between them."""

    def __init__(self, settings: Settings) -> None:
        """Begin with no memory."""
        self.settings = settings
        self.memory = DispatchMemory()
        self.now = 0.0
        self.readings: dict[str, BatteryObservation] = {}

    def see(self, *observations: BatteryObservation) -> Course:
        """Change what the batteries say."""
        self.readings |= {observation.battery_id: observation for observation in observations}
        return self

    def at(
        self,
        now: float,
        meter: float | None = 0.0,
        *,
        load: float | None = None,
        meter_at: float | None = None,
        fresh: bool = True,
        feedback: Feedback = NOTHING_LEARNT,
    ) -> Decision:
        """Decide at a moment; readings are new unless they are told to stay old."""
        self.now = now
        readings = [self._renewed(reading, now) if fresh else reading for reading in self.readings.values()]
        view = snapshot(*readings, meter=meter, at=now if meter_at is None else meter_at)
        if load is not None:
            view = replace(view, net_load_w=(Timed(load, now),))
        return self.dispatch(replace(view, feedback=feedback))

    def dispatch(self, view: Snapshot) -> Decision:
        """Decide on a snapshot, with a law whose answers can be worked out in the head."""
        decision, self.memory = dispatch(view, self.settings, self.memory, self.now, law=seed_fixed, interval_s=EVERY_S)
        return decision

    def every(
        self,
        step: float,
        until: float,
        meter: float = 0.0,
        *,
        load: float | None = None,
        feedback: Feedback = NOTHING_LEARNT,
    ) -> Decision:
        """Decide again and again."""
        decision = self.at(self.now + step, meter, load=load, feedback=feedback)
        while self.now + step <= until:
            decision = self.at(self.now + step, meter, load=load, feedback=feedback)
        return decision

    @staticmethod
    def _renewed(reading: BatteryObservation, now: float) -> BatteryObservation:
        """Return a reading made now; one made at -1 stands for a battery that is silent."""
        if reading.last_answer_at is None or reading.last_answer_at < 0:
            return reading

        def new[T](timed: Timed[T] | None) -> Timed[T] | None:
            return None if timed is None else Timed(timed.value, now)

        return replace(reading, soc_pct=new(reading.soc_pct), power_w=new(reading.power_w), mode=new(reading.mode))


def course(*names: str, strategy: Strategy = Strategy.ZERO, **changes: object) -> Course:
    """Return a site of batteries at 50 %, in Passive at 0 W."""
    made = Course(site(*(battery(name, **changes) for name in names), strategy=strategy))
    return made.see(*(seen(name) for name in names))


def work(decision: Decision) -> dict[str, tuple[Role, Action, int]]:
    """Return who does what."""
    return {target.battery_id: (target.role, target.action, target.power_w) for target in decision.targets}


def actions(decision: Decision) -> dict[str, Action]:
    """Return who does what, in short."""
    return {target.battery_id: target.action for target in decision.targets}


class One:
    """One battery that is pursued over time."""

    def __init__(self, settings: BatterySettings | None = None, mode: Mode | None = Mode.PASSIVE) -> None:
        """Begin with a battery that was read at 0 and never commanded."""
        self.settings: Settings = site(settings or battery("a"))
        self.memory = ActuationMemory()
        self.reading = seen("a", mode=mode)
        self.done: CommandOutcome | None = None
        self.loads: tuple[Timed[float], ...] = ()

    def at(self, now: float, target: Target, *, answered: bool | None = True, done: bool = True) -> Actuation:
        """Pursue a target; what is sent is answered within a second as told."""
        view = replace(snapshot(replace(self.reading, outcome=self.done)), net_load_w=self.loads)
        result = actuate(
            decision(target, leader="a" if target.role is Role.LEADER else None), view, self.settings, self.memory, now
        )
        self.memory = result.memory
        for command in result.commands:
            if done:
                self.done = outcome(command, now, answered)
        return result

    def read(self, at: float, **changes: object) -> One:
        """Read the battery."""
        self.reading = seen("a", at=at, **changes)  # type: ignore[arg-type]  # Tests name fields freely.
        return self

    def sends(self, times: range, target: Target, *, answered: bool | None = True) -> list[float]:
        """Return when something was sent."""
        return [now for now in times if self.at(now, target, answered=answered).commands]


def health(actuation: Actuation) -> Health:
    """Return the health of the one battery."""
    return actuation.health["a"]


def proven(power: int = 600) -> One:
    """Return a battery that was proven at 105."""
    one = One().read(99)
    one.at(100, follow("a", power))
    one.read(105, power=power)
    one.at(106, follow("a", power))
    return one
