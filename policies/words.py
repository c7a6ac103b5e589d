"""Words and literals as patterns."""

from __future__ import annotations

from policies.charset import ALNUM, SPACE, CharSet, chars
from policies.normalise import TRANSPARENT, scan_view, spellings
from policies.pattern import Chars, Node, Pattern, PatternError, Repeat, Seq

_MAX_EXACT = 250


def word_pattern(words: str) -> Pattern:
    """Return the pattern of a whole word or phrase: any case, with or without accents.

    It may touch `_`, so that `production` is found in `production_db`, not in `reproduction`.
    """
    items: list[Node] = []
    for part in words.split():
        if items:
            items.append(Repeat(Chars(SPACE), 1, 8))
        visible = (ch for ch in part if scan_view(ch) != TRANSPARENT)
        items += [Chars(_set(spellings(ch))) for ch in visible]
    if len(items) < 2:
        raise PatternError(f"{words!r} is too short to look for; give two characters or more")
    return Pattern(Seq(tuple(items)), not_before=ALNUM, not_after=ALNUM)


def literal_pattern(text: str) -> Pattern:
    """Return the pattern of exactly this text. After 250 characters any of its own may follow."""
    view = scan_view(text).replace(TRANSPARENT, "")
    items: list[Node] = [Chars(_set(frozenset(ch))) for ch in view[:_MAX_EXACT]]
    if len(view) > _MAX_EXACT:
        items.append(Repeat(Chars(_set(frozenset(view))), 0, None))
    return Pattern(Seq(tuple(items)))


def _set(members: frozenset[str]) -> CharSet:
    plain = frozenset(ch for ch in members if ch.isascii())
    return chars(plain) | CharSet(0, members - plain)
