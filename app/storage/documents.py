"""Values to documents and back, by their type annotations.

A document is the value's fields under their own names, `id` as `_id`. Times and bytes stay as
they are (BSON knows both); enums become their values, durations ISO 8601 strings.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from app.ids import SHORT, first_id, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.domain.hold import Hold
    from app.domain.identity import Identity
    from app.domain.session import Decision, RecordedCall, Session
    from app.domain.session_facts import Conversation
    from app.search import SessionFilter

Document: TypeAlias = dict[str, Any]
T = TypeVar("T")

_NATIVE = (datetime, bytes)
_LONGEST_TOOL = 200
CONVERSATION_SHORT = 16
"""Characters of the name of a conversation that people see and type."""


def to_document(value: object) -> Document:
    document: Document = msgspec.to_builtins(value, builtin_types=_NATIVE)
    if "id" in document:
        document["_id"] = document.pop("id")
    return document


def from_document(kind: type[T], document: Document) -> T:
    """Read a value; fields that the type does not know (indexes, marks) are passed over."""
    fields = dict(document)
    if "_id" in fields:
        fields["id"] = fields.pop("_id")
    return msgspec.convert(fields, kind, builtin_types=_NATIVE)


def session_document(session: Session) -> Document:
    """Add to the session the flat fields that people search by."""
    provenance = session.identity.provenance
    return (
        to_document(session)
        | {
            "handles": handles(session.identity),
            "short": short(session.id).lower(),
            "rules": [fired.rule for fired in session.verdict.fired],
            "spoken": _spoken(session.conversation),
            "repo": provenance.repository if provenance else "",
        }
        | ({"milestone": True} if _is_milestone(session.id) else {})
    )


def _is_milestone(session_id: str) -> bool:
    """Whether a session is one of about 256 that mark how far it is from one to the next."""
    return session_id[-1] == "0" and session_id[-2] in "0123"


def _spoken(conversation: Conversation | None) -> list[str]:
    """Return what people may type to find a conversation: what it is called, or our name of it."""
    if conversation is None:
        return []
    return [conversation.id[:CONVERSATION_SHORT], conversation.name.lower()]


def handles(identity: Identity) -> list[str]:
    """Return every name that a person may type to mean this identity, in lower case."""
    actor = identity.provenance.actor if identity.provenance else ""
    names = (
        identity.email,
        identity.email.partition("@")[0],
        identity.name,
        identity.subject,
        actor,
    )
    return sorted({name.lower() for name in names if name})


def session_query(wanted: SessionFilter) -> Document:
    """Return what must be equal, the field first that leaves the fewest sessions."""
    query = {
        "_id" if len(wanted.id) > SHORT else "short": wanted.id,
        "spoken": wanted.conversation,
        "cloud.agent": wanted.agent,
        "handles": wanted.user,
        "repo": wanted.repo,
        "hook.tool": wanted.hook,
        "rules": wanted.rule,
        "calls": _call_sought(wanted.tool, wanted.call),
        "decision": wanted.decision.value if wanted.decision else "",
        "connection": wanted.connection,
    }
    query = {field: value for field, value in query.items() if value}
    if owner := wanted.owner:
        # Of issuer and subject there is no index.
        query = {"handles": owner.subject.lower()} | query
        query |= {"identity.issuer": owner.issuer, "identity.subject": owner.subject}
    return query


def session_bounds(wanted: SessionFilter, before: str) -> tuple[str, str]:
    """Return the first id that may be found, and the first above those; empty for no bound."""
    until = first_id(wanted.until) if wanted.until else ""
    return (
        first_id(wanted.since) if wanted.since else "",
        min(filter(None, (before, until)), default=""),
    )


def between(low: str, high: str) -> Document:
    bounds = ({"$gte": low} if low else {}) | ({"$lt": high} if high else {})
    return {"_id": bounds} if bounds else {}


def windows(
    milestones: Sequence[str], low: str, high: str, most: int = 0
) -> Iterator[tuple[str, str]]:
    """Yield stretches of ids from the newest on; each has as many milestones as all before it.

    `milestones` are the newest first; `most` is how many a window may have, 0 for any number.
    """
    at = 0
    while at < len(milestones):
        reached = min(max(1, 2 * at), at + (most or len(milestones)), len(milestones))
        yield milestones[reached - 1], high
        high, at = milestones[reached - 1], reached
    yield low, high


def calls_sought(calls: Iterable[RecordedCall]) -> list[str]:
    """Return all that people may type to find an answer by one of its tool calls."""
    sought = set[str]()
    for call in calls:
        tool = call.tool.lower()
        sought |= {
            _call_sought(tool, None),
            _call_sought("", call.decision),
            _call_sought(tool, call.decision),
        }
    return sorted(sought)


def _call_sought(tool: str, decision: Decision | None) -> str:
    words = [f"tool:{tool[:_LONGEST_TOOL]}"] if tool else []
    return " ".join([*words, f"call:{decision.value}"] if decision else words)


def hold_document(hold: Hold) -> Document:
    """Add the marks that the store keeps.

    They say that it is not settled, who asks and who has voted, its key as long as it is open, and
    once people have decided on it, by which rules it was held.
    """
    marks: Document = {"settled": False, "who": hold.requester.key}
    if hold.state.open:
        marks["open_key"] = hold.key
    if hold.votes:
        marks["voters"] = sorted({name for vote in hold.votes for name in vote.by.names})
    if hold.judged:
        marks["judged"] = [fired.rule for fired in hold.verdict.holding]
    return to_document(hold) | marks
