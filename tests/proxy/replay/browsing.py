"""A headless Chromium that reports all that it complains about, dialogs and policies included."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from tests.flows.test_browser import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from tests.proxy.linking import Place


@asynccontextmanager
async def chromium() -> AsyncIterator[tuple[Page, list[str]]]:
    """Yield a page, and the list of its complaints as it grows."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        page = await browser.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        try:
            yield page, complaints
        finally:
            await browser.close()


async def sign_in(page: Page, place: Place, name: str, path: str = "") -> None:
    """Open a replay page as somebody, by their name at the identity provider."""
    await page.goto(f"{place.url}/-/replay{path}")
    await page.get_by_role("button", name=name).click()
