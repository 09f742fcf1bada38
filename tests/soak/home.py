"""A real Home Assistant in virtual time: its own bootstrap, our entry, the simulated site over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
import logging
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

from homeassistant import bootstrap
from homeassistant.runner import RuntimeConfig

from demo import bare
from demo.home_assistant import HomeAssistant
from simulation.site import SimulatedSite
from tests.integration.world import INTEGRATION, World, site_entry

from .clock import JumpingLoop, wall_clock

MIDNIGHT = datetime(2026, 7, 6, tzinfo=ZoneInfo("Europe/Amsterdam"))
STEP_S = 0.5
"""Of the house: no jump of the clock is longer."""

type Story[T] = Callable[[World], Awaitable[T]]


def live[T](site: SimulatedSite, story: Story[T]) -> T:
    """Return what becomes of a story that begins at midnight of a summer's day, the site set up, its controller off.

    Once per process: Home Assistant's own start changes how this process logs and watches its event loop.
    """
    folder = Path(mkdtemp(prefix="soak-"))
    HomeAssistant(folder, bare=True).prepare()
    bare.strip()
    with asyncio.Runner(loop_factory=JumpingLoop) as runner, wall_clock(runner.get_loop(), MIDNIGHT):
        return runner.run(_tell(folder, site, story))


async def _tell[T](folder: Path, site: SimulatedSite, story: Story[T]) -> T:
    """Start everything, tell the story, stop everything."""
    async with site:
        hass = await bootstrap.async_setup_hass(RuntimeConfig(config_dir=str(folder), skip_pip=True))
        assert hass is not None
        await hass.async_start()
        logging.getLogger(f"{INTEGRATION}.coordinator").setLevel(logging.INFO)
        pace = asyncio.create_task(site.house.run_realtime(STEP_S))
        try:
            world = World(hass, site, site_entry(site))
            world.entry.add_to_hass(hass)
            await world.set_up()
            return await story(world)
        finally:
            await hass.async_stop(force=True)
            pace.cancel()
            await asyncio.to_thread(rmtree, folder)
