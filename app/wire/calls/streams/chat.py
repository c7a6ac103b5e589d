"""Tool calls in a stream of OpenAI Chat Completions.

Calls come in pieces, told apart by the index in their choice, and pieces of several may be mixed.
All pieces of a kept call go on together, where its first one stood. Nothing ends a call but the end
of its choice; where another one begins, it is whole if its arguments cannot go on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.wire.answer import sse
from app.wire.calls.base import Changed, Replaced
from app.wire.calls.stream import StreamReader, unreadable
from app.wire.calls.streams import chat_chunks
from app.wire.calls.streams.chat_chunks import CALLS, ChatCall
from app.wire.calls.streams.chat_output import ChatChunk, Output, broken_off, ruled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.wire.calls.events import StreamEvent, Stretch
    from app.wire.calls.streams.chat_chunks import Entry, Object
    from app.wire.calls.streams.chat_output import Choice

_DONE = "[DONE]"
_MARKERS = tuple(name.encode() for name in CALLS)
_SAID = re.compile(rb'"content"\s*:\s*"[^"]')
_OTHER_CHOICE = re.compile(rb'"index"\s*:\s*[1-9]')
_ENVELOPE = ("id", "object", "created", "model", "provider", "system_fingerprint")


class ChatStream(StreamReader):
    markers = (*_MARKERS, b'"finish_reason":"', b'"finish_reason": "', _DONE.encode())

    def __init__(self, wanted: Callable[[str], bool], *, limit: int, alive: bytes) -> None:
        super().__init__(wanted, limit=limit, alive=alive)
        self._out = Output()
        self._open: list[ChatCall] = []  # kept back, without a number yet, in order
        self._rewrites = False

    @property
    def rewrites(self) -> bool:
        return self._rewrites

    def passes(self, data: bytes) -> bool:
        out = self._out
        if not out.begun or _OTHER_CHOICE.search(data) or not super().passes(data):
            return False
        out.said = out.said or _SAID.search(data) is not None
        return True

    # What comes.

    def read(self, event: StreamEvent) -> None:
        if (event.sse.data or "").strip() == _DONE:
            self._end(self._out.choices.values())
            self.put(event)
            return
        self.check(event, _MARKERS)
        chunk = event.value
        choices = chat_chunks.choices_of(chunk)
        if choices:
            self._out.envelope = {name: chunk[name] for name in _ENVELOPE if name in chunk}
        parts = chat_chunks.cut(chunk) if choices else []
        calls = [self._call(part, entry) for part, entry in parts if entry is not None]
        if any(call.is_kept is not False for call in calls):
            self._put_parts(event, parts, calls)
        else:
            self.put(ChatChunk(event.sse, chunk, calls=tuple(calls)))
        self._read_ends(chunk)
        self._number()

    def _call(self, part: Object, entry: Entry) -> ChatCall:
        """Return the call that a piece belongs to."""
        [choice] = chat_chunks.choices_of(part)
        index = chat_chunks.index_of(choice)
        state = self._out.choice(index)
        call = chat_chunks.known(state.calls, entry)
        if call is None:
            call = ChatCall(index, entry.index, entry.call_id)
            for other in state.calls:
                other.whole = other.whole or (other.is_kept is True and other.is_complete)
            state.calls.append(call)
        call.call_id = call.call_id or entry.call_id
        if call.is_kept and call.whole and (entry.name or entry.arguments):
            raise unreadable("more of a tool call that was whole")
        if entry.name or call.is_kept is not False or call.index is None:
            call.entries.append(entry)
        if entry.name and not call.is_kept:
            wanted = any(map(self.wanted, call.names))
            if wanted and call.is_kept is False:
                raise unreadable("a tool call whose name goes on in a later piece")
            call.is_kept = wanted
        return call

    def _put_parts(
        self, event: StreamEvent, parts: list[tuple[Object, Entry | None]], calls: list[ChatCall]
    ) -> None:
        left = iter(calls)
        for part, entry in parts:
            call = next(left) if entry is not None else None
            chunk = ChatChunk(event.cut(part), part, calls=(call,) if call is not None else ())
            if call is None or call.is_kept is False or call.written or call.removed:
                self.put(chunk)
            elif call.stretch is not None:
                self.add(call.stretch, chunk)
            else:
                self._rewrites = True
                call.stretch = self.keep(chunk)
                self._open.append(call)

    def _read_ends(self, chunk: Object) -> None:
        broken = chunk.get("error") is not None
        for choice in chat_chunks.choices_of(chunk):
            if reason := choice.get("finish_reason"):
                state = self._out.choice(chat_chunks.index_of(choice))
                if reason == "error" or broken:
                    self._leave_out([state])
                else:
                    self._end([state])
        if broken:
            self._leave_out(self._out.choices.values())

    def _end(self, choices: Iterable[Choice]) -> None:
        for choice in choices:
            for call in choice.calls:
                call.whole = True
        self._number()

    def _leave_out(self, choices: Iterable[Choice]) -> None:
        """Drop the calls that will not become whole any more."""
        for call in [call for choice in choices for call in choice.calls if not call.whole]:
            if call in self._open and call.stretch is not None:
                call.removed = True
                self._open.remove(call)
                self.drop(call.stretch)
        self._number()

    def _number(self) -> None:
        """Number the calls that are whole, in the order in which they begin."""
        while self._open and (call := self._open[0]) and (stretch := call.stretch):
            if call.is_kept is not False:
                if not call.whole:
                    return
                self.found(stretch, call.tool_call(), text=call.has_text)
            stretch.whole = True
            self._open.pop(0)

    def cut_off(self) -> None:
        self._leave_out(self._out.choices.values())
        super().cut_off()

    # What goes on.

    def write(self, stretch: Stretch) -> bytes:
        ruling = self.rulings[stretch.calls[0]] if stretch.calls else None
        if isinstance(ruling, Replaced | Changed):
            chunks = [event for event in stretch.events if isinstance(event, ChatChunk)]
            return b"".join(map(self._out.part, ruled(chunks, ruling)))
        return b"".join(map(self._out.event, stretch.events))

    def said(self, text: str) -> bytes:
        self._rewrites = True
        return self._out.say(self._place(), text)

    def stopped(self, text: str) -> bytes:
        out = self._out
        if out.done:
            return b""
        place = self._place()
        waiting = [chunk for stretch in self.line for chunk in stretch.events]
        begun = [chunk for chunk in waiting if isinstance(chunk, ChatChunk) and _goes_on(chunk)]
        usage = [chunk.sse.raw for chunk in waiting if _is_usage(chunk.value)]
        rest = b"".join(map(out.event, begun))
        if any(choice.has_part for choice in out.choices.values()):
            # A client might run a call that is cut off, if its choice were ended.
            return rest + broken_off(text) + sse.encode(_DONE)
        said = out.say(place, text)
        ends = [out.end(index) for index in sorted({place, *out.choices})]
        return b"".join([rest, said, *ends, *usage[-1:], sse.encode(_DONE)])

    def _place(self) -> int:
        """Return the choice in which something is kept back."""
        chunks = [event for stretch in self.line for event in stretch.events]
        calls = [call for chunk in chunks if isinstance(chunk, ChatChunk) for call in chunk.calls]
        return calls[0].choice if calls else min(self._out.choices, default=0)


def _goes_on(chunk: ChatChunk) -> bool:
    """Whether a chunk only goes on with calls of which a client has the beginning."""
    return bool(chunk.calls) and all(call.written and call.is_kept is False for call in chunk.calls)


def _is_usage(chunk: Object) -> bool:
    return chunk.get("choices") == [] and chunk.get("usage") is not None
