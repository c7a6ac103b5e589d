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
is text of its own. System text, wrappers and descriptions of tools are passages as a whole. Where
nobody types, as in a call of one tool, the request is one passage.

Each block is named once, however many findings stand in it: the work grows with the request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

from app.domain.passage import Passage, PassageKind, most_telling
from app.domain.segment import Role
from policies.evidence import Hit
from policies.matching.findings import SEAM
from policies.passages.lines import SHORTEST, is_long, lines_around
from policies.passages.names import normalised
from policies.passages.texts import WORK, SegmentText
from policies.passages.turns import NO_TURN, Turns
from policies.passages.wrappers import REPEATS, Wrapper, is_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from app.domain.passage import Excerpt
    from app.domain.segment import Prompt
    from policies.passages.names import PassageNames

_MOST_SHOWN = 8
_BESIDE = "header "  # begins the place of what goes out beside the body

_Block: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a finding is: the numbers of the texts that it touches, several where it is in a seam.

    `wrapper` is the one that it stands in; None where the text is crowded, and so one block.
    """

    hit: Hit
    numbers: tuple[int, ...]
    wrapper: Wrapper | None
    crowded: bool


def _in_order(spot: _Spot) -> tuple[int, int, int]:
    """Sort by place, and of findings that begin together the longest first."""
    return spot.numbers[0], spot.hit.finding.start, -spot.hit.finding.end


class Cutter:
    """The passages of one request. `forwarded` masks a text as it will be sent."""

    def __init__(
        self, prompt: Prompt, forwarded: Callable[[str], str], names: PassageNames
    ) -> None:
        self._texts = [SegmentText(segment, forwarded(segment.text)) for segment in prompt.segments]
        self._turns = Turns(self._texts, prompt.attachments, names)
        self._names = names
        self._blocks: dict[_Block, tuple[Passage, ...]] = {}

    def passages(
        self, hits: Sequence[Hit], excerpt: Callable[[Hit], Excerpt], *, work_by_text: bool
    ) -> tuple[Passage, ...]:
        """Return the passages of the findings of one rule, in the order of the request.

        With `work_by_text` what tools and the model said is named by its own text.
        """
        crowded = {hit.segment for hit in hits if hit.finding.crowded}
        spots = [self._spot(hit, crowded=hit.segment in crowded) for hit in hits]
        spots.sort(key=_in_order)
        asking = None if work_by_text else self._asking(spots)
        found: dict[str, Passage] = {}
        first: dict[str, Hit] = {}
        lines = _Lines(self._texts, self._names)
        for spot in spots:
            for passage in self._of(spot, asking):
                found.setdefault(passage.name, passage)
                first.setdefault(passage.name, spot.hit)
                if self._turns.all:
                    lines.add(passage, spot)
        shown = {passage.name for passage in most_telling(found.values())[:_MOST_SHOWN]}
        return tuple(
            replace(
                passage,
                lines=lines.of(passage),
                excerpt=excerpt(first[name]) if name in shown else None,
            )
            for name, passage in found.items()
        )

    def _spot(self, hit: Hit, *, crowded: bool) -> _Spot:
        numbers = self._touched(hit)
        wrapper = None
        if len(numbers) == 1 and not crowded:
            text = self._texts[hit.segment]
            wrapper = text.wrapper_around(hit.finding.start, hit.finding.end)
        if wrapper and wrapper.name == REPEATS:
            turn = self._turns.all[self._turns.of[hit.segment]]
            wrapper = wrapper if turn.repeats == 1 else None  # An agent repeats one thing alone.
        return _Spot(hit, numbers, wrapper, crowded)

    def _touched(self, hit: Hit) -> tuple[int, ...]:
        finding = hit.finding
        if finding.reading.how != SEAM:
            return (hit.segment,)
        first = self._texts[hit.segment]
        numbers = [hit.segment]
        left = finding.start + finding.last - finding.first - len(first.original)
        for at in range(hit.segment + 1, len(self._texts)):
            if left <= 0:
                break
            text = self._texts[at]
            if text.role is first.role and not text.is_protocol:
                numbers.append(at)
                left -= len(text.original)
        return tuple(numbers)

    def _asking(self, spots: Iterable[_Spot]) -> frozenset[int]:
        """Return the turns in which something was found that was typed."""
        return frozenset(
            self._turns.of[at]
            for spot in spots
            if spot.wrapper is None or spot.wrapper.name == REPEATS
            for at in spot.numbers
            if self._texts[at].is_typed
        )

    def _of(self, spot: _Spot, asking: AbstractSet[int] | None) -> Iterator[Passage]:
        at = spot.numbers[0]
        if not self._turns.all:
            beside = at if self._is_beside(at) else NO_TURN
            yield from self._once(("request", beside), partial(self._request, at))
        elif spot.wrapper is None:
            yield from self._by_texts(spot.numbers, asking)
        else:
            cut = self._repeated if spot.wrapper.name == REPEATS else self._wrapped
            block = ("wrapper", at, spot.wrapper.start)
            yield from self._once(block, partial(cut, at, spot.wrapper))

    def _once(self, block: _Block, cut: Callable[[], Iterable[Passage]]) -> tuple[Passage, ...]:
        if block not in self._blocks:
            self._blocks[block] = tuple(cut())
        return self._blocks[block]

    def _by_texts(
        self, numbers: Sequence[int], asking: AbstractSet[int] | None
    ) -> Iterator[Passage]:
        fixed = False
        for at in numbers:
            text, turn = self._texts[at], self._turns.of[at]
            if text.role in WORK and asking is not None and self._was_asked(turn, asking):
                asked = turn in asking
                yield from self._once(("work", turn, asked), partial(self._work, at, asked=asked))
            elif text.is_typed:
                yield from self._once(("typed", turn), partial(self._typed, at))
            else:
                fixed = True
        if fixed:
            numbers = self._with_its_item(*numbers)
            yield from self._once(
                ("fixed", numbers[0], len(numbers)), partial(self._fixed, numbers)
            )

    def _was_asked(self, turn: int, asking: AbstractSet[int]) -> bool:
        return turn in asking or (turn != NO_TURN and bool(self._turns.names_up_to[turn]))

    def _typed(self, at: int) -> Iterator[Passage]:
        turn = self._turns.of[at]
        typed = self._passage(PassageKind.TYPED, Role.USER, self._turns.words(turn), at)
        began = (
            self._names.of(PassageKind.TYPED, Role.USER, words)
            for words in self._turns.beginnings(turn)
        )
        yield replace(typed, began=tuple(began))

    def _work(self, at: int, *, asked: bool) -> Iterator[Passage]:
        turn, text = self._turns.of[at], self._texts[at]
        if not asked:
            name = self._turns.names_up_to[turn]
            yield Passage(name, PassageKind.WORK, text.role, text.place)
            return
        words = self._turns.words(turn)
        work = self._passage(PassageKind.WORK, Role.USER, words, at)
        yield replace(work, ask=self._names.of(PassageKind.TYPED, Role.USER, words))

    def _wrapped(self, at: int, wrapper: Wrapper) -> Iterator[Passage]:
        text = self._texts[at]
        whole = text.forwarded[wrapper.start : wrapper.end]
        yield self._passage(PassageKind.TEXT, text.role, [whole], at)

    def _repeated(self, at: int, wrapper: Wrapper) -> Iterator[Passage]:
        text, number = self._texts[at], self._turns.of[at]
        inner = text.forwarded[wrapper.inner_start : wrapper.inner_end]
        words = self._turns.with_those_before(number, (inner,), len(normalised(inner)))
        typed = self._passage(PassageKind.TYPED, Role.USER, words, at)
        turn = self._turns.all[number]
        beside = text.beside(wrapper)
        frame = [
            *(() if is_frame(beside) else (beside,)),
            *(other.forwarded for other in turn.typed if other is not text),
            *turn.attached,
        ]
        yield replace(typed, repeated=is_frame(beside) and not any(frame))
        if any(frame):
            yield self._passage(PassageKind.FRAME, Role.USER, (wrapper.name, *frame), at)

    def _fixed(self, numbers: Sequence[int]) -> Iterator[Passage]:
        text = self._texts[numbers[0]]
        whole = [self._texts[at].forwarded for at in numbers]
        yield self._passage(PassageKind.TEXT, text.role, whole, numbers[0])

    def _with_its_item(self, *numbers: int) -> Sequence[int]:
        """Return for a text that is too short for a name the whole item that it stands in."""
        text = self._texts[numbers[0]]
        if len(numbers) > 1 or text.length >= SHORTEST or text.is_protocol:
            return numbers
        return self._items[text.item]

    @cached_property
    def _items(self) -> dict[str, list[int]]:
        """The numbers of the texts of each message, tool or other member."""
        items: dict[str, list[int]] = {}
        for at, text in enumerate(self._texts):
            if not text.is_protocol:
                items.setdefault(text.item, []).append(at)
        return items

    def _request(self, at: int) -> Iterator[Passage]:
        """Name all of a request in which nobody types: any of it may be the order."""
        whole = [
            t.forwarded for n, t in enumerate(self._texts) if n == at or not self._is_beside(n)
        ]
        whole += [attachment.digest for attachment in self._turns.attachments]
        yield self._passage(PassageKind.TEXT, self._texts[at].role, whole, at)

    def _is_beside(self, at: int) -> bool:
        text = self._texts[at]
        return text.is_protocol or text.place.startswith(_BESIDE)

    def _passage(self, kind: PassageKind, role: Role, texts: Iterable[str], at: int) -> Passage:
        text = self._texts[at]
        return Passage(self._names.of(kind, role, texts), kind, text.role, text.place)


class _Lines:
    """The lines by which people may trust fixed text: all of those in which something was found.

    There are none where that is not sure: in a text that is not sent as it came, across several
    texts; and none of what tools and the model said. In a text that is too short for a line of its
    own, the line is trusted only together with the whole passage.
    """

    def __init__(self, texts: Sequence[SegmentText], names: PassageNames) -> None:
        self._texts = texts
        self._names = names
        self._found: dict[str, dict[str, None]] = {}
        self._unsure: set[str] = set()
        self._named: dict[tuple[int, int, int], str] = {}
        self._wrapped: dict[tuple[int, int], str] = {}

    def add(self, passage: Passage, spot: _Spot) -> None:
        if passage.kind is not PassageKind.TEXT or passage.role in WORK:
            return
        text = self._texts[spot.numbers[0]]
        is_one = len(spot.numbers) == 1 and not spot.crowded and not text.is_protocol
        is_sure = is_one and text.original == text.forwarded
        if is_sure and (line := self._line(passage, spot)):
            self._found.setdefault(passage.name, {})[line] = None
        else:
            self._unsure.add(passage.name)

    def of(self, passage: Passage) -> tuple[str, ...]:
        return () if passage.name in self._unsure else tuple(self._found.get(passage.name, ()))

    def _line(self, passage: Passage, spot: _Spot) -> str:
        """Return the name of the lines around a finding, within its wrapper; empty for none."""
        at, finding = spot.numbers[0], spot.hit.finding
        begin, text = self._within(at, spot.wrapper)
        start, end = finding.start - begin, finding.end - begin
        place = lines_around(text, start, end) if 0 <= start < end <= len(text) else None
        if place is None:
            return ""
        key = (at, begin + place[0], begin + place[1])
        if key not in self._named:
            line = text[slice(*place)]
            words = ["line", line, *([] if is_long(line) else [passage.name])]
            self._named[key] = self._names.of(PassageKind.TEXT, self._texts[at].role, words)
        return self._named[key]

    def _within(self, at: int, wrapper: Wrapper | None) -> tuple[int, str]:
        """Return where the text that may belong to a line begins, and that text."""
        text = self._texts[at].original
        if wrapper is None:
            return 0, text
        begin, end = wrapper.inner_start, wrapper.inner_end
        if (at, begin) not in self._wrapped:
            self._wrapped[at, begin] = text[begin:end]
        return begin, self._wrapped[at, begin]
