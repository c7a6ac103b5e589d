"""Tool calls in a stream of Gemini: parts of its chunks, which are whole or come in pieces."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.answer import sse
from app.wire.calls import gemini_parts
from app.wire.calls.base import Changed, Replaced
from app.wire.calls.events import StreamEvent, Stretch
from app.wire.calls.rulings import parsed_arguments
from app.wire.calls.stream import StreamReader, unreadable
from app.wire.calls.streams import gemini_chunks
from app.wire.calls.streams.gemini_chunks import (
    GeminiCall,
    Object,
    candidates_of,
    index_of,
    parts_of,
    with_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.wire.base import Json

_SAID = re.compile(rb'"text"\s*:\s*"[^"]')
_THOUGHT = b'"thought"'
_PARAGRAPH = "\n\n"
_ENVELOPE = ("modelVersion", "responseId", "createTime")


@dataclass(frozen=True, slots=True)
class GeminiChunk(StreamEvent):
    """An event, and the kept call to which its only part belongs."""

    call: GeminiCall | None = None


@dataclass(slots=True)
class _Candidate:
    """What has gone on of a candidate."""

    said: bool = False
    parted: bool = False
    """Whether the words that come next begin a paragraph, after a text of ours."""
    ended: bool = False
    owed: Object = field(default_factory=dict)
    """The signature of a call that was replaced, for the next one."""


class GeminiStream(StreamReader):
    markers = (*gemini_parts.MARKERS, b"finishReason")

    def __init__(self, wanted: Callable[[str], bool], *, limit: int, alive: bytes) -> None:
        super().__init__(wanted, limit=limit, alive=alive)
        self._running: dict[int, GeminiCall] = {}  # in pieces, for each candidate
        self._open: list[GeminiCall] = []  # kept back, without a number yet, in order
        self._candidates: dict[int, _Candidate] = {}
        self._said = False  # by any candidate, in chunks that went on unread
        self._envelope: Object = {}
        self._rewrites = False

    @property
    def rewrites(self) -> bool:
        return self._rewrites

    def passes(self, data: bytes) -> bool:
        if not self._envelope or not super().passes(data):
            return False
        if not self._said:
            said = [event for event in data.split(b"\n\n") if _SAID.search(event)]
            if any(_THOUGHT in event for event in said):
                return False  # which of it are words has to be read
            self._said = bool(said)
        return True

    # What comes.

    def read(self, event: StreamEvent) -> None:
        self.check(event, gemini_parts.MARKERS)
        chunk = event.value
        candidates = candidates_of(chunk)
        if candidates:
            self._envelope = {name: chunk[name] for name in _ENVELOPE if name in chunk}
            self._envelope = self._envelope or {"modelVersion": ""}
        calls: dict[int, GeminiCall] = {}
        for position, candidate in enumerate(candidates):
            for part in parts_of(candidate):
                if gemini_chunks.is_call(part):
                    call = self._call(index_of(candidate, position), part)
                    if call.is_kept:
                        calls[id(part)] = call
        for cut, of in gemini_chunks.cut(chunk, lambda part: calls.get(id(part))):
            self._put_chunk(GeminiChunk(event.cut(cut), cut, call=of))
        if not candidates:
            self.put(GeminiChunk(event.sse, chunk))
        if chunk.get("error") is not None:
            self._leave_out(set(self._running))
        ended = {
            index_of(candidate, position)
            for position, candidate in enumerate(candidates)
            if candidate.get("finishReason")
        }
        self._leave_out(ended)
        self._number()

    def _call(self, candidate: int, part: Object) -> GeminiCall:
        """Return the call to which a part belongs."""
        running = self._running.get(candidate)
        function = gemini_chunks.function_of(part)
        name = (function or {}).get("name")
        if running is not None and (function is None or (name and name != running.name)):
            raise unreadable("tool calls whose pieces are mixed")
        if running is None:
            running = self._begun(candidate, part, name)
        running.parts.append(part)
        running.whole = not gemini_chunks.goes_on(part)
        if running.whole:
            self._running.pop(candidate, None)
        else:
            self._running[candidate] = running
        return running

    def _begun(self, candidate: int, part: Object, name: Json) -> GeminiCall:
        if gemini_chunks.function_of(part) is None:
            known = gemini_parts.call_of(part)
            name = known.tool if known is not None else None
        if not isinstance(name, str) or not name:
            raise unreadable("a tool call without a name")
        return GeminiCall(candidate, name, is_kept=self.wanted(name))

    def _put_chunk(self, chunk: GeminiChunk) -> None:
        call = chunk.call
        if call is None:
            self.put(chunk)
        elif call.stretch is not None:
            self.add(call.stretch, chunk)
        else:
            self._rewrites = True
            call.stretch = self.keep(chunk)
            self._open.append(call)

    def _number(self) -> None:
        """Number the calls that are whole, in the order in which they begin."""
        while self._open and (call := self._open[0]).whole and (stretch := call.stretch):
            self.found(stretch, call.tool_call())
            stretch.whole = True
            self._open.pop(0)

    def _leave_out(self, candidates: set[int]) -> None:
        """Drop the calls that will not become whole any more."""
        for index in candidates:
            call = self._running.pop(index, None)
            if call is not None and call in self._open and call.stretch is not None:
                self._open.remove(call)
                self.drop(call.stretch)
        self._number()

    def cut_off(self) -> None:
        self._leave_out(set(self._running))
        super().cut_off()

    # What goes on.

    def write(self, stretch: Stretch) -> bytes:
        chunks = [event for event in stretch.events if isinstance(event, GeminiChunk)]
        ruling = self.rulings[stretch.calls[0]] if stretch.calls else None
        call = chunks[0].call if chunks else None
        if call is None or not isinstance(ruling, Replaced | Changed):
            return b"".join(map(self._written, chunks))
        first, *others = chunks
        parts: list[Object] = [{"text": ruling.text}] if ruling.text else []
        if isinstance(ruling, Replaced):
            state = self._candidate(call.candidate)
            state.owed = state.owed or gemini_parts.signature_of(call.merged())
        if isinstance(ruling, Changed):
            new = parsed_arguments(ruling.arguments)
            parts.append(gemini_parts.with_arguments(call.merged(), new))
        ends = [chunk for chunk in others if _says_more(chunk.value)]
        return b"".join(
            [
                self._written(first, _with(first.value, parts), ours=True),
                *(self._written(chunk, _with(chunk.value, [{"text": ""}])) for chunk in ends),
            ]
        )

    def _written(
        self, chunk: GeminiChunk, value: Object | None = None, *, ours: bool = False
    ) -> bytes:
        value = chunk.value if value is None else value
        candidates = candidates_of(value)
        if not candidates:
            return chunk.sse.raw
        fitted: list[Json] = []
        for position, candidate in enumerate(candidates):
            state = self._candidate(index_of(candidate, position))
            state.ended = state.ended or bool(candidate.get("finishReason"))
            parts = parts_of(candidate)
            new = [self._part(state, part, ours=ours) for part in parts]
            fitted.append(candidate if new == parts else with_parts(candidate, new))
        return chunk.written({**value, "candidates": fitted})

    def _part(self, state: _Candidate, part: Object, *, ours: bool) -> Object:
        if state.owed and gemini_chunks.function_of(part) is not None:
            part, state.owed = {**state.owed, **part}, {}
        text = part.get("text")
        if not isinstance(text, str) or not text or part.get("thought"):
            return part
        parted = state.parted or (ours and (state.said or self._said))
        state.said, state.parted = True, ours
        return {**part, "text": _PARAGRAPH + text} if parted else part

    def _candidate(self, index: int) -> _Candidate:
        return self._candidates.setdefault(index, _Candidate())

    def said(self, text: str) -> bytes:
        index = self._place()
        self._rewrites = True
        return b"" if self._candidate(index).ended else self._ours(index, [{"text": text}])

    def stopped(self, text: str) -> bytes:
        if any(not call.is_kept for call in self._running.values()):
            # A client might run a call that is cut off, if its candidate were ended.
            error: Json = {"code": 503, "message": text, "status": "UNAVAILABLE"}
            return sse.encode(strict_json.dump({"error": error}))
        place = self._place()
        waiting = [event.value for stretch in self.line for event in stretch.events]
        usage = [value["usageMetadata"] for value in waiting if value.get("usageMetadata")]
        end: Object = {"usageMetadata": usage[-1]} if usage else {}
        return b"".join(
            self._ours(index, [{"text": text if index == place else ""}], "STOP", end)
            for index in sorted({place, *self._candidates})
            if not self._candidate(index).ended
        )

    def _ours(
        self, index: int, parts: Sequence[Object], reason: str = "", end: Object | None = None
    ) -> bytes:
        state = self._candidate(index)
        state.ended = bool(reason)
        said: list[Json] = [self._part(state, part, ours=True) for part in parts]
        candidate: Object = {"content": {"parts": said, "role": "model"}}
        if reason:
            candidate["finishReason"] = reason
        chunk: Object = {"candidates": [{**candidate, "index": index}], **(end or {})}
        return sse.encode(strict_json.dump({**chunk, **self._envelope}))

    def _place(self) -> int:
        """Return the candidate of which something is kept back."""
        chunks = [event for stretch in self.line for event in stretch.events]
        calls = [chunk.call for chunk in chunks if isinstance(chunk, GeminiChunk) and chunk.call]
        return calls[0].candidate if calls else min(self._candidates, default=0)


def _with(chunk: Object, parts: Sequence[Object]) -> Object:
    [candidate] = candidates_of(chunk)
    return {**chunk, "candidates": [with_parts(candidate, parts)]}


def _says_more(chunk: Object) -> bool:
    """Whether a chunk says more than its parts do."""
    [candidate] = candidates_of(chunk)
    return bool(candidate.get("finishReason") or chunk.get("usageMetadata"))
