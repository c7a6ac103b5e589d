"""Masks the events of one streamed answer: many texts, each coming in pieces, interleaved.

Each text has a masker of its own. A masker may hold a tail back; the tail goes out in an event
of the right shape before the event that ends its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from app.errors import TooLarge
from app.wire.json_text import JsonTextMasker
from app.wire.shape import Kind, Shape, shape
from app.wire.walk import Box, Path, TreeMasker

if TYPE_CHECKING:
    from app.wire.base import Json, Masking, TextMasker

Key: TypeAlias = "tuple[Json, ...]"
Event: TypeAlias = "dict[str, Json]"

_MOST_TEXTS = 4096
EVERYTHING: tuple[Key, ...] = ((),)


class Named(NamedTuple):
    """An event with the name that the stream's framing gives it, which may be empty."""

    name: str
    value: Event


@dataclass(frozen=True, slots=True)
class StreamTable:
    """How one API streams.

    A text is told from the others by the `identity` members of the event (`@event` is its
    name), the indices of the list items on the way, the `marks` of the object that holds the
    piece, and the channel, in this order. `ends` gives the beginnings of the keys that an event
    ends; `tail` makes the event that carries a held tail. By default that is a copy of the
    text's last event, with the text and the members named in `keep` and nothing else within.
    Only the first `levels` indices count. Where the event's `type` ends with `arguments`, a
    piece is one of JSON.
    """

    shape: Shape
    ends: Callable[[str, Event], Iterable[Key]]
    identity: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    keep: tuple[str, ...] = ("index", "type")
    levels: int = 9
    arguments: str = ""
    tail: Callable[[Key, str], Named] | None = None


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """How one API answers: streamed, and as one document.

    `resumable` streams carry event ids from which a client may go on; then no id is sent while
    a text is held back. Where `listed`, a document that is a list holds the events of a stream.
    """

    stream: StreamTable
    document: Shape = field(default_factory=lambda: shape({}))
    resumable: bool = False
    listed: bool = False


class _Text:
    """One text as it comes, with the place of its last piece."""

    __slots__ = ("at", "box", "event", "masker", "path", "settled")

    def __init__(self, masker: TextMasker) -> None:
        self.masker = masker
        self.settled = True  # all that came has gone out, and no mask is still growing
        self.event: Named | None = None
        self.path: Path = ()
        self.box: Box = []
        self.at: str | int = ""

    def feed(self, piece: str) -> str:
        out = self.masker.feed(piece)
        self.settled = out == piece and not self.masker.held
        return out


class EventMasker:
    """Masks events one after another; see `StreamTable`."""

    def __init__(self, table: StreamTable, masking: Masking) -> None:
        self._table = table
        self._masking = masking
        self._tree = TreeMasker(masking, self._piece)
        self._texts: dict[Key, _Text] = {}
        self._event = Named("", {})
        self._root: Key = ()
        self._touched: dict[Key, _Text] = {}

    @property
    def holds(self) -> bool:
        """Whether any text is held back, or in the middle of what is being masked."""
        return any(not text.settled for text in self._texts.values())

    @property
    def blobs(self) -> tuple[str, ...]:
        return tuple(self._tree.blobs)

    def whole(self, text: str) -> str:
        return self._tree.whole(text)

    def event(self, event: Named) -> tuple[bool, list[Named]]:
        """Mask one event in place; return whether it changed, and the tails to send before it."""
        self._event = event
        self._touched = {}
        self._tree.changed = False
        self._root = hashable(
            event.name if name == "@event" else event.value.get(name)
            for name in self._table.identity
        )
        ends = tuple(map(hashable, self._table.ends(event.name, event.value)))
        self._tree.walk(event.value, self._table.shape)
        tails = self.end(ends) if ends and self._texts else []
        return self._tree.changed, tails

    def end(self, ends: tuple[Key, ...] = EVERYTHING) -> list[Named]:
        """End the texts whose keys begin so; return their tails."""
        tails = []
        for key in [key for key in self._texts if _begins(key, ends)]:
            text = self._texts.pop(key)
            rest = text.masker.finish()
            if not rest:
                continue
            if key in self._touched:
                _append(text, rest)
                self._tree.changed = True
            else:
                tails.append(self._tail(key, text, rest))
        return tails

    def forget_event(self) -> None:
        """Say that the last event has gone out, so that no tail can join it any more."""
        self._touched = {}

    def _piece(self, piece: str, box: Box, shape: Shape, path: Path, indices: Path) -> str:
        marks = [box.get(mark) for mark in self._table.marks] if isinstance(box, dict) else []
        channel = shape.channel or ".".join([step for step in path if isinstance(step, str)])
        key = (*self._root, *indices[: self._table.levels], *hashable(marks), channel)
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) >= _MOST_TEXTS:
                raise TooLarge(f"The answer has more than {_MOST_TEXTS} texts at once.")
            text = self._texts[key] = _Text(self._masker(shape.kind))
        text.event, text.path, text.box, text.at = self._event, path, box, path[-1]
        self._touched[key] = text
        out = text.feed(piece)
        if out != piece:
            self._tree.changed = True
        return out

    def _masker(self, kind: Kind) -> TextMasker:
        suffix = self._table.arguments
        in_json = suffix and str(self._event.value.get("type")).endswith(suffix)
        if kind is Kind.ARGUMENTS or in_json:
            return JsonTextMasker(self._masking.stream)
        return self._masking.stream()

    def _tail(self, key: Key, text: _Text, rest: str) -> Named:
        if self._table.tail is not None:
            return self._table.tail(key, rest)
        last = text.event or self._event
        return Named(last.name, copy_with(last.value, text.path, rest, self._table))


def hashable(parts: Iterable[Json]) -> Key:
    """Make a key of what an upstream sent, which may be anything where a number should be."""
    return tuple([repr(part) if isinstance(part, (dict, list)) else part for part in parts])


def kind_of(name: str, event: Event) -> str:
    """Return the type that the event gives itself, or else the one of its framing."""
    kind = event.get("type")
    return kind if isinstance(kind, str) else name


def copy_with(event: Event, path: Path, text: str, table: StreamTable) -> Event:
    """Copy the way to one text, with what says whose text it is, and other text in its place."""
    kept = {
        name: value
        for name, value in event.items()
        if not isinstance(value, (dict, list)) and _is_plain(table.shape, name)
    }
    return {**kept, str(path[0]): _along(event[str(path[0])], path[1:], text, table.keep)}


def _is_plain(shape: Shape, name: str) -> bool:
    return shape.fields.get(name, shape.other).kind is Kind.WHOLE


def _along(value: Json, path: Path, text: str, keep: tuple[str, ...]) -> Json:
    if not path:
        return text
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int):
        return [_along(value[step], rest, text, keep)]
    if isinstance(value, dict) and isinstance(step, str):
        kept = {name: value[name] for name in keep if name in value}
        return {**kept, step: _along(value[step], rest, text, keep)}
    return text


def _begins(key: Key, ends: tuple[Key, ...]) -> bool:
    return any(key[: len(end)] == end for end in ends)


def _append(text: _Text, rest: str) -> None:
    box: Any = text.box  # a member of an object or an item of a list: written alike
    box[text.at] = f"{box[text.at]}{rest}"


def boxed(value: Json) -> dict[str, Json]:
    """Make a place for a value that is not an object, so that all are masked alike."""
    return value if isinstance(value, dict) else {"": value}


def unboxed(box: dict[str, Json], value: Json) -> Json:
    return box if isinstance(value, dict) else box[""]
