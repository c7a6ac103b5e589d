"""Chooses the reader of calls by wire format, and by what the answer is, whatever it is called."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import UpstreamUnavailable
from app.wire import media
from app.wire.answer import content_sniffing
from app.wire.answer.charsets import check_charset, is_wide
from app.wire.calls.document import DocumentForm, DocumentReader
from app.wire.calls.documents.anthropic import ANTHROPIC
from app.wire.calls.documents.chat import CHAT
from app.wire.calls.documents.gemini import GEMINI
from app.wire.calls.documents.responses import RESPONSES
from app.wire.calls.stream import StreamReader
from app.wire.calls.streams import cursor
from app.wire.calls.streams.anthropic import AnthropicStream
from app.wire.calls.streams.chat import ChatStream
from app.wire.calls.streams.gemini import GeminiStream
from app.wire.calls.streams.responses import ResponsesStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.domain.tool_call import ToolCall
    from app.wire.base import WireFormat
    from app.wire.calls.base import CallReader, Ruling


@dataclass(frozen=True, slots=True)
class _Forms:
    document: DocumentForm
    stream: type[StreamReader] | None = None


_FORMS: Mapping[str, _Forms] = {
    "anthropic": _Forms(ANTHROPIC, AnthropicStream),
    "cursor": _Forms(cursor.DOCUMENT, cursor.CursorStream),
    "gemini": _Forms(GEMINI, GeminiStream),
    "openai_chat": _Forms(CHAT, ChatStream),
    "openai_responses": _Forms(RESPONSES, ResponsesStream),
}


def reader_for(
    wire: WireFormat,
    content_type: str,
    wanted: Callable[[str], bool],
    *,
    limit: int,
    alive: bytes,
) -> CallReader | None:
    """Return a reader for the answer, or None where the wire has no calls.

    `wanted` says of a tool's name whether a rule looks at it; `limit` is of the bytes that are
    kept back; `alive` is what the client counts as a sign of life. Raises `UpstreamUnavailable`, as
    the reader does, for an answer in which a client might find calls and we would not.
    """
    forms = _FORMS.get(wire.name)
    if forms is None:
        return None
    for label in media.labels(content_type):
        if label.charset:
            check_charset(label.charset)
        if label.media in _FRAMED or is_wide(label.charset):
            raise _unreadable()

    def stream() -> CallReader:
        if forms.stream is None:
            raise _unreadable()
        return forms.stream(wanted, limit=limit, alive=alive)

    return SniffedReader(
        stream,
        lambda: DocumentReader(forms.document, wanted, limit=limit),
        likely_stream=media.media_type(content_type) == media.STREAM,
    )


_FRAMED = frozenset({"application/vnd.amazon.eventstream"})
"""Media types of events that a client unpacks, and we do not."""


class SniffedReader:
    """Waits for the bytes that show what an answer is.

    What does not begin as JSON is read as a stream: some clients do so under any label, and of
    what is neither nothing is kept back.
    """

    def __init__(
        self,
        stream: Callable[[], CallReader],
        document: Callable[[], CallReader],
        *,
        likely_stream: bool,
    ) -> None:
        self._stream = stream
        self._document = document
        self._likely_stream = likely_stream
        self._head = b""
        self._reader: CallReader | None = None

    def feed(self, data: bytes) -> None:
        if self._reader is not None:
            return self._reader.feed(data)
        self._head += data
        if (reader := self._chosen(whole=False)) is not None:
            self._begin(reader)
        return None

    def finish(self) -> None:
        if self._reader is None:
            self._begin(self._chosen(whole=True) or self._stream())
        self._known.finish()

    def _begin(self, reader: CallReader) -> None:
        head, self._head = self._head, b""
        self._reader = reader
        reader.feed(head)

    def _chosen(self, *, whole: bool) -> CallReader | None:
        if not self._head or (len(self._head) < _FIRST and not whole):
            return None
        if 0 in self._head[:_TELLING]:
            raise _unreadable()
        # A mark of the encoding may be cut.
        text = _UTF_8("replace").decode(self._head, final=whole)
        json = content_sniffing.begins_json(text, whole=whole)
        if json is None:
            return None
        return self._document() if json else self._stream()

    @property
    def _known(self) -> CallReader:
        """The reader; where nothing is known yet, the one that the label suggests."""
        if self._reader is None:
            self._reader = self._stream() if self._likely_stream else self._document()
        return self._reader

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self._reader.calls if self._reader is not None else ()

    def rule(self, number: int, ruling: Ruling) -> None:
        self._known.rule(number, ruling)

    def flow(self) -> bytes:
        return self._reader.flow() if self._reader is not None else b""

    @property
    def keeps(self) -> bool:
        return self._reader is not None and self._reader.keeps

    @property
    def is_streamed(self) -> bool:
        return self._likely_stream if self._reader is None else self._reader.is_streamed

    def say(self, text: str) -> bytes:
        return self._reader.say(text) if self._reader is not None else b""

    def alive(self) -> bytes:
        return self._reader.alive() if self._reader is not None else b""

    def stop(self, text: str) -> bytes:
        self._head = b""
        return self._known.stop(text)


_UTF_8 = codecs.getincrementaldecoder("utf-8")
_FIRST = 4  # bytes that show whether letters have zeros between them
_TELLING = 64  # bytes in which other framings show a zero


def _unreadable() -> UpstreamUnavailable:
    return UpstreamUnavailable(
        "The model API's answer comes in a form in which tool calls cannot be checked; it is "
        "withheld."
    )
