"""Other readings of a text: escapes undone, encoded runs decoded, markup left out.

A rule looks at each of them beside the text itself. What stands in a reading can be traced to
the stretch of the text that it came from.
"""

from __future__ import annotations

import binascii
import html
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

import re2  # type: ignore[import-untyped]

from policies.normalise import BAR, barred

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_DEPTH = 3
"""How often a reading may be read again: base64 of URL-encoding of base64."""

_ESCAPE_FORMS = (
    # Each begins with a fixed sign, which `re` then leaps to.
    r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*"
    r"|\\x[0-9A-Fa-f]{2}(?:\\x[0-9A-Fa-f]{2})*"
    r"|\\u[0-9A-Fa-f]{4}(?:\\u[0-9A-Fa-f]{4})*"
    r"|\\u\{[0-9A-Fa-f]{1,6}\}"
    r"|\\[0-3][0-7]{2}"
    r"|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});"
)
_ESCAPE = re.compile(_ESCAPE_FORMS)
_MARKUP = re.compile(r"[`*~]+")

# RE2, because these look at every character of every text.
_MAY_ESCAPE = re2.compile(_ESCAPE_FORMS)
_BASE64 = re2.compile(r"[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX = re2.compile(
    r"[0-9A-Fa-f]{16,}|(?:0x)?[0-9A-Fa-f]{2}(?:[ :,]{1,2}(?:0x)?[0-9A-Fa-f]{2}\b){7,}"
)
_READABLE = 6  # characters in a row
_STANDARD = str.maketrans("-_", "+/", "\r\n=")
_HEX_ONLY = re.compile(r"0x|\\x|[^0-9A-Fa-f]")


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
        text: str | None = None,
    ) -> None:
        """`text` is what comes of it, where there is a faster way to tell."""
        self.how = how
        self._source = source
        self._pattern = pattern
        self._put = put
        if text is None:
            # What is unescaped cannot become a bar.
            text = pattern.sub(lambda found: put(found[0]).replace(BAR, " "), source.text)
        self.text = text

    @cached_property
    def _pieces(self) -> list[tuple[int, int, int, int]]:
        """Return where each replaced piece stands: its place in the reading, and in the source."""
        pieces = [(0, 0, 0, 0)]
        for found in self._pattern.finditer(self._source.text):
            _, until, _, source_until = pieces[-1]
            start = until + found.start() - source_until
            pieces.append((start, start + len(self._put(found[0])), found.start(), found.end()))
        return pieces

    def origin(self, start: int, end: int) -> tuple[int, int]:
        first, last = self._character(start), self._character(end - 1)
        return self._source.origin(first[0], last[1])

    def _character(self, at: int) -> tuple[int, int]:
        """Return what a character of the reading was read from."""
        piece = self._pieces[bisect_right(self._pieces, at, key=itemgetter(0)) - 1]
        _, until, source, source_until = piece
        if at < until:
            return source, source_until
        return source_until + at - until, source_until + at - until + 1


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
    yield from _deeper(plain, MAX_DEPTH)


def _deeper(source: Reading, depth: int) -> Iterator[Reading]:
    if depth == 0:
        return
    unescaped = _unescaped(source)
    if unescaped is not source:
        yield unescaped
    for how, runs in (("base64", _base64_runs), ("hexadecimal", _hex_runs)):
        if found := runs(unescaped.text):
            decoded = Decoded(unescaped, how, found)
            yield decoded
            yield from _deeper(decoded, depth - 1)


def _unescaped(source: Reading) -> Reading:
    reading = source
    for _ in range(MAX_DEPTH):
        if not _MAY_ESCAPE.search(reading.text):
            break
        reading = Rewritten(reading, "unescaped", _ESCAPE, _unescape)
    return reading


def _unescape(escape: str) -> str:
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] == "%" or escape[1] == "x":
        return bytes.fromhex(_HEX_ONLY.sub("", escape)).decode("utf-8", "replace")
    if escape[1] == "u":
        return "".join(_character(code) for code in re.findall(r"[0-9A-Fa-f]+", escape))
    return chr(int(escape[1:], 8))


def _character(code: str) -> str:
    point = int(code, 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"


def _base64_runs(text: str) -> list[tuple[int, int, str]]:
    """Decode each run in all four alignments: letters before it may have shifted it."""
    found: list[tuple[int, int, str]] = []
    for run in _BASE64.finditer(text):
        plain = run[0].translate(_STANDARD)
        # Encoded text always mixes cases; words and hexadecimal numbers seldom do.
        if plain.islower() or plain.isupper():
            continue
        for shift in range(4):
            usable = (len(plain) - shift) // 4 * 4
            tail = plain[shift + usable :]
            data = binascii.a2b_base64(plain[shift : shift + usable])
            if len(tail) > 1:
                data += binascii.a2b_base64(tail + "=" * (4 - len(tail)))
            decoded = data.decode("utf-8", "replace")
            # A name of a program decodes to noise, in which nothing could be read.
            if max(map(len, decoded.split("\ufffd"))) >= _READABLE:
                found.append((run.start(), run.end(), decoded))
    return found


def _hex_runs(text: str) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for run in _HEX.finditer(text):
        digits = _HEX_ONLY.sub("", run[0])
        for shift in range(2):
            usable = (len(digits) - shift) // 2 * 2
            data = bytes.fromhex(digits[shift : shift + usable])
            found.append((run.start(), run.end(), data.decode("utf-8", "replace")))
    return found
