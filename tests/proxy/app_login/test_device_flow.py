"""A real gateway, a real identity provider, a program that polls and a browser that sends forms."""

from __future__ import annotations

import re

import httpx
import pytest

from app.domain.event import EventKind
from tests.proxy.app_login.conftest import Program, at_device_page, confirmed
from tests.proxy.linking import Browser, Place, hidden

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_program_gets_tokens_once_a_person_has_typed_its_code_and_allowed_it(
    place: Place, program: Program, browser: Browser
) -> None:
    code = await program.begin()
    # A link that brings the code would be enough for a stranger to send.
    assert "verification_uri_complete" not in program.begun
    asked = await at_device_page(browser, place.url)
    assert code not in asked.text
    page = await browser.post(asked.url, data=hidden(asked) | {"code": code.lower()})
    for shown in (code, "127.0.0.1", "httpx", "alice@acme.example", "anthropic"):
        assert shown in page.text
    assert "not the machine" not in page.text
    done = await browser.send_form(page, answer="allow")
    assert "is connected" in done.text
    got = await program.poll()
    assert got.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"abs_[\w-]{43}", program.tokens["access_token"])
    assert re.fullmatch(r"abr_[\w-]{43}", program.tokens["refresh_token"])
    assert (program.tokens["token_type"], program.tokens["expires_in"]) == ("Bearer", 3600)
    listed = (await program.get("-/connections")).json()["connections"]
    assert [known["name"] for known in listed] == ["anthropic"]
    (issued, *_) = await place.storage.issued.of_email("alice@acme.example")
    entries = [entry.event for entry in await place.storage.ledger.entries("")]
    facts = [e.data for e in entries if e.kind is EventKind.CREDENTIAL_ISSUED]
    assert issued.id in [data["credential"] for data in facts]


async def test_a_program_that_asks_too_soon_is_told_to_be_slower(program: Program) -> None:
    await program.begin()
    assert (await program.poll()).json() == {"error": "authorization_pending"}
    early = await program.poll()
    assert (early.status_code, early.json()) == (400, {"error": "slow_down"})


async def test_no_get_changes_anything_and_the_answer_that_comes_by_itself_is_no(
    place: Place, program: Program, browser: Browser
) -> None:
    page = await confirmed(browser, place.url, await program.begin())
    for path in ("/-/device", "/-/device/answer"):
        await browser.get(f"{place.url}{path}", params={"answer": "allow"} | hidden(page))
    assert re.findall(r"<button[^>]*value=\"(\w+)\"", page.text) == ["refuse", "allow"]
    assert re.search(r'value="refuse" autofocus', page.text)
    refused = await browser.send_form(page)
    assert "Not allowed" in refused.text
    assert (await program.poll()).json() == {"error": "access_denied"}
    assert not program.tokens


async def test_a_code_is_answered_once_and_only_from_the_page_that_showed_it(
    place: Place, program: Program, browser: Browser
) -> None:
    page = await confirmed(browser, place.url, await program.begin())
    elsewhere = {"sec-fetch-site": "cross-site"}
    answers = hidden(page) | {"answer": "allow"}
    forged = await browser.post(f"{place.url}/-/device/answer", data=answers, headers=elsewhere)
    assert forged.status_code == 400
    made_up = answers | {"form": "x" * 32}
    assert (await browser.post(f"{place.url}/-/device/answer", data=made_up)).status_code == 400
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.post(f"{place.url}/-/device/answer", data=answers)).is_error
    assert "is connected" in (await browser.send_form(page, answer="allow")).text
    async with Browser() as other:
        again = await confirmed(other, place.url, program.begun["user_code"], "dana")
        assert again.status_code == 404
        assert "start again" in again.text
    (await program.poll()).raise_for_status()


async def test_codes_cannot_be_tried_out(place: Place, browser: Browser) -> None:
    asked = await at_device_page(browser, place.url, "marcus")
    tried = [
        await browser.post(f"{place.url}/-/device", data=hidden(asked) | {"code": "BBBB-BBBB"})
        for _ in range(21)
    ]
    # The minute may turn in between.
    assert 403 in [answer.status_code for answer in tried]


async def test_a_program_on_another_machine_is_pointed_out(
    place: Place, browser: Browser, program: Program
) -> None:
    transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=transport) as http:
        page = await confirmed(browser, place.url, await Program(place.url, http).begin())
    assert "127.0.0.2" in page.text
    assert "not the machine that you are looking at" in page.text
