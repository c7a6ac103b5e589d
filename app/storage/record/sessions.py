"""Sessions and the chunks of their answers.

Chunks are stored in batches, as the recorder writes them: one document for hundreds of events.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.record.session import Chunk, CloudRun, SessionChange, SessionState, Side
from app.errors import BadRequest
from app.ids import first_id
from app.storage.documents import between, to_document
from app.storage.driver import repeating
from app.storage.mongo import Index
from app.storage.record.pairs import session_pairs
from app.storage.record.searching import Milestones, newest_first
from app.storage.record.terms import (
    agent_term,
    answer_terms,
    called_terms,
    conversation_term,
    grant_term,
    said_term,
    session_terms,
    unpaged_term,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

    from app.domain.record.session import Session
    from app.sealing.data_key import DataKey
    from app.sealing.data_keys import DataKeys
    from app.search import SessionFilter
    from app.storage.bulk import Write
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_BATCH = 100
_BATCH_BYTES = 1024 * 1024
_BATCHES_AT_ONCE = 16
_CHUNKS = msgspec.msgpack.Decoder(tuple[Chunk, ...])
_TERMS = Index(("terms", "-_id"))
_PAIRS = Index(("pairs", "-_id"), when={"pairs": {"$gt": ""}})


@dataclass(frozen=True, slots=True)
class ChunkBatch:
    """`id` is the session's and the number of the first chunk, so that batches sort.

    `seal` has the chunks and opens with the data key named `key`; `name` is a keyed digest of
    them, by which a batch that is written again is known. What was stored unsealed is in `chunks`.
    """

    id: str
    chunks: tuple[Chunk, ...] = ()
    key: str = ""
    seal: bytes = b""
    name: str = ""


@repeating
class MongoSessions:
    """A SessionStore."""

    def __init__(
        self,
        sessions: Collection[Session],
        chunks: Collection[ChunkBatch],
        keys: DataKeys,
        judged_by: Callable[[Iterable[str]], Awaitable[Sequence[str]]],
    ) -> None:
        """`judged_by` returns the ids of the sessions that a person has voted on."""
        self._judged_by = judged_by
        self._sessions = sessions
        self._milestones = Milestones(sessions)
        self._chunks = chunks
        self._keys = keys

    async def prepare(self) -> None:
        # The embedded server has none of ids alone that knows an order.
        await self._sessions.prepare(Index(("_id", "connection")))
        await self._chunks.prepare(Index(("_id", "key")))
        if not await self._sessions.has(_TERMS):
            await self._add_to_all(lambda session: {"terms": session_terms(session)})
        if not await self._sessions.has(_PAIRS):
            await self._add_to_all(_paired)
        await self._sessions.prepare(
            _TERMS,
            _PAIRS,
            Index(("decision", "-_id")),
            Index(("state", "-_id"), when={"state": SessionState.OPEN.value}),
        )

    def opening(self, session: Session) -> Write:
        found_by = {"terms": session_terms(session)} | _paired(session)
        return self._sessions.inserting(to_document(session) | found_by)

    def changing(self, session: Session, change: SessionChange) -> Write:
        return self._sessions.changing({"_id": session.id}, _update(session, change))

    def appending(self, session_id: str, chunks: Sequence[Chunk], key: DataKey) -> list[Write]:
        batches = _batches(session_id, chunks)
        return [
            self._chunks.inserting(to_document(_sealed(batch, key)), random="seal")
            for batch in batches
        ]

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

    async def unpaged(self, limit: int, after: str = "") -> tuple[Session, ...]:
        waiting = {"terms": {"$in": [unpaged_term(side) for side in Side]}}
        return await self._sessions.find(waiting | {"_id": {"$gt": after}}, limit=limit)

    async def paged(self, session_id: str, side: Side) -> None:
        done = {"unpaged": side.value, "terms": unpaged_term(side)}
        await self._sessions.change({"_id": session_id}, {"$pull": done})

    async def retract(self, session_id: str, chunks: Sequence[Chunk]) -> None:
        for batch in _batches(session_id, chunks):
            await self._chunks.remove(batch.id)

    async def between(self, after: str, before: str, *, limit: int) -> tuple[Session, ...]:
        bounds = {"$lt": before} | ({"$gt": after} if after else {})
        return await self._sessions.find({"_id": bounds}, limit=limit)

    async def sharing(self, session: Session) -> tuple[Session, ...]:
        if session.conversation is None:
            return ()
        day = session.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
        ids = between(first_id(day), first_id(day + timedelta(days=1)))
        spoken = conversation_term(session.conversation)
        found = await self._sessions.find({"terms": spoken} | ids)
        return tuple(other for other in found if other.id != session.id)

    async def saying(self, said: str) -> Session | None:
        found = await self._sessions.find({"terms": said_term(said)}, newest_first=True, limit=1)
        return found[0] if found else None

    async def referring(self, pieces: Sequence[str]) -> tuple[Session, ...]:
        return await self._sessions.find({"request.pieces": {"$in": list(pieces)}})

    async def names_grant(self, grant_id: str) -> bool:
        return await self._sessions.one({"terms": grant_term(grant_id)}) is not None

    async def remove_chunks(self, session_id: str) -> None:
        await self._chunks.remove_all({"_id": {"$gt": f"{session_id}:", "$lt": f"{session_id};"}})

    async def remove(self, session_id: str) -> None:
        await self._sessions.remove(session_id)

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
            stored = await self._chunks.find(place, limit=at_once)
            keys = await self._keys.opened({batch.key for batch in stored if batch.key})
            batches = [_opened(batch, keys) if batch.key else batch for batch in stored]
            found += [chunk for batch in batches for chunk in batch.chunks]
            size += sum(len(chunk.data) for batch in batches for chunk in batch.chunks)
            if len(batches) < at_once:
                break
            last = batches[-1].id
        return tuple(found)

    async def search(
        self, wanted: SessionFilter, *, limit: int, before: str = ""
    ) -> tuple[Session, ...]:
        if wanted.text:
            raise BadRequest("“text:” can't be used here: only a list is searched for a text.")
        among = await self._judged(wanted)
        return await newest_first(
            *(self._sessions, self._milestones, wanted), limit=limit, before=before, among=among
        )

    async def _judged(self, wanted: SessionFilter) -> set[str] | None:
        """Return the ids of the sessions that the wanted people voted on; None where all count."""
        people = [names for names in ({wanted.approver} - {""}, wanted.voters) if names]
        found = [set(await self._judged_by(names)) for names in people]
        return set.intersection(*found) if found else None

    async def _add_to_all(self, found_by: Callable[[Session], Document]) -> None:
        """Add what searches need to the lists of the sessions of an older version."""
        last = ""
        while found := await self._sessions.find(
            {"_id": {"$gt": last}} if last else {}, limit=_BATCH
        ):
            for session in found:
                if lists := found_by(session):
                    await self._sessions.change({"_id": session.id}, _added(lists))
            last = found[-1].id

    async def _set(self, session_id: str, fields: Document) -> None:
        await self._sessions.change({"_id": session_id}, {"$set": fields})


def _update(session: Session, change: SessionChange) -> Document:
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
    if change.state is not None:
        terms += called_terms(change.called, change.decision)
    terms += map(said_term, change.said)
    terms += map(grant_term, change.grants)
    lists = {"unpaged": [side.value for side in sorted(sides)], "terms": terms}
    return {"$set": fields} | _added(lists | _paired(_after(session, change)))


def _after(session: Session, change: SessionChange) -> Session:
    """Return a session as it is found once it has changed."""
    return replace(
        session,
        decision=change.decision or session.decision,
        answer=change.answer or session.answer,
        state=change.state or session.state,
    )


def _paired(session: Session) -> Document:
    pairs = session_pairs(session)
    return {"pairs": pairs} if pairs else {}


def _added(lists: Document) -> Document:
    """Return the part of an update that adds to lists what is not in them yet."""
    each = {name: {"$each": values} for name, values in lists.items() if values}
    return {"$addToSet": each} if each else {}


def _sealed(batch: ChunkBatch, key: DataKey) -> ChunkBatch:
    data, place = msgspec.msgpack.encode(batch.chunks), _place(batch.id)
    return ChunkBatch(batch.id, (), key.id, key.seal(place, data), key.name(place, data))


def _opened(batch: ChunkBatch, keys: Mapping[str, DataKey]) -> ChunkBatch:
    data = keys[batch.key].open(_place(batch.id), batch.seal)
    return ChunkBatch(batch.id, _CHUNKS.decode(data))


def _place(batch_id: str) -> str:
    return f"part {batch_id} of an answer"


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
