"""What a new owner does, from adding the integration to an automation, in a real browser: `python -m demo.story`.

With a folder it takes pictures on the way (`scripts/pictures`).
"""

import argparse
import asyncio
from pathlib import Path
import sys

from aiohttp import ClientError
from playwright.async_api import Error as PlaywrightError, Locator, Page

from simulation.battery import DeviceMode

from .__main__ import open_up, running
from .api import PASSWORD, USER, Api
from .browser import DESKTOP, PHONE, Camera, find_chromium, open_page
from .console import DemoError, reason, say
from .energy_day import show_yesterday, simulated_day
from .home_assistant import DOMAIN, install_requirements, package_errors
from .house import START_S, Playback
from .story_page import Story
from .story_setup import add_integration
from .words import Words

SCENARIO = "C"
BLUEPRINT = "Tell me when control of the batteries is paused"
FIXED_W = 350
COUNTED_S = 240
"""Until the counters of the day have something to show."""
DASHBOARD = "Home Energy Controller"
DEAD_CARDS = """() => {
  const found = [], walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (["hui-error-card", "hui-warning", "hui-warning-element"].includes(element.localName))
        found.push(element.localName + " " + element.innerText);
      if (element.localName === "hui-tile-card" && element.offsetParent) {
        const { entity } = element._config, state = element.hass.states[entity]?.state;
        if (state === undefined || ["unavailable", "unknown"].includes(state)) found.push(`${entity} ${state}`);
      }
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return found;
}"""
"""What is wrong on a dashboard: red boxes, and tiles on the screen that show nothing."""


async def log_in(story: Story) -> None:
    """Log in as the owner."""
    await story.open("/")
    page, fields = story.page, "ui.panel.page-authorize.form.providers.homeassistant.step.init.data"
    await page.get_by_label(story.words.theirs(f"{fields}.username")).fill(USER)
    await page.get_by_label(story.words.theirs(f"{fields}.password")).first.fill(PASSWORD)
    await page.get_by_role("button", name=story.words.theirs("ui.panel.page-authorize.form.next")).click()
    await page.get_by_text(story.words.theirs("panel.config"), exact=True).first.wait_for()


async def see_batteries(story: Story) -> None:
    """See three batteries on the integration's page."""
    await story.open(f"/config/integrations/integration/{DOMAIN}")
    for name in story.names:
        await story.page.get_by_text(name, exact=True).first.wait_for()
    await story.camera.take("integration")


async def add_dashboard(story: Story) -> None:
    """Add the dashboard by three clicks, and see that everything on it is alive."""
    page, keys = story.page, "ui.panel.config.lovelace.dashboards"
    await story.open("/config/lovelace/dashboards")
    await page.get_by_role("button", name=story.words.theirs(f"{keys}.picker.add_dashboard")).click()
    await page.locator("dashboard-card").filter(has_text=DASHBOARD).click()
    detail = page.locator("dialog-lovelace-dashboard-detail")
    name = await detail.get_by_role("textbox").first.input_value()
    create = detail.get_by_role("button", name=story.words.theirs(f"{keys}.detail.create"))
    await create.click()
    await create.wait_for(state="hidden")
    added = await story.api.command("lovelace/dashboards/list")
    story.dashboard.extend(f"/{each['url_path']}" for each in added if each["title"] == name)
    await open_dashboard(story)
    await story.camera.take("dashboard-off")


async def open_dashboard(story: Story) -> None:
    """Open the dashboard, and see no tile that shows nothing, and no red box."""
    await story.open(story.dashboard[0])
    await tile(story.page, story.words.ours("entity.select.strategy.name")).wait_for()
    await tile(story.page, story.words.ours("entity.sensor.role.name")).last.wait_for()
    dead = await story.page.evaluate(DEAD_CARDS)
    if dead:
        raise DemoError(f"on the dashboard: {', '.join(dead)}")


def tile(page: Page, name: str) -> Locator:
    """Return a tile of the dashboard."""
    return page.locator("hui-tile-card").filter(has=page.get_by_text(name, exact=True)).first


