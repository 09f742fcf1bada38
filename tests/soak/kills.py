"""Home Assistant ended by SIGKILL while it is busy, and started again: what the batteries do, and what is forgotten.

Home Assistant is a process of its own and lives in real time, the house with it; while Home Assistant is dead, the
clock of the house is turned past the countdown at once, for nobody is there to notice.
"""

import asyncio
from collections.abc import Iterator
from copy import deepcopy
from math import sqrt
from pathlib import Path
from random import Random
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from demo.api import Api
from demo.console import say
from demo.home_assistant import HomeAssistant, package_errors
from demo.house import since
from demo.site_setup import set_up
from simulation import assumptions as known
from simulation.battery import BatteryModel, DeviceMode
from simulation.faults import Fault
from simulation.house import House
from simulation.manners import ON_ONE_HOST
from simulation.site import SimulatedSite, default_batteries
from simulation.traces import noisy

COUNTDOWN_S = 305.0
"""Five minutes, and the time in which an inverter comes to rest."""
AFTERWARDS_S = 1200.0
CYCLES, CYCLES_MOST = 3, 6
"""Until control is back: as a rule, and when an answer was lost, which is asked for again in the next cycle."""
TURN_S = 240.0
"""So long the load is above the sun, then as long below."""
BACK_LIMIT_S = 120.0
WORK_LIMIT_S = 65
NOISE = 0.25
"""Batteries in Auto hunt each other differently each time: |grid| of twenty minutes varies by 6 % (one sigma)."""
IN_CONTROL = {"leader_alone", "leader_and_followers", "swapping"}


def busy(t: float) -> float:
    """Return a net load that needs all three batteries, with a hob that pulses, and turns round every four minutes."""
    size_w = 4500.0 + (2000.0 if t % 20.0 < 10.0 else 0.0)
    return size_w if t // TURN_S % 2 == 0 else -size_w


def expiries() -> Iterator[bool]:
    """Return whether the batteries expire into Auto, kill by kill."""
    while True:
        yield from (False, True)


class Home:
    """The house and the Home Assistant that is killed."""

    def __init__(self, home_assistant: HomeAssistant, api: Api, site: SimulatedSite, seed: int) -> None:
        """Nothing has happened yet."""
        self.home_assistant, self.api, self.site = home_assistant, api, site
        self.random = Random(f"kills {seed}")
        self.state_entity = ""
        self.missed: list[str] = []
        self.cycles: list[int] = []
        self.settled: list[int] = []
        self.auto_w: list[tuple[float, float]] = []
        self.killed_while_starting = 0
        self.at_work = 0
        self.errors = 0

    @property
    def models(self) -> list[BatteryModel]:
        """Return the batteries."""
        return [battery.model for battery in self.site.batteries]

    async def set_up(self) -> None:
        """Set the site up as a person would and switch the controller on; a stop in order writes it all down."""
        await self.home_assistant.start()
        await self.api.wait_until_up()
        await self.api.onboard()
        entities = await set_up(self.api, self.site)
        self.state_entity = entities["state"]
        await self.api.act("switch.turn_on", entities["controller"])
        await self.home_assistant.stop()

    async def start(self) -> None:
        """Start Home Assistant and count its cycles until control is back, and until everybody has a part."""
        for battery in self.site.batteries:
            battery.firmware.received.clear()
        await self.home_assistant.start()
        for counts, is_reached in ((self.cycles, self.is_in_control), (self.settled, self.is_settled)):
            async with asyncio.timeout(BACK_LIMIT_S):
                while not await is_reached():  # noqa: ASYNC110 - it is another process that gets there
                    await asyncio.sleep(0.1)
            counts.append(self.home_assistant.log().count("Finished fetching"))

    async def is_in_control(self) -> bool:
        """Return whether this Home Assistant says that it controls, and no battery does what nobody told it to do.

        Who is in Auto untold leads; who is idle untold, while the leader is changed, waits for its turn.
        """
        untold = [b.model for b, told in zip(self.site.batteries, self.told(), strict=True) if not told]
        leads = [model for model in untold if model.mode is DeviceMode.AUTO]
        at_work = [model for model in untold if model.mode is not DeviceMode.AUTO and model.passive_w]
        return await self.state() in IN_CONTROL and len(leads) <= 1 and not at_work

    async def is_settled(self) -> bool:
        """Return whether one battery leads, and every other one was told what to do."""
        modes = [model.mode for model in self.models]
        followers = [told for told, mode in zip(self.told(), modes, strict=True) if mode is DeviceMode.PASSIVE]
        return modes.count(DeviceMode.AUTO) == 1 and len(followers) == len(modes) - 1 and all(followers)

    def told(self) -> list[bool]:
        """Return, per battery, whether this Home Assistant has commanded it."""
        return [any(r.method == "ES.SetMode" for r in battery.firmware.received) for battery in self.site.batteries]

    async def state(self) -> str | None:
        """Return the state of the site as Home Assistant shows it, None while there is none."""
        try:
            states = await self.states()
        except aiohttp.ClientConnectionError:
            return None  # It has not got so far yet.
        return states.get(self.state_entity)

    async def states(self) -> dict[str, str]:
        """Return all states by entity."""
        return {state["entity_id"]: state["state"] for state in await self.api.request("GET", "/api/states")}

    async def totals(self) -> dict[str, float]:
        """Return the energy totals by entity."""
        shown = await self.states()
        # What is counted of today is saved once a minute: a kill may cost that.
        totals = {key: value for key, value in shown.items() if "charged" in key and not key.endswith("today")}
        return {key: float(value) for key, value in totals.items() if value != "unavailable"}

    async def kill(self, after_s: float, *, into_auto: bool) -> None:
        """Kill Home Assistant, let the house go on without it, and start it again.

        Only followers that were told a power can show that they stop: they are waited for, a run of the law at most.
        """
        for _ in range(0 if into_auto else WORK_LIMIT_S):
            if self.is_at_work():
                break
            await asyncio.sleep(1)
        await asyncio.sleep(after_s)
        self.at_work += self.is_at_work() and not into_auto
        totals = await self.totals()
        await self.home_assistant.kill()
        self.errors += len(package_errors(self.home_assistant.log()))
        for model in self.models:
            (model.faults.add if into_auto else model.faults.discard)(Fault.EXPIRES_TO_AUTO)
        await asyncio.sleep(0.5)  # What is under way on the wire still arrives.
        self.outlive(into_auto=into_auto)
        await self.start()
        after = await self.totals()
        lost = {key: (value, after.get(key)) for key, value in totals.items() if after.get(key, -1.0) < value}
        if lost:
            self.missed.append(f"totals went back: {lost}")

    def is_at_work(self) -> bool:
        """Return whether a follower was told a power."""
        return any(model.mode is DeviceMode.PASSIVE and model.passive_w for model in self.models)

    async def kill_while_starting(self) -> None:
        """Kill Home Assistant a moment after it was started again."""
        await self.home_assistant.kill()
        await self.home_assistant.start()
        await asyncio.sleep(self.random.uniform(0.0, 6.0))
        await self.home_assistant.kill()
        self.killed_while_starting += 1
        self.outlive(into_auto=False)
        await self.start()

    def outlive(self, *, into_auto: bool) -> None:
        """Turn the clock of the house past the countdown and see what its batteries do."""
        house = self.site.house
        everybody = deepcopy(house)
        house.run(COUNTDOWN_S)
        if into_auto:
            self.compare_with_all_auto(everybody)
            return
        moved_w = 0.0
        for _ in range(round(AFTERWARDS_S / 0.5)):
            house.step(0.5)
            moved_w = max(
                [moved_w, *(abs(model.power_w) for model in self.models if model.mode is not DeviceMode.AUTO)]
            )
        if moved_w > 0.0:
            self.missed.append(f"a battery that idles on expiry moved {moved_w:.0f} W after its countdown")

    def compare_with_all_auto(self, everybody: House) -> None:
        """Compare what follows the countdown with the same house whose batteries were all in Auto all the time."""
        for model in everybody.batteries:
            model.command(DeviceMode.AUTO, everybody.now)
        everybody.run(COUNTDOWN_S)
        accounts = []
        for house in (self.site.house, everybody):
            before = deepcopy(house.account)
            house.run(AFTERWARDS_S)
            accounts.append(since(before, house.account))
        ours, theirs = accounts
        self.auto_w.append((ours.mean_abs_grid_w, theirs.mean_abs_grid_w))


