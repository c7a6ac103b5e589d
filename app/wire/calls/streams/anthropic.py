"""Tool calls in a stream of Anthropic Messages.

A call is one block: its start, pieces of JSON, its end. Blocks have indexes; a text that is
inserted moves the indexes of all that follow by one. What the API never sends (blocks that
interleave, a call whose start and pieces both have arguments) is answered by
`UpstreamUnavailable`, since clients differ in what they would run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.answer import sse
from app.wire.calls.base import Changed, Replaced
from app.wire.calls.stream import StreamReader, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import Json
    from app.wire.calls.events import StreamEvent, Stretch

_START, _DELTA, _STOP = "content_block_start", "content_block_delta", "content_block_stop"
_BLOCKS = frozenset({_START, _DELTA, _STOP})
_RUN_BY_CLIENT = "tool_use"
_USUAL_PIECE = re.compile(
    rb'event: content_block_delta\ndata: \{"type":"content_block_delta","index":(\d{1,9}),'
    rb'"delta":\{"type":"input_json_delta","partial_json":'
    rb'"([ !#-\[\]-~]*(?:\\["\\/bfnrt][ !#-\[\]-~]*)*)"\} *\}\n\n'
)
"""A piece of a call whose text needs no more to be read. What is spelt otherwise is parsed."""
EMPTY: dict[str, Json] = {
    "id": "msg_stopped",
    "type": "message",
    "role": "assistant",
    "model": "",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 0, "output_tokens": 0},
}


def is_call(block: Json) -> bool:
    """Whether a block asks for a tool; some are run by the provider."""
    return isinstance(block, dict) and str(block.get("type")).endswith("tool_use")


def run_by_client(block: dict[str, Json]) -> bool:
    return block.get("type") == _RUN_BY_CLIENT


def name_of(block: dict[str, Json]) -> str:
    name = block.get("name")
    return name if isinstance(name, str) else ""


class AnthropicStream(StreamReader):
    markers = (b"content_block_st", b"input_json_delta", b"message_")

    def __init__(self, wanted: Callable[[str], bool], *, limit: int, alive: bytes) -> None:
        super().__init__(wanted, limit=limit, alive=alive)
        self._call: Stretch | None = None  # that is coming in
        self._index = 0  # its
        self._spelt_index = b"0"
        self._pieces: list[str] = []  # of its arguments
        self._others: set[int] = set()  # indexes of calls that nothing looks at, and are coming in
        self._usage: dict[str, Json] = {}
        self._out = _Written()

    @property
    def rewrites(self) -> bool:
        return self._out.shift > 0

    def read(self, event: StreamEvent) -> None:
        kind, name = event.kind, event.sse.event
        if name not in {"", kind}:
            raise unreadable("an event with two names")
        if self._call is not None and (piece := _piece(event)) is not None:
            return self._read_piece(self._call, event, piece)
        self.check(event)
        if kind in {"message_start", "message_delta"}:
            self._read_message(event)
        if self._call is not None:
            self._read_within(self._call, event)
        elif kind == _START and is_call(block := _block(event)):
            self._begin(event, wanted=self.wanted(name_of(block)))
        else:
            self._read_other(event)
            self.put(event)
        return None

    def _read_piece(self, call: Stretch, event: StreamEvent, piece: str) -> None:
        if _index(event) != self._index:
            raise unreadable("blocks that interleave with a tool call")
        self._pieces.append(piece)
        self.add(call, event)

    def take_unread(self, data: bytes) -> int:
        """Take pieces of the call that are spelt as the API spells them."""
        call, at, end = self._call, 0, len(data)
        if call is None:
            return at
        while at < end and (found := _USUAL_PIECE.match(data, at)) is not None:
            index, piece = found.groups()
            if index != self._spelt_index:
                break
            is_plain = piece.find(b"\\") < 0
            self._pieces.append(piece.decode() if is_plain else orjson.loads(b'"%s"' % piece))
            at = found.end()
        if at:
            self.add_unread(call, data[:at])
        return at

    def _begin(self, event: StreamEvent, *, wanted: bool) -> None:
        index = _index(event)
        if wanted:
            self._call = self.keep(event)
            self._index, self._pieces, self._spelt_index = index, [], b"%d" % index
        else:
            self._others.add(index)
            self.put(event)

    def _read_other(self, event: StreamEvent) -> None:
        """Read an event that belongs to no kept call."""
        if event.kind == _STOP:
            self._others.discard(_index(event))
        elif event.kind == _DELTA and _is_piece(event) and _index(event) not in self._others:
            raise unreadable("a part of a tool call that has not begun")

    def _read_message(self, event: StreamEvent) -> None:
        message = event.value.get("message")
        holder = message if isinstance(message, dict) else event.value
        if isinstance(usage := holder.get("usage"), dict):
            self._usage = {**self._usage, **usage}
        content = holder.get("content")
        if isinstance(content, list) and any(map(is_call, content)):
            raise unreadable("a message that begins with a tool call")

    def _read_within(self, call: Stretch, event: StreamEvent) -> None:
        """Read an event that comes while a call is not whole yet."""
        kind = event.kind
        if kind == "error":
            # The call will not become whole, and what is not whole is never passed on.
            self.drop(call)
            self._call = None
            return self.put(event)
        if kind in _BLOCKS:
            if kind == _START or _index(event) != self._index:
                raise unreadable("blocks that interleave with a tool call")
            if kind == _DELTA:
                raise unreadable("a tool call in pieces of an unknown type")
        elif kind == "message_stop" or (kind == "message_delta" and _reason(event) is not None):
            raise unreadable("a tool call without an end")
        self.add(call, event)
        if kind == _STOP:
            self._end(call)
        return None

    def _end(self, call: Stretch) -> None:
        block = _block(call.events[0])
        given = block.get("input") or None
        pieces = "".join(self._pieces)
        if given and pieces:
            raise unreadable("a tool call that has its arguments twice")
        arguments = pieces or strict_json.dump(given or {}).decode()
        call_id = block.get("id")
        self.found(
            call,
            ToolCall(
                name_of(block),
                arguments,
                call_id if isinstance(call_id, str) else "",
                by_provider=not run_by_client(block),
            ),
        )
        call.whole = True
        self._call = None

    def write(self, stretch: Stretch) -> bytes:
        out = self._out
        ruling = self.rulings[stretch.calls[0]] if stretch.calls else None
        if isinstance(ruling, Replaced):
            out.replaced += 1
            return out.text(_index(stretch.events[0]) + out.shift, ruling.text)
        if isinstance(ruling, Changed):
            return self._changed(stretch.events, ruling)
        written = b"".join(map(out.event, self.events_of(stretch) if out.shift else stretch.events))
        return b"".join(stretch.raw) if stretch.unread and not out.shift else written

    def _changed(self, events: list[StreamEvent], ruling: Changed) -> bytes:
        out = self._out
        start, stop = events[0], events[-1]
        before = out.inserted(_index(start) + out.shift, ruling.text) if ruling.text else b""
        block: Json = {**_block(start), "input": {}}
        delta: Json = {"type": "input_json_delta", "partial_json": ruling.arguments}
        piece: dict[str, Json] = {"type": _DELTA, "index": _index(start) + out.shift}
        return b"".join(
            [
                before,
                out.event(start, {**start.value, "content_block": block}),
                _spelt({**piece, "delta": delta}),
                out.event(stop),
            ]
        )

    def said(self, text: str) -> bytes:
        out = self._out
        return b"" if out.open or not out.begun or out.ended else out.inserted(out.next, text)

    def alive(self) -> bytes:
        """Clients raise for an event before the message begins, and overlook comments anywhere."""
        out = self._out
        fits = out.begun and not out.ended
        return super().alive() if fits or self.sign_of_life.startswith(b":") else b""

    def stopped(self, text: str) -> bytes:
        out = self._out
        if out.ended:
            return b""
        if out.open_call:
            # A client might run a call that is cut off, if it were closed.
            error: dict[str, Json] = {"type": "api_error", "message": text}
            return _spelt({"type": "error", "error": error})
        opening = b"" if out.begun else _spelt({"type": "message_start", "message": EMPTY})
        closed = [_spelt({"type": _STOP, "index": index}) for index in sorted(out.open)]
        reason = "tool_use" if out.calls else "end_turn"
        usage: Json = {"output_tokens": 0, **self._usage}
        delta: Json = {"stop_reason": reason, "stop_sequence": None}
        return b"".join(
            [
                opening,
                *closed,
                out.text(out.next, text),
                _spelt({"type": "message_delta", "delta": delta, "usage": usage}),
                _spelt({"type": "message_stop"}),
            ]
        )


class _Written:
    """What of the message has gone out."""

    def __init__(self) -> None:
        self.begun = False
        self.ended = False
        self.shift = 0  # by how much indexes are higher than they came
        self.next = 0  # index of a next block
        self.open: dict[int, bool] = {}  # indexes of blocks without their end: is it a call?
        self.calls = 0  # that the client runs
        self.replaced = 0

    @property
    def open_call(self) -> bool:
        return any(self.open.values())

    def event(self, event: StreamEvent, value: dict[str, Json] | None = None) -> bytes:
        """Return an event that goes on, with the index and the end of turn that fit."""
        kind = event.kind
        value = event.value if value is None else value
        if kind == "message_start":
            self.begun = True
        elif kind in {"message_stop", "error"}:
            self.ended = True
        elif kind in _BLOCKS and isinstance(index := value.get("index"), int):
            self._note(kind, index + self.shift, _block(event))
            if not self.shift and value is event.value:
                return event.sse.raw
            return event.written({**value, "index": index + self.shift})
        elif kind == "message_delta" and self.replaced and not self.calls:
            delta = event.value.get("delta")
            if isinstance(delta, dict) and delta.get("stop_reason") == "tool_use":
                return event.written({**event.value, "delta": {**delta, "stop_reason": "end_turn"}})
        return event.sse.raw

    def _note(self, kind: str, index: int, block: dict[str, Json]) -> None:
        if kind == _START:
            self.open[index] = is_call(block)
            self.next = max(self.next, index + 1)
            self.calls += run_by_client(block)
        elif kind == _STOP:
            self.open.pop(index, None)

    def text(self, index: int, text: str) -> bytes:
        """Return a finished block of text in place of another."""
        self.next = max(self.next, index + 1)
        block: Json = {"type": "text", "text": ""}
        delta: Json = {"type": "text_delta", "text": text}
        return b"".join(
            [
                _spelt({"type": _START, "index": index, "content_block": block}),
                _spelt({"type": _DELTA, "index": index, "delta": delta}),
                _spelt({"type": _STOP, "index": index}),
            ]
        )

    def inserted(self, index: int, text: str) -> bytes:
        """Return a finished block of text before all that follow."""
        self.shift += 1
        return self.text(index, text)


def _spelt(event: dict[str, Json]) -> bytes:
    return sse.encode(strict_json.dump(event), event=str(event["type"]))


def _block(event: StreamEvent) -> dict[str, Json]:
    block = event.value.get("content_block")
    return block if isinstance(block, dict) else {}


def _index(event: StreamEvent) -> int:
    index = event.value.get("index")
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    raise unreadable("a block without a number")


def _piece(event: StreamEvent) -> str | None:
    """Return the piece of JSON that an event adds to a call."""
    if event.value.get("type") != _DELTA or not _is_piece(event):
        return None
    delta = event.value["delta"]
    piece = delta.get("partial_json") if isinstance(delta, dict) else None
    return piece if isinstance(piece, str) else None


def _is_piece(event: StreamEvent) -> bool:
    delta = event.value.get("delta")
    return isinstance(delta, dict) and delta.get("type") == "input_json_delta"


def _reason(event: StreamEvent) -> Json:
    delta = event.value.get("delta")
    return delta.get("stop_reason") if isinstance(delta, dict) else None
