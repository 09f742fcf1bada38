"""Every fault that we can think of, in one battery, the leader, all of them or the meter: nothing runs away.

`python -m tests.integration.fault_table` writes what these rows measure into docs/reliability.md.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
import json
import logging
import os
from pathlib import Path
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest

from custom_components.home_energy_controller.const import DEFAULT_METER_AGE_LIMIT_S
from custom_components.home_energy_controller.control.model import Health
from custom_components.home_energy_controller.coordinator import CALM_INTERVAL_S
from custom_components.home_energy_controller.marstek.client import MarstekClient
from custom_components.home_energy_controller.marstek.exchange import Timing
from simulation.battery import DeviceMode
from simulation.faults import Fault
from simulation.site import SimulatedSite

from .fault_rows import ALL, KINDS, LEADER, ONE, Kind
from .test_control import modes, setpoints
from .world import INTEGRATION, Clock, World, issues, paired_meter, site_entry, turned_by, written

HURRIED = Timing(
    first_timeout_s=0.04,
    later_timeout_s=0.04,
    resend_pause_s=0.01,
    busy_pause_s=(0.01, 0.02),
    write_gap_s=0,
    longest_gap_s=0,
    discovery_interval_s=0.05,
)
SAFE_WITHIN_S = DEFAULT_METER_AGE_LIMIT_S + CALM_INTERVAL_S
STRAY_W = 60.0
LOAD_W = 4600.0


@dataclass(kw_only=True)
class Row:
    """One line of the table."""

    fault: str
    where: str
    seen: str = ""
    safe_s: float = 0.0
    """The longest time without a break in which it was not."""
    back_s: float | None = None
    warnings: int = 0


class Observer:
    """Watches a home through one fault."""

    def __init__(self, world: World) -> None:
        """Begin with the present setpoints."""
        self.world = world
        self._before_w = setpoints(world)

    def strays(self) -> list[int]:
        """Return the batteries that move power which nobody asked of them: the ramp from the last setpoint may be."""
        now_w, models = setpoints(self.world), self.world.site.house.batteries
        autos = sum(model.mode is DeviceMode.AUTO and Fault.DEAD not in model.faults for model in models)
        found = []
        for index, model in enumerate(models):
            asked_w = (0.0, now_w.get(index, 0.0), self._before_w.get(index, 0.0))
            told = min(asked_w) - STRAY_W <= model.power_w <= max(asked_w) + STRAY_W
            leads_alone = model.mode is DeviceMode.AUTO and autos == 1
            if not (told or leads_alone):
                found.append(index)
        self._before_w = now_w
        return found

    def is_back(self) -> bool:
        """Return whether control is as it was: everybody serves and does what he was told, the grid is near zero."""
        shown = self.world.coordinator.data
        healthy = all(one.health in {Health.PROVEN, Health.UNTOUCHED} for one in shown.batteries.values())
        serving = shown.state in {"leader_alone", "leader_and_followers"}
        return healthy and serving and not shown.problem and abs(self.world.site.house.grid_w) < 150

    def seen(self, indices: Sequence[int]) -> str:
        """Return what the owner sees: the state, the health of those that are hit, the repairs."""
        shown = self.world.coordinator.data
        hit = {
            shown.batteries[mac].health for i in indices if (mac := self.world.site.batteries[i].mac) in shown.batteries
        }
        repairs = sorted({issue.split()[0] for issue in issues(self.world)})
        parts = [
            shown.state,
            *(["problem"] if shown.problem else []),
            *sorted(hit),
            *(f"repair {key}" for key in repairs),
            *(["asks to pair the meter"] if self.world.hass.config_entries.flow.async_progress() else []),
        ]
        return ", ".join(dict.fromkeys(parts))


@pytest.fixture
async def busy_world(hass: HomeAssistant, socket_enabled: None, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Return a home whose controller is on, with one leader and two followers at work."""
    clock = Clock()
    hass.loop.set_debug(False)  # Its bookkeeping doubles the time.
    async with SimulatedSite(3, load=LOAD_W) as site:
        for battery in site.house.batteries:
            battery.cells.energy_wh = battery.cells.capacity_wh * 0.6
        home = World(hass, site, site_entry(site), clock)
        home.entry.add_to_hass(hass)
        api = KINDS[request.node.callspec.params["name"]].api
        if api == 2:
            hass.config_entries.async_update_entry(home.entry, data={"meter": paired_meter(site)})
        port_v2 = patch(f"{INTEGRATION}.site.pairing.DEFAULT_METER_PORT_V2", site.p1_port_v2 if api else 1)
        hurried = partial(MarstekClient, timing=HURRIED, bind_host="127.0.0.1")
        with turned_by(clock), patch(f"{INTEGRATION}.MarstekClient", hurried), port_v2:
            await home.set_up()
            await home.switch(on=True)
            await home.pass_time(120)
            yield home
            for undo in home.afterwards:
                undo()
            await hass.config_entries.async_unload(home.entry.entry_id)


