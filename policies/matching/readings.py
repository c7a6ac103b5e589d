"""Other readings of a text: escapes undone, encoded runs decoded, markup left out.

A rule looks at each of them beside the text itself. What stands in a reading can be traced to
the stretch of the text that it came from.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Protocol

import re2  # type: ignore[import-untyped]

from policies.matching.encodings import encoded_runs
from policies.matching.glue import joined
from policies.patterns.look_alikes import LETTERS_OF_SIGNS
from policies.patterns.normalise import BAR, barred, odd_characters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DEPTH = 3
"""How often a reading may be read again: base64 of URL-encoding of base64."""

_ESCAPE_FORMS = (
    # Each begins with a fixed sign, which `re` then leaps to.
    r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*"
    r"|\\x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2})*"
    r"|\\u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*"
    r"|\\[ux]\{[0-9A-Fa-f]{1,6}(?: [0-9A-Fa-f]{1,6})*\}"
    r"|\\U[0-9A-Fa-f]{8}"
    r"|\\[0-3]?[0-7]{2}"
    r"|&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z]{2,8};)"
    r"|U\+[0-9A-Fa-f]{4,6}(?:[ ,]{0,2}[Uu]\+[0-9A-Fa-f]{4,6})*"
    r"|u\+[0-9A-Fa-f]{4,6}(?:[ ,]{0,2}[Uu]\+[0-9A-Fa-f]{4,6})*"
    r"|=3D|=[0-9A-F]{2}(?:=[0-9A-F]{2})+"
)
_SIGNS = (("\\", "%", "&", "U+", "u+", "="), *[("\\", "%", "&", "U+", "u+")] * 2)
"""What an escape begins with, the first, second and third time that a text is looked at for them:
nobody writes quoted-printable twice."""
_ESCAPE = re.compile(f"({_ESCAPE_FORMS})")
_SOFT_BREAK = re.compile(r"(=\r?\n)")
_MARKUP = re.compile(r"([`*~]+)")
_SIGN = re.compile(f"([{''.join(LETTERS_OF_SIGNS)}])")
_SIGNS_TO_LETTERS = str.maketrans(LETTERS_OF_SIGNS)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_FEW = 32
_LONGEST = 12
"""More than the characters of the longest escape, as far as one goes that may go on."""

# RE2 over bytes, because these look at every character of every text.
_ANY_ESCAPE = re2.compile(_ESCAPE_FORMS.encode())
_ANY_SOFT_BREAK = re2.compile(_SOFT_BREAK.pattern.encode())
_QUOTED_PRINTABLE = re2.compile(rb"(?i:quoted-printable)|=3D|=20\r?\n|=[0-9A-F]{2}=[0-9A-F]{2}")
"""Tells it from base64 at the end of a line, and from a setting without a value."""


class Reading(Protocol):
    """`how` says how the text was read, in words for a person; empty for as it stands."""

    @property
    def how(self) -> str: ...

    @property
    def text(self) -> str: ...

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the original text that `[start, end)` was read from."""
        ...


@dataclass(frozen=True, slots=True)
class AsItStands:
    text: str
    how: str = ""

    def origin(self, start: int, end: int) -> tuple[int, int]:
        return start, end


class Rewritten:
    """A reading in which what the pattern matches is replaced by what `put` gives for it."""

    def __init__(
        self,
        source: Reading,
        how: str,
        pattern: re.Pattern[str],
        put: Callable[[str], str],
        text: str,
    ) -> None:
        """The pattern is one group; `text` is what comes of it, which has a faster way."""
        self.how = how
        self._source = source
        self._pattern = pattern
        self._put = put
        self.text = text

    @cached_property
    def _places(self) -> tuple[list[int], list[int]]:
        """Where each part begins in the reading, and in the source. Each second one is replaced."""
        parts = self._pattern.split(self._source.text)
        sources = [0, *accumulate(map(len, parts))]
        parts[1::2] = map(self._put, parts[1::2])
        return [0, *accumulate(map(len, parts))], sources

    def origin(self, start: int, end: int) -> tuple[int, int]:
        first, last = self._character(start), self._character(end - 1)
        return self._source.origin(first[0], last[1])

    def _character(self, at: int) -> tuple[int, int]:
        """Return what a character of the reading was read from."""
        starts, sources = self._places
        number = bisect_right(starts, at) - 1
        if number % 2:
            return sources[number], sources[number + 1]
        source = sources[number] + at - starts[number]
        return source, source + 1


