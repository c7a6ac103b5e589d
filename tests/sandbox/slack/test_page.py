"""The page in a real browser: what it must never do, and what a hand on it must meet."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.sandbox.slack.bad_blocks import actions, asked, button, confirm, mrkdwn, plain, view

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HOSTILE = (
    "<img src=x onerror=alert(1)> &lt;script&gt;alert(2)&lt;/script&gt; "
    "<javascript:alert(3)|press me> *<b>bold</b>* `<i>code</i>` <https://ok.example|fine>"
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*FLAGS]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser, base_url: str) -> AsyncIterator[Page]:
    """Maria, in #approvals; anything that goes wrong in the page fails the test."""
    page = await browser.new_page(viewport={"width": 390, "height": 844})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    await page.goto(f"{base_url}/#/maria/approvals")
    await expect(page.get_by_role("heading", name="approvals", exact=False).first).to_be_visible()
    yield page
    assert complaints == []


async def test_markup_in_a_message_stays_text(page: Page, client: AsyncWebClient) -> None:
    section = {"type": "section", "text": mrkdwn(HOSTILE), "fields": [plain(HOSTILE)]}
    await client.chat_postMessage(channel="C0APPROVAL", text=HOSTILE)
    await client.chat_postMessage(channel="C0APPROVAL", text=HOSTILE, blocks=[section])
    messages = page.get_by_label("Message from Abeyance")
    await expect(messages).to_have_count(2)
    await expect(messages.first).to_contain_text("<script>alert(2)</script>")
    hostile = messages.locator("img[onerror], script, b, i, a[href^=javascript]")
    await expect(hostile).to_have_count(0)
    links = messages.get_by_role("link")
    assert [await link.get_attribute("href") for link in await links.all()] == [
        "https://ok.example",
        "https://ok.example",
    ]


async def test_a_hand_on_a_phone_decides_by_confirm_dialog_and_modal(
    page: Page, app: AsyncApp, connected: AsyncSocketModeHandler, client: AsyncWebClient
) -> None:
    form = view(
        callback_id="form",
        submit=plain("Send"),
        blocks=[asked({"type": "plain_text_input"}, block_id="why", label=plain("Reason"))],
    )

    @app.action("go")
    async def go(ack: AsyncAck, body: dict[str, str], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.view("form")
    async def submitted(ack: AsyncAck) -> None:
        await ack()
        await client.chat_update(channel="C0APPROVAL", ts=posted["ts"], text="Denied, it is")

    card = [actions(button(action_id="go", text=plain("Deny…"), confirm=confirm()))]
    posted = await client.chat_postMessage(channel="C0APPROVAL", text="held", blocks=card)
    await page.get_by_role("button", name="Deny…").click()
    asked_first = page.get_by_role("alertdialog")
    await page.keyboard.press("Escape")
    await expect(asked_first).to_have_count(0)
    await page.get_by_role("button", name="Deny…").click()
    await asked_first.get_by_role("button", name="Yes").click()
    modal = page.get_by_role("dialog")
    await modal.get_by_role("button", name="Send").click()
    await expect(modal).to_contain_text("Please complete this required field.")
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    await page.get_by_role("button", name="Deny…").click()
    await asked_first.get_by_role("button", name="Yes").click()
    await modal.get_by_label("Reason").fill("Friday")
    await modal.get_by_label("Reason").press("Enter")
    await expect(page.get_by_label("Message from Abeyance")).to_contain_text("Denied, it is")
    await expect(modal).to_have_count(0)


async def test_an_app_that_is_away_is_told_in_a_toast(page: Page, client: AsyncWebClient) -> None:
    card = [actions(button(action_id="go", text=plain("Press")))]
    await client.chat_postMessage(channel="C0APPROVAL", text="x", blocks=card)
    await page.get_by_role("button", name="Press").click()
    await expect(page.get_by_role("status")).to_contain_text("not connected right now")


async def test_the_persona_menu_shows_who_has_mail_and_switches_to_them(
    page: Page, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel="U0ALICE001", text="Denied, and here is why")
    await page.get_by_role("button", name="You are Maria Lopez").click()
    alice = page.get_by_role("menuitem", name="Alice Chen")
    await expect(alice.get_by_label("1 unread")).to_be_visible()
    await alice.click()
    await expect(page.get_by_role("button", name="You are Alice Chen")).to_be_visible()
    await page.get_by_role("button", name="Channels").click()
    await page.get_by_label("Channels").get_by_role("button", name="Abeyance").click()
    await expect(page.get_by_label("Message from Abeyance")).to_contain_text("here is why")


async def test_the_address_of_a_message_opens_its_channel(
    page: Page, base_url: str, client: AsyncWebClient
) -> None:
    said = await client.chat_postMessage(channel="approvals", text="Approve me")
    link = await client.chat_getPermalink(channel=said["channel"], message_ts=said["ts"])
    await client.chat_postMessage(channel="U0MARIA001", text=f"<{link['permalink']}|See it>")
    await page.goto(f"{base_url}/#/maria/abeyance")
    await page.reload()
    await page.get_by_role("link", name="See it").click()
    await expect(page.get_by_text("Approve me")).to_be_visible()
    await page.goto(f"{base_url}/#/maria/general")
    await page.goto(link["permalink"])
    await expect(page.get_by_text("Approve me")).to_be_visible()
