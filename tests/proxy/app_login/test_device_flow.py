"""A real gateway, a real identity provider, a program that polls and a browser that sends forms."""

from __future__ import annotations

import pytest

from tests.proxy.app_login.conftest import Program, at_device_page
from tests.proxy.linking import Browser, Place, hidden

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_program_gets_tokens_once_a_person_has_typed_its_code_and_allowed_it(
    place: Place, program: Program, browser: Browser
) -> None:
    code = await program.begin()
    assert "verification_uri_complete" not in program.begun
    assert (await program.poll()).json() == {"error": "authorization_pending"}
    asked = await at_device_page(browser, place.url)
    assert code not in asked.text
    page = await browser.post(asked.url, data=hidden(asked) | {"code": code.lower()})
    for shown in (code, "127.0.0.1", "httpx", "alice@acme.example", "anthropic"):
        assert shown in page.text
    done = await browser.send_form(page, answer="allow")
    assert "is connected" in done.text
    # It asks every five seconds, and was told to be slower when it did not.
    assert (await program.poll()).json() == {"error": "slow_down"}
