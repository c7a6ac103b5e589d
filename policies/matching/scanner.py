"""Finds every match of many patterns in a text that comes in pieces, one character at a time.

An opening (see `trigger`) begins a candidate; its pattern's automaton follows it. All that the
scanner knows is a function of the characters so far, never of how they were cut. `masker` explains
what follows from that, with an example; `plan` tells over which characters it may `leap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.following.candidate import Candidate, Span, common, in_order, merged
from policies.matching.following.progress import Progress
from policies.matching.runs import DASH
from policies.patterns import seams
from policies.patterns.beginnings import LONGEST
from policies.patterns.ends import BESIDE
from policies.patterns.normalise import TRANSPARENT

if TYPE_CHECKING:
    from policies.matching.following.tracks import Begun
    from policies.matching.plan import Joint, Plan
    from policies.matching.target import Value
    from policies.patterns.automaton import State

__all__ = ["MAX_CANDIDATES", "Scanner", "Span", "in_order"]

MAX_CANDIDATES = 96
"""More matches than this in progress at one place, each for longer than a beginning may be, and
the rest of the text is not passed on."""
_MERGE_ABOVE = 8
_MAX_ANSWERS = 64


class Scanner(Progress):
    """Follows one text."""

    def __init__(self, plan: Plan | Joint, before: str = "") -> None:
        """`before` is what stands before the text, as its view."""
        super().__init__(plan, before)
        self._targets = plan.targets
        self._keep = max(self._tracks.longest, BESIDE)
        self.steps = 0
        self._merge_above = _MERGE_ABOVE
        self._answers: dict[tuple[int, str, str], bool] = {}

    def skim(self, view: str) -> bool:
        """Follow a piece faster than `read` does, if no match begins in it."""
        if not self._tracks.skim(view):
            return False
        self._recent.view += view
        self._passed(view)
        return True

    def leap_in_run(self, view: str) -> bool:
        """Leap over a piece of an opaque run, if no value that is known begins in it."""
        tracks = (self._tracks.main, *self._tracks.others)
        if any(self._targets[t.first].exact and t.skimmed(view) is None for t in tracks):
            return False
        self.leap(view)
        return True

    def leap(self, view: str) -> None:
        """Follow a piece in which nothing begins that matters; what its end begins may go on."""
        self._recent.view += view
        self._tracks.leap(self.left(self._tracks.longest + seams.LONGEST))
        self._passed(view)

    def rest(self, view: str) -> int:
        """Pass over what changes nothing but how far matches have come; return how much it is.

        Nothing may begin in the view that matters.
        """
        size = 0 if self._is_dense else len(view)
        for candidate in self.candidates:
            size = min(size, size - len(view[:size].lstrip(candidate.resting)))
        if size:
            self.leap(view[:size])
            self._rest(self.length)
        return size

    @property
    def _is_dense(self) -> bool:
        """Whether so much is in progress that the next step may be the one too many."""
        return len(self.candidates) > MAX_CANDIDATES

    def left(self, count: int) -> str:
        """Return the last characters that can be seen, of which `BESIDE` are remembered."""
        return self._recent.last(count)

    def _passed(self, view: str) -> None:
        self.length += len(view)
        if self._recent.is_long:
            self._trim()

    def read(self, view: str) -> None:
        """Follow the next piece, given as its scan view."""
        read = 0
        for at, begun in self._tracks.beside(view) if self._tracks.others else ():
            self._read(view[read:at])
            read = at
            if self.shut_at >= 0:
                return
            self._begin_all(begun, self.length)
            if len(self.candidates) > self._merge_above:
                self._merge(self.length)
        self._read(view[read:] if read else view)

    def _read(self, view: str) -> None:
        self._recent.view += view
        main = self._tracks.main
        trigger = main.state
        busy = bool(self.candidates)
        is_calm = False
        calm: frozenset[str] = frozenset()  # with these all that is in progress rests
        rested, first = 0, self.length + 1
        for at, kind in enumerate(main.tree.spelt(view), first):
            trigger = trigger[kind]
            if busy or trigger.fires:
                ch = view[at - first]
                if is_calm and not trigger.fires:
                    calm = calm or common(frozenset({each.resting for each in self.candidates}))
                    if ch in calm or (ch > "~" and all(c.rests(ch) for c in self.candidates)):
                        rested = at
                        continue
                if rested:
                    self._rest(rested)
                    rested = 0
                before = self.candidates[0].state if busy else None
                main.state = trigger
                self._step(ch, at)
                busy = bool(self.candidates)
                is_calm = busy and self.candidates[0].state is before and not self._is_dense
                calm = frozenset()
                if self.shut_at >= 0:
                    break
        if rested:
            self._rest(rested)
        main.state = trigger
        self._passed(view)

    def finish(self) -> None:
        """The text ends here: what may end, ends."""
        for candidate in self.candidates:
            if candidate.maybe and candidate.value.ends_with_text:
                self._accept(candidate, candidate.maybe)
            if candidate.end:
                self.done.append(candidate.span)
        self.candidates = []

    def _rest(self, at: int) -> None:
        """Let all that is in progress, and has rested, reach `at`."""
        for candidate in self.candidates:
            if candidate.state.accepts:
                if candidate.value.guarded and not candidate.beyond:
                    candidate.maybe = at
                else:
                    candidate.end = at

    def _step(self, ch: str, at: int) -> None:
        if ch == TRANSPARENT:
            return
        if self.candidates:
            live: list[Candidate] = []
            self.steps += len(self.candidates)
            for candidate in self.candidates:
                state = candidate.state[ch]
                if candidate.beyond and not state.dead:
                    candidate.end = at
                elif candidate.maybe or candidate.start < 0 or not state.passing:
                    if candidate.grows(state, ch):
                        candidate.maybe = at
                    else:
                        if not state.dead or candidate.maybe or candidate.end:
                            self._advance(candidate, ch, at, live)
                        continue
                candidate.state = state
                live.append(candidate)
            self.candidates = live
        if self._tracks.main.state.fires:
            self._begin_all(self._tracks.main.begun, at)
        if len(self.candidates) > self._merge_above:
            self._merge(at)

    def _begin_all(self, begun: Begun, at: int) -> None:
        for target, length in begun:
            self._begin(target, at, length)

    def _begin(self, target: int, at: int, length: int) -> None:
        """Start a candidate at an opening that has just ended, and let it catch up."""
        if at - length < self._expected_until and target not in self._expected:
            return
        made = self._targets[target]
        start = self._recent.back(at, length)
        opening = self._recent.between(start, at)
        reached = made.walked(opening)
        if reached.dead:
            return
        validated = made.valid is not None
        candidate = Candidate(target, start, made.value, made.context, validated=validated)
        candidate.certain = made.exact or opening[0] == DASH
        if reached.passing:
            candidate.state = reached
            self.candidates.append(candidate)
        else:
            self._caught_up(candidate, opening)

    def _caught_up(self, candidate: Candidate, opening: str) -> None:
        alive: list[Candidate] = []
        for at, ch in enumerate(opening, candidate.start + 1):
            if ch != TRANSPARENT:
                alive = []
                self._advance(candidate, ch, at, alive)
                if not alive:
                    return
        self.candidates += alive

    def _advance(self, candidate: Candidate, ch: str, at: int, live: list[Candidate]) -> None:
        """Let a candidate read the character that ends at `at`; keep it in `live` if it lives."""
        value = candidate.value
        before = candidate.state
        state = candidate.state = before[ch]
        if candidate.maybe or (state.dead and candidate.end and before.accepts):
            state = self._end_or_go_on(candidate, ch)
        if candidate.start < 0:
            candidate.start = at - 1
            candidate.certain = candidate.certain or ch == DASH
        if state.accepts:
            if candidate.in_context:
                value = self._value(candidate.target, at)
                follower = Candidate(candidate.target, -1, value, validated=candidate.validated)
                follower.begun = candidate.begun
                live.append(follower)
            elif candidate.beyond:
                candidate.end = at
            elif value.guarded:
                candidate.maybe = at
            else:
                self._accept(candidate, at)
        if state.dead or (state.final and not candidate.maybe and value.beyond is None):
            if candidate.end:
                self.done.append(candidate.span)
        else:
            live.append(candidate)

    def _value(self, target: int, at: int) -> Value:
        """Return what the value of a target is like whose context ends at `at`."""
        made = self._targets[target]
        if not made.quoted:
            return made.value
        return made.value_after(self._recent.seen(self._recent.back(at, 2), at))

    def _end_or_go_on(self, candidate: Candidate, ch: str) -> State:
        """Let a candidate end before a character, or go on behind the bound of its pattern."""
        value, state, end = candidate.value, candidate.state, candidate.maybe or candidate.end
        goes_on = (
            state.dead
            and not candidate.beyond
            and value.takes(ch, len(self._recent.seen(candidate.start, end)) if value.bound else 0)
        )
        if candidate.maybe and (goes_on or value.closes[ch]):
            self._accept(candidate, end)
        if goes_on and candidate.end and value.beyond is not None:
            candidate.beyond = True
            self._merge_above = 0  # it may have to go on for as long as another one
            state = candidate.state = value.beyond.start[ch]
        candidate.maybe = 0
        return state

    def _accept(self, candidate: Candidate, end: int) -> None:
        target, start = self._targets[candidate.target], candidate.start
        if not target.checked or self._counts(candidate.target, start, end):
            candidate.end = end

    def _counts(self, target: int, start: int, end: int) -> bool:
        """Ask a target about a match, once where the same comes again in the same place."""
        beside = self._recent.seen(self._recent.back(start, BESIDE), start)
        asked = (target, self._recent.seen(start, end), beside)
        counts = self._answers.get(asked)
        if counts is None:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            counts = self._answers[asked] = self._targets[target].counts(*asked[1:])
        return counts

    def _merge(self, at: int) -> None:
        """Drop what adds nothing, and give up on a text in which too much is left."""
        self.candidates, dropped = merged(self.candidates, self._targets)
        self.done += dropped
        # What is younger than a beginning may be what a leap leaves out.
        old = [candidate for candidate in self.candidates if 0 <= candidate.start <= at - LONGEST]
        if len(old) > MAX_CANDIDATES:
            quiet = [candidate for candidate in old if candidate.target in self._quiet]
            if len(old) - len(quiet) > MAX_CANDIDATES:
                self._shut(at)
            elif len(quiet) > MAX_CANDIDATES:
                self.candidates = [each for each in self.candidates if each not in quiet]
        # Twice what is left: so that merging costs no more than following them did.
        self._merge_above = min(MAX_CANDIDATES, max(_MERGE_ABOVE, 2 * len(self.candidates)))

    def _shut(self, at: int) -> None:
        """Give up on the text from the first place that is not certain."""
        reach = self._tracks.longest + seams.LONGEST
        self._tracks.leap(self._recent.seen(self._recent.back(at, reach), at))  # some are ahead
        self.shut_at = min(self.hold(at)[0], self.floor(at))
        self.done += [c.span for c in self.candidates if c.end]
        self.candidates = []

    def _trim(self) -> None:
        """Forget what neither an opening nor a validator can ask for again."""
        keep = self._recent.back(self.length, self._keep + 1)
        for candidate in self.candidates:
            validated = self._targets[candidate.target].checked
            looks_back = validated or candidate.value.bound
            if looks_back and candidate.start >= 0 and not candidate.beyond:
                keep = min(keep, self._recent.back(candidate.start, BESIDE))
        self._recent.forget(keep)
