"""Counts the cards that recorded requests would have made, if people had approved each at once.

Approvals cover what follows from them, so the order counts: the oldest request comes first.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.grant import Grant, coverage
from app.domain.hold import Person
from app.domain.identity import Identity
from app.domain.verdict import Verdict
from policies.passages.answers import Approved, cover_of, still_open

if TYPE_CHECKING:
    from collections.abc import Iterable


_APPROVER = Person("", "", "")


@dataclass(frozen=True, slots=True)
class PastRequest:
    """A request that rules hold: who sent it where, its kind of call, and when."""

    at: datetime
    identity: Identity
    connection: str
    call: str
    verdict: Verdict


def count_cards(requests: Iterable[PastRequest]) -> int:
    """Return how many of these requests would have made a card; in any order."""
    covers: defaultdict[str, dict[str, Grant]] = defaultdict(dict)
    cards = 0
    for number, asked in enumerate(sorted(requests, key=lambda asked: asked.at)):
        mine = covers[asked.identity.key]
        left, used = still_open(
            asked.verdict,
            tuple(mine.values()),
            asked.identity,
            asked.connection,
            asked.call,
            asked.at,
        )
        for grant in used:
            mine[grant.id] = replace(grant, expires_at=grant.prolonged(asked.at))
        if left.holding:
            cards += 1
            mine |= {grant.id: grant for grant in _covers(asked, left, str(number))}
            ended = [grant.id for grant in mine.values() if not grant.active(asked.at)]
            for name in ended:
                del mine[name]
    return cards


def _covers(asked: PastRequest, left: Verdict, hold_id: str) -> list[Grant]:
    given = []
    for fired in left.holding:
        scope = coverage(asked.identity, asked.connection, fired.rule)
        approved = Approved(f"{hold_id}-{fired.rule}", hold_id, _APPROVER, asked.at)
        if cover := cover_of(fired, replace(scope, call=asked.call), approved):
            given.append(cover)
    return given
