"""Headers go on and come back by two tables; what neither names is dropped, never refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proxy.http.headers import FORWARDED, RETURNED, forwarded, without_per_attempt
from tests.proxy.http.conftest import answer

if TYPE_CHECKING:
    from proxy.front import Headers
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What Claude Code, Codex, Gemini CLI and an MCP client send, as seen on the wire.
SENT = {
    "anthropic": (
        "anthropic-beta",
        "anthropic-version",
        "anthropic-new-one",
        "x-app",
        "x-claude-code-new",
    ),
    "openai_responses": ("openai-organization", "openai-project", "x-codex-turn-metadata"),
    "gemini": ("x-goog-api-client",),
    "mcp": ("mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-param-region"),
}
ALWAYS = ("accept", "user-agent", "x-client-request-id", "x-stainless-lang", "content-type")
NEVER = ("cookie", "x-forwarded-for", "session_id", "mcp_session_id", "x-codex-a_b", "prefer", "te")
PATHS = {
    "anthropic": "v1/messages",
    "openai_responses": "v1/responses",
    "gemini": "v1beta/models/g:generateContent",
    "mcp": "mcp",
}


@pytest.mark.parametrize("wire", SENT)
async def test_each_wire_has_its_headers_and_an_unknown_path_those_of_all(wire: str) -> None:
    everything = (*ALWAYS, *NEVER, *(name for names in SENT.values() for name in names))
    headers = tuple((name, "x") for name in everything)
    assert {name for name, _ in forwarded(headers, wire)} == {*ALWAYS, *SENT[wire]}
    assert {name for name, _ in forwarded(headers, "plain")} == set(everything) - set(NEVER)


async def test_what_changes_with_each_attempt_goes_on_only_as_an_id_or_a_number() -> None:
    headers: Headers = (
        ("x-stainless-retry-count", "2"),
        ("x-client-request-id", "the password is hunter2"),
        ("x-stainless-lang", "js"),
    )
    sent = forwarded(headers, "openai_chat")
    assert sent == (headers[0], headers[2])
    assert without_per_attempt(sent) == (headers[2],)


async def test_every_row_says_why_and_no_row_lets_a_credential_through() -> None:
    for row in (*FORWARDED, *RETURNED):
        assert row.why
        assert row.name == row.name.lower()
    secrets = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization")
    assert forwarded(tuple((name, "s") for name in secrets), "plain") == ()


@pytest.mark.parametrize("wire", SENT)
async def test_a_clients_own_headers_reach_its_api_and_ours_is_appended(
    here: Here, wire: str
) -> None:
    names = {name: f"{at}" for at, name in enumerate((*SENT[wire], "x-stainless-retry-count"))}
    names.pop("mcp-session-id", None)
    async with here.http(authorization=f"Bearer {await here.token()}", **names) as http:
        given = await http.post(
            f"/it/{PATHS[wire]}",
            json={},
            headers={"user-agent": "claude-cli/2.1.0 (external, cli)"},
        )
    assert given.status_code == 200, given.text
    received = here.upstream.last.headers
    assert {name: received.get(name) for name in names} == names
    assert received["user-agent"] == "claude-cli/2.1.0 (external, cli) abeyance"
    session = await here.place.storage.sessions.get(given.headers["abeyance-session"])
    assert session is not None
    assert ("x-stainless-retry-count", names["x-stainless-retry-count"]) in session.request.headers


async def test_what_is_dropped_is_not_refused_whatever_it_is(here: Here) -> None:
    token = await here.token()
    given = await here.raw(
        b"POST /it/v1/responses HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n"
        b"content-type: application/json\r\nsession_id: 0199\r\nx-codex-a_b: z\r\n"
        b"x-team: f\xfcr M\xc3\xbcller\r\nconnection: close, x-team\r\n"
        b"authorization: Bearer " + token.encode() + b"\r\n\r\n{}"
    )
    assert given.startswith(b"HTTP/1.1 200")
    assert not {"session_id", "session-id", "x-codex-a_b", "x-team"} & set(
        here.upstream.last.headers
    )


async def test_what_goes_on_must_be_what_a_header_can_carry(here: Here) -> None:
    token = await here.token()
    given = await here.raw(
        b"GET /it/v1/models HTTP/1.1\r\nhost: x\r\nanthropic-beta: f\xfcr\r\nconnection: close\r\n"
        b"authorization: Bearer " + token.encode() + b"\r\n\r\n"
    )
    assert given.startswith(b"HTTP/1.1 400")
    assert b"'anthropic-beta' has a character" in given
    assert here.upstream.received == []


async def test_what_clients_read_of_an_answers_head_comes_back(here: Here) -> None:
    back = {
        "retry-after-ms": "1500",
        "content-disposition": 'attachment; filename="a.json"',
        "mcp-protocol-version": "2025-11-25",
        "etag": '"33a6"',
        "anthropic-organization-id": "org_1",
        "server-timing": "x;dur=5",
    }
    lines = [f"{name}: {value}" for name, value in back.items()]
    here.upstream.answers = [answer(b"{}", *lines, "set-cookie: a=b", "x-internal: 1")]
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        given = await http.get("/it/v1/models")
    assert {name: given.headers.get(name) for name in back} == back
    assert not {"set-cookie", "x-internal"} & set(given.headers)


@pytest.mark.parametrize(
    ("status", "location", "told"),
    [
        ("201 Created", "{url}/base/v1/batches/b_1?x=1", "/it/v1/batches/b_1?x=1"),
        ("202 Accepted", "/base/v1/batches/b_1", "/it/v1/batches/b_1"),
        ("201 Created", "b_1", "/it/v1/b_1"),
        ("201 Created", "/other/b_1", None),
        ("201 Created", "{url}/based/b_1", None),
        ("201 Created", "/base/../admin", None),
        ("201 Created", "https://elsewhere.example/base/b_1", None),
        ("201 Created", "//elsewhere.example/base/b_1", None),
        ("302 Found", "/base/v1/batches/b_1", None),
        ("200 OK", "/base/v1/batches/b_1", None),
    ],
)
async def test_a_location_comes_back_below_the_gateway_or_not_at_all(
    here: Here, status: str, location: str, told: str | None
) -> None:
    place = location.format(url=here.upstream.url)
    here.upstream.answers = [answer(b"{}", f"location: {place}", status=status)]
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        given = await http.post("/it/v1/batches", json={})
    assert given.status_code == int(status[:3])
    assert given.headers.get("location") == told
