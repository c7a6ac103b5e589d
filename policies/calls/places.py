"""Where in the arguments of a tool call a rule looks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policies.calls.arguments import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def under(paths: Sequence[str]) -> Callable[[str], bool]:
    """Return whether a place is at one of the paths, or below it; `*` is any one step.

    Text of which the members cannot be told is everywhere.
    """
    found = re.compile("|".join(map(_pattern, paths)))
    return lambda place: place == WHOLE or found.match(place) is not None


def _pattern(path: str) -> str:
    steps = (
        "".join(r"[^.]*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", step))
        for step in path.split(".")
    )
    return r"(?:" + r"\.".join(steps) + r")(?:\.|\Z)"
