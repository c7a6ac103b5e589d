"""What is asked of a witness (https://c2sp.org/tlog-witness), as it is written and read.

old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=      the consistency proof, a hash in a line

ledger.example.com/abeyance                       the signed head
…
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.proof.heads import Head
from app.audit.proof.notes import BadNote, exact_base64

if TYPE_CHECKING:
    from collections.abc import Iterable

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
"""The content type of an answer that has the size of the head that a witness signed last."""
_MOST_HASHES = 63
_HASH_BYTES = 32
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Asked:
    """That a head be signed; the proof leads to it from a tree of the old size."""

    old: int
    proof: tuple[bytes, ...]
    head: Head

    @classmethod
    def parse(cls, body: str) -> Asked:
        """Raises BadNote."""
        first, _, checkpoint = body.partition("\n\n")
        line, *hashes = first.split("\n")
        old = _OLD.fullmatch(line)
        if old is None:
            raise BadNote("the first line does not say the old size")
        if len(hashes) > _MOST_HASHES:
            raise BadNote(f"a proof has at most {_MOST_HASHES} hashes")
        proof = tuple(exact_base64(each) for each in hashes)
        if any(len(each) != _HASH_BYTES for each in proof):
            raise BadNote("a hash of the proof is not one of SHA-256")
        return cls(int(old[1]), proof, Head.parse(checkpoint))


def written(old: int, proof: Iterable[bytes], checkpoint: str) -> str:
    """Return the body of the request."""
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof), "", ""]
    return "\n".join(lines) + checkpoint
