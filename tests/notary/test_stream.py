"""The ledger as a stream: nothing is lost or skipped, whatever fails or dies."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from app.clock import SystemClock
from app.domain.event import Entry, Event, EventKind
from app.errors import BadSettings
from app.settings import load_settings
from app.stream_settings import StreamSettings
from notary.stream.following import Follower
from notary.stream.main import run_stream
from notary.stream.ocsf import event_of
from notary.stream.sinks import FileSink, SinkUnavailable, UrlSink
from notary.stream.stream import Stream
from tests.notary.test_notary import write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from app.storage.store import MongoStorage

KEY = b"k" * 32
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
REQUIRED = {
    *("activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata"),
    *("actor", "api", "src_endpoint"),
}
"""Of the class API Activity in OCSF 1.9.0."""
NOW = SystemClock().now()


@dataclass
class Siem:
    """Takes what is posted, but every third time; tells when it has a number of events."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    posts: int = 0
    wanted: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    token: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        due = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{due}"
        self.token = headers.get("authorization", "")
        self.posts += 1
        if self.posts % 3 == 1:
            return web.Response(status=503, headers={"retry-after": "0"})
        self.taken += [json.loads(line) for line in body.splitlines()]
        if len(self.seen()) >= self.wanted:
            self.reached.set()
        return web.Response(status=204)

    def seen(self) -> list[str]:
        """Return the ids of the events, each where it first came."""
        return list(dict.fromkeys(event["metadata"]["uid"] for event in self.taken))


@pytest.fixture
async def siem() -> AsyncIterator[Siem]:
    siem, app = Siem(), web.Application()
    app.router.add_post("/", siem.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    siem.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield siem
    await runner.cleanup()


@asynccontextmanager
async def stream_to(siem: Siem, storage: MongoStorage, batch: int = 3) -> AsyncIterator[Stream]:
    settings = StreamSettings(stream_batch=batch)
    async with httpx.AsyncClient() as http:
        sink = UrlSink(siem.url, SECRET, "Splunk x", SystemClock(), http)
        follower = Follower(storage.ledger, await storage.positions.of("siem"))
        yield Stream(follower, storage.positions, sink, settings, "1.0")


async def drain(stream: Stream) -> None:
    while True:
        try:
            if not await stream.deliver():
                return
        except SinkUnavailable:
            continue


async def places(storage: MongoStorage) -> list[list[str]]:
    """Return what is in each chain, in its order."""
    firsts = await storage.ledger.firsts()
    chains = [await storage.ledger.chain(first.chain, 0, 0) for first in firsts]
    return [[entry.place for entry in chain] for chain in chains]


async def test_a_restart_neither_loses_nor_skips_and_each_chain_is_in_order(
    storage: MongoStorage, siem: Siem
) -> None:
    await write(storage, "gateway", 10)
    async with stream_to(siem, storage) as stream:
        with pytest.raises(SinkUnavailable):
            await stream.deliver()
        assert await stream.deliver() == 3
    await write(storage, "bot", 4)
    async with stream_to(siem, storage) as stream:
        await drain(stream)
    # Nothing comes again where the position was kept.
    assert len(siem.taken) == 14
    seen = siem.seen()
    for chain in await places(storage):
        assert [place for place in seen if place in chain] == chain
    assert siem.token == "Splunk x"


async def test_a_stream_that_is_killed_goes_on_where_it_was(
    storage: MongoStorage, siem: Siem, mongodb_uri: str, database_name: str
) -> None:
    environment = {
        "MONGODB_URI": mongodb_uri,
        "ABEYANCE_MONGODB_DATABASE": database_name,
        "ABEYANCE_STREAM_URL": siem.url,
        "ABEYANCE_STREAM_SECRET": SECRET,
        "ABEYANCE_STREAM_BATCH": "2",
        "ABEYANCE_STREAM_SECONDS": "0.05",
    }
    written = 0
    for _ in range(3):
        await write(storage, "gateway", 7)
        written += 7
        siem.wanted = written - 3
        siem.reached.clear()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", "stream"),
            env=os.environ | environment,
            stdout=asyncio.subprocess.DEVNULL,
        )
        await siem.reached.wait()
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with stream_to(siem, storage) as stream:
        await drain(stream)
    assert sorted(siem.seen()) == sorted(
        place for chain in await places(storage) for place in chain
    )
    # Each death repeats one batch at the most.
    assert len(siem.taken) <= written + 3 * 2


