"""Server-sent events: an incremental parser on bytes, and a serializer.

After the HTML standard, section 'Server-sent events'. Each parsed event keeps the bytes it came
in, so that what needs no change can be passed on exactly.
"""

from __future__ import annotations

from typing import NamedTuple

from app.errors import TooLarge
from app.wire.base import WHOLE_BYTES

_BOM = b"\xef\xbb\xbf"


class SseEvent(NamedTuple):
    """One dispatched event, or a comment, or an empty block.

    `exact` says that `raw` holds nothing but the fields shown here, as valid UTF-8. What is
    `belated` is the line feed of the CRLF that ended the event before it, which was cut there.
    """

    raw: bytes
    data: str | None = None
    event: str = ""
    event_id: str | None = None
    retry: int | None = None
    comment: str | None = None
    exact: bool = True
    belated: bool = False


class SseParser:
    """Bytes in, whole events out, however the bytes are cut.

    Raises `TooLarge` when an event that has not ended yet passes `max_event_bytes`.
    """

    def __init__(self, max_event_bytes: int = WHOLE_BYTES) -> None:
        self._cap = max_event_bytes
        self._partial: list[bytes] = []  # of a line; joined once its end has come
        self._partial_bytes = 0
        self._block: list[bytes] = []
        self._block_bytes = 0
        self._after_cr = False
        self._started = False

    def feed(self, data: bytes) -> list[SseEvent]:
        if (alone := self._alone(data)) is not None:
            return [alone]
        events: list[SseEvent] = []
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
            if self._block:
                self._block[-1] += b"\n"
            else:
                events.append(SseEvent(b"\n", belated=True))
        for line in self._lines(data):
            if line in {b"\n", b"\r\n", b"\r"}:
                events.append(_parse_block([*self._block, line]))
                self._clear()
            elif not self._block and line.startswith(b":"):
                # A keep-alive must not wait for the next event.
                events.append(_parse_comment(line))
            else:
                self._block.append(line)
                self._block_bytes += len(line)
        if self._block_bytes + self._partial_bytes > self._cap:
            raise TooLarge(f"A server-sent event passes the limit of {self._cap} bytes.")
        return events

    @property
    def is_idle(self) -> bool:
        """Whether the next byte begins an event."""
        return not (self._block or self._partial or self._after_cr)

    def _alone(self, data: bytes) -> SseEvent | None:
        """Read a piece that is exactly one event of one line, three times faster; else None."""
        if self._block or self._partial or not (self._started and data.endswith(b"\n\n")):
            return None
        name, content = b"", data
        if data.startswith(b"event: "):
            name, _, content = data[7:].partition(b"\n")
        if not content.startswith(b"data: ") or content.count(b"\n") > 2 or b"\r" in data:
            return None
        self._after_cr = False
        event, named = _text(name)
        text, valid = _text(content[6:-2])
        return SseEvent(data, text, event, exact=named and valid)

    def finish(self) -> SseEvent | None:
        """Return what came after the last blank line, which a strict client would drop."""
        rest = [*self._block, b"".join(self._partial)]
        self._clear()
        self._partial.clear()
        self._partial_bytes = 0
        if not any(rest):
            return None
        return _parse_block([*rest, b"\n\n"])

    def _clear(self) -> None:
        self._block = []
        self._block_bytes = 0

    def _lines(self, data: bytes) -> list[bytes]:
        """Cut into lines with their ends; a CR at the very end of the data ends its line now."""
        if not data:
            return []
        self._after_cr = data.endswith(b"\r")
        lines = data.splitlines(keepends=True)
        if self._partial:
            lines[0] = b"".join([*self._partial, lines[0]])
            self._partial.clear()
            self._partial_bytes = 0
        if not lines[-1].endswith((b"\n", b"\r")):
            self._keep(lines.pop())
        return self._without_bom(lines)

    def _keep(self, tail: bytes) -> None:
        self._partial.append(tail)
        self._partial_bytes += len(tail)

    def _without_bom(self, lines: list[bytes]) -> list[bytes]:
        if lines and not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(_BOM)
        return lines


def encode(
    data: str | bytes, *, event: str = "", event_id: str | None = None, retry: int | None = None
) -> bytes:
    """Write one event; line ends in `data` become several data lines."""
    text = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    parts = []
    if event:
        parts.append(f"event: {_one_line(event)}\n".encode())
    if event_id is not None:
        parts.append(f"id: {_one_line(event_id)}\n".encode())
    if retry is not None:
        parts.append(b"retry: %d\n" % retry)
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    parts.extend(b"data: " + line + b"\n" for line in lines)
    return b"".join([*parts, b"\n"])


def comment(text: str = "") -> bytes:
    """Write a comment, which every client skips."""
    return f": {_one_line(text)}\n\n".encode()


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").replace("\0", "")


def _parse_comment(line: bytes) -> SseEvent:
    text, exact = _text(line[1:].rstrip(b"\r\n"))
    return SseEvent(raw=line, comment=text, exact=exact)


def _parse_block(lines: list[bytes]) -> SseEvent:
    raw = b"".join(lines)
    data: list[str] = []
    event, event_id, retry, exact = "", None, None, True
    for line in raw.splitlines():
        if not line:
            continue
        name, _, value = line.partition(b":")
        text, valid = _text(value.removeprefix(b" "))
        exact = exact and valid
        if name == b"data":
            data.append(text)
        elif name == b"event":
            event = text
        elif name == b"id" and "\0" not in text:
            event_id = text
        elif name == b"retry" and value.strip().isdigit():
            retry = int(value)
        else:
            exact = False  # unknown fields and inner comments are not passed on
    return SseEvent(raw, "\n".join(data) if data else None, event, event_id, retry, None, exact)


def _text(value: bytes) -> tuple[str, bool]:
    try:
        return value.decode("utf-8"), True
    except UnicodeDecodeError:
        return value.decode("utf-8", "replace"), False
