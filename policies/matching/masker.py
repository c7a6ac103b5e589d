"""Masks a text that comes in pieces: however it is cut, the outputs join to the same.

Theory of operation
-------------------
The scanner reads one character at a time and knows three things about the text so far:

- where a match might be beginning: the text ends with part of an opening, as the `A` of `AKIA`;
- the candidates: an opening is complete, and the automaton of its pattern is still alive;
- the matches: a candidate has reached an end, and may still grow.

A character may be released once no match can begin at it or before it. That is, it lies before
the earliest opening and candidate without an end (`Scanner.hold`) and before the end of the
earliest match that may still grow (`Scanner.floor`). Everything else goes out at once.

A mask is written as soon as its match is certain, which is earlier than the match's end: what the
match goes on to cover is dropped as it comes. Where two candidates could be certain, the one that
begins first is waited for, since the earlier match gives the mask its name.

All of this depends on the characters so far and never on how they were cut into pieces, so the
joined outputs are the same for every cut. With `AKIA` and 16 letters or digits as the only pattern:

    feed("the key is A")     "the key is "          the A may be the beginning of a key
    feed("KI")               ""                     so may AKI
    feed("AIOSFODNN7EXAM")   ""                     a candidate, 17 characters long
    feed("PLQ")              "[aws-access-key-id]"  20 characters: certain, so the mask goes out
    feed(", ok")             ", ok"                 the comma ends the match, nothing is held

    feed("the key is AK")    "the key is "
    feed("ING, ok")          "AKING, ok"            no opening goes on with N: all is released

An answer is masked for several owners at once: the credential, the rules, what was masked in the
request. Their plans are followed side by side by one scanner (see `plan.Joint`), and a character
goes out when none of them holds it back. Shadow rules only count (see `noting`): what they look for
is followed too, but neither held back nor masked.

Of a long piece only those characters are read that may make a difference (see `plan`); what is
known behind it is the same. A text that keeps more than MAX_CANDIDATES matches in progress is not
passed on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.matching.plan import follow
from policies.matching.runs import Runs
from policies.matching.scanner import Scanner, in_order
from policies.patterns.normalise import TRANSPARENT, scan_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from policies.matching.following.noting import Noting
    from policies.matching.plan import Joint, Plan
    from policies.matching.scanner import Span

WITHHELD = "[withheld: too dense to check]"

MAX_INVISIBLE = 16
"""Of more invisible characters in a row the rest is dropped, so that a flood of them cannot make
a secret endlessly long."""

_FLOOD = TRANSPARENT * (MAX_INVISIBLE + 1)

_SLICE = 2048
"""Of a longer piece so much is read at once: what begins no match is read in a quicker way."""
_SHORT = 128
"""Up to here that way is to follow the openings; a longer piece is looked through first."""


def _forget(_target: int) -> None:
    """Keep nothing of what is masked."""


def _may_be_kept(_target: int) -> bool:
    return False


class Masker:
    """Masks one text.

    `label(target)` gives what a match is replaced with; it is called once for each. At a match of
    one of the `stops` the text ends, and nothing follows. `keep(target)`, which is called after
    `label`, gives what takes the text that was replaced, piece by piece; None where nothing does.
    `covered(target)` hears of each match that an earlier mask covers, or its own as it grows, and
    tells whether that text must not be kept after all: then None follows its pieces. What `noting`
    takes is counted besides; nothing else becomes of the plan's quiet targets. Where the text may
    be no text at all, nothing `thins` what is invisible in it.
    """

    def __init__(
        self,
        plan: Plan | Joint,
        label: Callable[[int], str],
        stops: frozenset[int] = frozenset(),
        keep: Callable[[int], Callable[[str | None], None] | None] = _forget,
        covered: Callable[[int], bool] = _may_be_kept,
        noting: Noting | None = None,
        *,
        thins: bool = True,
    ) -> None:
        self._plan = plan
        self._looks = bool(plan.targets)
        self._scanner = Scanner(plan)
        self._runs = Runs()
        self._label = label
        self._stops = stops
        self._keep = keep
        self._keeps: Callable[[str | None], None] | None = None  # takes what is masked just now
        self._covered = covered
        self._noting = noting
        self._thins = thins
        self._raw = ""  # not released yet; its first character is at position `_base`
        self._base = 0
        self._masked = 0  # all before this position is released or masked
        self._invisible = 0
        self._over = False

    @property
    def held(self) -> int:
        """How many characters wait to be released."""
        return len(self._raw)

    def feed(self, text: str) -> str:
        """Return what can be released by now."""
        if not self._looks:
            return self._thinned(text, scan_view(text))[0]
        if len(text) <= _SLICE:
            return self._read(text)
        return "".join([self._read(text[at : at + _SLICE]) for at in range(0, len(text), _SLICE)])

    def _read(self, text: str) -> str:
        if self._over:
            return ""
        text, view = self._thinned(text, scan_view(text))
        was_calm = self._scanner.calm
        if was_calm and self._passes(view):
            return self._released(text, view)
        follow(self._plan, self._scanner, view)
        if was_calm and self._scanner.calm:
            return self._released(text, view)
        self._raw += text
        self._runs.read(view)
        return self._release()

    def _passes(self, view: str) -> bool:
        """Follow a piece in a quicker way, if no match begins in it; else return False."""
        if self._runs.goes_on(view):
            return self._scanner.leap_in_run(view)
        return len(view) <= _SHORT and self._scanner.skim(view)

    def _released(self, text: str, view: str) -> str:
        """Return what can be released behind a piece in which no match began that goes on."""
        self._runs.read(view)
        scanner = self._scanner
        raw, until = self._raw + text, scanner.undecided
        if until == scanner.length:
            self._raw, self._base = "", until
            return raw
        size = max(0, until - self._base)
        self._raw = raw[size:]
        self._base += size
        return raw[:size]

    def finish(self) -> str:
        """Return the rest; nothing may be fed afterwards."""
        if self._over:
            return ""
        self._runs.finish()
        self._scanner.finish()
        released = self._release(last=True)
        self._over = True
        return released

    def _release(self, *, last: bool = False) -> str:
        scanner = self._scanner
        end = scanner.length
        if self._noting is not None:
            self._count(self._noting, (end + 1, -1) if last else scanner.open_quiet())
        undecided = (end, -1)
        if scanner.done or scanner.floor(end) <= end:
            undecided = self._settled(end)
        block = (end, -1) if last else min(undecided, scanner.hold(end))
        floor = scanner.floor(end)
        if scanner.shut_at >= 0:
            block, floor = (scanner.shut_at, -1), scanner.shut_at
        out: list[str] = []
        if scanner.done or floor <= end:
            self._mask(block, floor, out)
        if not self._over:
            self._pass(min(block[0], floor), out)
            if scanner.shut_at >= 0:
                self._end(out, WITHHELD)
        return "".join(out)

    def _count(self, noting: Noting, block: tuple[int, int]) -> None:
        """Count what is only counted, and take it out of what is to be masked."""
        scanner, quiet = self._scanner, self._plan.quiet
        noting.take(scanner.done)
        noting.settle(block, self._runs)
        scanner.done = [span for span in scanner.done if span.target not in quiet]

    def _settled(self, end: int) -> tuple[int, int]:
        """Drop the matches within opaque runs; return the first of which it is not known yet."""
        scanner, runs = self._scanner, self._runs
        runs.forget(self._asked_from)
        first = (end, -1)
        for found in (scanner.done, scanner.growing()):
            for span in found:
                if not span.certain and runs.hides(span.start) is None:
                    first = min(first, (span.start, -1))
        scanner.done = [span for span in scanner.done if not self._is_noise(span)]
        scanner.candidates = [
            candidate
            for candidate in scanner.candidates
            if not candidate.end or not self._is_noise(candidate.span)
        ]
        return first

    @property
    def _asked_from(self) -> int:
        """Where the first match begins that may be within a run; quiet ones may begin behind."""
        if self._noting is None:
            return self._base
        return min(self._base, self._scanner.open()[0], self._noting.earliest(self._base))

    def _is_noise(self, span: Span) -> bool:
        return not span.certain and self._runs.hides(span.start) is True

    def _mask(self, block: tuple[int, int], floor: int, out: list[str]) -> None:
        """Write the mask of each match that nothing can come before any more."""
        scanner = self._scanner
        growing = scanner.growing()
        waiting: list[Span] = []
        for span in sorted([*scanner.done, *growing], key=in_order):
            if (span.start, span.target) > block or span.start >= floor:
                waiting.append(span)
            elif not self._over:
                self._write(span, out)
        scanner.done = [span for span in waiting if span not in growing]

    def _write(self, span: Span, out: list[str]) -> None:
        if span.target in self._stops:
            self._pass(span.start, out)
            self._label(span.target)
            self._end(out, "")
            return
        if span.start >= self._masked:
            self._pass(span.start, out)
            out.append(self._label(span.target))
            self._keeps = self._keep(span.target)
        elif self._covered(span.target) and self._keeps is not None:
            self._keeps(None)
            self._keeps = None
        self._masked = max(self._masked, span.end)
        if self._keeps is not None and self._masked > self._base:
            self._keeps(self._raw[: self._masked - self._base])
        self._drop(self._masked)

    def _pass(self, until: int, out: list[str]) -> None:
        if until > self._base:
            out.append(self._raw[: until - self._base])
            self._drop(until)

    def _drop(self, until: int) -> None:
        if until > self._base:
            self._raw = self._raw[until - self._base :]
            self._base = until

    def _end(self, out: list[str], note: str) -> None:
        out.append(note)
        self._raw = ""
        self._over = True

    def _thinned(self, text: str, view: str) -> tuple[str, str]:
        """Return a text and its view with no more invisible characters in a row than may be."""
        if not self._thins or TRANSPARENT not in view:
            self._invisible = 0 if view else self._invisible
            return text, view
        if _FLOOD not in view and self._invisible + _run(view, str.lstrip) <= MAX_INVISIBLE:
            last = _run(view, str.rstrip)
            self._invisible = last if last < len(view) else self._invisible + last
            return text, view
        kept: list[int] = []
        for at, ch in enumerate(view):
            self._invisible = self._invisible + 1 if ch == TRANSPARENT else 0
            if self._invisible <= MAX_INVISIBLE:
                kept.append(at)
        if len(kept) == len(view):
            return text, view
        return "".join(text[at] for at in kept), "".join(view[at] for at in kept)


def _run(view: str, strip: Callable[[str, str], str]) -> int:
    """Return how many invisible characters stand at the end of a view that is stripped."""
    return len(view) - len(strip(view, TRANSPARENT))
