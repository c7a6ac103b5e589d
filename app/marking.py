"""Keeps what people say of a rule: that it should not have fired. On the card, in the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.event import Event, EventKind
from app.domain.hold import Marked
from app.domain.record.mark import FalsePositive

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from app.domain.hold import Person
    from app.domain.record.session import Session
    from app.storage.approvals.marks import FalsePositiveStore
    from app.storage.ports import HoldStore, Ledger


class Marking:
    """Who may say it, its callers judge. `mask` takes secrets out of what people write."""

    def __init__(
        self,
        marks: FalsePositiveStore,
        holds: HoldStore,
        ledger: Ledger,
        clock: Clock,
        mask: Callable[[str], str],
    ) -> None:
        self._marks = marks
        self._holds = holds
        self._ledger = ledger
        self._clock = clock
        self._mask = mask

    async def of(self, session_id: str) -> dict[str, FalsePositive]:
        """Return the marks on a session by their rule."""
        return {mark.rule: mark for mark in await self._marks.of_session(session_id)}

    async def say(
        self, session: Session, rule: str, by: Person, *, wrong: bool, note: str = ""
    ) -> None:
        """Record that a rule was wrong, or that this is taken back; then do it."""
        now, noted = self._clock.now(), self._mask(note)
        data: dict[str, str | int] = {
            "rule": rule,
            "false_positive": int(wrong),
            "slack_user": by.slack_user,
            "email": by.email,
            **({"note": noted} if noted else {}),
        }
        await self._ledger.append(Event(EventKind.RULE_MARKED, now, session.id, data))
        mark_id = f"{session.id}/{rule}"
        if wrong:
            mark = FalsePositive(
                mark_id, session.id, rule, session.started_at, by.email, now, by.slack_user, noted
            )
            await self._marks.mark(mark)
        else:
            await self._marks.take_back(mark_id)
        if session.hold_id:
            await self._show(session)

    async def _show(self, session: Session) -> None:
        """Note on the hold what is marked, so that its card says so."""
        shown = None
        while shown != (marks := await self.of(session.id)):
            shown = marks
            told = tuple(Marked(mark.rule, mark.slack_user) for mark in marks.values())
            # Whoever marks at the same moment may have read less: so it is read again.
            await self._holds.note_marks(session.hold_id, told)
