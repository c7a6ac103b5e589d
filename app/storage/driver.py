"""The driver of MongoDB: its settings, its errors, and how long it may take.

An operation ends within `ENDS_SECONDS` once a server is known; while none is, it waits for one.
Only an index that is made may take longer: it reads all that is there.
Where it ends in an error, nobody knows whether it was done: so every method of a store can be
repeated, and finds what it wrote before.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import parse_qsl

# Each idle change stream keeps one of Motor's threads; its default pool is too small beside it.
os.environ.setdefault("MOTOR_MAX_WORKERS", "48")

import msgspec
import pymongo
from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import InsertOne, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ClientBulkWriteException,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)

from app.errors import BadSettings, StorageUnavailable, Unstorable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from app.storage.bulk import Write
    from app.storage.documents import Document

C = TypeVar("C", bound=type)
P = ParamSpec("P")
R = TypeVar("R")

ENDS_SECONDS = 5.0
# The driver gives up first; what does not end even so is left to itself.
REPLY_SECONDS = 4.0
PING_SECONDS = 1.0
# A failover takes about ten seconds: it is to be a pause.
_SELECTION_MS = 15_000
_DUPLICATE = 11000
_TOO_LARGE = 10334
# Of MongoDB 8.0, the first that takes writes to several collections in one call.
_JOINS_FROM = 25
_SETTINGS: dict[str, Any] = {
    # Whatever the URI says: what is acknowledged survives a failover, and what is read is so.
    "w": "majority",
    "journal": True,
    "wTimeoutMS": int(REPLY_SECONDS * 1000),
    "readConcernLevel": "majority",
    "readPreference": "primary",
    "connectTimeoutMS": int(REPLY_SECONDS * 1000),
    # For the change stream alone, which asks again every second; other calls have their own.
    "socketTimeoutMS": int(2 * ENDS_SECONDS * 1000),
    "tz_aware": True,
    "appname": "abeyance",
}


class Exists(Unstorable):
    """Another document has this id, or this value of a unique field."""


class Interrupted(StorageUnavailable):
    """The connection ended before the reply; the next may be better."""


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn what the driver raises into errors of our tree."""
    try:
        yield
    except DuplicateKeyError as error:
        raise exists() from error
    except BulkWriteError as error:
        details = error.details or {}
        faults = details.get("writeErrors", [])
        if details.get("writeConcernErrors"):
            raise _unconfirmed() from error
        if faults and all(fault.get("code") == _DUPLICATE for fault in faults):
            raise exists() from error
        raise _unavailable(error) from error
    except (BSONError, OverflowError, UnicodeError) as error:
        why = f"MongoDB cannot keep this: {type(error).__name__}."
        raise Unstorable(why) from error
    except msgspec.ValidationError as error:
        why = f"A document in MongoDB does not read as what it should be: {error}."
        raise StorageUnavailable(why) from error
    except (PyMongoError, TimeoutError) as error:
        raise _unavailable(error) from error


def refused(code: int) -> StorageUnavailable:
    """Return why a single write was not done."""
    if code == _DUPLICATE:
        return exists()
    return _unavailable(OperationFailure("", code))


def exists() -> Exists:
    return Exists("MongoDB has another document under this id or unique key already.")


def _unavailable(error: PyMongoError | TimeoutError) -> StorageUnavailable:
    kind: type[StorageUnavailable] = StorageUnavailable
    match error:
        case NetworkTimeout() | ExecutionTimeout() | TimeoutError():
            why = "it does not answer in time"
        case WriteConcernError():
            return _unconfirmed()
        case ServerSelectionTimeoutError():
            why = "no server answers at MONGODB_URI"
        case AutoReconnect():
            why, kind = "the connection was lost", Interrupted
        case ConnectionFailure():
            why = "no server answers at MONGODB_URI"
        case OperationFailure(code=code) if code == _TOO_LARGE:
            kind, why = Unstorable, "a document is too large"
        case OperationFailure():
            why = f"it refuses what we ask (code {error.code})"
        case _:
            why = type(error).__name__
    return kind(f"MongoDB cannot be used: {why}.")


def _unconfirmed() -> StorageUnavailable:
    return StorageUnavailable(
        "MongoDB cannot be used: a write was not confirmed by a majority of its members."
    )


def error_code(error: StorageUnavailable) -> int | None:
    """Return what MongoDB calls the error, if it was its own."""
    cause = error.__cause__
    return cause.code if isinstance(cause, OperationFailure) else None


def is_late(error: StorageUnavailable) -> bool:
    """Whether it may be done yet: nothing came back in time, or no majority has confirmed it."""
    late = (NetworkTimeout, ExecutionTimeout, TimeoutError, WriteConcernError)
    return isinstance(error.__cause__, late)


def repeating(store: C) -> C:
    """Have every method of a store called once more where the connection breaks under it.

    Without this, each failover would fail whatever is being written at that moment.
    """
    for name, method in list(vars(store).items()):
        if inspect.iscoroutinefunction(method) and not name.startswith("_"):
            setattr(store, name, _repeated(method))
    return store


