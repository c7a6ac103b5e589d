from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.idp.clients import GATEWAY_CLIENT, GATEWAY_SECRET
from sandbox.idp.driver import IdpDriver

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CALLBACK = "http://127.0.0.1:49152/-/callback"


@dataclass(frozen=True, slots=True)
class Start:
    """An authorization request on its way, and what its client remembers of it."""

    url: str
    state: str
    verifier: str


def begin(client: AsyncOAuth2Client, idp: IdpDriver, **extra: str) -> Start:
    verifier = generate_token(48)
    url, state = client.create_authorization_url(
        f"{idp.issuer}/authorize", code_verifier=verifier, **extra
    )
    return Start(url, state, verifier)


def console() -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        "abeyance-console",
        redirect_uri=CALLBACK,
        scope="openid profile email groups",
        code_challenge_method="S256",
        token_endpoint_auth_method="none",
    )


async def keys(idp: IdpDriver) -> KeySet:
    return KeySet.import_key_set((await idp.http.get("/.well-known/jwks.json")).json())


async def test_a_person_signs_in_with_code_and_pkce(idp: IdpDriver) -> None:
    async with console() as client:
        start = begin(client, idp, nonce="n-42")
        page = await idp.http.get(start.url)
        assert "Maria Lopez" in page.text
        agreed = await idp.http.post(start.url, data={"person": "maria"})
        assert agreed.status_code == 302
        token = await client.fetch_token(
            f"{idp.issuer}/token",
            authorization_response=agreed.headers["location"],
            state=start.state,
            code_verifier=start.verifier,
        )
        who = await client.get(f"{idp.issuer}/userinfo")

    access = jwt.decode(token["access_token"], await keys(idp), algorithms=["RS256"])
    identity = jwt.decode(token["id_token"], await keys(idp), algorithms=["RS256"])
    assert access.claims["client_id"] == "abeyance-console"
    assert access.claims["groups"] == ["managers", "security"]
    assert identity.header["typ"] == "JWT"
    assert identity.claims["aud"] == "abeyance-console"
    assert identity.claims["nonce"] == "n-42"
    assert identity.claims["sub"] == access.claims["sub"] == who.json()["sub"]
    assert who.json()["email"] == "maria@acme.example"


async def test_a_code_works_once(idp: IdpDriver) -> None:
    async with console() as client:
        start = begin(client, idp)
        agreed = await idp.http.post(start.url, data={"person": "ines"})
        code = parse_qs(urlsplit(agreed.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": "abeyance-console",
        "redirect_uri": CALLBACK,
        "code": code,
        "code_verifier": start.verifier,
    }
    first = await idp.http.post("/token", data=form)
    second = await idp.http.post("/token", data=form)

    assert first.status_code == 200
    assert second.status_code == 400
    assert second.json()["error"] == "invalid_grant"


async def test_a_wrong_verifier_gets_no_token(idp: IdpDriver) -> None:
    async with console() as client:
        start = begin(client, idp)
        agreed = await idp.http.post(start.url, data={"person": "ines"})
        code = parse_qs(urlsplit(agreed.headers["location"]).query)["code"][0]
    refused = await idp.http.post(
        "/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "abeyance-console",
            "redirect_uri": CALLBACK,
            "code": code,
            "code_verifier": generate_token(48),
        },
    )

    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"


async def test_a_request_without_pkce_is_sent_back_with_an_error(idp: IdpDriver) -> None:
    asked = {"response_type": "code", "client_id": "abeyance-cli", "redirect_uri": CALLBACK}
    answer = await idp.http.get("/authorize", params={**asked, "state": "s"})

    assert answer.status_code == 302
    sent_back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert sent_back["error"] == ["invalid_request"]
    assert sent_back["state"] == ["s"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "stranger"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1@evil.example/callback"},
        {"redirect_uri": "http://user@127.0.0.1/callback"},
    ],
)
async def test_nobody_is_redirected_to_an_unproven_address(
    idp: IdpDriver, changed: dict[str, str]
) -> None:
    asked = {
        "response_type": "code",
        "client_id": "abeyance-cli",
        "redirect_uri": CALLBACK,
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        **changed,
    }
    for method in ("GET", "POST"):
        answer = await idp.http.request(method, "/authorize", params=asked)
        assert answer.status_code == 400
        assert "cannot go on" in answer.text