async def test_a_stream_survives_a_sink_that_is_away_and_goes_on_after_an_orderly_stop(
    storage: MongoStorage, siem: Siem, mongodb_uri: str, database_name: str
) -> None:
    settings = load_settings({"mongodb_uri": mongodb_uri, "mongodb_database": database_name})
    own = StreamSettings(
        stream_url=siem.url, stream_secret=SecretStr(SECRET), stream_batch=2, stream_seconds=0.01
    )
    announced: list[str] = []
    for written in (5, 10):
        await write(storage, "gateway", 5)
        siem.wanted = written
        siem.reached.clear()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run_stream(settings, own, stop, announced.append))
            await siem.reached.wait()
            stop.set()
    assert announced == [siem.url, siem.url]
    assert sorted(siem.seen()) == sorted(
        place for chain in await places(storage) for place in chain
    )
    # Each stop repeats one batch at the most.
    assert len(siem.taken) <= 10 + 2 * 2


async def test_a_stream_without_a_sink_says_which_settings_name_one(mongodb_uri: str) -> None:
    settings = load_settings({"mongodb_uri": mongodb_uri})
    with pytest.raises(BadSettings, match="ABEYANCE_STREAM_URL or ABEYANCE_STREAM_FILE"):
        await run_stream(settings, StreamSettings(), asyncio.Event(), print)


async def test_a_gap_is_waited_for_and_then_told_and_passed(storage: MongoStorage) -> None:
    event = Event(EventKind.RULE_MARKED, NOW, "", {})
    entries = [Entry("bot/1", seq, event, "", f"h{seq}") for seq in (0, 2, 3)]
    await storage.ledger.insert(entries)
    patient = Follower(storage.ledger, {}, gap_seconds=3600)
    [first] = await patient.read(9)
    patient.passed([first])
    assert await patient.read(9) == []
    await storage.ledger.insert([Entry("bot/1", 1, event, "", "h1")])
    assert [entry.seq for entry in await patient.read(9)] == [1, 2, 3]
    hasty = Follower(storage.ledger, {"bot/1": 4}, gap_seconds=0)
    await storage.ledger.insert([Entry("bot/1", 6, event, "", "h6")])
    assert [entry.seq for entry in await hasty.read(9)] == [6]


async def test_what_a_crash_left_half_written_comes_again_on_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    sink = FileSink(tmp_path / "logs" / "events.jsonl")
    await sink.take([b'{"n":1}\n', b'{"n":2}\n'])
    with sink.path.open("ab") as file:
        file.write(b'{"n":3')
    await sink.take([b'{"n":3}\n'])
    assert sink.path.read_text().splitlines() == ['{"n":1}', '{"n":2}', '{"n":3', '{"n":3}']


@pytest.mark.parametrize("kind", EventKind, ids=[kind.value for kind in EventKind])
def test_every_kind_of_entry_is_an_event_of_api_activity(kind: EventKind) -> None:
    data: dict[str, str | int] = {"identity": "issuer|alice", "connection": "openai", "n": 7}
    entry = Entry("gateway/1", 17, Event(kind, NOW, "s1", data), "before", "seal")
    told = event_of(entry, "1.0")
    assert set(told) >= REQUIRED
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
    assert told["activity_id"] in {1, 2, 3, 4}
    assert told["metadata"]["uid"] == "gateway/1:000000000017"
    assert told["metadata"]["correlation_uid"] == "s1"
    assert told["metadata"]["version"] == "1.9.0"
    assert told["actor"]["user"]["uid"] == "issuer|alice"
    assert told["unmapped"] == {"n": 7, "seal": "seal", "previous": "before"}


def test_a_model_is_named_by_the_profile_for_ai_and_a_refusal_is_a_failure() -> None:
    data: dict[str, str | int] = {"connection": "openai", "model": "gpt-5.4", "status": 200}
    entry = Entry("gateway/1", 1, Event(EventKind.SESSION_OPENED, NOW, "s", data), "", "")
    told = event_of(entry, "1.0")
    assert told["metadata"]["profiles"] == ["ai_operation"]
    assert told["ai_model"] == {"model_name": "gpt-5.4", "ai_provider": "openai"}
    assert told["http_response"] == {"code": 200}
    refused = Event(EventKind.REQUEST_REFUSED, NOW, "s", {"reason": "no"})
    told = event_of(Entry("gateway/1", 2, refused, "", ""), "1.0")
    assert (told["status_id"], told["severity_id"], told["status_detail"]) == (2, 2, "no")
