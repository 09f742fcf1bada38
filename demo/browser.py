"""A headless Chromium in front of the demo's Home Assistant, and a camera that may have no film."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
import shutil
from typing import Any, Final

from PIL import Image
from playwright.async_api import Locator, Page, Route, async_playwright

from .console import say
from .home_assistant import TIME_ZONE

WAIT_MS: Final = 60_000
"""Of a shared machine; nothing waits that long when all is well."""
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
_COLOURS: Final = 128
_FRONTEND: Final = "**/frontend_latest/app.*.js"
_LATE_S: Final = 0.5
_QUIET: Final = (
    "--no-sandbox",  # of no use to a machine's root, and this browser sees nothing but 127.0.0.1
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """Return the system's Chromium; Playwright's own builds are never downloaded."""
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


class Camera:
    """Takes pictures into a folder; without one, none."""

    def __init__(self, page: Page, folder: Path | None) -> None:
        """Take what to look at and where to keep it."""
        self.page, self.folder = page, folder

    async def take(self, name: str, part: Locator | None = None, *, dark: bool = True) -> None:
        """Take the page or a part of it, by day and, as NAME-dark, by night; fewer colours are less to load."""
        if self.folder is None:
            return
        for scheme in ("light", "dark") if dark else ("light",):
            await self.page.emulate_media(color_scheme=scheme)
            await self.page.evaluate("() => new Promise(done => setTimeout(done, 700))")  # animations and charts
            taken = await (part or self.page).screenshot(animations="disabled")
            path = self.folder / f"{name}{'-dark' if scheme == 'dark' else ''}.png"
            Image.open(BytesIO(taken)).convert("RGB").quantize(_COLOURS).save(path, optimize=True)
            say(f"picture {path.name}: {path.stat().st_size // 1024} kB")
        await self.page.emulate_media(color_scheme="light")


@asynccontextmanager
async def open_page(language: str = "en") -> AsyncIterator[Page]:
    """Open an empty page in a new browser that asks for a language."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(_QUIET))
        try:
            width, height = DESKTOP
            size: Any = {"width": width, "height": height}
            context = await browser.new_context(
                viewport=size,
                locale={"en": "en-GB"}.get(language, language),
                timezone_id=TIME_ZONE,
                color_scheme="light",
            )
            context.set_default_timeout(WAIT_MS)
            await context.route(_FRONTEND, _come_late)
            yield await context.new_page()
        finally:
            await browser.close()


async def _come_late(route: Route) -> None:
    """Let Home Assistant's script come after our module, as in every other browser: what that defines must survive."""
    await asyncio.sleep(_LATE_S)
    await route.continue_()
