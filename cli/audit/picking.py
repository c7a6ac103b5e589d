"""Some sessions out of the record, each entry with the proof that a signed head covers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.proof.bundle import manifest, picked_record
from app.audit.proof.merkle import inclusion_proof
from app.audit.proof.stories import Stories
from app.clock import SystemClock
from app.domain.event import EventKind, place
from app.errors import NotFound
from cli.audit.reading import ExportedCatalogs, exported_session
from notary.tree import TreeFiles
from proxy.replay.proof import entries_about

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

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
    wanted = await entries_about(storage, sessions)
    if contents:
        wanted |= await _naming_catalogs(storage, wanted.values())
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
    catalogs = ExportedCatalogs(storage)
    for index, entry in found.items():
        proof = inclusion_proof(index, head.size, tree.subtree)
        yield picked_record(index, entry, proof)
        if contents and (catalog := await catalogs.after(entry.event)):
            yield catalog
        session = entry.event.session_id
        stories.add(session, entry.event.kind, entry.event.data)
        if contents and stories.is_over(session):
            stories.told.pop(session)
            if record := await exported_session(storage, session):
                yield record


async def _naming_catalogs(storage: MongoStorage, about: Iterable[Entry]) -> dict[str, Entry]:
    """Return the first entry that names each catalog by which these sessions were decided."""
    wanted = {
        entry.event.data.get("catalog")
        for entry in about
        if entry.event.kind is EventKind.SESSION_OPENED
    }
    found: dict[object, Entry] = {}
    for entry in await storage.ledger.entries(""):
        revision = entry.event.data.get("catalog")
        if entry.event.kind is EventKind.CATALOG_STORED and revision in wanted:
            found.setdefault(revision, entry)
    return {entry.place: entry for entry in found.values()}
