r"""Glue: what parts a word for a pattern, and not for a program, a browser, a terminal or a person.

    "AKIA" + "IOSF…"    AK''IA…    AK${x}IA…    AK<!-- -->IA…    [AK](url)IA…    AK\x1b[0mIA…

The lines that have glue are read once more without it, each with the line before it:

    key = "AKIA" + "IOSFODNN7EXAMPLE"   →   key = "AKIAIOSFODNN7EXAMPLE"

Glue is looked for in one byte for each character, where `_` stands for whatever is not ASCII. No
piece of it may go on over the beginning of another of its kind: so the time that it takes to find
all of them is in proportion to the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import re2  # type: ignore[import-untyped]

from policies.patterns.normalise import BAR
from policies.patterns.places import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.matching.readings import Reading

_AT = r"(?:\b|[.:@%#$!&+/=-])"
"""Strings are joined at any character of a token, not only where it has a letter."""
_PART = r"[A-Za-z0-9][A-Za-z0-9_+/=-]*"
_QUOTED = rf"""(?:"{_PART}"|'{_PART}')"""
_QUOTE = r"""\\?["'`]"""
_STRINGS = rf"{_QUOTE}\s*(?:[+.&|~\\_]{{1,2}}\s*)?{_QUOTE}"
"""The end of a string and the beginning of the next."""
_BETWEEN = "|".join(
    (
        # Empty brackets; the end of one pair and the beginning of the next.
        r"""\{(?:""|'')?\}|\[\]|\(\)|<>|\]\[|\)\(|\}\{""",
        # What a shell or a template fills in, with nothing perhaps.
        r"\$\{[^{}\n\x03]*\}|\$\([^()\n\x03]*\)|\$[@*]|#\{[^{}\n\x03]*\}",
        r"\{\{[^{}\n\x03]*\}\}|\{[#%][^{}\n\x03]*[#%]\}|<%[^<%\n\x03]*%>",
        # Comments, tags, footnotes, the address that a terminal links to.
        r"<!--(?:[^<\x03]|<[^!\x03])*?-->|/\*[^*\x03]*\*/|</?[A-Za-z][^<>\x03]*>",
        r"\[\^[A-Za-z0-9]*\]|\x1b\][^\x07\x1b\x03]*(?:\x07|\x1b\\)",
        _STRINGS,
    )
)
_COLOUR = r"(?:\x1b|\\e)\[[0-9;_]*[A-Za-z]|\[[0-9;]+m|\x1b[()][A-Z0-9]"
"""What a terminal is told, up to a letter."""
_LINK = r"!?\[[^\[\]\n\x03]*\]\([^()\s\x03]*\)"
_FORMS = "|".join(
    (
        # `\b`: a letter on one side and none on the other. `\B` behind a letter: another one.
        rf"\b((?:{_BETWEEN}|{_COLOUR})*(?:(?:{_BETWEEN})\b|(?:{_COLOUR})\B))",
        rf"{_AT}({_STRINGS}){_AT}",
        rf"(\b(?:{_LINK})+|(?:{_LINK})+\b|(?:{_LINK}){{2,}})",
        # A part of a word in quotes or brackets.
        rf"(\b{_QUOTED}|{_QUOTED}\b|\[{_PART}\]\b|\({_PART}\)\b|\{{{_PART}\}}\b)",
    )
).encode()
_GLUE = re2.compile(_FORMS)
_ALIKE = re2.Options()
_ALIKE.never_capture = True
_ANY_GLUE = re2.compile(_FORMS, _ALIKE)
"""Finds it in a third of the time, and does not tell which of the groups it is."""
_FIRST_KIND = b"\x1b<"
"""What no other glue begins with than that of the first group, which is the whole of it."""
_LINKS = 3
"""The groups up to the first are glue, the second is links; the last is a part of a word."""
_NAME_AND_ADDRESS = re.compile(rb"!?\[(.*?)\]\(.*?\)")
_LETTER_BEFORE = re.compile(rb"[A-Za-z_][0-9]*\Z")
_LETTER_BEHIND = re.compile(rb"[0-9]*[A-Za-z_]")
_A_NUMBER = 40  # digits, at most
_AROUND = 1000
"""So many characters of a line are read before and behind glue, at most."""
_AS_LETTERS = bytes.maketrans(b"?", b"_")


class Joined:
    """The lines of a source that have glue, without it."""

    how = "joined"

    def __init__(self, source: Reading, cuts: list[tuple[int, int]]) -> None:
        """`cuts` are the places of the glue, in order and apart."""
        self._source = source
        text, kept = source.text, list(_kept(source.text, cuts))
        # Between two blocks, and behind the last one, stands a bar.
        parts = [text[begin:until] or BAR for begin, until in kept]
        self._starts = [0, *accumulate(map(len, parts))]
        self._sources = [begin for begin, _ in kept]
        self.text = "".join(parts)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        return self._source.origin(self._at(start), self._at(end - 1) + 1)

    def _at(self, place: int) -> int:
        number = bisect_right(self._starts, place) - 1
        return self._sources[number] + place - self._starts[number]


def joined(source: Reading, data: bytes) -> Joined | None:
    """Return the source without glue, None where it has none; `data` is one byte a character."""
    cuts = list(_cuts(data.translate(_AS_LETTERS)))
    return Joined(source, cuts) if cuts else None


def _cuts(data: bytes) -> Iterator[tuple[int, int]]:
    for (found,) in places(_ANY_GLUE, data):
        kind, (start, end) = _group(data, found)
        if kind > _LINKS:
            yield from ((start, start + 1), (end - 1, end))
        elif kind == _LINKS:
            for link in _NAME_AND_ADDRESS.finditer(data, start, end):
                yield from ((link.start(), link.start(1)), (link.end(1), link.end()))
        elif not _parts_numbers(data, start, end):
            yield start, end


def _group(data: bytes, found: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    """Return the number of the group that some glue is in, and its place."""
    if data[found[0]] in _FIRST_KIND:
        return 1, found
    _, *groups = next(places(_GLUE, data, found[0]))
    place = max(groups)
    return groups.index(place) + 1, place


def _parts_numbers(data: bytes, start: int, end: int) -> bool:
    """Tell whether there are numbers on both sides: joined, they would be another one."""
    return (
        data[start - 1 : start].isdigit()
        and data[end : end + 1].isdigit()
        and not _LETTER_BEFORE.search(data[max(0, start - _A_NUMBER) : start])
        and not _LETTER_BEHIND.match(data[end : end + _A_NUMBER])
    )


def _kept(text: str, cuts: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is left of the lines around the cuts, and an empty stretch behind each block."""
    at = until = 0  # where what is left goes on; where the block ends
    for start, end in cuts:
        if start >= until:
            if until:
                yield from _rest(at, until)
            at = _line_before(text, max(until, start - _AROUND), start)
        if at < start:
            yield at, start
        at = end
        if end > until:
            newline = text.find("\n", end, end + _AROUND)
            until = min(len(text), end + _AROUND) if newline < 0 else newline
    yield from _rest(at, until)


def _rest(at: int, until: int) -> Iterator[tuple[int, int]]:
    if at < until:
        yield at, until
    yield until, until


def _line_before(text: str, least: int, at: int) -> int:
    """Return where the line before that of a place begins, `least` at the least."""
    newline = text.rfind("\n", least, at)
    return max(least, text.rfind("\n", least, max(least, newline)) + 1)
