"""Collections of MongoDB.

`Collection` is all that the stores beside this file know of it. Written for real MongoDB and for
the embedded server alike, hence: no findAndModify, no `$or`, no `$$NOW`, indexes of two fields at
most, time-ordered ids as the sort key.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from pymongo import ASCENDING, DESCENDING

from app.errors import StorageUnavailable
from app.storage.bulk import Bulk, Write, as_stored
from app.storage.documents import Document, from_document
from app.storage.driver import Exists, Server, error_code, exists, is_late, mapped_errors
from app.storage.privileges import Privileges

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

    from motor.motor_asyncio import AsyncIOMotorCollection

T = TypeVar("T")

_STREAM_SECONDS = 1.0
_BATCH = 100
_NAMES_AT_ONCE = 32
"""In one query: the embedded server compares each document with each of them."""
_BUILD_SECONDS = 3600.0
_INDEX_DIFFERS = (85, 86)
_INDEX_NOT_FOUND = 27
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Index:
    """Fields in order, a leading minus for descending; `when` limits it to some documents.

    Where it `expires`, the database deletes each document at the time in its one field.
    """

    fields: tuple[str, ...]
    unique: bool = False
    when: Document | None = None
    expires: bool = False

    @property
    def keys(self) -> list[tuple[str, int]]:
        return [
            (field.removeprefix("-"), DESCENDING if field.startswith("-") else ASCENDING)
            for field in self.fields
        ]


class Collection(Generic[T]):
    """One collection of one kind of value.

    Every method may raise StorageUnavailable.
    """

    def __init__(self, server: Server, database: str, name: str, kind: type[T]) -> None:
        self._server = server
        self._rows: AsyncIOMotorCollection[Document] = server.client[database][name]
        self._kind = kind

    @property
    def name(self) -> str:
        return self._rows.name

    async def prepare(self, *indexes: Index) -> None:
        """Make the indexes; harmless where they exist."""
        for index in indexes:
            await self._prepare(index)

    async def has(self, index: Index) -> bool:
        """Whether the index was made; False where there is no collection yet."""
        existing = await self._server.ask(self._rows.index_information)
        return any(known["key"] == index.keys for known in existing.values())

    def inserting(self, document: Document, *, by_content: bool = False, random: str = "") -> Write:
        """Return the write of a new document, to be joined with others; see `Write`."""
        return Write(self.name, document, by_content=by_content, random=random)

    def changing(self, expected: Document, update: Document) -> Write:
        """Return the update of the one document that is as expected, to be joined with others."""
        return Write(self.name, update, expected)

    async def insert(self, *documents: Document, by_content: bool = False) -> None:
        """Write new documents, in order; those that are there already count as written.

        Raises Exists where another document has the id or the unique key of one; `by_content`, the
        same id is the same document.
        """
        left = list(documents)
        while left:
            try:
                await self._server.ask(partial(self._rows.insert_many, left))
            except Exists:
                missing = await self._missing(left, by_content=by_content)
                if len(missing) == len(left):
                    raise
                left = missing
            else:
                return

    async def put(self, key: str, document: Document) -> None:
        """Write a document in place of the one with this id, if there is one."""
        await self._upserted(lambda: self._rows.replace_one({"_id": key}, document, upsert=True))

    async def make(self, key: str, update: Document) -> None:
        """Update the document with this id; make it where there is none."""
        await self._upserted(lambda: self._rows.update_one({"_id": key}, update, upsert=True))

    async def change(self, expected: Document, update: Document) -> bool:
        """Update the one document that is as expected; False where there is none such."""
        result = await self._server.ask(lambda: self._rows.update_one(expected, update))
        return bool(result.matched_count)

    async def change_all(self, expected: Document, update: Document) -> int:
        """Update what fits; return how many documents do."""
        result = await self._server.ask(lambda: self._rows.update_many(expected, update))
        return int(result.matched_count)

    async def remove(self, key: str) -> None:
        """Delete the document with this id, if there is one."""
        await self._server.ask(lambda: self._rows.delete_one({"_id": key}))

    async def remove_all(self, query: Document) -> None:
        """Delete what fits."""
        await self._server.ask(lambda: self._rows.delete_many(query))

    async def one(self, query: Document) -> T | None:
        row = await self._server.ask(lambda: self._rows.find_one(query))
        return self._read(row) if row else None

    async def find(
        self,
        query: Document,
        *,
        newest_first: bool = False,
        limit: int = 0,
        without: str = "",
        by: str = "_id",
    ) -> tuple[T, ...]:
        """Return what fits, in the order of ids or `by` another field; a limit of 0 is none.

        `without` is a field that has a default value, and that is not asked for.
        """
        order = DESCENDING if newest_first else ASCENDING
        shown = {without: 0} if without else None
        rows = self._rows.find(query, shown).sort(by, order).limit(limit)
        found: list[T] = []
        while batch := await self._server.ask(lambda: rows.to_list(_BATCH)):
            found += [self._read(row) for row in batch]
        return tuple(found)

    async def named(
        self, names: Iterable[str], also: Document | None = None, *, field: str = "_id"
    ) -> tuple[T, ...]:
        """Return the documents that have these ids, or say one of these in another field.

        Where they `also` have to meet a query, those that do. In the order of the names.
        """
        ordered = sorted(set(names))
        slices = range(0, len(ordered), _NAMES_AT_ONCE)
        some = (ordered[start : start + _NAMES_AT_ONCE] for start in slices)
        asked = (self.find({field: {"$in": part}} | (also or {})) for part in some)
        return tuple(itertools.chain.from_iterable(await asyncio.gather(*asked)))

    async def ids(self, query: Document) -> tuple[str, ...]:
        """Return the ids of all that fit, in their order."""
        return tuple(row["_id"] for row in await self.parts(query))

    async def parts(
        self, query: Document, *fields: str, newest_first: bool = False
    ) -> tuple[Document, ...]:
        """Return the ids of all that fit in their order, and some fields, as they are stored."""
        rows = self._rows.find(query, dict.fromkeys(("_id", *fields), 1))
        found = await self._server.ask(lambda: rows.to_list(None))
        # Sorted here: the embedded server takes as long for that as for all else.
        return tuple(sorted(found, key=lambda row: row["_id"], reverse=newest_first))

    async def values(self, field: str, query: Document) -> tuple[str, ...]:
        """Return what a field says in all that fit."""
        rows = self._rows.find(query, {field: 1})
        return tuple(row[field] for row in await self._server.ask(lambda: rows.to_list(None)))

    async def watch(
        self, opened: asyncio.Event, rest: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[T, None]:
        """Yield every value that is written from the moment `opened` is set.

        After an answer without any, `rest` ends when the server may be asked again: the embedded
        one answers a change stream at each write to any collection.
        """
        await self._server.found()
        writes = [{"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}}]
        with mapped_errors():
            async with self._rows.watch(
                writes,
                full_document="updateLookup",
                max_await_time_ms=int(_STREAM_SECONDS * 1000),
            ) as stream:
                opened.set()
                while stream.alive:
                    change = await stream.try_next()
                    if change is None:
                        await rest() if rest else None
                    elif row := change.get("fullDocument"):
                        yield from_document(self._kind, row)

    def _read(self, row: Document) -> T:
        with mapped_errors():
            return from_document(self._kind, row)

    async def _missing(self, documents: list[Document], *, by_content: bool) -> list[Document]:
        """Return those that are not there. Raises Exists where another one is in its place."""
        ids = [document["_id"] for document in documents]
        if by_content:
            known = set(await self.ids({"_id": {"$in": ids}}))
            return [document for document in documents if document["_id"] not in known]
        rows = self._rows.find({"_id": {"$in": ids}})
        there = {row["_id"]: row for row in await self._server.ask(lambda: rows.to_list(None))}
        for document in documents:
            if document["_id"] in there and there[document["_id"]] != as_stored(document):
                raise exists()
        return [document for document in documents if document["_id"] not in there]

    async def _upserted(self, write: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._server.ask(write)
        except Exists:
            # Two made it at the same moment; the second try finds it there.
            await self._server.ask(write)

    async def _prepare(self, index: Index) -> None:
        limits: dict[str, Any] = {"partialFilterExpression": index.when} if index.when else {}
        limits |= {"expireAfterSeconds": 0} if index.expires else {}

        async def create() -> None:
            await self._rows.create_index(index.keys, unique=index.unique, **limits)

        try:
            await self._server.ask(create)
        except StorageUnavailable as error:
            about = {"collection": self.name, "fields": index.fields}
            if is_late(error):
                await self._server.ping()  # A server that is silent is not waited for.
                _log.warning("the start waits for an index over a large collection", **about)
            elif error_code(error) in _INDEX_DIFFERS:
                _log.warning("index replaced: its definition has changed", **about)
                await self._drop(index)
            else:
                raise
        else:
            return
        await self._server.ask(create, _BUILD_SECONDS)

    async def _drop(self, index: Index) -> None:
        existing = await self._server.ask(self._rows.index_information)
        for name, known in existing.items():
            if known["key"] == index.keys:
                try:
                    await self._server.ask(partial(self._rows.drop_index, name))
                except StorageUnavailable as error:
                    if error_code(error) != _INDEX_NOT_FOUND:  # Another process was faster.
                        raise


class Database:
    """A connection to one database. Close it when the process ends."""

    def __init__(self, uri: str, name: str) -> None:
        """Return at once; the first call finds out whether anybody answers.

        Raises BadSettings where the URI is none.
        """
        self._server = Server(uri)
        self._uri = uri
        self._name = name

    def again(self) -> Database:
        """Return another connection to it, for another event loop."""
        return Database(self._uri, self._name)

    def collection(self, name: str, kind: type[T]) -> Collection[T]:
        return Collection(self._server, self._name, name, kind)

    def bulk(self) -> Bulk:
        return Bulk(self._server, self._name)

    async def privileges(self) -> Privileges:
        """Return what the user of the URI may do. Raises StorageUnavailable."""
        ask = partial(self._server.client.admin.command, "connectionStatus", showPrivileges=True)
        return Privileges.read(await self._server.ask(ask), self._name)

    async def ping(self) -> None:
        """Return if somebody answers within a second. Raises StorageUnavailable."""
        await self._server.ping()

    def close(self) -> None:
        self._server.close()
