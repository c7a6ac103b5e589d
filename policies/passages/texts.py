"""The texts of a request as passages are cut from them: typed or not, and in which wrappers."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from app.domain.segment import Role
from policies.passages.names import normalised
from policies.passages.wrappers import REPEATS, Wrapper, is_frame, outside, paired

if TYPE_CHECKING:
    from app.domain.segment import Segment

WORK = frozenset({Role.TOOL, Role.ASSISTANT})
# Members of a message, beside its words, that wire formats give out as texts.
_PROTOCOL = frozenset({"id", "status", "type", "ttl", "phase"})
_PROTOCOL_ENDS = tuple(f"/{member}" for member in _PROTOCOL)
_VALUE = re.compile(r"[\w.:-]{1,100}")
_ITEM = 3


def is_protocol(segment: Segment) -> bool:
    """Whether a segment is a value of the protocol, such as the id of a message, and no words."""
    place = segment.place
    named = place.endswith(_PROTOCOL_ENDS) or place in _PROTOCOL
    return named and _VALUE.fullmatch(segment.text) is not None


def item_of(place: str) -> str:
    """Return the place of the message, tool or member that a text is part of."""
    return "/".join(place.split("/", _ITEM)[:_ITEM])


class SegmentText:
    """A segment with its wrappers, as it came and as it is forwarded."""

    def __init__(self, segment: Segment, forwarded: str) -> None:
        self.role = segment.role
        self.place = segment.place
        self.original = segment.text
        self.forwarded = forwarded
        self.is_protocol = is_protocol(segment)
        self.opens_turn = segment.role is Role.USER and not self.is_protocol
        self._wrappers = paired(segment.text, forwarded) if self.opens_turn else ()
        is_words = self.opens_turn and not is_frame(forwarded)
        self.is_typed = is_words and bool(self._unwrapped.strip())
        self.repeats = sum(goes.name == REPEATS for _, goes in self._wrappers)

    @property
    def _unwrapped(self) -> str:
        """What is no agent's: what a wrapper repeats was typed."""
        if not self._wrappers:
            return self.forwarded
        added = (goes for _, goes in self._wrappers if goes.name != REPEATS)
        return outside(self.forwarded, added)

    @cached_property
    def length(self) -> int:
        """The number of characters that were typed."""
        return len(normalised(self._unwrapped))

    @property
    def item(self) -> str:
        return item_of(self.place)

    def wrapper_around(self, start: int, end: int) -> Wrapper | None:
        """Return the wrapper, as it is forwarded, of a stretch of the text as it came."""
        at = bisect_right(self._wrappers, start, key=_start) - 1
        if at < 0 or not self._wrappers[at][0].holds(start, end):
            return None
        return self._wrappers[at][1]

    def beside(self, wrapper: Wrapper) -> str:
        return outside(self.forwarded, (wrapper,)).strip()


def _start(pair: tuple[Wrapper, Wrapper]) -> int:
    return pair[0].start
