"""What a provider runs itself is seen in its answer, when it has run: recorded, or denied."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.domain.event import EventKind
from app.domain.record.session import MOST_ARGUMENTS, Decision
from tests.proxy.http.conftest import answer
from tests.recorded import recorded

if TYPE_CHECKING:
    import httpx

    from app.domain.record.session import RecordedAnswer
    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
- id: no-searches
  title: The model searches the web
  on: response
  when: {tool_call: {name: [web_search], arguments: {words: [merger]}}}
  then: deny
  explain: Nothing of a merger is searched for.
  examples: {match: [merger], skip: [weather]}
- id: searches
  title: The model searches for people
  on: response
  when: {tool_call: {name: [web_search], arguments: {words: [people]}}}
  then: hold
  approval: {from: [managers]}
  explain: A manager looks at it.
  examples: {match: [people], skip: [weather]}
"""
SETS = "- {name: managers, slack_groups: [managers]}\n"


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "searches.yaml").write_text(RULES)
    (settings.catalog / "approvers.yaml").write_text(SETS)
    return settings


def searched(query: str) -> bytes:
    """Return the answer of a model that has searched the web, and says what it found."""
    return json.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [
                {
                    "type": "server_tool_use",
                    "id": "srvtoolu_1",
                    "name": "web_search",
                    "input": {"query": query},
                },
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "text", "text": "This is what I found."},
            ],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    ).encode()


async def ask(here: Here) -> httpx.Response:
    await here.connect(wire="anthropic")
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        return await http.post("/it/v1/messages", json={"model": "m", "messages": []})


async def answered(here: Here, given: httpx.Response) -> RecordedAnswer:
    session = await recorded(here.place.storage, given.headers["abeyance-session"])
    assert session.answer is not None
    return session.answer


async def test_a_search_of_the_provider_that_is_denied_ends_the_answer(here: Here) -> None:
    here.upstream.answers = [answer(searched("the merger"))]
    given = await ask(here)
    assert given.status_code == 403
    assert "Nothing of a merger is searched for" in given.text
    assert "This is what I found" not in given.text
    said = await answered(here, given)
    assert "Nothing of a merger is searched for" in said.error
    [call] = said.calls
    assert (call.decision, call.rules) == (Decision.DENIED, ("no-searches",))
    assert call.by_provider
    entries = await here.place.storage.ledger.entries(given.headers["abeyance-session"])
    [decided] = [e.event.data for e in entries if e.event.kind is EventKind.CALL_DECIDED]
    assert (decided["tool"], decided["decision"], decided["rules"]) == (
        *("web_search", "denied", "no-searches"),
    )


async def test_a_search_of_the_provider_is_recorded_and_never_held(here: Here) -> None:
    here.upstream.answers = [answer(searched("people in Berlin"))]
    given = await ask(here)
    assert given.content == searched("people in Berlin")
    [call] = (await answered(here, given)).calls
    assert (call.decision, call.rules, call.by_provider) == (Decision.ALLOWED, ("searches",), True)
    assert json.loads(call.arguments) == {"query": "people in Berlin"}
    assert not call.is_cut


async def test_of_a_long_call_the_record_says_that_it_is_cut(here: Here) -> None:
    here.upstream.answers = [answer(searched("people " * 10_000))]
    [call] = (await answered(here, await ask(here))).calls
    assert (len(call.arguments), call.is_cut) == (MOST_ARGUMENTS, True)
