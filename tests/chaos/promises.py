"""What must be true after all kills, read from the database and from what the processes noted."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.hold import HoldState
from app.domain.record.session import SessionState, sent
from app.search import SessionFilter
from tests.chaos.company import Company, Run
from tests.chaos.noting import (
    FORWARDING,
    Passed,
    acknowledged,
    passed,
    unrecorded,
    unrecorded_seconds,
)
from tests.chaos.steps import Story

if TYPE_CHECKING:
    from app.domain.record.session import Session

MOST_UNRECORDED_SECONDS = 0.5
"""How much of the end of an answer may be missing."""
_MOST_SESSIONS = 20


@dataclass(frozen=True, slots=True)
class Promises:
    """Each method returns where a promise was broken, a line each."""

    company: Company

    async def unrecorded_forwards(self) -> list[str]:
        """No forward without a record, which was written before.

        The model got no more requests than the ledger tells of, and none of them too soon.
        """
        got = await self._got()
        too_soon = {word for log in self.company.logs for word in unrecorded(log)}
        wrong = []
        for run in self.company.runs:
            told = [await self._was_forwarded(session) for session in await self._sessions(run)]
            if got[run.word] > sum(told) or run.word in too_soon:
                wrong.append(str(run))
        return wrong

    async def used_twice(self) -> list[str]:
        """Each approval releases one request: the model got no more than were released."""
        got = await self._got()
        wrong = []
        for run in self.company.runs:
            if run.step.story not in (Story.HELD, Story.DECIDED):
                continue
            ids = {hold_id for one in await self._sessions(run) for hold_id in one.hold_ids}
            holds = await self.company.storage.holds.get_many(sorted(ids))
            if got[run.word] > sum(hold.state is HoldState.RELEASED for hold in holds):
                wrong.append(str(run))
        return wrong

    async def lost_entries(self) -> list[str]:
        """No acknowledged event lost: each is in its place, unchanged."""
        logs = self.company.logs
        told = {place: hash_ for log in logs for place, hash_ in acknowledged(log).items()}
        found = await self.company.storage.ledger.at(sorted(told))
        return [place for place in told if place not in found or found[place].hash != told[place]]

    async def still_open(self, seconds: float = 0.0) -> list[str]:
        """What has nobody to end it is indeterminate, so many seconds after the kill."""
        before = time.monotonic() - seconds
        return [
            f"{session.id}: {run}"
            for run in self.company.runs
            if run.killed_at < before
            for session in await self._sessions(run)
            if session.state is SessionState.OPEN and not await self._is_held(session)
        ]

    async def silent_gaps(self) -> list[str]:
        """What a client got is recorded, or the session says that the end of its answer is lost."""
        wrong = []
        noted = self._passed()
        for run in self.company.runs:
            for session in await self._sessions(run):
                if session.answer is None and session.id not in noted:
                    continue  # The client may have got words of ours, and nothing of an answer.
                kept = await self._kept(session)
                fits = kept.startswith(run.received) or run.received.startswith(kept)
                missing = len(run.received) > len(kept)
                is_marked = session.state is SessionState.INDETERMINATE and session.reason
                if not fits or (missing and not is_marked):
                    wrong.append(f"{session.state.value} ({session.reason}): {run}")
        return wrong

    async def long_gaps(self) -> list[str]:
        """At most the last half second of an answer is missing, as the gateway passed it on."""
        gaps = await self.gaps()
        return [f"{gap:.2f} s: {run}" for run, gap in gaps if gap > MOST_UNRECORDED_SECONDS]

    async def gaps(self) -> list[tuple[Run, float]]:
        """Return how many seconds of each answer are missing, where any are."""
        noted = self._passed()
        found = []
        for run in self.company.runs:
            for session in await self._sessions(run):
                pieces = noted.get(session.id, [])
                if gap := unrecorded_seconds(pieces, len(await self._kept(session))):
                    found.append((run, gap))
        return found

    def watched(self) -> int:
        """Return of how many answers it was noted what was passed on."""
        return len(self._passed())

    async def _got(self) -> Counter[str]:
        """Return how often the model was asked, by the name that a run gives it."""
        requests = await self.company.model.requests()
        return Counter(json.loads(request.body)["model"] for request in requests)

    def _passed(self) -> dict[str, list[Passed]]:
        return {id_: pieces for log in self.company.logs for id_, pieces in passed(log).items()}

    async def _kept(self, session: Session) -> bytes:
        return sent(await self.company.storage.sessions.chunks(session.id))

    async def _was_forwarded(self, session: Session) -> bool:
        entries = await self.company.storage.ledger.entries(session.id)
        return any(entry.event.kind in FORWARDING for entry in entries)

    async def _is_held(self, session: Session) -> bool:
        holds = self.company.storage.holds
        hold = await holds.get(session.hold_id) if session.hold_id else None
        return hold is not None and hold.state.open

    async def _sessions(self, run: Run) -> tuple[Session, ...]:
        wanted = SessionFilter(model=run.word)
        return await self.company.storage.sessions.search(wanted, limit=_MOST_SESSIONS)
