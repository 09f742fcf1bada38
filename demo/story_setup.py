"""The set-up in the story: from adding the integration to its last page."""

import re

from playwright.async_api import Locator

from simulation.faults import Fault

from .house import BATTERY_LIMIT_W
from .story_page import Story

NAME = "Marstek Home Energy Controller"
SEARCH = "marstek"


async def read_meter(story: Story, dialog: Locator) -> None:
    """Enter the address of the P1; a Dutch home has one whose old API is off, so that its button has to be pressed."""
    p1, ours, is_paired = story.simulated.p1, story.words.ours, story.words.language == "nl"
    p1.faults.update({Fault.P1_API_OFF} if is_paired else ())
    field = dialog.get_by_role("textbox", name=ours("config.step.homewizard.data.host"))
    await field.fill(f"{p1.host}:{p1.port_v2 if is_paired else p1.port}")
    submit = story.words.theirs("ui.panel.config.integrations.config_flow.submit")
    await dialog.get_by_role("button", name=submit).click()
    if is_paired:
        await dialog.get_by_text(ours("config.progress.press")).wait_for()
        await story.camera.take("set-up-pairing", dialog.locator("dialog"), dark=False)
        p1.press_button()


async def add_integration(story: Story) -> None:
    """Add the site by its flow: meter, live reading, addresses, and what only the owner of each battery knows."""
    page, camera, simulated = story.page, story.camera, story.simulated
    theirs, ours = story.words.theirs, story.words.ours
    await story.open("/config/integrations/dashboard")
    await page.get_by_role("button", name=theirs("ui.panel.config.integrations.add_integration")).click()
    await page.get_by_placeholder(theirs("ui.panel.config.integrations.search_brand")).fill(SEARCH)
    await page.get_by_role("button", name=NAME).click()
    dialog = page.locator("dialog-data-entry-flow")
    submit = dialog.get_by_role("button", name=theirs("ui.panel.config.integrations.config_flow.submit"))
    window = dialog.locator("dialog")

    choice = dialog.get_by_text(ours("config.step.user.menu_options.homewizard"), exact=True)
    await choice.wait_for()
    await camera.take("set-up-meter", window, dark=False)
    await choice.click()
    await read_meter(story, dialog)
    by_hand = dialog.get_by_text(ours("config.step.confirm_import.menu_options.address"))
    await by_hand.wait_for()
    await dialog.get_by_text(re.compile(r"^\d+ W \S")).first.wait_for()
    await camera.take("set-up-reading", window, dark=False)
    await by_hand.click()

    host = ours("config.step.address.data.host")
    for number, battery in enumerate(simulated.batteries):
        if number:  # the first line is there
            await dialog.get_by_role("button", name=theirs("ui.components.multi-textfield.add_item", item=host)).click()
        await dialog.get_by_role("textbox", name=host).nth(number).fill(battery.host)
    port = ours("config.step.address.data.port")
    await dialog.get_by_role("spinbutton", name=port).fill(str(simulated.batteries[0].port))
    await camera.take("set-up-addresses", window, dark=False)
    await submit.click()

    for number, (name, battery) in enumerate(zip(story.names, simulated.batteries, strict=True)):
        found = ours("config.step.battery.description").partition("{host}")[0]
        await dialog.get_by_text(f"{found}{battery.host}").wait_for()
        await dialog.get_by_role("textbox", name=ours("config.step.battery.data.name")).fill(name)
        await dialog.get_by_role("radio", name=f"{BATTERY_LIMIT_W} W").click()
        await dialog.get_by_role("radio", name=ours("selector.own_meter.options.this")).click()
        if number == 0:
            await camera.take("set-up-battery", window, dark=False)
        await dialog.get_by_role("button", name=story.any_of("next", "submit")).click()
    await (fuse := dialog.get_by_text(ours("selector.fuse.options.unknown"))).wait_for()
    await camera.take("set-up-fuse", window, dark=False)
    await fuse.click()
    await dialog.get_by_role("button", name=story.any_of("next", "submit")).click()
    await (watch := dialog.get_by_text(ours("config.step.start.menu_options.only_watch"), exact=True)).wait_for()
    await camera.take("set-up-start", window, dark=False)
    await watch.click()
    await dialog.get_by_role("button", name=story.any_of("finish", "finish_skip")).click()
    await dialog.wait_for(state="hidden")
