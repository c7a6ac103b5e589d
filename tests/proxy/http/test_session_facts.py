"""What a session knows of its sender, its conversation and its time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.domain.event import EventKind
from app.domain.record.session_facts import Cost, Origin, Tokens
from app.search import SessionFilter
from tests.proxy.http.conftest import answer
from tests.recorded import recorded

if TYPE_CHECKING:
    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
- id: mask-keys
  title: A key in a prompt
  on: request
  when: {prompt: {detectors: [aws-access-key-id]}}
  then: mask
  explain: Keys do not belong in prompts.
  examples: {match: ["AKIAIOSFODNN7EXAMPLQ"], skip: ["a key"]}
"""
USAGE = {"prompt_tokens": 11, "completion_tokens": 31, "total_tokens": 42}


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "keys.yaml").write_text(RULES)
    return settings


async def test_a_session_knows_who_sent_it_how_long_it_took_and_what_it_cost(here: Here) -> None:
    await here.connect(wire="openai")
    here.upstream.answers.append(answer(json.dumps({"choices": [], "usage": USAGE}).encode()))
    headers = {
        "authorization": f"Bearer {await here.token()}",
        "user-agent": "claude-cli/2.1 (external, cli)",
        "abeyance-reason": "FIN-231",
        "abeyance-conversation": "Nightly",
        "x-forwarded-for": "203.0.113.9",
    }
    body = {"model": "gpt-5.4", "messages": [{"role": "user", "content": "hello"}]}
    async with here.http(**headers) as http:
        sent = await http.post("/it/v1/chat/completions", json=body)
    session = await recorded(here.place.storage, sent.headers["abeyance-session"])
    # No proxy stands before this gateway, so the client has made up the forwarded address.
    agent = "claude-cli/2.1 (external, cli)"
    assert session.origin == Origin("127.0.0.1", agent, "Claude Code", "FIN-231")
    assert session.identity.token_id
    assert session.answer is not None
    assert session.answer.tokens == Tokens(11, 31, None, None, 42)
    assert session.answer.cost == Cost(493, "2026-06-30")
    assert session.request.received == ""
    timing = session.answer.timing
    assert timing is not None
    assert None not in (timing.sent, timing.headed, timing.first, timing.last, timing.upstream)
    for name in ("nightly", session.conversation.id[:16] if session.conversation else ""):
        wanted = SessionFilter(conversation=name)
        found = await here.place.storage.sessions.search(wanted, limit=5)
        assert [one.id for one in found] == [session.id]


async def test_a_request_that_was_masked_is_also_named_as_it_was_received(here: Here) -> None:
    headers = {"authorization": f"Bearer {await here.token()}"}
    received = []
    for key in ("AKIAIOSFODNN7EXAMPLQ", "AKIAIOSFODNN7EXAMPLQ", "AKIAIOSFODNN7EXAMPLR"):
        body = {"model": "m", "messages": [{"role": "user", "content": f"my key is {key}"}]}
        async with here.http(**headers) as http:
            sent = await http.post("/it/v1/chat/completions", json=body)
        session = await recorded(here.place.storage, sent.headers["abeyance-session"])
        [opened] = [
            entry.event.data
            for entry in await here.place.storage.ledger.entries(session.id)
            if entry.event.kind is EventKind.SESSION_OPENED
        ]
        assert opened["received"] == session.request.received
        received.append((session.request.digest, session.request.received))
    # The masked requests are the same, and so would be a digest over them.
    assert received[0] == received[1]
    assert received[0][0] == received[2][0]
    assert received[0][1] != received[2][1]
