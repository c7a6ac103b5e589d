"""The one tool call that a request of MCP is: what people see of it, and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.record.session import Decision, RecordedCall
from app.wire.apis.mcp import MCP
from policies.calls.arguments import is_shortened
from policies.conditions import ConditionInput
from policies.mcp.calls import requested_call

if TYPE_CHECKING:
    from datetime import datetime

    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.tool_call import HeldCall
    from app.domain.verdict import Verdict
    from app.telemetry import Metrics
    from app.wire.base import Json
    from policies.compiled_catalog import Catalog
    from proxy.facts import Inquiry
    from proxy.record.recorder import Recorder
    from proxy.visit import Visit


def with_call(inquiry: Inquiry, identity: Identity, now: datetime, catalog: Catalog) -> Inquiry:
    """Return the inquiry with the tool call that it is; a batch is none, but a request."""
    calls = inquiry.facts.prompt.calls
    if inquiry.wire.name != MCP.name or len(calls) != 1 or not isinstance(inquiry.body.json, dict):
        return inquiry
    asked = ConditionInput(inquiry.facts, identity, now)
    talk = inquiry.conversation
    call = requested_call(calls[0], asked, talk.id if talk else "", catalog)
    if _is_task(inquiry.body.json):
        # Its result comes by another request, where nothing could say that the call was changed.
        call = replace(call, editable=False)
    return replace(inquiry, tool_call=call)


def _is_task(message: Json) -> bool:
    params = message.get("params") if isinstance(message, dict) else None
    return isinstance(params, dict) and "task" in params


async def led_to(inquiry: Inquiry, identity: Identity, recorder: Recorder) -> HeldCall | None:
    """Return the tool call that a request is, with what ran before it."""
    call, talk = inquiry.tool_call, inquiry.conversation
    if call is None or talk is None:
        return call
    return replace(call, before=await recorder.calls_in(talk, identity))


def recorded_calls(
    inquiry: Inquiry, verdict: Verdict, decision: Decision, hold: Hold | None
) -> tuple[RecordedCall, ...]:
    """Return the call of a request that goes out, for its record."""
    call = inquiry.tool_call
    if call is None:
        return ()
    asked = hold.tool if hold and hold.tool and hold.change else call
    votes = hold.votes if hold else ()
    waited = hold.decided_at - hold.created_at if hold and hold.decided_at else None
    return (
        RecordedCall(
            tool=call.tool,
            arguments=asked.arguments,
            decision=decision,
            rules=tuple(fired.rule for fired in verdict.fired),
            hold_id=hold.id if hold else "",
            by=" and ".join(vote.by.name for vote in votes if vote.approve),
            waited_ms=int(waited.total_seconds() * 1000) if waited else 0,
            changed=call.arguments if hold and hold.change else "",
            is_cut=is_shortened(asked.arguments),
        ),
    )


def count_call(visit: Visit, metrics: Metrics) -> None:
    """Count the call of a request that is over, as one of an answer is counted.

    Not while it is still to be decided: its client comes again.
    """
    connection, decision = visit.summary()
    is_call = visit.inquiry is not None and visit.inquiry.tool_call is not None
    if not is_call or visit.recording is None or decision == Decision.PENDING:
        return
    metrics.tool_calls.labels(connection, decision).inc()
    session = visit.recording.session
    if session.hold_id or session.joined:
        metrics.tool_calls_waited.labels(decision).observe(visit.asked_seconds)
