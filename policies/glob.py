"""Globs over names and paths: `*` and `?` stay within one `/`, `**` does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SIGNS = re.compile(r"(\*\*|\*|\?)")
_MEANING = {"**": r".*", "*": r"[^/]*", "?": r"[^/]"}


def any_of(globs: Sequence[str]) -> Callable[[str], bool]:
    """Return whether a name fits one of the globs, whatever its case."""
    both = "|".join(_translate(glob) for glob in globs)
    compiled = re.compile(f"(?is:{both})")
    return lambda name: compiled.fullmatch(name) is not None


def _translate(glob: str) -> str:
    return "".join(_MEANING.get(part) or re.escape(part) for part in _SIGNS.split(glob))
