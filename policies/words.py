"""Words and literals as patterns."""

from __future__ import annotations

from policies.charset import ALNUM, chars
from policies.normalise import TRANSPARENT, scan_view, spellings
from policies.pattern import Alt, Chars, Node, Pattern, PatternError, Repeat, Seq
from policies.squeeze import SEPARATORS

_MAX_EXACT = 250
LONG = 6
_FEWEST_SPELLED = 3  # two single letters beside each other are no word
_BETWEEN = chars(SEPARATORS)


def word_pattern(words: str) -> Pattern:
    """Return the pattern of a whole word or phrase: any case, with or without accents.

    It may touch `_`, so that `production` is found in `production_db`, not in `reproduction`.
    Separators and markup between its letters do not hide it; in a short word only where they
    stand between all of them, because `pro d` is not `prod`.
    """
    parts = [[ch for ch in part if scan_view(ch) != TRANSPARENT] for part in words.split()]
    letters = sum(map(len, parts))
    if letters < 2:
        raise PatternError(f"{words!r} is too short to look for; give two characters or more")
    if letters >= LONG:
        node: Node = _spelled(parts, 0)
    elif letters < _FEWEST_SPELLED:
        node = _spelled(parts, 0, most=0)
    else:
        node = Seq((Alt((_spelled(parts, 0, most=0), _spelled(parts, 1))),))
    return Pattern(node, not_before=ALNUM, not_after=ALNUM)


def exact_pattern(words: str) -> Pattern:
    """Return the pattern of the word as it is written, without anything between its letters."""
    parts = [[ch for ch in part if scan_view(ch) != TRANSPARENT] for part in words.split()]
    return Pattern(_spelled(parts, 0, most=0), not_before=ALNUM, not_after=ALNUM)


def _spelled(parts: list[list[str]], fewest: int, most: int = 3) -> Node:
    """Return the letters of each part with `fewest` to `most` separators between them."""
    items: list[Node] = []
    for part in parts:
        if items:
            items.append(Repeat(Chars(_BETWEEN), 1, 8))
        for at, ch in enumerate(part):
            if at and most:
                items.append(Repeat(Chars(_BETWEEN), fewest, most))
            items.append(Chars(chars(spellings(ch))))
    return Seq(tuple(items))


def literal_pattern(text: str) -> Pattern:
    """Return the pattern of exactly this text. After 250 characters any of its own may follow."""
    view = scan_view(text).replace(TRANSPARENT, "")
    items: list[Node] = [Chars(chars(ch)) for ch in view[:_MAX_EXACT]]
    if len(view) > _MAX_EXACT:
        items.append(Repeat(Chars(chars(view)), 0, None))
    return Pattern(Seq(tuple(items)))
