"""A pattern as a machine that reads one character at a time, determinised as it goes.

Each state is the set of places in the pattern that may be reached; states are made when a text
first needs them and kept. So a step is one look-up in a dict, and no text can make it slower
than one set of places a character.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import assert_never

from policies.patterns.charset import ASCII, CharSet, Kinds, bit_of
from policies.patterns.pattern import Alt, Chars, Node, Repeat, Seq

_MAX_STATES = 4000
_SHORTEST_PIECE, _LONGEST_PIECE = 32, 64 * 1024
_FIRST = 0  # the place where a machine begins
_MAX_STEPS = 400  # kept for one state: a text in a large alphabet must not fill the memory


@dataclass(slots=True)
class _Places:
    """A nondeterministic machine: a place reads a character, leads on for free, or does both."""

    reads: list[tuple[CharSet, int] | None] = field(default_factory=list)
    free: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    accept: int = -1
    _closures: dict[int, frozenset[int]] = field(default_factory=dict)

    def new(self) -> int:
        self.reads.append(None)
        return len(self.reads) - 1

    def add(self, start: int, node: Node) -> int:
        """Lay `node` from `start` on; return the place where it ends."""
        match node:
            case Chars(members):
                end = self.new()
                here = start if self.reads[start] is None else self._fork(start)
                self.reads[here] = (members, end)
                return end
            case Seq(items):
                for item in items:
                    start = self.add(start, item)
                return start
            case Alt(options):
                end = self.new()
                for option in options:
                    self.free[self.add(start, option)].append(end)
                return end
            case Repeat(item, low, high):
                return self._repeat(start, item, low, high)
            case _:
                assert_never(node)

    def _repeat(self, start: int, item: Node, low: int, high: int | None) -> int:
        for _ in range(low):
            start = self.add(start, item)
        end = self.new()
        if high is None:
            loop = self._fork(start)
            self.free[loop].append(end)
            self.free[self.add(loop, item)].append(loop)
            return end
        self.free[start].append(end)
        for _ in range(high - low):
            start = self.add(start, item)
            self.free[start].append(end)
        return end

    def _fork(self, start: int) -> int:
        place = self.new()
        self.free[start].append(place)
        return place

    def closure(self, start: int) -> frozenset[int]:
        """Return what is reached for free, kept to the places that read or accept."""
        known = self._closures.get(start)
        if known is None:
            known = self._closures[start] = self._closure(start)
        return known

    def _closure(self, start: int) -> frozenset[int]:
        seen = {start}
        todo = [start]
        while todo:
            for place in self.free.get(todo.pop(), ()):
                if place not in seen:
                    seen.add(place)
                    todo.append(place)
        return frozenset(p for p in seen if p == self.accept or self.reads[p] is not None)


class State(dict[str, "State"]):
    """`state[ch]` is the next state. `accepts`: a match may end here; `final`: none goes on.

    `passing`: no match ends here, and one may go on. `resting` has the characters that lead back
    to it, for each of the ways to stand on it.
    """

    __slots__ = ("_automaton", "accepts", "dead", "final", "passing", "places", "resting")

    def __init__(self, automaton: Automaton, places: frozenset[int]) -> None:
        super().__init__()
        self._automaton = automaton
        self.places = places
        self.resting: dict[tuple[object, ...], str] = {}
        self.accepts = automaton.accept in places
        self.dead = not places
        self.passing = not self.accepts and not self.dead
        self.final = places <= {automaton.accept}

    def stays(self, text: str, at: int) -> int:
        """Return where the text first leaves this state, if it stands on it at `at`.

        It may tell too small a place, never too large a one.
        """
        own = self.resting.get(())
        if own is None:
            own = self.resting[()] = "".join(ch for ch in ASCII if self[ch] is self)
        size = _SHORTEST_PIECE
        while own and (piece := text[at : at + size]):
            rest = len(piece.lstrip(own))
            at += len(piece) - rest
            if rest:
                break
            size = min(2 * size, _LONGEST_PIECE)
        return at

    def __missing__(self, ch: str) -> State:
        kind = self._automaton.kinds[ch]
        following = self[kind] if kind != ch else self._automaton.step(self, ch)
        if len(self) >= _MAX_STEPS:
            self._automaton.kinds.make_room(self)
        self[ch] = following
        return following

    # A state is itself, whatever it has learnt so far.
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other


class Automaton:
    """The machine of one pattern's node, built when it is first used.

    Several threads may share one. What two of them make at once is the same, and one of both is
    kept; a lock would cost more than the work.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._states: dict[frozenset[int], State] = {}

    @cached_property
    def _machine(self) -> _Places:
        machine = _Places()
        machine.accept = machine.add(machine.new(), self._node)
        return machine

    @cached_property
    def kinds(self) -> Kinds:
        return Kinds(read[0] for read in self._machine.reads if read is not None)

    @property
    def accept(self) -> int:
        return self._machine.accept

    @cached_property
    def start(self) -> State:
        """The state at the beginning of a match."""
        return self._state(self._machine.closure(_FIRST))

    def step(self, state: State, ch: str) -> State:
        machine, bit = self._machine, bit_of(ch)
        reads = (machine.reads[place] for place in state.places)
        reached = [read[1] for read in reads if read is not None and read[0].has(ch, bit)]
        return self._state(frozenset().union(*map(machine.closure, reached)))

    def _state(self, places: frozenset[int]) -> State:
        state = self._states.get(places)
        if state is None:
            if len(self._states) >= _MAX_STATES:
                self._forget()
            state = self._states.setdefault(places, State(self, places))
        return state

    def _forget(self) -> None:
        """Let go of all states but the first; whoever stands on one goes on from it."""
        forgotten, self._states = self._states, {self.start.places: self.start}
        for state in list(forgotten.values()):
            state.clear()
