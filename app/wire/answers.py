"""The ways an answer comes: a stream of events, lines of JSON, one document, text, or bytes."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.errors import TooLarge, Unsupported
from app.wire import media, sse, strict_json
from app.wire.events import EventMasker, Named, StreamTable
from app.wire.shape import Shape, shape
from app.wire.walk import TreeMasker

if TYPE_CHECKING:
    from app.wire.base import AnswerMasker, Json, Masking, TextMasker

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024
_DONE = "[DONE]"
_OPAQUE = ("image/", "audio/", "video/", "font/")
_OPAQUE_APPLICATIONS = frozenset(
    {"octet-stream", "zip", "gzip", "zstd", "x-tar", "x-7z-compressed", "pdf", "wasm"}
)
_LINES = frozenset({"application/x-ndjson", "application/jsonl", "application/x-jsonlines"})


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """How one API answers: streamed, and as one document.

    `resumable` streams carry event ids from which a client may go on; then no id is sent while
    a text is held back.
    """

    stream: StreamTable
    document: Shape = field(default_factory=lambda: shape({}))
    resumable: bool = False


def choose(content_type: str, table: AnswerTable, masking: Masking) -> AnswerMasker:
    """Pick by media type; an unknown one is read as text of single bytes, which changes none.

    Raises `Unsupported` for a text in a charset that cannot be read in pieces.
    """
    media_type = media.media_type(content_type)
    if media_type == "text/event-stream":
        return SseAnswer(table, masking)
    if media_type in _LINES:
        return LinesAnswer(table, masking)
    if media.is_json(media_type):
        return DocumentAnswer(table.document, masking)
    if media_type.startswith("text/"):
        return TextAnswer(media.charset(content_type) or "utf-8", masking)
    family, _, subtype = media_type.partition("/")
    if media_type.startswith(_OPAQUE) or (
        family == "application" and subtype in _OPAQUE_APPLICATIONS
    ):
        return BinaryAnswer(media_type)
    return TextAnswer("latin-1", masking)


class SseAnswer:
    """A stream of server-sent events; what goes out are always whole events."""

    def __init__(self, table: AnswerTable, masking: Masking) -> None:
        self._parser = sse.SseParser()
        self._events = EventMasker(table.stream, masking)
        self._texts: dict[str, TextMasker] = {}  # of events that are not JSON, by event name
        self._masking = masking
        self._resumable = table.resumable

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._events.blobs

    def feed(self, data: bytes) -> bytes:
        return b"".join([self._event(event) for event in self._parser.feed(data)])

    def finish(self) -> bytes:
        last = self._parser.finish()
        # A client would not see an event that was cut off, unless by chance it is whole.
        out = self._event(last) if last is not None and _is_whole(last) else b""
        return out + self._close()

    def _event(self, event: sse.SseEvent) -> bytes:
        if event.data is None:
            return self._without_data(event)
        if event.data == _DONE:
            return self._close() + self._unchanged(event)
        try:
            value = strict_json.parse_loosely(event.data)
        except ValueError:
            return self._text(event)
        return self._json(event, event.data, value)

    def _without_data(self, event: sse.SseEvent) -> bytes:
        if event.comment is not None:
            clean = event.exact and self._events.whole(event.comment) == event.comment
            return event.raw if clean else b":\n"
        return b"" if event.event or event.event_id or not event.exact else event.raw

    def _json(self, event: sse.SseEvent, data: str, value: Json) -> bytes:
        tree = _boxed(value)
        changed, tails = self._events.event(Named(event.event, tree))
        before = b"".join([_encode(tail) for tail in tails])
        self._events.forget_event()
        if not changed and strict_json.says_one_thing(data, value):
            return before + self._unchanged(event)
        return before + self._rewritten(event, _dump(tree, value))

    def _text(self, event: sse.SseEvent) -> bytes:
        text = event.data or ""
        masker = self._texts.setdefault(event.event, self._masking.stream())
        masked = masker.feed(text)
        if masked == text:
            return self._unchanged(event)
        return self._rewritten(event, masked.encode("utf-8", "replace"))

    def _unchanged(self, event: sse.SseEvent) -> bytes:
        fields = self._fields(event)
        if event.exact and fields == (event.event, event.event_id):
            return event.raw
        return self._rewritten(event, (event.data or "").encode("utf-8", "replace"))

    def _rewritten(self, event: sse.SseEvent, data: bytes) -> bytes:
        name, event_id = self._fields(event)
        return sse.encode(data, event=name, event_id=event_id, retry=event.retry)

    def _fields(self, event: sse.SseEvent) -> tuple[str, str | None]:
        """Return the event's name and id as they may be sent."""
        name = self._events.whole(event.event) if event.event else ""
        if event.event_id is None or (self._resumable and self._events.holds):
            return name, None
        return name, self._events.whole(event.event_id)

    def _close(self) -> bytes:
        tails = [_encode(tail) for tail in self._events.end()]
        texts = [(name, masker.finish()) for name, masker in self._texts.items()]
        self._texts.clear()
        tails.extend(sse.encode(rest, event=name) for name, rest in texts if rest)
        return b"".join(tails)


