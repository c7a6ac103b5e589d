"""One request while it is with us: what is known of it so far, and how to refuse it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from app.domain.session import Decision
from app.errors import AbeyanceError, Reason, Refused, Unavailable
from app.wire.registry import wire_for
from proxy.exchange import Exchange
from proxy.facts import Inquiry
from proxy.recorder import Recording
from proxy.refusals import refusal_for, refusal_headers

if TYPE_CHECKING:
    from app.wire.base import WireFormat

_log = structlog.get_logger(__name__)
# Not here: a hold that still waits, or whose approval serves another try, is not over by this.
_ENDS_AS = {
    Reason.POLICY_DENIED: Decision.DENIED,
    Reason.APPROVAL_DENIED: Decision.DENIED,
    Reason.APPROVAL_EXPIRED: Decision.EXPIRED,
    Reason.APPROVAL_LAPSED: Decision.EXPIRED,
    Reason.HOLD_WITHDRAWN: Decision.WITHDRAWN,
}


@dataclass(slots=True)
class Visit:
    """Mutable: it gathers what becomes known, so that a refusal can say it."""

    exchange: Exchange
    inquiry: Inquiry | None = None
    recording: Recording | None = None

    async def refuse(self, error: AbeyanceError) -> None:
        """Record the refusal, then tell the client in the shape of the API it called."""
        session_id = self.recording.session.id if self.recording else ""
        _log.info("refused", session=session_id, error=type(error).__name__, reason=str(error))
        # A refusal that cannot be recorded is a refusal still: nothing was forwarded.
        with suppress(Unavailable):
            await self._record(error)
        if self.exchange.started:
            return  # The server closes the connection: an end without its mark is an error.
        refusal = refusal_for(error, session_id)
        rule = error.rule if isinstance(error, Refused) else ""
        decision = _ending(error) or (Decision.PENDING if rule else None)
        headers = refusal_headers(refusal, decision.value if decision else "", rule)
        wire = self.inquiry.wire if self.inquiry else self._wire_of_path()
        await self.exchange.reply(refusal.status, headers, wire.refusal(refusal))

    async def _record(self, error: AbeyanceError) -> None:
        if self.recording is None:
            return
        if decision := _ending(error):
            await self.recording.refuse(decision, str(error))
        elif not isinstance(error, Refused):
            await self.recording.refuse(self.recording.session.decision, str(error))

    def _wire_of_path(self) -> WireFormat:
        return wire_for("auto", self.exchange.method, self.exchange.target, None)


def _ending(error: AbeyanceError) -> Decision | None:
    return _ENDS_AS.get(error.reason) if isinstance(error, Refused) else None
