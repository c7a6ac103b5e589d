"""Sign-ins that last: refreshed, revoked, asked about, and ended by whoever leaves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.idp.clients import GATEWAY_CLIENT, GATEWAY_SECRET

if TYPE_CHECKING:
    from sandbox.idp.driver import IdpDriver

SCOPE = "openid profile email groups offline_access"


def command(scope: str = SCOPE) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        "abeyance-cli",
        redirect_uri="http://127.0.0.1:49152/",
        scope=scope,
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    )


async def sign_in(
    client: AsyncOAuth2Client, idp: IdpDriver, person: str = "alice", **extra: str
) -> dict[str, Any]:
    verifier = generate_token(48)
    url, state = client.create_authorization_url(
        f"{idp.issuer}/authorize", code_verifier=verifier, **extra
    )
    agreed = await idp.http.post(url, data={"person": person})
    token: dict[str, Any] = await client.fetch_token(
        f"{idp.issuer}/token",
        authorization_response=agreed.headers["location"],
        state=state,
        code_verifier=verifier,
    )
    return token


async def refresh(client: AsyncOAuth2Client, idp: IdpDriver, token: str) -> dict[str, Any]:
    renewed: dict[str, Any] = await client.refresh_token(f"{idp.issuer}/token", token)
    return dict(renewed)


async def claims(idp: IdpDriver, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set((await idp.http.get("/.well-known/jwks.json")).json())
    return jwt.decode(token, keys, algorithms=["RS256"]).claims


async def introspect(idp: IdpDriver, token: str) -> dict[str, Any]:
    pair = (quote(GATEWAY_CLIENT, safe=""), quote(GATEWAY_SECRET, safe=""))
    answer = await idp.http.post("/introspect", data={"token": token}, auth=pair)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_refresh_token_is_for_who_asks_for_it_and_good_once(idp: IdpDriver) -> None:
    async with command("openid") as client:
        assert "refresh_token" not in await sign_in(client, idp)
    async with command() as client:
        first = (await sign_in(client, idp))["refresh_token"]
        second = (await refresh(client, idp, first))["refresh_token"]
        third = (await refresh(client, idp, second))["refresh_token"]
        assert len({first, second, third}) == 3
        # One that is shown twice was stolen, or the client lost its successor: all of them end.
        for token in (second, third):
            with pytest.raises(OAuthError, match="invalid_grant"):
                await refresh(client, idp, token)


async def test_a_refresh_tells_the_groups_of_now_and_when_the_person_signed_in(
    idp: IdpDriver,
) -> None:
    async with command() as client:
        await idp.set_minting(seconds=2)
        token = await sign_in(client, idp)
        before = await claims(idp, token["access_token"])
        assert token["expires_in"] == before["exp"] - before["iat"] == 2
        await idp.change_groups("alice", "developers", "sre")
        renewed = await refresh(client, idp, token["refresh_token"])
        after = await claims(idp, renewed["access_token"])
        assert after["groups"] == ["developers", "sre"]
        assert after["auth_time"] == before["auth_time"] <= time.time()
        assert (await claims(idp, renewed["id_token"]))["sub"] == before["sub"]


async def test_whoever_has_left_is_not_renewed(idp: IdpDriver) -> None:
    async with command() as client:
        token = await sign_in(client, idp)
        await idp.leave("alice")
        with pytest.raises(OAuthError, match="invalid_grant"):
            await refresh(client, idp, token["refresh_token"])


async def test_a_revoked_refresh_token_renews_nothing(idp: IdpDriver) -> None:
    async with command() as client:
        token = await sign_in(client, idp)
        known = (await idp.http.get("/.well-known/openid-configuration")).json()
        answer = await client.revoke_token(known["revocation_endpoint"], token["refresh_token"])
        assert answer.status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            await refresh(client, idp, token["refresh_token"])


async def test_an_opaque_token_says_nothing_and_the_issuer_says_it_to_the_gateway(
    idp: IdpDriver,
) -> None:
    async with command() as client:
        await idp.set_minting(opaque=True)
        token = (await sign_in(client, idp, "maria"))["access_token"]
        assert "." not in token
        found = await introspect(idp, token)
        assert found["active"]
        assert found["groups"] == ["managers", "security"]
        assert (await client.get(f"{idp.issuer}/userinfo")).json()["name"] == "Maria Lopez"
        assert await introspect(idp, "at-unknown") == {"active": False}
        stranger = {"token": token, "client_id": "abeyance-cli"}
        assert (await idp.http.post("/introspect", data=stranger)).status_code == 401
        await client.revoke_token(f"{idp.issuer}/revoke", token)
        assert await introspect(idp, token) == {"active": False}
    old = await idp.mint(opaque=True, expires_in=-1)
    assert await introspect(idp, old) == {"active": False}


async def test_a_token_is_for_the_resource_that_is_named_also_after_a_refresh(
    idp: IdpDriver,
) -> None:
    gateway = "https://gateway.example.com"
    async with command() as client:
        token = await sign_in(client, idp, resource=gateway)
        assert (await claims(idp, token["access_token"]))["aud"] == gateway
        renewed = await refresh(client, idp, token["refresh_token"])
        assert (await claims(idp, renewed["access_token"]))["aud"] == gateway
        with pytest.raises(OAuthError, match="invalid_target"):
            await client.refresh_token(
                f"{idp.issuer}/token", renewed["refresh_token"], resource="abeyance"
            )
