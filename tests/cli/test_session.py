"""`abeyance session` as an auditor types it: found by words, read as text, and recorded."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from app.domain.event import EventKind
from app.domain.session import Chunk, Decision, RecordedAnswer, RequestHead
from app.domain.session_facts import Timing, Tokens
from app.pieces import Cutter
from app.vault import Vault
from tests.app.storage.test_mongo import NOW, a_session
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

NAUGHTY = "[red]hello\x1b[2J\u202e key AKIAIOSFODNN7EXAMPLE"


async def test_an_auditor_finds_and_reads_a_session_in_a_terminal(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": NAUGHTY}]}).encode()
    pieces = Cutter(Vault.new_key()).cut(body)
    await storage.pieces.put(pieces)
    request = RequestHead("POST", "v1/x", "", (), "d", len(body), (pieces[0].id,))
    session = a_session(NOW, decision=Decision.DENIED, model=NAUGHTY, request=request)
    await open_session(storage, session)
    await append_chunks(storage, session.id, [Chunk(0, 5, b'{"content": [{"text": "world"}]}')])
    answer = RecordedAnswer(200, (), NOW, tokens=Tokens(total=1234), timing=Timing(1, 2, 3, 4_500))
    await change_session(storage, session.id, answer=answer)
    await open_session(storage, a_session(NOW))
    environment = {"MONGODB_URI": mongodb_uri, "ABEYANCE_MONGODB_DATABASE": database_name}

    async def typed(*arguments: str) -> str:
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "cli", "session", *arguments],
            env=os.environ | environment | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=True,
        )
        return ran.stdout

    listed = await typed("list", "decision:denied")
    assert session.id[-6:].upper() in listed
    assert "1,234" in listed
    assert "4.5 s" in listed
    [line] = (await typed("list", "decision:denied", "--json")).splitlines()
    assert json.loads(line)["id"] == session.id
    shown = await typed("show", session.id)
    assert "[red]hello[2J key [aws-access-key-id]" in shown
    assert "world" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    exported = json.loads(await typed("show", session.id, "--json"))
    assert "AKIA" not in exported["request_body"]
    events = [entry.event for entry in await storage.ledger.entries(session.id)]
    assert [(event.kind, event.data["in"]) for event in events] == [
        (EventKind.REPLAY_SHOWN, "terminal")
    ] * 2
    await typed("list", "user:AKIAIOSFODNN7EXAMPLE")
    searches = [entry.event.data["query"] for entry in await storage.ledger.entries("")]
    assert searches == ["decision:denied"] * 2 + ["user:[aws-access-key-id]"]
