"""What is new in a held request since people last approved something in its conversation. Pure.

An agent sends the whole history each time, so most of a request may have been approved before.
What is open says where the new part begins: every message from the first open one on is new.
Fixed text that is open, such as a changed system prompt, is new by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.domain.hold import Hold


class _Message(NamedTuple):
    """The message that a place of a request is in: of /messages/2/content/0, (messages, 2)."""

    list: str
    number: int


@dataclass(frozen=True, slots=True)
class News:
    """`since` are the first open messages of their lists, `alone` messages with open fixed text."""

    since: frozenset[_Message] = frozenset()
    alone: frozenset[_Message] = frozenset()

    def has(self, place: str) -> bool:
        """Whether what stands at this place of the request is new."""
        here = _message(place)
        after = any(here.list == first.list and here.number >= first.number for first in self.since)
        return after or here in self.alone


NOTHING_NEW = News()


def news(hold: Hold) -> News:
    """Return what is new; nothing where none of what was found has been approved before."""
    holding = hold.verdict.holding
    asked = [passage for fired in holding if fired.question for passage in fired.question.passages]
    firsts: dict[str, _Message] = {}
    for message in (_message(passage.place) for passage in asked if passage.asked):
        firsts[message.list] = min(message, firsts.get(message.list, message))
    alone = frozenset(_message(passage.place) for passage in asked if not passage.asked)
    found = News(frozenset(firsts.values()), alone)
    approved = any(not found.has(e.place) for fired in holding for e in fired.excerpts)
    return found if asked and approved else NOTHING_NEW


def _message(place: str) -> _Message:
    # Behind a blank stands how it was read: "/system (base64)".
    name, _, rest = place.partition(" ")[0].removeprefix("/").partition("/")
    number = rest.partition("/")[0]
    return _Message(name, int(number) if number.isdecimal() else 0)
