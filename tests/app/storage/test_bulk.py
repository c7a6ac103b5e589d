"""Writes that share a call, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import app.storage.driver
from app.domain.record.session import Chunk, Decision, SessionChange
from app.errors import Unstorable
from app.pieces import Piece
from tests.app.storage.samples import CHUNKS, SESSION
from tests.written import append_chunks

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


@pytest.mark.parametrize("joins_from", [25, 999], ids=["one call", "before MongoDB 8.0"])
async def test_what_cannot_be_written_does_not_hurt_the_others(
    storage: MongoStorage, monkeypatch: pytest.MonkeyPatch, joins_from: int
) -> None:
    monkeypatch.setattr(app.storage.driver, "_JOINS_FROM", joins_from)
    sessions, pieces = storage.sessions, storage.pieces
    key = await storage.data_keys.of("somebody")
    await append_chunks(storage, "other", CHUNKS)
    await pieces.put([Piece("known", b"x")], key)
    faults = await storage.ledger.insert(
        (),
        [
            *sessions.appending("huge", [Chunk(0, 0, b"x" * 17_000_000)], key),
            *sessions.appending("other", [Chunk(0, 0, b"another in the same place")], key),
            *sessions.appending("other", CHUNKS, key),
            *pieces.putting([Piece("known", b"x"), Piece("new", b"y")], key),
            sessions.changing(replace(SESSION, id="\ud800"), SessionChange(Decision.ALLOWED)),
            sessions.changing(replace(SESSION, id="no such"), SessionChange(Decision.ALLOWED)),
            sessions.opening(SESSION),
        ],
    )
    kinds = {place: type(fault) for place, fault in enumerate(faults) if fault is not None}
    assert {place: issubclass(kind, Unstorable) for place, kind in kinds.items()} == {
        0: True,
        1: True,
        5: True,
    }
    assert await sessions.get(SESSION.id) == SESSION
    assert await sessions.chunks("other") == CHUNKS
    assert await pieces.get(["known", "new"]) == (b"x", b"y")
