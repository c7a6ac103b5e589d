"""A hold that is about to be opened, as far as requests and tool calls have it alike. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.hold import Hold
from app.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.identity import Identity
    from app.domain.verdict import Verdict
    from proxy.facts import Inquiry


def new_hold(
    identity: Identity,
    inquiry: Inquiry,
    verdict: Verdict,
    *,
    key: str,
    session_id: str,
    caller: str,
    now: datetime,
) -> Hold:
    """Return a hold that asks people what `verdict` leaves open; `caller` waits on it, if any."""
    if verdict.approval is None:
        raise RuntimeError("a verdict that holds says who may approve")
    request = inquiry.request
    return Hold(
        id=new_id(now),
        key=key,
        session_id=session_id,
        requester=identity,
        connection=inquiry.connection.name,
        model=inquiry.facts.prompt.model,
        method=request.method,
        path=request.path,
        body_bytes=len(request.body),
        digest=request.digest,
        verdict=verdict,
        created_at=now,
        deadline=now + verdict.approval.expires,
        callers=(caller,) if caller else (),
        call=inquiry.call,
        hook=inquiry.hook,
    )
