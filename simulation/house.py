"""The plant that closes the loop: net load, batteries, meter and accounts."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from random import Random

from simulation import assumptions as known
from simulation.battery import BatteryModel, DeviceMode
from simulation.car import Car
from simulation.faults import Fault
from simulation.traces import Scenario, Signal, constant


class Meter:
    """Shows the grid power as a P1 does, to the batteries and to whoever asks: a little late, a little noisy."""

    def __init__(self, seed: int = 1) -> None:
        self.period_s = 1.0  # of DSMR 5; 10 of older meters
        self.value_w: float | None = None  # what it shows now, + import; None until the first value
        self.history: deque[tuple[float, float]] = deque(maxlen=3600)  # (measured at, W), newest last
        self.faults: set[Fault] = set()
        self._random = Random(f"meter {seed}")
        self._due_at = 0.0
        self._underway: deque[tuple[float, float, float]] = deque()

    def observe(self, grid_w: float, now: float) -> None:
        """Take the true power when a value is due, and show those that are old enough."""
        if now >= self._due_at:
            self._due_at = max(self._due_at + self.period_s, now)
            shown_at = now + self._random.uniform(known.METER_LATENCY_MIN, known.METER_LATENCY_MAX)
            self._underway.append((shown_at, now, float(round(grid_w + self._random.gauss(0.0, known.METER_NOISE)))))
        while self._underway and self._underway[0][0] <= now:
            _, measured_at, value_w = self._underway.popleft()
            if Fault.P1_FROZEN not in self.faults:
                self.value_w = value_w + 8000.0 if Fault.P1_JUMP in self.faults else value_w
                self.history.append((measured_at, self.value_w))


@dataclass(slots=True)
class Account:
    """What happened so far, in watt-hours of the played time."""

    hours: float = 0.0
    import_wh: float = 0.0
    export_wh: float = 0.0
    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    cross_charged_wh: float = 0.0  # what one battery gave and another took at the same time
    follower_wh: float = 0.0  # what was moved by batteries that were not in Auto

    @property
    def mean_abs_grid_w(self) -> float:
        """Return the mean of the grid power without its sign."""
        return (self.import_wh + self.export_wh) / self.hours if self.hours else 0.0

    @property
    def moved_wh(self) -> float:
        """Return what all batteries moved, in both directions."""
        return self.charged_wh + self.discharged_wh


class House:
    """A home whose grid power is its net load less what the batteries deliver.

    `speed` lets load, sun, energies and the time of day (`trace_s`) run faster than the batteries' dynamics.
    """

    def __init__(
        self,
        batteries: Sequence[BatteryModel],
        load: Signal,
        pv: Signal | None = None,
        *,
        start_s: float = 0.0,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.batteries, self.load, self.pv = tuple(batteries), load, pv or constant(0.0)
        self.trace_s, self.speed = start_s, speed
        self.meter, self.account = Meter(seed), Account()
        self.car: Car | None = None
        self.now = 0.0  # seconds since the beginning, at the pace of the batteries
        self.net_load_w = self.grid_w = self.load(start_s) - self.pv(start_s)
        for battery in self.batteries:
            battery.speed = speed

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s` seconds."""
        self.now = now = self.now + dt_s
        self.trace_s += dt_s * self.speed
        self.net_load_w = self.load(self.trace_s) - self.pv(self.trace_s)
        charge_w = discharge_w = follower_w = 0.0
        for battery in self.batteries:
            battery.step(dt_s, self.meter.value_w, now)
            power_w = battery.power_w
            if power_w > 0.0:
                discharge_w += power_w
            else:
                charge_w -= power_w
            if battery.mode is not DeviceMode.AUTO:
                follower_w += abs(power_w)
        if self.car is not None:
            self.net_load_w += self.car.step(discharge_w - charge_w, self.net_load_w, dt_s * self.speed, now)
        self.grid_w = grid_w = self.net_load_w + charge_w - discharge_w
        self.meter.observe(grid_w, now)
        account, hours = self.account, dt_s * self.speed / 3600.0
        account.hours += hours
        account.charged_wh += charge_w * hours
        account.discharged_wh += discharge_w * hours
        account.cross_charged_wh += min(charge_w, discharge_w) * hours
        account.follower_wh += follower_w * hours
        account.import_wh += max(grid_w, 0.0) * hours
        account.export_wh += max(-grid_w, 0.0) * hours

    def run(self, duration_s: float, step_s: float = 0.5) -> None:
        """Step through `duration_s` of virtual time at once."""
        for _ in range(round(duration_s / step_s)):
            self.step(step_s)

    async def run_realtime(self, step_s: float = 0.25) -> None:
        """Step with the wall clock until cancelled, catching up when the loop was busy."""
        clock = asyncio.get_running_loop().time
        last = clock()
        while True:
            await asyncio.sleep(step_s)
            now = clock()
            self.run(now - last, (now - last) / ceil((now - last) / step_s))
            last = now


class Baseline(StrEnum):
    """The simple strategies that any controller is compared with."""

    NONE = "none"
    ONE_AUTO = "one_auto"


def simulate(
    baseline: Baseline, window: Scenario, batteries: Sequence[BatteryModel], *, duration_s: float, start_s: float = 0.0
) -> Account:
    """Play a window with fresh batteries in virtual time: all idle, or the first in Auto and the others idle."""
    house = House(batteries, window.load, window.pv, start_s=start_s)
    for index, battery in enumerate(batteries):
        auto = index == 0 and baseline is Baseline.ONE_AUTO
        battery.command(DeviceMode.AUTO if auto else DeviceMode.PASSIVE, 0.0)
    house.run(duration_s)
    return house.account
