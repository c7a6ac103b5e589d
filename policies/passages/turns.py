"""The turns of a conversation: all that a person typed without work between."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from app.domain.passage import PassageKind
from app.domain.segment import Role
from policies.passages.lines import SHORTEST
from policies.passages.texts import WORK, SegmentText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.domain.segment import Attachment
    from policies.passages.names import PassageNames

NO_TURN = -1
_MOST_BEGINNINGS = 8


@dataclass
class Turn:
    """What was typed, as it is forwarded, and digests of what was attached to it."""

    typed: list[SegmentText] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    repeats: int = 0
    """How many wrappers in it repeat what was typed."""

    @property
    def words(self) -> tuple[str, ...]:
        return (*(text.forwarded for text in self.typed), *self.attached)

    @cached_property
    def length(self) -> int:
        """Characters typed. What is only attached counts as one."""
        return max(sum(text.length for text in self.typed), 1)


class Turns:
    """`of` gives for each text the number of the turn that it belongs to, or that led to it."""

    def __init__(
        self, texts: Sequence[SegmentText], attachments: Sequence[Attachment], names: PassageNames
    ) -> None:
        self.of: list[int] = []
        self.all: list[Turn] = []
        self.attachments = attachments
        self._names = names
        self._shortened: dict[int, tuple[str, ...]] = {}
        self._working = True
        left = deque(attachments)
        for number, text in enumerate(texts):
            while left and left[0].at <= number:
                self._attach(left.popleft())
            self._read(text)
        for attachment in left:
            self._attach(attachment)
        self._keep_what_nobody_typed()

    def _read(self, text: SegmentText) -> None:
        if text.role in WORK:
            self._working = True
        elif text.opens_turn:
            turn = self._turn()
            turn.repeats += text.repeats
            if text.is_typed:
                turn.typed.append(text)
        self.of.append(len(self.all) - 1)

    def _attach(self, attachment: Attachment) -> None:
        """What tools return belongs to the ask that led to it, as their texts do."""
        if attachment.role in WORK:
            self._working = True
        elif attachment.role is Role.USER:
            self._turn().attached.append(attachment.digest)

    def _turn(self) -> Turn:
        if self._working:
            self.all.append(Turn())
            self._working = False
        return self.all[-1]

    def _keep_what_nobody_typed(self) -> None:
        """Count with the first turn what a provider recalls before it, and files beside it."""
        other = [a.digest for a in self.attachments if a.role not in {*WORK, Role.USER}]
        if self.all:
            self.all[0].attached[:0] = other

    def words(self, turn: int) -> tuple[str, ...]:
        """Return the words of a turn, with those before it where they are few."""
        return self.with_those_before(turn, self.all[turn].words, self.all[turn].length)

    def beginnings(self, turn: int) -> Iterator[tuple[str, ...]]:
        """Yield the words of a turn as it was with its first text alone, with two, and so on."""
        typed = self.all[turn].typed
        length = 0
        for count in range(1, min(len(typed), _MOST_BEGINNINGS + 1)):
            length += typed[count - 1].length
            words = tuple(text.forwarded for text in typed[:count])
            yield self.with_those_before(turn, words, length)

    def with_those_before(self, turn: int, words: tuple[str, ...], length: int) -> tuple[str, ...]:
        """Put before some words, of so many characters, those of the turns before, until enough."""
        at = self._spoken_before[turn]
        while length < SHORTEST and at != NO_TURN:
            words = (*self._in_short(at), *words)
            length += self.all[at].length
            at = self._spoken_before[at]
        return words

    def _in_short(self, turn: int) -> tuple[str, ...]:
        """Return the words of a turn, or a name where they are long: wrappers, files."""
        if turn not in self._shortened:
            words = self.all[turn].words
            if sum(map(len, words)) > SHORTEST:
                words = (self._names.of(PassageKind.TYPED, Role.USER, words),)
            self._shortened[turn] = words
        return self._shortened[turn]

    @cached_property
    def _spoken_before(self) -> list[int]:
        """For each turn the last one before it that has words."""
        found: list[int] = []
        last = NO_TURN
        for number, turn in enumerate(self.all):
            found.append(last)
            if turn.words:
                last = number
        return found

    @cached_property
    def names_up_to(self) -> list[str]:
        """For each turn the name of all that was typed up to its end; empty where nothing was."""
        names: list[str] = []
        before = ""
        for turn in self.all:
            if turn.words:
                before = self._names.of(PassageKind.WORK, Role.USER, (before, *turn.words))
            names.append(before)
        return names
