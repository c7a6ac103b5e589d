"""Edits as diffs. Pure."""

from __future__ import annotations

import re
from difflib import unified_diff

# Finding what two texts have in common takes up to the product of their lines.
_MOST_COMPARED = 1_000_000
_FILE = re.compile(r"^(?:\*\*\* (?:Add|Update|Delete) File: |\+\+\+ (?:b/)?)(.+)$", re.MULTILINE)
_CONTEXT = 3


def edit_diff(old: str, new: str) -> str:
    """Return what leaves and what comes, with some lines around; numbers of lines are not known."""
    before, after = old.split("\n"), new.split("\n")
    if old == new or len(before) * len(after) > _MOST_COMPARED:
        return "\n".join((*_signed("-", before), *_signed("+", after)))
    told = list(unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]
    hunks = [_without_numbers(line) for line in told]
    return "\n".join(hunks[1:])


def written(content: str) -> str:
    """Return a file that is written as a whole."""
    return "\n".join(_signed("+", content.split("\n")))


def patched_files(patch: str) -> str:
    """Name the files of a patch: the first, and how many others."""
    names = list(dict.fromkeys(name.strip() for name in _FILE.findall(patch)))
    if not names:
        return "a patch"
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]


def _signed(sign: str, lines: list[str]) -> list[str]:
    return [f"{sign}{line}" for line in lines]


def _without_numbers(line: str) -> str:
    """Return a line of a diff: only where a hunk begins does one start with its sign."""
    return "@@" if line.startswith("@@") else line
