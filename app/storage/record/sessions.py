"""Sessions and the chunks of their answers.

Chunks are stored in batches, as the recorder writes them: one document for hundreds of events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.session import Chunk, CloudRun, Decision, SessionChange, SessionState, Side
from app.storage.documents import (
    between,
    calls_sought,
    session_bounds,
    session_document,
    session_query,
    to_document,
    windows,
)
from app.storage.driver import repeating
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from app.domain.session import Session
    from app.search import SessionFilter
    from app.storage.bulk import Write
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_SEARCHED = (
    *("short", "handles", "rules", "calls", "repo", "connection", "decision", "unpaged", "spoken"),
    *("cloud.agent", "hook.tool"),
)
_POINTS = ("_id", "short", "spoken", "cloud.agent")
"""What only some sessions have in common, however many there are."""
_FEW = (*_POINTS, "handles", "repo", "hook.tool", "rules")
_OFTEN = (Decision.ALLOWED.value, Decision.MASKED.value)
_NEWEST = 2
"""How many windows are looked through before all that a field leaves which leaves few."""
_MOST_MILESTONES = 2
"""In one window, where all sessions in it are looked at."""
_BATCH_BYTES = 1024 * 1024
_BATCHES_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class ChunkBatch:
    """`id` is the session's and the number of the first chunk, so that batches sort."""

    id: str
    chunks: tuple[Chunk, ...]


@repeating
class MongoSessions:
    """A SessionStore."""

    def __init__(self, sessions: Collection[Session], chunks: Collection[ChunkBatch]) -> None:
        self._sessions = sessions
        self._chunks = chunks

    async def prepare(self) -> None:
        await self._sessions.prepare(
            *(Index((field, "-_id")) for field in _SEARCHED),
            # The embedded server has none of ids alone that knows an order.
            Index(("_id", "connection")),
            Index(("milestone", "-_id"), when={"milestone": True}),
            Index(("state", "-_id"), when={"state": SessionState.OPEN.value}),
        )

    def opening(self, session: Session) -> Write:
        return self._sessions.inserting(session_document(session))

    def changing(self, session_id: str, change: SessionChange) -> Write:
        return self._sessions.changing({"_id": session_id}, _update(change))

    def appending(self, session_id: str, chunks: Sequence[Chunk]) -> list[Write]:
        batches = _batches(session_id, chunks)
        return [self._chunks.inserting(to_document(batch)) for batch in batches]

    async def adopt(self, session_id: str, gateway: str) -> None:
        await self._set(session_id, {"gateway": gateway})

    async def open_ones(self, *, after: str, limit: int) -> tuple[Session, ...]:
        still_open: Document = {"state": SessionState.OPEN.value}
        # The embedded server finds nothing beyond an empty text.
        later: Document = {"_id": {"$gt": after}} if after else {}
        return await self._sessions.find(still_open | later, limit=limit)

    async def note_run(self, session_id: str, agent: str, run: str) -> None:
        started = to_document(CloudRun(agent, run, started=True))
        await self._set(session_id, {"cloud": started})

    async def note_tokens(self, agent: str, run: str, tokens: int) -> None:
        started = {"cloud.agent": agent, "cloud.run": run, "cloud.started": True}
        await self._sessions.change(started, {"$set": {"cloud.tokens": tokens}})

    async def unpaged(self, limit: int) -> tuple[Session, ...]:
        sides = [side.value for side in Side]
        return await self._sessions.find({"unpaged": {"$in": sides}}, limit=limit)

    async def paged(self, session_id: str, side: Side) -> None:
        await self._sessions.change({"_id": session_id}, {"$pull": {"unpaged": side.value}})

    async def retract(self, session_id: str, chunks: Sequence[Chunk]) -> None:
        for batch in _batches(session_id, chunks):
            await self._chunks.remove(batch.id)

    async def get(self, session_id: str) -> Session | None:
        return await self._sessions.one({"_id": session_id})

    async def chunks(
        self, session_id: str, limit: int = 0, *, after: int = -1
    ) -> tuple[Chunk, ...]:
        found: list[Chunk] = []
        size, last = 0, f"{session_id}:{after:08}" if after >= 0 else f"{session_id}:"
        while not limit or size < limit:
            place = {"_id": {"$gt": last, "$lt": f"{session_id};"}}
            wanted = (limit - size) // _BATCH_BYTES + 1 if limit else _BATCHES_AT_ONCE
            at_once = min(wanted, _BATCHES_AT_ONCE)
            batches = await self._chunks.find(place, limit=at_once)
            found += [chunk for batch in batches for chunk in batch.chunks]
            size += sum(len(chunk.data) for batch in batches for chunk in batch.chunks)
            if len(batches) < at_once:
                break
            last = batches[-1].id
        return tuple(found)

    async def search(
        self, wanted: SessionFilter, *, limit: int, before: str = ""
    ) -> tuple[Session, ...]:
        equal, (low, high) = session_query(wanted), session_bounds(wanted, before)
        found: tuple[Session, ...] = ()
        async for query in self._looks(equal, low, high):
            left = limit - len(found)
            found += await self._sessions.find(query, newest_first=True, limit=left)
            if len(found) >= limit:
                break
        return found

    async def _looks(self, equal: Document, low: str, high: str) -> AsyncIterator[Document]:
        """Yield queries that together find all that is equal, the newest first.

        The embedded server reads all that an index gives it before it sorts, and holds up everybody
        meanwhile; so no query is about more sessions than those before it together.
        """
        field, value = next(iter(equal.items()), ("", ""))
        if field in _POINTS:
            yield equal | between(low, high)
            return
        marks = {"milestone": True} | between(low, high)
        milestones = await self._sessions.ids(marks, newest_first=True)
        # Of several fields it takes the first that has an index, and that one alone.
        several = len(equal) > 1
        most = _MOST_MILESTONES if several else 0
        for number, (first, behind) in enumerate(windows(milestones, low, high, most)):
            if several and number == _NEWEST and _leaves_few(field, value):
                yield equal | between(low, behind)
                return
            yield between(first, behind) | equal

    async def _set(self, session_id: str, fields: Document) -> None:
        await self._sessions.change({"_id": session_id}, {"$set": fields})


