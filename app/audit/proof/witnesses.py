"""Cosignatures of witnesses (https://c2sp.org/tlog-cosignature), and how many have to be there.

A witness signs a head only where its tree begins with the tree of the head that it signed before.
So whoever holds the notary's key cannot show two histories without a witness that takes part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.audit.proof.notes import COSIGNER, BadNote, Note, PublicKey, signature_line

if TYPE_CHECKING:
    from app.audit.proof.notes import PrivateKey

_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Witness:
    """`url` is where it takes heads; empty where that is not known."""

    key: PublicKey
    url: str = ""


def read_witnesses(text: str) -> tuple[Witness, ...]:
    """Read a file of witnesses: a key, and maybe an address, in a line. Raises BadNote."""
    found = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            key, url, *rest = [*words, ""]
            if any(rest) or (url and not url.startswith(("http://", "https://"))):
                raise BadNote("a line has the key of a witness, and after it its address")
            found.append(Witness(PublicKey.parse(key, COSIGNER), url.rstrip("/")))
    if len({witness.key for witness in found}) < max(len(found), 1):
        raise BadNote("there is no witness in it, or one is in it twice")
    return tuple(found)


def cosignature(text: str, at: int, key: PrivateKey) -> str:
    """Return the line by which a witness signs the text of a head; `at` is in POSIX seconds."""
    return signature_line(key.public, at.to_bytes(_TIME_BYTES, "big") + key.sign(_said(text, at)))


def cosigned_by(note: Note, key: PublicKey) -> bool:
    """Return whether a witness has signed a head. Raises BadNote where its signature is wrong."""
    found = [raw for name, key_id, raw in note.signatures if (name, key_id) == (key.name, key.id)]
    for raw in found:
        at = int.from_bytes(raw[:_TIME_BYTES], "big")
        if not key.verify(_said(note.text, at), raw[_TIME_BYTES:]):
            raise BadNote(f"the cosignature of {key.short} is wrong")
    return bool(found)


@dataclass(frozen=True, slots=True)
class Quorum:
    """A head counts as witnessed where so many of these witnesses have signed it."""

    least: int
    witnesses: tuple[PublicKey, ...]

    def met(self, note: Note) -> bool:
        """Raises BadNote where a cosignature is wrong."""
        return sum(cosigned_by(note, key) for key in self.witnesses) >= self.least

    def __str__(self) -> str:
        return f"{self.least} of {len(self.witnesses)} witnesses"


def _said(text: str, at: int) -> str:
    return f"cosignature/v1\ntime {at}\n{text}"
