"""What a server says, as it is passed on: nothing changes but what may not pass."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.connection import Connection, CredentialScheme
from app.errors import UpstreamUnavailable
from app.wire.answer.sse import SseParser
from app.wire.mcp.asks import Ask, ServerAsk
from proxy.http.deadline import Deadline, UnderWay
from proxy.mcp.answers import ServerMessages
from proxy.upstream import UpstreamAnswer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from app.wire.base import Json
    from app.wire.mcp.descriptions import Description

STREAM, DOCUMENT = "text/event-stream", "application/json"
CONNECTION = Connection(
    *("ops", "https://ops.example", CredentialScheme.BEARER, b"", "mcp"),
    deny_tools=("delete_*",),
)
GET: Json = {"name": "get_user", "description": "Get.", "inputSchema": {"type": "object"}}
DELETE: Json = {"name": "delete_user", "inputSchema": {"type": "object"}}


def listing(*tools: Json, cursor: str = "2") -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"tools": list(tools), "nextCursor": cursor}}


def spelt(value: Json) -> str:
    """JSON as no encoder of ours writes it."""
    return json.dumps(value, separators=(" ,  ", " :  "))


def answer(content_type: str, pieces: Sequence[bytes]) -> UpstreamAnswer:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    response = httpx.Response(200, headers={"content-type": content_type}, content=body())
    return UpstreamAnswer(response, "", 60, UnderWay(), Deadline(math.inf, 60))


@dataclass
class Server:
    """What is known of a server, and what it was told in its client's place."""

    told: list[ServerAsk] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    async def learn(self, said: tuple[Description, ...]) -> None:
        self.known += [one.tool for one in said]

    async def refuse(self, ask: ServerAsk) -> None:
        self.told.append(ask)


async def passed(
    content_type: str,
    *pieces: bytes,
    connection: Connection = CONNECTION,
    server: Server | None = None,
) -> bytes:
    server = server or Server()
    messages = ServerMessages(connection, server.learn, server.refuse)
    said = messages.of(answer(content_type, pieces))
    return b"".join([piece async for piece in said.pieces()])


async def test_a_tool_that_is_not_offered_is_taken_out_of_a_page_of_a_list() -> None:
    out = await passed(DOCUMENT, spelt(listing(GET, DELETE)).encode())
    assert json.loads(out) == listing(GET)


async def test_a_list_without_such_a_tool_passes_to_the_byte() -> None:
    body = spelt(listing(GET, cursor="3")).encode()
    assert await passed(DOCUMENT, body) == body


async def test_a_list_within_a_batch_is_taken_care_of_and_the_rest_of_it_stays() -> None:
    other: Json = {"jsonrpc": "2.0", "id": 2, "result": {"content": []}}
    out = await passed(DOCUMENT, spelt([other, listing(DELETE), 7]).encode())
    assert json.loads(out) == [other, listing(), 7]


async def test_an_entry_without_a_name_is_not_offered_where_not_everything_is() -> None:
    odd: list[Json] = [{"name": 1}, "delete_user", None]
    body = spelt(listing(*odd)).encode()
    assert json.loads(await passed(DOCUMENT, body)) == listing()
    everything = Connection("ops", "https://ops.example", CredentialScheme.BEARER, b"", "mcp")
    assert await passed(DOCUMENT, body, connection=everything) == body


async def test_a_list_behind_another_of_the_same_name_does_not_hide() -> None:
    tools = f'{{"result": {{"tools": [{spelt(DELETE)}]}}, "result": {{"tools": []}}, "id": 1}}'
    assert b"delete_user" not in await passed(DOCUMENT, tools.encode())
    assert b"delete_user" not in await passed(STREAM, f"data: {tools}\n\n".encode())


@pytest.mark.parametrize("kind", [DOCUMENT, "text/plain", "", "application/octet-stream"])
async def test_what_is_no_json_passes_as_it_came(kind: str) -> None:
    assert await passed(kind, b"not ", b"found\xff") == b"not found\xff"
    assert await passed(kind) == b""


async def test_an_answer_that_some_take_for_a_stream_is_not_passed_on() -> None:
    with pytest.raises(UpstreamUnavailable, match="content type"):
        await passed("application/json, text/event-stream", b"{}")


EVENTS = (
    ": a comment\n\n"
    f"id: 7\nevent: message\ndata: {spelt(listing(GET, DELETE))}\n\n"
    f"data: {spelt({'method': 'notifications/progress', 'params': {'progress': 1}})}\n\n"
    "data: not JSON\n\n"
    f"id: 8\r\ndata: {spelt(listing(DELETE))}\r\n\r\n"
    f"data: {spelt(listing(GET))}\r\r"
).encode()


@given(st.lists(st.integers(0, len(EVENTS)), max_size=8))
async def test_however_a_stream_is_cut_only_its_lists_change(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(EVENTS)]
    pieces = [EVENTS[a:b] for a, b in itertools.pairwise(ends)]
    out = await passed(STREAM, *pieces)
    first, last = (json.dumps(left, separators=(",", ":")) for left in (listing(GET), listing()))
    changed = {
        f"id: 7\nevent: message\ndata: {spelt(listing(GET, DELETE))}": (
            f"event: message\nid: 7\ndata: {first}"
        ),
        f"id: 8\r\ndata: {spelt(listing(DELETE))}\r\n\r\n": f"id: 8\ndata: {last}\n\n",
    }
    expected = EVENTS.decode()
    for came, goes in changed.items():
        expected = expected.replace(came, goes)
    # A cut within the end of a changed event leaves its last line feed behind.
    assert out.decode().replace("\n\n\n", "\n\n") == expected


ASK: Json = {"jsonrpc": "2.0", "id": 5, "method": "sampling/createMessage", "params": {}}


async def test_what_a_server_asks_is_refused_and_the_client_never_hears_of_it() -> None:
    events = f"id: 9\ndata: {spelt(ASK)}\n\ndata: {spelt([ASK])}\n\ndata: {spelt(listing())}\n\n"
    server = Server()
    out = await passed(STREAM, events.encode(), server=server)
    assert out.decode() == f"id: 9\n\ndata: {spelt(listing())}\n\n"
    assert server.told == [ServerAsk(5, Ask.SAMPLING)] * 2
    server = Server()
    out = await passed(DOCUMENT, spelt([ASK, listing()]).encode(), server=server)
    assert (json.loads(out), server.told) == ([listing()], [ServerAsk(5, Ask.SAMPLING)])


async def test_what_a_server_may_ask_passes_to_the_byte() -> None:
    event, server = f"data: {spelt(ASK)}\n\n".encode(), Server()
    allowed = replace(CONNECTION, allow_sampling=True)
    assert await passed(STREAM, event, connection=allowed, server=server) == event
    assert server.told == []


async def test_what_a_caller_is_about_to_see_is_learnt_and_nothing_else() -> None:
    server = Server()
    await passed(DOCUMENT, spelt([listing(GET), listing(DELETE)]).encode(), server=server)
    await passed(STREAM, f"data: {spelt(ASK)}\n\n".encode(), server=server)
    assert server.known == ["get_user"]


async def test_a_document_is_an_event_where_a_stream_was_begun() -> None:
    server, body = Server(), b'{"id": 1,\n "result": {"content": []}}'
    messages = ServerMessages(CONNECTION, server.learn, server.refuse)
    said = messages.of(answer(DOCUMENT, [body[:5], body[5:]]), in_stream=True)
    out = b"".join([piece async for piece in said.pieces()])
    assert said.content_type == STREAM
    [event] = SseParser().feed(out)
    assert (event.event, event.data) == ("message", body.decode())
