"""`abeyance connection` as an administrator types it, on a real database."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.domain.connection import Waiting
from app.storage.ports import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.storage.store import MongoStorage

CREDENTIAL = "sk-upstream-0123456789"


@pytest.fixture
def abeyance(mongodb_uri: str, database_name: str) -> Callable[..., str]:
    environment = os.environ | {
        "MONGODB_URI": mongodb_uri,
        "ABEYANCE_MONGODB_DATABASE": database_name,
        "ABEYANCE_VAULT_KEY": base64.b64encode(bytes(32)).decode(),
        "COLUMNS": "200",
    }

    def run(*words: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "connection", *words],
            input=CREDENTIAL,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stderr
        return done.stdout + done.stderr

    return run


async def test_how_callers_wait_is_set_changed_and_written_down_with_who_did_it(
    abeyance: Callable[..., str], storage: MongoStorage
) -> None:
    abeyance("add", "cursor", "https://api.cursor.example", "--waiting", "silent")
    assert "silent, 55 s at most" in abeyance("change", "cursor", "--patience", "55")
    assert "silent, 55 s at most" in abeyance("list")
    known = await storage.connections.get("cursor")
    assert known is not None
    assert (known.waiting, known.patience) == (Waiting.SILENT, 55.0)
    abeyance("rotate", "cursor")
    abeyance("remove", "cursor")
    events = [entry.event for entry in await storage.ledger.entries("")]
    assert {event.kind for event in events} == {EventKind.CONNECTION_CHANGED}
    assert sorted(str(event.data["what"]) for event in events) == [
        "add",
        "change",
        "remove",
        "rotate",
    ]
    assert all("at a terminal" in str(event.data["by"]) for event in events)
    assert CREDENTIAL not in str(events)


def test_a_change_that_changes_nothing_says_what_can_be_changed(
    abeyance: Callable[..., str],
) -> None:
    assert "--waiting, --patience" in abeyance("change", "cursor", fails=True)
    assert "There is no connection" in abeyance("change", "cursor", "--waiting=auto", fails=True)
