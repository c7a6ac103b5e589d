"""The commands that keep content and end it, as they are typed."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from app.domain.event import EventKind
from app.errors import NotFound, NotPermitted
from app.storage.store import MongoStorage
from cli.here import settings_here
from cli.main import command_line
from tests.app.retention.test_purging import ALICE, CLOCK, OLD, recorded, writing
from tests.app.storage.samples import GRANT
from tests.app.storage.test_mongo import a_session
from tests.sealing import MASTER, RECORD_KEYS, put_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

    from app.domain.record.session import Session


@pytest.fixture
def uri(
    mongodb_uri: str, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str]]:
    given = {"MONGODB_URI": mongodb_uri, "ABEYANCE_MONGODB_DATABASE": database_name}
    given |= RECORD_KEYS | {"ABEYANCE_RETENTION_DAYS": "90", "COLUMNS": "200"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings_here.cache_clear()
    yield mongodb_uri, database_name
    settings_here.cache_clear()


def typed(*words: str) -> Result:
    return CliRunner().invoke(command_line(list(words)), list(words))


def said(*words: str) -> str:
    result = typed(*words)
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


async def two_sessions(uri: tuple[str, str]) -> tuple[Session, Session]:
    """Write an old session and a young one of Alice, and a piece of content that was lost."""
    storage = MongoStorage.connect(*uri, MASTER)
    await storage.prepare()
    await storage.people.saw(ALICE, CLOCK.now())
    async with writing(storage) as ledger:
        old = await recorded(storage, ledger, b"old")
        young = await recorded(storage, ledger, b"young", at=CLOCK.now() - timedelta(days=1))
    await put_body(storage, a_session(OLD), b"lost")
    storage.close()
    return old, young


async def left(uri: tuple[str, str], *sessions: Session) -> list[bool]:
    storage = MongoStorage.connect(*uri, MASTER)
    found = [await storage.sessions.get(session.id) is not None for session in sessions]
    storage.close()
    return found


async def kinds(uri: tuple[str, str]) -> list[EventKind]:
    storage = MongoStorage.connect(*uri, MASTER)
    found = [entry.event.kind for entry in await storage.ledger.entries("")]
    storage.close()
    return found


def test_what_is_held_stays_and_what_is_not_goes(uri: tuple[str, str]) -> None:
    old, young = asyncio.run(two_sessions(uri))
    email = ALICE.email
    assert "1 of 1 old sessions would be removed" in said("purge", "--dry-run")
    assert "Held: person" in said("session", "hold", "--person", email, "--reason", "a dispute")
    assert "Held: session" in said("session", "hold", "--session", young.id, "--reason", "too")
    holds = said("session", "holds")
    assert "a dispute" in holds
    assert young.id in holds
    assert "0 of 1 old sessions were removed" in said("purge")
    refused = typed("person", "erase", email, "--reason", "asked", "--yes")
    assert isinstance(refused.exception, NotPermitted)
    assert "unhold" in str(refused.exception)
    assert asyncio.run(left(uri, old, young)) == [True, True]
    for words in (("--person", email), ("--session", young.id)):
        assert "No longer held" in said("session", "unhold", *words, "--reason", "over")
    again = typed("session", "unhold", "--person", email, "--reason", "over")
    assert isinstance(again.exception, NotFound)
    purged = said("purge")
    assert "1 of 1 old sessions were removed" in purged
    assert asyncio.run(left(uri, old, young)) == [False, True]
    declined = typed("person", "erase", email, "--reason", "asked")
    assert declined.exit_code == 1, "nobody has said yes"
    assert "1 session removed" in said("person", "erase", email, "--reason", "asked", "--yes")
    assert asyncio.run(left(uri, old, young)) == [False, False]
    found = asyncio.run(kinds(uri))
    of_her = [EventKind.LEGAL_HOLD_PLACED, EventKind.LEGAL_HOLD_LIFTED, EventKind.PERSON_ERASED]
    assert [kind for kind in found if kind in of_her] == of_her


def test_a_purge_removes_content_that_belongs_to_no_session(uri: tuple[str, str]) -> None:
    asyncio.run(two_sessions(uri))
    assert "1 piece of content that belongs to no session would" in said("purge", "--dry-run")
    assert "1 piece of content that belongs to no session was" in said("purge")
    assert "to no session" not in said("purge")


def test_a_purge_removes_grants_that_have_ended_and_that_nothing_names(
    uri: tuple[str, str],
) -> None:
    async def given() -> None:
        storage = MongoStorage.connect(*uri, MASTER)
        await storage.grants.put(replace(GRANT, expires_at=OLD))
        storage.close()

    asyncio.run(given())
    assert "1 ended grant would be removed" in said("purge", "--dry-run")
    assert EventKind.GRANTS_PURGED not in asyncio.run(kinds(uri))
    assert "1 ended grant was removed" in said("purge")
    assert EventKind.GRANTS_PURGED in asyncio.run(kinds(uri))
    assert "ended grant" not in said("purge")


async def more_that_is_due(uri: tuple[str, str]) -> None:
    """Write a piece of content that belongs to no session, and then another old session."""
    storage = MongoStorage.connect(*uri, MASTER)
    await put_body(storage, a_session(OLD), b"lost later")
    async with writing(storage) as ledger:
        await recorded(storage, ledger, b"old too")
    storage.close()


async def unreadable_grant(uri: tuple[str, str]) -> None:
    """Write a grant that has ended, and that does not read as one."""
    storage = MongoStorage.connect(*uri, MASTER)
    await storage.grants.put(replace(GRANT, expires_at=OLD))
    storage.close()
    with MongoClient[dict[str, object]](uri[0]) as client:
        client[uri[1]]["grants"].update_one({"_id": GRANT.id}, {"$set": {"hold_id": 7}})


def test_a_pass_that_fails_at_the_grants_does_not_look_for_lost_content_again_that_day(
    uri: tuple[str, str],
) -> None:
    asyncio.run(two_sessions(uri))
    asyncio.run(unreadable_grant(uri))
    command = [sys.executable, "-m", "cli", "purge", "--every", "0.01"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as purging:
        try:
            assert purging.stdout is not None
            lines = iter(purging.stdout)
            assert any("to no session was removed" in line for line in lines)
            assert "does not read" in next(lines)
            asyncio.run(more_that_is_due(uri))
            assert any("content of 1 of" in line for line in lines)
            following = next(lines)
        finally:
            purging.terminate()
    assert "content of 0 of" in following
    assert (
        "1 piece of content that belongs to no session would" in typed("purge", "--dry-run").output
    )


def test_keys_are_wrapped_anew_by_the_newest_master_key(
    uri: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(two_sessions(uri))
    newest = f"new:{base64.b64encode(bytes(32)).decode()}"
    monkeypatch.setenv("ABEYANCE_RECORD_KEYS", f"{newest},{RECORD_KEYS['ABEYANCE_RECORD_KEYS']}")
    settings_here.cache_clear()
    assert "1 data keys are wrapped with “new” now" in said("record", "rotate")
    assert "0 data keys" in said("record", "rotate")
    monkeypatch.setenv("ABEYANCE_RECORD_KEYS", newest)
    settings_here.cache_clear()
    assert "were removed" in said("purge")
    assert EventKind.RECORD_KEYS_ROTATED in asyncio.run(kinds(uri))
