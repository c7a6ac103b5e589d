"""The ways an answer comes: a stream of events, lines of JSON, one document, text, or bytes."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from app.errors import BadRequest, Unsupported, UpstreamUnavailable
from app.wire import media
from app.wire.documents import DocumentAnswer
from app.wire.streamed import LinesAnswer, SseAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import AnswerMasker, Masking, TextMasker
    from app.wire.events import AnswerTable

_OPAQUE = (
    *("image/", "audio/", "video/", "font/"),
    *("application/zip", "application/gzip", "application/zstd", "application/x-tar"),
    *("application/x-7z-compressed", "application/pdf", "application/wasm"),
)
# A masker overlooks soft hyphens, and thins them out; as a byte of a picture it means no hyphen.
_SOFT_HYPHEN, _BYTE_AD = "\xad", "\ue0ad"
_LINES = frozenset({"application/x-ndjson", "application/jsonl", "application/x-jsonlines"})


def choose(content_type: str, table: AnswerTable, masking: Masking) -> AnswerMasker:
    """Pick by media type; an unknown one is read as text of single bytes, which changes none.

    Raises `UpstreamUnavailable` for a text in a charset that cannot be read in pieces, as what
    it returns does for whatever cannot be masked.
    """
    try:
        return GuardedAnswer(_chosen(content_type, table, masking))
    except BadRequest as fault:
        raise UpstreamUnavailable(str(fault)) from None


def _chosen(content_type: str, table: AnswerTable, masking: Masking) -> AnswerMasker:
    media_type = media.media_type(content_type)
    if media_type == "text/event-stream":
        return SseAnswer(table, masking)
    if media_type in _LINES:
        return LinesAnswer(table, masking)
    if media.is_json(media_type):
        return DocumentAnswer(table, masking)
    if media_type.startswith("text/"):
        return TextAnswer(media.charset(content_type) or "utf-8", masking)
    if media_type.startswith(_OPAQUE):
        return BytesAnswer(masking.credential(), (media_type,))
    return BytesAnswer(masking.stream())


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
        return self._guarded(lambda: self._answer.feed(data))

    def finish(self) -> bytes:
        return self._guarded(self._answer.finish)

    def _guarded(self, step: Callable[[], bytes]) -> bytes:
        if self._torn:
            return b""
        self._torn = True
        try:
            out = step()
        except BadRequest as fault:
            raise UpstreamUnavailable(str(fault)) from None
        self._torn = False
        return out


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


class BytesAnswer:
    """Bytes, each as one character, so that all but what is masked come out as they were."""

    def __init__(self, masker: TextMasker, uninspected: tuple[str, ...] = ()) -> None:
        self.uninspected = uninspected
        self._masker = masker

    def feed(self, data: bytes) -> bytes:
        return _bytes(self._masker.feed(data.decode("latin-1").replace(_SOFT_HYPHEN, _BYTE_AD)))

    def finish(self) -> bytes:
        return _bytes(self._masker.finish())


def _bytes(text: str) -> bytes:
    return text.replace(_BYTE_AD, _SOFT_HYPHEN).encode("latin-1", "replace")
