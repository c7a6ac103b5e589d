"""Whether a witness signs a head: a pure decision, with the statuses of the C2SP protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.proof.merkle import consistent
from app.audit.proof.notes import BadNote
from notary.witness.asking import SIZE_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.audit.proof.heads import Head
    from app.audit.proof.notes import PublicKey
    from notary.witness.asking import Asked


@dataclass(frozen=True, slots=True)
class WitnessRefusal:
    status: int
    said: str
    content_type: str = "text/plain"


def refusal(asked: Asked, last: Head | None, keys: Iterable[PublicKey]) -> WitnessRefusal | None:
    """Return why a head is not signed; None where it is.

    `last` is the head of the same origin that was signed last, `keys` are those of all ledgers.
    """
    head = asked.head
    theirs = [key for key in keys if key.name == head.origin]
    if not theirs:
        return WitnessRefusal(404, "This witness does not know this ledger.\n")
    if not any(_signed(head, key) for key in theirs):
        return WitnessRefusal(403, "No key that this witness trusts has signed the head.\n")
    if asked.old > head.size:
        return WitnessRefusal(400, "The old size is larger than that of the head.\n")
    size = last.size if last else 0
    is_another = last is not None and head.size == last.size and head.root != last.root
    if asked.old != size or is_another:
        return WitnessRefusal(409, f"{size}\n", SIZE_TYPE)
    said = "The tree does not begin with the one that was signed before.\n"
    return None if _follows(asked, last) else WitnessRefusal(422, said)


def _signed(head: Head, key: PublicKey) -> bool:
    try:
        return head.note.signed_by(key)
    except BadNote:
        return False


def _follows(asked: Asked, last: Head | None) -> bool:
    if last is None:
        return not asked.proof
    return consistent(last.size, last.root, asked.head.size, asked.head.root, asked.proof)
