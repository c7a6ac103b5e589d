"""Finds where a match may begin: all openings of all patterns in one lazily made machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policies.patterns import seams
from policies.patterns.automaton import State
from policies.patterns.charset import CharSet, Kinds, bit_of
from policies.patterns.normalise import TRANSPARENT, Table
from policies.patterns.openings import Opening

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_MAX_STATES = 12_000
_MAX_STEPS = 4000
_MAX_SECONDS = 50_000
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Trigger:
    """One opening of the pattern at index `target`; `held`: its characters may be secret."""

    target: int
    opening: Opening
    not_before: CharSet
    held: bool


@dataclass(slots=True)
class _Branch:
    """A place in the tree of openings, `depth` characters from its root."""

    depth: int = 0
    held: bool = False
    ends: list[int] = field(default_factory=list)
    onward: dict[CharSet, int] = field(default_factory=dict)
    steps: dict[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """What stands to the left: which guards forbid that a match begins here, as bits."""

    guards: int = 0
    seam: State = seams.NOWHERE


class TriggerState(dict[str, "TriggerState"]):
    """What is known after some text.

    `begun` are the branches that the last character began, `onward` those that it led on to.
    `fires` has (target, length) of each opening that just ended; `partial` is the length of the
    longest beginning of a held opening at the end of the text.
    """

    __slots__ = ("_tree", "begun", "branches", "edge", "fires", "onward", "partial")

    def __init__(
        self, tree: TriggerTree, begun: frozenset[int], onward: frozenset[int], edge: Edge
    ) -> None:
        super().__init__()
        self._tree = tree
        self.begun = begun
        self.onward = onward
        self.branches = begun | onward
        self.edge = edge
        self.fires: tuple[tuple[int, int], ...] = tree.fires(self.branches)
        self.partial: int = tree.partial(self.branches)

    def __missing__(self, ch: str) -> TriggerState:
        kind = self._tree.kinds[ch]
        following = self[kind] if kind != ch else self._tree.step(self, ch)
        if len(self) >= _MAX_STEPS:
            self._tree.kinds.make_room(self)
        self[ch] = following
        return following

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other


class TriggerTree:
    """`start` is the state at the beginning of a text; `longest` is the longest opening.

    `size` is how many openings there are; `learnt` counts the steps that had to be worked out, each
    of which takes as long as many others.

    Several threads may share one, as they may an Automaton.
    """

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        self._guards = list(dict.fromkeys(trigger.not_before for trigger in triggers))
        self._branches = [_Branch() for _ in self._guards]
        for trigger in triggers:
            self._plant(trigger)
        named = (members for trigger in triggers for members in trigger.opening)
        self.kinds = Kinds((*named, *self._guards))
        self._by_kind = Table(lambda code: self.kinds[chr(code)])
        self.longest = max((len(trigger.opening) for trigger in triggers), default=0)
        self.size = len(triggers)
        self.learnt = 0
        self._roots: dict[tuple[int, str], frozenset[int]] = {}
        self._seconds: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._edges: dict[tuple[State, str], Edge] = {}
        self._states: dict[tuple[frozenset[int], frozenset[int], Edge], TriggerState] = {}
        self.start = self._state(_NONE, _NONE, Edge())

    def spelt(self, view: str) -> str:
        """Return a view with the kind of each character in its place: it leads to the same states.

        Each state would have to learn each letter of a large alphabet, again and again.
        """
        return view if view.isascii() else view.translate(self._by_kind)

    def fires_in(self, text: str) -> bool:
        """Whether any opening ends in a whole text, given as its view."""
        state = self.start
        for ch in self.spelt(text):
            state = state[ch]
            if state.fires:
                return True
        return False

    def after(self, text: str) -> TriggerState:
        """Return the state in which a text begins that stands after another, given as its view.

        Of that, all must be visible.
        """
        edge = Edge()
        for ch in seams.last(text):
            edge = self._edge(edge, ch)
        return self._state(_NONE, _NONE, edge)

    def _plant(self, trigger: Trigger) -> None:
        at = self._guards.index(trigger.not_before)
        for members in trigger.opening:
            branch = self._branches[at]
            if members not in branch.onward:
                branch.onward[members] = len(self._branches)
                self._branches.append(_Branch(branch.depth + 1))
            at = branch.onward[members]
            self._branches[at].held |= trigger.held
        self._branches[at].ends.append(trigger.target)

    def fires(self, branches: Iterable[int]) -> tuple[tuple[int, int], ...]:
        reached = (self._branches[at] for at in branches)
        return tuple(
            sorted({(target, branch.depth) for branch in reached for target in branch.ends})
        )

    def partial(self, branches: Iterable[int]) -> int:
        reached = (self._branches[at] for at in branches)
        return max((b.depth for b in reached if b.held and b.onward), default=0)

    def depth(self, state: TriggerState) -> int:
        """Return the length of the longest beginning of any opening at the end of the text."""
        reached = (self._branches[at] for at in state.branches)
        return max((branch.depth for branch in reached if branch.onward), default=0)

    def step(self, state: TriggerState, ch: str) -> TriggerState:
        if ch == TRANSPARENT:
            return self._quiet(state)
        self.learnt += 1
        onward = self._second(state.begun, ch)
        if state.onward:
            onward = onward.union(*[self._onward(at, ch) for at in state.onward])
        return self._state(self._first(state.edge.guards, ch), onward, self._edge(state.edge, ch))

    def _edge(self, before: Edge, ch: str) -> Edge:
        key = (before.seam, self.kinds[ch])
        edge = self._edges.get(key)
        if edge is None:
            edge = self._edges[key] = self._made_edge(*key)
        return edge

    def _made_edge(self, before: State, ch: str) -> Edge:
        seam = seams.following(before, ch)
        bit = bit_of(ch)
        forbidden = (1 << at for at, guard in enumerate(self._guards) if guard.has(ch, bit))
        return Edge(0 if seam.accepts else sum(forbidden), seam)

    def _onward(self, at: int, ch: str) -> frozenset[int]:
        branch = self._branches[at]
        reached = branch.steps.get(ch)
        if reached is None:
            bit = bit_of(ch)
            reached = branch.steps[ch] = frozenset(
                following for members, following in branch.onward.items() if members.has(ch, bit)
            )
        return reached

    def _first(self, guards: int, ch: str) -> frozenset[int]:
        """Return where a match may begin with this character, behind a place so guarded."""
        first = self._roots.get((guards, ch))
        if first is None:
            allowed = (at for at in range(len(self._guards)) if not guards >> at & 1)
            first = _NONE.union(*(self._onward(at, ch) for at in allowed))
            self._roots[guards, ch] = first
        return first

    def _second(self, begun: frozenset[int], ch: str) -> frozenset[int]:
        """Return where this character leads on from those that the one before it began.

        They are many and the same each time; those that go on behind them are few.
        """
        second = self._seconds.get((begun, ch))
        if second is None:
            if len(self._seconds) >= _MAX_SECONDS:
                self._seconds.clear()
            second = self._seconds[begun, ch] = _NONE.union(*(self._onward(at, ch) for at in begun))
        return second

    def _quiet(self, state: TriggerState) -> TriggerState:
        """Return the state's twin that has fired already, for an invisible character after it."""
        if not state.fires:
            return state
        twin = TriggerState(self, state.begun, state.onward, state.edge)
        twin.fires = ()
        return twin

    def _state(self, begun: frozenset[int], onward: frozenset[int], edge: Edge) -> TriggerState:
        key = (begun, onward, edge)
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= _MAX_STATES:
                self._forget()
            state = self._states.setdefault(key, TriggerState(self, *key))
        return state

    def _forget(self) -> None:
        forgotten = self._states
        self._states = {(_NONE, _NONE, self.start.edge): self.start}
        for state in list(forgotten.values()):
            state.clear()
