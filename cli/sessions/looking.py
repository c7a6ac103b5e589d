"""Finding recorded sessions from a terminal; each look is in the ledger."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.event import Event, EventKind
from app.errors import NotFound
from app.ids import SHORT, short
from app.search import SessionFilter
from cli.here import settings_here
from cli.storing import record, who
from policies.loader import load_catalog

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog


async def catalog_here() -> Catalog:
    return await asyncio.to_thread(load_catalog, settings_here().catalog)


async def find(storage: MongoStorage, session_id: str) -> Session:
    found = await storage.sessions.search(SessionFilter(id=session_id), limit=2)
    if not found:
        name = short(session_id) if len(session_id) <= SHORT else session_id
        raise NotFound(f"There is no session {name}: see `abeyance session list`.")
    if len(found) > 1:
        ids = " and ".join(session.id for session in found)
        raise NotFound(f"Several sessions end in {short(session_id)}: give the whole id, {ids}.")
    return found[0]


async def whole_id(storage: MongoStorage, name: str) -> str:
    """Return the id of a session that may be called by its last characters. Raises NotFound.

    A whole id stays as it is: what was purged is only in the ledger.
    """
    name = name.lower()
    return (await find(storage, name)).id if len(name) <= SHORT else name


async def note(storage: MongoStorage, what: str, session_id: str = "", *, query: str = "") -> None:
    data: dict[str, str | int] = {"by": who(), "what": what, "query": query, "in": "terminal"}
    event = Event(EventKind.REPLAY_SHOWN, SystemClock().now(), session_id, data)
    await record(storage, event)
