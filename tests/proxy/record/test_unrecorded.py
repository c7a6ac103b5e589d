"""What becomes of a session while the storage takes nothing, and when it is back."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.record.session import Decision, SessionState
from app.errors import StorageUnavailable
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from tests.app.storage.test_mongo import NOW, a_session
from tests.lossy import WRITES, Lossy, lossy_proxy, opened
from tests.written import open_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.clock import Clock
    from app.storage.store import MongoStorage
    from proxy.record.recording import Recording

LARGE = b"x" * 100_000


class ByHand:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self._now = NOW

    def now(self) -> datetime:
        return self._now

    def go_on(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@asynccontextmanager
async def answering(
    mongodb_uri: str, database_name: str, clock: Clock | None = None
) -> AsyncIterator[tuple[Lossy, MongoStorage, Recorder, Recording]]:
    """A session whose answer has begun, recorded over a connection that can lose replies."""
    async with lossy_proxy(mongodb_uri) as (lossy, uri), opened(uri, database_name) as storage:
        await storage.prepare()
        ledger = ChainedLedger(storage.ledger, "test")
        bodies = Bodies(storage.pieces, storage.data_keys)
        recorder = Recorder(storage.sessions, bodies, ledger, clock or SystemClock(), "me")
        session = a_session(NOW)
        await open_session(storage, session)
        running = asyncio.ensure_future(ledger.run())
        try:
            recording = await recorder.resume(session.id)
            await recording.forwarding(Decision.ALLOWED)
            await recording.start_answer(200, ())
            yield lossy, storage, recorder, recording
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_nothing_goes_out_while_a_piece_of_half_a_second_ago_is_not_written(
    mongodb_uri: str, database_name: str
) -> None:
    clock = ByHand()
    async with answering(mongodb_uri, database_name, clock) as (_, storage, _, recording):
        kept = []
        for piece, seconds in ((b"one, ", 0.4), (b"two, ", 0.1), (b"three, ", 0.4), (b"four", 0)):
            await recording.chunks.sent(piece)
            chunks = await storage.sessions.chunks(recording.session.id)
            kept.append(b"".join(chunk.data for chunk in chunks))
            clock.go_on(seconds)
    assert kept == [b"", b"", b"one, two, ", b"one, two, "]


@pytest.mark.parametrize("piece", [b"small, after a flush that failed", LARGE], ids=len)
async def test_a_piece_that_could_not_be_recorded_is_no_part_of_the_record(
    mongodb_uri: str, database_name: str, piece: bytes
) -> None:
    async with answering(mongodb_uri, database_name) as (lossy, storage, recorder, recording):
        await recording.chunks.sent(b"delivered. ")
        lossy.lose(WRITES, 100)
        await recorder.tend()
        with pytest.raises(StorageUnavailable):
            await recording.chunks.sent(piece)
        recording.chunks.told(b"An error.")
        with pytest.raises(StorageUnavailable):
            await recording.end_answer(
                body_bytes=20,
                masked=0,
                rules=(),
                error="no storage",
                state=SessionState.INDETERMINATE,
            )
        lost = lossy.heal()
        await recorder.tend()
        session = await storage.sessions.get(recording.session.id)
        chunks = await storage.sessions.chunks(recording.session.id)
        entries = await storage.ledger.entries(recording.session.id)
    assert lost
    assert b"".join(chunk.data for chunk in chunks) == b"delivered. An error."
    assert session is not None
    assert session.answer is not None
    assert (session.state, session.reason) == (SessionState.INDETERMINATE, "no storage")
    digest = hashlib.sha256(b"delivered. An error.").hexdigest()
    ended = [entry.event.data for entry in entries if entry.event.kind == "answer.ended"]
    assert session.answer.body_sha256 == digest
    assert {event["body_sha256"] for event in ended} == {digest}


async def test_a_large_piece_that_was_written_though_its_reply_was_lost_is_taken_back(
    mongodb_uri: str, database_name: str
) -> None:
    async with answering(mongodb_uri, database_name) as (lossy, storage, recorder, recording):
        await recording.chunks.sent(b"delivered")
        await recording.chunks.flush()
        lossy.lose(WRITES, 100)
        with pytest.raises(StorageUnavailable):
            await recording.chunks.sent(LARGE)
        lossy.heal()
        await recorder.tend()
        chunks = await storage.sessions.chunks(recording.session.id)
    assert [chunk.data for chunk in chunks] == [b"delivered"]


async def test_sessions_that_cannot_be_recorded_are_named_in_one_warning_and_not_in_each_round(
    mongodb_uri: str, database_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with answering(mongodb_uri, database_name) as (lossy, _, recorder, recording):
        await recording.chunks.sent(b"delivered")
        lossy.lose(WRITES, 100)
        for _ in range(3):
            await recorder.tend()
        lossy.heal()
    said = "".join(capsys.readouterr())
    [line] = [line for line in said.splitlines() if "not recorded yet" in line]
    assert recording.session.id in line
