"""What proves single sessions: their content, their entries, and what explains those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.proof.bundle import session_record
from app.audit.proof.reasons import RELEASED_BY
from app.audit.proof.stories import erased_keys
from app.domain.record.session import sent, whole
from app.errors import ContentErased, NotFound
from app.replay.reader import Reader
from proxy.facts import digested_head

if TYPE_CHECKING:
    from app.audit.proof.bundle import Record
    from app.domain.event import Entry
    from app.storage.store import MongoStorage


async def stored_session(storage: MongoStorage, session_id: str) -> Record | None:
    """Return what is stored of a session; None where nothing is, or where it was erased.

    Raises StorageUnavailable; Damaged where a part of it is missing or was changed.
    """
    try:
        return await _stored(storage, session_id)
    except ContentErased:
        return None


async def _stored(storage: MongoStorage, session_id: str) -> Record | None:
    session = await storage.sessions.get(session_id)
    if session is None:
        return None
    body = await Reader(storage.sessions, storage.pieces, storage.pages).body(session)
    head = digested_head(session.connection, whole(session.request, body))
    answer: bytes | None = None
    if session.answer is not None:
        answer = sent(await storage.sessions.chunks(session_id))
    return session_record(session_id, session.identity.key, head, body, answer)


async def entries_about(storage: MongoStorage, sessions: list[str]) -> dict[str, Entry]:
    """Return the entries of some sessions, and those without which they cannot be understood."""
    told: list[Entry] = []
    for session in sessions:
        entries = await storage.ledger.entries(session)
        if not entries:
            raise NotFound(f"The ledger has no session {session}: give its whole id.")
        told += entries
    besides = [*await _releasing(storage, told), *await _erasing(storage, told)]
    return {entry.place: entry for entry in [*told, *besides]}


async def _releasing(storage: MongoStorage, told: list[Entry]) -> list[Entry]:
    """Return what people said, in these sessions or in others, that released something of them."""
    named = {
        str(entry.event.data[key])
        for key in ("hold", "grant")
        for entry in told
        if key in entry.event.data
    }
    given = await storage.grants.get_many(sorted(named))
    wanted = named | {grant.hold_id for grant in given}
    holds = await storage.holds.get_many(sorted(wanted))
    found: list[Entry] = []
    for session in sorted({hold.session_id for hold in holds}):
        found += await storage.ledger.entries(session)
    # Those of sessions that were purged meanwhile, and of grants that ended with them.
    gone = wanted - {grant.id for grant in given} - {hold.id for hold in holds}
    giving = await storage.ledger.giving(sorted(gone))
    gone |= {str(entry.event.data.get("hold", "")) for entry in giving}
    found += await storage.ledger.of_holds(sorted(gone))
    return [entry for entry in found if entry.event.kind in RELEASED_BY]


async def _erasing(storage: MongoStorage, told: list[Entry]) -> list[Entry]:
    """Return the tombstones of the data keys that sealed the content of these sessions."""
    keys = {str(entry.event.data["key"]) for entry in told if "key" in entry.event.data}
    # Nothing is to be explained of a key that still opens what it sealed.
    keys -= {key.id for key in await storage.keys.get_many(keys) if key.wrapped}
    if not keys:
        return []
    of_nobody = await storage.ledger.entries("")
    return [
        entry for entry in of_nobody if keys & set(erased_keys(entry.event.kind, entry.event.data))
    ]
