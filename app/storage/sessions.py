"""Sessions and the chunks of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.session import SessionState
from app.storage.documents import session_document, session_query, to_document
from app.storage.mongo import Index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.session import Chunk, Decision, RecordedAnswer, Session
    from app.search import SessionFilter
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_SEARCHED = ("short", "handles", "rules", "repo", "connection", "decision", "state")


class MongoSessions:
    """A SessionStore."""

    def __init__(self, sessions: Collection[Session], chunks: Collection[Chunk]) -> None:
        self._sessions = sessions
        self._chunks = chunks

    async def prepare(self) -> None:
        await self._chunks.prepare(Index(("session_id", "seq")))
        await self._sessions.prepare(*(Index((field, "-_id")) for field in _SEARCHED))

    async def open(self, session: Session) -> None:
        await self._sessions.insert(session_document(session))

    async def decide(self, session_id: str, decision: Decision) -> None:
        await self._set(session_id, {"decision": decision.value})

    async def adopt(self, session_id: str, gateway: str) -> None:
        await self._set(session_id, {"gateway": gateway})

    async def open_ones(self, *, after: str, limit: int) -> tuple[Session, ...]:
        still_open: Document = {"state": SessionState.OPEN.value}
        # The embedded server finds nothing beyond an empty text.
        later: Document = {"_id": {"$gt": after}} if after else {}
        return await self._sessions.find(still_open | later, limit=limit)

    async def answer(self, session_id: str, answer: RecordedAnswer) -> None:
        await self._sessions.change(
            {"_id": session_id},
            {
                "$set": {"answer": to_document(answer)},
                # People search for what fired on the answer as for what fired on the request.
                "$addToSet": {"rules": {"$each": list(answer.rules)}},
            },
        )

    async def close(self, session_id: str, state: SessionState) -> None:
        await self._set(session_id, {"state": state.value})

    async def append(self, session_id: str, chunks: Sequence[Chunk]) -> None:
        place = {"session_id": session_id}
        await self._chunks.insert(
            *(
                to_document(chunk) | place | {"_id": f"{session_id}:{chunk.seq:08}"}
                for chunk in chunks
            )
        )

    async def get(self, session_id: str) -> Session | None:
        return await self._sessions.one({"_id": session_id})

    async def chunks(self, session_id: str) -> tuple[Chunk, ...]:
        return await self._chunks.find({"session_id": session_id})

    async def search(
        self, wanted: SessionFilter, *, limit: int, before: str = ""
    ) -> tuple[Session, ...]:
        query = session_query(wanted, before)
        return await self._sessions.find(query, newest_first=True, limit=limit)

    async def _set(self, session_id: str, fields: Document) -> None:
        await self._sessions.change({"_id": session_id}, {"$set": fields})
