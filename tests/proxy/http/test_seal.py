"""The seal of a session is green as long as nobody changed anything of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from policies.loader import load_catalog
from proxy.replay.seal import checked
from proxy.replay.today import today
from tests.recorded import recorded

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_change_of_a_session_breaks_its_seal(here: Here) -> None:
    storage, settings = here.place.storage, here.place.settings
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
        sent = await http.post("/it/v1/chat/completions", json=body)
    session = await recorded(storage, sent.headers["abeyance-session"])
    intact = await checked(storage, session)
    assert intact.faults == ()
    assert (intact.is_over, intact.is_gone, intact.entries > 1) == (True, False, True)
    own = {"event.session_id": session.id}
    with MongoClient[dict[str, Any]](settings.mongodb_uri.get_secret_value()) as client:
        database = client[settings.mongodb_database]
        changes: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
            ("sessions", {"_id": session.id}, {"connection": "other"}, "another digest"),
            (
                "ledger",
                own | {"event.kind": "session.opened"},
                {"event.data.connection": "x"},
                "does not fit its seal",
            ),
            ("ledger", own | {"event.kind": "answer.ended"}, {"previous": "0"}, "does not follow"),
        ]
        for name, which, change, fault in changes:
            before = database[name].find_one(which)
            assert before is not None, name
            database[name].update_one(which, {"$set": change})
            told = await checked(storage, session)
            assert fault in " ".join(told.faults), fault
            database[name].replace_one(which | {"_id": before["_id"]}, before, upsert=True)
        assert (await checked(storage, session)).faults == ()
        first = database["ledger"].find_one(own | {"event.kind": "session.opened"})
        assert first is not None
        database["ledger"].delete_one({"_id": first["_id"]})
        told = await checked(storage, session)
        assert "no entry says that it was opened" in " ".join(told.faults)
        database["ledger"].insert_one(first)


async def test_today_s_catalog_says_what_it_would_decide(here: Here) -> None:
    storage = here.place.storage
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        body = {"model": "m", "messages": [{"role": "user", "content": "xyzzy"}]}
        sent = await http.post("/it/v1/chat/completions", json=body)
    session = await recorded(storage, sent.headers["abeyance-session"])
    content = b"".join(await storage.pieces.get(session.request.pieces))
    catalog = load_catalog(here.place.settings.catalog)
    same = today(session, content, catalog)
    assert (same.before, same.after, same.rules) == ("deny", "deny", ())
    other = today(session, content.replace(b"xyzzy", b"hello"), catalog)
    assert (other.before, other.after) == ("deny", "allow")
