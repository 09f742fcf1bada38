"""The rivals, each on its own transport: without setpoints, by rotation over UDP, and in a fast loop over RS485.

Written from descriptions, not from code (some are GPL-3): control.md sections 2.2 to 2.4 and 2.10 tell of each.
"""

from collections.abc import Sequence
from math import copysign, exp, inf
from typing import Protocol, override

from benchmarks.home import FLOOR_PCT, Stage
from custom_components.home_energy_controller.marstek.frames import Method, auto_config, disabled_slot_config
from simulation.battery import DeviceMode
from simulation.virtual import Exchange


class Strategy(Protocol):
    """Something that is asked before each step of the house."""

    def step(self, now: float) -> None:
        """Do what is due at `now` (s)."""


class Modes:
    """Gives each battery its mode once: the first ones Auto, the others idle."""

    def __init__(self, stage: Stage, autos: int) -> None:
        for index in range(stage.home.batteries):
            stage.tell(index, DeviceMode.AUTO if index < autos else DeviceMode.MANUAL)

    def step(self, now: float) -> None:
        """Do nothing more."""


class Stijn:
    """stijn-portfolio's rotation (MIT): one battery in Auto, the rest Manual 0, by ES.GetMode and ES.SetMode over UDP.

    The fullest takes over after 2 min of import above 200 W, the emptiest after 2 min of export above 500 W, at most
    every 5 min; the new one goes to Auto 5 s before the old one leaves it.
    """

    IMPORT_W, EXPORT_W = 200.0, -500.0
    HOLD_S, SWAP_S, OVERLAP_S, CALL_GAP_S, TIMEOUT_S = 120.0, 300.0, 5.0, 2.0, 3.0

    def __init__(self, stage: Stage) -> None:
        self._stage, self._links = stage, [stage.link(index) for index in range(stage.home.batteries)]
        self._leader, self._beyond_since, self._swapped_at, self._off_at, self._off = 0, inf, 0.0, inf, 0
        self._asked: list[Exchange] = []
        for index, link in enumerate(self._links):
            link.gap_s, link.retry_s = self.CALL_GAP_S, (self.TIMEOUT_S, self.TIMEOUT_S)
            self._set(index, auto=index == 0)

    def step(self, now: float) -> None:
        """Watch the meter; when it is due ask all, and swap when they have answered."""
        for link in self._links:
            link.step(now)
        self._stage.tally["datagrams"] = sum(link.datagrams for link in self._links)
        if now >= self._off_at:
            self._off_at = inf
            self._set(self._off, auto=False)
        grid_w = self._stage.house.meter.value_w or 0.0
        is_beyond = grid_w > self.IMPORT_W or grid_w < self.EXPORT_W
        self._beyond_since = min(self._beyond_since, now) if is_beyond else inf
        if self._asked and all(exchange.done_at is not None for exchange in self._asked):
            self._swap(self._asked, grid_w, now)
            self._asked = []
        elif not self._asked and now >= max(self._beyond_since + self.HOLD_S, self._swapped_at + self.SWAP_S):
            self._asked = [link.ask(Method.ES_GET_MODE, {"id": 0}, now) for link in self._links]

    def _swap(self, answers: list[Exchange], grid_w: float, now: float) -> None:
        """Let the fullest, or the emptiest, take over."""
        self._swapped_at = now
        socs = {index: answer.reply["result"]["bat_soc"] for index, answer in enumerate(answers) if answer.reply}
        best = (max if grid_w > 0 else min)(socs, key=lambda index: socs[index], default=self._leader)
        if best != self._leader:
            self._set(best, auto=True)
            self._off_at, self._off, self._leader = now + self.OVERLAP_S, self._leader, best

    def _set(self, index: int, *, auto: bool) -> None:
        """Send a mode."""
        config = auto_config() if auto else disabled_slot_config(9)
        self._stage.count(index, DeviceMode.AUTO if auto else DeviceMode.MANUAL, 0.0)
        self._links[index].ask(Method.ES_SET_MODE, {"id": 0, "config": config}, self._stage.house.now)


