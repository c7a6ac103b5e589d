"""Calls in an answer that is one JSON document: it is kept whole until all of them are ruled on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from app.errors import TooLarge
from app.wire import strict_json
from app.wire.answer import content_sniffing
from app.wire.base import Json
from app.wire.calls.base import Passed, Ruling
from app.wire.calls.rulings import Rulings
from app.wire.calls.stream import unreadable

if TYPE_CHECKING:
    from app.domain.tool_call import ToolCall

_ESCAPE = b"\\u"


class Found(NamedTuple):
    """A call in a document. `text`: its arguments are text, not a JSON object."""

    call: ToolCall
    text: bool = False


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """Where the calls are in one API's documents, and how these are written."""

    markers: tuple[bytes, ...]
    """One of them is in every document with a call, unless escapes spell it."""
    calls: Callable[[Json], list[Found]]
    """Finds all calls, in the order of the document."""
    ruled: Callable[[Json, Sequence[Ruling]], Json]
    """Makes the document with each call, in the order of `calls`, as it was ruled on."""
    stopped: Callable[[Json, str], Json]
    """Makes an answer that says a text, of the document if that is one."""


class DocumentReader:
    """A `CallReader` of a document.

    What is no JSON, or not whole, goes on as it came if nothing in it may be a call; else `finish`
    raises `UpstreamUnavailable`.
    """

    is_streamed = False

    def __init__(self, form: DocumentForm, wanted: Callable[[str], bool], *, limit: int) -> None:
        self._form = form
        self._wanted = wanted
        self._limit = limit
        self._rulings = Rulings()
        self._parts: list[bytes] = []
        self._size = 0
        self._before = ""  # the JSON
        self._document: Json = None
        self._numbers: list[int | None] = []  # of all calls; None for those that no rule looks at
        self._finished = False
        self._over = False
        self._sent = False

    def feed(self, data: bytes) -> None:
        if self._over or not data:
            return
        self._size += len(data)
        if self._size > self._limit:
            self._end()
            raise TooLarge(f"The answer passes the limit of {self._limit} bytes for one document.")
        self._parts.append(data)

    def finish(self) -> None:
        if self._over or self._finished:
            return
        body = b"".join(self._parts)
        self._parts = [body]
        self._over = True
        if _may_hold(body, self._form.markers):
            self._read(body.decode("utf-8", "replace"))
        self._over = False
        self._finished = True

    def _read(self, text: str) -> None:
        self._before = content_sniffing.prefix(text)
        try:
            self._document = strict_json.parse_loosely(text[len(self._before) :])
        except ValueError:
            raise unreadable("what may be a tool call in JSON that is not whole") from None
        self._numbers = [
            self._rulings.add(call, text=is_text) if self._wanted(call.tool) else None
            for call, is_text in self._form.calls(self._document)
        ]

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self._rulings.calls

    def rule(self, number: int, ruling: Ruling) -> None:
        """Raises `ValueError` for a ruling that cannot be carried out, as `Rulings` has it."""
        self._rulings.rule(number, ruling)

    def flow(self) -> bytes:
        if self._over or not self._finished or not self._decided:
            return b""
        body = self._written()
        self._sent = True
        self._end()
        return body

    @property
    def keeps(self) -> bool:
        decided = self._finished and self._decided
        return bool(self._parts) and not self._over and not decided

    def say(self, text: str) -> bytes:  # noqa: ARG002 - a document says nothing before it is whole
        return b""

    def alive(self) -> bytes:
        return b""

    def stop(self, text: str) -> bytes:
        if self._sent:
            return b""
        self._sent = True
        self._end()
        return strict_json.dump(self._form.stopped(self._document, text))

    @property
    def _decided(self) -> bool:
        return self._rulings.decided(range(len(self._rulings.calls)))

    def _written(self) -> bytes:
        rulings = [
            Passed() if number is None else self._rulings[number] for number in self._numbers
        ]
        if all(isinstance(ruling, Passed) for ruling in rulings):
            return b"".join(self._parts)
        return self._before.encode() + strict_json.dump(self._form.ruled(self._document, rulings))

    def _end(self) -> None:
        self._over = True
        self._parts = []


def objects(value: dict[str, Json], name: str) -> list[dict[str, Json]]:
    """Return the objects in a member that is a list of them, or absent.

    Raises `UpstreamUnavailable` for anything else, in which a client might find a call.
    """
    found = value.get(name)
    if found is None:
        return []
    known = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    if not isinstance(found, list) or len(known) < len(found):
        raise unreadable(f"{name} of an unknown form")
    return known


def _may_hold(body: bytes, markers: tuple[bytes, ...]) -> bool:
    return _ESCAPE in body or any(marker in body for marker in markers)
