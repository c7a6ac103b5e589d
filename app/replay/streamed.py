"""What a recorded stream of events says, read once and fast.

Theory of operation. Most events of a stream differ from the one before in nothing but their piece
of a text (see `same_event`). Where this holds, only that piece is read, and pieces that follow each
other are joined:

    data: {"delta": {"text": "Hel"}}      read as JSON
    data: {"delta": {"text": "lo "}}      alike: read as JSON once more, to be sure of the place
    data: {"delta": {"text": "wor"}}      alike: "wor"
    data: {"delta": {"text": "ld"}}       alike: "ld", so both are "world"

The second one shows that the place is that of the text: it changed there, and so did the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.replay import answer_text
from app.wire.answer.same_event import likeness
from app.wire.answer.sse import SseParser
from app.wire.reading import loosely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.wire.answer.same_event import Likeness
    from app.wire.answer.sse import SseEvent
    from app.wire.reading import TextPiece

_END = b"\n\n"


class StreamPieces:
    """Bytes of a stream in, in order and however they are cut; pieces of its texts out.

    Pieces of one text that follow each other may come as one. Raises TooLarge as SseParser does.
    """

    def __init__(self) -> None:
        self._parser = SseParser()
        self._last: TextPiece | None = None
        """The only piece of the event before, if that said one."""
        self._alike: Likeness | None = None
        self._is_sure = False
        """Whether it was seen that the place where alike events differ is that of the text."""

    def feed(self, data: bytes) -> Iterator[TextPiece]:
        at = 0
        while at < len(data):
            if self._last is not None and self._is_sure and self._parser.is_idle:
                texts, at = self._alike_texts(data, at)
                if texts:
                    yield self._last._replace(text="".join(texts))
                    continue
            found = data.find(_END, at)
            end = len(data) if found < 0 else found + len(_END)
            for event in self._parser.feed(data[at:end]):
                yield from self._said(event)
            at = end

    def finish(self) -> Iterator[TextPiece]:
        """Yield what was said after the last whole event."""
        if rest := self._parser.finish():
            yield from _pieces(rest)

    def _alike_texts(self, data: bytes, at: int) -> tuple[list[str], int]:
        """Return the texts of the events from there on that are alike, and where they end."""
        texts: list[str] = []
        while self._alike is not None and (found := self._alike.first(data, at)):
            text, at = found
            texts.append(text)
        return texts, at

    def _said(self, event: SseEvent) -> list[TextPiece]:
        pieces = _pieces(event)
        if pieces or event.data is not None:
            self._compare(event, pieces)
        return pieces

    def _compare(self, event: SseEvent, pieces: list[TextPiece]) -> None:
        """Learn from an event that was read as JSON how the next ones may be read."""
        if len(pieces) != 1:
            self._last = self._alike = None
            return
        [piece] = pieces
        before, alike = self._last, self._alike
        self._last, self._is_sure = piece, False
        if before is not None and alike is not None and piece.text != before.text:
            self._is_sure = (
                piece == before._replace(text=piece.text) and alike.piece(event.raw) == piece.text
            )
        if not self._is_sure:
            self._alike = _likeness(event.raw, piece.text)


def _pieces(event: SseEvent) -> list[TextPiece]:
    data = loosely(event.data) if event.data else None
    return list(answer_text.of_event(event.event, data))


def _likeness(raw: bytes, text: str) -> Likeness | None:
    try:
        return likeness(raw, text)
    except TypeError:  # half of a character, which we spell in no JSON
        return None
