r"""Sets of characters over the alphabet of the scan view (see `normalise`).

ASCII characters stand for themselves. The view never contains the control characters \0, \2, \3
and \4, so two of them are free to stand for 'any other letter or digit' and 'anything else', among
it what belongs to a script that puts no spaces between words: there, words may touch. \3 is the
bar between texts (see `normalise`), which is in no set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")
WORD_BUCKET = 2
_OTHER_BUCKET = 4
KINDS = 1 << WORD_BUCKET | 1 << _OTHER_BUCKET
_BAR = 1 << 3
# Thai, Lao, Tibetan, Burmese; Hangul, to which particles are joined; Khmer; Japanese, Chinese.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u318f\u31a0-\u31ff\u3400-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U000323af]"
)
ASCII = "".join(map(chr, range(1, 128)))
"""The characters of the scan view that stand for themselves."""
_ALL = sum(1 << code for code in range(1, 128)) & ~_BAR


def code_of(ch: str) -> int:
    """Return the bit that stands for a character of the scan view."""
    code = ord(ch)
    if code < 128:
        return code
    return WORD_BUCKET if ch.isalnum() and not _WITHOUT_SPACES.match(ch) else _OTHER_BUCKET


def bit_of(ch: str) -> int:
    """Return the one bit of `CharSet.bits` that stands for a character of the scan view."""
    return 1 << code_of(ch)


class Kinds(dict[str, str]):
    """The character that stands for others in some sets: of ASCII and what they name, its own.

    So a machine has to learn few steps, however many characters a script has.
    """

    _LIMIT = 50_000

    def __init__(self, sets: Iterable[CharSet]) -> None:
        super().__init__((ch, ch) for members in sets for ch in members.others)

    def __missing__(self, ch: str) -> str:
        kind = chr(code_of(ch))
        if len(self) < self._LIMIT:
            self[ch] = kind
        return kind

    def make_room(self, steps: dict[str, T]) -> None:
        """Take out of steps by character what is quickly found again, by the character's kind.

        Else a text in a large alphabet would leave no room for the texts that come after it.
        """
        for ch in list(steps):
            if self[ch] != ch:
                steps.pop(ch, None)


@dataclass(frozen=True, slots=True)
class CharSet:
    """Bit *n* of `bits` is ASCII character *n*; `others` are single characters beyond ASCII."""

    bits: int
    others: frozenset[str] = frozenset()

    def __contains__(self, ch: str) -> bool:
        return self.has(ch, bit_of(ch))

    def has(self, ch: str, bit: int) -> bool:
        """Tell it of a character whose bit is at hand: one look for a question to many sets."""
        return self.bits & bit != 0 or ch in self.others

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet(self.bits | other.bits, self.others | other.others)

    def __len__(self) -> int:
        return self.bits.bit_count() + len(self.others)

    @property
    def members(self) -> str | None:
        """All its characters; None where it has whole kinds of them."""
        if self.bits & KINDS:
            return None
        plain = (chr(code) for code in range(128) if self.bits >> code & 1)
        return "".join([*plain, *sorted(self.others)])

    def complement(self) -> CharSet:
        """Return all characters but these; only for sets that name nothing beyond ASCII."""
        return CharSet(_ALL & ~self.bits)

    def edge(self) -> CharSet:
        """Return what may stand beside a match that must not touch these: all else, and a bar."""
        return CharSet(_ALL & ~self.bits | _BAR)

    def any_case(self) -> CharSet:
        """Return the set with both cases of each of its ASCII letters."""
        lower = self.bits & _LOWER
        upper = self.bits & _UPPER
        return CharSet(self.bits | lower >> 32 | upper << 32, self.others)

    def covers(self, other: CharSet) -> bool:
        return not other.bits & ~self.bits and other.others <= self.others


class Lookup(dict[str, bool]):
    """Whether a character is in a set, remembered: faster than asking the set each time."""

    _LIMIT = 4000

    def __init__(self, members: CharSet) -> None:
        super().__init__()
        self._members = members

    def __missing__(self, ch: str) -> bool:
        found = ch in self._members
        if len(self) < self._LIMIT:
            self[ch] = found
        return found


def chars(members: Iterable[str]) -> CharSet:
    """Return the set of the given characters of the scan view."""
    members = frozenset(members)
    plain = frozenset(filter(str.isascii, members))
    return CharSet(reduce(lambda bits, ch: bits | 1 << ord(ch), plain, 0), members - plain)


@lru_cache(maxsize=256)
def single(ch: str) -> CharSet:
    """Return the set of one character of the scan view."""
    return chars(ch)


def span(first: str, last: str) -> CharSet:
    return CharSet(_ALL & chars(chr(code) for code in range(ord(first), ord(last) + 1)).bits)


_LOWER = span("a", "z").bits
_UPPER = span("A", "Z").bits

DIGIT = span("0", "9")
WORD = DIGIT | span("a", "z") | span("A", "Z") | chars("_")
SPACE = chars(" \t\n\r\f\v")
ANY = CharSet(_ALL)
NOTHING = CharSet(0)
LOWER = span("a", "z")
LETTER = LOWER | span("A", "Z") | CharSet(1 << WORD_BUCKET)
"""Letters of any script, and digits beyond ASCII: what a whole word must not touch."""
ALNUM = DIGIT | LETTER
