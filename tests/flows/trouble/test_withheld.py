"""A rule forbids an answer: the client gets an error in its place, and the record has the rest."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from app.domain.record.session import Decision, Session, SessionState
from app.replay.transcript import answer_turns
from tests.flows.house import open_house
from tests.flows.trouble.test_hostile_upstream import CREDENTIAL, answer, raw_upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.replay.transcript import Turn
    from sandbox.idp.driver import IdpDriver
    from tests.flows.house import House

RULES = """\
- id: no-bluebird
  title: The code name of a project
  on: response
  when: {answer: {words: [bluebird]}}
  then: deny
  risk: high
  explain: Do not let a model write about it.
  examples: {match: [bluebird], skip: [birds]}
- id: no-secrets
  title: Secrets
  on: response
  when: {answer: {detectors: [secrets]}}
  then: mask
  risk: high
  explain: No secrets.
  examples: {match: [AKIAIOSFODNN7EXAMPLE], skip: [birds]}
"""
KEY = "AKIAQ3EGRZX7VLNP5J2M"
PROMPT = f"Say bluebird and then the key {KEY} and good night"


@pytest.fixture(scope="module")
def house(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    (data / "policies" / "catalog").mkdir(parents=True)
    (data / "policies" / "catalog" / "rules.yaml").write_text(RULES)
    (data / "policies" / "approvers.yaml").write_text(
        "- name: managers\n  slack_groups: [managers]\n"
    )
    with open_house(data, mongodb_uri, data / "policies") as house:
        yield house


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_what_follows_a_denial_is_recorded_masked_and_never_sent(
    house: House, idp: IdpDriver, *, stream: bool
) -> None:
    said = [{"role": "user", "content": PROMPT}]
    body = {"model": "sandbox-1", "messages": said, "stream": stream}
    async with house.http(await idp.token("alice")) as http:
        answer = await http.post("/openai/v1/chat/completions", json=body)
    assert answer.status_code == (200 if stream else 403)
    assert "no-bluebird" in answer.text
    assert "bluebird" not in answer.text.replace("no-bluebird", "")
    assert "good night" not in answer.text
    session, spoken = await _record(house, answer.headers["abeyance-session"])
    assert session.decision is (Decision.ALLOWED if stream else Decision.DENIED)
    assert session.answer is not None
    assert "no-bluebird" in session.answer.rules
    assert KEY not in "".join(turn.text for turn in spoken)
    assert any(turn.withheld and "good night" in turn.text for turn in spoken)
    assert not any("good night" in turn.text for turn in spoken if not turn.withheld)


async def test_lines_of_json_end_with_an_error_in_a_line_of_its_own(
    house: House, idp: IdpDriver
) -> None:
    seen = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\r\n")
        writer.write(b'{"response":"A bird, "}\n')
        await writer.drain()
        await seen.wait()
        writer.write(b'{"response":"bluebird, "}\n{"response":"good night"}\n')
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await house.register("lines", f"http://127.0.0.1:{port}", CREDENTIAL)
    lines = []
    async with house.http(await idp.token("alice")) as http, http.stream("GET", "/lines/x") as got:
        async for line in got.aiter_lines():
            lines.append(json.loads(line))
            seen.set()
    server.close()
    assert lines[0] == {"response": "A bird, "}
    assert "no-bluebird" in lines[1]["error"]["message"]
    assert len(lines) == 2
    _, spoken = await _record(house, got.headers["abeyance-session"])
    assert any(turn.withheld and "good night" in turn.text for turn in spoken)


@pytest.mark.parametrize(
    ("sent", "told"),
    [({"id": "call-7"}, "call-7"), ([{"id": 1}, {"id": 2}], [1, 2]), ({}, None)],
    ids=["a call", "two calls", "a notice"],
)
async def test_a_refused_call_is_answered_under_its_own_id(
    house: House, idp: IdpDriver, sent: object, told: object
) -> None:
    calls = [{"jsonrpc": "2.0", "method": "tools/call", **call} for call in _list(sent)]
    async with raw_upstream(house, "tools") as upstream:
        upstream.answers = [answer(b'{"jsonrpc":"2.0","id":1,"result":{"x":"bluebird"}}')]
        async with house.http(await idp.token("alice")) as http:
            body = calls if isinstance(sent, list) else calls[0]
            refused = (await http.post("/tools/mcp", json=body)).json()
    assert [error["id"] for error in _list(refused)] == _list(told)
    assert "This answer is withheld" in _list(refused)[0]["error"]["message"]


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, list) else [value]


def _open(session: Session) -> bool:
    return session.state is SessionState.OPEN


async def _record(house: House, session_id: str) -> tuple[Session, tuple[Turn, ...]]:
    storage = house.storage()
    try:
        # The client has its answer before the record has what it did not get.
        while (session := await storage.sessions.get(session_id)) is None or _open(session):  # noqa: ASYNC110 - nothing tells of it in another process
            await asyncio.sleep(0.02)
        chunks = await storage.sessions.chunks(session_id)
        return session, answer_turns(session.answer, chunks)
    finally:
        storage.close()
