"""Calls that a rule masks: what goes on, what cannot be masked any more, and what is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from app.domain.record.session import Decision
from tests.proxy.http.conftest import answer
from tests.proxy.http.test_provider_calls import answered, ask, searched

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "AKIAIOSFODNN7EXAMPLQ"
TOKEN = "ghp_016C7e3f2A9b4D5c6E7f8A9b0C1d2E3f4A5b6"
RULES = """
- id: no-keys
  title: The model uses a key
  on: response
  when: {tool_call: {arguments: {detectors: [aws-access-key-id]}}}
  then: mask
  explain: Keys do not belong in calls.
  examples: {match: ["AKIAIOSFODNN7EXAMPLQ"], skip: ["a key"]}
"""


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "keys.yaml").write_text(RULES)
    return settings


async def asked(here: Here, body: bytes, content_type: str) -> httpx.Response:
    here.upstream.answers = [answer(body, f"content-type: {content_type}")]
    await here.connect(wire="openai")
    async with here.http(authorization=f"Bearer {await here.token()}") as http:
        return await http.post("/it/v1/chat/completions", json={"model": "m", "messages": []})


def called(arguments: str) -> dict[str, object]:
    function = {"name": "bash", "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": function}]}


def document(arguments: str) -> bytes:
    message = {"role": "assistant", "content": None, **called(arguments)}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return json.dumps({"object": "chat.completion", "choices": [choice]}).encode()


def stream(arguments: str) -> bytes:
    delta = {"index": 0, "delta": {"role": "assistant", **called(arguments)}}
    end = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    events = [json.dumps({"choices": [choice]}) for choice in (delta, end)]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()


ANSWERS = pytest.mark.parametrize(
    ("made", "content_type"),
    [(document, "application/json"), (stream, "text/event-stream")],
    ids=["document", "stream"],
)


@ANSWERS
async def test_a_masked_call_that_cannot_be_written_is_denied(
    here: Here, made: Callable[[str], bytes], content_type: str
) -> None:
    given = await asked(here, made(f"login {KEY}"), content_type)
    assert given.status_code == 200
    assert KEY not in given.text
    assert "was not run" in given.text
    [call] = (await answered(here, given)).calls
    assert call.decision is Decision.DENIED


@ANSWERS
async def test_what_a_masked_call_went_on_with_is_recorded_without_other_secrets(
    here: Here, made: Callable[[str], bytes], content_type: str
) -> None:
    arguments = json.dumps({"command": f"login {KEY} {TOKEN}"})
    given = await asked(here, made(arguments), content_type)
    [call] = (await answered(here, given)).calls
    assert call.decision is Decision.MASKED
    assert "[aws-access-key-id]" in call.changed
    assert TOKEN not in call.changed


async def test_a_call_that_the_provider_has_run_goes_on_though_a_rule_masks_it(here: Here) -> None:
    here.upstream.answers = [answer(searched(f"who uses {KEY}"))]
    given = await ask(here)
    assert given.status_code == 200
    assert "This is what I found." in given.text
    [call] = (await answered(here, given)).calls
    assert (call.decision, call.rules, call.by_provider) == (Decision.ALLOWED, ("no-keys",), True)
    assert KEY not in call.arguments
