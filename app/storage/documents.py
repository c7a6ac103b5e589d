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
    from collections.abc import Iterable

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
    return to_document(session) | {
        "handles": handles(session.identity),
        "short": short(session.id).lower(),
        "rules": [fired.rule for fired in session.verdict.fired],
        "spoken": _spoken(session.conversation),
        "repo": provenance.repository if provenance else "",
    }


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


def session_query(wanted: SessionFilter, before: str) -> Document:
    """Return the query of a filter and a page; only equalities and a range over `_id`."""
    equal = {
        "handles": wanted.user,
        "decision": wanted.decision.value if wanted.decision else "",
        "rules": wanted.rule,
        "connection": wanted.connection,
        "spoken": wanted.conversation,
        "repo": wanted.repo,
        "cloud.agent": wanted.agent,
        "hook.tool": wanted.hook,
        "calls": _call_sought(wanted.tool, wanted.call),
        "_id" if len(wanted.id) > SHORT else "short": wanted.id,
    }
    query: Document = {field: value for field, value in equal.items() if value}
    if owner := wanted.owner:
        query |= {"identity.issuer": owner.issuer, "identity.subject": owner.subject}
        # Of the two alone there is no index.
        query.setdefault("handles", owner.subject.lower())
    bounds = {"$lt": before} if before else {}
    if wanted.until:
        bounds["$lt"] = min(filter(None, (before, first_id(wanted.until))))
    if wanted.since:
        bounds["$gte"] = first_id(wanted.since)
    return {"_id": bounds} | query if bounds else query


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
    if voters := [vote.by for vote in hold.votes]:
        keys = {key for voter in voters for key in voter.identities}
        marks["voters"] = sorted({*keys, *(voter.email.lower() for voter in voters)} - {""})
    if hold.judged:
        marks["judged"] = [fired.rule for fired in hold.verdict.holding]
    return to_document(hold) | marks
