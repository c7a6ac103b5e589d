"""`abeyance session` as an auditor types it: found by words, read as text, and recorded."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.event import EventKind
from app.domain.record.session import (
    Chunk,
    Decision,
    RecordedAnswer,
    RecordedCall,
    RequestHead,
    SessionState,
)
from app.domain.record.session_facts import Timing, Tokens, UpstreamFacts
from app.domain.segment import Role
from app.replay.transcript import Beat, Turn
from cli.sessions.playing import pauses, steps
from tests.app.storage.test_mongo import NOW, a_session
from tests.sealing import RECORD_KEYS, put_body
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from app.storage.store import MongoStorage

NAUGHTY = "[red]hello\x1b[2J\u202e key AKIAIOSFODNN7EXAMPLE"


async def test_an_auditor_finds_and_reads_a_session_in_a_terminal(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": NAUGHTY}]}).encode()
    names = await put_body(storage, a_session(NOW), body)
    request = RequestHead("POST", "v1/x", "", (), "d", len(body), names)
    there = UpstreamFacts("https://up.example/v1", "3f9a00000000")
    session = a_session(
        NOW, decision=Decision.DENIED, model=NAUGHTY, request=request, upstream=there
    )
    await open_session(storage, session)
    await append_chunks(storage, session.id, [Chunk(0, 5, b'{"content": [{"text": "world"}]}')])
    call = RecordedCall(
        *("Bash", "ls", Decision.APPROVED, ("looks",)), by="Maria", waited_ms=3000, changed="ls -a"
    )
    tokens, timing = Tokens(total=1234), Timing(1, 2, 3, 4_500)
    answer = RecordedAnswer(200, (), NOW, tokens=tokens, timing=timing, calls=(call,))
    await change_session(storage, session.id, answer=answer)
    await open_session(storage, a_session(NOW))
    environment = {"MONGODB_URI": mongodb_uri, "ABEYANCE_MONGODB_DATABASE": database_name}
    environment |= RECORD_KEYS

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
    assert "approved by Maria after 3.0 s (rule looks): Bash ls" in shown
    assert "Changed by the approver, it ran as ls -a" in shown
    assert json.loads(line)["calls"][0]["changed"] == "ls -a"
    assert "https://up.example/v1, credential 3f9a00000000" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    played = await typed("replay", "decision:denied", "--speed", "1000")
    assert played.index("[red]hello[2J key [aws-access-key-id]") < played.index("world")
    assert "\x1b" not in played
    assert "world" in await typed("replay", "text:world", "--json")
    [*_, end] = (await typed("replay", session.id, "--json")).splitlines()
    assert json.loads(end)["at_ms"] == 4500
    exported = json.loads(await typed("show", session.id, "--json"))
    assert "AKIA" not in exported["request_body"]
    events = [entry.event for entry in await storage.ledger.entries(session.id)]
    assert [(event.kind, event.data["in"]) for event in events] == [
        (EventKind.REPLAY_SHOWN, "terminal")
    ] * 5
    await storage.pieces.remove(names)
    assert "✗ Not intact: A piece of the record is not stored" in await typed("show", session.id)
    assert json.loads(await typed("show", session.id, "--json"))["lost"]
    await typed("list", "user:AKIAIOSFODNN7EXAMPLE")
    searches = [entry.event.data["query"] for entry in await storage.ledger.entries("")]
    assert searches == ["decision:denied"] * 2 + ["user:[aws-access-key-id]"]


async def test_sessions_are_followed_as_they_open_and_end(
    storage: MongoStorage, mongodb_uri: str, database_name: str
) -> None:
    environment = {"MONGODB_URI": mongodb_uri, "ABEYANCE_MONGODB_DATABASE": database_name}
    environment |= RECORD_KEYS
    following = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "cli",
            "session",
            "tail",
            "connection:openai",
            "text:body",
            "--json",
        ),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # A test run in the background of a script ignores it, and so would what it starts.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert following.stdout is not None
    assert following.stderr is not None
    assert b"Following" in await following.stderr.readline()
    now = SystemClock().now()
    said = json.dumps({"messages": [{"role": "user", "content": "a body of text"}]}).encode()
    names = await put_body(storage, a_session(now), said)
    request = RequestHead("POST", "v1/x", "", (), "d", len(said), names)
    ours = a_session(now, connection="openai", decision=Decision.PENDING, request=request)
    await open_session(storage, a_session(now, connection="anthropic", request=request))
    await open_session(storage, a_session(now, connection="openai"))
    await open_session(storage, ours)
    opened = json.loads(await following.stdout.readline())
    await change_session(storage, ours.id, decision=Decision.DENIED, state=SessionState.CLOSED)
    ended = json.loads(await following.stdout.readline())
    following.send_signal(signal.SIGINT)
    rest, _ = await following.communicate()
    assert [(line["event"], line["id"], line["decision"]) for line in (opened, ended)] == [
        ("opened", ours.id, "pending"),
        ("ended", ours.id, "denied"),
    ]
    assert rest == b""
    assert following.returncode == 0


def test_a_replay_keeps_the_rhythm_and_shortens_long_pauses() -> None:
    session = a_session(NOW, decision=Decision.ALLOWED)
    answer = RecordedAnswer(200, (), NOW, timing=Timing(1, 2, 3, 61_000))
    turn = Turn(Role.ASSISTANT, "Hello world", beats=(Beat(1_000, 6), Beat(60_500, 11)))
    told = steps(replace(session, answer=answer), (), (), (turn,), lambda text: text)
    assert [(step.at_ms, step.title, step.text) for step in told] == [
        (1_000, "assistant", "Hello "),
        (60_500, "", "world"),
        (61_000, "allowed", "ended with 200"),
    ]
    assert [seconds for seconds, _ in pauses(told, 2.0, 3.0)] == [0.5, 3.0, 0.25]
    masked = steps(session, (), (), (turn,), lambda text: text.replace("world", "[x]"))
    assert [step.text for step in masked] == ["Hello [x]"]
