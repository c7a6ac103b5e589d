r"""The scan view: a text as a rule sees it, character for character as long as the text.

Invisible characters become `\0` (matching steps over them), look-alikes become the ASCII letter
that they imitate, all spaces become one of the ASCII ones. Because the lengths are equal, a
place in the view is the same place in the text. Folding is by single character, so the view of
two texts joined is the two views joined: a stream may be cut anywhere.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from policies.patterns.charset import WORD_BUCKET, code_of
from policies.patterns.look_alikes import letter_like

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TRANSPARENT = "\0"
BAR = "\3"
"""Stands between texts that are looked at together: nothing matches it, and to whatever may not
stand beside a match it is the edge of the text."""
_TAKEN = "\0\2\3\4"
"""Control characters that the view uses for itself (see `charset`); in a text they become:"""
_STAND_IN = "\5"

# Format characters and marks are found by category; these are letters that show nothing.
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"

_LOOK_ALIKES = {
    # Cyrillic
    **dict(zip("АВЕЅІЈКМНОРСТХУҮԌԚԜЗ", "ABESIJKMHOPCTXYYGQW3", strict=True)),
    **dict(zip("авеѕіјкмнорстхуүԛԝһԁӏո", "abesijkmhopctxyyqwhdln", strict=True)),
    # Greek
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEZHIKMNOPTYXC", strict=True)),
    **dict(zip("αοιυνρκχτγϲ", "aoiuvpkxtyc", strict=True)),
    # Latin letters that are drawn like others
    **dict(zip("ıɑɡɩʟꞮ", "iagiLI", strict=True)),
    # Dashes, quotes, dots, colons, slashes
    **dict.fromkeys("‐‑‒–—―−⁃﹘", "-"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("․·。｡", "."),
    **dict.fromkeys("：ː∶꞉", ":"),
    **dict.fromkeys("∕⁄⧸", "/"),
    **dict.fromkeys("＿ˍ", "_"),
}


class Table(dict[int, str]):
    """Works out once what takes the place of a character; `str.translate` then does the rest.

    `same` has those beyond ASCII of which it is known that they stay as they are.
    """

    _LIMIT = 50_000

    def __init__(self, put: Callable[[int], str], known: Mapping[int, str] | None = None) -> None:
        super().__init__(known or {})
        self._put = put
        self.same: set[str] = set()

    def __missing__(self, code: int) -> str:
        put = self._put(code)
        if len(self) < self._LIMIT:
            self[code] = put
            if put == chr(code):
                self.same.add(put)
        return put


def _fold(ch: str) -> str:
    if ch.isascii():
        return _STAND_IN if ch in _TAKEN else ch
    if ch in _FILLERS or unicodedata.category(ch) in {"Cf", "Mn", "Me"}:
        return TRANSPARENT
    if ch.isspace():
        return " "
    if ch not in _LOOK_ALIKES:
        composed = unicodedata.normalize("NFKC", ch)
        ch = composed if len(composed) == 1 else ch
    if ch in _LOOK_ALIKES:
        return _LOOK_ALIKES[ch]
    if ch.isalpha() and code_of(ch) == WORD_BUCKET:
        return letter_like(ch)
    digit = unicodedata.digit(ch, None)
    return ch if digit is None or ch.isascii() else str(digit)


def _folded(code: int) -> str:
    return _fold(chr(code))


_TABLE = Table(_folded)
_WITH_BARS = Table(_folded, {ord(BAR): BAR})


def scan_view(text: str) -> str:
    """Return the view of a text; it has the same length."""
    if is_its_view(text):
        return text
    return translated(text, _TABLE)


_LONG = 256
_FEW = 48
_ORDINARY = bytes(code for code in range(128) if chr(code) not in _TAKEN)


def odd_characters(text: str) -> frozenset[str]:
    """Return the characters of a text that are not ordinary ASCII ones; a bar is one."""
    if _is_plain(text):
        return frozenset()
    odd = text.encode("utf-8", "surrogatepass").translate(None, _ORDINARY)
    return frozenset(odd.decode("utf-8", "surrogatepass"))


def translated(text: str, table: Table, odd: Iterable[str] | None = None) -> str:
    """Return `text.translate(table)`, for a table that leaves ordinary ASCII characters alone.

    Text is mostly those, with few others: to replace them one by one takes a tenth of the time.
    `odd` are those others and may be more, where whoever asks has them.
    """
    if len(text) < _LONG:
        return text.translate(table)
    odd = odd_characters(text) if odd is None else frozenset(odd)
    changes = {ch: to for ch in odd - table.same if (to := table[ord(ch)]) != ch}
    # What one replacement gives must not be replaced by the next.
    if len(changes) > _FEW or not changes.keys().isdisjoint(changes.values()):
        return text.translate(table)
    for ch, to in changes.items():
        text = text.replace(ch, to)
    return text


def barred(texts: Iterable[str]) -> str:
    """Return texts as one, with bars between them."""
    return BAR.join([text.replace(BAR, _STAND_IN) for text in texts])


def barred_view(text: str, odd: Iterable[str] | None = None) -> str:
    """Return the view of a text in which each bar is one; `odd` as in `translated`."""
    return text if _is_plain(text) else translated(text, _WITH_BARS, odd)


def is_its_view(text: str) -> bool:
    """Whether a text is its own view, and all of it can be seen: ordinary ASCII characters."""
    return BAR not in text and _is_plain(text)


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text and "\2" not in text and "\4" not in text


def _variants() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii() and base.isalpha():
            found.setdefault(base.lower(), set()).add(chr(code))
    return {base: frozenset(members) for base, members in found.items()}


_ACCENTED = _variants()


def plain(ch: str) -> str:
    """Return the lower-case letter without accents that a character reads as in a word."""
    view = scan_view(unicodedata.normalize("NFD", ch)[0])
    folded = view.casefold()
    return folded if len(folded) == 1 else view


def spellings(ch: str) -> frozenset[str]:
    """Return all the characters of a scan view that read like `ch` in a word: case, accents."""
    letter = plain(ch)
    return frozenset({letter, letter.upper()[:1], scan_view(ch)}) | _ACCENTED.get(
        letter, frozenset()
    )
