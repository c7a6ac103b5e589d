"""Keys in a browser that keeps cookies and sends forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app.domain.issued import EndReason
from tests.proxy.keys.keyring import Keys, sign_in
from tests.proxy.linking import Browser, hidden

if TYPE_CHECKING:
    import httpx

    from tests.proxy.linking import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def signed_in(browser: Browser, place: Place, person: str = "alice") -> httpx.Response:
    """Return the list of keys, after the sign-in that it asks for."""
    choice = await browser.get(f"{place.url}/-/keys")
    assert "Who are you?" in choice.text
    return await browser.post(choice.url, data={"person": person})


async def created(browser: Browser, place: Place, **form: str) -> httpx.Response:
    """Fill in the form of the list, sign in once more, and say yes."""
    page = await browser.get(f"{place.url}/-/keys")
    choice = await browser.send_form(page, **{"name": "editor", "days": "30"} | form)
    assert "Who are you?" in choice.text, choice.text
    asked = await browser.post(choice.url, data={"person": "alice"})
    assert "Create the key" in asked.text
    return await browser.send_form(asked)


async def test_a_key_is_created_shown_once_and_revoked_in_a_browser(
    keys: Keys, place: Place
) -> None:
    async with Browser() as browser:
        await signed_in(browser, place)
        told = await created(browser, place, name="editor", models="gpt-5*, o4", days="7")
        [secret] = set(re.findall(r"aby_[\w-]{43}", told.text))
        assert (await keys.use(secret)).status_code == 200
        listed = await browser.get(f"{place.url}/-/keys")
        assert "editor" in listed.text
        assert "models <bdi>gpt-5*, o4</bdi>" in listed.text
        assert secret not in listed.text
        [one] = re.findall(rf'href="({place.url}/-/keys/[0-9a-z]{{26}})"', listed.text)
        asked = await browser.get(one)
        assert (await keys.use(secret)).status_code == 200
        after = await browser.send_form(asked)
        assert "Revoked" in after.text
    assert (await keys.use(secret)).status_code == 401


async def test_a_form_that_is_not_ours_changes_nothing(place: Place) -> None:
    async with Browser() as browser:
        page = await signed_in(browser, place, "dana")
        cross = {"sec-fetch-site": "cross-site"}
        form = hidden(page) | {"name": "csrf", "days": "1"}
        for data, headers in ((form, cross), (form | {"form": "guessed"}, {})):
            answer = await browser.post(f"{place.url}/-/keys/new", data=data, headers=headers)
            assert answer.status_code == 400
        # Without the second sign-in there is nothing to say yes to.
        answer = await browser.post(f"{place.url}/-/keys/create", data=hidden(page))
        assert answer.status_code == 400
    dana = [key.name for key in await place.storage.issued.of_email("dana@acme.example")]
    assert "csrf" not in dana


async def test_nobody_sees_or_revokes_another_s_key(keys: Keys, place: Place) -> None:
    await keys.create("maria", "maria's own")
    path = f"{place.url}/-/keys/{keys.made[-1]['id']}"
    async with Browser() as browser:
        page = await signed_in(browser, place, "dana")
        assert "maria" not in page.text
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(f"{path}/revoke", data=hidden(page))).status_code == 404
    assert (await keys.stored()).revoked_at is None


async def test_what_somebody_writes_is_text_and_the_page_runs_nothing(
    keys: Keys, place: Place
) -> None:
    await keys.create("marcus", "<script>alert(1)</script>", models=['"><img src=x>'])
    async with Browser() as browser:
        page = await signed_in(browser, place, "marcus")
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"


async def test_the_page_says_why_a_key_has_ended(keys: Keys, place: Place) -> None:
    by = await sign_in(place.idp, "ines")
    answer = await keys.asked_for(by, "of a leaver")
    keys.made.append(answer.json())
    await place.storage.issued.end(
        answer.json()["id"], EndReason.REFUSED, (await keys.stored()).created_at
    )
    async with Browser() as browser:
        page = await signed_in(browser, place, "ines")
    assert "no longer renews the sign-in" in page.text
