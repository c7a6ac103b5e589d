"""Masks the events of one streamed answer: many texts, each coming in pieces, interleaved.

Theory of operation
-------------------
An event is JSON with pieces of texts in it. The API's `StreamTable` says where they are, and which
text each one continues: the *key* of a text is made of the members, indices and names on the way to
the piece. Each text has a masker of its own, so a secret is found although it comes in twenty
events, and although the events of another text come between them.

A masker holds back the end of a text while that might still become a match. What is held is a
*tail*. It normally goes out with the next piece of the same text. When an event ends the text
first, the tail goes out before it: in the event itself where that has a piece of the text, or else
in an event of its own, copied from the text's last one (`copy_with`).

For example, OpenAI's Chat Completions with two choices, of which only the first is about a key:

    comes                            goes out
    index 0, content "key AK"        index 0, content "key "         "AK" is held
    index 1, content "no"            index 1, content "no"           another text, another masker
    index 0, finish_reason "stop"    index 0, content "AK"           the tail, before the end
                                     index 0, finish_reason "stop"

Some APIs go on with a text after its end; `running_text` explains what is done then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from app.errors import TooLarge, UpstreamUnavailable
from app.wire.answer.running_text import End, GrowingText, RunningText
from app.wire.answer.tree_masker import Box, Path, TreeMasker
from app.wire.embedded_json import JsonTextMasker
from app.wire.json_paths import Shape, ValueKind, shape
from app.wire.thinking import MASKED

if TYPE_CHECKING:
    from app.wire.base import Json, Masking

Key: TypeAlias = "tuple[Json, ...]"
Event: TypeAlias = "dict[str, Json]"

_MOST_TEXTS = 4096
_MOST_OVER = 65_536
EVERYTHING: tuple[Key, ...] = ((),)


class Named(NamedTuple):
    """An event with the name that the stream's framing gives it, which may be empty.

    What is not an object stands `boxed`, as the one member of an object, so that all are masked
    alike; `json` is what is sent.
    """

    name: str
    value: Event
    boxed: bool = False

    @classmethod
    def of(cls, name: str, value: Json) -> Named:
        if isinstance(value, dict):
            return cls(name, value)
        return cls(name, {"": value}, boxed=True)

    @property
    def json(self) -> Json:
        return self.value[""] if self.boxed else self.value


def no_signatures(_event: Event) -> Iterable[tuple[Key, Event]]:
    return ()


@dataclass(frozen=True, slots=True)
class StreamTable:
    """How one API streams.

    A text is told from the others by the `identity` members of the event (`@event` is its
    name), the indices of the list items on the way, the `marks` of the object that holds the
    piece, and the channel, in this order. `ends` gives the beginnings of the keys that an event
    ends; `tail` makes the event that carries a held tail, out of the text's last event, its
    channel and the tail. By default that is a copy of the last event, with the text and the
    members named in `keep` and nothing else within.
    `signed` gives the keys of texts whose signature an event holds, each with the object it stands
    in. Only the first `levels` indices count. Where the event's `type` ends with `arguments`, a
    piece is one of JSON.
    """

    shape: Shape
    ends: Callable[[str, Event], Iterable[Key]]
    identity: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    keep: tuple[str, ...] = ("index", "type")
    levels: int = 9
    arguments: str = ""
    tail: Callable[[Named, str, str], Named | None] | None = None
    signed: Callable[[Event], Iterable[tuple[Key, Event]]] = no_signatures


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


@dataclass(slots=True)
class Running:
    """A text, with the place of its last piece."""

    text: RunningText
    channel: str
    event: Named
    path: Path = ()
    box: Box = field(default_factory=list)
    at: str | int = ""


class EventMasker:
    """Masks events one after another; see `StreamTable`."""

    def __init__(self, table: StreamTable, masking: Masking) -> None:
        self._table = table
        self._masking = masking
        self._tree = TreeMasker(masking, self._piece)
        self._texts: dict[Key, Running] = {}
        self._over: set[Key] = set()  # texts that are forgotten, and must not go on
        self._event = Named("", {})
        self._root: Key = ()
        self._touched: set[Key] = set()
        self._pieces = 0  # of the event
        self.sole: Running | None = None
        """The text of the last event's piece, where nothing hangs on the event but this piece."""

    @property
    def holds(self) -> bool:
        """Whether any text is held back, or in the middle of what is being masked."""
        return any(not running.text.settled for running in self._texts.values())

    @property
    def blobs(self) -> tuple[str, ...]:
        return tuple(self._tree.blobs)

    def whole(self, text: str) -> str:
        return self._tree.whole(text)

    def event(self, event: Named) -> tuple[bool, list[Named]]:
        """Mask one event in place; return whether it changed, and the tails to send before it."""
        self._event = event
        self._touched = set()
        self._pieces = 0
        self.sole = None
        self._tree.changed = False
        self._tree.repeats.clear()
        self._root = ()
        if self._table.identity:
            get = event.value.get
            self._root = hashable(
                [event.name if name == "@event" else get(name) for name in self._table.identity]
            )
        ends = tuple([hashable(end) for end in self._table.ends(event.name, event.value)])
        self._tree.walk(event.value, self._table.shape)
        tails = self.end(End.SAID, ends) if ends and self._texts else []
        signed = tuple(self._table.signed(event.value))
        if ends or signed or self._pieces > 1 or self._tree.repeats:
            self.sole = None
        if self._tree.repeats and not self._is_clean():
            self._tree.drop_repeats()
        if self._masking.masked:  # whatever it was: what came before is signed as well
            for _, holder in signed:
                holder["signature"] = MASKED
                self._tree.changed = True
        return self._tree.changed, tails

    def _is_clean(self) -> bool:
        """Whether all that the event says went out as it came, and nothing before it is held."""
        texts = [self._texts[key].text for key in self._touched]
        if self._tree.changed or not all(text.settled for text in texts):
            return False
        return bool(texts) or not (self._masking.masked or self.holds)

    def end(self, how: End, ends: tuple[Key, ...] = EVERYTHING) -> list[Named]:
        """End the texts whose keys begin so; return their tails."""
        tails = []
        for key in [key for end in ends for key in self._texts if key[: len(end)] == end]:
            running = self._texts[key]
            rest = running.text.end(how)
            if not rest:
                continue
            if key in self._touched:
                _append(running, rest)
                self._tree.changed = True
            else:
                tails.append(self._tail(running, running.text.tail(rest)))
        return tails

    def forget_event(self) -> None:
        """Say that the last event has gone out, so that no tail can join it any more."""
        self._touched = set()

    def _piece(self, piece: str, box: Box, shape: Shape, path: Path, indices: Path) -> str:
        table = self._table
        channel = shape.channel or ".".join([step for step in path if isinstance(step, str)])
        marks: Key = ()
        if table.marks and isinstance(box, dict):
            marks = hashable([box.get(mark) for mark in table.marks])
        key = (*self._root, *indices[: table.levels], *marks, channel)
        if shape.kind is ValueKind.GROWS:
            key = (*key, self._event.name, kind_of("", self._event.value))
        running = self._texts.get(key)
        if running is None:
            self._make_room(key)
            running = self._texts[key] = Running(self._text(shape.kind), channel, self._event)
        running.event, running.path, running.box, running.at = self._event, path, box, path[-1]
        self._touched.add(key)
        self._pieces += 1
        self.sole = None if shape.kind is ValueKind.GROWS else running
        out = self.go_on(running, piece)
        if out != piece:
            self._tree.changed = True
        return out

    def go_on(self, running: Running, piece: str) -> str:
        """Mask the next piece of a text, in an event that has nothing else to look at."""
        return running.text.feed(piece)

    def _make_room(self, key: Key) -> None:
        if key in self._over:
            raise UpstreamUnavailable("The model API went on with a text long after its end.")
        if len(self._texts) < _MOST_TEXTS:
            return
        for old, running in list(self._texts.items()):
            if running.text.settled and (running.text.ended or running.text.forgettable):
                del self._texts[old]
                if running.text.ended:
                    self._over.add(old)
        if len(self._texts) >= _MOST_TEXTS or len(self._over) > _MOST_OVER:
            raise TooLarge(f"The answer has more than {_MOST_TEXTS} texts at once.")

    def _text(self, kind: ValueKind) -> RunningText:
        suffix = self._table.arguments
        in_json = suffix and str(self._event.value.get("type")).endswith(suffix)
        if kind is ValueKind.ARGUMENTS or in_json:
            return RunningText(lambda: JsonTextMasker(self._masking.stream), restarts=False)
        return (GrowingText if kind is ValueKind.GROWS else RunningText)(self._masking.stream)

    def _tail(self, running: Running, rest: str) -> Named:
        last = running.event
        if self._table.tail is not None and (tail := self._table.tail(last, running.channel, rest)):
            return tail
        copy = copy_with(last.value, running.path, rest, self._table)
        return Named(last.name, copy, last.boxed)


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
        if not isinstance(value, (dict, list)) and _says_whose(table.shape, name, value)
    }
    return {**kept, str(path[0]): _along(event[str(path[0])], path[1:], text, table.keep)}


def _says_whose(shape: Shape, name: str, value: Json) -> bool:
    kind = shape.fields.get(name, shape.other).kind
    return kind is ValueKind.WHOLE or (kind is ValueKind.GROWS and not isinstance(value, str))


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


def _append(running: Running, rest: str) -> None:
    box: Any = running.box  # a member of an object or an item of a list: written alike
    box[running.at] = f"{box[running.at]}{rest}"
