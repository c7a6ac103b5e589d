"""Searches of sessions: the newest first, a window of time after the other.

Theory of operation. The embedded server reads and sorts all that an index gives it before it
applies a limit, and holds up everybody meanwhile; and of several conditions it uses the index of
one alone. So no query is about more sessions than those before it together, nor about more than
some thousands, or it is about a list of ids:

    user:alice               terms = user:alice, in windows
    user:alice repo:acme/x   what people search by of the sessions with user:alice, in windows;
                             of those that have the other terms, too, the sessions that fit
    user:alice cost>0.5      the same with pairs = cost:500000 user:alice (`pairs.py`)

Which condition of several leaves the fewest is seen in the first windows. How far a window reaches
is counted in *milestones*: about one session in 64 is marked as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from app.ids import first_id
from app.storage.documents import between
from app.storage.record.pairs import conditions
from app.storage.record.terms import LOOKED_AT, MILESTONE, leaves_few, may_fit, session_query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

    from app.domain.record.session import Session
    from app.search import SessionFilter
    from app.storage.documents import Document
    from app.storage.mongo import Collection

MOST_MILESTONES = 32
"""In one window, of a condition that many sessions may meet."""
MOST_OF_FEW = 128
"""In one window, of a condition that few sessions meet."""
_MOST_CANDIDATES = 400
"""Ids of one window, as far as those before it tell, where the sessions must be looked at."""
_IDS_AT_ONCE = 50
"""In one query: the embedded server compares each session with each of them."""


class Milestones:
    """The milestones among the sessions; they are kept, since each search needs all of them.

    One that was purged does no harm, nor does one that is missing: a window is smaller or larger.
    """

    def __init__(self, sessions: Collection[Session]) -> None:
        self._sessions = sessions
        self._known: list[str] = []

    async def within(self, low: str, high: str) -> list[str]:
        """Return the ids of those from `low` on and below `high`, newest first."""
        newer: Document = {"_id": {"$gt": self._known[-1]}} if self._known else {}
        found = await self._sessions.ids({"terms": MILESTONE} | newer)
        if found:
            self._known = sorted({*self._known, *found})
        return [one for one in reversed(self._known) if low <= one and (not high or one < high)]


async def newest_first(
    sessions: Collection[Session],
    milestones: Milestones,
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
    if among is not None:
        queries = _of_ids(_within(among, low, high), equal)
    elif one := equal.get("_id"):
        queries = _of_ids(_within([one], low, high), equal)
    else:
        marks = await milestones.within(low, high)
        queries = _in_windows(sessions, equal, marks, low, high, limit)
    async for query in queries:
        left = limit - len(found)
        found += await sessions.find(query, newest_first=True, limit=left)
        if len(found) >= limit:
            break
    return found


async def _in_windows(
    sessions: Collection[Session],
    equal: Document,
    milestones: Sequence[str],
    low: str,
    high: str,
    wanted: int,
) -> AsyncIterator[Document]:
    """Yield queries that together find all that is equal, the newest first.

    Where sessions are looked at by their ids, fewer than are `wanted` wait for the next window's.
    """
    followed = conditions(equal)
    if not followed or followed == [equal]:
        most = _most(followed)
        for window in windows(milestones, low, high, lambda: most):
            yield equal | window.bounds
        return
    pace, waiting = _Pace(), list[str]()
    for window in windows(milestones, low, high, pace.most):
        of_each = [
            (await sessions.parts(one | window.bounds, *LOOKED_AT, newest_first=True), one)
            for one in followed
        ]
        rows, fewest = min(of_each, key=lambda each: len(each[0]))
        if any(found for found, _ in of_each):
            # From now on by the condition that left the fewest.
            followed = [fewest]
        pace.passed(window.milestones, len(rows))
        waiting += [row["_id"] for row in rows if may_fit(row, equal)]
        if len(waiting) >= wanted:
            async for query in _of_ids(waiting, equal):
                yield query
            waiting = []
    async for query in _of_ids(waiting, equal):
        yield query


def _most(followed: Sequence[Document]) -> int:
    return MOST_OF_FEW if followed and leaves_few(followed[0]) else MOST_MILESTONES


class _Pace:
    """How many milestones a window may have, so that it has about as many ids as are wanted."""

    def __init__(self) -> None:
        self._next = 1

    def most(self) -> int:
        return self._next

    def passed(self, milestones: int, ids: int) -> None:
        """Note how many the last window had, of both: the next ones are taken to be like it."""
        likely = max(milestones, 1) * _MOST_CANDIDATES // max(ids, 1)
        self._next = min(max(likely, 1), MOST_OF_FEW)


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


class Window(NamedTuple):
    """Ids from `first` on and below `behind`; an empty one is no bound."""

    first: str
    behind: str
    milestones: int = 0

    @property
    def bounds(self) -> Document:
        return between(self.first, self.behind)


def windows(
    milestones: Sequence[str], low: str, high: str, most: Callable[[], int]
) -> Iterator[Window]:
    """Yield stretches of ids from the newest on; none has more milestones than all before it.

    `milestones` are the newest first; `most` tells how many the next window may have.
    """
    at = 0
    while at < len(milestones):
        reached = min(max(1, 2 * at), at + most(), len(milestones))
        yield Window(milestones[reached - 1], high, reached - at)
        high, at = milestones[reached - 1], reached
    yield Window(low, high)