async def choose(story: Story, option: str) -> None:
    """Choose a strategy on its tile."""
    name = story.words.ours(f"entity.select.strategy.state.{option}")
    menu = tile(story.page, story.words.ours("entity.select.strategy.name")).locator("ha-control-select-menu")
    await menu.click()
    await story.page.get_by_role("menuitem", name=name, exact=True).first.click()


async def confirm(story: Story, key: str) -> None:
    """Tap a tile, whose question has to be answered before anything happens."""
    answer = story.words.ours(f"selector.dashboard.options.{key}")
    question = story.words.ours(f"selector.dashboard.options.{key}_question")
    await story.page.get_by_text(question).wait_for()
    await story.page.get_by_role("button", name=answer, exact=True).click()


async def switch_on(story: Story) -> None:
    """Switch the controller on, on the dashboard, and see the batteries taken over."""
    controller = tile(story.page, story.words.ours("entity.switch.controller.name"))
    await controller.locator("ha-tile-icon").click()
    await confirm(story, "start")
    await story.shows("switch", "controller", "on")
    await story.until("one leads", lambda: [b.mode for b in story.batteries].count(DeviceMode.AUTO) == 1)
    await story.until("the others follow", lambda: [b.mode for b in story.batteries].count(DeviceMode.PASSIVE) == 2)


async def change_strategy(story: Story) -> None:
    """Choose standby, see the batteries rest, and go back to net zero."""
    await choose(story, "standby")
    standby = story.words.ours("entity.sensor.state.state.standby")
    state = tile(story.page, story.words.ours("entity.sensor.state.name"))
    await state.get_by_text(standby, exact=True).wait_for()
    await story.until(
        "all rest", lambda: all(b.mode is DeviceMode.PASSIVE and abs(b.power_w) < 50 for b in story.batteries)
    )
    await choose(story, "zero")
    await story.until("one leads again", lambda: any(b.mode is DeviceMode.AUTO for b in story.batteries))


async def charge_to_full(story: Story) -> None:
    """Choose a full charge: it waits for a second word, on the dashboard, and only then begins."""
    await choose(story, "to_full")
    button = tile(story.page, story.words.ours("entity.button.confirm_full_charge.name"))
    await button.click()
    await confirm(story, "full_charge")
    await story.shows("select", "strategy", "to_full")
    await story.until("all charge", lambda: all(b.power_w < -100 for b in story.batteries))
    await choose(story, "zero")
    await story.shows("select", "strategy", "zero")


async def take_one_out(story: Story) -> None:
    """Let one battery hold a power of its own, on its device page, and give it back."""
    name, battery = story.names[1], story.batteries[1]
    page, ours = story.page, story.words.ours
    await story.open(f"/config/devices/dashboard?domain={DOMAIN}")
    await page.get_by_text(name, exact=True).first.click()
    await select_mode(story, "fixed")
    row = page.locator("hui-number-entity-row").filter(has_text=ours("entity.number.setpoint.name"))
    setpoint = row.locator("input")
    await setpoint.fill(str(FIXED_W))
    await setpoint.press("Enter")
    await story.until("it holds its own power", lambda: abs(battery.power_w - FIXED_W) < 50)
    await story.camera.take("device")
    await select_mode(story, "controlled")
    await story.until("it is given back", lambda: abs(battery.power_w - FIXED_W) > 50)


async def select_mode(story: Story, option: str) -> None:
    """Choose a battery's mode on its device page."""
    name, ours = story.words.ours(f"entity.select.mode.state.{option}"), story.words.ours
    row = story.page.locator("hui-select-entity-row").filter(has_text=ours("entity.select.mode.name")).first
    await row.click()
    await row.get_by_role("menuitem", name=name, exact=True).first.click()


