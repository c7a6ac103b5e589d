"""Names of passages: keyed digests, so that no one can guess what was said from a stored name."""

from __future__ import annotations

import hmac
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.passage import PassageKind
    from app.domain.segment import Role

_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n\s*")


class PassageNames:
    """`key` is secret where names are stored; without one they serve for a rehearsal."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    def of(self, kind: PassageKind, role: Role, texts: Iterable[str]) -> str:
        """Return the name of texts that belong together; where one ends is part of it."""
        digest = hmac.new(self._key, digestmod="sha256")
        for part in (kind.value, role.value, *map(normalised, texts)):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
        return digest.hexdigest()


UNKEYED = PassageNames()


def normalised(text: str) -> str:
    """Fold only what no reader could tell apart: blanks, empty lines, composed characters.

    Line breaks stay, since one may end a comment. What the matching folds besides, such as
    accents, is kept: it changes what a text says.
    """
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    lines = (_BLANKS.sub(" ", line).strip() for line in _EMPTY_LINES.sub("\n", text).split("\n"))
    return "\n".join(line for line in lines if line)
