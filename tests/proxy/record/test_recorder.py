from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.record.session import Decision, SessionState
from app.domain.record.session_facts import UpstreamFacts
from app.errors import StorageUnavailable
from app.search import SessionFilter
from app.storage.store import MongoStorage
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from tests.app.storage.test_mongo import ALICE, NOW, VERDICT, a_hold, a_session
from tests.conftest import NOBODY
from tests.proxy.test_facts import Sent
from tests.written import open_session


async def test_a_client_that_leaves_while_its_hold_is_written_leaves_no_session_open(
    storage: MongoStorage,
) -> None:
    ledger = ChainedLedger(storage.ledger, "test")
    bodies = Bodies(storage.pieces, storage.data_keys)
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    session = a_session(NOW)
    await open_session(storage, session)
    recording = await recorder.resume(session.id)
    await recording.forwarding(Decision.APPROVED, a_hold())
    answering = asyncio.ensure_future(recording.start_answer(200, ()))
    await asyncio.sleep(0)
    answering.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await answering
    recorder.done(recording, "the client left")
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(30):
        running = [tasks.create_task(ledger.run()), tasks.create_task(recorder.run())]
        while not recording.over:
            await storage.ping()
        for task in running:
            task.cancel()
    stored = await storage.sessions.get(session.id)
    assert stored is not None
    assert (stored.state, stored.decision) == (SessionState.INDETERMINATE, Decision.APPROVED)
    entries = sorted(await storage.ledger.entries(session.id), key=lambda entry: entry.seq)
    told = [entry.event.kind for entry in entries]
    assert told == [EventKind.HOLD_MOVED, EventKind.REQUEST_FORWARDED, EventKind.SESSION_ENDED]
    assert stored.reason == "the client left: the request was sent, and no answer to it was seen"


async def test_a_session_that_the_ledger_cannot_name_is_not_opened(
    storage: MongoStorage, database_name: str
) -> None:
    away = MongoStorage.connect(NOBODY, database_name)
    ledger = ChainedLedger(away.ledger, "test")
    bodies = Bodies(storage.pieces, storage.data_keys)
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        with pytest.raises(StorageUnavailable):
            await recorder.open(ALICE, Sent().read(), VERDICT)
        running.cancel()
    away.close()
    assert await storage.sessions.search(SessionFilter(), limit=10) == ()


async def test_a_session_tells_where_it_was_sent_and_with_which_credential(
    storage: MongoStorage,
) -> None:
    ledger = ChainedLedger(storage.ledger, "test")
    bodies = Bodies(storage.pieces, storage.data_keys)
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    sent = Sent().read()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        recording = await recorder.open(ALICE, sent, VERDICT)
        running.cancel()
    stored = await storage.sessions.get(recording.session.id)
    assert stored is not None
    there = sent.connection
    assert stored.upstream == UpstreamFacts(there.base_url, there.credential_id)
    moved = replace(there, base_url="https://elsewhere.example", sealed_credential=b"another")
    assert moved.credential_id != there.credential_id
