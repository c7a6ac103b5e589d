"""An agent sends its whole conversation again and again; the record keeps it once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bson
import pytest
from pymongo import MongoClient

import app
from app.audit.ledger import ChainedLedger
from app.clock import SystemClock
from app.domain.record.session_facts import Conversation
from proxy.record.pager import Bodies
from proxy.record.recorder import Recorder
from tests.app.storage.test_mongo import ALICE, VERDICT
from tests.proxy.test_facts import Sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.storage.store import MongoStorage

TURNS = 40
TURN_CHARS = 4_700
TALK = Conversation("c1", "c1", "header")
TOOLS = [{"name": f"tool{n}", "input_schema": {"type": "object"}} for n in range(12)]


def turns(order: str) -> Iterator[bytes]:
    """Yield the bodies of an agent that reads one file after the other."""
    files = sorted(Path(app.__file__).parent.rglob("*.py"))
    texts = (text for file in cycle(files) if len(text := file.read_text()) > TURN_CHARS)
    said: list[dict[str, Any]] = []
    for number, text in enumerate(islice(texts, TURNS)):
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": text[:TURN_CHARS]}
        said.append({"role": "user", "content": [result]})
        parts = {"model": "m", "messages": list(said), "tools": TOOLS, "stream": True}
        yield json.dumps({name: parts[name] for name in order.split()}).encode()
        use = {"type": "tool_use", "id": f"t{number + 1}", "name": "Read", "input": {"n": number}}
        said.append({"role": "assistant", "content": [use]})


@pytest.mark.parametrize(
    "order", ["model tools stream messages", "model messages tools stream"], ids=["last", "first"]
)
async def test_a_conversation_of_forty_turns_takes_little_more_than_its_last_turn(
    storage: MongoStorage, mongodb_uri: str, database_name: str, order: str
) -> None:
    ledger = ChainedLedger(storage.ledger, "test")
    bodies = Bodies(storage.pieces, storage.data_keys)
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        for body in turns(order):
            inquiry = replace(Sent(body=body).read(), conversation=TALK)
            recording = await recorder.open(ALICE, inquiry, VERDICT)
            names = recording.session.request.pieces
            assert b"".join(await storage.pieces.get(names)) == body
        running.cancel()
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        rows = client[database_name]
        pieces = sum(len(bson.encode(row)) for row in rows["pieces"].find())
        lists = [row["request"]["pieces"] for row in rows["sessions"].find()]
    assert len(lists) == TURNS
    assert pieces + sum(len(bson.encode({"p": names})) for names in lists) < 1.2 * len(body)


async def test_a_turn_writes_only_the_pieces_that_are_not_known_to_be_stored(
    storage: MongoStorage,
) -> None:
    bodies = Bodies(storage.pieces, storage.data_keys)
    key = await bodies.key(ALICE.key)
    ledger = ChainedLedger(storage.ledger, "test")
    recorder = Recorder(storage.sessions, bodies, ledger, SystemClock(), "me")
    first, *_, second = islice(turns("model messages"), 3)
    inquiry = replace(Sent(body=first).read(), conversation=TALK)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ledger.run())
        recording = await recorder.begin(ALICE, inquiry, VERDICT)
        # Nothing is stored yet, so it is written again, should this attempt be lost.
        names, writes = await bodies.keep(recording.session, first, key)
        assert len(writes) == len(names)
        await recording.open()
        running.cancel()
    assert (await bodies.keep(recording.session, first, key)) == (names, [])
    more, new = await bodies.keep(recording.session, second, key)
    assert 0 < len(new) < len(more)
