"""Wrappers: text that an agent adds to what a person typed, between tags on lines of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OPENCODE = "Generate a title for this conversation:"  # 1.18
CLAUDE_CODE = (  # 2.1.197, at a terminal
    "Write the title in the language the user wrote in, regardless of the language of the examples "
    "above."
)
_FRAMES = frozenset({OPENCODE, CLAUDE_CODE})
_LONGEST_FRAME = max(map(len, _FRAMES)) + 10
REPEATS = "session"
"""The wrapper in which an agent sends again what a person typed, to make a title of it."""
# Of all clients: who sends a request never changes what is found in it.
_NAMES = ("environment_context", "INSTRUCTIONS", "session_context", "system-reminder", REPEATS)
_TAG = re.compile(rf"^<(/?)({'|'.join(_NAMES)})>[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """`[start, end)` of the whole, `[inner_start, inner_end)` of what stands between its tags."""

    name: str
    start: int
    inner_start: int
    inner_end: int
    end: int

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


def wrappers(text: str) -> tuple[Wrapper, ...]:
    """Return the wrappers of a text, in order; none is within another.

    An outer one holds what stands in it; of two that cross, the one that closes first counts.
    """
    found: list[Wrapper] = []
    opened: dict[str, re.Match[str]] = {}
    for tag in _tags(text):
        name = tag[2]
        if not tag[1]:
            opened.setdefault(name, tag)
        elif first := opened.get(name):
            while found and found[-1].start > first.start():
                found.pop()
            opened = {n: other for n, other in opened.items() if other.start() < first.start()}
            found.append(Wrapper(name, *first.span(), *tag.span()))
    return tuple(found)


def paired(came: str, goes: str) -> tuple[tuple[Wrapper, Wrapper], ...]:
    """Return each wrapper of a text as it came, with the same one as it is forwarded.

    None where masking changed any tag: who stands in which wrapper is not sure then.
    """
    if came == goes:
        return tuple((wrapper, wrapper) for wrapper in wrappers(came))
    if [tag.groups() for tag in _tags(came)] != [tag.groups() for tag in _tags(goes)]:
        return ()
    return tuple(zip(wrappers(came), wrappers(goes), strict=True))


def outside(text: str, within: Iterable[Wrapper]) -> str:
    """Return what stands outside the wrappers."""
    parts: list[str] = []
    at = 0
    for wrapper in within:
        parts.append(text[at : wrapper.start])
        at = wrapper.end
    return "".join([*parts, text[at:]])


def _tags(text: str) -> list[re.Match[str]]:
    return list(_TAG.finditer(text)) if "<" in text else []


def is_frame(text: str) -> bool:
    """Whether a text is, word for word, what an agent puts beside a repeated prompt."""
    return len(text) <= _LONGEST_FRAME and text.strip() in _FRAMES
