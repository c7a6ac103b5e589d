"""What the readers of server-sent events share: a line in which events wait for a ruling.

Theory of operation. Events are *read* as they come and *written* when they go on, both in order.
Between the two they stand in a line of stretches. A stretch is one event, or all the events of a
call, and goes on when its calls are whole and ruled on; nothing overtakes it. What a ruling does
to later events (other indexes, another end of the turn) is known when they are written, since
all before them has been written by then.

    read     event · event · call 0 (5 events) · event · call 1 (4 events) · event
    line                     [call 0: 5 events] [event] [call 1: 4 events] [event]
    written  event · event · │ waits for the ruling on call 0

Most pieces of a stream hold nothing that a reader has to know. They are passed on unparsed, as
long as nothing is kept back and no event has to be rewritten: `markers` tell them from others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from app.errors import TooLarge, UpstreamUnavailable
from app.wire import embedded_json, strict_json
from app.wire.answer import sse
from app.wire.answer.streams import is_whole
from app.wire.calls.events import StreamEvent, Stretch, read_event
from app.wire.calls.rulings import Rulings

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.domain.tool_call import ToolCall
    from app.wire.calls.base import Ruling

_END = b"\n\n"
_BACKSLASH = b"\\"
ESCAPE = b"\\u"
"""With which JSON may spell any character, so that no marker is found."""


class StreamReader(ABC):
    """A `CallReader` of one API's stream. A subclass reads and writes the events.

    In `read` it uses `put` for what only has to keep its place, and `keep`, `add` and `found` for
    the events of a wanted call. In `write` it uses `rulings` and whatever state it has of what went
    out so far. `say`, `alive` and `stop` are asked for between two events that were written.

    Signs of life keep their place too: an unchanged answer comes out as the bytes that went in.
    """

    markers: ClassVar[tuple[bytes, ...]]
    """An event with none of these, and no `ESCAPE`, is one that `read` has no need to see."""
    is_streamed = True

    def __init__(self, wanted: Callable[[str], bool], *, limit: int, alive: bytes) -> None:
        self.wanted = wanted
        self.rulings = Rulings()
        self.sign_of_life = alive
        self.line: deque[Stretch] = deque()
        self._limit = limit
        self._parser = sse.SseParser(limit)
        self._cr = False  # at the end of what came: it may be half of a line end
        self._between = True  # whether the next byte begins an event
        self._ready: list[bytes] = []  # what can go on
        self._kept = 0
        self._over = False  # after a fault or `stop`: nothing goes on any more

    # What a subclass does.

    @abstractmethod
    def read(self, event: StreamEvent) -> None:
        """Take one event, in order, and put it in line."""

    @abstractmethod
    def write(self, stretch: Stretch) -> bytes:
        """Return what goes on for a stretch whose calls are all ruled on."""

    @property
    def rewrites(self) -> bool:
        """Whether any event from here on may have to be written otherwise than it came."""
        return False

    def passes(self, data: bytes) -> bool:
        """Whether events may go on without being read; called before they do."""
        if self.line or self.rewrites:
            return False
        # `in` takes twice as long as `find`: it tries to read the marker as a number first.
        if data.find(_BACKSLASH) >= 0 and data.find(ESCAPE) >= 0:
            return False
        for marker in self.markers:  # noqa: SIM110 - `any` takes three times as long
            if data.find(marker) >= 0:
                return False
        return True

    def take_unread(self, data: bytes) -> int:  # noqa: ARG002 - for subclasses
        """Take events at the beginning that need not be read; return where they end."""
        return 0

    def cut_off(self) -> None:
        """Hear that no more is to come: drop what is not whole."""
        self.line = deque(stretch for stretch in self.line if stretch.whole)

    @abstractmethod
    def said(self, text: str) -> bytes:
        """Return a finished text at this place of what went out; nothing if there is no place."""

    @abstractmethod
    def stopped(self, text: str) -> bytes:
        """Return an end of the answer that says `text`."""

    # What it uses.

    def put(self, event: StreamEvent) -> None:
        """Put an event in line by itself."""
        self._append(Stretch([]), event)

    def keep(self, event: StreamEvent) -> Stretch:
        """Begin a stretch that keeps back all that follows until it is whole and ruled on."""
        stretch = Stretch([], whole=False)
        self._append(stretch, event)
        return stretch

    def add(self, stretch: Stretch, event: StreamEvent) -> None:
        """Add an event to a stretch in line."""
        stretch.events.append(event)
        self._keep(stretch, event.sse.raw)

    def add_unread(self, stretch: Stretch, raw: bytes) -> None:
        """Add an event of which the subclass knows all that it needs."""
        stretch.unread = True
        self._keep(stretch, raw)

    def events_of(self, stretch: Stretch) -> list[StreamEvent]:
        """Read all events of a stretch."""
        return [read_event(event) for event in sse.SseParser().feed(b"".join(stretch.raw))]

    def _keep(self, stretch: Stretch, raw: bytes) -> None:
        stretch.raw.append(raw)
        stretch.kept += len(raw)
        self._kept += len(raw)
        if self._kept > self._limit:
            raise TooLarge(f"More than {self._limit} bytes of the answer are waiting for a ruling.")

    def drop(self, stretch: Stretch) -> None:
        """Take a stretch out of line, which never goes on."""
        self.line.remove(stretch)
        self._kept -= stretch.kept

    def found(self, stretch: Stretch, call: ToolCall, *, text: bool = False) -> None:
        """Number a call that is whole now. `text`: its arguments are no JSON."""
        stretch.calls.append(self.rulings.add(call, text=text))

    def check(self, event: StreamEvent, markers: tuple[bytes, ...] = ()) -> None:
        """Raise `UpstreamUnavailable` for a marked event that clients may read otherwise."""
        markers = markers or self.markers
        if event.exact:
            return
        data = event.sse.data or ""
        readings = [data, *embedded_json.views(data)]
        if not any(marker.decode() in reading for marker in markers for reading in readings):
            return
        if not (event.value and strict_json.says_one_thing(data, event.value)):
            raise unreadable("an event that can be understood in several ways")

    # What every reader offers.

    def feed(self, data: bytes) -> None:
        if not data or self._over:
            return
        if not self._between or not data.endswith(_END):
            self._guarded(self._take_in, data)
        elif self.passes(data):  # as most of what comes
            self._ready.append(data)
        else:
            self._guarded(self._take_all if self.line else self._take_marked, data)

    def _guarded(self, take: Callable[[bytes], None], data: bytes) -> None:
        """After a fault nothing of what came goes on any more."""
        try:
            take(data)
        except Exception:
            self._over = True
            self.line.clear()
            raise

    def _take_in(self, data: bytes) -> None:
        if self._cr:
            data = b"\r" + data
        self._cr = data.endswith(b"\r")
        if self._cr:
            data = data[:-1]
        begun = 0 if self._parser.is_idle else data.find(_END) + len(_END)
        ended = data.rfind(_END) + len(_END)
        if ended < len(_END):
            self._parse(data)
        else:
            self._parse(data[:begun])
            self._take_all(data[begun:ended])
            self._parse(data[ended:])

    def finish(self) -> None:
        if self._over:
            return
        if self._cr:
            self._cr = False
            self._guarded(self._parse, b"\r")
        if (last := self._parser.finish()) is not None:
            self._take_last(last)
        self.cut_off()
        self._drain()

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self.rulings.calls

    def rule(self, number: int, ruling: Ruling) -> None:
        """Raises `ValueError` for a ruling that cannot be carried out, as `Rulings` has it."""
        self.rulings.rule(number, ruling)
        self._drain()

    def flow(self) -> bytes:
        out, self._ready = self._ready, []
        return b"".join(out)

    @property
    def keeps(self) -> bool:
        return bool(self.line)

    def say(self, text: str) -> bytes:
        """Return what can go on by now, and a finished text behind it, if there is a place."""
        return self.flow() + (b"" if self._over else self.said(text))

    def alive(self) -> bytes:
        return b"" if self._over else self.sign_of_life

    def stop(self, text: str) -> bytes:
        """Nothing comes after it: what is fed then is dropped."""
        self._over = True
        end = self.stopped(text)
        self.line.clear()
        return self.flow() + end

    def _append(self, stretch: Stretch, event: StreamEvent) -> None:
        self.line.append(stretch)
        self.add(stretch, event)

    def _parse(self, data: bytes, *, passes: bool = True) -> None:
        """Take what comes; `passes` is False where that was asked of all the data already."""
        for event in self._parser.feed(data):
            if passes or event.raw is not data:
                self._take(event)
            else:
                self.read(read_event(event))
                self._drain()
        self._between = not self._cr and self._parser.is_idle

    def _take_all(self, data: bytes) -> None:
        """Take whole events: together as many as pass, by halves, and the others one by one."""
        if self.line and data:
            data = data[self.take_unread(data) :]
        if not data:
            return
        if self.passes(data):
            self._ready.append(data)
        else:
            self._take_marked(data)

    def _take_marked(self, data: bytes) -> None:
        """Take whole events that do not pass together."""
        half = len(data) // 2
        cut = data.find(_END, half) + len(_END)
        if not len(_END) <= cut < len(data):
            cut = data.rfind(_END, 0, half + 1) + len(_END)
        if not len(_END) <= cut < len(data):
            self._parse(data, passes=False)
            return
        self._take_all(data[:cut])
        self._take_all(data[cut:])

    def _take(self, event: sse.SseEvent) -> None:
        if self.passes(event.raw):
            self._ready.append(event.raw)
        else:
            self.read(read_event(event))
            self._drain()

    def _take_last(self, event: sse.SseEvent) -> None:
        """Take what came after the last whole event: no client reads it, unless it is whole too."""
        if is_whole(event):
            self._take(event)
        elif self.passes(event.raw):
            self._ready.append(event.raw.removesuffix(b"\n\n"))

    def _drain(self) -> None:
        """Write what can go on, so that the line is empty or begins with what is kept back."""
        while self.line and self.line[0].whole and self.rulings.decided(self.line[0].calls):
            stretch = self.line.popleft()
            self._kept -= stretch.kept
            self._ready.append(self.write(stretch))


def unreadable(what: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"The model API sent {what}, which cannot be checked; the rest of its answer is withheld."
    )
