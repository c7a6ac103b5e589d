"""Sessions and the chunks of their answers.

Chunks are stored in batches, as the recorder writes them: one document for hundreds of events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.session import Chunk, CloudRun, SessionChange, SessionState, Side
from app.storage.documents import to_document
from app.storage.driver import repeating
from app.storage.mongo import Index
from app.storage.record.searching import newest_first
from app.storage.record.terms import (
    agent_term,
    answer_terms,
    session_document,
    session_terms,
    unpaged_term,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.domain.session import Session
    from app.search import SessionFilter
    from app.storage.bulk import Write
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_BATCH = 100
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
        # The embedded server has none of ids alone that knows an order.
        await self._sessions.prepare(Index(("_id", "connection")))
        terms = Index(("terms", "-_id"))
        if not await self._sessions.has(terms):
            await self._add_terms()
        await self._sessions.prepare(
            terms,
            Index(("decision", "-_id")),
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
        found_by = {"$addToSet": {"terms": agent_term(agent)}}
        await self._sessions.change({"_id": session_id}, {"$set": {"cloud": started}} | found_by)

    async def note_tokens(self, agent: str, run: str, tokens: int) -> None:
        started = {"terms": agent_term(agent), "cloud.run": run, "cloud.started": True}
        await self._sessions.change(started, {"$set": {"cloud.tokens": tokens}})

    async def unpaged(self, limit: int) -> tuple[Session, ...]:
        waiting = [unpaged_term(side) for side in Side]
        return await self._sessions.find({"terms": {"$in": waiting}}, limit=limit)

    async def paged(self, session_id: str, side: Side) -> None:
        done = {"unpaged": side.value, "terms": unpaged_term(side)}
        await self._sessions.change({"_id": session_id}, {"$pull": done})

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
        return await newest_first(self._sessions, wanted, limit=limit, before=before)

    async def _add_terms(self) -> None:
        """Give terms to sessions of an older version, which searches would not find."""
        last = ""
        while found := await self._sessions.find(
            {"_id": {"$gt": last}} if last else {}, limit=_BATCH
        ):
            for session in found:
                await self._set(session.id, {"terms": session_terms(session)})
            last = found[-1].id

    async def _set(self, session_id: str, fields: Document) -> None:
        await self._sessions.change({"_id": session_id}, {"$set": fields})


def _update(change: SessionChange) -> Document:
    fields: Document = {}
    if change.decision is not None:
        fields["decision"] = change.decision.value
    if change.grants:
        fields["grants"] = list(change.grants)
    sides = set(change.unpaged)
    if change.state is not None:
        fields |= {"state": change.state.value, "reason": change.reason}
        if change.state is SessionState.INDETERMINATE:
            # How much of an answer was recorded is not known where the gateway died.
            sides.add(Side.ANSWER)
    terms = [unpaged_term(side) for side in sorted(sides)]
    if answer := change.answer:
        fields["answer"] = to_document(answer)
        terms += answer_terms(answer)
    added = {"unpaged": [side.value for side in sorted(sides)], "terms": terms}
    lists = {name: {"$each": values} for name, values in added.items() if values}
    return {"$set": fields} | ({"$addToSet": lists} if lists else {})


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
