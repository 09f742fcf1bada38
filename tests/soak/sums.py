"""A day on which every number that is published beside another has to fit it."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from homeassistant.core import callback

from custom_components.home_energy_controller.view.snapshot import SiteSnapshot
from simulation import assumptions as known
from simulation.faults import Fault
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite
from tests.integration.world import World

from .day import summer_day
from .home import live

HOUR_S = 3600.0
NOON_S = 12 * HOUR_S
CYCLE_S = 10.0
OLDEST_S = 45.0
"""A poll of the leader, and a cycle until its reading is there; only a change of leader takes longer."""
OWN_ERROR_W = 100.0
"""What was published of batteries and what they did at that moment: 99 of 100 differ by no more. Were it of another
moment, it would be seven hundred."""
TRUTH_S = 600.0
LOST_S = 400.0
"""Longer than a meter and any battery are believed."""
TOGETHER_S = 20.0
"""Two cycles: what goes with one source goes within one of the other."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What really flows in the house (W)."""

    at: float
    grid_w: float
    batteries_w: float
    house_w: float


@dataclass
class Sums:
    """Looks at every snapshot that is published."""

    world: World
    misfits: list[str] = field(default_factory=list)
    published: int = 0
    whole: int = 0
    errors_w: dict[str, list[float]] = field(default_factory=lambda: {"grid": [], "house": [], "batteries": []})
    ages_s: list[float] = field(default_factory=list)
    truth: deque[Truth] = field(default_factory=lambda: deque(maxlen=int(2 * TRUTH_S)))
    last: SiteSnapshot | None = None
    is_losing: bool = False

    async def watch(self) -> None:
        """Note what really flows, twice a second."""
        house = self.world.site.house
        while True:
            now = asyncio.get_running_loop().time()
            batteries_w = sum(model.measured_w for model in house.batteries)
            self.truth.append(Truth(now, house.grid_w, batteries_w, house.grid_w + batteries_w))
            await asyncio.sleep(0.5)

    @callback
    def look(self) -> None:
        """Look at what a cycle published."""
        shown, now = self.world.coordinator.data, asyncio.get_running_loop().time()
        if shown is self.last:
            return
        self.last, self.published = shown, self.published + 1
        grid_w, house_w, batteries_w, moment = (
            shown.grid_power_w,
            shown.net_load_w,
            shown.battery_power_w,
            shown.moment,
        )
        powers = [member.power_w for member in shown.batteries.values()]
        if (grid_w is None) is not (moment is None) or (house_w is not None and None in {grid_w, batteries_w}):
            self.miss(f"{grid_w} and {house_w} and {batteries_w} are not known together")
        if batteries_w is not None and batteries_w != sum(power_w or 0 for power_w in powers):
            self.miss(f"{powers} are not {batteries_w}")
        if grid_w is None or house_w is None or batteries_w is None or moment is None:
            return
        self.whole += 1
        if abs(grid_w - (house_w - batteries_w)) > 1:
            self.miss(f"{grid_w} is not {house_w} - {batteries_w}")
        if not self.is_losing:
            self.ages_s.append(now - moment.at)
        if abs(moment.at - moment.read_at) > CYCLE_S and moment.read_at > 0:
            self.miss(f"the meter is {moment.at - moment.read_at:.0f} s younger than a battery")
        then = min(self.truth, key=lambda truth: abs(truth.at - moment.at))
        for name, shown_w, true_w in (
            ("grid", grid_w, then.grid_w),
            ("house", house_w, then.house_w),
            ("batteries", batteries_w, then.batteries_w),
        ):
            self.errors_w[name].append(abs(shown_w - true_w))

    def miss(self, what: str) -> None:
        """Note what does not fit."""
        self.misfits.append(f"{asyncio.get_running_loop().time():.0f} s: {what}")

    async def until(self, *names: str, known: bool, limit_s: float = LOST_S) -> dict[str, float]:
        """Return after how long (s) each of these numbers was known, or unknown."""
        began, seen = asyncio.get_running_loop().time(), dict[str, float]()
        while len(seen) < len(names) and (after_s := asyncio.get_running_loop().time() - began) < limit_s:
            shown = self.world.coordinator.data
            seen |= {
                name: after_s for name in names if name not in seen and (getattr(shown, name) is not None) is known
            }
            await asyncio.sleep(1)
        for name in set(names) - set(seen):
            self.miss(f"{name} was never {'known' if known else 'unknown'}")
        return seen

    async def lose(self, lose: Any, find: Any, *names: str, stays: str | None) -> None:
        """Lose a source: what comes from it goes within a cycle of each other, and comes back."""
        self.is_losing = True
        lose()
        gone = await self.until(*names, known=False)
        if gone and max(gone.values()) - min(gone.values()) > TOGETHER_S:
            self.miss(f"it goes apart: {gone}")
        if stays and getattr(self.world.coordinator.data, stays) is None:
            self.miss(f"{stays} went with {names}")
        find()
        await self.until(*names, known=True)
        self.is_losing = False


