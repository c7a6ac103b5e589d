"""Writes of several collections, joined in one call.

They are independent: each succeeds or fails by itself, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import bson
from bson.codec_options import CodecOptions

from app.errors import StorageUnavailable, Unstorable
from app.storage.documents import Document
from app.storage.driver import Exists, mapped_errors, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.storage.driver import Server

Fault: TypeAlias = "StorageUnavailable | None"
"""Why a write was not done; None where it was."""
_MOST_BYTES = 16 * 1024 * 1024
_AT_ONCE_BYTES = 8 * 1024 * 1024
_AS_WE_READ: CodecOptions[Document] = CodecOptions(tz_aware=True)


@dataclass(frozen=True, slots=True)
class Write:
    """A new document or, where one is expected, a change of it.

    With `by_content` the id is made of the content, so a document that is already there is the
    same. `random` names the field that differs each time the same is sealed.
    """

    collection: str
    document: Document
    expected: Document | None = None
    by_content: bool = False
    random: str = ""


class Bulk:
    """Writes to one database."""

    def __init__(self, server: Server, database: str) -> None:
        self._server = server
        self._database = database

    async def write(self, writes: Sequence[Write]) -> tuple[Fault, ...]:
        """Return what became of each; a document that is there already counts as written.

        Raises StorageUnavailable where nothing is known of any.
        """
        faults: dict[int, Fault] = {}
        for some in _at_once(writes, faults):
            codes = await self._server.write(self._database, [writes[index] for index in some])
            faults |= {some[place]: refused(code) for place, code in codes.items()}
            met = [
                some[place]
                for place in codes
                if isinstance(faults[some[place]], Exists) and writes[some[place]].expected is None
            ]
            same = await self._same([writes[index] for index in met])
            faults |= {index: None for index, known in zip(met, same, strict=True) if known}
        return tuple(faults.get(index) for index in range(len(writes)))

    async def _same(self, writes: Sequence[Write]) -> list[bool]:
        """Return of each whether the document that is in its place is the same."""
        there: dict[tuple[str, object], Document] = {}
        sought = [write for write in writes if not write.by_content]
        for collection in {write.collection for write in sought}:
            ids = [write.document["_id"] for write in sought if write.collection == collection]
            rows = self._server.client[self._database][collection].find({"_id": {"$in": ids}})
            found = await self._server.ask(partial(rows.to_list, None))
            there |= {(collection, row["_id"]): row for row in found}
        return [
            write.by_content or _alike(there.get((write.collection, write.document["_id"])), write)
            for write in writes
        ]


def _alike(stored: Document | None, write: Write) -> bool:
    if stored is None:
        return False
    chance = {write.random: None}
    return stored | chance == as_stored(write.document) | chance


def as_stored(document: Document) -> Document:
    return bson.decode(bson.encode(document), _AS_WE_READ)


def _at_once(writes: Sequence[Write], faults: dict[int, Fault]) -> Iterator[list[int]]:
    """Yield groups of what can be sent together; what no database takes becomes a fault."""
    group: list[int] = []
    size = 0
    for index, write in enumerate(writes):
        try:
            with mapped_errors():
                length = len(bson.encode(write.document)) + len(bson.encode(write.expected or {}))
        except StorageUnavailable as fault:
            faults[index] = fault
            continue
        if length > _MOST_BYTES:
            faults[index] = Unstorable("MongoDB cannot be used: a document is too large.")
            continue
        if group and size + length > _AT_ONCE_BYTES:
            yield group
            group, size = [], 0
        group.append(index)
        size += length
    if group:
        yield group
