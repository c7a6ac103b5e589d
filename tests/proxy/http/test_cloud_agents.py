"""Cursor's cloud agents: one account holds those of everyone, and each caller has their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from app.domain.record.session import CloudRun
from app.search import parse_filter
from tests.proxy.http.conftest import answer
from tests.proxy.http.test_shared_account import ask

if TYPE_CHECKING:
    from app.domain.record.session import Session
    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "AKIAIOSFODNN7EXAMPLE"
STREAM = "content-type: text/event-stream"
RULES = """
- id: no-keys
  title: The model tells a key
  on: response
  when: {text: {detectors: [aws-access-key-id]}}
  then: mask
  explain: Keys do not belong in answers.
  examples: {match: ["AKIAIOSFODNN7EXAMPLE"], skip: ["a key"]}
"""


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "keys.yaml").write_text(RULES)
    return settings


@pytest_asyncio.fixture(loop_scope="module")
async def cursor(here: Here) -> Here:
    await here.connect(wire="cursor")
    return here


def listed(*agents: str, name: str = "items", **more: str) -> bytes:
    page = {name: [{"id": agent, "name": f"about {agent}"} for agent in agents], **more}
    return answer(json.dumps({**page, "total": 99}).encode())


async def launch(here: Here, person: str, agent: str, version: str = "v1") -> None:
    made: dict[str, Any] = {"id": agent}
    if version == "v1":
        made = {"agent": made, "run": {"id": f"run-{agent}", "agentId": agent}}
    here.upstream.answers = [answer(json.dumps(made).encode(), status="201 Created")]
    launched = await ask(here, person, f"{version}/agents", json={"prompt": {"text": "Hello"}})
    assert launched.status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in ("v1/agents/{}", "v1/agents/{}/runs", "v0/agents/{}")),
        *(("GET", path) for path in ("v1/agents/{}/runs/run-1/stream", "v1/agents/{}/usage")),
        *(("GET", f"v1/agents/{{}}/{path}") for path in ("artifacts", "artifacts/download")),
        *(("POST", f"v1/agents/{{}}/{path}") for path in ("runs", "archive", "unarchive")),
        *(("POST", f"v0/agents/{{}}/{path}") for path in ("followup", "stop")),
        ("POST", "v1/agents/{}/runs/run-1/cancel"),
        ("DELETE", "v1/agents/{}"),
        ("GET", "v0/agents/{}/conversation"),
    ],
)
async def test_an_agent_is_its_makers_on_every_path(cursor: Here, method: str, path: str) -> None:
    await launch(cursor, "alice", "bc-1", path[:2])
    assert (await ask(cursor, "alice", path.format("bc-1"), method=method)).status_code == 200
    sent = len(cursor.upstream.received)
    for person, agent in (("dana", "bc-1"), ("alice", "bc-2")):
        refused = await ask(cursor, person, path.format(agent), method=method)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
    assert len(cursor.upstream.received) == sent


async def test_an_id_that_a_caller_chose_is_theirs_only_once_it_was_made(cursor: Here) -> None:
    await launch(cursor, "alice", "bc-chosen")
    taken = b'{"error": {"code": "agent_id_conflict", "message": "There is one."}}'
    cursor.upstream.answers = [answer(taken, status="409 Conflict")]
    again = {"prompt": {"text": "Hello"}, "agentId": "bc-chosen"}
    assert (await ask(cursor, "dana", "v1/agents", json=again)).status_code == 409
    assert (await ask(cursor, "dana", "v1/agents/bc-chosen", method="GET")).status_code == 404


@pytest.mark.parametrize(("version", "name"), [("v1", "items"), ("v0", "agents"), ("V1", "items")])
async def test_a_list_has_the_callers_own_agents_and_passes_over_empty_pages(
    cursor: Here, version: str, name: str
) -> None:
    await launch(cursor, "alice", "bc-a", version.lower())
    await launch(cursor, "dana", "bc-d", version.lower())
    cursor.upstream.answers = [
        listed("bc-d", "bc-old", name=name, nextCursor="p 2"),
        listed("bc-a", "bc-d", name=name, nextCursor="p3"),
    ]
    page = await ask(cursor, "alice", f"{version}/agents?limit=2&cursor=p1", method="GET")
    assert page.json() == {name: [{"id": "bc-a", "name": "about bc-a"}], "nextCursor": "p3"}
    asked = [received.line.split()[1] for received in cursor.upstream.received[-2:]]
    assert [line.partition("?")[2] for line in asked] == [
        "limit=2&cursor=p1",
        "limit=2&cursor=p%202",
    ]

    cursor.upstream.answers = [answer(b'{"everything": ["bc-d"]}')]
    unread = await ask(cursor, "alice", f"{version}/agents", method="GET")
    assert unread.status_code == 502
    assert "bc-d" not in unread.text


async def test_settings_share_agents_in_a_group_and_open_those_made_elsewhere(
    cursor: Here,
) -> None:
    await cursor.connect(wire="cursor", share_agents=("managers",))
    await launch(cursor, "maria", "bc-shared")
    statuses = {}
    for person in ("marcus", "dana"):
        got = await ask(cursor, person, "v1/agents/bc-shared", method="GET")
        statuses[person] = got.status_code
    assert statuses == {"marcus": 200, "dana": 404}

    await cursor.connect(wire="cursor", open_agents=True)
    assert (await ask(cursor, "dana", "v1/agents/bc-old", method="GET")).status_code == 200
    assert (await ask(cursor, "dana", "v1/agents/bc-shared", method="GET")).status_code == 404


async def test_only_ids_of_events_that_were_sent_resume_a_stream(cursor: Here) -> None:
    await launch(cursor, "alice", "bc-s")
    path = "v1/agents/bc-s/runs/run-1/stream"
    texts = ["All is well. ", KEY[:9], KEY[9:] + ". "]
    events = b"".join(
        f"id: 7-{n}\nevent: assistant\ndata: {json.dumps({'text': text})}\n\n".encode()
        for n, text in enumerate(texts)
    )
    cursor.upstream.answers = [answer(b"event: status\ndata: {}\n\n" + events, STREAM)]
    got = (await ask(cursor, "alice", path, method="GET")).text
    ids = [line.removeprefix("id: ") for line in got.split("\n") if line.startswith("id: ")]
    assert KEY not in got
    sent_on = [event_id.partition(".")[0] for event_id in ids]
    assert sent_on[0] == "7-0"
    assert "7-1" not in sent_on  # in the middle of the key

    cursor.upstream.answers = [answer(b"", STREAM)]
    again = await ask(cursor, "alice", path, method="GET", headers={"last-event-id": ids[0]})
    assert again.status_code == 200
    assert cursor.upstream.last.headers["last-event-id"] == "7-0"
    sent = len(cursor.upstream.received)
    guessed = "7-1" + ids[0].removeprefix("7-0")
    for event_id, of in (("7-1", path), (guessed, path), (ids[0], path.replace("run-1", "run-2"))):
        refused = await ask(cursor, "alice", of, method="GET", headers={"last-event-id": event_id})
        assert refused.json()["error"]["code"] == "invalid_last_event_id"
    assert len(cursor.upstream.received) == sent


async def test_the_record_links_stream_and_launch_and_tells_the_tokens(cursor: Here) -> None:
    await launch(cursor, "alice", "bc-r")
    ended = {"type": "turn-ended", "usage": {"inputTokens": 30, "outputTokens": 12}}
    event = f"id: 7-0\nevent: interaction_update\ndata: {json.dumps(ended)}\n\n".encode()
    cursor.upstream.answers = [answer(event, STREAM)]
    run = "run-bc-r"
    await ask(cursor, "alice", f"v1/agents/bc-r/runs/{run}/stream", method="GET")
    streamed, launched = await recorded(cursor, "bc-r")
    assert (launched.cloud, launched.request.method) == (
        CloudRun("bc-r", run, started=True, tokens=42),
        "POST",
    )
    assert streamed.cloud == CloudRun("bc-r", run)

    usage = {"runs": [{"id": run, "usage": {"inputTokens": 31, "outputTokens": 12}}]}
    cursor.upstream.answers = [answer(json.dumps(usage).encode())]
    await ask(cursor, "alice", "v1/agents/bc-r/usage", method="GET")
    *_, launched = await recorded(cursor, "bc-r")
    assert launched.cloud == CloudRun("bc-r", run, started=True, tokens=43)


async def recorded(here: Here, agent: str) -> tuple[Session, ...]:
    """Find the sessions about an agent, the latest first, as a person searches for them."""
    wanted = parse_filter(f"agent:{agent}", datetime.now(UTC))
    return await here.place.storage.sessions.search(wanted, limit=9)
