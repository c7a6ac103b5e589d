"""How a request stands, for whoever sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, jsonify

from app.domain.hold import HoldState
from app.errors import NotFound
from proxy.holds.polling import POLL_SECONDS, decision_of, what_now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.domain.identity import Identity
    from app.storage.store import MongoStorage


def session_pages(storage: MongoStorage, caller: Callable[[], Awaitable[Identity]]) -> Blueprint:
    """Build the page; `caller` returns who asks, or raises an AbeyanceError."""
    pages = Blueprint("sessions", __name__, url_prefix="/-/sessions")

    @pages.get("/<session_id>")
    async def session_state(session_id: str) -> Response:
        identity = await caller()
        session = await storage.sessions.get(session_id)
        # Somebody else's session looks like none: an id must not tell that it exists.
        if session is None or session.identity.key != identity.key:
            raise NotFound(f"You have no session {session_id}.")
        hold = await storage.holds.get(session.hold_id) if session.hold_id else None
        asked = hold is not None and await storage.notices.asked(hold.id)
        answer = jsonify(
            session=session.id,
            decision=decision_of(session, hold).value,
            message=what_now(hold, asked=asked),
            state=session.state.value,
            rules=[fired.rule for fired in session.verdict.fired if fired.enforced],
            hold=hold.state.value if hold else None,
            note=hold.note if hold else "",
            expires_at=hold.due_at.isoformat() if hold and hold.due_at else None,
            upstream_status=session.answer.status if session.answer else None,
        )
        if hold is not None and hold.state is HoldState.PENDING:
            answer.headers["retry-after"] = POLL_SECONDS
        return answer

    return pages
