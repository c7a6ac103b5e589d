"""Cuts a request into passages: which block of text each finding stands for.

Agents send the whole history with each request, so people decide on blocks of text, once, and not
on requests. The finer the blocks, the more often people are asked, since each tool call brings
new lines; so what tools and the model said is named by the *ask* that led to it.

    user       deploy the web tier to production     typed: the whole turn
    assistant  I look at prod.yaml first             work: named by the turn above
    tool       env: production                       work: the same passage
    user       now read the log                      nothing found here
    tool       prod is slow                          work: no finding in its ask, so all turns above

A turn is all that a person typed without work between; what an agent adds to it in a known wrapper
is text of its own. System text, wrappers and descriptions of tools are passages as a whole.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from app.domain.passage import Passage, PassageKind
from app.domain.segment import Role
from policies.matching.findings import SEAM
from policies.passages.lines import SHORTEST, lines_around
from policies.passages.names import normalised
from policies.passages.wrappers import REPEATS, Wrapper, outside, wrappers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.domain.segment import Prompt, Segment
    from policies.evidence import Hit
    from policies.passages.names import PassageNames

_WORK = frozenset({Role.TOOL, Role.ASSISTANT})
# Members of a message, beside its words, that wire formats give out as texts.
_NO_WORDS = frozenset({"id", "name", "status", "type", "ttl", "phase"})
_MOST_TURNS_BACK = SHORTEST
_NO_TURN = -1


@dataclass(slots=True)
class _Turn:
    """What a person typed without work between, as it is forwarded."""

    texts: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        return (*self.texts, *self.attachments)


class _Text:
    """A segment with its wrappers, as it came and as it is forwarded."""

    def __init__(self, segment: Segment, forwarded: str) -> None:
        self.role = segment.role
        self.place = segment.place
        self.original = segment.text
        self.forwarded = forwarded
        is_user = segment.role is Role.USER
        self._came = wrappers(segment.text) if is_user else ()
        self._goes = wrappers(forwarded) if is_user else ()
        if [w.name for w in self._came] != [w.name for w in self._goes]:
            self._came = self._goes = ()  # A tag was masked: then the text is one block.
        is_words = is_user and segment.place.rsplit("/", 1)[-1] not in _NO_WORDS
        self.is_typed = is_words and bool(outside(forwarded, self._goes).strip())
        self.opens_turn = is_words

    def wrapper_around(self, start: int, end: int) -> Wrapper | None:
        """Return the wrapper, as it is forwarded, of a stretch of the text as it came."""
        pairs = zip(self._came, self._goes, strict=True)
        return next((goes for came, goes in pairs if came.holds(start, end)), None)

    def beside(self, wrapper: Wrapper) -> str:
        return outside(self.forwarded, (wrapper,)).strip()


class Cutter:
    """The passages of one request. `forwarded` masks a text as it will be sent."""

    def __init__(
        self, prompt: Prompt, forwarded: Callable[[str], str], names: PassageNames
    ) -> None:
        self._texts = [_Text(segment, forwarded(segment.text)) for segment in prompt.segments]
        self._attachments = prompt.attachments
        self._names = names

    def passages(self, hits: Sequence[Hit], *, work_by_text: bool) -> tuple[Passage, ...]:
        """Return the passages of the findings of one rule, in the order of the request.

        With `work_by_text` what tools and the model said is named by its own text.
        """
        placed = [(self._covered(hit), hit) for hit in hits]
        hot = {self._turn_of[at] for at in self._typed_numbers(numbers for numbers, _ in placed)}
        found: dict[str, Passage] = {}
        lines: dict[str, dict[str, None]] = {}
        for numbers, hit in sorted(placed, key=lambda one: one[0][0]):
            for passage in self._of(numbers, hit, None if work_by_text else hot):
                found.setdefault(passage.name, passage)
                lines.setdefault(passage.name, {}).update(dict.fromkeys(passage.lines))
        return tuple(
            Passage(p.name, p.kind, p.role, p.place, p.ask, tuple(lines[p.name]))
            for p in found.values()
        )

    @cached_property
    def _turn_of(self) -> list[int]:
        """For each text the turn that it belongs to, or that led to it."""
        turns: list[int] = []
        turn, working = _NO_TURN, True
        for text in self._texts:
            if text.role in _WORK:
                working = True
            elif text.opens_turn and working:
                turn, working = turn + 1, False
            turns.append(turn)
        return turns

    @cached_property
    def _turns(self) -> list[_Turn]:
        turns = [_Turn() for _ in range(max(self._turn_of, default=_NO_TURN) + 1)]
        for text, turn in zip(self._texts, self._turn_of, strict=True):
            if text.is_typed:
                turns[turn].texts.append(text.forwarded)
        for place, digest in self._attachments:
            if turns:
                turns[max(self._turn_at(place), 0)].attachments.append(digest)
        return turns

    def _turn_at(self, place: str) -> int:
        """Return the turn of a part that is no text: that of its message, or of the one before."""
        at = bisect_right(self._messages, (_message(place), len(self._texts)))
        return self._messages[at - 1][1] if at else _NO_TURN

    @cached_property
    def _messages(self) -> list[tuple[int, int]]:
        """The number of each message with a text, and its turn, in order."""
        pairs = zip(self._texts, self._turn_of, strict=True)
        return sorted({(_message(text.place), turn) for text, turn in pairs})

    def _covered(self, hit: Hit) -> tuple[int, ...]:
        """Return the numbers of the texts that a finding touches: several where it is in a seam."""
        finding = hit.finding
        if finding.reading.how != SEAM:
            return (hit.segment,)
        numbers = [hit.segment]
        left = finding.start + finding.last - finding.first - len(self._texts[hit.segment].original)
        for at in range(hit.segment + 1, len(self._texts)):
            if left <= 0:
                break
            if self._texts[at].role is self._texts[hit.segment].role:
                numbers.append(at)
                left -= len(self._texts[at].original)
        return tuple(numbers)

    def _typed_numbers(self, covered: Iterable[tuple[int, ...]]) -> Iterator[int]:
        for numbers in covered:
            yield from (at for at in numbers if self._texts[at].is_typed)

    def _of(self, numbers: tuple[int, ...], hit: Hit, hot: set[int] | None) -> Iterator[Passage]:
        texts = [self._texts[at] for at in numbers]
        first = texts[0]
        if hot is not None and first.role in _WORK and self._turn_of[numbers[0]] != _NO_TURN:
            yield from (self._work(at, hot) for at in numbers)
            return
        if len(texts) == 1 and (
            wrapper := first.wrapper_around(hit.finding.start, hit.finding.end)
        ):
            yield from self._wrapped(numbers[0], wrapper, hit)
        elif all(text.is_typed for text in texts):
            yield from (self._typed(at) for at in numbers)
        else:
            yield self._fixed(first, [text.forwarded for text in texts], hit)

    def _typed(self, at: int) -> Passage:
        text = self._texts[at]
        name = self._names.of(PassageKind.TYPED, Role.USER, self._words(self._turn_of[at]))
        return Passage(name, PassageKind.TYPED, text.role, text.place)

    def _words(self, turn: int) -> tuple[str, ...]:
        """Return the words of a turn, with those of the turns before it where it is short."""
        words: tuple[str, ...] = ()
        for back in range(turn, max(turn - _MOST_TURNS_BACK, _NO_TURN), -1):
            words = (*self._turns[back].words, *words)
            if len(normalised("\n".join(words))) >= SHORTEST:
                break
        return words

    def _work(self, at: int, hot: set[int]) -> Passage:
        text, turn = self._texts[at], self._turn_of[at]
        if turn not in hot:
            return Passage(self._names_up_to[turn], PassageKind.WORK, text.role, text.place)
        words = self._words(turn)
        return Passage(
            self._names.of(PassageKind.WORK, Role.USER, words),
            PassageKind.WORK,
            text.role,
            text.place,
            ask=self._names.of(PassageKind.TYPED, Role.USER, words),
        )

    @cached_property
    def _names_up_to(self) -> list[str]:
        """For each turn the name of all that was typed up to its end."""
        names: list[str] = []
        before = ""
        for turn in self._turns:
            before = self._names.of(PassageKind.WORK, Role.USER, (before, *turn.words))
            names.append(before)
        return names

    def _wrapped(self, at: int, wrapper: Wrapper, hit: Hit) -> Iterator[Passage]:
        text = self._texts[at]
        if wrapper.name != REPEATS:
            yield self._fixed(text, [text.forwarded[wrapper.start : wrapper.end]], hit)
            return
        inner = text.forwarded[wrapper.inner_start : wrapper.inner_end]
        name = self._names.of(PassageKind.TYPED, Role.USER, [inner])
        yield Passage(name, PassageKind.TYPED, text.role, text.place)
        frame = [
            other.beside(wrapper) if number == at else other.forwarded
            for number, other in enumerate(self._texts)
            if self._turn_of[number] == self._turn_of[at] and (other.is_typed or number == at)
        ]
        if any(frame):
            name = self._names.of(PassageKind.FRAME, Role.USER, [wrapper.name, *frame])
            yield Passage(name, PassageKind.FRAME, text.role, text.place)

    def _fixed(self, text: _Text, whole: list[str], hit: Hit) -> Passage:
        finding = hit.finding
        seam = finding.reading.how == SEAM
        lines = (
            lines_around(finding.reading.text, finding.first, finding.last)
            if seam
            else lines_around(text.original, finding.start, finding.end)
        )
        return Passage(
            self._names.of(PassageKind.TEXT, text.role, whole),
            PassageKind.TEXT,
            text.role,
            text.place,
            lines=(self._names.of(PassageKind.TEXT, text.role, ["line", lines]),),
        )


def _message(place: str) -> int:
    """Return the number of the message that a place is in: the first number in its path."""
    return next((int(part) for part in place.split("/") if part.isdecimal()), -1)