def _repeated(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except Interrupted:
            return await method(*args, **kwargs)

    return call


def _model(write: Write, namespace: str | None = None) -> InsertOne[Document] | UpdateOne:
    if write.expected is None:
        return InsertOne(write.document, namespace=namespace)
    return UpdateOne(write.expected, write.document, namespace=namespace)


class Server:
    """The server that takes writes, as far as one is known; asks it, or waits for it."""

    def __init__(self, uri: str) -> None:
        """Raises BadSettings where the URI is none."""
        self._search: asyncio.Future[StorageUnavailable | None] | None = None
        named = {name.lower(): value for name, value in parse_qsl(uri.partition("?")[2])}
        try:
            patience_ms = int(named.get("serverselectiontimeoutms") or _SELECTION_MS)
            self.client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
                uri, serverSelectionTimeoutMS=patience_ms, **_SETTINGS
            )
        except (ConfigurationError, ValueError, TypeError) as error:
            # Its words may quote the URI, and so a password.
            raise BadSettings(
                f"MONGODB_URI is not a URI that the driver takes ({type(error).__name__}): write "
                "mongodb://user:password@host:27017/, with special characters percent-encoded."
            ) from None
        self.patience_seconds = patience_ms / 1000

    def close(self) -> None:
        # It says goodbye, to a server that may be silent.
        with pymongo.timeout(PING_SECONDS):
            self.client.close()

    async def ask(self, work: Callable[[], Awaitable[R]], seconds: float = REPLY_SECONDS) -> R:
        """Return what the driver answers, within so many seconds. Raises StorageUnavailable."""
        await self.found()
        with mapped_errors():
            async with asyncio.timeout(seconds + ENDS_SECONDS - REPLY_SECONDS):
                # Counts from here, also for what waits for a thread, and in that thread.
                with pymongo.timeout(seconds):
                    return await work()

    async def write(self, database: str, writes: Sequence[Write]) -> dict[int, int]:
        """Do independent writes; return the codes of those that were refused, by their places.

        One call, or before MongoDB 8.0 one for each collection, side by side. Raises
        StorageUnavailable where nothing is known of any.
        """
        await self.found()
        if (self.client.delegate.topology_description.common_wire_version or 0) >= _JOINS_FROM:
            return await self.ask(partial(self._write_joined, database, writes))
        names = dict.fromkeys(write.collection for write in writes)
        groups = [
            {place: write for place, write in enumerate(writes) if write.collection == name}
            for name in names
        ]
        apart = [self.ask(partial(self._write_one, database, group)) for group in groups]
        codes: dict[int, int] = {}
        for done in await asyncio.gather(*apart, return_exceptions=True):
            if isinstance(done, BaseException):
                raise done
            codes |= done
        return codes

    async def _write_joined(self, database: str, writes: Sequence[Write]) -> dict[int, int]:
        models = [_model(write, f"{database}.{write.collection}") for write in writes]
        try:
            await self.client.bulk_write(models, ordered=False)
        except ClientBulkWriteException as error:
            if isinstance(error.error, Exception):
                raise error.error from None
            if error.write_concern_errors:
                raise _unconfirmed() from error
            if error.error:
                raise
            return {fault["idx"]: fault["code"] for fault in error.details["writeErrors"]}
        return {}

    async def _write_one(self, database: str, writes: Mapping[int, Write]) -> dict[int, int]:
        collection = next(iter(writes.values())).collection
        models = [_model(write) for write in writes.values()]
        try:
            await self.client[database][collection].bulk_write(models, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            if details.get("writeConcernErrors"):
                raise _unconfirmed() from error
            places = list(writes)
            return {places[fault["index"]]: fault["code"] for fault in details["writeErrors"]}
        return {}

    async def found(self) -> None:
        """Wait until a server that takes writes is known. Raises StorageUnavailable."""
        if self.client.delegate.topology_description.has_writable_server():
            return
        # One looks for all: each would keep a thread.
        if self._search is None or self._search.done():
            self._search = asyncio.ensure_future(self._look())
        if (error := await asyncio.shield(self._search)) is not None:
            raise type(error)(*error.args) from error

    async def ping(self) -> None:
        """Return if somebody answers right now. Raises StorageUnavailable."""
        with mapped_errors():
            async with asyncio.timeout(PING_SECONDS):
                with pymongo.timeout(PING_SECONDS):
                    await self.client.admin.command("ping")

    async def _look(self) -> StorageUnavailable | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience_seconds
        while True:
            left = max(until - loop.time(), PING_SECONDS / 100)
            try:
                with mapped_errors(), pymongo.timeout(min(REPLY_SECONDS, left)):
                    await self.client.admin.command("ping")
            except StorageUnavailable as error:
                if isinstance(error.__cause__, ConnectionFailure) and loop.time() < until:
                    continue
                return error
            return None
