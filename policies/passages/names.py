"""Names of passages: keyed digests, so that no one can guess what was said from a stored name."""

from __future__ import annotations

import hmac
import re
import sys
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from app.domain.passage import PassageKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.domain.segment import Role

_BLANKS = re.compile(r"[ \t]{2,}|\t")
_LINE_ENDS = re.compile(r" ?\r?\n[ \r\n]*")
_MOST_MARKS = 30
"""Marks on one letter. Python takes the square of their number to put them in order; Unicode's
Stream-Safe Text Format (UAX 15) has at most so many."""


class PassageNames:
    """`key` is secret where names are stored; without one they serve for a rehearsal."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    def of(self, kind: PassageKind, role: Role, texts: Iterable[str]) -> str:
        """Return the name of texts that belong together; where one ends is part of it."""
        # Blanks and line ends matter to whoever runs a call.
        folded = texts if kind is PassageKind.CALL else map(normalised, texts)
        parts = (kind.value, role.value, *folded)
        return self._digest(part.encode("utf-8", "surrogatepass") for part in parts)

    def of_request(self, head: Iterable[str], body: bytes) -> str:
        """Return the name of a request as it was received, with what is masked in it."""
        return self._digest([b"request", *(part.encode() for part in head), body])

    def _digest(self, parts: Iterable[bytes]) -> str:
        digest = hmac.new(self._key, digestmod="sha256")
        for part in parts:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()


UNKEYED = PassageNames()


def normalised(text: str) -> str:
    """Fold only what no reader could tell apart: blanks, empty lines, composed characters.

    Line breaks stay, since one may end a comment, and no other character becomes one. What the
    matching folds besides, such as accents, is kept: it changes what a text says.
    """
    if not text.isascii() and not _many_marks().search(text):
        text = unicodedata.normalize("NFC", text)
    return _LINE_ENDS.sub("\n", _BLANKS.sub(" ", text)).strip(" \r\n")


@cache
def _many_marks() -> re.Pattern[str]:
    marks = [code for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))]
    return re.compile(f"[{''.join(map(chr, marks))}]{{{_MOST_MARKS + 1}}}")
