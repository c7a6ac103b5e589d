"""A bundle of single sessions is verified by itself, also after content of them has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.audit.proof.bundle import Lines
from app.audit.proof.heads import Keyring
from app.audit.proof.offline import Verified, verify_bundle
from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.domain.hold import HoldState
from app.domain.record.stored_catalog import StoredCatalog
from app.errors import NotFound
from app.ids import short
from app.retention.erasing import Eraser
from app.retention.purging import Purger
from cli.audit.picking import picked_records
from cli.sessions.looking import whole_id
from notary.book import Book
from tests.app.retention.test_purging import ALICE, recorded, writing
from tests.notary.test_notary import KEY, notary_at

if TYPE_CHECKING:
    from pathlib import Path

    from app.domain.record.session import Session
    from app.storage.store import MongoStorage

CLOCK = SystemClock()


async def exported(storage: MongoStorage, folder: Path, session: Session) -> Verified:
    """Sign the ledger, export a session, and verify that."""
    async with notary_at(folder, storage) as notary:
        await notary.sign()
    book, lines = Book(folder / "notary"), Lines()
    last = book.last()
    assert last is not None
    picked = picked_records(storage, book, last, [session.id], contents=True)
    bundle = [lines.line(record) async for record in picked]
    return verify_bundle(lambda: [*bundle, lines.end()], Keyring([KEY.public]))


async def test_a_session_is_exported_by_what_people_call_it(storage: MongoStorage) -> None:
    async with writing(storage) as ledger:
        session = await recorded(storage, ledger)
    assert await whole_id(storage, short(session.id)) == session.id
    assert await whole_id(storage, session.id) == session.id
    with pytest.raises(NotFound, match="ZZZZZZ"):
        await whole_id(storage, "zzzzzz")


async def test_a_session_of_an_erased_person_is_in_order(
    storage: MongoStorage, tmp_path: Path
) -> None:
    async with writing(storage) as ledger:
        session = await recorded(storage, ledger)
        found = await exported(storage, tmp_path, session)
        assert (found.faults, found.contents) == ([], 1)
        eraser = Eraser(storage, ledger, Purger(storage, ledger, CLOCK, "jo"), CLOCK)
        for key in await storage.keys.of_person(ALICE.key):
            said = {"tombstone": "t", "identity": ALICE.key, "keys": key.id}
            await ledger.append(Event(EventKind.PERSON_ERASED, CLOCK.now(), "", said))
            await storage.keys.destroy(key.id, "asked")
        storage.data_keys.forget()
        found = await exported(storage, tmp_path, session)
        assert (found.faults, found.contents, found.purged) == ([], 0, 1)
        assert [count async for count in eraser.erase(ALICE, "jo", "asked")] == [1]
        found = await exported(storage, tmp_path, session)
        assert (found.faults, found.purged) == ([], 1)


async def test_a_session_that_others_released_is_in_order_when_theirs_was_purged(
    storage: MongoStorage, tmp_path: Path
) -> None:
    async with writing(storage) as ledger:
        released, purged = await recorded(storage, ledger), await recorded(storage, ledger)
        now = CLOCK.now()
        data = {"hold": "h-gone", "state": HoldState.APPROVED.value}
        given = {"hold": "h-gone", "grant": "g-1"}
        about = {"hold": "h-gone", "digest": released.request.digest}
        await ledger.commit(
            [
                Event(EventKind.HOLD_OPENED, now, purged.id, about),
                Event(EventKind.VOTE_CAST, now, purged.id, data),
                Event(EventKind.GRANT_GIVEN, now, purged.id, given),
                Event(EventKind.REQUEST_FORWARDING, now, released.id, about),
            ]
        )
        found = await exported(storage, tmp_path, released)
        assert (found.faults, found.contents) == ([], 1)


async def test_a_session_that_a_grant_let_pass_is_in_order_when_the_grant_was_purged_too(
    storage: MongoStorage, tmp_path: Path
) -> None:
    async with writing(storage) as ledger:
        passed, asked = await recorded(storage, ledger), await recorded(storage, ledger)
        now = CLOCK.now()
        about = {"hold": "h-gone", "digest": asked.request.digest, "rule": "r"}
        by_grant = {"identity": ALICE.key, "connection": passed.connection, "grant": "g-gone"}
        approved = {"hold": "h-gone", "state": HoldState.APPROVED.value}
        await ledger.commit(
            [
                Event(EventKind.HOLD_OPENED, now, asked.id, about),
                Event(EventKind.VOTE_CAST, now, asked.id, approved),
                Event(EventKind.GRANT_GIVEN, now, asked.id, about | by_grant),
                Event(EventKind.GRANT_USED, now, passed.id, {"grant": "g-gone", "rule": "r"}),
            ]
        )
        purger = Purger(storage, ledger, CLOCK, "jo")
        await purger.purge([asked], "t", {asked.id: "old"})
        found = await exported(storage, tmp_path, passed)
        assert (found.faults, found.contents) == ([], 1)


async def test_content_that_is_gone_without_a_tombstone_is_told(
    storage: MongoStorage, tmp_path: Path
) -> None:
    async with writing(storage) as ledger:
        session = await recorded(storage, ledger)
        await storage.pieces.remove(session.request.pieces)
        found = await exported(storage, tmp_path, session)
        assert [str(fault) for fault in found.faults] == [
            f"session {session.id}: its content is missing, and no tombstone says why."
        ]


async def test_a_session_comes_with_the_catalog_that_decided_on_it(
    storage: MongoStorage, tmp_path: Path
) -> None:
    async with writing(storage) as ledger:
        session, other = await recorded(storage, ledger), "another-revision"
        revision, now = session.verdict.catalog_revision, CLOCK.now()
        stored = StoredCatalog(revision, (("catalog/rule.yaml", "- id: prod"),), now)
        for name in (revision, revision, other):
            data = {"catalog": name, "digest": stored.digest}
            await ledger.append(Event(EventKind.CATALOG_STORED, now, "", data))
        found = await exported(storage, tmp_path, session)
        told = f"catalog {revision}: an entry names it, and it is missing."
        assert ([str(fault) for fault in found.faults], found.catalogs) == ([told], 0)
        await storage.catalogs.put(stored)
        found = await exported(storage, tmp_path, session)
        assert (found.faults, found.catalogs, found.entries) == ([], 1, 3)
