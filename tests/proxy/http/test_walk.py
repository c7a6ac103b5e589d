"""A request and a streamed answer pass the files that a newcomer is shown, in that order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proxy.http.conftest import answer
from tests.walk import not_reached, traced, walk

if TYPE_CHECKING:
    from app.settings import Settings
    from tests.proxy.http.conftest import Here

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "AKIAIOSFODNN7EXAMPLQ"
PROMPT = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"What is {KEY}?"}]}
RULES = """
- id: keys
  title: A key
  on: request
  when: {text: {detectors: [aws-access-key-id]}}
  then: mask
  explain: Keys do not belong in prompts.
  examples: {match: ["AKIAIOSFODNN7EXAMPLQ"], skip: ["a key"]}
"""
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "hello"}}]}\n\n'


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    (settings.catalog / "catalog" / "keys.yaml").write_text(RULES)
    return settings


@pytest.mark.parametrize(
    ("title", "streams"), [("One request", False), ("One streamed answer", True)]
)
async def test_it_passes_the_files_of_its_walk_in_order(
    here: Here, title: str, *, streams: bool
) -> None:
    await here.connect(wire="openai")
    kind = "text/event-stream" if streams else "application/json"
    said = EVENT + b"data: [DONE]\n\n" if streams else b'{"choices": []}'
    here.upstream.answers.append(answer(said, f"content-type: {kind}"))
    token = await here.token()
    async with here.http(authorization=f"Bearer {token}") as http:
        with traced() as passed:
            got = await http.post("/it/v1/chat/completions", json={**PROMPT, "stream": streams})
    assert got.status_code == 200
    assert KEY.encode() not in here.upstream.last.body
    assert not_reached(walk(title), passed) == []
