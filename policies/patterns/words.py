"""Words and literals as patterns."""

from __future__ import annotations

import re

from policies.patterns.charset import ALNUM, LETTER, LOWER, NOTHING, CharSet, chars
from policies.patterns.normalise import TRANSPARENT, scan_view, spellings
from policies.patterns.pattern import Alt, Chars, Node, Pattern, PatternError, Repeat, Seq
from policies.patterns.squeeze import PUNCTUATION, SEPARATORS

MAX_EXACT = 250
LONG = 6
_FEWEST_SPELLED = 3  # two single letters beside each other are no word
_BETWEEN = chars(SEPARATORS)
_BETWEEN_MANY = chars(SEPARATORS + PUNCTUATION)
_PARTS = re.compile("[A-Za-z]+")


def word_pattern(words: str) -> Pattern:
    """Return the pattern of a whole word or phrase: any case, with or without accents.

    Underscores and digits part words, so `production` is found in `production_db` and in
    `production1`, not in `reproduction`. (`camel_patterns` finds it in `productionDb`.)
    Separators, markup and punctuation between its letters do not hide it; in a short word only
    separators and markup that stand between all of them: `pro d` is not `prod`, and `a, b, c`
    is not `abc`.
    """
    parts = [[ch for ch in part if scan_view(ch) != TRANSPARENT] for part in words.split()]
    letters = sum(map(len, parts))
    if letters < 2:
        raise PatternError(f"{words!r} is too short to look for; give two characters or more")
    if letters >= LONG:
        node: Node = _spelled(parts, 0, between=_BETWEEN_MANY)
    elif letters < _FEWEST_SPELLED:
        node = _spelled(parts, 0, most=0)
    else:
        node = Seq((Alt((_spelled(parts, 0, most=0), _spelled(parts, 1))),))
    return _whole(words, node)


def exact_pattern(words: str) -> Pattern:
    """Return the pattern of the word as it is written, without anything between its letters."""
    parts = [[ch for ch in part if scan_view(ch) != TRANSPARENT] for part in words.split()]
    return _whole(words, _spelled(parts, 0, most=0))


def camel_patterns(words: str) -> tuple[Pattern, ...]:
    """Return the patterns of a word inside a name in camel case; none for what is not ASCII.

    `prod-db` is found as `prodDb` in `prodDbUrl`, and as `ProdDb` in `myProdDb`. A word of two
    letters is not looked for: too many names have such a part.
    """
    parts = _PARTS.findall(words)
    if not words.isascii() or len("".join(parts)) < _FEWEST_SPELLED:
        return ()
    tail = "".join(map(str.capitalize, parts[1:]))
    return (
        Pattern(_exactly(parts[0].lower() + tail), not_before=LETTER, not_after=LOWER),
        Pattern(_exactly(parts[0].capitalize() + tail), not_before=NOTHING, not_after=LOWER),
    )


def _whole(words: str, node: Node) -> Pattern:
    """Return the pattern of what touches no letter, nor a digit where it has one at its end."""
    return Pattern(node, not_before=_beside(words[0]), not_after=_beside(words[-1]))


def _beside(end: str) -> CharSet:
    return ALNUM if end.isdigit() else LETTER


def _exactly(text: str) -> Node:
    return Seq(tuple(Chars(chars(ch)) for ch in text))


def _spelled(
    parts: list[list[str]], fewest: int, most: int = 3, between: CharSet = _BETWEEN
) -> Node:
    """Return the letters of each part with `fewest` to `most` separators between them."""
    items: list[Node] = []
    for part in parts:
        if items:
            items.append(Repeat(Chars(_BETWEEN), 1, 8))
        for at, ch in enumerate(part):
            if at and most:
                items.append(Repeat(Chars(between), fewest, most))
            items.append(Chars(chars(spellings(ch))))
    return Seq(tuple(items))


def literal_pattern(text: str) -> Pattern:
    """Return the pattern of exactly this text. After 250 characters any of its own may follow."""
    view = scan_view(text).replace(TRANSPARENT, "")
    items: list[Node] = [Chars(chars(ch)) for ch in view[:MAX_EXACT]]
    if len(view) > MAX_EXACT:
        items.append(Repeat(Chars(chars(view)), 0, None))
    return Pattern(Seq(tuple(items)))
