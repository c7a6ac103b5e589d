"""A manager decides in the page of the sandbox's Slack, with a real browser."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.async_api import async_playwright, expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

    from sandbox.idp.driver import IdpDriver
    from tests.flows.house import House

CHROMIUM = "/usr/bin/chromium"
# As root and without a network, as in CI.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture
async def page(house: House) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        page = await browser.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(house.sandbox["slack"]["url"])
        yield page
        await browser.close()
        assert complaints == []


async def ask(house: House, token: str, text: str) -> str:
    async with house.openai(token) as client:
        answer = await client.chat.completions.create(
            model="sandbox-1", messages=[{"role": "user", "content": text}]
        )
    return str(answer.choices[0].message.content)


async def test_a_manager_sees_the_card_approves_it_and_the_request_completes(
    house: House, idp: IdpDriver, page: Page
) -> None:
    word = f"ship-{uuid4().hex[:6]}"
    asking = asyncio.ensure_future(ask(house, await idp.token("alice"), f"{word} to production"))
    card = page.get_by_label("Message from Abeyance").filter(has_text=word)
    await expect(card).to_contain_text("production-needs-a-manager")
    assert not asking.done()
    await card.get_by_role("button", name="Approve", exact=True).click()
    assert word in await asking
    await expect(card).to_contain_text("finished in")
    for gone in ("Approve", "Deny…", "View full"):
        await expect(card.get_by_role("button", name=gone)).to_have_count(0)


async def test_a_manager_denies_with_a_reason_and_the_developer_reads_it(
    house: House, idp: IdpDriver, page: Page
) -> None:
    word = f"wipe-{uuid4().hex[:6]}"
    asking = asyncio.ensure_future(ask(house, await idp.token("dana"), f"{word} production"))
    card = page.get_by_label("Message from Abeyance").filter(has_text=word)
    await card.get_by_role("button", name="Deny…").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Why?").select_option("Not needed")
    await form.get_by_label("What should they know?").fill("Restore the backup instead")
    await form.get_by_role("button", name="Deny", exact=True).click()
    await expect(card).to_contain_text("Denied")
    with pytest.raises(Exception, match="Restore the backup instead"):
        await asking
