"""A server that asks what it may not is told so, or its answer ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.connection import Connection, CredentialScheme
from app.domain.event import EventKind
from app.domain.record.session import RecordedRequest
from app.errors import Unreachable, UpstreamUnavailable
from app.wire.mcp.asks import Ask, ServerAsk
from proxy.mcp.refusing import Refusing
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from proxy.upstream import Upstream
from tests.app.storage.test_mongo import NOW, a_session
from tests.conftest import free_port
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.store import MongoStorage

ASK = ServerAsk(7, Ask.SAMPLING)
REQUEST = RecordedRequest(
    "GET", "mcp", "", (("mcp-session-id", "s"), ("last-event-id", "1")), b"", "digest"
)
SESSION = a_session(NOW)


@asynccontextmanager
async def refusing(storage: MongoStorage, port: int) -> AsyncIterator[Refusing]:
    """Refuse what a server on this port asks."""
    ledger = ChainedLedger(storage.ledger, "test")
    bodies = Bodies(storage.pieces, storage.data_keys)
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    await open_session(storage, SESSION)
    connection = Connection("ops", f"http://127.0.0.1:{port}", CredentialScheme.BEARER, b"", "mcp")
    upstream = Upstream(answer_seconds=5)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(ledger.run())
        recording = await recorder.resume(SESSION.id)
        yield Refusing(upstream, connection, REQUEST, "credential", recording)
        writing.cancel()
    await upstream.close()


@asynccontextmanager
async def server() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that accepts each message, and what it was sent."""
    sent: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        sent.append(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], sent


async def test_a_server_is_told_no_in_the_same_session_after_it_is_written_down(
    storage: MongoStorage,
) -> None:
    async with server() as (port, sent), refusing(storage, port) as answering:
        await answering.refuse(ASK)
        head, _, body = sent[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /mcp ")
        assert b"mcp-session-id: s" in head.lower()
        assert b"last-event-id" not in head.lower()
        assert json.loads(body) == ASK.answer()
        [entry] = await storage.ledger.entries(SESSION.id)
        assert entry.event.kind is EventKind.SERVER_ASK_REFUSED
        assert entry.event.data["ask"] == "sampling"


async def test_a_server_that_does_not_stop_to_ask_is_not_listened_to(
    storage: MongoStorage,
) -> None:
    async with server() as (port, sent), refusing(storage, port) as answering:
        for _ in range(20):
            await answering.refuse(ASK)
        with pytest.raises(UpstreamUnavailable, match="goes on asking"):
            await answering.refuse(ASK)
        assert len(sent) == 20


async def test_a_server_that_cannot_be_told_is_no_server_that_was_never_reached(
    storage: MongoStorage,
) -> None:
    async with refusing(storage, free_port()) as answering:
        with pytest.raises(UpstreamUnavailable, match="cannot be told so") as caught:
            await answering.refuse(ASK)
    assert not isinstance(caught.value, Unreachable)
