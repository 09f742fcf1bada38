"""The plant that closes the loop: net load, batteries, meter and accounts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf

from simulation.battery import BatteryModel, DeviceMode
from simulation.meter import Meter
from simulation.traces import Scenario, Signal, constant


@dataclass(slots=True, kw_only=True)
class Account:
    """What happened so far, in watt-hours of the played time."""

    hours: float = 0.0
    import_wh: float = 0.0
    export_wh: float = 0.0
    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    cross_charged_wh: float = 0.0
    """What one battery gave and another took at the same time."""
    follower_wh: float = 0.0
    """What was moved by batteries that were not in Auto."""

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

    `speed` lets the load, the sun, the energies and the time of day run faster than the batteries' dynamics.
    """

    def __init__(
        self,
        batteries: Sequence[BatteryModel],
        load: Signal,
        pv: Signal | None = None,
        *,
        start_s: float = 0.0,
        week_start_s: float = 0.0,
        speed: float = 1.0,
        meter_period_s: float = 1.0,
        seed: int = 1,
    ) -> None:
        """Build it; `start_s` is where the traces begin, `week_start_s` the time since Monday's midnight at `now` 0."""
        self.batteries, self.load, self.pv = tuple(batteries), load, pv or constant(0.0)
        self.start_s, self.speed = start_s, speed
        self.meter = Meter(period_s=meter_period_s, seed=seed)
        self.account = Account()
        self.now = 0.0
        """Seconds since the beginning, at the pace of the batteries."""
        self.net_load_w = self.grid_w = self.load(start_s) - self.pv(start_s)
        for battery in self.batteries:
            battery.speed, battery.week_start_s = speed, week_start_s

    @property
    def trace_s(self) -> float:
        """Return where the traces are."""
        return self.start_s + self.now * self.speed

    def step(self, dt_s: float) -> None:
        """Go on by `dt_s` seconds."""
        self.now = now = self.now + dt_s
        trace_s = self.start_s + now * self.speed
        self.net_load_w = self.load(trace_s) - self.pv(trace_s)
        hours = dt_s * self.speed / 3600.0
        shown_w = self.meter.value_w
        charge_w = discharge_w = follower_w = 0.0
        for battery in self.batteries:
            battery.step(dt_s, shown_w, now)
            power_w = battery.power_w
            if power_w > 0.0:
                discharge_w += power_w
            else:
                charge_w -= power_w
            if battery.mode is not DeviceMode.AUTO:
                follower_w += abs(power_w)
        self.grid_w = grid_w = self.net_load_w + charge_w - discharge_w
        self.meter.observe(grid_w, now)
        account = self.account
        account.hours += hours
        account.charged_wh += charge_w * hours
        account.discharged_wh += discharge_w * hours
        account.cross_charged_wh += min(charge_w, discharge_w) * hours
        account.follower_wh += follower_w * hours
        if grid_w > 0.0:
            account.import_wh += grid_w * hours
        else:
            account.export_wh -= grid_w * hours

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
            elapsed_s, last = clock() - last, clock()
            self.run(elapsed_s, elapsed_s / ceil(elapsed_s / step_s))


class Baseline(StrEnum):
    """The simple strategies that any controller is compared with."""

    NONE = "none"
    ONE_AUTO = "one_auto"


def simulate(
    baseline: Baseline,
    window: Scenario,
    batteries: Sequence[BatteryModel],
    *,
    duration_s: float,
    start_s: float = 0.0,
    speed: float = 1.0,
    seed: int = 1,
    step_s: float = 0.5,
) -> Account:
    """Play a window with fresh batteries in virtual time: all idle, or the first in Auto and the others idle."""
    house = House(batteries, window.load, window.pv, start_s=start_s, speed=speed, seed=seed)
    for index, battery in enumerate(batteries):
        auto = index == 0 and baseline is Baseline.ONE_AUTO
        battery.command(DeviceMode.AUTO if auto else DeviceMode.PASSIVE, 0.0, countdown_s=inf)
    house.run(duration_s, step_s)
    return house.account
