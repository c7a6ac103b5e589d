"""A tool call over MCP that goes out as an approver changed it.

It has a record of its own, since what is recorded is what goes out: that session names the request
as it came by its digest, and the session of the hold keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.record.original import MOST
from app.domain.record.session import Decision
from app.errors import BadRequest, Reason, Refused
from app.wire.mcp.changes import with_arguments, with_note
from policies.matching.known import Known
from policies.originals import distinct
from proxy.calls import words
from proxy.holds.granted import Granted
from proxy.holds.holding import Holding
from proxy.record.recorder import Recorder

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.wire.base import Json
    from proxy.facts import Inquiry
    from proxy.holds.held_request import HeldRequest
    from proxy.inspection import Incoming
    from proxy.record.recording import Recording


def with_change(incoming: Incoming, inquiry: Inquiry, hold: Hold) -> Incoming:
    """Return a request as an approver changed its call. Raises BadRequest where it cannot be."""
    body = with_arguments(inquiry.request.body, hold.change)
    return replace(incoming, body=body, coding="")


def as_changed(inspected: Inquiry, first: Inquiry, received: str) -> Inquiry:
    """Return a changed call, with what was masked in the request as it came.

    The changed request has only the labels of those values, so a second look does not see them.
    But the answer must not show them either, and what rules keep of them is kept with this record.
    """
    return replace(
        inspected,
        origin=first.origin,
        received=received,
        known=Known({**first.known.values, **inspected.known.values}),
        originals=distinct((*first.originals, *inspected.originals))[:MOST],
    )


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """Makes the record of a call that goes out as an approver changed it."""

    recorder: Recorder
    holding: Holding
    granted: Granted

    async def of(self, asked: HeldRequest, hold: Hold) -> Recording:
        """Return the record of the changed call, in place of its request's.

        Raises Refused or BadRequest where it does not go out so; then its approval has ended.
        """
        if asked.change is None or hold.tool is None:
            raise RuntimeError("only a call of a tool can be changed")
        try:
            inquiry, verdict = await asked.change(hold)
        except (Refused, BadRequest) as fault:
            await self._forgo(hold, f"not sent as it was changed: {fault}")
            raise
        recent = await self.holding.recent(asked.identity, verdict)
        stops, grants = await self.granted.beside(
            asked.identity, inquiry, hold, verdict, inquiry.tool_call, recent
        )
        if stops:
            await self._forgo(hold, words.stopped_by(stops))
            said = words.change_refused(hold, hold.tool, stops)
            raise Refused(Reason.POLICY_DENIED, said, rule=stops.rule)
        recording = await self.recorder.begin(asked.identity, inquiry, verdict, joined=hold.id)
        before, asked.waiter.recording = asked.waiter.recording, recording
        if before is not None and before.session.id != hold.session_id:
            goes_on = f"it goes on as session {recording.session.id}"
            await before.refuse(Decision.WITHDRAWN, goes_on)
        await self.granted.use(grants, recording, verdict)
        return recording

    async def _forgo(self, hold: Hold, why: str) -> None:
        await self.holding.lapse(hold)
        await self.holding.note_outcome(hold, why)


def noted(value: Json, inquiry: Inquiry, hold: Hold | None) -> Json:
    """Return a server's messages; the result of a call that was changed begins by saying so."""
    if hold is None or not hold.change:
        return value
    return with_note(value, inquiry.calls, words.changed_request(hold))
