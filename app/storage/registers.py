"""The small stores: connections, people, statements, and the entries of the ledger."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from app.domain.event import EventKind, place
from app.domain.identity import IdentityKind
from app.errors import StorageUnavailable
from app.storage.documents import handles, to_document
from app.storage.driver import Exists, repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.domain.connection import Connection
    from app.domain.event import Entry
    from app.domain.identity import Identity
    from app.storage.bulk import Bulk, Fault, Write
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_WORKLOADS_KEPT = timedelta(days=90)
"""Since they were last seen: there is one for each branch, tag and pull request that CI ran for."""
_STATEMENTS_KEPT = timedelta(days=30)
"""No request waits for so long that a statement about it could still count."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_BITS = 40
"""Of the number of an entry in its chain; as many places are looked at first."""
_LOOKS = 32
"""At how many places between two others."""


@repeating
class MongoConnections:
    """A ConnectionStore."""

    def __init__(self, connections: Collection[Connection]) -> None:
        self._connections = connections

    async def get(self, name: str) -> Connection | None:
        return await self._connections.one({"_id": name})

    async def all(self) -> tuple[Connection, ...]:
        return await self._connections.find({})

    async def put(self, connection: Connection) -> None:
        await self._connections.put(connection.name, to_document(connection))

    async def remove(self, name: str) -> None:
        await self._connections.remove(name)


@repeating
class MongoPeople:
    """A PeopleStore."""

    def __init__(self, people: Collection[Identity]) -> None:
        self._people = people

    async def prepare(self) -> None:
        await self._people.prepare(
            Index(("addresses",)), Index(("groups",)), Index(("until",), expires=True)
        )

    async def saw(self, identity: Identity, at: datetime) -> None:
        seen = to_document(identity) | {"seen_at": at, "handles": handles(identity)}
        if identity.kind is IdentityKind.WORKLOAD:
            seen |= {"until": at + _WORKLOADS_KEPT}
        # An address once vouched for stays theirs: a newer one must not hide who they are.
        addresses = [identity.email] if identity.email else []
        update: Document = {"$set": seen, "$addToSet": {"addresses": {"$each": addresses}}}
        await self._people.make(identity.key, update)

    async def get(self, identity_key: str) -> Identity | None:
        return await self._people.one({"_id": identity_key})

    async def in_groups(self, groups: Iterable[str]) -> tuple[Identity, ...]:
        return await self._people.find({"groups": {"$in": list(groups)}})

    async def by_email(self, email: str) -> tuple[Identity, ...]:
        return await self._people.find({"addresses": email})


@dataclass(frozen=True, slots=True)
class Statement:
    statement: str
    at: datetime


class StatementStore(Protocol):
    """What people say, in Slack, that they ask for; by the key of the hold that it concerns.

    Every method may raise StorageUnavailable.
    """

    async def put(self, key: str, statement: str, at: datetime) -> None: ...

    async def remove(self, key: str) -> None: ...

    async def get(self, key: str, since: datetime) -> str:
        """Return what was said since then; empty where nothing was."""
        ...


@repeating
class MongoStatements:
    """A StatementStore."""

    def __init__(self, statements: Collection[Statement]) -> None:
        self._statements = statements

    async def prepare(self) -> None:
        await self._statements.prepare(Index(("until",), expires=True))

    async def remove(self, key: str) -> None:
        await self._statements.remove(key)

    async def put(self, key: str, statement: str, at: datetime) -> None:
        until = {"until": at + _STATEMENTS_KEPT}
        await self._statements.put(key, to_document(Statement(statement, at)) | until)

    async def get(self, key: str, since: datetime) -> str:
        found = await self._statements.one({"_id": key})
        return found.statement if found is not None and found.at >= since else ""


