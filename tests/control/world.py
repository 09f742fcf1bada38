"""A little world in which toy batteries obey after a delay, and commands and answers may be lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from custom_components.home_energy_controller.control.actuation.actuation import Actuation, ActuationMemory, actuate
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.model import (
    BatteryObservation,
    CarObservation,
    Command,
    CommandKind,
    CommandOutcome,
    Decision,
    Mode,
    Snapshot,
    Timed,
)
from custom_components.home_energy_controller.control.net_load import sample_net_load
from custom_components.home_energy_controller.control.settings import BatterySettings, Settings
from tests.control.build import NOON

TIMEOUT_S = 6.0
POLL_S = 30.0


@dataclass(slots=True)
class ToyBattery:
    """A battery that does what the newest command that reached it says."""

    settings: BatterySettings
    soc_pct: float = 50.0
    mode: Mode = Mode.AUTO
    power_w: float = 0.0
    reachable: bool = True
    obeys: bool = True
    has_meter: bool = True
    passive_w: float = 0.0
    expires_at: float = 0.0
    arriving: list[tuple[float, Command]] = field(default_factory=list)
    seen: BatteryObservation | None = None
    finished: list[CommandOutcome] = field(default_factory=list)
    read_at: float = -1e9

    def step(self, dt_s: float, meter_w: float, now: float) -> None:
        """Obey, regulate and store."""
        for at, command in list(self.arriving):
            if at <= now:
                self.arriving.remove((at, command))
                self._obey(command, now)
        if self.mode is Mode.PASSIVE and now >= self.expires_at:
            self.mode = Mode.MANUAL
        wanted = {Mode.AUTO: self.power_w + 0.7 * meter_w if self.has_meter else 0.0, Mode.PASSIVE: self.passive_w}
        own = self.settings
        self.power_w = max(-own.rated_charge_w, min(own.rated_power_w, wanted.get(self.mode, 0.0)))
        if (self.power_w > 0 and self.soc_pct <= 5.0) or (self.power_w < 0 and self.soc_pct >= 100.0):
            self.power_w = 0.0
        self.soc_pct -= 100.0 * self.power_w * dt_s / 3600.0 / self.settings.capacity_wh

    def _obey(self, command: Command, now: float) -> None:
        """Change the mode."""
        if not self.obeys:
            return
        match command.kind:
            case CommandKind.AUTO:
                self.mode = Mode.AUTO
            case CommandKind.MANUAL_IDLE:
                self.mode = Mode.MANUAL
            case CommandKind.PASSIVE:
                self.mode, self.passive_w, self.expires_at = Mode.PASSIVE, command.power_w, now + command.countdown_s


class World:
    """The house, the network and the cycle of the coordinator."""

    def __init__(self, settings: Settings, *, load_w: float = 0.0, loss: float = 0.0, seed: int = 0) -> None:
        """Make a house of which all batteries run in Auto, as their owner bought them.

        `loss` is the share of commands that are lost, and of the answers to the others. Reads arrive: a battery that is
        not heard for long is another story.
        """
        self.settings = settings
        self.toys = {battery.battery_id: ToyBattery(battery) for battery in settings.batteries}
        self.load_w = load_w
        self.car = CarObservation()
        self.loss = loss
        self.random = Random(seed)
        self.now = 1000.0
        self.meter_answers = True
        self.meter: Timed[float] | None = None
        self.samples: tuple[Timed[float], ...] = ()
        self.dispatch_memory = DispatchMemory()
        self.actuation_memory = ActuationMemory()
        self.decision: Decision | None = None
        self.actuation: Actuation | None = None
        self.sent: list[tuple[float, Command]] = []
        self.most_auto = 0
        self.each_second: Callable[[World], None] | None = None

    @property
    def meter_w(self) -> float:
        """Return what the grid gives at this moment."""
        return self.load_w + (self.car.power_w or 0.0) - sum(toy.power_w for toy in self.toys.values())

    @property
    def in_auto(self) -> list[str]:
        """Return who really runs in Auto."""
        return [key for key, toy in self.toys.items() if toy.mode is Mode.AUTO]

    def run(self, duration_s: float) -> World:
        """Let time pass in steps of one second; a cycle whenever one is due."""
        end = self.now + duration_s
        cycle_at = self.now
        while self.now < end:
            for toy in self.toys.values():
                toy.step(1.0, self.meter_w, self.now)
            if self.now >= cycle_at:
                self.cycle()
                due = self.actuation.next_due if self.actuation else None
                cycle_at = self.now + max(2.0, min(10.0, 10.0 if due is None else due - self.now))
            self.most_auto = max(self.most_auto, len(self.in_auto))
            if self.each_second is not None:
                self.each_second(self)
            self.now += 1.0
        return self

    def restart(self) -> None:
        """Forget everything, as a crash of Home Assistant does, and be away for half a minute."""
        for _ in range(30):
            for toy in self.toys.values():
                toy.step(1.0, self.meter_w, self.now)
            self.now += 1.0
        self.dispatch_memory, self.actuation_memory, self.actuation, self.samples = (
            DispatchMemory(),
            ActuationMemory(),
            None,
            (),
        )
        for toy in self.toys.values():
            toy.seen, toy.finished, toy.read_at = None, [], -1e9

    def snapshot(self) -> Snapshot:
        """Return what is known."""
        batteries = tuple(self._observation(key) for key in self.toys)
        return Snapshot(
            meter_w=self.meter,
            batteries=batteries,
            net_load_w=self.samples,
            car=self.car,
            local_time=NOON,
            feedback=self.actuation_memory.feedback(self.now),
        )

    def cycle(self) -> None:
        """Observe, dispatch, actuate and send."""
        if self.meter_answers:
            self.meter = Timed(self.meter_w, self.now)
        for key in self.toys:
            self._read(key)
        snapshot = self.snapshot()
        leader_id = self.decision.leader_id if self.decision else None
        sample = sample_net_load(self.meter, self.meter, snapshot.batteries, leader_id, self.now)
        if sample is not None and (not self.samples or sample.at > self.samples[-1].at):
            self.samples = (*self.samples[-20:], sample)
        snapshot = self.snapshot()
        self.decision, self.dispatch_memory = dispatch(snapshot, self.settings, self.dispatch_memory, self.now)
        self.actuation = actuate(self.decision, snapshot, self.settings, self.actuation_memory, self.now)
        self.actuation_memory = self.actuation.memory
        for command in self.actuation.commands:
            self.send(command)

    def send(self, command: Command) -> None:
        """Put a command on the wire: it, or its answer, may be lost."""
        self.sent.append((self.now, command))
        toy = self.toys[command.battery_id]
        arrives = toy.reachable and self.random.random() >= self.loss
        answered = arrives and self.random.random() >= self.loss
        if arrives:
            toy.arriving.append((self.now + self.random.choice((1.0, 2.0, 4.0)), command))
        done_at = self.now + (1.0 if answered else TIMEOUT_S)
        accepted = True if answered else None
        toy.finished.append(CommandOutcome(command=command, sent_at=self.now, done_at=done_at, accepted=accepted))

    def _read(self, key: str) -> None:
        """Poll a battery when that is due or wanted."""
        toy = self.toys[key]
        wanted_at = self.actuation.reads.get(key) if self.actuation else None
        wanted = wanted_at is not None and toy.read_at < wanted_at <= self.now
        if not wanted and self.now - toy.read_at < POLL_S:
            return
        toy.read_at = self.now
        if toy.reachable:
            toy.seen = BatteryObservation(
                battery_id=key,
                soc_pct=Timed(float(round(toy.soc_pct)), self.now),
                power_w=Timed(toy.power_w, self.now),
                mode=Timed(toy.mode, self.now),
            )

    def _observation(self, key: str) -> BatteryObservation:
        """Return what is known of one battery."""
        toy = self.toys[key]
        seen = toy.seen or BatteryObservation(battery_id=key)
        done = [outcome for outcome in toy.finished if outcome.done_at <= self.now]
        return BatteryObservation(
            battery_id=key,
            soc_pct=seen.soc_pct,
            power_w=seen.power_w,
            mode=seen.mode,
            outcome=done[-1] if done else None,
        )
