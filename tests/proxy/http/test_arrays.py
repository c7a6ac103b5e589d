"""A client of Gemini's without `alt=sse` sees its answer grow."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST = b'{"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]}'


@pytest.mark.parametrize("ends", [True, False])
async def test_an_item_is_there_before_the_next_and_a_broken_array_ends_with_an_error(
    here: Here, *, ends: bool
) -> None:
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        writer.write(head + b"transfer-encoding: chunked\r\n\r\n")
        writer.write(f"{len(FIRST) + 1:x}\r\n[".encode() + FIRST + b"\r\n")
        await writer.drain()
        await go_on.wait()
        if ends:
            writer.write(b"1\r\n]\r\n0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await here.connect(base_url=f"http://127.0.0.1:{port}")
        path = "/it/v1beta/models/g:streamGenerateContent"
        async with (
            here.http(**{"x-goog-api-key": await here.token()}) as http,
            http.stream("POST", path, json={}) as given,
        ):
            pieces = given.aiter_bytes()
            assert await anext(pieces) == b"[" + FIRST
            go_on.set()
            rest = b"".join([piece async for piece in pieces])
    said = json.loads(b"[" + FIRST + rest)
    assert said[0] == json.loads(FIRST)
    if ends:
        assert rest == b"]"
    else:
        assert "broke off" in said[1]["error"]["message"]