KEPT = ("strategy", "setpoint_w", "grid_target_w", "enabled", "charged_wh", "discharged_wh")


async def tell(world: World, hours: float) -> dict[str, Any]:
    """Live through a day of control in which the meter, a battery and the site itself are lost once."""
    sums, house = Sums(world), world.site.house
    await world.switch(on=True)
    watch = asyncio.create_task(sums.watch())
    await asyncio.sleep(1)
    end = world.coordinator.async_add_listener(sums.look)
    await asyncio.sleep(hours * HOUR_S / 2)
    trio = ("net_load_w", "grid_power_w")
    faults = world.site.p1.faults
    await sums.lose(
        lambda: faults.add(Fault.P1_TIMEOUT),
        lambda: faults.discard(Fault.P1_TIMEOUT),
        *trio,
        stays="battery_power_w",
    )
    await asyncio.sleep(120)
    faults = world.site.batteries[-1].faults
    await sums.lose(
        lambda: faults.add(Fault.DEAD),
        lambda: faults.discard(Fault.DEAD),
        "net_load_w",
        "battery_power_w",
        "soc_pct",
        stays="grid_power_w",
    )
    await asyncio.sleep(120)
    before = world.coordinator.data
    end()
    await world.hass.config_entries.async_reload(world.entry.entry_id)
    after = world.coordinator.data
    end = world.coordinator.async_add_listener(sums.look)
    sums.look()
    for name in KEPT:
        was, is_now = getattr(before, name), getattr(after, name)
        counts = name.endswith("_wh")  # They go on: from what was counted since they were written last.
        if is_now != was and not (counts and 0 <= is_now - was <= 100):
            sums.miss(f"{name} jumps from {was} to {is_now}")
    if after.net_load_w is None:
        sums.miss("the house is unknown after a reload")
    await asyncio.sleep(hours * HOUR_S / 2)
    end()
    watch.cancel()
    return {
        "virtual_hours": hours,
        "batteries": len(world.site.batteries),
        "published": sums.published,
        "with_all_three": sums.whole,
        "age_median_s": round(median(sums.ages_s), 1),
        "age_p99_s": round(_p99(sums.ages_s), 1),
        "mean_error_w": {name: round(fmean(errors), 1) for name, errors in sums.errors_w.items()},
        "error_p99_w": {name: round(_p99(errors)) for name, errors in sums.errors_w.items()},
        "mean_abs_grid_w": round(house.account.mean_abs_grid_w, 1),
        "missed": sums.misfits[:20] + [line for line, is_missed in _lines(sums).items() if is_missed],
    }


def _p99(numbers: list[float]) -> float:
    """Return what 99 of 100 do not exceed."""
    return sorted(numbers)[int(0.99 * len(numbers))]


def _lines(sums: Sums) -> dict[str, bool]:
    """Return what is missed by the whole, in words."""
    return {
        "all three were known too seldom": sums.whole < 0.8 * sums.published,
        "all three are too old": sorted(sums.ages_s)[int(0.95 * len(sums.ages_s))] > OLDEST_S,
        "the batteries are of another moment": _p99(sums.errors_w["batteries"]) > OWN_ERROR_W,
    }


def run(batteries: int, hours: float = 24.0) -> dict[str, Any]:
    """Return the figures of a summer's day, or of the hours around noon."""
    load, pv = summer_day()
    site = SimulatedSite(
        batteries,
        load=load,
        pv=pv,
        start_s=0.0 if hours >= 24 else NOON_S,
        latency_s=float(known.LATENCY_MEDIAN),
        manners=ON_ONE_HOST,
    )
    return live(site, lambda world: tell(world, hours))
