"""Some sessions out of the record, each entry with the proof that a signed head covers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.proof.bundle import manifest, picked_record
from app.audit.proof.merkle import inclusion_proof
from app.audit.proof.stories import RELEASED_BY, Stories, erased_keys
from app.clock import SystemClock
from app.domain.event import place
from app.errors import NotFound
from cli.audit.reading import exported_session
from notary.tree import TreeFiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.audit.proof.bundle import Record
    from app.audit.proof.heads import Head
    from app.domain.event import Entry
    from app.storage.store import MongoStorage
    from notary.book import Book


async def picked_records(
    storage: MongoStorage, book: Book, head: Head, sessions: list[str], *, contents: bool
) -> AsyncIterator[Record]:
    """Yield the records of a bundle with these sessions, and what explains them.

    That is what people said that released them, and why content of them is gone.

    Raises NotFound, StorageUnavailable, BadSettings.
    """
    wanted = await _wanted(storage, sessions)
    leaves = enumerate(book.leaves(head.size))
    found = {
        index: entry
        for index, (chain, seq, hash_) in leaves
        if (entry := wanted.get(place(chain, seq))) and entry.hash == hash_
    }
    if len(found) < len(wanted):
        missing = next(entry for entry in wanted.values() if entry not in found.values())
        raise NotFound(
            f"The head of {head.size:,} entries does not cover all of it yet, or its entry number "
            f"{missing.seq} in chain {missing.chain} was changed: wait for the next head, and see "
            "`abeyance audit verify`."
        )
    now = SystemClock().now().isoformat(timespec="seconds")
    yield manifest(head.origin, now, size=len(found), heads=1, contents=contents, whole=False)
    for note in book.rotations():
        yield {"type": "rotation", "note": note}
    yield {"type": "head", "note": head.checkpoint}
    tree, stories = TreeFiles(book.folder, head.size), Stories()
    for index, entry in found.items():
        proof = inclusion_proof(index, head.size, tree.subtree)
        yield picked_record(index, entry, proof)
        session = entry.event.session_id
        stories.add(session, entry.event.kind, entry.event.data)
        if contents and stories.is_over(session):
            stories.told.pop(session)
            if record := await exported_session(storage, session):
                yield record


async def _wanted(storage: MongoStorage, sessions: list[str]) -> dict[str, Entry]:
    """Return the entries of some sessions, and those without which they cannot be understood."""
    told: list[Entry] = []
    for session in sessions:
        entries = await storage.ledger.entries(session)
        if not entries:
            raise NotFound(f"The ledger has no session {session}: give its whole id.")
        told += entries
    besides = [*await _releasing(storage, told), *await _erasing(storage, told)]
    return {entry.place: entry for entry in [*told, *besides]}


async def _releasing(storage: MongoStorage, told: list[Entry]) -> list[Entry]:
    """Return what people said, in these sessions or in others, that released something of them."""
    named = {
        str(entry.event.data[key])
        for key in ("hold", "grant")
        for entry in told
        if key in entry.event.data
    }
    given = await storage.grants.get_many(sorted(named))
    wanted = named | {grant.hold_id for grant in given}
    holds = await storage.holds.get_many(sorted(wanted))
    found: list[Entry] = []
    for session in sorted({hold.session_id for hold in holds}):
        found += await storage.ledger.entries(session)
    # Those of sessions that were purged meanwhile.
    gone = wanted - {grant.id for grant in given} - {hold.id for hold in holds}
    found += await storage.ledger.of_holds(sorted(gone))
    return [entry for entry in found if entry.event.kind in RELEASED_BY]


async def _erasing(storage: MongoStorage, told: list[Entry]) -> list[Entry]:
    """Return the tombstones of the data keys that sealed the content of these sessions."""
    keys = {str(entry.event.data["key"]) for entry in told if "key" in entry.event.data}
    if not keys:
        return []
    of_nobody = await storage.ledger.entries("")
    return [
        entry for entry in of_nobody if keys & set(erased_keys(entry.event.kind, entry.event.data))
    ]
