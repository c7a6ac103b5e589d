"""Values to documents and back, by their type annotations.

A document is the value's fields under their own names, `id` as `_id`. Times and bytes stay as
they are (BSON knows both); enums become their values, durations ISO 8601 strings.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

if TYPE_CHECKING:
    from app.domain.hold import Hold
    from app.domain.identity import Identity

Document: TypeAlias = dict[str, Any]
T = TypeVar("T")

_NATIVE = (datetime, bytes)


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


def called(name: str) -> str:
    """Return the mark of a hold for a name that people give one who voted on it.

    It differs from the keys and addresses beside it, since anyone may choose a name.
    """
    return f"called {name.lower()}"


def between(low: str, high: str) -> Document:
    bounds = ({"$gte": low} if low else {}) | ({"$lt": high} if high else {})
    return {"_id": bounds} if bounds else {}


def hold_document(hold: Hold) -> Document:
    """Add the marks that the store keeps.

    They say that it is not settled, who asks and who has voted, its key as long as it is open, and
    once people have decided on it, by which rules it was held.
    """
    marks: Document = {"settled": False, "who": hold.requester.key}
    if hold.state.open:
        marks["open_key"] = hold.key
    if hold.votes:
        voters = [vote.by for vote in hold.votes]
        names = {name for voter in voters for name in voter.names}
        spoken = {name for voter in voters for name in (voter.email.partition("@")[0], voter.name)}
        marks["voters"] = sorted(names | {called(name) for name in spoken if name})
    if hold.judged:
        marks["judged"] = [fired.rule for fired in hold.verdict.holding]
    return to_document(hold) | marks
