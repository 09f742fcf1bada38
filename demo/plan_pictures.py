"""Takes the pictures of the plan, by day and by night: `python -m demo.plan_pictures FOLDER`."""

import asyncio
from contextlib import suppress
from pathlib import Path
import sys
from typing import Final

from aiohttp import ClientError
from playwright.async_api import Error as PlaywrightError

from .__main__ import bring_up, running
from .api import Api
from .browser import find_chromium, open_page
from .console import DemoError, reason, say
from .home_assistant import install_requirements, package_errors
from .house import START_S, Playback
from .plan import price_sensor

SCENARIO: Final = "C"
WIDTH: Final = 800


async def take(folder: Path) -> None:
    """Start the demo with a plan, and keep what its image entity shows."""
    await install_requirements()
    playback = Playback(SCENARIO, START_S[SCENARIO])
    async with (
        running(playback, 1.0, more=price_sensor()) as (home_assistant, simulated),
        Api(home_assistant) as api,
    ):
        entities = await bring_up(api, simulated, playback, home_assistant)
        image = await api.request("GET", f"/api/states/{entities['plan'].replace('sensor.', 'image.')}")
        async with open_page() as page:
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)
                await page.goto(home_assistant.url + "/manifest.json")  # of the same origin, and empty
                await page.set_content(
                    f"<body style='margin:0;width:{WIDTH}px'>"
                    f"<img style='width:100%;display:block' src='{image['attributes']['entity_picture']}'></body>"
                )
                picture = page.locator("img")
                await page.wait_for_function("() => document.querySelector('img').naturalWidth > 0")
                await picture.screenshot(path=folder / f"plan-{scheme}.png")
                say(f"plan-{scheme}.png")
        await home_assistant.stop()
        if errors := package_errors(home_assistant.log()):
            raise DemoError("\n".join(["Home Assistant's log names our package:", *errors]))


if __name__ == "__main__":
    if find_chromium() is None:
        sys.exit("there is no Chromium on this machine")
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(take(Path(sys.argv[1])))
    except (DemoError, OSError, ClientError, PlaywrightError) as error:
        sys.exit(f"plan_pictures: {reason(error)}")
