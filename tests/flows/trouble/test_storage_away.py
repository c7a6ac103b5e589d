"""The database stops answering, or dies, while requests are held: closed, then whole again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from app.domain.record.session import SessionState
from app.storage.embedded import embedded_command, embedded_uri
from tests.conftest import free_port, wait_until_accepting
from tests.flows.house import House, open_house, send_all_then_read

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from sandbox.idp.driver import IdpDriver
    from sandbox.model.driver import ModelDriver
    from sandbox.slack.people.driver import SlackDriver

CHAT = "/openai/v1/chat/completions"
PATIENT = 60


@dataclass
class Database:
    port: int
    data: Path
    durable: bool = False
    server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = embedded_command(self.port, self.data, durable=self.durable)
        self.server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until_accepting(self.port, self.server)

    def signal(self, number: signal.Signals) -> None:
        assert self.server is not None
        self.server.send_signal(number)

    def kill(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.wait()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(free_port(), tmp_path_factory.mktemp("mongodb"))
    database.start()
    yield database
    database.kill()


@pytest.fixture(scope="module")
def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house"), embedded_uri(database.port)) as house:
        yield house


def saying(words: str) -> dict[str, object]:
    return {"model": "sandbox-1", "messages": [{"role": "user", "content": words}]}


async def send(http: httpx.AsyncClient, words: str) -> httpx.Response:
    return await http.post(CHAT, json=saying(words), timeout=PATIENT)


async def test_while_the_database_does_not_answer_nothing_goes_out_and_a_held_request_waits_on(
    house: House, database: Database, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, word, token = await slack.user("maria"), uuid4().hex[:8], await idp.token("alice")
    async with house.http(token) as http, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(send(http, f"ship {word} to production"))
        card = await maria.wait_for_message(word)
        with database.stopped():
            hook = {"tool": "claude-code", "event": "prompt", "prompt": "hello"}
            call = {"tool": "codex", "event": "tool_call", "name": "Bash", "arguments": {}}
            refused, of_prompt, of_call = await asyncio.gather(
                send(http, "hello"),
                http.post("/-/evaluate", json=hook, timeout=PATIENT),
                http.post("/-/evaluate", json=call, timeout=PATIENT),
            )
            large = await asyncio.to_thread(send_all_then_read, house.url, CHAT, token, 8_000_000)
            ready = await http.get("/-/readyz", timeout=PATIENT)
        assert large.startswith(b"HTTP/1.1 503")
        assert (refused.status_code, ready.status_code) == (503, 503)
        assert (of_prompt.status_code, of_call.status_code) == (503, 503)
        assert await model.requests() == []
        await maria.click(card, "Approve")
        assert (await asking).status_code == 200
        assert (await send(http, "hello")).status_code == 200
    assert len(await model.requests()) == 2


async def test_a_stream_that_cannot_be_recorded_ends_with_an_error_and_its_session_says_why(
    house: House, database: Database, idp: IdpDriver, model: ModelDriver
) -> None:
    body = saying("hello") | {"model": "sandbox-stalling", "stream": True}
    async with (
        house.http(await idp.token("alice")) as http,
        http.stream("POST", CHAT, json=body, timeout=PATIENT) as answer,
    ):
        pieces = answer.aiter_raw()
        said = await anext(pieces)
        await model.wait_for_stalled(1)
        with database.stopped():
            # From now on the gateway knows, and sends nothing that it has not recorded.
            assert (await send(http, "hello")).status_code == 503
            await model.release()
            said += b"".join([piece async for piece in pieces])
        [error] = [line[6:] for line in said.splitlines() if b'"error"' in line]
        assert "cannot be recorded" in json.loads(error)["error"]["message"]
        session_id = answer.headers["abeyance-session"]
        while (await http.get(f"/-/sessions/{session_id}")).json()["state"] == "open":
            pass
    storage = house.storage()
    session = await storage.sessions.get(session_id)
    chunks = await storage.sessions.chunks(session_id)
    entries = await storage.ledger.entries(session_id)
    storage.close()
    assert session is not None
    assert session.answer is not None
    assert session.state is SessionState.INDETERMINATE
    assert "could not be recorded" in session.reason
    assert b"".join(chunk.data for chunk in chunks) == said
    assert session.answer.body_sha256 == hashlib.sha256(said).hexdigest()
    [ended] = [entry.event for entry in entries if entry.event.kind == "answer.ended"]
    assert ended.data["body_sha256"] == session.answer.body_sha256


async def test_a_database_that_is_killed_and_comes_back_has_every_hold(
    house: House, database: Database, slack: SlackDriver, idp: IdpDriver, model: ModelDriver
) -> None:
    maria, word = await slack.user("maria"), uuid4().hex[:8]
    async with house.http(await idp.token("alice")) as http, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(send(http, f"ship {word} to production"))
        card = await maria.wait_for_message(word)
        database.kill()
        await maria.click(card, "Approve")
        told = await maria.wait_for_message("your decision may not count", PATIENT)
        assert told.is_ephemeral
        assert await model.requests() == []
        await asyncio.to_thread(database.start)
        await maria.click(card, "Approve")
        assert (await asking).status_code == 200
        await maria.wait_for_change(card, "*Approved*", PATIENT)
    assert len(await model.requests()) == 1


async def test_a_gateway_is_stopped_while_the_database_does_not_answer(
    house: House, database: Database, slack: SlackDriver, idp: IdpDriver
) -> None:
    maria, word = await slack.user("maria"), uuid4().hex[:8]
    async with house.http(await idp.token("alice")) as http, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(send(http, f"ship {word} to production"))
        await maria.wait_for_message(word)
        with database.stopped():
            stopped = asyncio.to_thread(house.gateway.stop)
            assert await stopped == 0
        assert (await asking).status_code == 503