def _update(change: SessionChange) -> Document:
    fields: Document = {}
    if change.decision is not None:
        fields["decision"] = change.decision.value
    if change.grants:
        fields["grants"] = list(change.grants)
    sides = {side.value for side in change.unpaged}
    if change.state is not None:
        fields |= {"state": change.state.value, "reason": change.reason}
        if change.state is SessionState.INDETERMINATE:
            # How much of an answer was recorded is not known where the gateway died.
            sides.add(Side.ANSWER.value)
    added = {"unpaged": sorted(sides)}
    if answer := change.answer:
        fields["answer"] = to_document(answer)
        # People search for what fired on the answer as for what fired on the request.
        rules = {*answer.rules, *(rule for call in answer.calls for rule in call.rules)}
        added |= {"rules": sorted(rules), "calls": calls_sought(answer.calls)}
    lists = {name: {"$each": values} for name, values in added.items() if values}
    return {"$set": fields} | ({"$addToSet": lists} if lists else {})


def _leaves_few(field: str, value: str) -> bool:
    if field == "calls":
        return "call:" in value and not value.endswith(_OFTEN)
    return field in _FEW or (field == "decision" and value not in _OFTEN)


def _batches(session_id: str, chunks: Sequence[Chunk]) -> Iterator[ChunkBatch]:
    """Group chunks so that no document grows beyond what a database takes."""
    waiting: list[Chunk] = []
    size = 0
    for chunk in chunks:
        if waiting and size + len(chunk.data) > _BATCH_BYTES:
            yield _batch(session_id, waiting)
            waiting, size = [], 0
        waiting.append(chunk)
        size += len(chunk.data)
    if waiting:
        yield _batch(session_id, waiting)


def _batch(session_id: str, chunks: Sequence[Chunk]) -> ChunkBatch:
    return ChunkBatch(f"{session_id}:{chunks[0].seq:08}", tuple(chunks))
