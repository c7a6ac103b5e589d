"""What an answer is, told from how it begins, since a client may read JSON under any label."""

from __future__ import annotations

import json
import re
from enum import Enum, auto

from app.wire import nature

ENOUGH = 65_536
"""Bytes after which what cannot be told from the beginning is taken for JSON."""

# What some servers write before JSON, so that a browser does not run it.
_GUARDS = (")]}',", ")]}'", "while(1);", "while (1);", "for(;;);", "for (;;);", "throw 1;")
_SPACE = " \t\r\n\f\v\x1e\ufeff"
_MARKS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_FIELDS = ("data", "event", "id", "retry", "")
_FIELD = re.compile(r"(data|event|id|retry|):")


class Look(Enum):
    JSON = auto()
    EVENTS = auto()
    OTHER = auto()


def prefix(text: str) -> str:
    """Return what stands before the JSON of an answer: spaces, marks, guards."""
    end = 0
    while True:
        space = len(text) - len(text[end:].lstrip(_SPACE))
        guard = next((guard for guard in _GUARDS if text.startswith(guard, space)), "")
        if not guard:
            return text[:space]
        end = space + len(guard)


def look(text: str, *, whole: bool) -> Look | None:
    """Tell what begins so; None where more is needed. `whole` says that nothing follows."""
    json = begins_json(text, whole=whole)
    if json is None:
        return None
    start = text[len(prefix(text)) :]
    if json or not start:
        return Look.JSON if json else Look.OTHER
    return _events(start, whole=whole)


def begins_json(text: str, *, whole: bool) -> bool | None:
    """Tell whether a text begins as JSON does; None where more is needed."""
    start = text[len(prefix(text)) :]
    if start.startswith(("{", "[", '"')):
        return True
    if not whole and (not start or any(guard.startswith(start) for guard in _GUARDS)):
        return True if len(text) > ENOUGH else None
    return False


def _events(start: str, *, whole: bool) -> Look | None:
    """Take for server-sent events what has their fields and a line of data among the first."""
    data = False
    *lines, rest = re.split(r"\r\n|\r|\n", start)
    for line in lines:
        if not line and data:
            return Look.EVENTS
        if line and not _FIELD.match(line):
            return Look.OTHER
        data = data or line.startswith("data:")
    if data and whole:
        return Look.EVENTS
    begun = _FIELD.match(rest) or any(field.startswith(rest) for field in _FIELDS)
    if whole or not begun:
        return Look.OTHER
    return Look.EVENTS if len(start) > ENOUGH else None


def encoding(head: bytes) -> str:
    """Return the encoding that the first bytes show by a mark or by their zeros, else nothing.

    The mark stays with the text, as its first character.
    """
    if not head.startswith(_MARKS):
        # By more than the first letters, which may be none of ASCII.
        if shown := nature.wide(head[: min(len(head), _WIDE_BYTES) & ~1]):
            return shown
        if 0 not in head[:4]:
            return ""
    found = json.detect_encoding(head)
    match found:
        case "utf-8-sig" | "utf-8":
            return "utf-8"
        case "utf-16" | "utf-32":
            return f"{found}-le" if head.startswith(b"\xff") else f"{found}-be"
        case _:
            return found


_WIDE_BYTES = 64
_RARE = re.compile("[\u3400-\u4dbf\ua000-\uabff]")
"""Hardly ever written, but a sixth of what random bytes spell: rare ideographs, Yi and others."""


def reads_as_text(head: bytes, wide: str) -> bool:
    """Tell text in a wide encoding from other bytes that happen to hold zeros."""
    size = len(head) - len(head) % 4
    try:
        text = head[:size].decode(wide)
    except UnicodeDecodeError:
        return False
    if _RARE.search(text) and 2 * sum(map(str.isascii, text)) < len(text):
        return False
    return bool(text) and all(ch.isprintable() or ch in _SPACE for ch in text)