async def test_cancelling_tells_the_client(idp: IdpDriver) -> None:
    async with console() as client:
        start = begin(client, idp)
        answer = await idp.http.post(start.url, data={"person": ""})

    assert "error=access_denied" in answer.headers["location"]


async def start_device(idp: IdpDriver) -> dict[str, Any]:
    answer = await idp.http.post("/device_authorization", data={"client_id": "abeyance-cli"})
    started: dict[str, Any] = answer.raise_for_status().json()
    return started


async def poll(idp: IdpDriver, started: dict[str, Any]) -> httpx.Response:
    return await idp.http.post(
        "/token",
        data={
            "grant_type": DEVICE_GRANT,
            "client_id": "abeyance-cli",
            "device_code": started["device_code"],
        },
    )


async def test_a_device_waits_slows_down_and_gets_its_token_once(idp: IdpDriver) -> None:
    started = await start_device(idp)
    assert started["interval"] == 5
    assert (await poll(idp, started)).json()["error"] == "authorization_pending"
    assert (await poll(idp, started)).json()["error"] == "slow_down"

    page = await idp.http.get(started["verification_uri_complete"])
    assert started["user_code"] in page.text
    await idp.approve_device(started["user_code"].lower().replace("-", " "), "alice")

    async with AsyncOAuth2Client("abeyance-cli", token_endpoint_auth_method="none") as client:
        token = await client.fetch_token(
            f"{idp.issuer}/token", grant_type=DEVICE_GRANT, device_code=started["device_code"]
        )
    access = jwt.decode(token["access_token"], await keys(idp), algorithms=["RS256"])
    identity = jwt.decode(token["id_token"], await keys(idp), algorithms=["RS256"])
    assert access.claims["email"] == "alice@acme.example"
    assert identity.claims["aud"] == "abeyance-cli"
    assert (await poll(idp, started)).status_code == 400


async def test_a_device_is_told_no(idp: IdpDriver) -> None:
    started = await start_device(idp)
    await idp.approve_device(started["user_code"], "")

    assert (await poll(idp, started)).json()["error"] == "access_denied"


async def test_a_decided_code_cannot_be_decided_again(idp: IdpDriver) -> None:
    started = await start_device(idp)
    await idp.approve_device(started["user_code"], "")

    with pytest.raises(httpx.HTTPStatusError):
        await idp.approve_device(started["user_code"], "alice")


async def test_userinfo_wants_an_access_token_of_this_issuer(idp: IdpDriver) -> None:
    for wrong in (await idp.ci_token(), await idp.mint(expires_in=-1), await idp.mint(key="other")):
        answer = await idp.http.get("/userinfo", headers={"Authorization": f"Bearer {wrong}"})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("client_id", "secret", "status"),
    [
        (GATEWAY_CLIENT, GATEWAY_SECRET, 200),
        (GATEWAY_CLIENT, "another", 401),
        (GATEWAY_CLIENT, "", 401),
        ("abeyance-console", GATEWAY_SECRET, 401),
    ],
)
async def test_a_client_with_a_secret_gets_no_token_without_it(
    idp: IdpDriver, client_id: str, secret: str, status: int
) -> None:
    callback = "http://127.0.0.1:8470/-/sign-in/callback"
    async with AsyncOAuth2Client(
        GATEWAY_CLIENT, redirect_uri=callback, code_challenge_method="S256"
    ) as client:
        start = begin(client, idp)
        agreed = await idp.http.post(start.url, data={"person": "maria"})
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": callback,
        "code": parse_qs(urlsplit(agreed.headers["location"]).query)["code"][0],
        "code_verifier": start.verifier,
    }
    said = httpx.BasicAuth(client_id, quote(secret, safe=""))
    answer = await idp.http.post("/token", data=form, auth=said)
    assert answer.status_code == status
    named = await idp.http.post("/token", data=form | {"client_id": GATEWAY_CLIENT})
    assert named.status_code == 401


async def test_the_gateway_is_sent_back_to_its_own_page_alone(idp: IdpDriver) -> None:
    asked = {
        "response_type": "code",
        "client_id": GATEWAY_CLIENT,
        "redirect_uri": CALLBACK,
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
    }
    assert (await idp.http.get("/authorize", params=asked)).status_code == 400
