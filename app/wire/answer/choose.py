"""The ways an answer comes: a stream of events, lines of JSON, one document, text, or bytes."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from app.errors import BadRequest, Unsupported, UpstreamUnavailable
from app.wire import media, nature
from app.wire.answer import content_sniffing
from app.wire.answer.arrays import ArrayAnswer
from app.wire.answer.charsets import actual_encoding, check_charset, is_wide
from app.wire.answer.documents import DocumentAnswer
from app.wire.answer.streams import LinesAnswer, SseAnswer
from app.wire.base import WHOLE_BYTES
from app.wire.stretches import BytesAnswer, StretchAnswer

if TYPE_CHECKING:
    from app.wire.answer.events import AnswerTable
    from app.wire.base import AnswerMasker, Masking

_OPAQUE = (
    *("image/", "audio/", "video/", "font/"),
    *("application/zip", "application/gzip", "application/zstd", "application/x-tar"),
    *("application/x-7z-compressed", "application/pdf", "application/wasm"),
)
_UNKNOWN = "application/octet-stream"
_STREAM = "text/event-stream"
_FIRST = 4  # bytes that show whether letters have zeros between them
_TELLING = 64  # bytes that tell text in a wide encoding from others


def choose(
    content_type: str, table: AnswerTable, masking: Masking, limit: int = WHOLE_BYTES
) -> AnswerMasker:
    """Pick by media type and by what the answer is, whatever it is called.

    What is of unknown type and no JSON is searched where it reads as text. Raises
    `UpstreamUnavailable` for a charset that cannot be read, and for two labels that differ, as
    what it returns does for whatever cannot be masked.
    """
    labels = media.labels(content_type)
    if len(labels) > 1:
        raise UpstreamUnavailable(
            "The model API calls its answer two different things, so it cannot be checked."
        )
    (label,) = labels
    if label.charset:
        check_charset(label.charset)
    return GuardedAnswer(SniffedAnswer(label, table, masking, limit))


class SniffedAnswer:
    """Waits for as many bytes as show what an answer is, which is mostly one."""

    def __init__(
        self, label: media.Label, table: AnswerTable, masking: Masking, limit: int
    ) -> None:
        self._label = label
        self._table = table
        self._masking = masking
        self._limit = limit
        self._head = b""
        self._answer: AnswerMasker | None = None

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._answer.uninspected if self._answer is not None else ()

    def feed(self, data: bytes) -> bytes:
        if self._answer is not None:
            return self._answer.feed(data)
        self._head += data
        self._answer = self._chosen(whole=False)
        return self._begin() if self._answer is not None else b""

    def finish(self) -> bytes:
        begun = b""
        if self._answer is None:
            self._answer = self._chosen(whole=True) or self._other("")
            begun = self._begin()
        return begun + self._answer.finish()

    def _begin(self) -> bytes:
        head, self._head = self._head, b""
        return self._answer.feed(head) if self._answer is not None else b""

    def _chosen(self, *, whole: bool) -> AnswerMasker | None:
        head = self._head
        label = self._label
        odd = is_wide(label.charset) or not head[:4].isascii() or 0 in head[:4]
        maybe_bytes = not label.media or label.media.startswith((*_OPAQUE, _UNKNOWN))
        if len(head) < (_TELLING if odd or maybe_bytes else _FIRST) and not whole:
            return None
        if maybe_bytes and not label.charset and not _begins_as_text(head):
            return self._other("")
        encoding = actual_encoding(self._label.charset, head)
        text = head.decode(encoding or "utf-8", "replace")
        if self._label.media == _STREAM:
            return self._stream(encoding, text, whole=whole)
        found = content_sniffing.look(text, whole=whole)
        if found is content_sniffing.Look.OTHER:
            return self._other(encoding)
        if found is content_sniffing.Look.EVENTS or (found and self._label.media in media.LINES):
            if is_wide(encoding):
                raise _unreadable(encoding)
            lines = self._label.media in media.LINES and found is content_sniffing.Look.JSON
            return (LinesAnswer if lines else SseAnswer)(self._table, self._masking, self._limit)
        return found and self._json(encoding, text)

    def _json(self, encoding: str, text: str) -> AnswerMasker:
        if self._table.listed and not is_wide(encoding) and text.lstrip(" \t\r\n")[:1] == "[":
            return ArrayAnswer(self._table, self._masking, self._limit)
        return self._document(encoding)

    def _stream(self, encoding: str, text: str, *, whole: bool) -> AnswerMasker | None:
        """Read a stream at once, unless it begins as no stream does."""
        json = content_sniffing.begins_json(text, whole=whole)
        if json is None:
            return None
        if is_wide(encoding) and not json:
            raise _unreadable(encoding)
        events = SseAnswer(self._table, self._masking, self._limit)
        return self._document(encoding, otherwise=events) if json else events

    def _document(self, encoding: str, otherwise: SseAnswer | None = None) -> AnswerMasker:
        # Clients read JSON as UTF-8, unless it is so wide that they cannot.
        if not is_wide(encoding):
            return DocumentAnswer(self._table, self._masking, self._limit, otherwise=otherwise)
        wide = DocumentAnswer(self._table, self._masking, self._limit, encoding, otherwise)
        return WideAnswer(wide, self._masking)

    def _other(self, encoding: str) -> AnswerMasker:
        label = self._label.media
        if media.is_json(label):
            return self._document(encoding)
        if label.startswith("text/") or label.endswith("+xml"):
            return self._text(encoding or "utf-8")
        if label.startswith(_OPAQUE):
            return BytesAnswer(self._masking.credential(), (label,))
        if is_wide(encoding) and content_sniffing.reads_as_text(self._head[:_TELLING], encoding):
            return self._text(encoding)
        return StretchAnswer(self._masking, label or _UNKNOWN)

    def _text(self, encoding: str) -> AnswerMasker:
        text = TextAnswer(encoding, self._masking)
        return WideAnswer(text, self._masking) if is_wide(encoding) else text


def _begins_as_text(head: bytes) -> bool:
    """Tell text, of which the last character may have been cut, from other bytes."""
    encoding = content_sniffing.encoding(head)
    if is_wide(encoding) and content_sniffing.reads_as_text(head[:_TELLING], encoding):
        return True
    return any(nature.readable(head[: len(head) - cut]) is not None for cut in range(4))


def _unreadable(encoding: str) -> Unsupported:
    return Unsupported(f"The answer is a stream in {encoding}, which we cannot read.")


class GuardedAnswer:
    """Says of a fault whose it is: the caller's request was fine, the answer cannot be passed on.

    After a fault nothing comes any more, since what the masker held then may be torn.
    """

    def __init__(self, answer: AnswerMasker) -> None:
        self._answer = answer
        self._torn = False

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._answer.uninspected

    def feed(self, data: bytes) -> bytes:
        if self._torn:
            return b""
        self._torn = True
        try:
            out = self._answer.feed(data)
        except BadRequest as fault:
            raise UpstreamUnavailable(str(fault)) from None
        self._torn = False
        return out

    def finish(self) -> bytes:
        if self._torn:
            return b""
        self._torn = True
        try:
            out = self._answer.finish()
        except BadRequest as fault:
            raise UpstreamUnavailable(str(fault)) from None
        self._torn = False
        return out


class TextAnswer:
    """Text in any charset that Python can read in pieces."""

    uninspected: tuple[str, ...] = ()

    def __init__(self, charset: str, masking: Masking) -> None:
        self._decoder = codecs.getincrementaldecoder(charset)("replace")
        self._encoder = codecs.getincrementalencoder(charset)("replace")
        self._masker = masking.stream()

    def feed(self, data: bytes) -> bytes:
        return self._encoder.encode(self._masker.feed(self._decoder.decode(data)))

    def finish(self) -> bytes:
        rest = self._masker.feed(self._decoder.decode(b"", final=True)) + self._masker.finish()
        return self._encoder.encode(rest, final=True)


class WideAnswer:
    """What shows itself as wide, perhaps by one zero: read singly, its bytes hide nothing either.

    Raises `UpstreamUnavailable` where they do; the mask of one reading would tear the other.
    """

    def __init__(self, answer: AnswerMasker, masking: Masking) -> None:
        self._answer = answer
        self._masking = masking
        self._bytes = BytesAnswer(masking.stream())

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._answer.uninspected

    def feed(self, data: bytes) -> bytes:
        return self._checked(self._answer.feed(data))

    def finish(self) -> bytes:
        return self._checked(self._answer.finish(), last=True)

    def _checked(self, data: bytes, *, last: bool = False) -> bytes:
        found = self._masking.masked
        out = self._bytes.feed(data) + (self._bytes.finish() if last else b"")
        if self._masking.masked > found:
            raise UpstreamUnavailable(
                "The answer reads as text in a wide encoding, and its bytes show a secret all the "
                "same; the rest of it is withheld."
            )
        return out
