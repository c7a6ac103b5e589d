"""Everything that comes out of the product, one row each: the next output is one row more."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import bson
from aiohttp import web
from pymongo import MongoClient

from app.replay.reader import Reader
from app.search import SessionFilter
from tests.flows.secrecy.canaries import aws_key
from tests.notary.test_notary import notary_at
from tests.notary.test_stream import SECRET, Siem, places
from tests.proxy.linking import Browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tests.flows.secrecy.story import Story

Read: TypeAlias = "Callable[[Story], Awaitable[str | bytes]]"


@dataclass(frozen=True, slots=True)
class Output:
    """`shows` has to be in it, or it was not what it is called; `{word}` is the story's."""

    name: str
    read: Read
    shows: str
    may_have: tuple[str, ...] = ()
    """Secrets that belong there."""


async def database(story: Story) -> bytes:
    """Return all documents of all collections, as they are stored."""

    def read() -> bytes:
        with MongoClient[dict[str, object]](story.house.mongodb_uri) as client:
            stored = client[story.house.database]
            names = stored.list_collection_names()
            return b"".join(bson.encode(row) for name in names for row in stored[name].find())

    return await asyncio.to_thread(read)


async def unsealed(story: Story) -> bytes:
    """Return what was asked and answered, as the product reads it."""
    storage, found = story.house.storage(), []
    reader = Reader(storage.sessions, storage.pieces, storage.pages)
    sessions = await storage.sessions.search(SessionFilter(), limit=100)
    assert set(story.sessions) < {session.id for session in sessions}
    for session in sessions:
        halves = await reader.halves(session)
        assert not halves.lost
        found += [str(session).encode(), halves.request, *(one.data for one in halves.chunks)]
    storage.close()
    return b"\n".join(found)


async def ledger(story: Story) -> str:
    storage = story.house.storage()
    entries = await storage.ledger.entries("")
    for session_id in story.sessions:
        entries += await storage.ledger.entries(session_id)
    storage.close()
    return str(entries)


async def callers(story: Story) -> str:
    """Return all answers and refusals, with their headers."""
    return "\n".join(f"{one.status_code} {one.headers} {one.text}" for one in story.answers)


async def model(story: Story) -> str:
    async with story.house.model() as driver:
        return str([(one.path, one.headers, one.body) for one in await driver.requests()])


async def metrics(story: Story) -> str:
    async with story.house.http(story.token) as http:
        return (await http.get("/-/metrics")).text


async def slack(story: Story) -> str:
    """Return cards, direct messages, modals and Home tabs of all people."""
    ines = story.people["ines"]
    view = await ines.command("/replay", story.sessions[0])
    seen = [view.raw, (await ines.wait_for_view("Page 1 of")).raw]
    await ines.close_view(everything=True)
    messages = [one.raw for person in story.people.values() for one in person.messages()]
    return json.dumps([*seen, *messages, *story.slack])


async def held(story: Story) -> str:
    return "".join(one.text for one in story.while_held)


def page(path: str, *, accept: str = "text/html") -> Read:
    """Return a page of the replay as an auditor sees it; `{asked}` and `{streamed}` are ids."""

    async def read(story: Story) -> str:
        named = path.format(asked=story.sessions[0], streamed=story.sessions[2])
        async with Browser() as browser:
            choice = await browser.get(f"{story.house.url}/-/replay")
            await browser.post(choice.url, data={"person": "ines"})
            address = f"{story.house.url}/-/replay{named}"
            return (await browser.get(address, headers={"accept": accept})).text

    return read


async def acts(story: Story) -> str:
    """Return the page of a session after an auditor wrote secrets into what can be written."""
    async with Browser() as browser:
        choice = await browser.get(f"{story.house.url}/-/replay")
        await browser.post(choice.url, data={"person": "ines"})
        address = f"{story.house.url}/-/replay/{story.sessions[2]}"
        form = re.search(r'name="form" value="([^"]+)"', (await browser.get(address)).text)
        assert form is not None
        held = {"scope": "session", "reason": f"case {aws_key('hold')}", "do": "place"}
        await browser.post(f"{address}/legal-hold", data={"form": form[1], **held})
        sought = {"q": f'text:"{aws_key("search")}"'}
        await browser.get(f"{story.house.url}/-/replay", params=sought)
        return (await browser.get(address)).text


def command(*words: str) -> Read:
    """Return what a command says; `{asked}` and `{streamed}` are ids."""

    async def read(story: Story) -> str:
        asked, _, streamed, *_ = story.sessions
        arguments = [word.format(asked=asked, streamed=streamed) for word in words]
        return await run(story, *arguments, COLUMNS="200")

    return read


