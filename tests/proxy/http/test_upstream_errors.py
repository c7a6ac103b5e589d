"""An error of the model API passes byte for byte where nothing in it is masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.record.session import RecordedRequest
from proxy.http.upstream_errors import told
from proxy.upstream import Upstream as Client
from tests.proxy.http.conftest import CREDENTIAL, answer

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

ERRORS = {
    "spaced": b'{ "type" : "error",\n  "error": {"type": "invalid_request_error", "message":\n'
    b'   "messages.1.content.0: Invalid `signature` in `thinking` block" } }\n',
    "spelled": b'{"error":{"code":4e2,"message":"caf\\u00e9 \\/ 1.0","param":null,"z":1.0}}',
    "list": b'[{"error":{"code":400,"status":"INVALID_ARGUMENT"}}\n]',
    "broken": b'{"error": {"message": "cut',
    "text": b"upstream connect error or disconnect/reset before headers",
    "html": b"<html><body>502 Bad Gateway</body></html>\r\n",
    "empty": b"",
}
PATHS = ("v1/messages", "v1/responses", "v1beta/models/g:streamGenerateContent", "mcp", "v1/x")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ERRORS)
async def test_an_error_passes_as_it_is(here: Here, kind: str, path: str) -> None:
    body = ERRORS[kind]
    media = {"text": "text/plain", "html": "text/html"}.get(kind, "application/json")
    head = (f"content-type: {media}", "request-id: req_1")
    here.upstream.answers = [answer(body, *head, status="400 Bad Request")]
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        given = await http.post(f"/it/{path}", json={"stream": True})
    assert given.status_code == 400
    assert given.content == body
    assert (given.headers["content-type"], given.headers["request-id"]) == (media, "req_1")


async def test_an_error_that_shows_a_secret_is_masked(here: Here) -> None:
    said = b'{"error": {"message": "Incorrect API key provided: sk-upstream-0123456789abcdef."}}'
    here.upstream.answers = [answer(said, status="401 Unauthorized")]
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        given = await http.post("/it/v1/chat/completions", json={})
    assert given.status_code == 401
    assert CREDENTIAL not in given.text
    assert "Incorrect API key provided: [" in given.text


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"error": {"message": "prompt is too long"}}', ": prompt is too long"),
        (b'{"error": "overloaded"}', ": overloaded"),
        (b'{"message": "no such model"}', ": no such model"),
        (b"<html>", "."),
        (b'{"error": {"message": 5}}', "."),
        (b"[" * 2000, "."),
    ],
)
async def test_within_a_stream_that_has_begun_the_error_is_told_in_its_own_words(
    here: Here, body: bytes, sentence: str
) -> None:
    here.upstream.answers = [answer(body, status="400 Bad Request")]
    connection = Connection("it", here.upstream.url, CredentialScheme.BEARER, b"")
    asked = RecordedRequest("GET", "v1/models", "", (), b"", "")
    client = Client(60.0)
    async with client.forward(connection, asked, "key") as answered:
        said = await told(answered, lambda text: text.replace("prompt", "[x]"))
    await client.close()
    assert said == f"The model API answered with status 400{sentence}".replace("prompt", "[x]")
