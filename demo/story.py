"""What a new owner does, from adding the integration to an automation, in a real browser: `python -m demo.story`.

With a folder it takes pictures on the way (`scripts/pictures`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import re
import sys

from aiohttp import ClientError
from playwright.async_api import Error as PlaywrightError, Locator, Page

from simulation.battery import BatteryModel, DeviceMode
from simulation.site import SimulatedSite

from .__main__ import open_up, running
from .api import PASSWORD, USER, Api
from .browser import DESKTOP, PHONE, Camera, find_chromium, open_page
from .console import DemoError, reason, say
from .energy_day import show_yesterday, simulated_day
from .home_assistant import DOMAIN, install_requirements, package_errors
from .house import BATTERY_LIMIT_W, BATTERY_NAMES, START_S, Playback

NAME = "Marstek Home Energy Controller"
SEARCH = "marstek"
SCENARIO = "C"
BLUEPRINT = "Tell me when control of the batteries is paused"
DONE_WITHIN_S = 150
"""The slowest thing waited for is a decision, every half a minute, and its proof."""
FIXED_W = 350
GRAPHS_S = 780
"""The dashboard shows a quarter of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the chapters share."""

    page: Page
    url: str
    api: Api
    simulated: SimulatedSite
    camera: Camera

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


async def log_in(story: Story) -> None:
    """Log in as the owner."""
    await story.open("/")
    page = story.page
    await page.get_by_label("Username").fill(USER)
    await page.get_by_label("Password").first.fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_text("Settings", exact=True).first.wait_for()


async def add_integration(story: Story) -> None:
    """Add the site by its flow: meter, live reading, addresses, and what only the owner of each battery knows."""
    page, camera, simulated = story.page, story.camera, story.simulated
    await story.open("/config/integrations/dashboard")
    await page.get_by_role("button", name="Add integration").click()
    await page.get_by_placeholder("Search for a brand name").fill(SEARCH)
    await page.get_by_role("button", name=NAME).click()
    dialog = page.locator("dialog-data-entry-flow")
    submit = dialog.get_by_role("button", name="Submit")
    window = dialog.locator("dialog")

    choice = dialog.get_by_text("HomeWizard P1 meter")
    await choice.wait_for()
    await camera.take("set-up-meter", window, dark=False)
    await choice.click()
    await dialog.get_by_role("textbox", name="IP address").fill(f"{simulated.p1.host}:{simulated.p1.port}")
    await submit.click()

    by_hand = dialog.get_by_text("Yes, type the addresses")
    await dialog.get_by_text(re.compile(r"^\d+ W (im|ex)port$")).wait_for()
    await camera.take("set-up-reading", window, dark=False)
    await by_hand.click()

    for number, battery in enumerate(simulated.batteries):
        if number:  # the first line is there
            await dialog.get_by_role("button", name="Add IP address").click()
        await dialog.get_by_role("textbox", name="IP address").nth(number).fill(battery.host)
    await dialog.get_by_role("spinbutton", name="Port").fill(str(simulated.batteries[0].port))
    await camera.take("set-up-addresses", window, dark=False)
    await submit.click()

    for number, (name, battery) in enumerate(zip(BATTERY_NAMES, simulated.batteries, strict=True)):
        await dialog.get_by_text(f"Found at {battery.host}").wait_for()
        await dialog.get_by_role("textbox", name="Name").fill(name)
        await dialog.get_by_role("radio", name=f"{BATTERY_LIMIT_W} W").click()
        await dialog.get_by_role("radio", name="The same meter as this site").click()
        if number == 0:
            await camera.take("set-up-battery", window, dark=False)
        await dialog.get_by_role("button", name=re.compile("Next|Submit")).click()
    await dialog.get_by_text("I don't know").click()
    await camera.take("set-up-fuse", window, dark=False)
    await dialog.get_by_role("button", name=re.compile("Next|Submit")).click()
    watch = dialog.get_by_text("Only watch", exact=True)
    await watch.wait_for()
    await camera.take("set-up-start", window, dark=False)
    await watch.click()
    await dialog.get_by_role("button", name=re.compile("finish|Finish")).click()
    await dialog.wait_for(state="hidden")


async def see_batteries(story: Story) -> None:
    """See three batteries on the integration's page."""
    await story.open(f"/config/integrations/integration/{DOMAIN}")
    await story.page.get_by_text(f"{len(BATTERY_NAMES)} devices").first.wait_for()
    for name in BATTERY_NAMES:
        await story.page.get_by_text(name, exact=True).first.wait_for()
    await story.camera.take("integration")


def tile(page: Page, name: str) -> Locator:
    """Return a tile of the dashboard."""
    return page.locator("hui-tile-card").filter(has=page.get_by_text(name, exact=True)).first


async def choose(page: Page, tile_name: str, option: str) -> None:
    """Choose an option on a tile, and see it chosen."""
    menu = tile(page, tile_name).locator("ha-control-select-menu")
    await menu.click()
    await page.get_by_role("menuitem", name=option, exact=True).first.click()
    # From 2026.11 on the button is called "Option Standby", before that "Standby".
    await menu.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(option)}$")).wait_for()


async def switch_on(story: Story) -> None:
    """Switch the controller on, on the dashboard, and see the batteries taken over."""
    await story.open("/lovelace/house")
    await tile(story.page, "Controller").get_by_text("Off", exact=True).wait_for()
    await tile(story.page, "Controller").locator("ha-tile-icon").click()
    await tile(story.page, "Controller").get_by_text("On", exact=True).wait_for()
    await story.until("one leads", lambda: [b.mode for b in story.batteries].count(DeviceMode.AUTO) == 1)
    await story.until("the others follow", lambda: [b.mode for b in story.batteries].count(DeviceMode.PASSIVE) == 2)


