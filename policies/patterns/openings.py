"""What can be told of a pattern before it runs: its lengths, and how its matches begin."""

from __future__ import annotations

import math
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias, assert_never

from policies.patterns.charset import NOTHING, CharSet
from policies.patterns.pattern import Alt, Chars, Node, Pattern, PatternError, Repeat, Seq

if TYPE_CHECKING:
    from collections.abc import Sequence

Opening: TypeAlias = tuple[CharSet, ...]

MAX_REACH = 600
"""Longest stretch, in characters, that a stream may ever hold back for one pattern."""

MAX_SIZE = 2000

_LONG_BOUND = 64
_TOKEN = 16
_MAX_OPENING = 12
_FEW_TIMES = 3
_MAX_OPENINGS = 96
_FAR_TOO_MANY = 2000
_ENOUGH_BITS = 20.0
"""An opening that is rarer than one place in 2**20 needs no further characters."""
_FEWEST_BITS = 5.0
_ALPHABET = 96
_BITS = [math.log2(_ALPHABET / max(1, members)) for members in range(_ALPHABET + 1)]


def can_be_empty(node: Node) -> bool:
    match node:
        case Chars():
            return False
        case Seq(items):
            return all(can_be_empty(item) for item in items)
        case Alt(options):
            return any(can_be_empty(option) for option in options)
        case Repeat(item, low, _):
            return low == 0 or can_be_empty(item)
        case _:
            assert_never(node)


def longest(node: Node) -> float:
    """Return the length of the longest match, `math.inf` where there is no limit."""
    match node:
        case Chars():
            return 1
        case Seq(items):
            return sum(longest(item) for item in items)
        case Alt(options):
            return max(longest(option) for option in options)
        case Repeat(item, _, high):
            return math.inf if high is None else longest(item) * high
        case _:
            assert_never(node)


def size(node: Node) -> int:
    """Return how many characters the pattern has once its repeats are written out."""
    match node:
        case Chars():
            return 1
        case Seq(items):
            return sum(size(item) for item in items)
        case Alt(options):
            return sum(size(option) for option in options)
        case Repeat(item, low, high):
            return size(item) * max(1, low, high or 0)
        case _:
            assert_never(node)


def check(pattern: Pattern, *, whole: bool) -> None:
    """Refuse a pattern that could make a stream wait without limit.

    `whole` says that a match counts only when its end is known (a validator reads it).
    Raises PatternError.
    """
    if size(pattern.node) > MAX_SIZE:
        raise PatternError(f"is too large; its repeats unfold to more than {MAX_SIZE} characters")
    if can_be_empty(pattern.node):
        raise PatternError("matches the empty text; give it at least one fixed character")
    ends_are_guarded = whole or pattern.guarded
    held = longest(pattern.node) if ends_are_guarded else _held(pattern.node, last=True)
    if held == math.inf:
        raise PatternError(
            "repeats without limit before its end is known; write {m,n} in place of * or +"
        )
    if held > MAX_REACH:
        raise PatternError(f"needs {held:.0f} characters before it is sure; at most {MAX_REACH}")


def _held(node: Node, *, last: bool) -> float:
    """Return the most characters of a match that can stand between two places where it may end.

    `last` says that all that follows the node may be empty.
    """
    match node:
        case Chars():
            return 1
        case Seq(items):
            rest = [
                all(can_be_empty(after) for after in items[at + 1 :]) for at in range(len(items))
            ]
            return sum(
                _held(item, last=last and free) for item, free in zip(items, rest, strict=True)
            )
        case Alt(options):
            return max(_held(option, last=last) for option in options)
        case Repeat(item, low, high):
            if high is None and not last:
                return math.inf
            times = low + 1 if high is None else high
            return _held(item, last=last and times == 1) * times if times else 0
        case _:
            assert_never(node)


def beyond(pattern: Pattern) -> tuple[CharSet, int]:
    """Return the characters of which a match may go on behind its pattern, and from what length.

    A bound such as `{20,300}` says how long a stream waits, not how long a secret is: once it is
    reached, the rest of the token is part of the match. An exact length or a narrow range is a
    form: where a pattern says what may not follow it, a longer token is something else. Of several
    things that are repeated, the first is the common one.
    """
    members, low, high = _tail(pattern.node)
    if "\n" in members or len(pattern.followed_by):
        return NOTHING, 0  # no token, or one of which it is known how it ends
    if len(pattern.not_after) == 0:
        return (members, 0) if high >= _TOKEN else (NOTHING, 0)
    return (members, high) if high >= max(_LONG_BOUND, 2 * low) else (NOTHING, 0)


