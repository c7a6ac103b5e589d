"""How soon an auditor sees a page of a large session, and what that costs everybody else.

    python -m bench.replay --megabytes 20 --runs 30
    python -m bench.replay --page --megabytes 1 --runs 30 --into bench/results
    python -m bench.replay --page --megabytes 1 --turns 20

One session with a request and a streamed answer of that size, each. The product's own bot is asked
for its first, middle and last page; meanwhile a second person clicks all the time. A plain reply of
the sandbox's Slack takes part in every figure, and so does the machine's other work.

With `--page` a browser's requests for its pages at the gateway are measured instead, whole; with
`--turns` of a conversation that has grown to that size.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.clock import SystemClock
from app.domain.identity import Identity, IdentityKind
from app.domain.record.session import (
    Chunk,
    Decision,
    RecordedAnswer,
    RecordedRequest,
    SessionState,
    Side,
)
from app.domain.record.session_facts import Conversation
from app.domain.verdict import Action, Verdict
from app.storage.embedded import embedded_server, embedded_uri
from bench.figures import Figures, add_into
from bench.holds import show
from bench.web_page import PERSON, page_times
from sandbox.idp.clients import GATEWAY_SECRET
from sandbox.people import find_person
from tests.app.storage.test_mongo import ALICE, a_session
from tests.conftest import free_port
from tests.flows.house import House
from tests.sealing import put_body
from tests.written import append_chunks, change_session, open_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.slack.people.driver import SlackUser

MEGABYTE = 1_000_000
CODE = Path(__file__).read_text()
BATCH = 64 * 1024
REST_SECONDS = 0.05


def request_body(size: int) -> bytes:
    """A conversation about code, as agents send it."""
    count = size // len(json.dumps(CODE)) + 1
    turns = [{"role": "user", "content": f"{number}\n{CODE}"} for number in range(count)]
    return json.dumps({"model": "m", "messages": turns}).encode()


def answer_chunks(size: int) -> Iterator[Chunk]:
    """A stream of small deltas, batched as the recorder does it."""
    words = [word + " " for word in CODE.split(" ")]
    waiting, kept, number = b"", 0, 0
    while kept < size:
        delta = {"choices": [{"index": 0, "delta": {"content": words[number % len(words)]}}]}
        waiting += b"data: " + json.dumps(delta).encode() + b"\n\n"
        number += 1
        if len(waiting) > BATCH:
            yield Chunk(kept // BATCH, number, waiting)
            kept, waiting = kept + len(waiting), b""


async def record(house: House, size: int, identity: Identity = ALICE, answer_size: int = 0) -> str:
    """Write the session that the gateway is to cut into pages; return its id.

    Its answer is as large as its request where nothing else is said.
    """
    storage, now = house.storage(), SystemClock().now() - timedelta(minutes=5)
    headers = (("content-type", "application/json"),)
    sent = RecordedRequest("POST", "v1/chat/completions", "", headers, request_body(size), "d")
    session = a_session(
        now,
        wire="openai_chat",
        identity=identity,
        conversation=Conversation("c" * 32, "a talk", "header"),
        request=sent.head(),
        verdict=Verdict(Action.ALLOW, (), "r"),
        decision=Decision.ALLOWED,
        unpaged=(Side.REQUEST,),
    )
    names = await put_body(storage, session, sent.body)
    key = await storage.data_keys.of(session.identity.key)
    session = replace(session, key=key.id, request=sent.head(names))
    await open_session(storage, session)
    kept = 0
    for chunk in answer_chunks(answer_size or size):
        await append_chunks(storage, session.id, [chunk])
        kept += len(chunk.data)
    answer = RecordedAnswer(200, (("content-type", "text/event-stream"),), now, now, kept)
    began = time.perf_counter()
    await change_session(storage, session.id, answer=answer, unpaged=(Side.ANSWER,))
    await change_session(storage, session.id, state=SessionState.CLOSED)
    async with asyncio.timeout(600):
        while (await storage.sessions.get(session.id) or session).unpaged:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    pages = [await storage.pages.get(session.id, side) for side in Side]
    count = sum(found.pages for found in pages if found)
    print(f"pages written: {count} in {time.perf_counter() - began:.1f} s, by the gateway")
    storage.close()
    return session.id


async def clicking(user: SlackUser, took: list[float]) -> None:
    """Type a command again and again; note how long each is unacknowledged."""
    while True:
        began = time.perf_counter()
        await user.act("command", command="/abeyance", text="help", channel="general")
        took.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(REST_SECONDS)


async def opened(ines: SlackUser, session_id: str, page: int) -> tuple[float, int]:
    """Open a page, counted from 1; return the milliseconds until it is seen, and the last page."""
    began = time.perf_counter()
    await ines.command("/replay", f"{session_id} {page}", within=120)
    view = await ines.wait_for_view(f"Page {page} of", within=120)
    took = (time.perf_counter() - began) * 1000
    of = int(re.findall(rf"Page {page} of (\d+)", view.words)[-1])
    await ines.close_view()
    return took, of


async def measure(house: House, size: int, runs: int, figures: Figures) -> None:
    session_id = await record(house, size)
    found: dict[str, list[float]] = {}
    alone: list[float] = []
    meanwhile: list[float] = []
    async with house.slack() as slack:
        await slack.settings(rates=0, ack_seconds=60)
        ines, maria = await slack.user("ines"), await slack.user("maria")
        await asyncio.wait_for(_for_a_while(clicking(maria, alone)), 60)
        async with asyncio.TaskGroup() as tasks:
            busy = tasks.create_task(clicking(maria, meanwhile))
            for _ in range(runs):
                took, of = await opened(ines, session_id, 1)
                found.setdefault("first page, ms", []).append(took)
                for name, page in (("middle", of // 2), ("last", of)):
                    took, _ = await opened(ines, session_id, page)
                    found.setdefault(f"{name} page, ms", []).append(took)
            busy.cancel()
    found["a click is acknowledged, nothing else going on, ms"] = alone
    found["a click is acknowledged meanwhile, ms"] = meanwhile
    for name, values in found.items():
        show(name, values)
        figures.keep(name, values)
    figures.save()
    tail = statistics.quantiles(meanwhile, n=100)[98] if len(meanwhile) > 1 else meanwhile[0]
    print(f"p99 of {len(meanwhile)}: {tail:.0f} ms")


async def measure_pages(
    house: House, size: int, runs: int, figures: Figures, turns: int = 1
) -> None:
    person = find_person(PERSON)
    if person is None:
        raise RuntimeError("the sandbox does not know who looks")
    issuer = house.sandbox["idp"]["issuer"]
    identity = Identity(issuer, person.sub, IdentityKind.PERSON, person.name, person.email)
    for turn in range(1, turns + 1):
        session_id = await record(house, size * turn // turns, identity, size // turns)
    for name, took in (await page_times(house, session_id, runs)).items():
        show(name, took)
        figures.keep(name, took)
    figures.save()


async def _for_a_while(work: object) -> None:
    task = asyncio.ensure_future(work)  # type: ignore[call-overload]
    await asyncio.sleep(3)
    task.cancel()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--page", action="store_true", help="the page in a browser, not Slack")
    parser.add_argument("--turns", type=int, default=1, help="of the conversation, with --page")
    add_into(parser)
    options = parser.parse_args()
    turns = "" if options.turns == 1 else f"-{options.turns}-turns"
    name = f"page-{options.megabytes}mb{turns}" if options.page else "replay"
    figures = Figures(name, options)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data = Path(folder)
        uri = embedded_uri(port)
        async with embedded_server(port, data / "mongodb", data / "mongodb.log"):
            # Without our own pace for Slack, which is twenty looks at a group a minute.
            settings = {"ABEYANCE_SLACK_POST_SECONDS": "0.01"}
            if options.page:
                port = free_port()
                settings |= {
                    "ABEYANCE_PORT": f"{port}",
                    "ABEYANCE_PUBLIC_URL": f"http://127.0.0.1:{port}",
                    "ABEYANCE_LOGIN_CLIENT_SECRET": GATEWAY_SECRET,
                }
            house = House(data, uri, settings=settings)
            try:
                await asyncio.to_thread(house.open)
                pages = partial(measure_pages, turns=options.turns)
                measuring = pages if options.page else measure
                await measuring(house, options.megabytes * MEGABYTE, options.runs, figures)
            finally:
                await asyncio.to_thread(house.close)


if __name__ == "__main__":
    asyncio.run(main())
