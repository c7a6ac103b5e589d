"""The holds of a session: of its request, and of tool calls in its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.event import Entry
    from app.domain.hold import Hold
    from app.domain.record.session import Session
    from app.storage.ports import HoldStore


async def holds_of(
    holds: HoldStore, session: Session, entries: Iterable[Entry] = ()
) -> tuple[Hold, ...]:
    """Return all holds in a session, oldest first. Raises StorageUnavailable.

    The session names those of calls only once its answer is complete; until then `entries`, which
    the ledger has of it, do.
    """
    told = {str(entry.event.data.get("hold", "")) for entry in entries} - {""}
    ids = session.hold_ids | told
    found = await holds.get_many(sorted(ids)) if ids else ()
    theirs = (one for one in found if one.id in session.hold_ids or one.session_id == session.id)
    return tuple(sorted(theirs, key=lambda one: (one.created_at, one.id)))


def own_hold(session: Session, holds: Iterable[Hold]) -> Hold | None:
    """Return the hold of the request itself."""
    return next((hold for hold in holds if hold.id == session.hold_id), None)
