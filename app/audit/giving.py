"""Gives grants, each in the ledger before it counts; and ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.audit.passages import told
from app.domain.event import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.clock import Clock
    from app.domain.grant import Grant
    from app.domain.hold import Hold, Person
    from app.storage.ports import GrantStore, Ledger


class Giver:
    """Several may give the same grants: what was given once is not given again."""

    def __init__(self, grants: GrantStore, ledger: Ledger, clock: Clock) -> None:
        self._grants = grants
        self._ledger = ledger
        self._clock = clock

    async def give(self, hold: Hold, grants: Iterable[Grant]) -> bool:
        """Give what comes with the approval of a hold; whether anything of it was not given yet."""
        given = False
        for grant in grants:
            if await self._grants.get(grant.id) is not None:
                continue
            data = {
                "hold": hold.id,
                **facts_of(grant),
                "email": grant.by.email,
                "until": grant.expires_at.isoformat(),
            }
            event = Event(EventKind.GRANT_GIVEN, self._clock.now(), hold.session_id, data)
            await self._ledger.append(event)
            await self._grants.put(grant)
            given = True
        return given

    async def revoke(self, hold: Hold, grant: Grant, by: Person) -> bool:
        """End a grant that a hold gave; whether it was not revoked before.

        First the end, then its record: a right must not live on because nobody can write.
        """
        now = self._clock.now()
        if not await self._grants.revoke(grant.id, by=by.name, now=now):
            return False
        data = {"hold": hold.id, **facts_of(grant), "email": by.email}
        await self._ledger.append(Event(EventKind.GRANT_REVOKED, now, hold.session_id, data))
        return True


def facts_of(grant: Grant) -> dict[str, str | int]:
    """Return what the ledger tells of a grant."""
    covers = grant.covers
    facts: dict[str, str | int] = {
        "grant": grant.id,
        "rule": covers.rule,
        "connection": covers.connection,
        "identity": covers.identity_key,
        "repository": covers.repository,
        "idle": grant.idle_seconds,
    }
    if grant.most_until:
        facts["most"] = grant.most_until.isoformat()
    if covers.tool:
        task = {"tool": covers.tool, "conversation": covers.conversation}
        facts |= {"call": covers.call, "law": covers.law, **task}
    if covers.passages or covers.lines:
        what = "lines" if covers.lines else "passages"
        names = covers.lines or covers.passages
        facts |= {"call": covers.call, "law": covers.law, what: len(names), "names": told(names)}
    return facts
