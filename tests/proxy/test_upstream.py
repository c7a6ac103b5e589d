"""Where a request is sent: the URL that was built is looked at once more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Connection, CredentialScheme
from app.domain.record.session import RecordedRequest
from app.errors import BadRequest, Restarting, UpstreamUnavailable
from proxy.upstream import Upstream, upstream_url
from tests.conftest import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

BASE = "https://up.example/base"


def url(path: str, query: str = "", base: str = BASE) -> str:
    connection = Connection("it", base, CredentialScheme.BEARER, b"")
    return str(upstream_url(connection, RecordedRequest("GET", path, query, (), b"", "")))


def test_the_path_goes_below_the_base() -> None:
    assert url("v1/chat") == f"{BASE}/v1/chat"
    assert url("v1/chat", "a=b&c=d%20e") == f"{BASE}/v1/chat?a=b&c=d%20e"
    assert url("v1/chat", base="https://up.example") == "https://up.example/v1/chat"


@pytest.mark.parametrize(
    "path",
    [
        "../admin",
        "v1/../../admin",
        "v1/./chat",
        "v1/%2e%2e/%2e%2e/admin",
        "v1/..",
        "v1/%41",
        "v1/a b",
        "v1/x?y",
        "v1/x#y",
        "v1/\u00fc",
    ],
)
def test_a_path_that_leads_out_or_would_be_sent_otherwise_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match="leads out of the connection, or can be read in two ways"):
        url(path)


async def test_a_connection_that_idles_is_let_go_before_the_model_api_closes_it() -> None:
    let_go = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read()
        let_go.set()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        upstream = Upstream(60.0, idle_seconds=0.01)
        asked = RecordedRequest("GET", "v1/models", "", (), b"", "")
        connection = Connection("it", base, CredentialScheme.BEARER, b"")
        async with upstream.forward(connection, asked, "key") as answered:
            assert b"".join([part async for part in answered.pieces()]) == b"ok"
        async with asyncio.timeout(10):
            await let_go.wait()
        await upstream.close()


def _hang_up(_: asyncio.StreamWriter) -> None:
    pass


def _say(words: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(words)


@pytest.mark.parametrize(
    ("base", "served", "why"),
    [
        ("http://no-such-host.invalid", None, "its name cannot be resolved (DNS)"),
        ("http://127.0.0.1:{free}", None, "it refuses the connection"),
        ("https://127.0.0.1:{port}", partial(_say, b"no TLS here"), "TLS could not be agreed on"),
        ("http://127.0.0.1:{port}", _hang_up, "it closed the connection"),
        ("http://127.0.0.1:{port}", partial(_say, b"SSH-2.0-x\r\n"), "what it sends is not HTTP"),
    ],
    ids=["dns", "refused", "tls", "closed", "other"],
)
async def test_why_a_model_api_does_not_answer_is_named_without_its_address(
    base: str, served: Callable[[asyncio.StreamWriter], None] | None, why: str
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if served is not None:
            served(writer)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        address = base.format(port=port, free=free_port())
        connection = Connection("it", address, CredentialScheme.BEARER, b"")
        asked = RecordedRequest("POST", "v1/chat/completions", "", (), b"{}", "")
        upstream = Upstream(60.0)
        with pytest.raises(UpstreamUnavailable) as failed:
            async with upstream.forward(connection, asked, "key"):
                pass
        await upstream.close()
    assert str(failed.value) == f"The model API of connection “it” does not answer: {why}."


HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"


@asynccontextmanager
async def saying(said: bytes) -> AsyncIterator[Connection]:
    """Connect to a model API that says so much and no more."""
    left = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield Connection("it", base, CredentialScheme.BEARER, b"")
        await left.wait()


async def listen(
    upstream: Upstream, connection: Connection, got: asyncio.Queue[bytes] | None = None
) -> None:
    request = RecordedRequest("POST", "v1/chat/completions", "", (), b"{}", "")
    async with upstream.forward(connection, request, "key") as answered:
        async for piece in answered.pieces():
            if got is not None:
                await got.put(piece)


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"", r"does not answer within 0\.05 seconds"), (HEAD + b"half", "broke off its answer")],
    ids=["head", "body"],
)
async def test_a_model_api_that_falls_silent_is_given_up(said: bytes, words: str) -> None:
    async with saying(said) as connection:
        upstream = Upstream(60.0, silent_seconds=0.05)
        with pytest.raises(UpstreamUnavailable, match=words):
            await listen(upstream, connection)
        await upstream.close()


async def test_an_answer_that_takes_too_long_is_ended_though_nothing_more_comes() -> None:
    async with saying(HEAD + b"half") as connection:
        upstream = Upstream(0.05)
        with pytest.raises(UpstreamUnavailable, match=r"took longer than 0\.05 seconds"):
            await listen(upstream, connection)
        await upstream.close()


@pytest.mark.parametrize("ends", ["stop", "cancel", "both"])
async def test_who_waits_for_a_piece_is_told_that_we_stop_but_stays_cancelled(ends: str) -> None:
    async with saying(HEAD + b"half") as connection:
        upstream, got = Upstream(60.0), asyncio.Queue[bytes]()
        listening = asyncio.ensure_future(listen(upstream, connection, got))
        assert await got.get() == b"half"
        await asyncio.sleep(0)  # it waits for the next one
        if ends != "cancel":
            upstream.stop()
        if ends != "stop":
            listening.cancel()
        with pytest.raises(Restarting if ends == "stop" else asyncio.CancelledError):
            await listening
        await upstream.close()
