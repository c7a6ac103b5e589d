"""What was decided is decided again by the catalog of its time, and what differs is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from app.clock import SystemClock
from cli.audit.deciding import decide_again
from cli.storing import record
from policies.loader import load_catalog
from proxy.record.archive import CatalogArchive
from tests.recorded import recorded

if TYPE_CHECKING:
    from app.domain.event import Event
    from app.storage.store import MongoStorage
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Recording:
    """Writes each event in a chain of its own."""

    def __init__(self, storage: MongoStorage) -> None:
        self._storage = storage

    async def append(self, event: Event) -> None:
        await record(self._storage, event)


async def test_a_decision_that_its_catalog_does_not_make_is_named(here: Here) -> None:
    storage, settings = here.place.storage, here.place.settings
    catalog = load_catalog(settings.catalog)
    archive = CatalogArchive(storage.catalogs, Recording(storage), SystemClock(), lambda: catalog)
    await archive.keep()
    headers = {"authorization": f"Bearer {await here.token()}"}
    sessions = []
    async with here.http(**headers) as http:
        for words in ("plugh", "xyzzy"):
            body = {"model": "m", "messages": [{"role": "user", "content": words}]}
            sent = await http.post("/it/v1/chat/completions", json=body)
            session = await recorded(storage, sent.headers["abeyance-session"])
            sessions.append(session.id)
    found = await decide_again(storage)
    assert (found.same, found.passed_over, found.unknown, found.faults) == (2, 0, {}, [])
    with MongoClient[dict[str, Any]](settings.mongodb_uri.get_secret_value()) as client:
        database = client[settings.mongodb_database]
        denied = {"event.session_id": sessions[1], "event.kind": "session.opened"}
        database["ledger"].update_one(denied, {"$set": {"event.data.action": "allow"}})
        found = await decide_again(storage)
        assert found.faults == [
            (
                f"session {sessions[1]}",
                f"the catalog {catalog.revision} says deny of its request, and the ledger allow",
            )
        ]
        for key in await storage.keys.of_person(session.identity.key):
            await storage.keys.destroy(key.id, "erased")
        storage.data_keys.forget()
        found = await decide_again(storage)
        assert (found.unreadable, found.same, found.faults) == (2, 0, [])
        files = [["catalog/rule.yaml", catalog.sources["catalog/rule.yaml"] + "# changed"]]
        database["catalogs"].update_one({"_id": catalog.revision}, {"$set": {"files": files}})
        found = await decide_again(storage)
        place = f"catalog {catalog.revision}"
        assert found.faults == [(place, "what is stored of it was changed")]
        assert found.unknown == {catalog.revision: 2}
        database["catalogs"].delete_one({"_id": catalog.revision})
    found = await decide_again(storage)
    assert found.faults == [(place, "the ledger names it, and it is not stored any more")]
    assert found.unknown == {catalog.revision: 2}
