"""Pages lose nothing, are masked across their ends, and are read one by one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import SystemClock
from app.domain.record.session import Chunk, RecordedAnswer, RecordedRequest, SessionState, Side
from app.domain.segment import Role
from app.pages import LEAF_PAGES, PAGE_CHARS, Spread, index, leaf_pages, paged
from app.pieces import Cutter
from app.replay.reader import Reader
from app.replay.transcript import Turn
from proxy.record.pager import Pager
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import put_body
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.domain.record.session import Session
    from app.pages import Page
    from app.storage.store import MongoStorage

SECRET = re.compile(r"key-[0-9]+")
texts = st.builds(
    lambda piece, times, end: piece * times + end,
    st.text(max_size=40),
    st.integers(0, 900),
    st.sampled_from(["", "\n", "😀"]),
)


def mask(text: str) -> str:
    return SECRET.sub("[key]", text)


def masking(_texts: Sequence[str]) -> Callable[[str], str]:
    return mask


def spreads(pages: list[Page]) -> list[Spread]:
    around = [(), *pages, ()]
    return [Spread.of(*around[at : at + 3]) for at in range(len(pages))]


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, max_size=30))
def test_pages_join_to_the_turns_and_none_is_too_long(said: list[str]) -> None:
    turns = [Turn(Role.USER, text, place=f"/{n}") for n, text in enumerate(said)]
    pages = list(paged(turns))
    joined: dict[str, str] = {}
    for part in (part for page in pages for part in page):
        assert part.continued == (part.turn.place in joined)
        joined[part.turn.place] = joined.get(part.turn.place, "") + part.turn.text
    assert joined == {turn.place: turn.text for turn in turns}
    assert all(sum(len(part.turn.text) for part in page) <= PAGE_CHARS for page in pages)
    found, leaves = index("s", Side.REQUEST, pages, [], Cutter(b"key", "s"))
    assert found.pages == len(pages)
    assert found.leaves == tuple(leaf.id for leaf in leaves)
    assert [page for leaf in leaves for page in leaf_pages(leaf.data)] == pages


@settings(max_examples=60, deadline=None)
@given(st.integers(PAGE_CHARS - 30, PAGE_CHARS + 5), st.integers(1, 60))
def test_a_secret_across_the_end_of_a_page_is_masked_on_both(before: int, digits: int) -> None:
    text = "a" * before + "key-" + "7" * digits + "b" * (2 * PAGE_CHARS)
    shown = [spread.masked(mask) for spread in spreads(list(paged([Turn(Role.USER, text)])))]
    words = ["".join(part.turn.text for part in page) for page in shown]
    assert "7" not in "".join(words)
    assert "key-" not in "".join(words)
    assert sum(word.count("a") for word in words) == before
    assert sum(word.count("b") for word in words) == 2 * PAGE_CHARS
    assert 1 <= sum(word.count("[key]") for word in words) <= 2


async def stored(
    storage: MongoStorage, body: bytes, *answer: bytes, kind: str = "text/plain"
) -> Session:
    """Record a session as the gateway does, and write its pages."""
    request = RecordedRequest("POST", "v1/x", "", (("content-type", "text/plain"),), body, "d")
    given = RecordedAnswer(200, (("content-type", kind),), NOW, NOW, sum(map(len, answer)))
    session = a_session(NOW, wire="plain", gateway="me", unpaged=(Side.REQUEST,))
    names = await put_body(storage, session, body)
    session = replace(session, request=request.head(names))
    await open_session(storage, session)
    chunks = [Chunk(n, n, data) for n, data in enumerate(answer)]
    await append_chunks(storage, session.id, chunks)
    await change_session(storage, session.id, answer=given, unpaged=(Side.ANSWER,))
    await change_session(storage, session.id, state=SessionState.CLOSED)
    stores = (storage.sessions, storage.pieces, storage.pages)
    await Pager(*stores, storage.data_keys, "me", SystemClock()).look()
    found = await storage.sessions.get(session.id)
    assert found is not None
    assert found.unpaged == ()
    return found


async def test_a_page_of_a_large_session_is_read_without_the_rest_of_it(
    storage: MongoStorage,
) -> None:
    body = b"".join(b"line %07d of the request\n" % n for n in range(90_000))
    session = await stored(storage, body, *(b"answer %07d\n" % n * 50_000 for n in range(3)))
    first = await storage.pages.get(session.id, Side.REQUEST)
    assert first is not None
    # Whatever else is missing: what the page shows is there, and nothing else is asked for.
    leaves = tuple(leaf if n == 20 else "gone" for n, leaf in enumerate(first.leaves))
    await storage.pages.put(replace(first, leaves=leaves))
    session = replace(session, request=replace(session.request, pieces=("gone",)))
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    number = 20 * LEAF_PAGES + 3
    shown = await reader.page(session, number, masking)
    assert shown.number == number
    assert shown.page[0].continued
    assert shown.page[0].turn.text in body.decode()
    last = await reader.page(session, 10_000, masking)
    assert last.number == last.of - 1
    assert last.page[-1].turn.text.endswith("answer 0000002\n")
    assert last.of > first.pages
    assert not last.pending


async def test_small_sides_need_no_pages_and_share_the_first(storage: MongoStorage) -> None:
    session = await stored(storage, b"Say key-123", b"key-456 it ", b"is")
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    shown = await reader.page(session, 0, masking)
    assert (shown.number, shown.of) == (0, 1)
    assert [part.turn.text for part in shown.page] == ["Say [key]", "[key] it is"]


async def test_of_an_answer_that_still_comes_the_beginning_is_shown(storage: MongoStorage) -> None:
    given = RecordedAnswer(200, (("content-type", "text/plain"),), NOW)
    session = a_session(NOW, answer=given)
    await open_session(storage, session)
    await append_chunks(storage, session.id, [Chunk(n, n, b"x" * 400_000) for n in range(9)])
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    shown = await reader.page(session, 10_000, masking)
    assert shown.cut == (Side.ANSWER,)
    assert shown.of < 200


async def test_pages_that_nobody_has_written_yet_are_said_to_be_pending(
    storage: MongoStorage,
) -> None:
    session = a_session(NOW, unpaged=(Side.REQUEST,))
    session = replace(session, request=replace(session.request, body_bytes=10**7))
    await open_session(storage, session)
    reader = Reader(storage.sessions, storage.pieces, storage.pages, tries=1)
    shown = await reader.page(session, 0, masking)
    assert shown.pending == (Side.REQUEST,)
    assert shown.page == ()


@pytest.mark.parametrize("characters", [0, 1, PAGE_CHARS, 100_000])
async def test_the_end_of_a_large_side_is_read_without_the_rest_of_it(
    storage: MongoStorage, characters: int
) -> None:
    lines = b"".join(b"answer %07d\n" % n for n in range(100_000))
    session = await stored(storage, b"Say it", lines)
    found = await storage.pages.get(session.id, Side.ANSWER)
    assert found is not None
    needed = 2 + characters // (PAGE_CHARS // 2 * LEAF_PAGES)
    leaves = tuple("gone" for _ in found.leaves[:-needed]) + found.leaves[-needed:]
    await storage.pages.put(replace(found, leaves=leaves))
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    tail = await reader.tail(session, Side.ANSWER, characters)
    [turn] = tail.turns
    assert lines.decode().endswith(turn.text)
    # With what it takes to mask what lies across its beginning.
    assert len(turn.text) >= characters + PAGE_CHARS // 2
    assert not tail.is_whole


async def test_the_end_of_a_side_of_many_short_turns_has_as_many_characters(
    storage: MongoStorage,
) -> None:
    delta = [{"index": n % 40_000, "delta": {"content": "ten chars."}} for n in range(40_000)]
    events = b"".join(b"data: %s\n\n" % json.dumps({"choices": [d]}).encode() for d in delta)
    session = await stored(storage, b"Say it", events, kind="text/event-stream")
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    tail = await reader.tail(session, Side.ANSWER, 50_000)
    assert len("".join(turn.text for turn in tail.turns)) >= 50_000
    assert not tail.is_whole
    everything = await reader.tail(session, Side.ANSWER, 10**6)
    assert len(everything.turns) == 40_000
    assert everything.is_whole


async def test_all_of_a_small_side_is_its_end(storage: MongoStorage) -> None:
    session = await stored(storage, b"Say it", b"It")
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    tail = await reader.tail(session, Side.ANSWER, 10)
    assert ([turn.text for turn in tail.turns], tail.is_whole) == (["It"], True)
