"""Signed heads of the tree (https://c2sp.org/tlog-checkpoint), and the keys that may sign them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.audit.proof.notes import BadNote, Note, PublicKey, exact_base64, signed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.audit.proof.notes import PrivateKey

_HASH_BYTES = 32
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_ROTATION = "abeyance notary key rotation"
_CHECKPOINT = re.compile(
    r"^[^\s+]+\n(?:0|[1-9][0-9]*)\n[A-Za-z0-9+/]{43}=\n\n(?:— \S+ [A-Za-z0-9+/]+=*\n?)+",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Head:
    """The size and the root of the tree of `origin`, as a note that the notary signed."""

    origin: str
    size: int
    root: bytes
    note: Note
    checkpoint: str
    """The note as it is written."""

    @classmethod
    def parse(cls, checkpoint: str) -> Head:
        """Raises BadNote. Whether the signatures are right is for a `Keyring` to say."""
        note = Note.parse(checkpoint)
        origin, size, root, *rest = [*note.text.split("\n"), "", ""]
        if any(rest) or not origin or not _SIZE.fullmatch(size):
            raise BadNote("it is not a checkpoint of a tree")
        raw = exact_base64(root)
        if len(raw) != _HASH_BYTES:
            raise BadNote("its root is not a SHA-256 hash")
        return cls(origin, int(size), raw, note, checkpoint)


def checkpoint(size: int, root: bytes, key: PrivateKey) -> str:
    """Return the signed head of a tree; its origin is the name of the key."""
    return signed(f"{key.name}\n{size}\n{base64.b64encode(root).decode()}\n", key)


def checkpoints_in(text: str) -> list[str]:
    """Find the checkpoints in a file of anchors, in its lines of JSON and between other text."""
    found = _CHECKPOINT.finditer("\n".join(_unpacked(line) for line in text.splitlines()))
    return [match[0].rstrip("\n") + "\n" for match in found]


def _unpacked(line: str) -> str:
    """Return the texts in a line, if it is an object in JSON; else the line as it is."""
    try:
        value = json.loads(line) if line.startswith("{") else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return line
    return "\n".join(["", *(text for text in value.values() if isinstance(text, str)), ""])


@dataclass(frozen=True, slots=True)
class Term:
    """A key, and the sizes of the heads that it may sign: above `after`, up to `until`."""

    key: PublicKey
    after: int = -1
    until: int | None = None

    @property
    def always(self) -> bool:
        return self.after < 0 and self.until is None

    def covers(self, size: int) -> bool:
        return self.after < size and (self.until is None or size <= self.until)


class Keyring:
    """The keys that an auditor trusts, and those that a rotation leads to from there."""

    def __init__(self, trusted: Iterable[PublicKey]) -> None:
        self.terms = {key: Term(key) for key in trusted}

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read a file of keys: one a line, `#` begins a comment. Raises BadNote."""
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        keys = [PublicKey.parse(line) for line in lines if line]
        if not keys:
            raise BadNote("there is no key in it")
        return cls(keys)

    def add(self, rotation: str) -> None:
        """Take up a rotation; both keys have signed it. Raises BadNote."""
        note = Note.parse(rotation)
        title, size, old_line, new_line, *rest = [*note.text.split("\n"), *[""] * 3]
        if title != _ROTATION or any(rest) or not _SIZE.fullmatch(size):
            raise BadNote("it is not a rotation of the notary's key")
        old, new = PublicKey.parse(old_line), PublicKey.parse(new_line)
        if old not in self.terms and new not in self.terms:
            raise BadNote(f"neither {old.short} nor {new.short} is a key that you trust")
        if not (note.signed_by(old) and note.signed_by(new)):
            raise BadNote("a rotation must be signed by the old key and by the new one")
        before, after = self.terms.get(old, Term(old)), self.terms.get(new, Term(new))
        self.terms[old] = replace(before, until=int(size))
        self.terms[new] = replace(after, after=int(size))

    def check(self, head: Head) -> None:
        """Return where a key that may sign such a head has signed it. Raises BadNote."""
        always = [
            t.key.short for t in self.terms.values() if t.always and t.key.name == head.origin
        ]
        if len(always) > 1:
            raise BadNote(f"no rotation says which of these keys signs when: {', '.join(always)}")
        signers = [
            key for key in self.terms if key.name == head.origin and head.note.signed_by(key)
        ]
        if not signers:
            names = ", ".join(f"{name}+{key_id.hex()}" for name, key_id, _ in head.note.signatures)
            raise BadNote(f"no key that you trust has signed it; it is signed by {names}")
        if not any(self.terms[key].covers(head.size) for key in signers):
            raise BadNote(f"{signers[0].short} was not the notary's key at that size")


def rotation(size: int, old: PrivateKey, new: PrivateKey) -> str:
    """Return the note by which a new key signs all heads above a size."""
    return signed(f"{_ROTATION}\n{size}\n{old.public}\n{new.public}\n", old, new)
