"""The first characters of a match: an expression that most of what begins like one fails.

An opening (see `openings`) is short, so that few characters of a stream are held back for it, and
ordinary text has many. Here a beginning is as long as it may be in `LONGEST` characters:

    [0-9]{8,10}:[A-Za-z0-9_-]{35}    opening     [0-9]{8}
                                     beginning   [0-9]{8,10}:[A-Za-z0-9_-]{21}

Whatever goes on for `LONGEST` characters and may still become a match has such a beginning, and so
has each match, however short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.patterns.openings import can_be_empty, longest
from policies.patterns.pattern import Alt, Chars, Node, Repeat, Seq

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.patterns.openings import Opening

LONGEST = 32


def beginning(nodes: Sequence[Node], openings: Sequence[Opening]) -> Node:
    """Return what begins a match of these nodes in turn, of which `openings` are known."""
    found = _begin(nodes, LONGEST)
    if can_be_empty(found):
        return Alt(tuple(Seq(tuple(map(Chars, opening))) for opening in openings))
    return found


def _begin(nodes: Sequence[Node], room: int) -> Node:
    """Return what is at most `room` characters long, and begins whatever the nodes match."""
    whole: list[Node] = []
    for at, node in enumerate(nodes):
        length = longest(node)
        if length > room:
            return Seq((*whole, _part(node, nodes[at + 1 :], room)))
        whole.append(node)
        room -= int(length)
    return Seq(tuple(whole))


def _part(node: Node, following: Sequence[Node], room: int) -> Node:
    """Begin a node that is too long for the room by itself, and what follows where it is short."""
    match node:
        case Seq(items):
            return _begin(items, room)
        case Alt(options):
            return Alt(tuple(_begin((option,), room) for option in options))
        case Repeat(item, low, _) if longest(item) <= room:
            return _repeated(item, low, following, room)
        case Repeat(item, low, _) if low:
            return _begin((item,), room)
        case _:
            return Seq(())


def _repeated(item: Node, low: int, following: Sequence[Node], room: int) -> Node:
    length = int(longest(item))
    most = room // length
    if most <= low:
        return Repeat(item, most, most)
    few = max(low, most // 2)
    more = Repeat(item, few + 1, few + 1)
    behind = _begin(following, room - few * length)
    return Alt((more, Seq((Repeat(item, low, few), behind)) if few else behind))
