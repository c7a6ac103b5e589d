"""What goes on of a stream of OpenAI Responses, after calls were replaced or changed.

Items are numbered, and so are events; the events at the end repeat all items. As long as nothing
was inserted, left out or moved, everything goes on as it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.answer import sse
from app.wire.calls import response_items
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.events import StreamEvent, Stretch
from app.wire.calls.response_items import EMPTY, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling

ADDED, DONE = "response.output_item.added", "response.output_item.done"
_BEGINNINGS = frozenset({"response.created", "response.in_progress", "response.queued"})


@dataclass(slots=True, eq=False)
class Listed:
    """One item of the output: what has come of it, and what goes on."""

    index: int
    item: Item = field(default_factory=dict)
    """As it was last seen: begun, or whole."""
    is_kept: bool | None = False
    """Whether it is a call that needs a ruling; None as long as its tool is not known."""
    whole: bool = False
    pieces: list[str] = field(default_factory=list)
    stretch: Stretch | None = None
    number: int | None = None
    """The number of the call."""
    scattered: bool = False
    """Whether events of others stand between its own."""
    removed: bool = False
    out: int | None = None
    """The index under which it goes on."""
    done: bool = False
    """Whether its last event has gone on."""
    becomes: list[Item] | None = None
    """What stands in its place in the output; None where it goes on unchanged."""


@dataclass(frozen=True, slots=True)
class Placed(StreamEvent):
    """An event with the item that it belongs to, or with all items that it lists."""

    of: Listed | None = None
    output: tuple[Listed | None, ...] = ()

    @property
    def is_final(self) -> bool:
        return isinstance(self.value.get("response"), dict) and self.kind not in _BEGINNINGS


class Output:
    def __init__(self) -> None:
        self.touched = False
        """Whether events have been inserted, left out or moved."""
        self.number: int | None = None
        """The number of the next event, where events have numbers."""
        self.response: dict[str, Json] = {}
        self.begun = False
        self.ended = False
        self._next = 0  # index of a next item
        self._items: list[tuple[int, Item]] = []  # that have gone on whole, with their indexes
        self._inserted: list[tuple[int, Item]] = []
        self._texts = 0

    def event(self, event: StreamEvent, value: dict[str, Json] | None = None) -> bytes:
        """Return an event that goes on, with the numbers that fit."""
        self.begun = self.begun or bool(event.value)
        new = dict(event.value if value is None else value)
        if isinstance(event, Placed):
            if event.of is not None:
                self._place(event.of, new, event.kind)
            if isinstance(new.get("response"), dict):
                new["response"] = self._response(event)
                self.ended = self.ended or event.is_final
        number = new.get("sequence_number")
        if isinstance(number, int):
            new["sequence_number"] = self._numbered(number)
        return event.written(new)

    def _numbered(self, number: int) -> int:
        if self.touched and self.number is not None:
            number = self.number
        self.number = number + 1
        return number

    def _place(self, of: Listed, new: dict[str, Json], kind: str) -> None:
        if of.out is None:
            of.out = self._next if self.touched else of.index
            self._next = max(self._next, of.out + 1)
        if "output_index" in new:
            new["output_index"] = of.out
        if kind == DONE and isinstance(item := new.get("item"), dict):
            of.done = True
            self._items.append((of.out, item))

    def touch(self, events: Iterable[StreamEvent]) -> None:
        """Renumber from these events on."""
        if self.touched:
            return
        self.touched = True
        numbers = (event.value.get("sequence_number") for event in events)
        self.number = next((number for number in numbers if isinstance(number, int)), self.number)

    # What the events at the beginning and the end say of the output.

    def _response(self, event: Placed) -> Json:
        response = event.value["response"]
        output = response.get("output") if isinstance(response, dict) else None
        if not isinstance(response, dict) or not isinstance(output, list):
            return response
        self.response = response
        if not event.is_final:
            listed = [self._listed(item, of) for item, of in self._pairs(output, event)]
            return {**response, "output": [item for items in listed for item in items]}
        found: list[tuple[int, Json]] = [*self._inserted]
        at = -1
        for item, of in self._pairs(output, event):
            at = of.out if of is not None and of.out is not None else at
            found.extend((at, left) for left in self._listed(item, of))
        found.sort(key=lambda pair: pair[0])
        return {**response, "output": [item for _, item in found]}

    @staticmethod
    def _pairs(output: list[Json], event: Placed) -> list[tuple[Json, Listed | None]]:
        return list(zip(output, event.output or [None] * len(output), strict=True))

    @staticmethod
    def _listed(item: Json, of: Listed | None) -> Sequence[Json]:
        if of is None or of.is_kept is False:
            return [item]
        if of.removed or of.number is None:
            return []
        return [item] if of.becomes is None else of.becomes

    # What takes the place of calls.

    def call(self, of: Listed, events: Sequence[StreamEvent], ruling: Ruling) -> bytes:
        """Return what goes on for a call that was ruled on."""
        if of.scattered or not isinstance(ruling, Passed):
            self.touch(events)
        match ruling:
            case Replaced(text):
                out, item = self._said(text)
                of.becomes, of.done = [item], True
                of.out = self._items[-1][0]
                return out
            case Changed(arguments, text):
                before = self.insert(text) if text else b""
                of.becomes = [response_items.with_arguments(of.item, arguments)]
                return before + self._changed(events, arguments)
            case _:
                return b"".join(map(self.event, events))

    def listed(self, of: Listed, ruling: Ruling) -> None:
        """Note what becomes of a call that comes only in the list of all items."""
        match ruling:
            case Replaced(text):
                of.becomes = [self._message(text)]
            case Changed(arguments, text):
                changed = response_items.with_arguments(of.item, arguments)
                of.becomes = [*([self._message(text)] if text else []), changed]

    def _changed(self, events: Sequence[StreamEvent], arguments: str) -> bytes:
        out: list[bytes] = []
        told = False
        for event in events:
            value = event.value
            if isinstance(item := value.get("item"), dict):
                if event.kind == DONE or response_items.asks(item):
                    item = response_items.with_arguments(item, arguments)
                out.append(self.event(event, {**value, "item": item}))
            elif not response_items.tells_arguments(event.kind):
                if not response_items.tells_parts(event.kind):
                    out.append(self.event(event))
            elif event.kind.endswith(".done"):
                name = "input" if "input" in value else "arguments"
                out.append(self.event(event, {**value, name: arguments}))
            elif not told:
                told = True
                out.append(self.event(event, {**value, "delta": arguments}))
        return b"".join(out)

    def insert(self, text: str) -> bytes:
        """Return a finished message before all that follows; its events are renumbered."""
        out, item = self._said(text)
        self._inserted.append((self._items[-1][0], item))
        return out

    def _message(self, text: str) -> Item:
        self._texts += 1
        return response_items.said(text, f"msg_ruling_{self._texts}")

    def _said(self, text: str) -> tuple[bytes, Item]:
        item = self._message(text)
        index = self._next
        self._next += 1
        self._items.append((index, item))
        at: dict[str, Json] = {"item_id": item["id"], "output_index": index, "content_index": 0}
        part: Json = {"type": "output_text", "text": text, "annotations": []}
        empty: Json = {"type": "output_text", "text": "", "annotations": []}
        begun: Json = {**item, "status": "in_progress", "content": []}
        events: list[dict[str, Json]] = [
            {"type": ADDED, "output_index": index, "item": begun},
            {"type": "response.content_part.added", **at, "part": empty},
            {"type": "response.output_text.delta", **at, "delta": text, "logprobs": []},
            {"type": "response.output_text.done", **at, "text": text, "logprobs": []},
            {"type": "response.content_part.done", **at, "part": part},
            {"type": DONE, "output_index": index, "item": item},
        ]
        return b"".join(map(self._spelt, events)), item

    def begin(self) -> bytes:
        """Return the beginning of a response, where none has gone on."""
        if self.begun:
            return b""
        self.begun = True
        self.number = self.number or 0
        of = {**EMPTY, **self.response, "status": "in_progress", "output": []}
        return self._spelt({"type": "response.created", "response": of})

    def end(self, usage: Json) -> bytes:
        """Return an end of the response with the items that have gone on."""
        self.ended = True
        self._items.sort(key=lambda pair: pair[0])
        output: list[Json] = [item for _, item in self._items]
        of = {**EMPTY, **self.response, "status": "completed", "output": output}
        if usage is not None:
            of["usage"] = usage
        return self._spelt({"type": "response.completed", "response": of})

    def _spelt(self, event: dict[str, Json]) -> bytes:
        if self.number is not None:
            event = {**event, "sequence_number": self.number}
            self.number += 1
        return sse.encode(strict_json.dump(event), event=str(event["type"]))
