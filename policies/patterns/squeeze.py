"""Texts with all that stands between letters left out: a word is found however it is broken up.

Words are looked for here as plain literals; where one is found, its pattern decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped]

from policies.patterns.normalise import Table, plain, translated

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATORS = " \t\n\r\f\v._*`~|/\\-"
"""What may stand between the letters of a word, or the words of a phrase."""

PUNCTUATION = "\"'()[]{}<>+,;:&^#@!?%$"
"""What may stand between the letters of a long word besides."""

_DROP = (SEPARATORS + PUNCTUATION).encode()
_LOWER = bytes(range(256)).lower()
_LETTERS = r"[A-Za-z0-9\x02\x04]"
_BETWEEN = r"[ \t\n\r\f\v._*`~|/\\\-]{1,8}"
# It may match too much: the exact pattern confirms each match.
_SPELLED = re2.compile(rf"(?:{_LETTERS}{_BETWEEN}){{2,}}{_LETTERS}".encode())


def _letter(code: int) -> str:
    ch = chr(code)
    return ch if ch.isascii() else plain(ch)


_PLAIN = Table(_letter)


def squeezed(view: str, odd: Iterable[str] | None = None) -> bytes:
    """Return the letters of a view, plain and in lower case, in UTF-8; `odd` as in `translated`."""
    if not view.isascii():
        view = translated(view, _PLAIN, odd)
    return view.encode("utf-8", "replace").translate(_LOWER, _DROP)


def spelled_out(view: str, data: bytes) -> bytes:
    """Return the words that are spelled out letter by letter, one on each line.

    `data` is the view with one byte for each character.
    """
    runs = (found.span() for found in _SPELLED.finditer(data))
    return b"\n".join(squeezed(view[start:end]) for start, end in runs)
