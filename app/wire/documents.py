"""An answer that is one JSON document."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from app.errors import TooLarge
from app.wire import strict_json
from app.wire.events import AnswerTable, EventMasker, Named, boxed, unboxed
from app.wire.texts import End
from app.wire.walk import TreeMasker

if TYPE_CHECKING:
    from app.wire.base import Json, Masking

MAX_DOCUMENT_BYTES = 32 * 1024 * 1024


class DocumentAnswer:
    """One JSON document, kept until its end; beyond `cap` bytes `TooLarge` is raised."""

    def __init__(self, table: AnswerTable, masking: Masking, cap: int = MAX_DOCUMENT_BYTES) -> None:
        self._table = table
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
        if isinstance(value, list) and self._table.listed:
            changed, masked = self._events(value)
        else:
            changed, masked = self._whole(value)
        if not changed and strict_json.says_one_thing(body.strip(), value):
            return body
        return strict_json.dump(masked)

    def _whole(self, value: Json) -> tuple[bool, Json]:
        tree = TreeMasker(self._masking)
        box = boxed(value)
        tree.walk(box, self._table.document)
        self._blobs = tuple(tree.blobs)
        return tree.changed, unboxed(box, value)

    def _events(self, values: list[Json]) -> tuple[bool, Json]:
        events = EventMasker(self._table.stream, self._masking)
        out: list[Json] = []
        any_changed = False
        for value in values:
            box = boxed(value)
            changed, tails = events.event(Named("", box))
            any_changed = any_changed or changed
            out.extend([*(tail.value for tail in tails), unboxed(box, value)])
            events.forget_event()
        tails = events.end(End.CLOSED)
        out.extend(tail.value for tail in tails)
        self._blobs = events.blobs
        return any_changed or bool(tails), out
