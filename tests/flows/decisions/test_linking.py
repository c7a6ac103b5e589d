"""Somebody whom Slack does not vouch for clicks, follows the link, signs in, and clicks again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.async_api import async_playwright, expect

from bot.slack.manifest import BOT_SCOPES
from sandbox.idp.clients import GATEWAY_SECRET
from tests.conftest import free_port
from tests.flows.house import open_house
from tests.flows.test_browser import CHROMIUM, FLAGS, ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import BrowserContext, Page

    from sandbox.idp.driver import IdpDriver
    from sandbox.slack.people.driver import SlackDriver
    from tests.flows.house import House

SCOPES = [scope for scope in BOT_SCOPES if scope != "users:read.email"]


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    port = str(free_port())
    with open_house(
        tmp_path_factory.mktemp("house"),
        mongodb_uri,
        ABEYANCE_PORT=port,
        ABEYANCE_PUBLIC_URL=f"http://127.0.0.1:{port}",
        ABEYANCE_LOGIN_CLIENT_SECRET=GATEWAY_SECRET,
    ) as house:
        yield house


@pytest.fixture
async def context(house: House) -> AsyncIterator[BrowserContext]:
    """A browser, on a phone, that complains of whatever a page does that its policy forbids."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        complaints: list[str] = []
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on(
            "console",
            lambda line: complaints.append(line.text) if "Content Security" in line.text else None,
        )
        yield context
        await browser.close()
        assert complaints == []


async def press(slack: Page, word: str) -> None:
    card = slack.get_by_label("Message from Abeyance").filter(has_text=word)
    await card.get_by_role("button", name="Approve").first.click()


async def follow(slack: Page) -> Page:
    """Open the newest link that Slack shows, sign in as Maria, and return the page that asks."""
    button = slack.get_by_role("link", name="Link my Slack account").last
    async with slack.context.expect_page() as opened:
        await button.click()
    page = await opened.value
    await expect(page.get_by_role("heading")).to_have_text("Link your Slack account")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Maria Lopez").click()
    await expect(page.get_by_role("heading")).to_contain_text("“Maria Lopez (U0MARIA001)” yours?")
    return page


async def test_from_a_click_that_nobody_vouches_for_to_one_that_counts(
    house: House, slack: SlackDriver, idp: IdpDriver, context: BrowserContext
) -> None:
    await slack.settings(bot_scopes=SCOPES)
    word = f"ship-{uuid4().hex[:6]}"
    asking = asyncio.ensure_future(ask(house, await idp.token("alice"), f"{word} to production"))
    workspace = await context.new_page()
    await workspace.goto(f"{house.sandbox['slack']['url']}/#/maria/approvals")
    await press(workspace, word)
    page = await follow(workspace)
    # Whoever presses Enter without reading has said no.
    await expect(page.get_by_role("button", name="No, do not link it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading")).to_have_text("Nothing was linked")
    await page.close()
    before = await workspace.get_by_role("link", name="Link my Slack account").count()
    await press(workspace, word)
    links = workspace.get_by_role("link", name="Link my Slack account")
    await expect(links).to_have_count(before + 1)
    page = await follow(workspace)
    await page.get_by_role("button", name="Yes, it is mine").click()
    await expect(page.get_by_role("heading")).to_have_text("Linked")
    await page.close()
    assert not asking.done()
    await press(workspace, word)
    assert word in await asking
