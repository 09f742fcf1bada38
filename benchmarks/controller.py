"""The integration's cycle in virtual time, as in coordinator.py: the same dispatch and actuate, the same datagrams."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Final

from benchmarks.home import FLOOR_PCT, WARM_UP_S, Stage
from custom_components.home_energy_controller.control import model
from custom_components.home_energy_controller.control.actuation.actuation import Actuation, ActuationMemory, actuate
from custom_components.home_energy_controller.control.dispatch.dispatch import DispatchMemory, dispatch
from custom_components.home_energy_controller.control.model import CarObservation, CommandKind, Timed
from custom_components.home_energy_controller.control.net_load import sample_net_load
from custom_components.home_energy_controller.control.settings import BatterySettings, CarSettings, Settings
from custom_components.home_energy_controller.marstek import frames
from custom_components.home_energy_controller.marstek.models import Reading
from custom_components.home_energy_controller.marstek.plausibility import ChargeGuard, ChargeLimits
from simulation.battery import DeviceMode
from simulation.virtual import Exchange, VirtualLink

CALM_INTERVAL_S, BUSY_INTERVAL_S, OBSERVE_LIMIT_S, SLACK_S = 10.0, 2.0, 3.0, 1.0
NET_LOAD_HISTORY_S, SHORTEST_AGE_LIMIT_S = 600.0, 90.0
RESTART_S, RESTART_EVERY_S = 90.0, 7200.0
CAR_REPORT_S = 10.0
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
MODES: Final = {CommandKind.AUTO: DeviceMode.AUTO, CommandKind.PASSIVE: DeviceMode.PASSIVE}

type Dispatch = Callable[[model.Snapshot, Settings, DispatchMemory, float], tuple[model.Decision, DispatchMemory]]


class RemoteBattery:
    """What the coordinator holds of one battery: the read and the write under way, and what came of them."""

    def __init__(self, battery_id: str, stage: Stage, link: VirtualLink, poll_s: float) -> None:
        self.seen = model.BatteryObservation(battery_id=battery_id)
        self._stage, self._link, self._interval_s = stage, link, poll_s - SLACK_S
        self._spacing_s = stage.profile.proof_spacing_s
        self._answering, self._read_at, self._proof_read_at = True, -inf, -inf
        capacity_wh = stage.batteries[int(battery_id)].device.capacity_wh
        self._charge_limits = ChargeLimits(capacity_wh=capacity_wh, most_w=stage.home.power_w)
        self._charge = ChargeGuard()
        self._read: Exchange | None = None
        self._write: tuple[Exchange, model.Command] | None = None

    @property
    def awaited(self) -> bool:
        """Return whether an answer to a read is worth waiting for."""
        return self._read is not None and self._answering

    def read(self, now: float, wanted_at: float | None) -> None:
        """Start a read when one is due or wanted; at most one runs."""
        is_wanted = wanted_at is not None and self._read_at < wanted_at <= now
        is_wanted &= now - self._proof_read_at >= self._spacing_s
        if self._read is None and (is_wanted or now - self._read_at >= self._interval_s):
            self._read_at, self._read = now, self._link.ask(frames.Method.ES_GET_MODE, {"id": 0}, now)
            self._proof_read_at = now if is_wanted else self._proof_read_at

    def write(self, command: model.Command, now: float) -> None:
        """Queue a command; what becomes of an older one is history."""
        match command.kind:
            case CommandKind.AUTO:
                config = frames.auto_config()
            case CommandKind.PASSIVE:
                config = frames.passive_config(command.power_w, command.countdown_s)
            case CommandKind.MANUAL_IDLE:
                config = frames.disabled_slot_config(9)
        self._stage.count(int(command.battery_id), MODES.get(command.kind, DeviceMode.MANUAL), command.power_w)
        self._write = self._link.ask(frames.Method.ES_SET_MODE, {"id": 0, "config": config}, now), command

    def step(self, now: float) -> None:
        """Take what has come."""
        if self._read is None and self._write is None:
            return
        self._link.step(now)
        if self._write is not None and self._write[0].done_at is not None:
            (exchange, command), done_at = self._write, self._write[0].done_at
            accepted = (exchange.reply or {}).get("result", {}).get("set_result")
            times = {"sent_at": exchange.asked_at, "done_at": done_at}
            self.seen = replace(self.seen, outcome=model.CommandOutcome(command=command, accepted=accepted, **times))
            self._write = None
        if self._read is not None and self._read.done_at is not None:
            self._answering = self._read.reply is not None
            if self._read.reply is not None and "result" in self._read.reply:
                self._note(self._read.reply["result"], self._read.done_at)
            self._read = None

    def _note(self, result: dict[str, Any], at: float) -> None:
        """Remember mode, power and charge; a charge that no energy explains is held back."""
        self._charge = self._charge.after(Reading(float(result["bat_soc"]), at), self._charge_limits)
        soc = self._charge.believed
        self.seen = replace(
            self.seen,
            mode=Timed(model.Mode(result["mode"].lower()), at),
            power_w=Timed(float(result["ongrid_power"]), at),
            soc_pct=None if soc is None else Timed(*soc),
        )


class Controller:
    """Observes, decides, pursues and sends, like the integration.

    `every_s` makes the law run so often, `poll_s` asks the batteries so often; None means as it ships. `car` is what
    it is told about the car of the house; whether it steers that, and reads its power, are two more questions.
    """

    def __init__(
        self,
        stage: Stage,
        dispatch: Dispatch = dispatch,
        *,
        every_s: float | None = None,
        poll_s: float | None = None,
        car: CarSettings | None = None,
        car_is_steered: bool = True,
        car_is_measured: bool = True,
    ) -> None:
        self._stage, self._dispatch = stage, dispatch
        self._every_s = every_s or stage.home.decide_s
        self._poll_s = poll_s or stage.home.poll_s or stage.profile.poll_interval_s
        self._links = [stage.link(index) for index in range(stage.home.batteries)]
        self._away_at = stage.quarter_at if stage.home.restarts else inf
        self.settings = replace(_settings(stage, max(SHORTEST_AGE_LIMIT_S, 3 * self._poll_s)), car=car)
        self._car_is_steered, self._car_is_measured, self._car_w = car_is_steered, car_is_measured, Timed(0.0, -inf)
        self._start(0.0)

    def _start(self, now: float) -> None:
        """Begin with nothing known, as after a start of Home Assistant."""
        self._batteries = [RemoteBattery(str(i), self._stage, link, self._poll_s) for i, link in enumerate(self._links)]
        self._dispatch_memory, self._actuation_memory, self._samples = (
            DispatchMemory(),
            ActuationMemory(),
            tuple[Timed[float]](),
        )
        self._actuation: Actuation | None = None
        self.decision: model.Decision | None = None
        self._leader_id: str | None = None
        self._before: Timed[float] | None = None
        self._deadline: float | None = None
        self._cycle_at, self._law_at = now, now

    def step(self, now: float) -> None:
        """Do what is due: a cycle reads the meter, asks the batteries, and ends when they have answered or had time."""
        if now >= self._away_at:
            self._away_at += RESTART_EVERY_S
            self._start(now + RESTART_S)
        for battery in self._batteries:
            battery.step(now)
        if self._deadline is None and now >= self._cycle_at:
            self._before, self._deadline = self._meter(now), now + OBSERVE_LIMIT_S
            wanted = self._actuation.reads if self._actuation else {}
            for battery in self._batteries:
                battery.read(now, wanted.get(battery.seen.battery_id))
        if self._deadline is not None and (now >= self._deadline or not any(b.awaited for b in self._batteries)):
            self._deadline = None
            self._finish_cycle(now)

    def _finish_cycle(self, now: float) -> None:
        """Decide and send with what is known."""
        meter = self._meter(now)
        self._sample(meter, now)
        snapshot = model.Snapshot(
            meter_w=meter,
            batteries=tuple(battery.seen for battery in self._batteries),
            net_load_w=self._samples,
            car=self._car(now),
            feedback=self._actuation_memory.feedback(now),
            local_time=MONDAY + timedelta(hours=self._stage.case.start_hour, seconds=now - WARM_UP_S),
        )
        memory = self._dispatch_memory
        if self._every_s is not None and now - self._law_at >= self._every_s - SLACK_S:
            memory, self._law_at = replace(memory, decided_at=None), now  # which lets the law run now
        decision, self._dispatch_memory = self._dispatch(snapshot, self.settings, memory, now)
        self.decision = decision
        self._leader_id = decision.leader_id or self._leader_id
        car = self._stage.house.car
        if car and self.settings.car and decision.car_power_w is not None and self._car_is_steered:
            car.tell(decision.car_power_w / self.settings.car.step_w, now)
        self._actuation = actuation = actuate(decision, snapshot, self.settings, self._actuation_memory, now)
        self._actuation_memory = actuation.memory
        for command in actuation.commands:
            self._batteries[int(command.battery_id)].write(command, now)
        self._stage.tally["datagrams"] = sum(link.datagrams for link in self._links)
        due_s = CALM_INTERVAL_S if actuation.next_due is None else actuation.next_due - now
        self._cycle_at = now + min(CALM_INTERVAL_S, max(BUSY_INTERVAL_S, due_s))

    def _car(self, now: float) -> CarObservation:
        """Return what the charger's entities show; its power is renewed every ten seconds."""
        car = self._stage.house.car
        if car is None:
            return CarObservation()
        if not self._car_w.fresh(now, CAR_REPORT_S):
            self._car_w = Timed(car.power_w, now)
        return CarObservation(connected=True, power_w=self._car_w.value if self._car_is_measured else None)

    def _meter(self, now: float) -> Timed[float] | None:
        """Return what the meter shows now."""
        value_w = self._stage.house.meter.value_w
        return None if value_w is None else Timed(value_w, now)

    def _sample(self, after: Timed[float] | None, now: float) -> None:
        """Add a sample of the net load when this cycle makes one, and forget old ones."""
        seen, limits = tuple(battery.seen for battery in self._batteries), self.settings.battery_age_limit_s
        sample = sample_net_load(self._before, after, seen, self._leader_id, now, age_limit_s=limits)
        self._samples = tuple(old for old in self._samples if old.fresh(now, NET_LOAD_HISTORY_S))
        if sample is not None and (not self._samples or sample.at > self._samples[-1].at):
            self._samples = (*self._samples, sample)


def _settings(stage: Stage, age_limit_s: float) -> Settings:
    """Return what the owner of this home told the integration."""
    batteries = tuple(
        BatterySettings(
            battery_id=str(index),
            rated_power_w=stage.home.power_w,
            rated_charge_w=stage.home.power_w,
            capacity_wh=battery.device.capacity_wh,
            own_meter=model.OwnMeter.YES,
            reserve_pct=FLOOR_PCT,
            mode_read_delay_s=stage.profile.mode_read_delay_s,
            proof_spacing_s=stage.profile.proof_spacing_s,
        )
        for index, battery in enumerate(stage.batteries)
    )
    limits = {battery.battery_id: age_limit_s for battery in batteries}
    return Settings(enabled=True, batteries=batteries, battery_age_limit_s=limits)