async def change_strategy(story: Story) -> None:
    """Choose standby, see the batteries rest, and go back to net zero."""
    await choose(story.page, "Strategy", "Standby")
    await story.page.get_by_role("button", name="What is done Standby").wait_for()
    await story.until(
        "all rest", lambda: all(b.mode is DeviceMode.PASSIVE and abs(b.power_w) < 50 for b in story.batteries)
    )
    await choose(story.page, "Strategy", "Net zero")
    await story.until("one leads again", lambda: any(b.mode is DeviceMode.AUTO for b in story.batteries))


async def take_one_out(story: Story) -> None:
    """Let one battery hold a power of its own, on its device page, and give it back."""
    name, battery = BATTERY_NAMES[1], story.batteries[1]
    page = story.page
    await story.open(f"/config/devices/dashboard?domain={DOMAIN}")
    await page.get_by_text(name, exact=True).first.click()
    await select_mode(page, "Fixed power")
    setpoint = page.locator("hui-number-entity-row").filter(has_text="Setpoint").locator("input")
    await setpoint.fill(str(FIXED_W))
    await setpoint.press("Enter")
    await story.until("it holds its own power", lambda: abs(battery.power_w - FIXED_W) < 50)
    await story.camera.take("device")
    await select_mode(page, "Controlled")
    await story.until("it is given back", lambda: abs(battery.power_w - FIXED_W) > 50)


async def select_mode(page: Page, option: str) -> None:
    """Choose a battery's mode on its device page."""
    row = page.locator("hui-select-entity-row").filter(has_text="Mode").first
    await row.click()
    await row.get_by_role("menuitem", name=option, exact=True).first.click()


async def add_automation(story: Story) -> None:
    """Make an automation of one of our blueprints, as it stands, and see that Home Assistant runs it."""
    await story.open("/config/blueprint/dashboard")
    await story.page.get_by_text(BLUEPRINT).first.wait_for()
    await story.page.get_by_text(BLUEPRINT).first.click()
    save = story.page.get_by_role("button", name="Save")
    await save.wait_for()
    await story.camera.take("blueprint")
    await save.click()
    traces = story.page.get_by_role("button", name="Traces").or_(story.page.get_by_role("link", name="Traces"))
    await traces.first.wait_for()  # a link from 2026.11 on
    await story.open("/config/automation/dashboard")
    await story.page.get_by_text(BLUEPRINT).first.wait_for()
    if (state := await story.api.state(f"automation.{BLUEPRINT.lower().replace(' ', '_')}")) != "on":
        raise DemoError(f"the automation is {state}")


async def look_around(story: Story) -> None:
    """Take the pictures that need a while: options, dashboard with its graphs, on a phone too, Energy dashboard."""
    page, camera = story.page, story.camera
    if camera.folder is None:
        return
    day = asyncio.create_task(asyncio.to_thread(simulated_day))
    await story.open(f"/config/integrations/integration/{DOMAIN}")
    await page.get_by_role("button", name="Configure").first.click()
    await page.get_by_text("Limits, circuits and meter").first.click()
    await page.get_by_text("Circuits", exact=True).first.wait_for()
    await camera.take("options", page.locator("dialog-data-entry-flow dialog"))
    yesterday = await show_yesterday(story.api, await day)
    say(f"letting the house go on for {GRAPHS_S} s, so that the graphs have something to show")
    await asyncio.sleep(GRAPHS_S)
    await page.set_viewport_size({"width": DESKTOP[0] + 160, "height": 1080})
    await story.open("/lovelace/house")
    await tile(page, "Controller").get_by_text("On", exact=True).wait_for()
    await camera.take("dashboard")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await camera.take("phone")
    await page.set_viewport_size({"width": DESKTOP[0], "height": 1000})
    await story.open("/energy")
    await page.get_by_text("Energy distribution").wait_for()
    # In the first hour of a day Home Assistant shows the day before by itself.
    shown = page.get_by_text(f"{yesterday:%-d %b}", exact=True).first
    if not await shown.is_visible():
        await page.get_by_role("button", name="Previous").first.click()
    await shown.wait_for()
    await camera.take("energy")


CHAPTERS = (
    log_in,
    add_integration,
    see_batteries,
    switch_on,
    change_strategy,
    take_one_out,
    add_automation,
    look_around,
)


async def tell(folder: Path | None = None) -> None:
    """Tell the whole story; raise DemoError, or Playwright's error, where it stops."""
    await install_requirements()
    playback = Playback(SCENARIO, START_S[SCENARIO])
    async with (
        running(playback, 1.0, empty=True) as (home_assistant, simulated),
        Api(home_assistant) as api,
    ):
        await open_up(api)
        playback.play(simulated.house.trace_s)
        async with open_page() as page:
            story = Story(page=page, url=home_assistant.url, api=api, simulated=simulated, camera=Camera(page, folder))
            for chapter in CHAPTERS:
                say(chapter.__name__.replace("_", " "))
                try:
                    await chapter(story)
                except (DemoError, PlaywrightError) as err:
                    seen = await page.locator("body").aria_snapshot()
                    raise DemoError(f"{chapter.__name__}: {reason(err)}\n\nThe page then:\n{seen}") from err
        await home_assistant.stop()
        if errors := package_errors(home_assistant.log()):
            raise DemoError("\n".join(["Home Assistant's log names our package:", *errors]))


if __name__ == "__main__":
    if find_chromium() is None:
        sys.exit("there is no Chromium on this machine")
    try:
        asyncio.run(tell(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
    except (DemoError, OSError, ClientError, PlaywrightError) as error:
        sys.exit(f"story: {reason(error)}")
