"""The list of models, which Claude Code asks for with one credential header or with both."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import anthropic
import pytest

from app.domain.connection import CredentialScheme
from tests.proxy.http.conftest import CREDENTIAL, answer

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = {
    "type": "model",
    "id": "claude-x",
    "display_name": "Claude X",
    "created_at": "2026-01-01T00:00:00Z",
}


@pytest.mark.parametrize("places", [("api_key",), ("auth_token",), ("api_key", "auth_token")])
async def test_models_are_listed_with_either_credential_header_and_with_both(
    here: Here, places: tuple[str, ...]
) -> None:
    await here.connect(scheme=CredentialScheme.X_API_KEY)
    page = {"data": [MODEL], "has_more": False, "first_id": "claude-x", "last_id": "claude-x"}
    here.upstream.answers = [answer(json.dumps(page).encode())]
    token = await here.token()
    if len(places) > 1:  # as Claude Code's helper for keys does; the SDK takes one of them
        both = {"authorization": f"Bearer {token}", "x-api-key": token}
        async with here.http(**both, **{"anthropic-version": "2023-06-01"}) as http:
            listed = (await http.get("/it/v1/models?limit=1000")).json()
        found = [model["id"] for model in listed["data"]]
    else:
        async with anthropic.AsyncAnthropic(
            base_url=f"{here.place.url}/it", timeout=3, max_retries=0, **{places[0]: token}
        ) as client:
            found = [model.id async for model in client.models.list(limit=1000)]
    assert found == ["claude-x"]
    received = here.upstream.last
    assert received.line == "GET /base/v1/models?limit=1000 HTTP/1.1"
    assert received.headers["x-api-key"] == CREDENTIAL
    assert received.headers["anthropic-version"]
    assert "authorization" not in received.headers


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n"


@pytest.mark.parametrize("begun", [b"", HEAD], ids=["silent", "half an answer"])
async def test_an_upstream_that_hangs_is_told_before_the_clients_three_seconds_are_over(
    here: Here, begun: bytes
) -> None:
    over = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        await over.wait()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        await here.connect(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        headers = {"x-api-key": await here.token(), "anthropic-version": "2023-06-01"}
        async with here.http(**headers) as http:
            refused = await http.get("/it/v1/models")
        over.set()
    assert refused.status_code == 502
    assert "2.5 seconds" in refused.json()["error"]["message"]


async def test_a_redirect_of_the_list_is_told_as_an_error(here: Here) -> None:
    await here.connect()
    place = "location: https://elsewhere.example/v1/models"
    here.upstream.answers = [answer(b"", place, status="308 Permanent Redirect")]
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        refused = await http.get("/it/v1/models")
    assert refused.status_code == 502
    assert "base URL" in refused.text
    assert "elsewhere" not in refused.text
