"""What goes on of a stream of OpenAI Chat Completions, after calls were replaced or changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from app.wire import strict_json
from app.wire.answer import sse
from app.wire.calls.base import Replaced
from app.wire.calls.events import StreamEvent
from app.wire.calls.streams.chat_chunks import (
    CALLS,
    ChatCall,
    choices_of,
    delta_of,
    index_of,
    is_empty,
    without_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Changed
    from app.wire.calls.streams.chat_chunks import Object

_CALLED = frozenset({"tool_calls", "function_call"})
_PARAGRAPH = "\n\n"


@dataclass(frozen=True, slots=True)
class ChatChunk(StreamEvent):
    """An event with the calls that have pieces in it, in order."""

    calls: tuple[ChatCall, ...] = ()


class Part(NamedTuple):
    """A chunk with other data; `ours` says that its words are not the model's."""

    chunk: ChatChunk
    value: Object
    ours: bool = False


@dataclass(slots=True)
class Choice:
    """What has come of a choice, and what has gone on."""

    calls: list[ChatCall] = field(default_factory=list)
    said: bool = False
    parted: bool = False
    """Whether the words that come next begin a paragraph, after a text of ours."""
    named: bool = False
    """Whether we have said before the model whose words these are."""
    ended: bool = False

    @property
    def has_called(self) -> bool:
        return any(call.written and not call.removed for call in self.calls)

    @property
    def has_lost(self) -> bool:
        return any(call.removed for call in self.calls)

    @property
    def has_part(self) -> bool:
        """Whether a call has gone on of which the rest is still to come."""
        begun = [call for call in self.calls if call.written and not call.removed]
        return not self.ended and not all(call.whole for call in begun)

    def index(self, call: ChatCall) -> int | None:
        """Return the index under which a call goes on: without gaps after some were removed."""
        if call.is_legacy or not any(other.stretch for other in self.calls):
            return call.index
        numbered = [other for other in self.calls if not other.is_legacy]
        indexes = [other.index for other in numbered if other.index is not None]
        if call.index is None or len(set(indexes)) < len(numbered):
            return sum(not other.removed for other in numbered[: numbered.index(call)])
        lost = [other.index for other in numbered if other.removed and other.index is not None]
        return call.index - sum(index < call.index for index in lost)


class Output:
    def __init__(self) -> None:
        self.choices: dict[int, Choice] = {}
        self.envelope: Object = {}
        """The members that all chunks of an answer have."""
        self.said = False
        """Whether anything was said, in whichever choice, in chunks that went on unread."""
        self.begun = False
        self.done = False

    def choice(self, index: int) -> Choice:
        return self.choices.setdefault(index, Choice())

    def event(self, event: StreamEvent) -> bytes:
        if isinstance(event, ChatChunk):
            return self.part(Part(event, event.value))
        self.done = self.done or (event.sse.data or "").strip() == "[DONE]"
        return event.sse.raw

    def part(self, part: Part) -> bytes:
        """Return a chunk as it fits to what went on before; nothing where nothing is left of it."""
        value, calls = part.value, iter(part.chunk.calls)
        if not isinstance(value.get("choices"), list) or not value["choices"]:
            return part.chunk.written(value)
        self.begun = True
        choices: list[Json] = [
            self._choice(choice, calls, ours=part.ours) for choice in choices_of(value)
        ]
        new: Object = {**value, "choices": choices}
        return b"" if new != value and is_empty(new) else part.chunk.written(new)

    def _choice(self, choice: Object, calls: Iterator[ChatCall], *, ours: bool) -> Object:
        state = self.choice(index_of(choice))
        new = dict(choice)
        if delta := delta_of(choice):
            new["delta"] = self._delta(state, delta, calls, ours=ours)
        if reason := choice.get("finish_reason"):
            state.ended = True
            if str(reason) in _CALLED and state.has_lost and not state.has_called:
                new["finish_reason"] = "stop"
        return new

    def _delta(
        self, state: Choice, delta: Object, calls: Iterator[ChatCall], *, ours: bool
    ) -> Object:
        new = dict(delta)
        for name in CALLS:
            pieces = delta.get(name)
            if not pieces:
                continue
            listed = pieces if isinstance(pieces, list) else [pieces]
            left = [left for piece in listed if (left := _left(state, piece, next(calls)))]
            if not left:
                del new[name]
            elif isinstance(pieces, list):
                new[name] = [*left]
        if state.named:
            new.pop("role", None)
        content = delta.get("content")
        if isinstance(content, str) and content:
            if state.parted or (ours and (state.said or self.said)):
                new["content"] = _PARAGRAPH + content
            state.said, state.parted = True, ours
        return new

    def say(self, index: int, text: str) -> bytes:
        """Return a text of ours in a choice; nothing where it has ended."""
        state = self.choice(index)
        if state.ended or self.done:
            return b""
        delta: Object = {"content": text}
        if not self.begun:
            self.begun = state.named = True
            delta = {"role": "assistant", **delta}
        if state.said or self.said:
            delta["content"] = _PARAGRAPH + text
        state.said = state.parted = True
        return self._ours(index, delta, None)

    def end(self, index: int) -> bytes:
        """Return the end of a choice that fits what went on of it."""
        state = self.choice(index)
        if state.ended:
            return b""
        state.ended = True
        return self._ours(index, {}, "tool_calls" if state.has_called else "stop")

    def _ours(self, index: int, delta: Object, reason: str | None) -> bytes:
        choice: Json = {"index": index, "delta": delta, "finish_reason": reason}
        empty: Object = {
            "id": "chatcmpl-stopped",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "",
        }
        return sse.encode(strict_json.dump({**empty, **self.envelope, "choices": [choice]}))


