"""The tool calls of a session's answer, as auditors see them: what, and what became of it. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app.domain.record.session import Decision
from app.domain.tool_call import HeldCall
from app.ids import short
from bot.slack import blocks, text
from bot.views.calls import body, words
from bot.views.durations import duration

if TYPE_CHECKING:
    from app.domain.record.session import RecordedCall, Session
    from bot.slack.blocks import Block
    from bot.slack.text import Markup

_MOST = 20
_ARGUMENTS = 300
_WHY = {
    Decision.ALLOWED: "went on",
    Decision.MASKED: "went on, masked",
    Decision.APPROVED: "approved",
    Decision.GRANTED: "went on: approved before",
    Decision.DENIED: "denied: it was not made",
    Decision.EXPIRED: "expired: it was not made",
    Decision.WITHDRAWN: "withdrawn: it was not made",
    Decision.PENDING: "not decided: it was not made",
}


def replayed_calls(session: Session) -> list[Block]:
    """Return a section for each call that a rule looked at, those that were asked about first."""
    calls = session.answer.calls if session.answer else ()
    told = [*filter(_was_judged, calls), *(call for call in calls if not _was_judged(call))]
    drawn = [blocks.section(_line(call)) for call in told[:_MOST]]
    if more := len(told) - len(drawn):
        drawn.append(blocks.context(text.ours(f"… and {more} more tool calls")))
    return drawn


def _was_judged(call: RecordedCall) -> bool:
    return bool(call.rules)


def _line(call: RecordedCall) -> Markup:
    became = _WHY[call.decision]
    if call.by_provider:
        denied = "; the answer was denied" if call.decision is Decision.DENIED else ""
        became = f"run by the provider itself{denied}"
    parts = [text.ours(became)]
    if call.by:
        parts.append(text.join(text.ours("by "), text.words(call.by, 100)))
    if call.waited_ms:
        waited = duration(timedelta(milliseconds=call.waited_ms))
        parts.append(text.ours(f"after {waited}"))
    if call.rules:
        parts.append(text.join(text.ours("rule "), text.code(", ".join(call.rules), 200)))
    if call.hold_id:
        parts.append(text.join(text.ours("card "), text.code(short(call.hold_id), 20)))
    head = text.join(text.ours("🛠️ "), text.bold(words.shown(call.tool), 100))
    made = HeldCall(call.tool, call.arguments)
    shown = [text.join(head, *parts, by=" · "), *body.lines(made)]
    if call.changed:
        ran = words.lead(HeldCall(call.tool, call.changed))
        shown.append(text.join(text.ours(f"{call.change} "), text.code(ran, _ARGUMENTS)))
    return text.join(*shown, by="\n")