@pytest.mark.parametrize("name", KINDS)
async def test_no_fault_runs_away_and_all_pass(busy_world: World, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Safe in time, quiet in the log, nothing left over, and back when it is mended."""
    world, kind = busy_world, KINDS[name]
    caplog.set_level(logging.WARNING)
    with ExitStack() as stack:
        for target, value in kind.patches.items():
            stack.enter_context(patch(f"{INTEGRATION}.{target}", value))
        for where in kind.targets:
            caplog.clear()
            row = await suffer(world, kind, where)
            check(world, kind, row, caplog)
            note(row)


async def suffer(world: World, kind: Kind, where: str) -> Row:
    """Break it, let it last, mend it, and measure."""
    indices, observer = hit(world, where), Observer(world)
    row = Row(fault=kind.name, where=where)
    assert await until(world, observer.is_back, 300) is not None, "the row starts from a home at rest"
    tasks = len(own_tasks())
    await kind.break_it(world, indices)
    world.site.house.load = lambda _: LOAD_W - 800.0  # So that there is something to command meanwhile.
    began_at = safe_at = world.clock()
    while world.clock() - began_at < kind.lasts_s:
        await a_cycle(world)
        if observer.strays() or (kind.meter_is_lost and any(setpoints(world).values())):
            row.safe_s = max(row.safe_s, round(world.clock() - safe_at))
        else:
            safe_at = world.clock()
    row.seen = observer.seen(indices)
    await kind.mend_it(world, indices)
    world.site.house.load = lambda _: LOAD_W
    row.back_s = await until(world, observer.is_back, kind.back_within_s)
    if late := {issue.split()[0] for issue in issues(world)} - set(row.seen.split()):
        row.seen += f"; afterwards repair {', '.join(sorted(late))}"
    world.coordinator._watch.wiped.clear()  # The owner did what the repair asks for.
    assert len(own_tasks()) <= tasks
    return row


def own_tasks() -> list[asyncio.Task[object]]:
    """Return the tasks that run, without those of the simulated P1: one for each connection that is kept for later."""
    return [task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task.get_coro())]


def hit(world: World, where: str) -> list[int]:
    """Return the numbers of the batteries that are hit; one means a follower."""
    leader = modes(world).index(DeviceMode.AUTO)
    followers = [index for index in range(len(world.site.batteries)) if index != leader]
    return {ONE: followers[:1], LEADER: [leader], ALL: [leader, *followers]}.get(where, [])


async def a_cycle(world: World) -> None:
    """Let time pass up to the end of the next cycle."""
    interval = world.coordinator.update_interval
    assert interval is not None
    await world.pass_time(interval.total_seconds())


async def until(world: World, condition: object, limit_s: float) -> float | None:
    """Return after how many seconds a condition held, None when it never did."""
    assert callable(condition)
    began_at = world.clock()
    while not condition():
        if world.clock() - began_at > limit_s:
            return None
        await a_cycle(world)
    return round(world.clock() - began_at)


def check(world: World, kind: Kind, row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """Assert what holds for every row."""
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING and record.name != "asyncio"]
    row.warnings = len(lines)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR], "an exception came through"
    assert len(lines) <= kind.warnings, [record.getMessage() for record in lines]
    for _, config in written(world.site):
        if config["mode"] == "Passive":
            assert abs(config["passive_cfg"]["power"]) <= 2500
            assert 1 <= config["passive_cfg"]["cd_time"] <= 900 or config["passive_cfg"]["power"] == 0
        assert config["mode"] in {"Auto", "Passive"}
    if kind.meter_is_lost:
        assert row.safe_s <= SAFE_WITHIN_S
    assert row.back_s is not None, f"control is not back: {row}"


def note(row: Row) -> None:
    """Write the row down when somebody wants the table."""
    if path := os.environ.get("FAULT_TABLE"):
        with Path(path).open("a", encoding="utf-8") as table:
            table.write(json.dumps(asdict(row)) + "\n")
