"""Searches of sessions: the newest first, a window of time after the other.

The embedded server reads and sorts all that an index gives it before it applies a limit, and holds
up everybody meanwhile; and of several conditions it uses the index of one alone. So no query is
about more sessions than those before it together, or about a list of ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.ids import first_id
from app.storage.documents import between
from app.storage.record.terms import MILESTONE, fewest, is_point, leaves_few, session_query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from app.domain.record.session import Session
    from app.search import SessionFilter
    from app.storage.documents import Document
    from app.storage.mongo import Collection

_MOST_MILESTONES = 2
"""In one window, where all sessions in it are looked at."""
_IDS_AT_ONCE = 200


async def newest_first(
    sessions: Collection[Session],
    wanted: SessionFilter,
    *,
    limit: int,
    before: str,
    among: Iterable[str] | None = None,
) -> tuple[Session, ...]:
    """Return what is wanted among the sessions older than `before`; an empty one is now.

    `among` are the only ids that count, where there is such a condition.
    """
    equal, (low, high) = session_query(wanted), _bounds(wanted, before)
    found: tuple[Session, ...] = ()
    queries = _queries(sessions, equal, low, high)
    if among is not None:
        queries = _of_ids(_within(among, low, high), equal)
    async for query in queries:
        left = limit - len(found)
        found += await sessions.find(query, newest_first=True, limit=left)
        if len(found) >= limit:
            break
    return found


async def _queries(
    sessions: Collection[Session], equal: Document, low: str, high: str
) -> AsyncIterator[Document]:
    """Yield queries that together find all that is equal, the newest first."""
    index = fewest(equal)
    several = equal != index
    if one := equal.get("_id"):
        if low <= one and (not high or one < high):
            yield equal
        return
    if is_point(index):
        async for query in _by_ids(sessions, equal, index | between(low, high)):
            yield query
        return
    marks = {"terms": MILESTONE} | between(low, high)
    milestones = await sessions.ids(marks, newest_first=True)
    few = several and leaves_few(index)
    most = _MOST_MILESTONES if several and not few else 0
    for first, behind in windows(milestones, low, high, most):
        window = between(first, behind)
        if not few:
            yield window | equal
            continue
        async for query in _by_ids(sessions, equal, index | window):
            yield query


async def _by_ids(
    sessions: Collection[Session], equal: Document, few: Document
) -> AsyncIterator[Document]:
    """Yield queries that find what is equal among the few of one index."""
    async for query in _of_ids(await sessions.ids(few, newest_first=True), equal):
        yield query


async def _of_ids(ids: Sequence[str], equal: Document) -> AsyncIterator[Document]:
    """Yield queries that find what is equal among ids, which are in order."""
    others = dict(equal)
    one = others.pop("_id", None)
    ids = [each for each in ids if one in {None, each}]
    for at in range(0, len(ids), _IDS_AT_ONCE):
        yield {"_id": {"$in": ids[at : at + _IDS_AT_ONCE]}} | others


def _within(ids: Iterable[str], low: str, high: str) -> list[str]:
    inside = {each for each in ids if low <= each and (not high or each < high)}
    return sorted(inside, reverse=True)


def _bounds(wanted: SessionFilter, before: str) -> tuple[str, str]:
    """Return the first id that may be found, and the first above those; empty for no bound."""
    until = first_id(wanted.until) if wanted.until else ""
    return (
        first_id(wanted.since) if wanted.since else "",
        min(filter(None, (before, until)), default=""),
    )


def windows(
    milestones: Sequence[str], low: str, high: str, most: int = 0
) -> Iterator[tuple[str, str]]:
    """Yield stretches of ids from the newest on; each has as many milestones as all before it.

    `milestones` are the newest first; `most` is how many a window may have, 0 for any number.
    """
    at = 0
    while at < len(milestones):
        reached = min(max(1, 2 * at), at + (most or len(milestones)), len(milestones))
        yield milestones[reached - 1], high
        high, at = milestones[reached - 1], reached
    yield low, high