class Decoded:
    """All encoded runs of a source, decoded, one below the other."""

    def __init__(self, source: Reading, how: str, runs: list[tuple[int, int, str]]) -> None:
        self.how = how
        self._source = source
        self._runs = runs
        self.text = barred(text for _, _, text in runs)

    @cached_property
    def _offsets(self) -> list[int]:
        offsets = [0]
        for _, _, text in self._runs:
            offsets.append(offsets[-1] + len(text) + 1)
        return offsets

    def origin(self, start: int, end: int) -> tuple[int, int]:
        first = bisect_right(self._offsets, start) - 1
        last = bisect_right(self._offsets, end - 1) - 1
        runs = self._runs[first : last + 1]
        return self._source.origin(runs[0][0], runs[-1][1])


def readings(text: str) -> Iterator[Reading]:
    """Yield the text as it stands, then every other reading of it that differs.

    The text may be several with bars between them; a bar stays one in every reading.
    """
    plain = AsItStands(text)
    yield plain
    if "`" in text or "*" in text or "~" in text:
        bare = text.replace("`", "").replace("*", "").replace("~", "")
        yield Rewritten(plain, "without markup", _MARKUP, lambda _: "", bare)
    if not LETTERS_OF_SIGNS.keys().isdisjoint(odd_characters(text)):
        spelled = text.translate(_SIGNS_TO_LETTERS)
        yield Rewritten(plain, "letters of signs", _SIGN, LETTERS_OF_SIGNS.__getitem__, spelled)
    yield from _deeper(plain, MAX_DEPTH)


def _deeper(source: Reading, depth: int) -> Iterator[Reading]:
    if depth == 0:
        return
    unescaped = _unescaped(source)
    if unescaped is not source:
        yield unescaped
    data = _bytes(unescaped.text)
    for how, runs in encoded_runs(data):
        decoded = Decoded(unescaped, how, runs)
        yield decoded
        yield from _deeper(decoded, depth - 1)
    if (whole := joined(unescaped, data)) is not None:
        yield whole
        yield from _deeper(whole, depth - 1)


def _unescaped(source: Reading) -> Reading:
    reading = source
    data = _bytes(reading.text)
    if _ANY_SOFT_BREAK.search(data) and _QUOTED_PRINTABLE.search(data):
        joined = _SOFT_BREAK.sub("", reading.text)
        reading = Rewritten(reading, "unescaped", _SOFT_BREAK, lambda _: "", joined)
    for signs in _SIGNS:
        if not any(map(reading.text.__contains__, signs)):
            break
        text, again = _without_escapes(reading.text)
        if text == reading.text:
            break
        reading = Rewritten(reading, "unescaped", _ESCAPE, _unescape, text)
        if not again:
            break
    return reading


def _without_escapes(text: str) -> tuple[str, bool]:
    """Return the text with each escape undone, and whether there may be escapes in it again.

    They are undone one by one where there are few, else all at once.
    """
    parts: list[str] = []
    at = length = 0
    undone: list[tuple[int, int]] = []
    for found in islice(_ANY_ESCAPE.finditer(_bytes(text)), _FEW):
        start, end = found.span()
        parts += [text[at:start], _unescape(text[start:end])]
        at = end
        length += len(parts[-2]) + len(parts[-1])
        undone.append((length - len(parts[-1]), length))
    rest = text[at:]
    if len(undone) == _FEW:
        more = _ESCAPE.split(rest)
        more[1::2] = map(_unescape, more[1::2])
        return "".join(parts + more), True
    whole = "".join([*parts, rest])
    # An escape that was none before has a part in what was undone.
    around = (whole[max(0, start - _LONGEST) : end + _LONGEST] for start, end in undone)
    return whole, any(_ANY_ESCAPE.search(_bytes(part)) is not None for part in around)


def _bytes(text: str) -> bytes:
    """Return one byte for each character, so that places are the same: of ASCII, its own."""
    return text.encode("ascii", "replace")


class _Undone(dict[str, str]):
    """What each escape is without it; of one character, a text has the same few again and again."""

    _LIMIT = 4096

    def __missing__(self, escape: str) -> str:
        undone = _undone(escape).replace(BAR, " ")
        if len(escape) <= _LONGEST:
            if len(self) >= self._LIMIT:
                self.clear()
            self[escape] = undone
        return undone


_unescape = _Undone().__getitem__


def _undone(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] in "%=":
        return _of_bytes(escape.replace(escape[0], ""))
    if escape[0] in "Uu" or escape[1] in "uU" or escape[:3] == "\\x{":
        return "".join(map(_character, _HEX.findall(escape)))
    if escape[1] == "x":
        return _of_bytes(escape.replace("\\x", ""))
    return chr(int(escape[1:], 8))


def _of_bytes(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8", "replace")


def _character(code: str) -> str:
    point = int(code, 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"
