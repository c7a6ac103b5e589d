"""What the product asks of a database. `mongo.py` is the only implementation that ships.

Every method may raise StorageUnavailable. Times are aware and in UTC, cut to milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from app.domain.connection import Connection
    from app.domain.event import Entry, Event
    from app.domain.grant import Grant
    from app.domain.hold import GrantSummary, Hold, Marked
    from app.domain.identity import Identity
    from app.domain.notice import Notice
    from app.storage.bulk import Fault, Write


class HoldStore(Protocol):
    async def open(self, hold: Hold) -> Hold:
        """Write a new hold, or return the open one with the same key."""
        ...

    async def get(self, hold_id: str) -> Hold | None: ...

    async def find_open(self, key: str) -> Hold | None: ...

    async def recent(self, identity_key: str, since: datetime) -> tuple[Hold, ...]:
        """Return the holds that somebody's requests opened since then, oldest first."""
        ...

    async def of_task(self, task: str) -> tuple[Hold, ...]:
        """Return the holds of a task, by the id of its first, oldest first."""
        ...

    async def judged(self, rule: str, limit: int) -> tuple[Hold, ...]:
        """Return the holds of a rule that people decided by their votes, newest first."""
        ...

    async def move(self, old: Hold, new: Hold) -> None:
        """Replace `old` by `new` in one conditional write.

        A repeated call is known by the last of the moves of `new`. Raises Superseded with the
        current hold where `old` is not current any more.
        """
        ...

    async def arrive(self, hold_id: str, caller: str) -> None:
        """Note that a caller waits, beside those who do already."""
        ...

    async def leave(self, hold_id: str, caller: str) -> None: ...

    async def state_reason(self, hold_id: str, reason: str) -> bool:
        """Note what a hold that waits is for.

        False where something else was said before, or where it is over.
        """
        ...

    async def note_outcome(self, hold_id: str, outcome: str) -> None: ...

    async def note_grant(self, hold_id: str, granted: GrantSummary) -> None: ...

    async def note_untrusted(self, hold_id: str, grant_id: str) -> None:
        """Note that a text which was trusted on it is so no more."""
        ...

    async def note_marks(self, hold_id: str, marked: Sequence[Marked]) -> None: ...

    async def remind(self, hold_id: str, at: datetime) -> bool:
        """Note that approvers are reminded; False where they were, or where it is over."""
        ...

    async def escalate(self, hold_id: str, at: datetime) -> bool:
        """Note that further sets are told; False where they were, or where it is over."""
        ...

    async def get_many(self, hold_ids: Iterable[str]) -> tuple[Hold, ...]: ...

    async def remove(self, hold_id: str) -> None: ...

    async def decided(self, hold_ids: Iterable[str]) -> tuple[Hold, ...]:
        """Return those of them that do not wait for a person any more."""
        ...

    async def pending(self) -> tuple[Hold, ...]:
        """Return all that wait for a person, oldest first."""
        ...

    async def unsettled(self) -> tuple[Hold, ...]:
        """Return all whose story is not told in full yet (see `settle`), oldest first."""
        ...

    async def settle(self, hold: Hold) -> bool:
        """Note that every notice shows the hold as it is given here and that it is over.

        Any later write unsettles it again. False where it was changed meanwhile.
        """
        ...

    def watch(
        self, opened: asyncio.Event, rest: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[Hold, None]:
        """Yield every hold that is written from the moment `opened` is set.

        When there is none to yield, it looks again once `rest` has ended.
        """
        ...


class NoticeStore(Protocol):
    async def ensure(self, notice: Notice, last: datetime | None = None) -> Notice:
        """Insert it, or return the one that has its id; `last` where no lease follows."""
        ...

    async def lease(
        self, notice: Notice, *, by: str, now: datetime, until: datetime
    ) -> Notice | None:
        """Return the notice with the next fence, or None where somebody else has it.

        `by` is a token of this one call, by which it is known when it is repeated.
        """
        ...

    async def record(self, leased: Notice, *, channel: str, ts: str, shown: str) -> bool:
        """Write what was posted and end the lease; False where the lease was lost meanwhile."""
        ...

    async def doubt(self, leased: Notice, *, now: datetime) -> None:
        """End the lease at once, leaving it unknown whether the message was posted."""
        ...

    async def of_hold(self, hold_id: str) -> tuple[Notice, ...]:
        """Return all about a hold; with an empty id those that are about none, the digests."""
        ...

    async def remove_of(self, hold_id: str) -> None:
        """Delete all about a hold."""
        ...

    async def cards(self, hold_ids: Iterable[str]) -> tuple[Notice, ...]:
        """Return the cards of holds that are posted."""
        ...

    async def asked(self, hold_id: str) -> bool:
        """Return whether the card of a hold is posted, so that somebody can decide."""
        ...


class GrantStore(Protocol):
    async def put(self, grant: Grant) -> None: ...

    async def get(self, grant_id: str) -> Grant | None: ...

    async def of(self, holders: Iterable[str], now: datetime) -> tuple[Grant, ...]:
        """Return the active grants under these keys (see `holders`), oldest first."""
        ...

    async def use(self, grant_id: str, session_id: str, now: datetime, until: datetime) -> bool:
        """Count a use by a session, once, and prolong the grant until then.

        False where it was revoked or has run out meanwhile.
        """
        ...

    async def revoke(self, grant_id: str, *, by: str, now: datetime) -> bool:
        """End a grant; False where there is none that is active."""
        ...

    async def active(self, now: datetime) -> tuple[Grant, ...]: ...

    async def get_many(self, grant_ids: Iterable[str]) -> tuple[Grant, ...]: ...

    async def unsettled(self) -> tuple[Grant, ...]:
        """Return all whose end was not shown yet, oldest first."""
        ...

    async def settle(self, grant_id: str) -> None:
        """Note that the end of a grant was shown wherever it was given."""
        ...

    async def ended(self, before: datetime) -> tuple[str, ...]:
        """Return the ids of those that ran out or were revoked before then."""
        ...

    async def remove(self, grant_ids: Iterable[str]) -> None: ...


class ConnectionStore(Protocol):
    async def get(self, name: str) -> Connection | None: ...

    async def all(self) -> tuple[Connection, ...]: ...

    async def put(self, connection: Connection) -> None: ...

    async def remove(self, name: str) -> None:
        """Forget it; harmless where it is not there."""
        ...


class PeopleStore(Protocol):
    """Whom the identity provider has vouched for, as last seen at the gateway."""

    async def saw(self, identity: Identity, at: datetime) -> None: ...

    async def get(self, identity_key: str) -> Identity | None: ...

    async def by_email(self, email: str) -> tuple[Identity, ...]: ...

    async def in_groups(self, groups: Iterable[str]) -> tuple[Identity, ...]:
        """Return the people whom their provider has put in any of the groups."""
        ...


class LedgerStore(Protocol):
    async def insert(
        self, entries: Sequence[Entry], writes: Sequence[Write] = ()
    ) -> Sequence[Fault]:
        """Write entries and what goes with them; return what became of each of the writes.

        Raises StorageUnavailable where an entry is not written, or nothing is known of it.
        """
        ...

    async def entries(self, session_id: str) -> tuple[Entry, ...]: ...

    async def of_holds(self, hold_ids: Sequence[str]) -> tuple[Entry, ...]:
        """Return all that name one of these holds."""
        ...

    async def giving(self, grant_ids: Sequence[str]) -> tuple[Entry, ...]:
        """Return those by which these grants were given."""
        ...

    async def tip(self, writer: str) -> str:
        """Return the hash of the last entry in the newest chain of a writer; empty without one."""
        ...

    async def firsts(self, since: datetime | None = None) -> tuple[Entry, ...]:
        """Return the first entry of each chain that began since then."""
        ...

    async def chain(self, name: str, first: int, limit: int) -> tuple[Entry, ...]:
        """Return entries of a chain in their order, from a sequence number on."""
        ...

    async def at(self, places: Sequence[str]) -> dict[str, Entry]:
        """Return the entries at some places, as `Entry.place` names them."""
        ...


class Ledger(Protocol):
    async def append(self, event: Event) -> None:
        """Return when the event is durable. Raises StorageUnavailable when it is not."""
        ...


class Journal(Ledger, Protocol):
    """A ledger that writes what belongs to its events with them, in one call."""

    async def commit(self, events: Sequence[Event], writes: Sequence[Write] = ()) -> None:
        """Return when events and what is written with them are durable.

        Raises StorageUnavailable when they are not; Unstorable where that is known of a write
        alone, and all else is durable.
        """
        ...

    @property
    def doubtful(self) -> bool:
        """Whether what was written last failed, or is unanswered for a while."""
        ...
