"""MongoDB. The only file that imports the driver, so that another driver is another file.

Written for real MongoDB and for the embedded server alike, hence: no findAndModify, no `$or`, no
`$$NOW`, indexes of two fields at most, time-ordered ids as the sort key.
"""

from __future__ import annotations

import functools
import inspect
import os
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

# Each idle change stream keeps one of Motor's threads; its default pool is too small beside it.
os.environ.setdefault("MOTOR_MAX_WORKERS", "48")

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError

from app.domain.connection import Connection
from app.domain.hold import Hold, HoldState
from app.domain.identity import Identity
from app.domain.session import Chunk, Session
from app.errors import StorageUnavailable, Superseded
from app.storage.documents import (
    Document,
    from_document,
    handles,
    hold_document,
    session_document,
    session_query,
    to_document,
)
from app.storage.ports import Entry, Notice

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

    from app.domain.session import Decision, RecordedAnswer, SessionState
    from app.search import SessionFilter

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)


def _unavailable(error: PyMongoError) -> StorageUnavailable:
    return StorageUnavailable(f"MongoDB does not answer as it should: {type(error).__name__}")


def _guarded(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await method(*args, **kwargs)
        except PyMongoError as error:
            raise _unavailable(error) from error

    return call


def _mapping_errors(store: C) -> C:
    """Wrap every coroutine of a store, so that no driver error leaves this file."""
    for name, method in list(vars(store).items()):
        if inspect.iscoroutinefunction(method):
            setattr(store, name, _guarded(method))
    return store


class _Store:
    def __init__(self, database: AsyncIOMotorDatabase[Document], name: str) -> None:
        self._rows: AsyncIOMotorCollection[Document] = database[name]


@_mapping_errors
class MongoSessions(_Store):
    def __init__(self, database: AsyncIOMotorDatabase[Document], name: str) -> None:
        super().__init__(database, name)
        self._chunks: AsyncIOMotorCollection[Document] = database["chunks"]

    async def prepare(self) -> None:
        await self._chunks.create_index([("session_id", ASCENDING), ("seq", ASCENDING)])
        for field in ("handles", "rules", "repo", "connection", "decision", "state"):
            await self._rows.create_index([(field, ASCENDING), ("_id", DESCENDING)])

    async def open(self, session: Session) -> None:
        await self._rows.insert_one(session_document(session))

    async def decide(self, session_id: str, decision: Decision) -> None:
        await self._rows.update_one({"_id": session_id}, {"$set": {"decision": decision.value}})

    async def answer(self, session_id: str, answer: RecordedAnswer) -> None:
        await self._rows.update_one({"_id": session_id}, {"$set": {"answer": to_document(answer)}})

    async def close(self, session_id: str, state: SessionState) -> None:
        await self._rows.update_one({"_id": session_id}, {"$set": {"state": state.value}})

    async def append(self, session_id: str, chunks: Sequence[Chunk]) -> None:
        await self._chunks.insert_many(
            [
                to_document(chunk)
                | {"_id": f"{session_id}:{chunk.seq:08}", "session_id": session_id}
                for chunk in chunks
            ]
        )

    async def get(self, session_id: str) -> Session | None:
        row = await self._rows.find_one({"_id": session_id})
        return from_document(Session, row) if row else None

    async def chunks(self, session_id: str) -> tuple[Chunk, ...]:
        rows = self._chunks.find({"session_id": session_id}).sort("_id", ASCENDING)
        return tuple([from_document(Chunk, row) async for row in rows])

    async def search(
        self, wanted: SessionFilter, *, limit: int, before: str = ""
    ) -> tuple[Session, ...]:
        rows = self._rows.find(session_query(wanted, before)).sort("_id", DESCENDING).limit(limit)
        return tuple([from_document(Session, row) async for row in rows])


@_mapping_errors
class MongoHolds(_Store):
    async def prepare(self) -> None:
        # A closed hold has no `open_key`: so the index forbids two open holds of one request.
        await self._rows.create_index(
            [("open_key", ASCENDING)],
            unique=True,
            partialFilterExpression={"open_key": {"$exists": True}},
        )
        await self._rows.create_index([("state", ASCENDING), ("_id", ASCENDING)])
        await self._rows.create_index([("settled", ASCENDING), ("_id", ASCENDING)])

    async def open(self, hold: Hold) -> Hold:
        try:
            await self._rows.insert_one(hold_document(hold))
        except DuplicateKeyError:
            existing = await self.find_open(hold.key)
            # It closed between the two calls: the next try finds the way free.
            return existing or await self.open(hold)
        return hold

    async def get(self, hold_id: str) -> Hold | None:
        row = await self._rows.find_one({"_id": hold_id})
        return from_document(Hold, row) if row else None

    async def get_many(self, hold_ids: Iterable[str]) -> tuple[Hold, ...]:
        return await self._find({"_id": {"$in": list(hold_ids)}})

    async def find_open(self, key: str) -> Hold | None:
        row = await self._rows.find_one({"open_key": key})
        return from_document(Hold, row) if row else None

    async def move(self, old: Hold, new: Hold) -> None:
        expected = {"_id": old.id, "state": old.state.value, "revision": old.revision}
        document = hold_document(new)
        # What other writers note beside the state is theirs to change.
        changed = {k: v for k, v in document.items() if k not in ("_id", "attached", "outcome")}
        update: Document = {"$set": changed}
        if not new.state.open:
            update["$unset"] = {"open_key": ""}
        result = await self._rows.update_one(expected, update)
        if not result.modified_count:
            current = await self.get(old.id)
            raise Superseded(current or old)

    async def attach(self, hold_id: str, *, attached: bool) -> None:
        await self._note(hold_id, {"attached": attached})

    async def note_outcome(self, hold_id: str, outcome: str) -> None:
        await self._note(hold_id, {"outcome": outcome})

    async def _note(self, hold_id: str, fields: Document) -> None:
        await self._rows.update_one({"_id": hold_id}, {"$set": fields | {"settled": False}})

    async def pending(self) -> tuple[Hold, ...]:
        return await self._find({"state": HoldState.PENDING.value})

    async def unsettled(self) -> tuple[Hold, ...]:
        return await self._find({"settled": False})

    async def settle(self, hold: Hold) -> bool:
        shown = {
            "_id": hold.id,
            "revision": hold.revision,
            "outcome": hold.outcome,
            "attached": hold.attached,
        }
        result = await self._rows.update_one(shown, {"$set": {"settled": True}})
        return bool(result.matched_count)

    async def due(self, now: datetime) -> tuple[Hold, ...]:
        open_holds = await self._find(
            {"state": {"$in": [HoldState.PENDING.value, HoldState.APPROVED.value]}}
        )
        return tuple(hold for hold in open_holds if hold.due_at is not None and hold.due_at <= now)

    async def watch(self, opened: asyncio.Event) -> AsyncGenerator[Hold, None]:
        writes = [{"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}}]
        try:
            async with self._rows.watch(writes, full_document="updateLookup") as stream:
                opened.set()
                async for change in stream:
                    if row := change.get("fullDocument"):
                        yield from_document(Hold, row)
        except PyMongoError as error:
            raise _unavailable(error) from error

    async def _find(self, query: Document) -> tuple[Hold, ...]:
        rows = self._rows.find(query).sort("_id", ASCENDING)
        return tuple([from_document(Hold, row) async for row in rows])


@_mapping_errors
class MongoNotices(_Store):
    async def prepare(self) -> None:
        await self._rows.create_index([("hold_id", ASCENDING), ("_id", ASCENDING)])
        await self._rows.create_index([("finished", ASCENDING), ("_id", ASCENDING)])

    async def ensure(self, notice: Notice) -> Notice:
        try:
            await self._rows.insert_one(to_document(notice) | {"finished": False})
        except DuplicateKeyError:
            row = await self._rows.find_one({"_id": notice.id})
            return from_document(Notice, row) if row else await self.ensure(notice)
        return notice

    async def lease(self, notice: Notice, *, now: datetime, until: datetime) -> Notice | None:
        if notice.leased_until is not None and notice.leased_until > now:
            return None
        fence = {"_id": notice.id, "fence": notice.fence}
        taken: Document = {"fence": notice.fence + 1, "leased_until": until, "finished": False}
        result = await self._rows.update_one(fence, {"$set": taken})
        if not result.modified_count:
            return None
        row = await self._rows.find_one({"_id": notice.id})
        return from_document(Notice, row) if row else None

    async def record(self, leased: Notice, *, channel: str, ts: str, shown: str) -> bool:
        fence = {"_id": leased.id, "fence": leased.fence}
        posted: Document = {
            "channel": channel,
            "ts": ts,
            "shown": shown,
            "leased_until": None,
            "finished": True,
        }
        result = await self._rows.update_one(fence, {"$set": posted})
        return bool(result.matched_count)

    async def of_hold(self, hold_id: str) -> tuple[Notice, ...]:
        return await self._find({"hold_id": hold_id})

    async def unfinished(self) -> tuple[Notice, ...]:
        return await self._find({"finished": False})

    async def _find(self, query: Document) -> tuple[Notice, ...]:
        rows = self._rows.find(query).sort("_id", ASCENDING)
        return tuple([from_document(Notice, row) async for row in rows])


@_mapping_errors
class MongoConnections(_Store):
    async def get(self, name: str) -> Connection | None:
        row = await self._rows.find_one({"_id": name})
        return from_document(Connection, row) if row else None

    async def all(self) -> tuple[Connection, ...]:
        rows = self._rows.find({}).sort("_id", ASCENDING)
        return tuple([from_document(Connection, row) async for row in rows])

    async def put(self, connection: Connection) -> None:
        document = to_document(connection)
        await self._rows.replace_one({"_id": connection.name}, document, upsert=True)

    async def remove(self, name: str) -> bool:
        result = await self._rows.delete_one({"_id": name})
        return bool(result.deleted_count)


@_mapping_errors
class MongoPeople(_Store):
    async def prepare(self) -> None:
        await self._rows.create_index([("email", ASCENDING)])

    async def saw(self, identity: Identity, at: datetime) -> None:
        seen = to_document(identity) | {"seen_at": at, "handles": handles(identity)}
        await self._rows.replace_one({"_id": identity.key}, seen, upsert=True)

    async def by_email(self, email: str) -> tuple[Identity, ...]:
        rows = self._rows.find({"email": email})
        return tuple([from_document(Identity, row) async for row in rows])


@_mapping_errors
class MongoLedger(_Store):
    async def prepare(self) -> None:
        await self._rows.create_index([("event.session_id", ASCENDING)])

    async def insert(self, entries: Sequence[Entry]) -> None:
        rows = [to_document(entry) | {"_id": f"{entry.chain}:{entry.seq:012}"} for entry in entries]
        try:
            await self._rows.insert_many(rows)
        except BulkWriteError as error:
            raise _unavailable(error) from error

    async def entries(self, session_id: str) -> tuple[Entry, ...]:
        rows = self._rows.find({"event.session_id": session_id})
        found = [from_document(Entry, row) async for row in rows]
        return tuple(sorted(found, key=lambda entry: (entry.event.at, entry.chain, entry.seq)))


class MongoStorage:
    """Every store of one database. Close it when the process ends."""

    def __init__(self, client: AsyncIOMotorClient[Document], database: str) -> None:
        self._client = client
        self._database = client[database]
        self.sessions = MongoSessions(self._database, "sessions")
        self.holds = MongoHolds(self._database, "holds")
        self.notices = MongoNotices(self._database, "notices")
        self.connections = MongoConnections(self._database, "connections")
        self.people = MongoPeople(self._database, "people")
        self.ledger = MongoLedger(self._database, "ledger")

    @classmethod
    def connect(cls, uri: str, database: str = "abeyance", patience_ms: int = 3000) -> MongoStorage:
        """Return at once; the first call finds out whether anybody answers within patience."""
        options: dict[str, Any] = {"tz_aware": True, "appname": "abeyance"}
        options["serverSelectionTimeoutMS"] = options["connectTimeoutMS"] = patience_ms
        return cls(AsyncIOMotorClient(uri, **options), database)

    async def prepare(self) -> None:
        """Make the indexes; harmless where they exist. Raises StorageUnavailable."""
        for store in (self.sessions, self.holds, self.notices, self.people, self.ledger):
            await store.prepare()

    @_guarded
    async def ping(self) -> None:
        await self._database.command("ping")

    def close(self) -> None:
        self._client.close()