async def run(story: Story, *words: str, **settings: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", *words),
        env=os.environ | story.house.env | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return said.decode()


async def bundle(story: Story) -> bytes:
    """Return what auditors take away, with all contents."""
    folder, storage = story.house.data / "signed", story.house.storage()
    folder.mkdir(exist_ok=True)
    async with notary_at(folder, storage) as notary:
        await notary.sign()
    storage.close()
    file = folder / "bundle.jsonl"
    said = await run(
        story, "audit", "export", str(file), ABEYANCE_NOTARY_FOLDER=str(folder / "notary")
    )
    assert file.exists(), said
    return file.read_bytes()


async def posted(story: Story) -> str:
    """Return what a SIEM is sent over HTTP."""
    siem, app, storage = Siem(), web.Application(), story.house.storage()
    siem.wanted = sum(map(len, await places(storage)))
    storage.close()
    app.router.add_post("/", siem.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings = {
        "ABEYANCE_STREAM_URL": f"http://127.0.0.1:{runner.addresses[0][1]}/",
        "ABEYANCE_STREAM_SECRET": SECRET,
        "ABEYANCE_STREAM_NAME": "over-http",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "stream"),
        env=os.environ | story.house.env | settings,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await siem.reached.wait()
    process.terminate()
    await process.wait()
    await runner.cleanup()
    return json.dumps(siem.taken)


async def appended(story: Story) -> bytes:
    """Return what a SIEM gets in a file."""
    file = story.house.data / "siem.jsonl"
    settings = {"ABEYANCE_STREAM_FILE": str(file), "ABEYANCE_STREAM_SECONDS": "0.05"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "stream"),
        env=os.environ | story.house.env | settings,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async for sent in _growing(file):
        if all(session_id.encode() in sent for session_id in story.sessions):
            break
    process.terminate()
    await process.wait()
    return file.read_bytes()


async def _growing(file: os.PathLike[str]) -> AsyncIterator[bytes]:
    while True:
        try:
            with open(file, "rb") as opened:  # noqa: ASYNC230, PTH123 - a small file
                yield opened.read()
        except FileNotFoundError:
            yield b""
        await asyncio.sleep(0)


def log(process: str) -> Read:
    async def read(story: Story) -> str:
        found: Mapping[str, str] = {one.name: one.log.read_text() for one in story.house.processes}
        return found[process]

    return read


UPSTREAM = ("the upstream credential",)
OUTPUTS = (
    # What auditors write comes first, so that it is in all that is looked at later.
    Output("page of a session on which an auditor acted", acts, "[aws-access-key-id]"),
    Output("database as it is stored", database, "abeyance-conversation"),
    Output("content of the record, opened", unsealed, "{word}"),
    Output("ledger", ledger, "session.opened"),
    Output("audit bundle", bundle, '"type":"session"'),
    Output("file for a SIEM", appended, "answer.ended"),
    Output("posts to a SIEM", posted, "answer.ended"),
    Output("answers and refusals", callers, "{word}"),
    Output("requests to the model API", model, "{word}", UPSTREAM),
    Output("metrics", metrics, "abeyance_requests"),
    Output("Slack", slack, "{word}"),
    Output("holds in a terminal, over HTTP", held, "{word}"),
    Output("list of sessions", page(""), "{asked}"),
    Output("page of a held session", page("/{asked}"), "{word}"),
    Output("page of a streamed session", page("/{streamed}"), "{word}"),
    Output("live tail", page("/{streamed}/live", accept="text/event-stream"), "{word}"),
    Output("page of a conversation", page("/{streamed}/conversation"), "{word}"),
    Output("export of a conversation", page("/{streamed}/conversation/export"), "{word}"),
    Output("export of a session", page("/{streamed}/export"), "{word}"),
    Output("raw request", page("/{asked}/raw?side=request"), "{word}"),
    Output("raw answer", page("/{streamed}/raw?side=answer"), "data:"),
    Output("seal", page("/{asked}/seal"), "ntact"),
    Output("what today's catalog says", page("/{asked}/today"), "production-needs-a-manager"),
    Output("dashboard", page("/dashboard"), "mask-secrets-in-prompts"),
    Output("abeyance session list", command("session", "list", "--json"), "{asked}"),
    Output("abeyance session show", command("session", "show", "{streamed}"), "{word}"),
    Output(
        "abeyance session show --json", command("session", "show", "{asked}", "--json"), "{word}"
    ),
    Output("abeyance session rejected", command("session", "rejected", "--json"), "401"),
    Output("abeyance policy stats", command("policy", "stats"), "mask-secrets"),
    Output("log of the gateway", log("gateway"), "{"),
    Output("log of the bot", log("bot"), "{"),
)
