"""Pieces and originals that belong to no session are found, and no others."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.record.session import Session, Side
from app.pages import PageIndex, index_id
from app.retention.orphans import lone_originals, orphans
from app.storage.content.originals import keeping
from tests.app.retention.test_purging import CLOCK, OLD, ORIGINAL, recorded, writing
from tests.app.storage.test_mongo import ALICE, a_session
from tests.sealing import put_body
from tests.written import open_session, write

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


async def found(storage: MongoStorage) -> list[str]:
    async with aclosing(orphans(storage, CLOCK.now())) as days:
        return [name async for names in days for name in names]


async def with_page(storage: MongoStorage, session: Session) -> None:
    """Write a page of its answer, as is done for large ones."""
    key = await storage.data_keys.of(session.identity.key)
    leaf = key.cutter(session).named(b"a page")
    await storage.pieces.put([leaf], key)
    await storage.pages.put(PageIndex(index_id(session.id, Side.ANSWER), 1, (leaf.id,)))


async def test_pieces_of_a_day_that_no_session_refers_to_are_orphans(storage: MongoStorage) -> None:
    async with writing(storage) as ledger:
        kept = await recorded(storage, ledger)
        await with_page(storage, kept)
        await recorded(storage, ledger, b"young", at=CLOCK.now() - timedelta(hours=30))
    assert await found(storage) == []
    lost = await put_body(storage, a_session(OLD, identity=ALICE), b"stored before a gateway died")
    await put_body(storage, a_session(CLOCK.now()), b"stored just now")
    assert await found(storage) == list(lost)
    # Its pages are still to be written, and may be at this moment.
    waiting = replace(a_session(OLD), unpaged=(Side.ANSWER,))
    await open_session(storage, waiting)
    assert await found(storage) == []


async def test_originals_whose_session_was_never_written_are_orphans(storage: MongoStorage) -> None:
    async with writing(storage) as ledger:
        whole = await recorded(storage, ledger)
    lost, young = a_session(OLD), a_session(CLOCK.now())
    key = await storage.data_keys.of(lost.identity.key)
    for one in (lost, young):
        await write(storage, *keeping(one.id, Side.ANSWER, [ORIGINAL, ORIGINAL], key))
    async with aclosing(lone_originals(storage, CLOCK.now())) as days:
        lone = [names async for names in days]
    assert lone == [tuple(f"{lost.id}:answer:{number:04}" for number in (1, 2))]
    assert len(await storage.originals.of_session(whole.id)) == 1
