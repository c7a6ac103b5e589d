"""Keys in a browser that keeps cookies and sends forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from quart import Quart

from app.domain.issued import EndReason
from sandbox.serving import listen, running
from tests.proxy.keys.keyring import Keys, sign_in
from tests.proxy.linking import CLOCK, Browser, hidden

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


async def test_who_signed_in_long_ago_is_asked_again_or_gets_no_key(place: Place) -> None:
    listener, answer = listen(0), dict[str, str]()
    async with (
        running(_provider(listener.url, answer), listener) as url,
        place.gateway(issuers=[_trusted(place, url)]) as fresh,
        Browser() as browser,
    ):
        browser.follow_redirects = False
        to_list = await browser.get(f"{fresh.url}/-/keys")
        assert "max_age" not in _asked(to_list)
        await _come_back(browser, fresh, to_list, answer, url, ago=0)
        page = await browser.get(f"{fresh.url}/-/keys")
        sent = await browser.send_form(page, name="silent", days="1")
        assert _asked(sent)["max_age"] == "900"
        told = await _come_back(browser, fresh, sent, answer, url, ago=16 * 60)
        assert told.status_code == 403
        assert "too long ago" in told.text
        assert (await browser.get(f"{fresh.url}/-/keys/new")).status_code == 400


def _trusted(place: Place, url: str) -> dict[str, str]:
    return {"issuer": url, "jwks_uri": f"{place.idp.issuer}/.well-known/jwks.json"}


def _asked(answer: httpx.Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


async def _come_back(
    browser: Browser,
    place: Place,
    sent: httpx.Response,
    answer: dict[str, str],
    issuer: str,
    *,
    ago: int,
) -> httpx.Response:
    """Come back from an issuer at which the person signed in so many seconds ago."""
    asked, now = _asked(sent), int(CLOCK.now().timestamp())
    access: dict[str, object] = {"iss": issuer, "auth_time": now - ago}
    signed_in = access | {"aud": asked["client_id"], "nonce": asked["nonce"], "client_id": None}
    answer["access_token"] = await place.idp.mint(claims=access)
    answer["id_token"] = await place.idp.mint(claims=signed_in)
    answer["refresh_token"] = "rt"
    back = {"state": asked["state"], "code": "x"}
    return await browser.get(f"{place.url}/-/sign-in/callback", params=back)


def _provider(url: str, answer: dict[str, str]) -> Quart:
    provider = Quart(__name__)

    @provider.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, str]:
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
        }

    @provider.post("/token")
    async def token() -> dict[str, str]:
        return answer | {"token_type": "Bearer"}

    return provider
