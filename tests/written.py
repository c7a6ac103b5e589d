"""Sessions in the record, written as the product does: with a commit of its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.domain.record.session import SessionChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.domain.record.session import Chunk, Session
    from app.sealing.data_key import DataKey
    from app.storage.bulk import Write
    from app.storage.store import MongoStorage


async def open_session(storage: MongoStorage, session: Session) -> None:
    await write(storage, storage.sessions.opening(session))


async def change_session(storage: MongoStorage, session_id: str, **fields: Any) -> None:  # noqa: ANN401
    """Change a session; `fields` are those of `SessionChange`."""
    session = await storage.sessions.get(session_id)
    assert session is not None
    await write(storage, storage.sessions.changing(session, SessionChange(**fields)))


async def append_chunks(
    storage: MongoStorage, session_id: str, chunks: Sequence[Chunk], key: DataKey | None = None
) -> None:
    key = key or await storage.data_keys.of("somebody")
    await write(storage, *storage.sessions.appending(session_id, chunks, key))


async def write(storage: MongoStorage, *writes: Write) -> None:
    """Return when all are written. Raises what became of the first that is not."""
    for fault in await storage.ledger.insert((), writes):
        if fault is not None:
            raise fault
