"""Files of variables, one `NAME=value` a line, edited in place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workstation.configuration.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)


def parse(text: str) -> dict[str, Any]:
    """Return the variables of a file."""
    return {name: value for name, value, _, _ in _lines(text)}


def put(text: str, path: Sequence[str], value: object) -> str:
    """Return the text with a variable. Raises Unreadable where it is there twice."""
    [name] = path
    line_end = "\r\n" if "\r\n" in text else "\n"
    found = [(start, end) for known, _, start, end in _lines(text) if known == name]
    match found:
        case []:
            gap = "" if not text or text.endswith("\n") else line_end
            return f"{text}{gap}{name}={value}{line_end}"
        case [(start, end)]:
            return f"{text[:start]}{name}={value}{text[end:]}"
        case _:
            raise Unreadable(f"{name} is there twice")


def remove(text: str, path: Sequence[str]) -> str:
    """Return the text without a variable, which must be there."""
    [name] = path
    for known, _, start, end in _lines(text):
        if known == name:
            rest = text[end:].removeprefix("\r").removeprefix("\n")
            return text[:start] + rest
    raise Unreadable(f"{name} is not there")


def _lines(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield each variable: name, value without its quotes, and where its line is."""
    for found in _LINE.finditer(text):
        value = found[2]
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`":
            value = value[1:-1]
        end = found.end() - found[0].endswith("\r")
        yield found[1], value, found.start(), end