def broken_off(text: str) -> bytes:
    """Return an error that ends a stream of chunks."""
    error: Json = {"message": text, "type": "api_error", "code": "stopped", "param": None}
    return sse.encode(strict_json.dump({"error": error}))


def _left(state: Choice, piece: Json, call: ChatCall) -> Object:
    """Return what is left of a piece of a call: nothing where the call was removed."""
    if call.removed or not isinstance(piece, dict):
        return {}
    call.written = True
    index = state.index(call)
    return piece if index == piece.get("index") else {**piece, "index": index}


def ruled(chunks: Sequence[ChatChunk], ruling: Replaced | Changed) -> Iterator[Part]:
    """Yield what takes the place of a call's chunks, each of which is cut to this call."""
    first, *others = chunks
    [call] = first.calls
    without = _without_calls(first)
    if isinstance(ruling, Replaced):
        call.removed = True
        yield Part(first, _with(without, {"content": ruling.text}), ours=True)
    else:
        member, value = call.rewritten(ruling.arguments)
        new: Object = {member: value}
        if ruling.text:
            yield Part(first, _open(_with(without, {"content": ruling.text})), ours=True)
            yield Part(first, _only(first.value, new))
        else:
            yield Part(first, _with(without, new))
    for chunk in others:
        rest = _without_calls(chunk)
        if not is_empty(rest):
            yield Part(chunk, rest)


def _without_calls(chunk: ChatChunk) -> Object:
    [choice] = choices_of(chunk.value)
    delta = {name: value for name, value in delta_of(choice).items() if name not in CALLS}
    return _only(chunk.value, delta)


def _with(chunk: Object, members: Object) -> Object:
    [choice] = choices_of(chunk)
    return _only(chunk, {**delta_of(choice), **members})


def _only(chunk: Object, delta: Object) -> Object:
    [choice] = choices_of(chunk)
    return {**chunk, "choices": [{**without_tokens(choice), "delta": delta}]}


def _open(chunk: Object) -> Object:
    """Return a chunk after which its choice goes on."""
    [choice] = choices_of(chunk)
    if "usage" in chunk:
        chunk = {**chunk, "usage": None}
    if "finish_reason" in choice:
        choice = {**choice, "finish_reason": None}
    return {**chunk, "choices": [choice]}
