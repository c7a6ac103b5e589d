"""A token counts wherever a client puts its key, and is kept nowhere."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import openai
import pytest

from app.domain.connection import CredentialScheme
from app.errors import BadRequest, NotAuthenticated
from proxy.http.tokens import caller_token, without_credentials
from tests.proxy.http.conftest import CREDENTIAL, answer
from tests.recorded import recorded

if TYPE_CHECKING:
    from proxy.front import Headers
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ((("authorization", "Bearer t0ken"),), ""),
        ((("authorization", "bearer   t0ken"),), ""),
        ((("authorization", basic("t0ken:")),), ""),
        ((("authorization", basic("t0ken")),), ""),
        ((("x-api-key", "t0ken"),), ""),
        ((("x-goog-api-key", "t0ken"),), ""),
        ((("api-key", "t0ken"),), ""),
        ((), "key=t0ken"),
        ((), "alt=sse&key=t0ken&key=t0ken"),
        ((), "%6bey=t0ke%6e"),
        ((("authorization", "Bearer t0ken"), ("x-api-key", "t0ken")), "key=t0ken"),
        ((("authorization", "Bearer t0ken"), ("authorization", "Bearer t0ken")), ""),
        ((("authorization", "Digest x"), ("api-key", "t0ken")), ""),
        ((("authorization", "Bearer "), ("x-api-key", "t0ken")), "key="),
    ],
)
async def test_the_token_is_found_in_each_place_and_twice_it_is_one(
    headers: Headers, query: str
) -> None:
    assert caller_token(headers, query) == "t0ken"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ((("authorization", "Bearer a"), ("x-api-key", "b")), ""),
        ((("authorization", "Bearer a"), ("authorization", "Bearer b")), ""),
        ((("x-goog-api-key", "a"),), "key=b"),
        ((), "key=a&key=b"),
    ],
)
async def test_two_different_tokens_are_refused_rather_than_one_chosen(
    headers: Headers, query: str
) -> None:
    with pytest.raises(BadRequest, match="Different tokens were sent as"):
        caller_token(headers, query)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("authorization", "Bearer "),),
        (("authorization", "Digest x"),),
        (("authorization", "Basic %%%"),),
        (("cookie", "token=t0ken"),),
    ],
)
async def test_without_a_token_nothing_else_is_read(headers: Headers) -> None:
    with pytest.raises(NotAuthenticated):
        caller_token(headers, "keys=t0ken&monkey=t0ken")


async def test_what_proves_the_caller_is_not_kept() -> None:
    names = ("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie")
    secrets = tuple((name, "a") for name in names)
    kept = without_credentials((*secrets, ("accept", "*/*")), "a=1&%6Bey=t0ken&b=%6bey&key")
    assert kept == ((("accept", "*/*"),), "a=1&b=%6bey")


@pytest.mark.parametrize("where", ["authorization", "x-api-key", "x-goog-api-key", "api-key", "?"])
@pytest.mark.parametrize("scheme", CredentialScheme)
async def test_a_token_from_anywhere_opens_an_upstream_of_any_scheme(
    here: Here, where: str, scheme: CredentialScheme
) -> None:
    await here.connect(scheme=scheme)
    token = await here.token()
    headers = {} if where == "?" else {where: token}
    if where == "authorization":
        headers = {where: f"Bearer {token}", "x-api-key": token}
    async with here.http(**headers) as http:
        query = {"key": token} if where == "?" else {}
        given = await http.get("/it/v1/models", params={"a": "1", **query})
    assert given.status_code == 200, given.text
    received = here.upstream.last
    assert received.line == "GET /base/v1/models?a=1 HTTP/1.1"
    expected = {
        CredentialScheme.BEARER: ("authorization", f"Bearer {CREDENTIAL}"),
        CredentialScheme.BASIC: ("authorization", basic(f"{CREDENTIAL}:")),
        CredentialScheme.X_API_KEY: ("x-api-key", CREDENTIAL),
        CredentialScheme.X_GOOG_API_KEY: ("x-goog-api-key", CREDENTIAL),
        CredentialScheme.API_KEY: ("api-key", CREDENTIAL),
    }[scheme]
    sent = [item for item in received.headers.items() if item[0] in _PLACES]
    assert sent == [expected]
    assert token not in repr(received)
    session = await recorded(here.place.storage, given.headers["abeyance-session"])
    assert token not in repr(session)


_PLACES = ("authorization", "x-api-key", "x-goog-api-key", "api-key")


async def test_azures_own_client_reaches_azure_with_a_token_for_its_key(here: Here) -> None:
    await here.connect(scheme=CredentialScheme.API_KEY)
    said = {"role": "assistant", "content": "hi"}
    completion = {"id": "c", "choices": [{"index": 0, "message": said}], "model": "m"}
    here.upstream.answers = [answer(json.dumps(completion).encode())]
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=f"{here.place.url}/it", api_key=await here.token(), api_version="2026-01-01"
    ) as client:
        given = await client.chat.completions.create(
            model="gpt", messages=[{"role": "user", "content": "hi"}]
        )
    assert given.choices[0].message.content == "hi"
    path = "/base/openai/deployments/gpt/chat/completions?api-version=2026-01-01"
    assert here.upstream.last.line == f"POST {path} HTTP/1.1"
    assert here.upstream.last.headers["api-key"] == CREDENTIAL


async def test_two_tokens_are_refused_in_a_sentence_that_names_the_places(here: Here) -> None:
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        given = await http.get("/it/v1/models", headers={"x-api-key": "sk-left-over"})
    assert given.status_code == 400
    assert "as authorization and as x-api-key" in given.text
    assert "sk-left-over" not in given.text
    assert here.upstream.received == []


async def test_a_token_that_no_header_can_carry_is_a_no(here: Here) -> None:
    given = await here.raw(
        b"GET /it/v1/models HTTP/1.1\r\nhost: x\r\nx-api-key: t\xf6ken\r\nconnection: close\r\n\r\n"
    )
    assert given.startswith(b"HTTP/1.1 4")
