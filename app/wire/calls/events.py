"""The events of a stream that are kept back until they may be passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.answer import sse
from app.wire.base import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wire.answer.sse import SseEvent


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event as it came, and its data if that is a JSON object."""

    sse: sse.SseEvent
    value: dict[str, Json] = field(default_factory=dict)
    exact: bool = False
    """Whether the data say nothing but this, as we would write it."""

    @property
    def kind(self) -> str:
        """The type that the event gives itself, or else the one of its framing."""
        kind = self.value.get("type")
        return kind if isinstance(kind, str) else self.sse.event

    def written(self, value: Mapping[str, Json]) -> bytes:
        """Return the event with other data; the same bytes where it is equal."""
        return self.sse.raw if value == self.value else self._respelt(value)

    def cut(self, value: dict[str, Json]) -> SseEvent:
        """Return an event for a part of the data; the same one if it is all of them."""
        if value is self.value:
            return self.sse
        raw = self._respelt(value)
        return self.sse._replace(raw=raw, data=strict_json.dump(value).decode())

    def _respelt(self, value: Mapping[str, Json]) -> bytes:
        data = strict_json.dump(dict(value))
        of = self.sse
        return sse.encode(data, event=of.event, event_id=of.event_id, retry=of.retry)


@dataclass(slots=True, eq=False)
class Stretch:
    """Events that go on together, once they are whole and all calls in them are ruled on."""

    events: list[StreamEvent]
    calls: list[int] = field(default_factory=list)
    """Their numbers, in the order of the answer."""
    whole: bool = True
    """Whether no more events of its calls are to come."""
    kept: int = 0
    """How many bytes they are."""
    raw: list[bytes] = field(default_factory=list)
    """The bytes of all its events, in order."""
    unread: bool = False
    """Whether `events` leaves any out: pieces of a call, of which only the text was read."""


def read_event(event: sse.SseEvent) -> StreamEvent:
    """Parse an event's data; what is no object counts as empty."""
    try:
        value, exact = strict_json.parse_spelt(event.data) if event.data else (None, False)
    except ValueError:
        value, exact = None, False
    return StreamEvent(event, value, exact) if isinstance(value, dict) else StreamEvent(event)