def _tail(node: Node) -> tuple[CharSet, int, int]:
    """Return what the end of a pattern repeats, and how often; zero times where it does not."""
    match node:
        case Repeat(Chars(members) | Alt((Chars(members), *_)), low, int(high)):
            return members, low, high
        case Seq(items) if len(items) > 1 and can_be_empty(items[-1]):
            padding, before = _tail(items[-1]), _tail(Seq(items[:-1]))
            longer = max(padding, before, key=itemgetter(2))
            return padding[0] | before[0], *longer[1:]
        case Seq(items):
            return _tail(items[-1])
        case _:
            return NOTHING, 0, 0


@lru_cache(maxsize=1024)
def openings(pattern: Pattern) -> tuple[Opening, ...]:
    """Return short sequences of sets such that every match begins with one of them.

    Raises PatternError where a match could begin almost anywhere.
    """
    found = _drop_covered([opening for opening, _ in _begin(pattern.node)])
    if len(pattern.not_before) == 0 and is_frequent(found):
        raise PatternError(
            r"begins with almost any character; begin with fixed characters, with \b, "
            "or give it a context"
        )
    return found


def is_frequent(found: Sequence[Opening]) -> bool:
    """Whether one of these stands almost anywhere."""
    return min(map(_bits, found)) < _FEWEST_BITS


def _begin(node: Node) -> list[tuple[Opening, bool]]:
    """Return openings, each with whether what follows the node may lengthen it."""
    match node:
        case Chars(members):
            return [((members,), True)]
        case Seq(items):
            return _begin_sequence(items)
        case Alt(options):
            return [begin for option in options for begin in _begin(option)]
        case Repeat(item, low, high):
            return _begin_repeat(item, low, high)
        case _:
            assert_never(node)


def _begin_sequence(items: tuple[Node, ...]) -> list[tuple[Opening, bool]]:
    found: list[tuple[Opening, bool]] = [((), True)]
    for item in items:
        longer: list[tuple[Opening, bool]] = []
        onward: list[tuple[Opening, bool]] = []
        for opening, grows in found:
            if not grows or _is_enough(opening, item):
                longer.append((opening, False))
                continue
            onward = onward or _begin(item)
            longer += [((opening + more)[:_MAX_OPENING], go) for more, go in onward]
        if len(longer) > _MAX_OPENINGS:
            longer = list(dict.fromkeys(longer))
        if len(longer) > _MAX_OPENINGS and all(opening for opening, _ in found):
            return [(opening, False) for opening, _ in found]
        found = _shortened(longer)
        if not any(grows for _, grows in found):
            break
    return found


def _shortened(found: list[tuple[Opening, bool]]) -> list[tuple[Opening, bool]]:
    """Return fewer openings, with which all those begin."""
    length = _MAX_OPENING
    while len(found) > _FAR_TOO_MANY:
        length -= 1
        found = list(
            dict.fromkeys((opening[:length], go and len(opening) < length) for opening, go in found)
        )
    return found


def _begin_repeat(item: Node, low: int, high: int | None) -> list[tuple[Opening, bool]]:
    times = min(low, _MAX_OPENING)
    must = _begin_sequence((item,) * times)
    if high == low:
        return must
    if low:
        return [(opening, False) for opening, _ in must]
    if high is not None and high <= _FEW_TIMES:
        return [begin for times in range(high + 1) for begin in _begin_sequence((item,) * times)]
    once = [(opening, grows and high == 1) for opening, grows in _begin(item)]
    return [((), True), *once]


def _is_enough(opening: Opening, following: Node) -> bool:
    if len(opening) >= _MAX_OPENING:
        return True
    literal = isinstance(following, Chars) and len(following.members) <= 2
    return not literal and _bits(opening) >= _ENOUGH_BITS


def _bits(opening: Opening) -> float:
    """Return how rare an opening is, by how much of the alphabet each place leaves out."""
    return sum(_BITS[min(_ALPHABET, len(members))] for members in opening)


def _drop_covered(found: list[Opening]) -> tuple[Opening, ...]:
    """Drop each opening of which another one is a beginning: that one fires in its place."""
    kept: list[Opening] = []
    for opening in sorted(set(found), key=len):
        if not any(_begins(short, opening) for short in kept):
            kept.append(opening)
    return tuple(kept)


def _begins(short: Opening, long: Opening) -> bool:
    return all(map(CharSet.covers, short, long))