@repeating
class MongoLedger:
    """A LedgerStore."""

    def __init__(self, entries: Collection[Entry], bulk: Bulk) -> None:
        self._entries = entries
        self._bulk = bulk

    async def prepare(self) -> None:
        await self._entries.prepare(
            Index(("event.session_id",)),
            Index(("chain", "seq"), unique=True),
            Index(("event.at",), when={"seq": 0}),
            Index(("event.data.hold",), when={"event.data.hold": {"$gt": ""}}),
            Index(("event.data.grant",), when={"event.data.grant": {"$gt": ""}}),
        )

    async def insert(
        self, entries: Sequence[Entry], writes: Sequence[Write] = ()
    ) -> tuple[Fault, ...]:
        added = [
            self._entries.inserting(to_document(entry) | {"_id": entry.place}) for entry in entries
        ]
        faults = await self._bulk.write([*added, *writes])
        if fault := next(filter(None, faults[: len(added)]), None):
            if isinstance(fault, Exists):
                raise StorageUnavailable("another writer uses this chain of the ledger")
            raise fault
        return faults[len(added) :]

    async def entries(self, session_id: str) -> tuple[Entry, ...]:
        found = await self._entries.find({"event.session_id": session_id})
        return tuple(sorted(found, key=lambda entry: (entry.event.at, entry.chain, entry.seq)))

    async def of_holds(self, hold_ids: Sequence[str]) -> tuple[Entry, ...]:
        return await self._naming("hold", hold_ids)

    async def giving(self, grant_ids: Sequence[str]) -> tuple[Entry, ...]:
        about = await self._naming("grant", grant_ids)
        return tuple(entry for entry in about if entry.event.kind is EventKind.GRANT_GIVEN)

    async def _naming(self, what: str, ids: Sequence[str]) -> tuple[Entry, ...]:
        # One by one: for several names at once the embedded server reads the whole ledger.
        asked = (self._entries.find({f"event.data.{what}": name}) for name in ids)
        return tuple(itertools.chain.from_iterable(await asyncio.gather(*asked)))

    async def tip(self, writer: str) -> str:
        # The names of a writer's chains are in the order of time. The embedded server follows the
        # first condition that has an index: not the one that all entries of the writer meet.
        theirs = {"seq": 0, "chain": {"$gt": f"{writer}/", "$lt": f"{writer}0"}}
        newest = await self._entries.find(theirs, newest_first=True, limit=1)
        return (await self._last(newest[0].chain)).hash if newest else ""

    async def firsts(self, since: datetime | None = None) -> tuple[Entry, ...]:
        # Without a condition for its field, MongoDB does not use the index of firsts.
        return await self._entries.find({"seq": 0, "event.at": {"$gte": since or _EPOCH}})

    async def chain(self, name: str, first: int, limit: int) -> tuple[Entry, ...]:
        if limit:
            page = await self._range(name, {"$gte": first, "$lt": first + limit})
            if page:
                return page
        # Here the chain ends, or a whole page of it is missing.
        return await self._range(name, {"$gte": first}, limit)

    async def _range(self, name: str, numbers: Document, limit: int = 0) -> tuple[Entry, ...]:
        return await self._entries.find({"chain": name, "seq": numbers}, by="seq", limit=limit)

    async def _last(self, chain: str) -> Entry:
        """Return the last entry of a chain that has one.

        To find it by its order, the embedded server would read the whole chain. So looks at single
        places come ever closer to its end.
        """
        reached, behind = 0, 2**_MOST_BITS
        looks = [2**bits for bits in range(_MOST_BITS)]
        while looks:
            numbers = {place(chain, number): number for number in looks}
            there = await self._entries.ids({"_id": {"$in": list(numbers)}})
            reached = max((numbers[one] for one in there), default=reached)
            behind = min((number for number in looks if number > reached), default=behind)
            step = (behind - reached) // _LOOKS
            looks = list(range(reached + step, behind, step)) if step else []
        return (await self._range(chain, {"$gte": reached}))[-1]

    async def at(self, places: Sequence[str]) -> dict[str, Entry]:
        return {entry.place: entry for entry in await self._entries.named(places)}
