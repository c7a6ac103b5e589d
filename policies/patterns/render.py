"""Patterns written out as regular expressions over the bytes of a scan view.

Both engines that read them (Hyperscan, RE2) get plain classes of hexadecimal codes: nothing of
their own ideas of words, cases or Unicode plays a part.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, assert_never

from policies.patterns.charset import KINDS, NOTHING, CharSet, code_of
from policies.patterns.normalise import Table, translated
from policies.patterns.pattern import Alt, Chars, Node, Repeat, Seq
from policies.patterns.seams import ENDS, SEAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MOST_NAMES = 20
_ASCII = 128
_BEYOND = (1 << 2 * _ASCII) - (1 << _ASCII)


def _kind(code: int) -> str:
    return chr(code_of(chr(code)))


def _apart(code: int) -> str:
    return chr(code if code < _ASCII else _ASCII + code % _ASCII)


_BYTES = Table(_kind)
"""Each character of a view as one byte: beyond ASCII, as the bit that stands for its kind."""
_APART = Table(_apart)
"""Each character of a view as one byte: beyond ASCII, by the last bits of its number."""


def view_bytes(view: str, odd: Iterable[str] | None = None) -> bytes:
    """Return a view with one byte for each character; `odd` as in `translated`."""
    return (view if view.isascii() else translated(view, _BYTES, odd)).encode("ascii")


def render(
    node: Node, spell: Callable[[CharSet], str] | None = None, *, bounded: bool = False
) -> str:
    """Return an expression that matches where the node does; it may match a little more.

    A set that names characters beyond ASCII is widened to all of their kind, or as `spell` does it.
    What is `bounded` is for RE2: Hyperscan 5.4 misses matches behind some bounded repeats, and
    whatever matches without the limit is looked at again.
    """
    match node:
        case Chars(members):
            return (spell or _class)(members)
        case Seq(items):
            return "".join(render(item, spell, bounded=bounded) for item in items)
        case Alt(options):
            rendered = (render(option, spell, bounded=bounded) for option in options)
            return f"(?:{'|'.join(rendered)})"
        case Repeat(item, low, high):
            most = high if bounded and high else ""
            limits = f"{{{low}}}" if low == high else "?" if high == 1 else f"{{{low},{most}}}"
            return f"(?:{render(item, spell, bounded=bounded)}){limits}"
        case _:
            assert_never(node)


def told_apart(members: CharSet) -> str:
    """Return the class of a set over `apart_bytes`."""
    bits = members.bits
    if bits & KINDS:
        bits |= _BEYOND
    for other in members.others:
        bits |= 1 << ord(_apart(ord(other)))
    return _spelt(bits)


def apart_bytes(view: str) -> bytes:
    """Return a view with one byte for each character, the same for few of those beyond ASCII."""
    return (view if view.isascii() else view.translate(_APART)).encode("latin-1")


def behind_edge(members: CharSet) -> str:
    """Return as `before` does what may stand on the left, over `apart_bytes`, and whole seams."""
    if not members.bits:
        return ""
    return f"(?:^|{told_apart(members.edge())}|{render(SEAM)})"


def in_parts(node: Node) -> list[Node]:
    """Return a pattern that begins with many names in parts, each of a size that is fast."""
    match node:
        case Seq((Seq((Alt(names),)), *rest)) if len(names) > _MOST_NAMES:
            parts = [names[at : at + _MOST_NAMES] for at in range(0, len(names), _MOST_NAMES)]
            return [Seq((Alt(part), *rest)) for part in parts]
        case _:
            return [node]


def render_sets(sets: tuple[CharSet, ...]) -> str:
    """Return an expression for one character of each set in turn."""
    return "".join(map(_class, sets))


def render_letters(sets: tuple[CharSet, ...]) -> str:
    """Return an expression over the view itself, for the sets before one with whole kinds in it.

    Empty where an ASCII character may be the first: then the bytes tell enough.
    """
    if sets[0].bits:
        return ""
    named = takewhile(lambda members: members is not None, (each.members for each in sets))
    return "".join(f"[{re.escape(members or '')}]" for members in named)


def before(members: CharSet) -> str:
    """Return an expression for what may stand on the left, where `members` may not.

    And for what a seam ends with: to look for whole seams would take much longer.
    """
    if not members.bits:
        return ""
    return f"(?:^|{_class(members.edge() | ENDS)})"


def edge(members: CharSet) -> str:
    """Return an expression for the character on the left, where there always is one."""
    return _class(members.edge()) if members.bits else ""


def after(members: CharSet, followed_by: CharSet = NOTHING) -> str:
    """Return an expression for what may come on the right: one of these, else not `members`."""
    if followed_by.bits:
        return _class(followed_by)
    return rf"(?:{_class(members.edge())}|\z)" if members.bits else ""


@lru_cache(maxsize=4096)
def _class(members: CharSet) -> str:
    bits = members.bits
    for other in members.others:
        bits |= 1 << code_of(other)
    return _spelt(bits)


def _spelt(bits: int) -> str:
    codes = [code for code in range(bits.bit_length()) if bits >> code & 1]
    if len(codes) == 1:
        return f"\\x{codes[0]:02x}"
    return f"[{''.join(_range(first, last) for first, last in _runs(codes))}]"


def _range(first: int, last: int) -> str:
    return f"\\x{first:02x}" if first == last else f"\\x{first:02x}-\\x{last:02x}"


def _runs(codes: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1] = (runs[-1][0], code)
        else:
            runs.append((code, code))
    return runs
