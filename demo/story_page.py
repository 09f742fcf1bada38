"""What the chapters of the story share: a browser, the home behind it, and its words."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import re

from playwright.async_api import Page

from simulation.battery import BatteryModel
from simulation.site import SimulatedSite

from .api import Api
from .browser import Camera
from .console import DemoError
from .house import battery_names
from .words import Words

DONE_WITHIN_S = 150
"""The slowest thing waited for is a decision, every half a minute, and its proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the chapters share."""

    page: Page
    url: str
    api: Api
    simulated: SimulatedSite
    camera: Camera
    words: Words
    home: str
    dashboard: list[str] = field(default_factory=list)
    """Where the dashboard is, once it was added."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the owner calls the batteries."""
        return battery_names(self.words.language)

    def any_of(self, *buttons: str) -> re.Pattern[str]:
        """Return what matches any of the buttons below a form."""
        keys = (f"ui.panel.config.integrations.config_flow.{button}" for button in buttons)
        return re.compile("|".join(re.escape(self.words.theirs(key)) for key in keys))

    async def shows(self, platform: str, key: str, state: str) -> None:
        """Wait until an entity of the site has a state; its id is the same in every language."""
        entity_id = f"{platform}.{self.home.lower()}_{key}"
        try:
            async with asyncio.timeout(DONE_WITHIN_S):
                while await self.api.state(entity_id) != state:  # noqa: ASYNC110 - states are asked for
                    await asyncio.sleep(0.2)
        except TimeoutError as err:
            raise DemoError(f"{entity_id} is not {state} within {DONE_WITHIN_S} s") from err

    @property
    def batteries(self) -> tuple[BatteryModel, ...]:
        """Return the simulated batteries, in the order of their names."""
        return self.simulated.house.batteries

    async def open(self, path: str) -> None:
        """Go to a page of Home Assistant."""
        await self.page.goto(f"{self.url}{path}")

    async def until(self, what: str, true: Callable[[], bool]) -> None:
        """Wait for something in the house that no page shows."""
        try:
            async with asyncio.timeout(DONE_WITHIN_S):
                while not true():  # noqa: ASYNC110 - the simulated house has no events
                    await asyncio.sleep(0.1)
        except TimeoutError as err:
            raise DemoError(f"{what}: not within {DONE_WITHIN_S} s") from err