class LinesAnswer:
    """A stream of JSON documents, one in a line."""

    def __init__(self, table: AnswerTable, masking: Masking) -> None:
        self._events = EventMasker(table.stream, masking)
        self._partial = b""

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._events.blobs

    def feed(self, data: bytes) -> bytes:
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > sse.MAX_EVENT_BYTES:
            raise TooLarge(f"A line of the answer passes {sse.MAX_EVENT_BYTES} bytes.")
        return b"".join([self._line(line) for line in lines])

    def finish(self) -> bytes:
        last, self._partial = self._partial, b""
        out = self._line(last) if last else b""
        return out + b"".join([strict_json.dump(tail.value) + b"\n" for tail in self._events.end()])

    def _line(self, line: bytes) -> bytes:
        if not line.strip():
            return line + b"\n"
        try:
            value = strict_json.parse_loosely(line)
        except ValueError:
            text = line.decode("utf-8", "replace")
            return self._events.whole(text).encode("utf-8", "replace") + b"\n"
        tree = _boxed(value)
        changed, tails = self._events.event(Named("", tree))
        before = b"".join([strict_json.dump(tail.value) + b"\n" for tail in tails])
        self._events.forget_event()
        if not changed and strict_json.says_one_thing(line.strip(), value):
            return before + line + b"\n"
        return before + _dump(tree, value) + b"\n"


class DocumentAnswer:
    """One JSON document, kept until its end; beyond `cap` bytes `TooLarge` is raised."""

    def __init__(self, document: Shape, masking: Masking, cap: int = MAX_DOCUMENT_BYTES) -> None:
        self._shape = document
        self._masking = masking
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0
        self._blobs: tuple[str, ...] = ()

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._blobs

    def feed(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._size > self._cap:
            raise TooLarge(f"The answer passes the limit of {self._cap} bytes for one document.")
        self._parts.append(data)
        return b""

    def finish(self) -> bytes:
        body = b"".join(self._parts)
        self._parts.clear()
        try:
            value = strict_json.parse_loosely(body.removeprefix(codecs.BOM_UTF8))
        except ValueError:
            # Not JSON after all, or cut off: what is there is masked as text.
            return self._masking.whole(body.decode("utf-8", "replace")).encode("utf-8", "replace")
        tree = TreeMasker(self._masking)
        box = _boxed(value)
        tree.walk(box, self._shape)
        self._blobs = tuple(tree.blobs)
        if not tree.changed and strict_json.says_one_thing(body.strip(), value):
            return body
        return _dump(box, value)


class TextAnswer:
    """Text in any charset that Python can read in pieces."""

    uninspected: tuple[str, ...] = ()

    def __init__(self, charset: str, masking: Masking) -> None:
        try:
            "".encode(charset)  # refuses what Python can decode and is no charset, as base64
            self._decoder = codecs.getincrementaldecoder(charset)("replace")
            self._encoder = codecs.getincrementalencoder(charset)("replace")
        except (LookupError, ValueError):
            raise Unsupported(f"The answer's charset is not one we can read: {charset}.") from None
        self._masker = masking.stream()

    def feed(self, data: bytes) -> bytes:
        return self._encoder.encode(self._masker.feed(self._decoder.decode(data)))

    def finish(self) -> bytes:
        rest = self._masker.feed(self._decoder.decode(b"", final=True)) + self._masker.finish()
        return self._encoder.encode(rest, final=True)


class BinaryAnswer:
    """Bytes that no rule can read; they pass, and are counted as such."""

    def __init__(self, media_type: str) -> None:
        self.uninspected: tuple[str, ...] = (media_type,)

    def feed(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


def _boxed(value: Json) -> dict[str, Json]:
    """Make a place for a value that is not an object, so that all are masked alike."""
    return value if isinstance(value, dict) else {"": value}


def _dump(box: dict[str, Json], value: Json) -> bytes:
    return strict_json.dump(box if isinstance(value, dict) else box[""])


def _encode(tail: Named) -> bytes:
    return sse.encode(strict_json.dump(tail.value), event=tail.name)


def _is_whole(event: sse.SseEvent) -> bool:
    if event.data is None or event.data == _DONE:
        return event.data is not None
    try:
        strict_json.parse_loosely(event.data)
    except ValueError:
        return False
    return True
