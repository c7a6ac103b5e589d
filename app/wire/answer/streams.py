"""Answers that stream: server-sent events, and lines of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.errors import TooLarge
from app.wire import strict_json
from app.wire.answer import sse
from app.wire.answer.documents import masked_text
from app.wire.answer.events import AnswerTable, EventMasker, Named, Running
from app.wire.answer.running_text import End, RunningText
from app.wire.answer.same_event import Likeness, likeness, piece_at
from app.wire.base import WHOLE_BYTES

if TYPE_CHECKING:
    from app.wire.base import Json, Masking

_DONE = "[DONE]"
_END = b"\n\n"
_UNLIKE = 8  # events in a row after which none is expected to be like the last


class SseAnswer:
    """A stream of server-sent events; what goes out are always whole events."""

    def __init__(self, table: AnswerTable, masking: Masking, limit: int = WHOLE_BYTES) -> None:
        self._parser = sse.SseParser(limit)
        self._events = EventMasker(table.stream, masking)
        self._texts: dict[str, RunningText] = {}  # of events that are not JSON, by event name
        self._masking = masking
        self._resumable = table.resumable
        self._like: tuple[Likeness, Running] | None = None  # the last event
        self._unlike = 0  # how many in a row were not
        self._as_it_came = True  # the last event went out so

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._events.blobs

    def feed(self, data: bytes) -> bytes:
        out: list[bytes] = []
        at = 0
        while at < len(data) and self._parser.is_idle:
            at = self._pass_alike(data, at, out)
            end = data.find(_END, at) + len(_END)
            if end < len(_END):
                break
            out += map(self._passed, self._parser.feed(data[at:end]))
            at = end
        if at < len(data):
            out += map(self._passed, self._parser.feed(data[at:]))
        return b"".join(out)

    def _pass_alike(self, data: bytes, at: int, out: list[bytes]) -> int:
        """Pass on the events from there on that are like the last; return where they end."""
        if self._like is None:
            return at
        like, running = self._like
        while (found := like.first(data, at)) is not None:
            (piece, end), begun = found, at
            masked = self._events.go_on(running, piece)
            self._as_it_came = masked == piece
            out.append(data[begun:end] if self._as_it_came else like.around(masked))
            self._unlike, at = 0, end
        return at

    def finish(self) -> bytes:
        last = self._parser.finish()
        # A client would not see an event that was cut off, unless by chance it is whole.
        out = self._passed(last) if last is not None and is_whole(last) else b""
        return out + self._close(End.CLOSED)

    def _passed(self, event: sse.SseEvent) -> bytes:
        if event.belated:
            # An event that was written again has the ends of lines that we write.
            return event.raw if self._as_it_came else b""
        out = self._event(event)
        self._as_it_came = out.endswith(event.raw)
        return out

    def _event(self, event: sse.SseEvent) -> bytes:
        if self._like is not None:
            like, running = self._like
            piece = like.piece(event.raw)
            if piece is not None:
                self._unlike = 0
                masked = self._events.go_on(running, piece)
                return event.raw if masked == piece else like.around(masked)
            self._like = None
            self._unlike += 1
        return self._unlike_last(event)

    def _unlike_last(self, event: sse.SseEvent) -> bytes:
        if event.data is None:
            return self._without_data(event)
        if event.data == _DONE:
            return self._close(End.DONE) + self._unchanged(event)
        try:
            value, exact = strict_json.parse_spelt(event.data)
        except ValueError:
            if "\\" in event.data:
                masked_text(event.data, self._masking)  # for what it raises
            return self._text(event, event.data)
        return self._json(event, event.data, value, exact=exact)

    def _without_data(self, event: sse.SseEvent) -> bytes:
        if event.comment is not None:
            clean = event.exact and self._events.whole(event.comment) == event.comment
            return event.raw if clean else b":\n"
        return b"" if event.event or event.event_id or not event.exact else event.raw

    def _json(self, event: sse.SseEvent, data: str, value: Json, *, exact: bool) -> bytes:
        if not isinstance(value, (dict, list, str)):
            return self._text(event, data)  # a word may look like a number
        words = isinstance(value, str)  # or stand in quotes
        before = b"" if words or not self._texts else self._words_end(event.event)
        masked = Named.of(event.event, value)
        changed, tails = self._events.event(masked)
        before += self._tails(tails)
        self._events.forget_event()
        same = not changed and (exact or strict_json.says_one_thing(data, value))
        if words:
            clean = data if same else strict_json.dump(masked.json).decode()
            return before + self._text(event, clean)
        out = (
            self._unchanged(event)
            if same
            else self._rewritten(event, strict_json.dump(masked.json))
        )
        if exact and self._unlike < _UNLIKE:
            self._like = self._likeness(event, data, out)
        return before + out

    def _likeness(
        self, event: sse.SseEvent, data: str, out: bytes
    ) -> tuple[Likeness, Running] | None:
        """Remember an event to which the next may be alike; its piece may have been masked."""
        running = self._events.sole
        if running is None or event.event_id is not None:
            return None
        if event.raw != sse.encode(data, event=event.event):  # as it would be written
            return None
        box: Any = running.box
        piece = box[running.at] if out is event.raw else piece_at(data, running.path)
        found = likeness(event.raw, piece) if piece else None
        return (
            (found, running) if found is not None and found.around(box[running.at]) == out else None
        )

    def _text(self, event: sse.SseEvent, text: str) -> bytes:
        """Mask what is no JSON, or may be none to its reader: a word of a text."""
        known = self._texts.get(event.event)
        if known is None:
            known = self._texts[event.event] = RunningText(self._masking.stream)
        masked = known.feed(text)
        if masked == event.data:
            return self._unchanged(event)
        return self._rewritten(event, masked.encode("utf-8", "replace"))

    def _words_end(self, name: str) -> bytes:
        """Send what is held of a text, so that it does not come after what followed it."""
        text = self._texts.get(name)
        rest = text.end(End.SAID) if text is not None and not text.settled else ""
        return sse.encode(rest, event=self._events.whole(name)) if rest else b""

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

    def _close(self, end: End) -> bytes:
        tails = self._tails(self._events.end(end))
        texts = [(name, text.end(end)) for name, text in self._texts.items()]
        whole = self._events.whole
        words = [sse.encode(rest, event=whole(name)) for name, rest in texts if rest]
        return b"".join([tails, *words])

    def _tails(self, tails: list[Named]) -> bytes:
        if not tails:
            return b""
        whole = self._events.whole
        return b"".join(
            [sse.encode(strict_json.dump(tail.json), event=whole(tail.name)) for tail in tails]
        )


class LinesAnswer:
    """A stream of JSON documents, one in a line."""

    def __init__(self, table: AnswerTable, masking: Masking, limit: int = WHOLE_BYTES) -> None:
        self._limit = limit
        self._events = EventMasker(table.stream, masking)
        self._masking = masking
        self._text = RunningText(masking.stream)  # of lines that are not JSON
        self._within = False  # one of those
        self._partial: list[bytes] = []  # of a line; joined once its end has come
        self._size = 0

    @property
    def uninspected(self) -> tuple[str, ...]:
        return self._events.blobs

    def feed(self, data: bytes) -> bytes:
        if b"\n" not in data:
            self._keep(data)
            return b""
        *lines, rest = b"".join([*self._partial, data]).split(b"\n")
        self._partial.clear()
        self._size = 0
        self._keep(rest)
        return b"".join([self._line(line) for line in lines])

    def finish(self) -> bytes:
        last = b"".join(self._partial)
        self._partial.clear()
        out = self._line(last) if last else b""
        tails = self._events.end(End.CLOSED)
        out += b"".join([strict_json.dump(tail.json) + b"\n" for tail in tails])
        return out + self._text.end(End.CLOSED).encode("utf-8", "replace")

    def _keep(self, rest: bytes) -> None:
        self._partial.append(rest)
        self._size += len(rest)
        if self._size > self._limit:
            raise TooLarge(f"A line of the answer passes {self._limit} bytes.")

    def _line(self, line: bytes) -> bytes:
        text = line.decode("utf-8", "replace")
        try:
            value = strict_json.parse_loosely(text)
        except ValueError:
            if "\\" in text:
                masked_text(text, self._masking)  # for what it raises
            return self._words(line, text)
        if not isinstance(value, (dict, list, str)):
            return self._words(line, text)  # a word may look like a number
        words = isinstance(value, str)  # or stand in quotes
        before = b"" if words else self._words_end()
        masked = Named.of("", value)
        changed, tails = self._events.event(masked)
        before += b"".join([strict_json.dump(tail.json) + b"\n" for tail in tails])
        self._events.forget_event()
        same = not changed and strict_json.says_one_thing(line.strip(), value)
        clean = line if same else strict_json.dump(masked.json)
        return before + (self._words(clean, clean.decode()) if words else clean + b"\n")

    def _words(self, line: bytes, text: str) -> bytes:
        """Mask a line of text; what begins in it may go on in the next."""
        masked = self._text.feed(f"{text}\n")
        self._within = not masked.endswith("\n")
        return line + b"\n" if masked == f"{text}\n" else masked.encode("utf-8", "replace")

    def _words_end(self) -> bytes:
        """Send what is held of the lines of text, so that JSON has a line of its own."""
        if not self._within:
            return b""
        self._within = False
        return f"{self._text.end(End.SAID)}\n".encode("utf-8", "replace")


def is_whole(event: sse.SseEvent) -> bool:
    """Whether an event has all of its data, as far as that can be told."""
    if event.data is None or event.data == _DONE:
        return event.data is not None
    try:
        strict_json.parse_loosely(event.data)
    except ValueError:
        return False
    return True
