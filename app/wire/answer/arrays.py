"""A stream that is one JSON array, as Gemini's is without `alt=sse`.

Its items are the events. Each goes out as soon as its last byte is there, masked as the event of
any stream; what stands between them goes out as it came. Take `[{"a":1},` and then `{"a":2}]`: the
first piece gives `[{"a":1}`, the second `,{"a":2}]`. Where a tail was held back it becomes an item
of its own, before the item that ends its text or before the end of the array.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.errors import TooLarge, UpstreamUnavailable
from app.wire import strict_json
from app.wire.answer.events import AnswerTable, EventMasker, Named
from app.wire.answer.running_text import End
from app.wire.base import WHOLE_BYTES

if TYPE_CHECKING:
    from app.wire.base import Masking

_TELLING = re.compile(rb'["\\{}\[\],]')
_IN_STRING = re.compile(rb'["\\]')
_SPACE = b" \t\r\n"


class ArrayAnswer:
    """Takes an answer that begins with `[`, after spaces at most."""

    def __init__(self, table: AnswerTable, masking: Masking, limit: int = WHOLE_BYTES) -> None:
        self._events = EventMasker(table.stream, masking)
        self._limit = limit
        self._depth = 0  # of brackets and braces; the items are at 1
        self._in_string = False
        self._item = bytearray()  # the bytes of an item that is not complete
        self._between = bytearray()  # what came since the last item
        self._sent = 0  # items
        self._over = False
        self._skip = False  # the next byte, which a backslash escapes

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._events.blobs

    def feed(self, data: bytes) -> bytes:
        out: list[bytes] = []
        at = 0
        while at < len(data) and not self._over:
            at = self._step(data, at, out)
        if data[at:].strip(_SPACE):
            raise UpstreamUnavailable("The model API's answer goes on after its end.")
        out.append(data[at:])
        if len(self._item) > self._limit or len(self._between) > self._limit:
            raise TooLarge(f"An item of the answer passes {self._limit} bytes.")
        return b"".join(out)

    def finish(self) -> bytes:
        """Return what is held back, of an answer that was cut off; else there is nothing left."""
        return b"" if self._over else self._tails(End.CLOSED)

    def _step(self, data: bytes, at: int, out: list[bytes]) -> int:
        """Take the bytes up to the next one that tells something; return where to go on."""
        if self._skip:
            self._skip = False
            self._keep(data[at : at + 1])
            return at + 1
        found = (_IN_STRING if self._in_string else _TELLING).search(data, at)
        if found is None:
            self._keep(data[at:])
            return len(data)
        self._keep(data[at : found.start()])
        self._tell(found[0], out)
        return found.end()

    def _tell(self, byte: bytes, out: list[bytes]) -> None:
        if self._in_string:
            self._keep(byte)
            self._skip = byte == b"\\"
            self._in_string = byte == b"\\"
        elif byte == b"," and self._depth == 1:
            out.append(self._complete())
            self._between += byte
        elif byte in b"]}":
            self._close(byte, out)
        elif byte in b"[{" and self._depth == 0:
            self._depth = 1
            self._between += byte
        else:
            self._keep(byte)
            self._in_string = byte == b'"'
            self._depth += byte in b"[{"

    def _close(self, byte: bytes, out: list[bytes]) -> None:
        self._depth -= 1
        if self._depth > 0:
            self._keep(byte)
            if self._depth == 1:
                out.append(self._complete())
            return
        out.append(self._complete())
        out.append(self._tails(End.CLOSED))
        out.append(bytes(self._between) + byte)
        self._between.clear()
        self._over = True

    def _keep(self, data: bytes) -> None:
        """Keep bytes of an item, or spaces between two."""
        if self._item or (self._depth and data.lstrip(_SPACE)):
            space = 0 if self._item else len(data) - len(data.lstrip(_SPACE))
            self._between += data[:space]
            self._item += data[space:]
        else:
            self._between += data

    def _complete(self) -> bytes:
        """Return the item that was read, masked; nothing where there is none."""
        text = bytes(self._item)
        if not text:
            return b""
        self._item.clear()
        try:
            value = strict_json.parse_loosely(text.decode())
        except ValueError:
            raise UpstreamUnavailable(
                "The model API's answer is not the JSON it should be."
            ) from None
        masked = Named.of("", value)
        changed, tails = self._events.event(masked)
        same = not changed and strict_json.says_one_thing(text.strip(), value)
        clean = text if same else strict_json.dump(masked.json)
        self._events.forget_event()
        before, self._between = bytes(self._between), bytearray()
        self._sent += 1
        return before + b"".join([strict_json.dump(tail.json) + b"," for tail in tails]) + clean

    def _tails(self, how: End) -> bytes:
        tails = [strict_json.dump(tail.json) for tail in self._events.end(how)]
        return b"".join([b"," + tail if self._sent else tail for tail in tails])
