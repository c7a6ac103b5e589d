"""The record in the database, in the order in which the notary signed it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from app.audit.proof.bundle import catalog_record
from app.domain.event import Entry, EventKind, place
from app.errors import BadSettings, Damaged
from proxy.replay.proof import stored_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.audit.proof.bundle import Record
    from app.domain.event import Event
    from app.storage.store import MongoStorage
    from notary.book import Book

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Signed:
    """A place in the notary's tree, and what the database has there."""

    index: int
    chain: str
    seq: int
    hash: str
    entry: Entry | None


async def signed_entries(
    storage: MongoStorage, book: Book, size: int, first: int = 0
) -> AsyncIterator[Signed]:
    """Yield all entries of the tree from one on. Raises StorageUnavailable, BadSettings."""
    leaves = enumerate(book.leaves(size, first), first)
    while page := list(islice(leaves, _PAGE)):
        found = await storage.ledger.at([place(chain, seq) for _, (chain, seq, _) in page])
        for index, (chain, seq, hash_) in page:
            yield Signed(index, chain, seq, hash_, found.get(place(chain, seq)))


def gone(index: int, chain: str, seq: int) -> BadSettings:
    return BadSettings(
        f"Entry {index} of the tree (chain {chain}, number {seq}) is not in the database: the "
        "ledger was tampered with. See `abeyance audit verify`."
    )


class ExportedCatalogs:
    """The catalogs of a bundle, each once."""

    def __init__(self, storage: MongoStorage) -> None:
        self._storage = storage
        self._done: set[str] = set()

    async def after(self, event: Event) -> Record | None:
        """Return the catalog that an entry names for the first time, as long as it is stored.

        One that is missing is found when the bundle is verified. Raises StorageUnavailable.
        """
        revision = str(event.data.get("catalog", ""))
        if event.kind is not EventKind.CATALOG_STORED or revision in self._done:
            return None
        self._done.add(revision)
        stored = await self._storage.catalogs.get(revision)
        return catalog_record(revision, dict(stored.files)) if stored else None


async def exported_session(storage: MongoStorage, session_id: str) -> Record | None:
    """Return what a bundle has of a session; None also where a part of it is missing.

    Whoever verifies the bundle is told so, unless a tombstone says why. Raises StorageUnavailable.
    """
    try:
        return await stored_session(storage, session_id)
    except Damaged:
        return None
