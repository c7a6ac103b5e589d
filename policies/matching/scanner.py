"""Finds every match of many patterns in a text that comes in pieces, one character at a time.

An opening (see `trigger`) begins a candidate; its pattern's automaton follows it. All that the
scanner knows is a function of the characters so far, never of how they were cut. `masker` explains
what follows from that, with an example; `plan` tells over which characters it may `leap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.candidate import Candidate, Span, in_order, merged
from policies.patterns import seams
from policies.patterns.beginnings import LONGEST
from policies.patterns.ends import BESIDE
from policies.patterns.normalise import TRANSPARENT

if TYPE_CHECKING:
    from policies.matching.plan import Plan
    from policies.matching.target import Value
    from policies.patterns.automaton import State

__all__ = ["MAX_CANDIDATES", "Scanner", "Span", "in_order"]

MAX_CANDIDATES = 96
"""More matches than this in progress at one place, each for longer than a beginning may be, and
the rest of the text is not passed on."""
_MERGE_ABOVE = 8
_RECENT = 512
_MAX_ANSWERS = 64


class Scanner:
    """The state of one text. Positions count characters since its beginning.

    `done` collects the matches whose end is known; whoever reads them takes them out.
    `shut_at` is where the text stopped being followed, -1 while it is.
    """

    def __init__(self, plan: Plan, before: str = "") -> None:
        """`before` is what stands before the text, as its view."""
        self._targets = plan.targets
        self._tree = plan.tree
        self._trigger = plan.tree.after(before.replace(TRANSPARENT, ""))
        self._keep = max(plan.tree.longest, BESIDE)
        self._recent = before  # the view of the text's end, as far as anything may look back
        self._base = -len(before)  # position of its first character
        self.length = 0
        self.steps = 0
        self.candidates: list[Candidate] = []
        self.done: list[Span] = []
        self.shut_at = -1
        self._merge_above = _MERGE_ABOVE
        self._answers: dict[tuple[int, str, str], bool] = {}

    @property
    def calm(self) -> bool:
        """Whether no match is in progress or waits to be read, so that `skim` may be called."""
        return not self.candidates and not self.done and self.shut_at < 0

    def skim(self, view: str) -> bool:
        """Follow a piece faster than `read` does, if no match begins in it."""
        trigger = self._trigger
        for ch in view:
            trigger = trigger[ch]
            if trigger.fires:
                return False
        self._trigger = trigger
        self._recent += view
        self._passed(view)
        return True

    def leap(self, view: str) -> None:
        """Follow a piece in which nothing begins that matters; what its end begins may go on."""
        self._recent += view
        end = self.left(self._tree.longest + seams.LONGEST)
        begun = max(len(end) - self._tree.longest, 0)
        self._trigger = self._tree.after(end[:begun])
        for ch in end[begun:]:
            self._trigger = self._trigger[ch]
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
        return self._recent[-_RECENT:].replace(TRANSPARENT, "")[-count:]

    def _passed(self, view: str) -> None:
        self.length += len(view)
        if len(self._recent) > _RECENT:
            self._trim()

    def read(self, view: str) -> None:
        """Follow the next piece, given as its scan view."""
        self._recent += view
        trigger = self._trigger
        busy = bool(self.candidates)
        calm: dict[str, bool] | None = None  # by character; None where it was not calm just now
        rested = 0
        for at, ch in enumerate(view, self.length + 1):
            trigger = trigger[ch]
            if busy or trigger.fires:
                if calm is not None and not trigger.fires:
                    if ch not in calm:
                        calm[ch] = all(candidate.rests(ch) for candidate in self.candidates)
                    if calm[ch]:
                        rested = at
                        continue
                if rested:
                    self._rest(rested)
                    rested = 0
                before = self.candidates[0].state if busy else None
                self._trigger = trigger
                self._step(ch, at)
                busy = bool(self.candidates)
                is_calm = busy and self.candidates[0].state is before and not self._is_dense
                calm = {} if is_calm else None
                if self.shut_at >= 0:
                    break
        if rested:
            self._rest(rested)
        self._trigger = trigger
        self._passed(view)

    @property
    def undecided(self) -> int:
        """Where the beginning of an opening begins that the text ends with, or the text's end."""
        partial = self._trigger.partial
        return self._back(self.length, partial) if partial else self.length

    def finish(self) -> None:
        """The text ends here: what may end, ends."""
        for candidate in self.candidates:
            if candidate.maybe and candidate.value.ends_with_text:
                self._accept(candidate, candidate.maybe)
            if candidate.end:
                self.done.append(candidate.span)
        self.candidates = []

    @property
    def idle(self) -> bool:
        """Whether no match is in progress, nor the beginning of one."""
        return not self.candidates and not self._trigger.branches

    def hold(self, at: int) -> tuple[int, int]:
        """Return the first (start, target) that may yet turn out to be a match.

        The start is `at`, the end of the text so far, where there is none.
        """
        first = (at, -1)
        if self._trigger.partial:
            first = (self._back(at, self._trigger.partial), -1)
        for candidate in self.candidates:
            if not candidate.end and not candidate.in_context:
                start = at if candidate.start < 0 else candidate.start
                first = min(first, (start, candidate.target))
        return first

    def floor(self, at: int) -> int:
        """Return the first end of a match that may still grow, more than `at` for none."""
        return min((c.end for c in self.candidates if c.end), default=at + 1)

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
        for target, length in self._trigger.fires:
            self._begin(target, at, length)
        if len(self.candidates) > self._merge_above:
            self._merge(at)

    def _begin(self, target: int, at: int, length: int) -> None:
        """Start a candidate at an opening that has just ended, and let it catch up."""
        made = self._targets[target]
        start = self._back(at, length)
        opening = self._recent[start - self._base : at - self._base]
        reached = made.walked(opening)
        if reached.dead:
            return
        validated = made.valid is not None
        candidate = Candidate(target, start, made.value, made.context, validated=validated)
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
        if state.accepts:
            if candidate.in_context:
                value = self._value(candidate.target, at)
                live.append(Candidate(candidate.target, -1, value, validated=candidate.validated))
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
        return made.value_after(self._folded(self._back(at, 2), at))

    def _end_or_go_on(self, candidate: Candidate, ch: str) -> State:
        """Let a candidate end before a character, or go on behind the bound of its pattern."""
        value, state, end = candidate.value, candidate.state, candidate.maybe or candidate.end
        goes_on = (
            state.dead
            and not candidate.beyond
            and value.takes(ch, len(self._folded(candidate.start, end)) if value.bound else 0)
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
        asked = (target, self._folded(start, end), self._beside(start))
        counts = self._answers.get(asked)
        if counts is None:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.clear()
            counts = self._answers[asked] = self._targets[target].counts(*asked[1:])
        return counts

    def _beside(self, at: int) -> str:
        return self._folded(self._back(at, BESIDE), at)

    def _folded(self, start: int, end: int) -> str:
        return self._recent[start - self._base : end - self._base].replace(TRANSPARENT, "")

    def _merge(self, at: int) -> None:
        """Drop what adds nothing, and give up on a text in which too much is left."""
        self.candidates, dropped = merged(self.candidates, self._targets)
        self.done += dropped
        # What is younger than a beginning may be what a leap leaves out.
        old = sum(0 <= candidate.start <= at - LONGEST for candidate in self.candidates)
        if old > MAX_CANDIDATES:
            self._shut(at)
        # Twice what is left: so that merging costs no more than following them did.
        self._merge_above = min(MAX_CANDIDATES, max(_MERGE_ABOVE, 2 * len(self.candidates)))

    def _shut(self, at: int) -> None:
        """Give up on the text from the first place that is not certain."""
        self.shut_at = min(self.hold(at)[0], self.floor(at))
        self.done += [c.span for c in self.candidates if c.end]
        self.candidates = []

    def _trim(self) -> None:
        """Forget what neither an opening nor a validator can ask for again."""
        keep = self._back(self.length, self._keep + 1)
        for candidate in self.candidates:
            validated = self._targets[candidate.target].checked
            looks_back = validated or candidate.value.bound
            if looks_back and candidate.start >= 0 and not candidate.beyond:
                keep = min(keep, self._back(candidate.start, BESIDE))
        if keep > self._base:
            self._recent = self._recent[keep - self._base :]
            self._base = keep

    def _back(self, at: int, length: int) -> int:
        """Return where the last `length` visible characters before `at` begin, or all there are."""
        start = max(at - length, self._base)
        if TRANSPARENT not in self._recent[start - self._base : at - self._base]:
            return start
        while length and at > self._base:
            at -= 1
            length -= self._recent[at - self._base] != TRANSPARENT
        return at
