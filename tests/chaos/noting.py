"""What a process notes of itself until it is killed: what it was promised, and what it passed on.

A line is in its file when the call returns, so a kill takes none of them away.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from app.domain.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.domain.event import Entry
    from app.storage.bulk import Write
    from app.storage.registers import MongoLedger
    from proxy.record.chunks import Chunks


FORWARDING = (EventKind.REQUEST_FORWARDING, EventKind.REQUEST_FORWARDED)


@dataclass(frozen=True, slots=True)
class Passed:
    """A piece of an answer on its way to the client. Times are of the machine's monotonic clock."""

    came_at: float
    """When the gateway had it, and began to record it."""
    went_at: float
    """When the gateway was free to pass it on."""
    length: int


def note_acknowledged(log: Path) -> None:
    """Note each entry of the ledger as soon as the database has said that it is written."""
    from app.storage.registers import MongoLedger

    path = _acknowledged_by(log)
    insert = MongoLedger.insert

    async def noted(
        self: MongoLedger, entries: Sequence[Entry], writes: Sequence[Write] = ()
    ) -> Any:  # noqa: ANN401
        found = await insert(self, entries, writes)
        with path.open("a") as file:
            file.writelines(f"{entry.place} {entry.hash}\n" for entry in entries)
        return found

    MongoLedger.insert = noted  # type: ignore[method-assign]


def note_unrecorded(log: Path) -> None:
    """Note each request that goes to the model before its intent is known to be written.

    By the name of the model in it, which each run has of its own.
    """
    from app.storage.registers import MongoLedger
    from proxy.upstream import Upstream

    path = log.with_suffix(".unrecorded")
    insert, forward = MongoLedger.insert, Upstream.forward
    models: dict[str, str] = {}
    written: set[str] = set()

    async def noted(
        self: MongoLedger, entries: Sequence[Entry], writes: Sequence[Write] = ()
    ) -> Any:  # noqa: ANN401
        found = await insert(self, entries, writes)
        for entry in entries:
            event = entry.event
            if event.kind is EventKind.SESSION_OPENED:
                models[event.session_id] = str(event.data["model"])
            elif event.kind in FORWARDING:
                written.add(models.get(event.session_id, ""))
        return found

    @wraps(forward)
    def forwarded(self: Upstream, connection: Any, request: Any, *others: Any) -> Any:  # noqa: ANN401
        model = json.loads(request.body)["model"]
        if model not in written:
            with path.open("a") as file:
                file.write(f"{model}\n")
        return forward(self, connection, request, *others)

    MongoLedger.insert = noted  # type: ignore[method-assign]
    Upstream.forward = forwarded  # type: ignore[method-assign]


def unrecorded(log: Path) -> set[str]:
    """Return the models of the requests that a gateway sent before they were recorded."""
    return set(_lines(log.with_suffix(".unrecorded")))


def acknowledged(log: Path) -> dict[str, str]:
    """Return the places and hashes of the entries that a process was told are written."""
    return dict(line.rsplit(" ", 1) for line in _lines(_acknowledged_by(log)))


def note_passed(log: Path) -> None:
    """Note each piece of an answer just before it goes to the client."""
    from proxy.record.chunks import Chunks

    path = _passed_by(log)
    sent, told = Chunks.sent, Chunks.told

    def note(chunks: Chunks, came_at: float, data: bytes) -> None:
        session = chunks._session.id  # noqa: SLF001 - nobody else asks
        line = f"{session} {came_at} {time.monotonic()} {len(data)}\n"
        with path.open("a") as file:
            file.write(line)

    @wraps(sent)
    async def noted(self: Chunks, data: bytes, *, at_once: bool = False) -> None:
        came_at = time.monotonic()
        await sent(self, data, at_once=at_once)
        note(self, came_at, data)

    @wraps(told)
    def noted_words(self: Chunks, data: bytes) -> None:
        came_at = time.monotonic()
        told(self, data)
        note(self, came_at, data)

    Chunks.sent = noted  # type: ignore[method-assign]
    Chunks.told = noted_words  # type: ignore[method-assign]


def passed(log: Path) -> dict[str, list[Passed]]:
    """Return what a gateway passed on, by session, in order."""
    found: dict[str, list[Passed]] = {}
    for line in _lines(_passed_by(log)):
        session, came_at, went_at, length = line.split(" ")
        piece = Passed(float(came_at), float(went_at), int(length))
        found.setdefault(session, []).append(piece)
    return found


def unrecorded_seconds(pieces: Sequence[Passed], kept: int) -> float:
    """Return how much of the end of an answer was passed on and is not among the bytes kept.

    From when the first piece that is missing went out to when the last one came.
    """
    for piece in pieces:
        kept -= piece.length
        if kept < 0:
            return max(0.0, pieces[-1].came_at - piece.went_at)
    return 0.0


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _acknowledged_by(log: Path) -> Path:
    return log.with_suffix(".acknowledged")


def _passed_by(log: Path) -> Path:
    return log.with_suffix(".passed")
