"""Opaque tokens, of which only their issuer knows what they say."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from app.clock import SystemClock
from app.errors import IssuerUnavailable, NotAuthenticated, TokenUnusable
from app.settings import IssuerSettings
from proxy.oidc.identity import identity_of
from proxy.oidc.verify import TokenVerifier
from sandbox.idp.clients import GATEWAY_CLIENT, GATEWAY_SECRET
from sandbox.idp.driver import IdpDriver
from sandbox.idp.server import make_app
from sandbox.serving import listen, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path


class MovingClock:
    """The time of day, and what a test adds to it."""

    def __init__(self) -> None:
        self.later = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.later


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idp")


@pytest.fixture
async def idp(data: Path) -> AsyncIterator[IdpDriver]:
    listener = listen(0)
    async with running(make_app(listener.url, data), listener) as url, IdpDriver(url) as driver:
        yield driver


@asynccontextmanager
async def verifying(
    idp: IdpDriver, clock: MovingClock | None = None, secret: str = GATEWAY_SECRET
) -> AsyncIterator[TokenVerifier]:
    settings = IssuerSettings(
        issuer=idp.issuer,
        introspection_client_id=GATEWAY_CLIENT,
        introspection_client_secret=secret,
    )
    async with httpx.AsyncClient() as http:
        yield TokenVerifier([settings], http, clock or SystemClock())


async def test_an_opaque_token_is_whose_its_issuer_says_it_is(idp: IdpDriver) -> None:
    async with verifying(idp) as verifier:
        token = await idp.mint(person="maria", opaque=True)
        identity = identity_of(await verifier.verify(token))
        assert identity.email == "maria@acme.example"
        assert identity.groups == {"managers", "security"}
        # A token that is signed is not asked about.
        asked = await idp.introspections()
        await verifier.verify(await idp.token("maria"))
        assert await idp.introspections() == asked


async def test_a_revoked_token_is_refused_after_a_minute_at_the_latest(idp: IdpDriver) -> None:
    clock = MovingClock()
    async with verifying(idp, clock) as verifier:
        token = await idp.mint(opaque=True, claims={"client_id": "abeyance-cli"})
        for _ in range(3):
            await verifier.verify(token)
        assert await idp.introspections() == 1
        revoked = {"token": token, "client_id": "abeyance-cli"}
        assert (await idp.http.post("/revoke", data=revoked)).status_code == 200
        clock.later = timedelta(seconds=61)
        with pytest.raises(NotAuthenticated):
            await verifier.verify(token)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "of-another-api"},
        {"aud": None},
        {"iss": "https://login.elsewhere.example"},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
        {"active": "yes"},
        {"token_type": "refresh_token"},
        {"token_type": ""},
        {"nonce": "of-an-id-token"},
    ],
    ids=str,
)
async def test_whatever_an_issuer_leaves_open_about_a_token_is_a_no(
    idp: IdpDriver, claims: dict[str, object]
) -> None:
    async with verifying(idp) as verifier:
        for token in (await idp.mint(opaque=True, claims=claims), "never-given"):
            with pytest.raises(NotAuthenticated):
                await verifier.verify(token)


async def test_an_issuer_that_does_not_say_lets_nobody_in(idp: IdpDriver) -> None:
    token = await idp.mint(opaque=True)
    async with verifying(idp, secret="another") as verifier:
        with pytest.raises(IssuerUnavailable):
            await verifier.verify(token)
    async with verifying(idp) as verifier:
        await idp.set_away(away=True)
        with pytest.raises(IssuerUnavailable):
            await verifier.verify(token)
        await idp.set_away(away=False)
        assert await verifier.verify(token)


async def test_without_settings_for_it_no_issuer_is_asked(idp: IdpDriver) -> None:
    async with httpx.AsyncClient() as http:
        verifier = TokenVerifier([IssuerSettings(issuer=idp.issuer)], http, SystemClock())
        with pytest.raises(TokenUnusable, match="abeyance login --print"):
            await verifier.verify(await idp.mint(opaque=True))
    assert await idp.introspections() == 0
