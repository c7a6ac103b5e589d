"""A session is written after the last byte of its answer has gone: this waits for its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.record.session import SessionState

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage


async def recorded(storage: MongoStorage, session_id: str) -> Session:
    """Return a session once it has ended."""
    while True:
        session = await storage.sessions.get(session_id)
        if session is not None and session.state is not SessionState.OPEN:
            return session
