"""Wrappers: text that an agent adds to what a person typed, between tags on lines of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REPEATS = "session"
"""The wrapper in which an agent sends again what a person typed, to make a title of it."""
# Of all clients: who sends a request never changes what is found in it.
_NAMES = ("environment_context", "INSTRUCTIONS", "system-reminder", REPEATS)
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
    """Return the wrappers of a text, in order; none is within another."""
    if "<" not in text:
        return ()
    found: list[Wrapper] = []
    opened: dict[str, re.Match[str]] = {}
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened.setdefault(tag[2], tag)
        elif first := opened.get(tag[2]):
            # The outer one counts, of two that cross the first.
            found = [inner for inner in found if inner.start < first.start()]
            found.append(Wrapper(tag[2], *first.span(), *tag.span()))
            opened.clear()
    return tuple(found)


def outside(text: str, within: Iterable[Wrapper]) -> str:
    """Return what stands outside the wrappers."""
    parts: list[str] = []
    at = 0
    for wrapper in within:
        parts.append(text[at : wrapper.start])
        at = wrapper.end
    return "".join([*parts, text[at:]])
