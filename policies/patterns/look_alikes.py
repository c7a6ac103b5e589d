"""Characters that are drawn like an ASCII letter, by the data of Unicode and by their names."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files

import orjson

_SMALL_CAPITAL = re.compile("LATIN LETTER SMALL CAPITAL ([A-Z])")
_SIGN = re.compile(
    "(?:REGIONAL INDICATOR SYMBOL LETTER|PARENTHESIZED LATIN (?:SMALL|CAPITAL) LETTER"
    "|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER) ([A-Z])"
)
_SIGNS = (range(0x249C, 0x24B6), range(0x1F110, 0x1F12A), range(0x1F150, 0x1F200))


def letter_like(ch: str) -> str:
    """Return the ASCII letter that a letter is drawn like; itself where there is none."""
    if small := _SMALL_CAPITAL.fullmatch(unicodedata.name(ch, "")):
        return small[1]
    return _confusables().get(ch, ch)


@cache
def _confusables() -> dict[str, str]:
    """Return the letters that Unicode's list of confusable characters knows for an ASCII letter.

    See https://www.unicode.org/reports/tr39/#Confusable_Detection.
    """
    data = files("confusable_homoglyphs").joinpath("confusables.json").read_bytes()
    known: dict[str, list[dict[str, str]]] = orjson.loads(data)
    return {
        ch: letter
        for ch, others in known.items()
        if len(ch) == 1 and ch.isalpha() and not ch.isascii()
        for letter in (other["c"] for other in others)
        if letter.isascii() and letter.isalpha() and len(letter) == 1
    }


LETTERS_OF_SIGNS = {
    chr(code): found[1]
    for codes in _SIGNS
    for code in codes
    if (found := _SIGN.fullmatch(unicodedata.name(chr(code), "")))
}
"""What signs spell: letters in a box, a circle or brackets, halves of flags. Beside a word they are
no part of it, so they are not letters of the scan view."""
