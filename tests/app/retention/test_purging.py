"""Content ends: what is due and nothing else, with a tombstone, whenever the process dies."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.audit.digests import request_digest
from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.domain.record.legal_hold import HoldScope, LegalHold
from app.domain.record.original import Keeping, Original
from app.domain.record.session import Chunk, RecordedAnswer, Session, SessionState, Side, whole
from app.domain.record.session_facts import Conversation
from app.errors import ContentErased, NotPermitted
from app.retention.erasing import Eraser
from app.retention.purging import Purger
from app.retention.terms import Terms
from app.search import SessionFilter
from app.storage.content.originals import keeping
from proxy.facts import digested_head
from tests.app.storage.test_mongo import ALICE, a_session
from tests.sealing import RECORD_KEYS, put_body
from tests.written import append_chunks, open_session, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.storage.store import MongoStorage

CLOCK = SystemClock()
OLD = CLOCK.now() - timedelta(days=100)
TALK = Conversation("c1" * 16, "c1", "header")
BODY = b"what nobody is to keep"
ORIGINAL = Original(Keeping("keys", ("responders",)), "place", "[key]", "what was masked")


@asynccontextmanager
async def writing(storage: MongoStorage) -> AsyncIterator[ChainedLedger]:
    ledger = ChainedLedger(storage.ledger, "test")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        yield ledger
        running.cancel()


async def recorded(
    storage: MongoStorage,
    ledger: ChainedLedger,
    body: bytes = BODY,
    **changes: Any,  # noqa: ANN401 - fields to replace
) -> Session:
    """Write a session and its entries, as the gateway does."""
    started = changes.pop("at", OLD)
    session = a_session(started, **changes)
    key = await storage.data_keys.of(session.identity.key)
    names = await put_body(storage, session, body)
    request = replace(session.request, pieces=names, body_bytes=len(body))
    head = digested_head(session.connection, whole(request, body))
    digest = request_digest(head, body)
    answer = RecordedAnswer(200, (), started)
    session = replace(
        session,
        request=replace(request, digest=digest),
        key=key.id,
        answer=answer,
        state=SessionState.CLOSED,
    )
    await open_session(storage, session)
    await append_chunks(storage, session.id, [Chunk(0, 0, b"answer")], key)
    await write(storage, *keeping(session.id, Side.REQUEST, [ORIGINAL], key))
    said = {
        "identity": session.identity.key,
        "connection": session.connection,
        "digest": digest,
        "action": "allow",
        "catalog": session.verdict.catalog_revision,
        "key": key.id,
    }
    opened = Event(EventKind.SESSION_OPENED, started, session.id, said)
    ended = Event(EventKind.SESSION_ENDED, started, session.id, {"state": "closed"})
    await ledger.commit([opened, ended])
    return session


async def purged(storage: MongoStorage, ledger: ChainedLedger, days: int = 90) -> list[str]:
    gone: list[str] = []
    async with aclosing(Purger(storage, ledger, CLOCK, "jo").by_age(Terms(days))) as batches:
        async for batch in batches:
            gone += [session.id for session, _ in batch.gone]
    return gone


async def abeyance(
    mongodb_uri: str, database_name: str, *arguments: str
) -> asyncio.subprocess.Process:
    environment = {"MONGODB_URI": mongodb_uri, "ABEYANCE_MONGODB_DATABASE": database_name}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *arguments),
        env=os.environ | environment | RECORD_KEYS | {"ABEYANCE_RETENTION_DAYS": "90"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def verified(mongodb_uri: str, database_name: str) -> tuple[int | None, str]:
    verifying = await abeyance(mongodb_uri, database_name, "audit", "verify", "--no-resume")
    said, _ = await verifying.communicate()
    return verifying.returncode, said.decode()


async def test_what_is_due_goes_and_what_others_still_say_stays(storage: MongoStorage) -> None:
    async with writing(storage) as ledger:
        first = await recorded(storage, ledger, conversation=TALK)
        other = await recorded(storage, ledger, conversation=TALK)
        alone = await recorded(storage, ledger, b"only here")
        young = await recorded(storage, ledger, at=CLOCK.now())
        assert first.request.pieces == other.request.pieces
        held = LegalHold("h", HoldScope.SESSION, other.id, "a dispute", "jo", OLD)
        await storage.legal_holds.put(held)
        assert sorted(await purged(storage, ledger)) == sorted([first.id, alone.id])
        assert await storage.pieces.get(other.request.pieces) == (BODY,)
        assert await storage.pieces.get(young.request.pieces) == (BODY,)
        for session in (other, young):
            [kept] = await storage.originals.of_session(session.id)
            assert await storage.originals.opened(kept) == ORIGINAL.value
        for session in (first, alone):
            assert await storage.sessions.get(session.id) is None
            assert await storage.sessions.chunks(session.id) == ()
            assert await storage.originals.of_session(session.id) == ()
            kinds = [entry.event.kind for entry in await storage.ledger.entries(session.id)]
            assert kinds[-1] is EventKind.CONTENT_PURGED
        await storage.legal_holds.remove("h")
        assert await purged(storage, ledger) == [other.id]
    assert len(await storage.sessions.search(SessionFilter(), limit=9)) == 1


async def test_a_dry_run_removes_nothing(storage: MongoStorage) -> None:
    async with writing(storage) as ledger:
        session = await recorded(storage, ledger)
        purger = Purger(storage, ledger, CLOCK, "jo")
        async with aclosing(purger.by_age(Terms(90), dry_run=True)) as batches:
            found = [batch async for batch in batches]
        assert [gone.id for batch in found for gone, _ in batch.gone] == [session.id]
        assert await storage.pieces.get(session.request.pieces) == (BODY,)
        assert len(await storage.ledger.entries(session.id)) == 2


async def test_a_purge_that_is_killed_is_made_good_and_the_record_is_in_order(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    async with writing(storage) as ledger:
        for number in range(150):
            await recorded(storage, ledger, b"body %d" % number)
    killed = await abeyance(mongodb_uri, database_name, "purge")
    with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
        entries = client[database_name]["ledger"]
        while not entries.find_one({"event.kind": EventKind.CONTENT_PURGED.value}):
            assert killed.returncode is None
            await asyncio.sleep(0)
    killed.send_signal(signal.SIGKILL)
    await killed.communicate()
    code, said = await verified(mongodb_uri, database_name)
    assert code == 0, said
    again = await abeyance(mongodb_uri, database_name, "purge")
    said_again, _ = await again.communicate()
    assert again.returncode == 0, said_again
    with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
        names = ("sessions", "pieces", "chunks", "originals")
        assert [client[database_name][name].count_documents({}) for name in names] == [0] * 4
    code, said = await verified(mongodb_uri, database_name)
    assert code == 0, said
    assert re.search(r"The content of 150 sessions was purged \(tombstone \w{6}", said)


async def test_content_that_is_gone_without_a_tombstone_is_tampering(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    async with writing(storage) as ledger:
        session = await recorded(storage, ledger)
    with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
        client[database_name]["pieces"].delete_many({})
    code, said = await verified(mongodb_uri, database_name)
    assert code == 1
    assert f"session {session.id}" in said
    assert "no tombstone says why" in said


async def test_an_erased_person_is_gone_and_nobody_else(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    bob = replace(ALICE, subject="bob", email="bob@acme.dev")
    async with writing(storage) as ledger:
        hers = await recorded(storage, ledger, conversation=TALK)
        his = await recorded(storage, ledger, conversation=TALK, identity=bob)
        with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
            copied = client[database_name]["pieces"].find_one({"_id": hers.request.pieces[0]})
        [original] = await storage.originals.of_session(hers.id)
        eraser = Eraser(storage, ledger, Purger(storage, ledger, CLOCK, "jo"), CLOCK)
        held = LegalHold("h", HoldScope.CONVERSATION, TALK.id, "a dispute", "jo", OLD)
        await storage.legal_holds.put(held)
        with pytest.raises(NotPermitted, match="legal hold"):
            _ = [count async for count in eraser.erase(ALICE, "jo", "asked")]
        await storage.legal_holds.remove("h")
        assert [count async for count in eraser.erase(ALICE, "jo", "asked")] == [1]
    storage.data_keys.forget()
    assert await storage.sessions.get(hers.id) is None
    assert await storage.pieces.get(his.request.pieces) == (BODY,)
    # A copy that somebody kept, such as a backup.
    assert copied is not None
    with closing(MongoClient[dict[str, Any]](mongodb_uri)) as client:
        client[database_name]["pieces"].insert_one(copied)
    with pytest.raises(ContentErased, match="tombstone"):
        await storage.pieces.get(hers.request.pieces)
    with pytest.raises(ContentErased, match="tombstone"):
        await storage.originals.opened(original)
    assert await storage.originals.of_session(hers.id) == ()
    assert len(await storage.originals.of_session(his.id)) == 1
    code, said = await verified(mongodb_uri, database_name)
    assert code == 0, said
    assert "The content of 1 session was purged" in said
