"""What a change did to a file, and the text without it again. Pure.

A trace has the way back in two forms. As long as the file is as we left it, the replaced lines
restore it to the byte. Where somebody changed it since, each setting is taken back by itself, if
it still has the value that we gave it.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from typing import Any

from workstation.configuration.edits import (
    ABSENT,
    EDITORS,
    Format,
    SettingsChange,
    edited,
    holds,
    put,
    remove,
    value_at,
)
from workstation.configuration.faults import Unreadable

_JSON_TYPES = (str, int, float, bool, list, dict, type(None))


@dataclass(frozen=True, slots=True)
class Touched:
    """A setting that got another value. `was` counts if it was `there`."""

    path: tuple[str, ...]
    ours: Any
    there: bool
    was: Any
    made: int
    """How many of the objects around it were made for it."""


@dataclass(frozen=True, slots=True)
class Trace:
    format: Format
    existed: bool
    before: str
    after: str
    """Digests of the text."""
    back: tuple[tuple[int, int, str], ...]
    """Lines of the new text, from and to, and what stood in their place."""
    touched: tuple[Touched, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    text: str | None
    """None where there was no file."""
    kept: tuple[str, ...] = ()
    """Settings that somebody changed since, and that stay so."""


def changed(
    text: str | None, change: SettingsChange, trace: Trace | None
) -> tuple[str | None, Trace | None]:
    """Return the text with a change, and the way back to the text before all our changes.

    `trace` is of the last change to this file, if there was one. Raises Unreadable.
    """
    if text is not None and holds(text, change):
        return text, trace
    base = text if trace is None else undone(text, trace).text
    fresh = edited(base or "", change)
    if text is not None and fresh == text:
        return text, trace
    return fresh, _traced(base, fresh, change)


def undone(text: str | None, trace: Trace) -> Undone:
    """Return the text without our change. Raises Unreadable."""
    if text is None or digest(text) == trace.before:
        return Undone(text)
    if digest(text) == trace.after:
        back = _back(text, trace)
        if digest(back) == trace.before:
            return Undone(back if trace.existed else None)
    return _undone_singly(text, trace)


def digest(text: str) -> str:
    """Return a text's name."""
    return hashlib.sha256(text.encode()).hexdigest()


def _traced(base: str | None, fresh: str, change: SettingsChange) -> Trace:
    values = EDITORS[change.format].parse(base or "")
    touched = []
    for setting in change.settings:
        was = value_at(values, setting.path)
        if was == setting.value:
            continue
        if was is not ABSENT and not isinstance(was, _JSON_TYPES):
            raise Unreadable(f"{setting} holds a value that Abeyance cannot put back")
        made = sum(
            value_at(values, setting.path[:place]) is ABSENT
            for place in range(1, len(setting.path))
        )
        there = was is not ABSENT
        touched.append(Touched(setting.path, setting.value, there, was if there else None, made))
    old, new = _lines(base or ""), _lines(fresh)
    steps = difflib.SequenceMatcher(None, new, old, autojunk=False).get_opcodes()
    back = tuple(
        (start, end, "".join(old[from_:to]))
        for kind, start, end, from_, to in steps
        if kind != "equal"
    )
    before, after = digest(base or ""), digest(fresh)
    return Trace(change.format, base is not None, before, after, back, tuple(touched))


def _back(text: str, trace: Trace) -> str:
    lines = _lines(text)
    for start, end, old in reversed(trace.back):
        lines[start:end] = [old]
    return "".join(lines)


def _undone_singly(text: str, trace: Trace) -> Undone:
    editor, kept = EDITORS[trace.format], []
    for touched in reversed(trace.touched):
        values = editor.parse(text)
        if value_at(values, touched.path) != touched.ours:
            kept.append(".".join(touched.path))
        elif touched.there:
            text = put(text, trace.format, touched.path, touched.was)
        else:
            text = remove(text, trace.format, _emptied(values, touched))
    if not trace.existed and not editor.parse(text):
        return Undone(None, tuple(reversed(kept)))
    return Undone(text, tuple(reversed(kept)))


def _emptied(values: dict[str, Any], touched: Touched) -> tuple[str, ...]:
    """Return the path to remove: what was made around a setting too if it is empty now."""
    path = touched.path
    for _ in range(touched.made):
        if len(value_at(values, path[:-1])) > 1:
            break
        path = path[:-1]
    return path


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
