"""What `abeyance hold` asks the gateway over HTTP, in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from quart import Blueprint, Response, jsonify, request

from app.domain.passage import most_telling
from app.errors import BadRequest
from app.ids import short
from policies.approvals.approval import approvals, quorum
from policies.approvals.votes import Word
from policies.calls.voting import may_change, may_pass_task
from proxy.terminal.deciding import unproven

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from app.domain.hold import Hold, Vote
    from app.domain.identity import Identity
    from app.domain.passage import Excerpt, Passage
    from app.domain.verdict import FiredRule
    from proxy.terminal.deciding import Deciding, VisibleHold

Json: TypeAlias = dict[str, Any]
_REASON_LENGTH = 600
_CHANGE_LENGTH = 20_000
_FIELDS = {
    "approve": bool,
    "only_this_request": bool,
    "for_task": bool,
    "change": str,
    "reason": str,
}


def hold_pages(deciding: Deciding, signed_in: Callable[[], Awaitable[Identity]]) -> Blueprint:
    """Build the pages; `signed_in` returns who has just signed in, or raises an AbeyanceError."""
    pages = Blueprint("holds", __name__, url_prefix="/-/holds")

    @pages.get("")
    async def pending() -> Response:
        queue = await deciding.pending(await signed_in())
        unknown = [
            {"count": count, "why": unproven([clause])} for clause, count in queue.unknown.items()
        ]
        seen = [_told(one) for one in queue.seen]
        return jsonify(holds=seen, unknown=unknown)

    @pages.get("/<name>")
    async def one(name: str) -> Response:
        return jsonify(_told(await deciding.look(await signed_in(), name)))

    @pages.post("/<name>/votes")
    async def vote(name: str) -> Response:
        identity = await signed_in()
        hold = await deciding.vote(identity, name, _word(await request.get_json(silent=True)))
        return jsonify(_standing(hold))

    return pages


def _word(given: object) -> Word:
    """Read a vote. Raises BadRequest."""
    fits = isinstance(given, dict) and all(
        type(value) is _FIELDS.get(name) for name, value in given.items()
    )
    if not isinstance(given, dict) or not fits or "approve" not in given:
        raise BadRequest(
            'A vote is JSON: {"approve": true}, with "only_this_request": true if nothing else is '
            'to be covered, "for_task": true if calls of the tool may pass in the conversation, or '
            '"change" with other arguments for a tool call; or {"approve": false, "reason": "…"}.'
        )
    reason = str(given.get("reason", "")).strip()[:_REASON_LENGTH]
    if not given["approve"] and not reason:
        raise BadRequest("A denial needs a reason: the requester reads it.")
    change = str(given.get("change", ""))
    if len(change) > _CHANGE_LENGTH:
        raise BadRequest(f"A change of a call has at most {_CHANGE_LENGTH:,} characters.")
    return Word(
        approve=given["approve"],
        reason=reason,
        once=given["approve"] and given.get("only_this_request", False),
        change=change,
        for_task=given.get("for_task", False),
    )


def _told(seen: VisibleHold) -> Json:
    hold = seen.hold
    requester, origin = hold.requester, hold.requester.provenance
    covers = _covers(hold)
    return {
        **_standing(hold),
        "requester": requester.name,
        "email": requester.email,
        "repository": origin.repository if origin else "",
        "commit": origin.commit if origin else "",
        "ref": origin.ref if origin else "",
        "actor": origin.actor if origin else "",
        "claimed": origin is not None and not origin.verified,
        "connection": hold.connection,
        "model": hold.model,
        "call": f"{hold.method} {hold.path}",
        "bytes": hold.body_bytes,
        "sent_at": hold.created_at.isoformat(),
        "expires_at": hold.deadline.isoformat(),
        "reason": hold.reason,
        "tool": _call(hold),
        "rules": [_rule(fired) for fired in hold.verdict.holding],
        "approvers": list(seen.asked),
        "session": hold.session_id,
        "covers_until": covers.isoformat() if covers else None,
        "own": seen.own,
        "why_not": seen.why_not,
    }


def _standing(hold: Hold) -> Json:
    return {
        "id": hold.id,
        "name": short(hold.id),
        "state": hold.state.value,
        "approvals": approvals(hold),
        "quorum": quorum(hold),
        "votes": [_vote(vote) for vote in hold.votes],
        "note": hold.note,
        "change": hold.change,
        "is_call": hold.tool is not None,
    }


def _call(hold: Hold) -> Json | None:
    call = hold.tool
    if call is None:
        return None
    return {
        "name": call.tool,
        "arguments": call.arguments,
        "folder": call.folder,
        "ask": call.ask,
        "before": list(call.before),
        "may_change": may_change(hold),
        "may_pass_task": may_pass_task(hold),
    }


def _vote(vote: Vote) -> Json:
    return {
        "by": vote.by.name,
        "approve": vote.approve,
        "at": vote.at.isoformat(),
        "reason": " – ".join(part for part in (vote.category, vote.reason) if part),
    }


def _rule(fired: FiredRule) -> Json:
    passages = most_telling(fired.question.passages) if fired.question else []
    return {
        "rule": fired.rule,
        "title": fired.title,
        "risk": fired.risk.value,
        "explain": fired.explain,
        "findings": fired.findings,
        "passages": [_passage(passage) for passage in passages],
        "excerpts": [_excerpt(excerpt) for excerpt in fired.excerpts],
    }


def _passage(passage: Passage) -> Json:
    quoted = _excerpt(passage.excerpt) if passage.excerpt else {}
    return {"kind": passage.kind.value, "role": passage.role.value, **quoted}


def _excerpt(excerpt: Excerpt) -> Json:
    return {
        "before": excerpt.before,
        "words": excerpt.words,
        "after": excerpt.after,
        "place": excerpt.place,
    }


def _covers(hold: Hold) -> datetime | None:
    """Return until when an approval covers more than the request, at the latest."""
    questions = [fired.question for fired in hold.verdict.holding if fired.question]
    longest = max((q.cover.most for q in questions if q.cover), default=None)
    return hold.created_at + longest if longest else None
