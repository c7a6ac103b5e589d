import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx
import pytest

from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL

KEY = "AKIAIOSFODNN7EXAMPLE"
HELLO: Any = [{"role": "user", "content": [{"type": "text", "text": "Name a colour"}]}]
USE_TOOL: Any = [{"role": "user", "content": "Please call the tool now"}]
TOOLS: Any = [
    {
        "name": "run_shell",
        "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
    }
]


@pytest.fixture
async def client(model: ModelDriver) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=model.anthropic, api_key=CREDENTIAL, max_retries=0
    ) as client:
        yield client


async def test_a_message_is_the_same_streamed_or_not(client: anthropic.AsyncAnthropic) -> None:
    whole = await client.messages.create(model="claude-sandbox", max_tokens=99, messages=HELLO)
    async with client.messages.stream(
        model="claude-sandbox", max_tokens=99, messages=HELLO
    ) as stream:
        parts = [part async for part in stream.text_stream]
        final = await stream.get_final_message()

    (block,) = whole.content
    assert block.type == "text"
    assert "Name a colour" in block.text
    assert len(parts) > 3
    assert "".join(parts) == block.text
    assert final.stop_reason == whole.stop_reason == "end_turn"
    assert final.usage.output_tokens == whole.usage.output_tokens


async def test_an_answer_fits_the_schema_that_is_asked_for(
    client: anthropic.AsyncAnthropic,
) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    message = await client.messages.create(
        model="claude-sandbox",
        max_tokens=99,
        messages=HELLO,
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    (block,) = message.content
    assert block.type == "text"
    assert json.loads(block.text) == {"title": "Name a colour"}


async def test_the_events_come_in_the_documented_order(model: ModelDriver) -> None:
    answer = await model.http.post(
        f"{model.anthropic}/v1/messages",
        json={
            "model": "claude-sandbox",
            "max_tokens": 99,
            "messages": USE_TOOL,
            "tools": TOOLS,
            "stream": True,
        },
        headers={"x-api-key": CREDENTIAL, "anthropic-version": "2023-06-01"},
    )

    lines = answer.text.splitlines()
    names = [line[7:] for line in lines if line.startswith("event: ")]
    types = [json.loads(line[6:])["type"] for line in lines if line.startswith("data: ")]
    assert names == types
    once = [name for place, name in enumerate(names) if name != names[place - 1] or not place]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert once == [
        "message_start",
        block[0],
        "ping",
        *block[1:],
        *block,
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_tool_is_called_when_the_words_are_said(
    client: anthropic.AsyncAnthropic, *, stream: bool
) -> None:
    asked: dict[str, Any] = {
        "model": "claude-sandbox",
        "max_tokens": 99,
        "messages": USE_TOOL,
        "tools": TOOLS,
    }
    if stream:
        async with client.messages.stream(**asked) as events:
            message: Any = await events.get_final_message()
    else:
        message = await client.messages.create(**asked)

    assert message.stop_reason == "tool_use"
    assert message.content[1].type == "tool_use"
    assert message.content[1].input == {"command": "Please call the tool now"}


async def test_a_leaky_model_splits_the_key_in_text_and_in_arguments(
    client: anthropic.AsyncAnthropic,
) -> None:
    stream = await client.messages.create(
        model="claude-leaky", max_tokens=99, messages=USE_TOOL, tools=TOOLS, stream=True
    )
    parts: dict[str, list[str]] = {"text_delta": [], "input_json_delta": []}
    async for event in stream:
        if event.type == "content_block_delta":
            delta: Any = event.delta
            parts[delta.type].append(getattr(delta, "text", "") or delta.partial_json)

    for kind in parts.values():
        assert KEY in "".join(kind)
        assert not any(KEY in part for part in kind)


async def test_refusals_raise_what_the_sdk_has_for_them(client: anthropic.AsyncAnthropic) -> None:
    asked: dict[str, Any] = {"max_tokens": 9, "messages": HELLO}
    with pytest.raises(anthropic.InternalServerError):
        await client.messages.create(model="claude-failing", **asked)
    with pytest.raises(anthropic.RateLimitError):
        await client.messages.create(model="claude-ratelimited", **asked)
    with pytest.raises(anthropic.AuthenticationError) as refused:
        await client.with_options(api_key="else").messages.create(model="claude-sandbox", **asked)
    body: Any = refused.value.body
    assert body["error"]["type"] == "authentication_error"
    with pytest.raises(anthropic.BadRequestError):
        await client.messages.create(model="claude-sandbox", max_tokens=9, messages=[])


async def test_the_version_header_is_wanted(model: ModelDriver) -> None:
    answer = await model.http.post(
        f"{model.anthropic}/v1/messages",
        json={"model": "claude-sandbox", "max_tokens": 9, "messages": HELLO},
        headers={"x-api-key": CREDENTIAL},
    )

    assert answer.status_code == 400
    assert answer.json()["type"] == "error"
    assert "anthropic-version" in answer.json()["error"]["message"]


async def test_a_midfail_model_drops_the_connection(model: ModelDriver) -> None:
    got: list[str] = []
    async with model.http.stream(
        "POST",
        f"{model.anthropic}/v1/messages",
        json={"model": "claude-midfail", "max_tokens": 9, "messages": HELLO, "stream": True},
        headers={"x-api-key": CREDENTIAL, "anthropic-version": "2023-06-01"},
    ) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            await collect(answer, got)

    assert "content_block_delta" in "".join(got)
    assert "message_stop" not in "".join(got)


async def collect(answer: httpx.Response, into: list[str]) -> None:
    async for part in answer.aiter_text():
        into.append(part)  # noqa: PERF401  what came before the break counts


async def test_thoughts_come_first_and_signed_where_they_are_asked_for(
    client: anthropic.AsyncAnthropic,
) -> None:
    asked: Any = {
        "model": "claude-sandbox",
        "max_tokens": 2048,
        "messages": HELLO,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    whole = await client.messages.create(**asked)
    async with client.messages.stream(**asked) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0] == whole.content[0]
    assert final.content[0].type == "thinking"
    assert final.content[0].signature


async def test_tokens_are_counted(client: anthropic.AsyncAnthropic) -> None:
    short = await client.messages.count_tokens(model="claude-sandbox", messages=HELLO)
    long = await client.messages.count_tokens(model="claude-sandbox", messages=[*HELLO] * 9)
    assert 0 < short.input_tokens < long.input_tokens
