"""MongoDB. The only file that imports the driver, so that another driver is another file.

`Collection` is all that the stores beside this file know of it. Written for real MongoDB and for
the embedded server alike, hence: no findAndModify, no `$or`, no `$$NOW`, indexes of two fields at
most, time-ordered ids as the sort key.
"""

from __future__ import annotations

import functools
import inspect
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

# Each idle change stream keeps one of Motor's threads; its default pool is too small beside it.
os.environ.setdefault("MOTOR_MAX_WORKERS", "48")

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from app.errors import StorageUnavailable
from app.storage.documents import Document, from_document

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
C = TypeVar("C", bound=type)


class Exists(Exception):
    """A document with this unique key is there already."""


@dataclass(frozen=True, slots=True)
class Index:
    """Fields in order, a leading minus for descending; `when` limits it to some documents."""

    fields: tuple[str, ...]
    unique: bool = False
    when: Document | None = None


def _unavailable(error: PyMongoError) -> StorageUnavailable:
    match error:
        case ConnectionFailure():
            why = "nobody answers at MONGODB_URI"
        case OperationFailure():
            why = f"it refuses what we ask (code {error.code})"
        case _:
            why = type(error).__name__
    return StorageUnavailable(f"MongoDB cannot be used: {why}.")


def _guarded(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except DuplicateKeyError:
            raise Exists from None
        except PyMongoError as error:
            raise _unavailable(error) from error

    return call


def _mapping_errors(kind: C) -> C:
    """Wrap every coroutine of a class, so that no driver error leaves this file."""
    for name, method in list(vars(kind).items()):
        if inspect.iscoroutinefunction(method):
            setattr(kind, name, _guarded(method))
    return kind


@_mapping_errors
class Collection(Generic[T]):
    """One collection of one kind of value.

    Every method may raise StorageUnavailable.
    """

    def __init__(self, database: AsyncIOMotorDatabase[Document], name: str, kind: type[T]) -> None:
        self._rows: AsyncIOMotorCollection[Document] = database[name]
        self._kind = kind

    async def prepare(self, *indexes: Index) -> None:
        """Make the indexes; harmless where they exist."""
        for index in indexes:
            keys = [
                (field.removeprefix("-"), DESCENDING if field.startswith("-") else ASCENDING)
                for field in index.fields
            ]
            limits: dict[str, Any] = {"partialFilterExpression": index.when} if index.when else {}
            await self._rows.create_index(keys, unique=index.unique, **limits)

    async def insert(self, *documents: Document) -> None:
        """Write new documents in one call. Raises Exists."""
        if len(documents) == 1:
            await self._rows.insert_one(documents[0])
        elif documents:
            await self._rows.insert_many(documents)

    async def put(self, key: str, document: Document) -> None:
        await self._rows.replace_one({"_id": key}, document, upsert=True)

    async def change(self, expected: Document, update: Document, *, make: bool = False) -> bool:
        """Update the one document that is as expected; False where there is none such.

        With `make` it is made then.
        """
        result = await self._rows.update_one(expected, update, upsert=make)
        return bool(result.matched_count)

    async def remove(self, key: str) -> bool:
        result = await self._rows.delete_one({"_id": key})
        return bool(result.deleted_count)

    async def one(self, query: Document) -> T | None:
        row = await self._rows.find_one(query)
        return from_document(self._kind, row) if row else None

    async def find(
        self, query: Document, *, newest_first: bool = False, limit: int = 0
    ) -> tuple[T, ...]:
        """Return what fits, in the order of ids; a limit of 0 is none."""
        order = DESCENDING if newest_first else ASCENDING
        rows = self._rows.find(query).sort("_id", order).limit(limit)
        return tuple([from_document(self._kind, row) async for row in rows])

    async def watch(self, opened: asyncio.Event) -> AsyncGenerator[T, None]:
        """Yield every value that is written from the moment `opened` is set."""
        writes = [{"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}}]
        try:
            async with self._rows.watch(writes, full_document="updateLookup") as stream:
                opened.set()
                async for change in stream:
                    if row := change.get("fullDocument"):
                        yield from_document(self._kind, row)
        except PyMongoError as error:
            raise _unavailable(error) from error


class Database:
    """A connection to one database. Close it when the process ends."""

    def __init__(self, uri: str, name: str, patience_ms: int) -> None:
        """Return at once; the first call finds out whether anybody answers within patience."""
        options: dict[str, Any] = {"tz_aware": True, "appname": "abeyance"}
        options["serverSelectionTimeoutMS"] = options["connectTimeoutMS"] = patience_ms
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(uri, **options)
        self._database = self._client[name]

    def collection(self, name: str, kind: type[T]) -> Collection[T]:
        return Collection(self._database, name, kind)

    @_guarded
    async def ping(self) -> None:
        await self._database.command("ping")

    def close(self) -> None:
        self._client.close()