class BusRival:
    """What both do: run on a new value of the meter, read whole per cents, write setpoints (W, + discharging).

    All batteries are forced; the output is what they are told together.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage, self.batteries, self.output_w = stage, range(stage.home.batteries), 0.0
        self._sent_w, self._sampled_at = [0.0] * stage.home.batteries, -1.0
        for index in self.batteries:
            stage.tell(index, DeviceMode.PASSIVE)

    def step(self, now: float) -> None:
        """Look whether there is a new value."""
        history = self.stage.house.meter.history
        if history and history[-1][0] > self._sampled_at:
            dt_s, self._sampled_at = history[-1][0] - self._sampled_at, history[-1][0]
            if (powers_w := self.regulate(history[-1][1], dt_s, now)) is not None:
                for index, power_w in enumerate(powers_w):
                    if power_w != self._sent_w[index]:
                        self._sent_w[index] = power_w
                        self.stage.tell(index, DeviceMode.PASSIVE, power_w)

    def regulate(self, grid_w: float, dt_s: float, now: float) -> Sequence[float] | None:
        """Return the setpoints for a value of the meter, `dt_s` after the last; None leaves them."""
        raise NotImplementedError

    def soc_pct(self, index: int) -> int:
        """Return the charge as its register tells it."""
        return int(self.stage.batteries[index].soc_pct)

    def limit_w(self, index: int, power_w: float) -> float:
        """Return how much a battery takes in the direction of a power (W, positive)."""
        soc_pct, most_w = self.soc_pct(index), float(self.stage.home.power_w)
        if power_w > 0:
            return most_w if soc_pct > FLOOR_PCT else 0.0
        return min(most_w, 0.0 if soc_pct >= 100 else 1000.0 if soc_pct >= 99 else 1500.0 if soc_pct >= 95 else most_w)


class Hbc(BusRival):
    """Home Battery Control 7eea667: PID on the meter, batteries filled one after the other, the order rotates.

    With the gains of its preset "regular".
    """

    KP, KI, KD, SMOOTH_IN, SMOOTH_OUT = 0.3, 0.4, 0.8, 0.5, 0.1
    CHANGE_W, CHANGE_SHARE, FAST_S, SLOW_S = 20.0, 0.02, 1.0, 3.0
    DEAD_BAND_W, ROTATE_S, LINGER_S, LINGER_W = 15.0, 1800.0, 300.0, 1.0

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._order, self._rotate_at = list(self.batteries), self.ROTATE_S
        self._error = self._sum = self._seen_w = 0.0
        self._ran_at, self._worked_at = -self.SLOW_S, [-self.LINGER_S] * len(self._order)

    @override
    def regulate(self, grid_w: float, dt_s: float, now: float) -> Sequence[float] | None:
        """Run at most once a second on a change, else every three seconds; PID in steps, + discharging."""
        changed = abs(grid_w - self._seen_w) > max(self.CHANGE_W, self.CHANGE_SHARE * abs(self._seen_w))
        if now - self._ran_at < (self.FAST_S if changed else self.SLOW_S):
            return None
        self._ran_at, self._seen_w = now, grid_w
        if now >= self._rotate_at:
            self._rotate_at = now + self.ROTATE_S
            self._order.append(self._order.pop(0))
        before, self._error = self._error, (1 - self.SMOOTH_IN) * grid_w + self.SMOOTH_IN * self._error
        if abs(self._error) >= self.DEAD_BAND_W:
            most = sum(self.limit_w(index, self.output_w or grid_w) for index in self.batteries) / self.KI
            self._sum = min(max(self._sum + self._error, -most), most)
            output_w = self.KP * self._error + self.KI * self._sum + self.KD * (self._error - before)
            self.output_w = (1 - self.SMOOTH_OUT) * output_w + self.SMOOTH_OUT * self.output_w
        return self._filled(now)

    def _filled(self, now: float) -> Sequence[float]:
        """Return setpoints: up to its limit each, from the other end when discharging; 1 W for a while after work."""
        powers_w, left_w = [0.0] * len(self._order), abs(self.output_w)
        for index in reversed(self._order) if self.output_w > 0 else self._order:
            power_w = round(min(left_w, self.limit_w(index, self.output_w)))
            left_w -= power_w
            self._worked_at[index] = now if power_w else self._worked_at[index]
            if now - self._worked_at[index] < self.LINGER_S:
                powers_w[index] = copysign(power_w or self.LINGER_W, self.output_w)
        return powers_w


class Vem(BusRival):
    """Venus Energy Manager 410926f: incremental PD on the smoothed meter, the fewest batteries, shares by limit.

    Left out: batteries that deliver nothing are not excluded, and the order knows no wear.
    """

    TAU_S, DEAD_BAND_W, KP, KD, RATE_W_S, D_TAU_S = 2.0, 40.0, 0.35, 0.3, 400.0, 3.0
    FLIP_W, SHORT_W, SHORT_CYCLES, ROUND_W = 60.0, 150.0, 3, 5.0
    MORE_DISCHARGING, MORE_CHARGING, MORE_HYSTERESIS = 0.6, 0.7, 0.1
    DWELL_S, SOC_HYSTERESIS_PCT = 120.0, 5.0

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._smooth_w = self._slope_w = self._wish_w = self._chosen_at = 0.0
        self._short, self._sign, self._active = 0, 0, list[int]()

    @override
    def regulate(self, grid_w: float, dt_s: float, now: float) -> Sequence[float] | None:
        """Move the output by a part of the error and of its slope; from measured power when that has stayed behind."""
        measured_w = sum(battery.measured_w for battery in self.stage.batteries)
        self._short = self._short + 1 if abs(self.output_w) - abs(measured_w) > self.SHORT_W else 0
        if self._short >= self.SHORT_CYCLES:
            self._wish_w, self._short = measured_w, 0
        before_w = self._smooth_w
        self._smooth_w += (grid_w - before_w) * (1 - exp(-dt_s / self.TAU_S))
        self._slope_w += ((self._smooth_w - before_w) / dt_s - self._slope_w) * (1 - exp(-dt_s / self.D_TAU_S))
        if abs(self._smooth_w) >= self.DEAD_BAND_W:
            change_w = min(self.KP * dt_s / 2, 1.0) * self._smooth_w + self.KD * self._slope_w
            rate_w = self.RATE_W_S * dt_s
            wish_w = self._wish_w + min(max(change_w, -rate_w), rate_w)
            most_w = sum(self.limit_w(index, wish_w) for index in self.batteries)
            self._wish_w = min(max(wish_w, -most_w), most_w)
        if abs(self._wish_w) >= self.FLIP_W:
            self._sign = 1 if self._wish_w > 0 else -1
        self.output_w = self._wish_w if self._wish_w * self._sign > 0 else 0.0
        self._choose(now)
        return self._shares()

    def _choose(self, now: float) -> None:
        """Choose the fewest, one more above 60 (charging 70) % of their limits; fullest first, to charge emptiest."""
        sign = 1 if self.output_w > 0 else -1
        able = [index for index in self.batteries if self.limit_w(index, sign)]
        stay, held = [index for index in self._active if index in able], self.SOC_HYSTERESIS_PCT
        ranked = sorted(able, key=lambda index: -sign * self.soc_pct(index) - held * (index in stay))
        more, needed = self.MORE_DISCHARGING if sign > 0 else self.MORE_CHARGING, 1
        for number in range(1, len(ranked)):
            half = self.MORE_HYSTERESIS if number >= len(stay) else -self.MORE_HYSTERESIS
            if abs(self.output_w) > (more + half) * self.stage.home.power_w * number:
                needed = number + 1
        must_wait = len(stay) >= needed and now - self._chosen_at < self.DWELL_S
        if not must_wait and set(ranked[:needed]) != set(self._active):
            self._active, self._chosen_at = ranked[:needed], now

    def _shares(self) -> Sequence[float]:
        """Return setpoints in proportion to the limits, rounded to 5 W."""
        powers_w, total_w = [0.0] * len(self.batteries), sum(self.limit_w(i, self.output_w) for i in self._active)
        for index in self._active if total_w else ():
            limit_w = self.limit_w(index, self.output_w)
            share_w = min(max(self.output_w * limit_w / total_w, -limit_w), limit_w)
            powers_w[index] = self.ROUND_W * round(share_w / self.ROUND_W)
        return powers_w