async def run(kills: int = 50, *, busy_s: float = 20.0, seed: int = 1) -> dict[str, Any]:
    """Kill Home Assistant many times, at a random instant up to `busy_s` after control was back; return the figures."""
    net_load = noisy(busy, 200.0, seed)
    site = SimulatedSite(
        default_batteries(3), load=net_load, latency_s=float(known.LATENCY_MEDIAN), realtime=True, manners=ON_ONE_HOST
    )
    with TemporaryDirectory(prefix="kills-") as folder:
        home_assistant = HomeAssistant(Path(folder), bare=True)
        async with site, Api(home_assistant) as api:
            home = Home(home_assistant, api, site, seed)
            home_assistant.prepare()
            try:
                await home.set_up()
                await home.start()
                for number, into_auto in zip(range(kills), expiries(), strict=False):
                    say(f"kill {number + 1} of {kills}")
                    if number % 5 == 4:
                        await home.kill_while_starting()
                    else:
                        await home.kill(home.random.uniform(0.0, busy_s), into_auto=into_auto)
            finally:
                await home_assistant.stop()
    cycles, settled = home.cycles[1:], home.settled[1:]
    if median(cycles) > CYCLES or max(cycles) > CYCLES_MOST:
        home.missed.append(f"control was back after {cycles} cycles")
    ratio = fmean(ours / theirs for ours, theirs in home.auto_w) if home.auto_w else None
    if ratio is not None and ratio > 1 + NOISE / sqrt(len(home.auto_w)):
        home.missed.append(f"|grid| of batteries that expired into Auto is {ratio:.2f} times that of all in Auto")
    if home.errors:
        home.missed.append(f"our package logged {home.errors} errors")
    return {
        "kills": kills,
        "killed_while_starting": home.killed_while_starting,
        "killed_with_followers_at_work_that_idle_on_expiry": home.at_work,
        "cycles_until_control_median": median(cycles),
        "cycles_until_control_most": max(cycles),
        "cycles_until_settled_median": median(settled),
        "cycles_until_settled_most": max(settled),
        "expired_into_auto": len(home.auto_w),
        "their_grid_to_all_auto": None if ratio is None else round(ratio, 3),
        "log_errors": home.errors,
        "missed": home.missed,
    }
