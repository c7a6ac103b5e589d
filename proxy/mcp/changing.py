"""A tool call over MCP that goes out as an approver changed it.

It has a record of its own, since what is recorded is what goes out: that session names the request
as it came by its digest, and the session of the hold keeps it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.record.original import MOST
from app.errors import BadRequest, Reason, Refused
from app.wire.mcp.changes import with_arguments, with_note
from policies.calls.voting import stops_change
from policies.keeping import without
from policies.matching.known import Known
from policies.originals import distinct
from proxy.calls import words

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.wire.base import Json
    from proxy.facts import Inquiry
    from proxy.holds.held_request import HeldRequest
    from proxy.holds.holding import Holding
    from proxy.inspection import Incoming
    from proxy.record.recorder import Recorder
    from proxy.record.recording import Recording


def with_change(incoming: Incoming, inquiry: Inquiry, hold: Hold) -> Incoming:
    """Return a request as an approver changed its call. Raises BadRequest where it cannot be."""
    body = with_arguments(inquiry.request.body, hold.change)
    return replace(incoming, body=body, coding="")


def as_changed(inspected: Inquiry, first: Inquiry, received: str, credential: str) -> Inquiry:
    """Return a changed call, with what was masked in the request as it came.

    The changed request has only the labels of those values, so a second look does not see them.
    But the answer must not show them either, and what rules keep of them is kept with this record.
    """
    originals = (*first.originals, *without(credential, inspected.originals))
    return replace(
        inspected,
        origin=first.origin,
        received=received,
        known=Known({**first.known.values, **inspected.known.values}),
        originals=distinct(originals)[:MOST],
    )


async def record_of_change(
    asked: HeldRequest, hold: Hold, recorder: Recorder, holding: Holding
) -> Recording:
    """Return the record of a call as it was changed.

    Raises Refused or BadRequest where it does not go out so; then its approval has ended.
    """
    if asked.change is None or hold.tool is None:
        raise RuntimeError("only a call of a tool can be changed")
    try:
        inquiry, verdict = await asked.change(hold)
    except (Refused, BadRequest) as fault:
        await _forgo(hold, f"not sent as it was changed: {fault}", holding)
        raise
    if stops := stops_change(hold, verdict):
        await _forgo(hold, words.stopped_by(stops), holding)
        said = words.change_refused(hold, hold.tool, stops)
        raise Refused(Reason.POLICY_DENIED, said, rule=stops.rule)
    recording = await recorder.begin(asked.identity, inquiry, verdict, joined=hold.id)
    asked.waiter.recording = recording
    return recording


async def _forgo(hold: Hold, why: str, holding: Holding) -> None:
    await holding.lapse(hold)
    await holding.note_outcome(hold, why)


def noted(value: Json, inquiry: Inquiry, hold: Hold | None) -> Json:
    """Return a server's messages; the result of a call that was changed begins by saying so."""
    if hold is None or not hold.change:
        return value
    return with_note(value, inquiry.calls, words.changed_request(hold))
