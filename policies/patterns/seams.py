r"""Seams: what ends with a letter or a digit, and yet another word may begin right behind it.

In `"a\nb"`, `a%3Db`, `"a\u0020b"` and `\x1b[0;32mb` a reader sees `b` begin a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policies.patterns.automaton import Automaton
from policies.patterns.charset import ANY, CharSet
from policies.patterns.pattern import Chars, Repeat, Seq, parse

if TYPE_CHECKING:
    from policies.patterns.automaton import State

LONGEST = 18
"""So many characters tell whether a seam ends here."""

_HEX = "[0-9A-Fa-f]"
SEAM = parse(
    rf"\\(?:[abefnrtv0]|x{_HEX}{{2}}|u{_HEX}{{4}}|[0-3][0-7]{{2}})"
    rf"|%(?:25){{0,2}}{_HEX}{{2}}"
    rf"|\[[0-9;]{{0,{LONGEST - 2}}}m"
).node
_BEGINNING = re.compile(r"[\\%\[](?=[0-9A-Fa-f;mnrtuvx])")
_BEGINS = re.compile(r"[\\%\[]")

ENDS = CharSet(sum(1 << ord(ch) for ch in "nrtmv0123456789ABCDEFabcdef"))
"""The characters that a seam ends with."""

_ONE = Automaton(SEAM)
_LATEST = Automaton(Seq((Repeat(Chars(ANY), 0, None), SEAM)))
NOWHERE = _LATEST.start
"""Where a text begins: in no seam. `state[ch]` leads on; a state that accepts ends a seam."""


def following(state: State, ch: str) -> State:
    """Return the state after one more character; a bar between texts begins anew."""
    reached = state[ch]
    return NOWHERE if reached.dead else reached


def last(view: str) -> str:
    """Return as much of the end of a view as tells whether a seam ends there."""
    end = view[-LONGEST:]
    begin = _BEGINS.search(end)
    return end[begin.start() :] if begin else end[-1:]


def ends(view: str) -> list[int]:
    """Return the places right behind all the seams of a view without invisible characters."""
    begins = [hit.start() for hit in _BEGINNING.finditer(view)]
    return sorted({end for begin in begins for end in _from(view, begin)})


def _from(view: str, begin: int) -> list[int]:
    found: list[int] = []
    state = _ONE.start
    for at, ch in enumerate(view[begin : begin + LONGEST], begin + 1):
        state = state[ch]
        if state.accepts:
            found.append(at)
        if state.final:
            break
    return found
