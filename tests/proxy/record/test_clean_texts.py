"""Texts of a large request that were found clean are not looked through again when it is shown."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.record.session import RecordedRequest, Side, whole
from app.domain.record.session_facts import Conversation
from app.pages import LARGE_BYTES, WHOLE_BYTES, Clean
from app.replay.reader import Reader
from app.settings import POLICIES
from policies.loader import load_catalog
from proxy.record.pager import Pager
from proxy.replay.telling import Recorded, told
from proxy.work.pool import Pool
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import put_body
from tests.written import open_session

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.storage.store import MongoStorage
    from policies.compiled_catalog import Catalog

NAMED = 'DB_PASSWORD = "Tr0ub4dor&35" is in the file'
AGAIN = "I have set Tr0ub4dor&35 as you asked"
PLAIN = "The build folder holds what the last run left behind. "
HISTORY = [PLAIN * 50 + str(number) for number in range(LARGE_BYTES // 2_500)]


@cache
def catalog() -> Catalog:
    return load_catalog(POLICIES)


def asking(*texts: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": text} for text in texts]}).encode()


async def stored(storage: MongoStorage, body: bytes) -> Session:
    """Record a session of one conversation whose request is yet to be cut into pages."""
    talk = Conversation("c" * 32, "a talk", "header")
    session = a_session(
        NOW, wire="openai_chat", gateway="me", unpaged=(Side.REQUEST,), conversation=talk
    )
    key = await storage.data_keys.of(session.identity.key)
    kind = (("content-type", "application/json"),)
    request = RecordedRequest("POST", "v1/chat/completions", "", kind, body, "d")
    session = replace(
        session, key=key.id, request=request.head(await put_body(storage, session, body))
    )
    await open_session(storage, session)
    return session


async def recorded(storage: MongoStorage, session: Session) -> Recorded:
    """Return a session as it is read for its conversation's page."""
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    key = (await storage.data_keys.opened([session.key]))[session.key]
    [asked] = await reader.asked([session])
    one = Recorded(session.wire, whole(session.request, b""), None, (), (), asked.pieces)
    return replace(one, clean=asked.clean, cutter=key.cutter(session))


async def test_what_is_shown_is_the_same_as_if_all_of_it_was_looked_through(
    storage: MongoStorage,
) -> None:
    first = await stored(storage, asking(*HISTORY, NAMED))
    second = await stored(storage, asking(*HISTORY, NAMED, AGAIN, "and so on"))
    stores = storage.sessions, storage.pieces, storage.pages
    with closing(Pool(POLICIES, catalog)) as pool:
        await Pager(*stores, storage.data_keys, "me", SystemClock(), pool).look()
    turns = [await recorded(storage, session) for session in (first, second)]
    for turn in turns:
        assert turn.clean.by == catalog().looks
        assert turn.cutter is not None
        digests = {text: turn.cutter.digest(text) for text in (*HISTORY, NAMED)}
        assert turn.clean.digests >= {digests[text] for text in HISTORY}
        assert digests[NAMED] not in turn.clean.digests
    small = replace(turns[0], clean=Clean(), cutter=None)
    for shown in (turns, turns[1:], [small, turns[1]]):
        anew = [replace(turn, clean=Clean()) for turn in shown]
        assert told(shown, 3_000, catalog()) == told(anew, 3_000, catalog())
    [last] = told(turns[1:], 3_000, catalog())
    assert "as you asked" in last.asked[-2].body
    assert "Tr0ub4dor" not in last.asked[-2].body


async def test_what_other_rules_found_clean_is_looked_through(storage: MongoStorage) -> None:
    session = await stored(storage, asking(NAMED))
    turn = await recorded(storage, session)
    assert turn.cutter is not None
    digests = frozenset([turn.cutter.digest(NAMED)])
    for by, is_shown in ((catalog().looks, True), ("others", False), ("", False)):
        [shown] = told([replace(turn, clean=Clean(by, digests))], 0, catalog())
        assert ("Tr0ub4dor" in shown.asked[0].body) == is_shown


async def test_a_request_that_is_never_read_as_a_whole_is_not_looked_through(
    storage: MongoStorage,
) -> None:
    session = await stored(storage, asking("x" * WHOLE_BYTES))
    stores = storage.sessions, storage.pieces, storage.pages
    with closing(Pool(POLICIES, catalog)) as pool:
        await Pager(*stores, storage.data_keys, "me", SystemClock(), pool).look()
    assert (await recorded(storage, session)).clean == Clean()
    assert await storage.pages.get(session.id, Side.REQUEST) is not None
