"""An answer that is JSON: one document, or several one after another."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from app.errors import TooLarge, Unsupported
from app.wire import strict_json
from app.wire.answer import content_sniffing
from app.wire.answer.events import AnswerTable, EventMasker, Named
from app.wire.answer.running_text import End
from app.wire.answer.tree_masker import TreeMasker
from app.wire.base import WHOLE_BYTES
from app.wire.embedded_json import hides_nothing
from app.wire.stretches import StretchAnswer

if TYPE_CHECKING:
    from app.wire.base import AnswerMasker, Json, Masking

_SPANS = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_BETWEEN = re.compile(r"[\s\x1e\ufeff]*")


def masked_text(text: str, masking: Masking) -> str:
    """Mask as text what should be JSON and is not.

    Raises `Unsupported` where it spells with escapes what has to be masked: a lenient client may
    undo them.
    """
    masked = masking.whole(text)
    if not hides_nothing(text, masked, masking.whole):
        raise Unsupported(
            "The model API's answer spells with escapes what has to be masked, and is not valid "
            "JSON; it is withheld."
        )
    return masked


class DocumentAnswer:
    """JSON, kept until its end; beyond `cap` bytes `TooLarge` is raised.

    What is not JSON after all is masked as text, or as `otherwise` does it.
    """

    def __init__(
        self,
        table: AnswerTable,
        masking: Masking,
        cap: int = WHOLE_BYTES,
        encoding: str = "utf-8",
        otherwise: AnswerMasker | None = None,
    ) -> None:
        self._table = table
        self._masking = masking
        self._cap = cap
        self._encoding = encoding
        self._otherwise = otherwise
        self._parts: list[bytes] = []
        self._size = 0
        self._blobs: tuple[str, ...] = ()

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._blobs + (self._otherwise.uninspected if self._otherwise else ())

    def feed(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._size > self._cap:
            raise TooLarge(f"The answer passes the limit of {self._cap} bytes for one document.")
        self._parts.append(data)
        return b""

    def finish(self) -> bytes:
        body = b"".join(self._parts)
        self._parts.clear()
        text = body.decode(self._encoding, "replace")
        before = content_sniffing.prefix(text)
        if self._otherwise is not None and not _is_json(text[len(before) :]):
            return self._otherwise.feed(body) + self._otherwise.finish()
        if "\ufffd" in text and not _is_json(text[len(before) :]) and not _is_utf8(body):
            self._otherwise = StretchAnswer(self._masking, "application/octet-stream")
            return self._otherwise.feed(body) + self._otherwise.finish()
        masked = before + self._masked(text[len(before) :])
        return body if masked == text else masked.encode(self._encoding, "replace")

    def _masked(self, text: str) -> str:
        try:
            value = strict_json.parse_loosely(text)
        except ValueError:
            documents = _documents(text)
            if documents is not None:
                return self._events(documents) + text[len(text.rstrip()) :]
            # Not JSON after all, or cut off: what is there is masked as text.
            return masked_text(text, self._masking)
        if isinstance(value, list) and self._table.listed:
            changed, masked = self._list(value)
        else:
            changed, masked = self._whole(value)
        if not changed and strict_json.says_one_thing(text.strip(), value):
            return text
        return strict_json.dump(masked).decode()

    def _whole(self, value: Json) -> tuple[bool, Json]:
        tree = TreeMasker(self._masking)
        masked = Named.of("", value)
        tree.walk(masked.value, self._table.document)
        if tree.changed:
            tree.drop_repeats()
        self._blobs = tuple(tree.blobs)
        return tree.changed, masked.json

    def _list(self, values: list[Json]) -> tuple[bool, Json]:
        events = EventMasker(self._table.stream, self._masking)
        out: list[Json] = []
        any_changed = False
        for value in values:
            masked = Named.of("", value)
            changed, tails = events.event(masked)
            any_changed = any_changed or changed
            out.extend([*(tail.json for tail in tails), masked.json])
            events.forget_event()
        tails = events.end(End.CLOSED)
        out.extend(tail.json for tail in tails)
        self._blobs = events.blobs
        return any_changed or bool(tails), out

    def _events(self, documents: list[_Document]) -> str:
        """Mask documents that follow each other as the events of a stream."""
        events = EventMasker(self._table.stream, self._masking)
        between = next((found.space for found in documents[1:] if found.space), "\n")
        out: list[str] = []
        for document in documents:
            masked = Named.of("", document.value)
            changed, tails = events.event(masked)
            out.extend([between + strict_json.dump(tail.json).decode() for tail in tails])
            same = not changed and strict_json.says_one_thing(document.text, document.value)
            written = strict_json.dump(masked.json).decode()
            out.extend([document.space, document.text if same else written])
            events.forget_event()
        tails = events.end(End.CLOSED)
        out.extend([between + strict_json.dump(tail.json).decode() for tail in tails])
        self._blobs = events.blobs
        return "".join(out)


def _is_json(text: str) -> bool:
    try:
        strict_json.parse_loosely(text)
    except ValueError:
        return _documents(text) is not None
    return True


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Document(NamedTuple):
    space: str
    text: str
    value: Json


def _documents(text: str) -> list[_Document] | None:
    """Cut text into documents, each with the space before it; None where it is not only JSON."""
    found: list[_Document] = []
    at = 0
    while at < len(text):
        space = _BETWEEN.match(text, at)
        start = space.end() if space else at
        if start == len(text):
            break
        try:
            _, end = _SPANS.raw_decode(text, start)
            value = strict_json.parse_loosely(text[start:end])
        except (ValueError, RecursionError):
            return None
        found.append(_Document(text[at:start], text[start:end], value))
        at = end
    return found or None
