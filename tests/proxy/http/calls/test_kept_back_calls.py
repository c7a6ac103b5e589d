"""Calls that were let pass, but stood behind one on which nobody decided."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import Decision
from tests.proxy.http.conftest import answer
from tests.proxy.http.test_provider_calls import SETS, answered

if TYPE_CHECKING:
    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
- id: deploys
  title: The agent deploys
  on: response
  when: {tool_call: {name: ["@shell"], arguments: {words: [deploy]}}}
  then: hold
  approval: {from: [managers]}
  explain: A manager looks at it.
  examples: {match: [deploy], skip: [build]}
"""


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "deploys.yaml").write_text(RULES)
    (settings.catalog / "approvers.yaml").write_text(SETS)
    return settings


def stream(*commands: str) -> bytes:
    calls = [
        {
            "index": at,
            "id": f"c{at}",
            "type": "function",
            "function": {"name": "bash", "arguments": json.dumps({"command": command})},
        }
        for at, command in enumerate(commands)
    ]
    choices = [
        {"index": 0, "delta": {"role": "assistant", "tool_calls": calls}},
        {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
    ]
    events = [json.dumps({"choices": [choice]}) for choice in choices]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()


async def test_what_was_kept_back_to_the_end_is_not_recorded_as_made(here: Here) -> None:
    body = stream("ls first", "deploy it", "ls behind")
    here.upstream.answers = [answer(body, "content-type: text/event-stream")]
    await here.connect(wire="openai")
    headers = {"authorization": f"Bearer {await here.token()}", "prefer": "wait=1"}
    sent = {"model": "m", "messages": [], "stream": True}
    async with here.http(**headers) as http:
        given = await http.post("/it/v1/chat/completions", json=sent)
    assert "ls first" in given.text
    assert "ls behind" not in given.text
    calls = (await answered(here, given)).calls
    assert [call.decision for call in calls] == [
        *(Decision.ALLOWED, Decision.PENDING, Decision.WITHDRAWN),
    ]
