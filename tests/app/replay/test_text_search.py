"""A text is found in what was asked and answered, as it would be shown."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import Chunk, RecordedAnswer, Session
from app.errors import BadRequest
from app.ids import new_id
from app.pieces import Cutter
from app.replay.reader import Reader
from app.replay.text_search import Progress, TextSearch, saying
from app.search import SessionFilter
from tests.app.storage.test_mongo import NOW, a_session
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.replay.text_search import Content
    from app.storage.store import MongoStorage

JSON = (("content-type", "application/json"),)


async def told(storage: MongoStorage, at: int, asked: str, answered: str = "") -> Session:
    now = NOW + timedelta(seconds=at)
    body = {"model": "m", "messages": [{"role": "user", "content": asked}]}
    cut = Cutter(b"names", new_id(now)).cut(json.dumps(body).encode())
    session = a_session(now, wire="openai")
    await storage.pieces.put(cut, await storage.data_keys.of(session.identity.key))
    pieces = tuple(piece.id for piece in cut)
    session = replace(session, request=replace(session.request, pieces=pieces))
    await open_session(storage, session)
    if answered:
        said = {"choices": [{"message": {"role": "assistant", "content": answered}}]}
        await append_chunks(storage, session.id, [Chunk(0, 1, json.dumps(said).encode())])
        await change_session(storage, session.id, answer=RecordedAnswer(200, JSON, NOW))
    return session


def masking(_texts: Sequence[str]) -> Callable[[str], str]:
    return lambda text: text.replace("hunter2", "[password]")


async def found(
    storage: MongoStorage, text: str, *, limit: int = 50, seconds: float = 30.0, before: str = ""
) -> Progress:
    async def say(contents: Sequence[Content], sought: str) -> list[bool]:
        return saying(contents, sought, masking)

    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    search = TextSearch(storage.sessions, reader, say, seconds=seconds)
    wanted = SessionFilter(text=text)
    return [one async for one in search.found(wanted, limit=limit, before=before)][-1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("drop table", [1, 0]),
        ("DROP", [1, 0]),
        ("größer", [2]),
        ("hunter2", []),
        ("content", []),
        ('say "so', [2]),
    ],
)
async def test_a_text_is_found_as_it_would_be_shown(
    storage: MongoStorage, text: str, numbers: list[int]
) -> None:
    sessions = [
        await told(storage, 0, "please Drop\n  Table users"),
        await told(storage, 1, "hello", "I will drop table users"),
        await told(storage, 2, 'GRÖSSER say "so", hunter2'),
    ]
    last = await found(storage, text)
    assert [session.id for session in last.found] == [sessions[n].id for n in numbers]
    assert (last.looked_at, last.unread, last.is_over, last.has_more) == (3, 0, True, False)


async def test_a_search_ends_in_time_and_goes_on_from_there(storage: MongoStorage) -> None:
    sessions = [await told(storage, at, f"word {at}") for at in range(30)]
    first = await found(storage, "word", seconds=0)
    assert first.has_more
    assert 0 < first.looked_at < 30
    assert first.last == sessions[-first.looked_at].id
    assert first.back_to == sessions[-first.looked_at].started_at
    rest = await found(storage, "word", before=first.last)
    assert not rest.has_more
    both = [*first.found, *rest.found]
    assert [session.id for session in both] == [session.id for session in reversed(sessions)]
    assert len((await found(storage, "word", limit=4)).found) == 4


async def test_what_cannot_be_read_any_more_is_counted(storage: MongoStorage) -> None:
    kept = await told(storage, 0, "some words")
    lost = await told(storage, 1, "other words")
    await storage.pieces.remove(lost.request.pieces)
    last = await found(storage, "words")
    assert ([one.id for one in last.found], last.unread) == ([kept.id], 1)


async def test_no_other_search_passes_over_a_text_in_silence(storage: MongoStorage) -> None:
    with pytest.raises(BadRequest, match="text:"):
        await storage.sessions.search(SessionFilter(text="word"), limit=1)
