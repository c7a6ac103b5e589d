from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pymongo import MongoClient

from app.domain.issued import KEPT_AFTER_END, EndReason, Secret
from tests.app.storage.samples import ISSUED, LATER, SECRETS, SOON
from tests.app.storage.test_mongo import ALICE, NOW

if TYPE_CHECKING:
    from app.storage.store import MongoStorage


async def test_a_credential_is_found_by_what_it_has_and_had(storage: MongoStorage) -> None:
    await storage.issued.put(ISSUED)
    assert await storage.issued.renew(ISSUED, SECRETS, "renewal 2", "10.0.0.7")
    current = replace(ISSUED, secrets=SECRETS, renewal="renewal 2", address="10.0.0.7")
    for digest in ("first", "second", "renewal", "renewal 2"):
        found = await storage.issued.by_digest(digest)
        assert found is not None
        assert replace(found, turn_until=None) == current
    assert await storage.issued.by_digest("another") is None


async def test_a_refresh_token_renews_a_session_once(storage: MongoStorage) -> None:
    await storage.issued.put(ISSUED)
    assert await storage.issued.renew(ISSUED, SECRETS, "mine", "10.0.0.7")
    assert not await storage.issued.renew(ISSUED, (Secret("other", LATER),), "theirs", "10.0.0.7")
    found = await storage.issued.get(ISSUED.id)
    assert found is not None
    assert (found.secrets, found.renewal) == (SECRETS, "mine")


async def test_one_reads_the_groups_at_a_time(storage: MongoStorage) -> None:
    issued = storage.issued
    await issued.put(ISSUED)
    assert await issued.take_turn(ISSUED, by="a", now=NOW, until=SOON)
    assert not await issued.take_turn(ISSUED, by="b", now=NOW, until=SOON)
    # Who was away for too long has lost it.
    assert await issued.take_turn(ISSUED, by="b", now=SOON, until=LATER)
    assert not await issued.refresh(ISSUED.id, by="a", identity=ALICE, sealed=b"a", at=SOON)
    admin = replace(ALICE, groups=frozenset({"admins"}))
    assert await issued.refresh(ISSUED.id, by="b", identity=admin, sealed=b"b", at=SOON)
    found = await issued.get(ISSUED.id)
    assert found is not None
    assert (found.identity, found.sealed_refresh, found.groups_read_at) == (admin, b"b", SOON)
    # What is seen by now is not what there is: its refresh token is used up.
    assert not await issued.take_turn(ISSUED, by="c", now=LATER, until=LATER)
    assert await issued.take_turn(found, by="c", now=LATER, until=LATER)


async def test_an_ended_credential_keeps_no_refresh_token_and_gets_none(
    storage: MongoStorage,
) -> None:
    issued = storage.issued
    await issued.put(ISSUED)
    assert await issued.take_turn(ISSUED, by="a", now=NOW, until=SOON)
    assert await issued.end(ISSUED.id, EndReason.REVOKED, NOW)
    assert not await issued.end(ISSUED.id, EndReason.REFUSED, SOON)
    assert not await issued.refresh(ISSUED.id, by="a", identity=ALICE, sealed=b"a", at=SOON)
    assert not await issued.take_turn(ISSUED, by="b", now=SOON, until=LATER)
    assert not await issued.renew(ISSUED, SECRETS, "renewal 2", "10.0.0.7")
    found = await issued.get(ISSUED.id)
    assert found is not None
    assert (found.revoked_at, found.revoked_why) == (NOW, EndReason.REVOKED)
    assert found.sealed_refresh == b""
    assert not found.live(NOW)


async def test_the_database_deletes_what_ended_some_days_ago(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    await storage.issued.put(ISSUED)
    await storage.issued.put(replace(ISSUED, id="ended"))
    await storage.issued.end("ended", EndReason.REFUSED, NOW)
    with MongoClient(mongodb_uri, tz_aware=True) as client:
        rows = client[database_name]["issued"]
        purged = {row["_id"]: row["purge_at"] for row in rows.find()}
        [expiring] = [i for i in rows.index_information().values() if "expireAfterSeconds" in i]
    assert purged == {ISSUED.id: LATER + KEPT_AFTER_END, "ended": NOW + KEPT_AFTER_END}
    assert expiring["expireAfterSeconds"] == 0
    assert expiring["key"] == [("purge_at", 1)]
