"""What a session knows of its sender, its conversation and its time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.domain.session_facts import Origin, Tokens
from app.search import SessionFilter
from tests.proxy.http.conftest import answer
from tests.recorded import recorded

if TYPE_CHECKING:
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
USAGE = {"prompt_tokens": 11, "completion_tokens": 31, "total_tokens": 42}


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
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    async with here.http(**headers) as http:
        sent = await http.post("/it/v1/chat/completions", json=body)
    session = await recorded(here.place.storage, sent.headers["abeyance-session"])
    # No proxy stands before this gateway, so the client has made up the forwarded address.
    agent = "claude-cli/2.1 (external, cli)"
    assert session.origin == Origin("127.0.0.1", agent, "Claude Code", "FIN-231")
    assert session.identity.token_id
    assert session.answer is not None
    assert session.answer.tokens == Tokens(11, 31, None, None, 42)
    timing = session.answer.timing
    assert timing is not None
    assert None not in (timing.sent, timing.headed, timing.first, timing.last, timing.upstream)
    for name in ("nightly", session.conversation.id[:16] if session.conversation else ""):
        wanted = SessionFilter(conversation=name)
        found = await here.place.storage.sessions.search(wanted, limit=5)
        assert [one.id for one in found] == [session.id]
