"""A session as a readable conversation, for Slack, page and terminal alike. Pure."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from app.domain.segment import Role
from app.errors import BadRequest, TooLarge
from app.replay import answer_text
from app.replay.streamed import StreamPieces
from app.wire.reading import TextKind, TextPiece, loosely
from app.wire.registry import RECORDED, wire_for
from app.wire.request.body import parse_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.domain.record.session import Chunk, RecordedAnswer, RecordedRequest
    from app.domain.segment import Prompt


class Beat(NamedTuple):
    """By `offset_ms` (since the session began) the first `length` characters had been sent."""

    offset_ms: int
    length: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said. `place` is where it stands in the request; answers have `beats` instead."""

    role: Role
    text: str
    kind: TextKind = TextKind.TEXT
    tool: str = ""
    place: str = ""
    beats: tuple[Beat, ...] = ()
    withheld: bool = False
    """Whether it was recorded and not sent: a rule had forbidden it."""

    @property
    def title(self) -> str:
        """Name who speaks, in a word or two."""
        parts = [self.role.value]
        if self.kind is not TextKind.TEXT:
            parts.append(self.kind.value)
        if self.tool:
            parts.append(self.tool)
        if self.withheld:
            parts.append("withheld, not sent")
        return " · ".join(parts)


def prompt_turns(wire: str, request: RecordedRequest) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
    """Return what the request says, and the places that can't be read: images, files."""
    prompt = _prompt(wire, request)
    if prompt is None:
        text = request.body.decode(errors="replace")
        return (Turn(Role.OTHER, text, place="body"),), ()
    turns = tuple(
        Turn(segment.role, segment.text, tool=segment.tool, place=segment.place)
        for segment in prompt.segments
        if segment.text.strip() and segment.place != "/model"  # whoever shows it names it apart
    )
    return turns, prompt.uninspected


def answer_turns(answer: RecordedAnswer | None, chunks: Sequence[Chunk]) -> tuple[Turn, ...]:
    """Put the answer together from its chunks, as far as it came; last what was not sent."""
    if answer is None:
        return ()
    kept_back = _said(answer, tuple(chunk for chunk in chunks if chunk.withheld))
    return (
        *_said(answer, tuple(chunk for chunk in chunks if not chunk.withheld)),
        *(replace(turn, withheld=True) for turn in kept_back),
    )


def _said(answer: RecordedAnswer, kept: tuple[Chunk, ...]) -> tuple[Turn, ...]:
    if not kept:
        return ()
    if "event-stream" in _header(answer.headers, "content-type"):
        with contextlib.suppress(TooLarge):
            if turns := _told(_streamed(kept)):
                return turns
    return _told(_whole(kept))


def _prompt(wire: str, request: RecordedRequest) -> Prompt | None:
    try:
        body = parse_body(_header(request.headers, "content-type"), request.body)
        return body.prompt(wire_for(_api(wire), request.path, body.members))
    except BadRequest:
        return None


def _api(wire: str) -> str:
    """Return the kind of connection that a recorded format (`openai_chat`) belongs to."""
    api = wire.partition("_")[0]
    return api if api in RECORDED else "auto"


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


class _Timed(NamedTuple):
    offset_ms: int
    piece: TextPiece


def _streamed(chunks: tuple[Chunk, ...]) -> Iterator[_Timed]:
    stream = StreamPieces()
    for chunk in chunks:
        for piece in stream.feed(chunk.data):
            yield _Timed(chunk.offset_ms, piece)
    for piece in stream.finish():
        yield _Timed(chunks[-1].offset_ms, piece)


def _whole(chunks: tuple[Chunk, ...]) -> Iterator[_Timed]:
    text = b"".join(chunk.data for chunk in chunks).decode(errors="replace")
    pieces = tuple(answer_text.of_body(loosely(text)))
    plain = TextPiece(("body",), TextKind.TEXT, text)
    for piece in pieces or (plain,):
        yield _Timed(chunks[-1].offset_ms, piece)


@dataclass(slots=True)
class _Telling:
    """A turn while it grows."""

    kind: TextKind
    tool: str = ""
    texts: list[str] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)
    length: int = 0

    def add(self, said: _Timed) -> None:
        self.tool = self.tool or said.piece.tool
        self.texts.append(said.piece.text)
        self.length += len(said.piece.text)
        if self.beats and self.beats[-1].offset_ms == said.offset_ms:
            self.beats.pop()
        self.beats.append(Beat(said.offset_ms, self.length))

    def turn(self) -> Turn:
        text = "".join(self.texts)
        return Turn(Role.ASSISTANT, text, self.kind, self.tool, beats=tuple(self.beats))


def _told(spoken: Iterable[_Timed]) -> tuple[Turn, ...]:
    tellings: dict[tuple[TextKind, str], _Telling] = {}
    for said in spoken:
        # By its repr: what an upstream gives as an index need not be hashable.
        key = (said.piece.kind, repr(said.piece.key))
        tellings.setdefault(key, _Telling(said.piece.kind)).add(said)
    if (TextKind.TEXT, repr(("assistant",))) in tellings:
        # Cursor closes with an event that says everything again.
        tellings.pop((TextKind.TEXT, repr(("result",))), None)
    return tuple(telling.turn() for telling in tellings.values())
