"""A passage: a block of text around a finding, which people decide on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.domain.segment import Role

if TYPE_CHECKING:
    from collections.abc import Iterable


class PassageKind(StrEnum):
    TYPED = "typed"
    """What a person typed: the whole turn."""
    WORK = "work"
    """What tools returned or the model said, named by the ask that led to it."""
    TEXT = "text"
    """Fixed text: a wrapper that an agent adds, a system prompt, the description of a tool."""
    FRAME = "frame"
    """What an agent puts around a repetition of what was typed."""
    CALL = "call"
    """A call of a tool: its name and its arguments."""


LINE_END = "⏎"
"""Stands for the end of a line in what an excerpt shows."""
_TELLING = {PassageKind.TYPED: 0, PassageKind.WORK: 1}
_FIXED = frozenset({Role.SYSTEM, Role.USER})


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A finding in its surroundings, safe to show: every secret in it is masked.

    Only `policies` makes one, out of text that went through the masker.
    """

    before: str
    words: str
    after: str
    place: str

    @property
    def line(self) -> str:
        """What it shows of the line with the finding."""
        return self.before.rpartition(LINE_END)[2] + self.words + self.after.partition(LINE_END)[0]


@dataclass(frozen=True, slots=True)
class Passage:
    """`name` is a keyed digest, in hex, of the kind, the role and the text as it is forwarded.

    The same words have the same name wherever they stand.
    """

    name: str
    kind: PassageKind
    role: Role
    place: str
    """Of the segment with the first finding, as in `Segment`."""
    ask: str = ""
    """The name of the typed passage that led to this work, where that has a finding itself."""
    lines: tuple[str, ...] = ()
    """Names of the lines with findings, where the text is fixed: people may trust them for good."""
    excerpt: Excerpt | None = None
    """Of its first finding, where it is one of the few that are shown."""
    began: tuple[str, ...] = ()
    """The names that a turn had while its last texts were not typed yet: after a refusal, a client
    sends what was refused and what is typed next as one turn."""
    repeated: bool = False
    """Whether an agent only repeats it, to have a title made of it."""

    @property
    def names(self) -> frozenset[str]:
        """Each name under which it may be covered."""
        return frozenset({self.name, self.ask} - {""})

    @property
    def is_trustable(self) -> bool:
        """Whether its lines may be trusted: fixed text that an agent sends with its requests."""
        return self.kind is PassageKind.TEXT and self.role in _FIXED and bool(self.lines)

    @property
    def asked(self) -> bool:
        """Whether a person's words led to it."""
        return self.kind in {PassageKind.TYPED, PassageKind.WORK}


def most_telling(passages: Iterable[Passage]) -> list[Passage]:
    """Return passages in the order in which people should read them.

    What was typed comes first, then what was done for it, then the rest; of each, the newest. So
    nothing that a tool returns can push a prompt off a card.
    """
    newest = list(passages)[::-1]
    return sorted(newest, key=lambda passage: _TELLING.get(passage.kind, 2))
