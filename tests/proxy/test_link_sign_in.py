"""Signing in for a link: which providers and clients there are, and all that they may answer."""

from __future__ import annotations

import secrets
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from quart import Quart

from app.domain.identity import Identity, IdentityKind
from app.errors import BadSettings, NotPermitted
from app.settings import Settings
from proxy.browser.client import client_of
from proxy.callers import Callers
from proxy.oidc.verify import TokenVerifier
from sandbox.serving import listen, running
from tests.conftest import free_port
from tests.proxy.linking import CLOCK, Browser, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_no_at_the_identity_provider_is_told_with_the_way_back(place: Place) -> None:
    link = await place.link()
    async with Browser() as browser:
        told = await browser.sign_in(link, person="")
        assert told.status_code == 403
        assert "You did not sign in" in told.text
        assert f'href="{link}"' in told.text
        await browser.send_form(await browser.sign_in(link), answer="yes")
    assert await place.linked()


async def test_an_identity_provider_that_is_away_is_told_and_the_link_stays_good(
    place: Place,
) -> None:
    async with place.gateway() as fresh, Browser() as browser:
        link = await fresh.link()
        await place.idp.set_jwks("error")
        try:
            told = await browser.sign_in(link)
        finally:
            await place.idp.set_jwks("ok")
        assert told.status_code == 503
        assert "does not answer" in told.text
        assert f'href="{link}"' in told.text
        assert (await browser.get(link)).status_code == 200
    assert not await place.linked()


async def test_a_provider_that_is_not_there_at_all_is_told_before_anybody_is_sent_away(
    place: Place,
) -> None:
    issuers = [{"issuer": f"http://127.0.0.1:{free_port()}"}]
    async with place.gateway(issuers=issuers) as fresh, Browser() as browser:
        told = await browser.send_form(await browser.get(await fresh.link()))
    assert told.status_code == 503
    assert "does not answer" in told.text


async def test_a_wrong_secret_of_the_gateway_signs_nobody_in(place: Place) -> None:
    async with place.gateway(login_client_secret="another") as fresh, Browser() as browser:
        told = await browser.sign_in(await fresh.link())
    assert told.status_code == 403
    assert "administrator" in told.text
    assert not await place.linked()


async def test_a_public_client_proves_itself_by_pkce_alone(place: Place) -> None:
    public = {"login_client_secret": "", "login_client_id": "abeyance-console"}
    async with place.gateway(**public) as fresh, Browser() as browser:
        await browser.send_form(await browser.sign_in(await fresh.link()), answer="yes")
    assert await place.linked()


async def test_an_id_token_says_who_it_is_where_no_access_token_is_for_us(place: Place) -> None:
    issuers = [{"issuer": place.idp.issuer, "audience": "of-another-api"}]
    async with place.gateway(issuers=issuers) as fresh, Browser() as browser:
        await browser.send_form(await browser.sign_in(await fresh.link(), "ines"), answer="yes")
    known = await place.storage.people.get(await place.linked())
    assert known is not None
    assert (known.name, known.groups) == ("Ines Roth", {"auditors"})


async def test_who_cannot_be_told_apart_by_an_id_token_alone_is_not_linked(place: Place) -> None:
    """An issuer may give this client another subject: then only the address shows who it is."""
    callers = Callers(TokenVerifier((), httpx.AsyncClient(), CLOCK), place.storage.people, CLOCK)
    subject = f"usr-{secrets.token_hex(4)}"
    told = Identity(place.idp.issuer, subject, IdentityKind.PERSON, "Jo")
    with pytest.raises(NotPermitted, match="Send one request"):
        await callers.vouched(told)
    called = replace(told, email="jo@acme.example", groups=frozenset({"managers"}))
    await place.storage.people.saw(called, CLOCK.now())
    # What an ID token leaves out is not forgotten either.
    assert await callers.vouched(told) == called


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((b"{}", 500), 503),
        ((b"<html>", 200), 503),
        ((b"[]", 200), 503),
        ((b'{"error": "invalid_client"}', 401), 403),
        ((b"{}", 200), 403),
        ((b'{"id_token": 1, "access_token": null}', 200), 403),
        ((b'{"id_token": "a.b.c"}', 200), 403),
    ],
)
async def test_whatever_a_provider_answers_is_a_page_in_plain_words(
    place: Place, answer: tuple[bytes, int], status: int
) -> None:
    listener = listen(0)
    async with (
        running(odd_provider(listener.url, *answer), listener) as url,
        place.gateway(issuers=[{"issuer": url}]) as fresh,
        Browser() as browser,
    ):
        browser.follow_redirects = False
        link = await fresh.link()
        sent = await browser.send_form(await browser.get(link))
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        # It may have a query of its own, and is not asked for what it does not know.
        assert (asked["realm"], asked["scope"]) == (["acme"], ["openid email"])
        back = {"state": asked["state"][0], "code": "x"}
        told = await browser.get(f"{fresh.url}/-/sign-in/callback", params=back)
    assert told.status_code == status
    assert f'href="{link}"' in told.text
    assert not await place.linked()


def odd_provider(url: str, body: bytes, status: int) -> Quart:
    provider = Quart(__name__)

    @provider.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, object]:
        return {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize?realm=acme",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
            "scopes_supported": ["openid", "email", "offline_access"],
        }

    @provider.post("/token")
    async def token() -> tuple[bytes, int, dict[str, str]]:
        return body, status, {"content-type": "application/json"}

    return provider


async def test_who_signs_people_in_is_a_trusted_issuer_of_people(place: Place) -> None:
    given = place.settings.model_dump()
    people, jobs = place.settings.issuers
    client = client_of(place.settings)
    assert client is not None
    assert client.issuer == people.issuer
    two = {"issuers": [*given["issuers"], {"issuer": "https://login.example.com"}]}
    for wrong in (
        two,
        {"login_issuer": jobs.issuer},
        {"login_issuer": "https://login.elsewhere.example"},
    ):
        with pytest.raises(BadSettings, match="ABEYANCE_LOGIN_ISSUER"):
            client_of(Settings(**given | wrong))
    client = client_of(Settings(**given | two | {"login_issuer": "https://login.example.com"}))
    assert client is not None
    assert client.issuer == "https://login.example.com"
