"""What a program on a developer's machine is waiting for: the holds that it is connected to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from quart import Blueprint, Response, jsonify

from app.domain.hold import HoldState
from app.errors import BadRequest
from app.ids import short
from policies.approvals.approval import asked
from proxy.front import client_named
from proxy.holds.endings import refusal_of
from proxy.http.asked import headers_asked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.clock import Clock
    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.storage.ports import HoldStore

Json: TypeAlias = dict[str, Any]
_LOOK_BACK = timedelta(days=1)
_PASSED_ON = (HoldState.APPROVED, HoldState.RELEASED)


def waiting_pages(
    holds: HoldStore, clock: Clock, caller: Callable[[], Awaitable[Identity]]
) -> Blueprint:
    """Build the page; `caller` returns who asks, or raises an AbeyanceError."""
    pages = Blueprint("waiting", __name__, url_prefix="/-/waiting")

    @pages.get("")
    async def listed() -> Response:
        identity = await caller()
        client = client_named(headers_asked())
        if not client:
            raise BadRequest(
                "Name the program in the header Abeyance-Client, as its requests do: 8 to 64 "
                "letters and digits."
            )
        recent = await holds.recent(identity.key, clock.now() - _LOOK_BACK)
        return jsonify(waiting=[_told(hold) for hold in recent if _is_of(hold, client)])

    return pages


def _is_of(hold: Hold, client: str) -> bool:
    return any(name.endswith(f":{client}") for name in hold.callers)


def _told(hold: Hold) -> Json:
    return {
        "id": hold.id,
        "card": short(hold.id),
        "state": hold.state.value,
        "rules": [fired.rule for fired in hold.verdict.holding],
        "tool": hold.tool.tool if hold.tool else "",
        "approvers": list(asked(hold, hold.created_at)),
        "expires_at": hold.deadline.isoformat(),
        "message": _message(hold),
    }


def _message(hold: Hold) -> str:
    """Say what came of it."""
    if hold.state is HoldState.PENDING:
        return ""
    if hold.state not in _PASSED_ON:
        return str(refusal_of(hold))
    names = dict.fromkeys(vote.by.name for vote in hold.votes if vote.approve)
    return f"Approved by {' and '.join(names)}." if names else "Approved."
