"""Masking by brute force, for comparison: every start, every end, Python's own `re`.

It shares nothing with the product but the definition of the scan view and the text of the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from policies.patterns.ends import BESIDE
from policies.patterns.normalise import scan_view

_WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

# What ends with a letter and yet parts two words: written characters, a colour.
_SEAM = re.compile(
    r"(?:\\(?:[abefnrtv0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-3][0-7]{2})"
    r"|%(?:25){0,2}[0-9A-Fa-f]{2}|\[[0-9;]{0,16}m)\Z"
)


@dataclass(frozen=True)
class Known:
    """A rule as its author wrote it."""

    id: str
    pattern: str
    context: str = ""
    followed_by: str = ""
    valid: Callable[[str], bool] | None = None
    harmless: Callable[[str, str], bool] | None = None


def thinned(text: str) -> str:
    """Drop what follows the 16th invisible character in a row."""
    kept, run = [], 0
    for ch in text:
        run = run + 1 if scan_view(ch) == "\0" else 0
        if run <= 16:
            kept.append(ch)
    return "".join(kept)


def masked(text: str, rules: list[Known]) -> str:
    """Return what masking the whole text must give."""
    text = thinned(text)
    out, until = [], 0
    for start, order, end in spans(text, rules):
        if start >= until:
            out.append(text[until:start])
            out.append(f"[{rules[order].id}]")
        until = max(until, end)
    return "".join(out) + text[until:]


def spans(text: str, rules: list[Known]) -> list[tuple[int, int, int]]:
    """Return all matches in order, overlapping ones too: start, number of the rule, end."""
    view = scan_view(text)
    places = [at for at, ch in enumerate(view) if ch != "\0"]
    seen = "".join(view[at] for at in places)
    return sorted(
        (places[start], order, places[end - 1] + 1)
        for order, rule in enumerate(rules)
        for start, end in _matches(seen, rule)
    )


def _matches(seen: str, rule: Known) -> list[tuple[int, int]]:
    body = rule.pattern.removeprefix("(?i)").removeprefix(r"\b").removesuffix(r"\b")
    left, right = rule.pattern.removeprefix("(?i)").startswith(r"\b"), rule.pattern.endswith(r"\b")
    flags = re.ASCII | (re.IGNORECASE if rule.pattern.startswith("(?i)") else 0)
    compiled = re.compile(body, flags)
    starts = range(len(seen))
    found = []
    for start in _after_context(seen, rule.context) if rule.context else starts:
        guarded = left and not rule.context and start and seen[start - 1] in _WORD
        if guarded and not _SEAM.search(seen[max(0, start - 40) : start]):
            continue
        if not compiled.match(seen, start):
            continue  # nor does any part that begins here: a body has no anchors
        ends = [
            end
            for end in range(start + 1, len(seen) + 1)
            if compiled.fullmatch(seen, start, end)
            and not (right and end < len(seen) and seen[end] in _WORD)
            and not (rule.followed_by and seen[end : end + 1] not in {*rule.followed_by})
            and (rule.valid is None or rule.valid(seen[start:end]))
            and not (rule.harmless and rule.harmless(_beside(seen, start), seen[start:end]))
        ]
        if ends:
            found.append((start, ends[-1]))
    return found


def _beside(seen: str, start: int) -> str:
    return seen[max(0, start - BESIDE) : start]


def _after_context(seen: str, context: str) -> list[int]:
    compiled = re.compile(context, re.ASCII)
    return sorted(
        {
            end
            for start in range(len(seen))
            for end in range(start + 1, min(len(seen), start + 40) + 1)
            if compiled.fullmatch(seen, start, end)
        }
    )