async def add_automation(story: Story) -> None:
    """Make an automation of one of our blueprints, for the site that it offers, and see that it runs."""
    page = story.page
    await story.open("/config/blueprint/dashboard")
    await page.get_by_text(BLUEPRINT).first.wait_for()
    await page.get_by_text(BLUEPRINT).first.click()
    save = page.get_by_role("button", name=story.words.theirs("ui.common.save"))
    await save.wait_for()
    await page.locator("ha-entity-picker").first.click()
    problem = page.locator("ha-combo-box-item").filter(has_text=story.words.ours("entity.binary_sensor.problem.name"))
    await problem.first.click()
    await story.camera.take("blueprint")
    await save.click()
    name = story.words.theirs("ui.panel.config.automation.editor.show_trace")
    traces = page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))
    await traces.first.wait_for()  # a link from 2026.11 on
    await story.open("/config/automation/dashboard")
    await page.get_by_text(BLUEPRINT).first.wait_for()
    if (state := await story.api.state(f"automation.{BLUEPRINT.lower().replace(' ', '_')}")) != "on":
        raise DemoError(f"the automation is {state}")


async def look_around(story: Story) -> None:
    """Take the pictures that need a while: options, dashboard after some minutes, on a phone too, Energy dashboard."""
    page, camera, ours = story.page, story.camera, story.words.ours
    if camera.folder is None:
        return
    day = asyncio.create_task(asyncio.to_thread(simulated_day))
    await story.open(f"/config/integrations/integration/{DOMAIN}")
    await page.get_by_role("button", name=story.words.theirs("ui.panel.config.integrations.configure")).first.click()
    await page.get_by_text(ours("options.step.init.menu_options.limits")).first.click()
    await page.get_by_text(ours("options.step.limits.sections.circuits.name"), exact=True).first.wait_for()
    await camera.take("options", page.locator("dialog-data-entry-flow dialog"))
    yesterday = await show_yesterday(story.api, await day)
    say(f"letting the house go on for {COUNTED_S} s, so that the counters have something to show")
    await asyncio.sleep(COUNTED_S)
    for name, (width, height) in (("dashboard", (DESKTOP[0], 960)), ("phone", PHONE)):
        await page.set_viewport_size({"width": width, "height": height})
        await open_dashboard(story)
        await camera.take(name)
    await page.set_viewport_size({"width": DESKTOP[0], "height": 1000})
    await story.open("/energy")
    await page.get_by_text("Energy distribution").wait_for()
    # In the first hour of a day Home Assistant shows the day before by itself.
    day_first, month_first = (page.get_by_text(f"{yesterday:{form}}", exact=True) for form in ("%-d %b", "%b %-d"))
    shown = day_first.or_(month_first).first
    if not await shown.is_visible():
        await page.get_by_role("button", name="Previous").first.click()
    await shown.wait_for()
    await camera.take("energy")


CHAPTERS = (
    log_in,
    add_integration,
    see_batteries,
    add_dashboard,
    switch_on,
    change_strategy,
    charge_to_full,
    take_one_out,
    add_automation,
    look_around,
)


async def tell(folder: Path | None, language: str, home: str) -> None:
    """Tell the whole story; raise DemoError, or Playwright's error, where it stops."""
    await install_requirements()
    playback = Playback(SCENARIO, START_S[SCENARIO])
    async with (
        running(playback, 1.0, empty=True, language=language, home=home) as (home_assistant, simulated),
        Api(home_assistant) as api,
    ):
        await open_up(api)
        playback.play(simulated.house.trace_s)
        async with open_page(language) as page:
            story = Story(
                page=page,
                url=home_assistant.url,
                api=api,
                simulated=simulated,
                camera=Camera(page, folder),
                words=Words(language),
                home=home,
            )
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
    parser = argparse.ArgumentParser(prog="python -m demo.story", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where to keep pictures")
    parser.add_argument("--language", choices=("en", "nl"), default="en")
    parser.add_argument("--home", default="Home")
    options = parser.parse_args()
    try:
        asyncio.run(tell(options.folder, options.language, options.home))
    except (DemoError, OSError, ClientError, PlaywrightError) as error:
        sys.exit(f"story: {reason(error)}")
