"""What the official clients make of masked streams and of refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anthropic
import openai
import pytest

from app.wire.base import Refusal
from app.wire.registry import wire_for
from tests.app.wire import streams
from tests.app.wire.conftest import Canned, Provider
from tests.app.wire.masking import MASK, SECRET, RealMasking, cut, through

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAT = wire_for("openai", "v1/chat/completions", None)
RESPONSES = wire_for("openai", "v1/responses", None)
COMPLETIONS = wire_for("openai", "v1/completions", None)
ANTHROPIC = wire_for("anthropic", "v1/messages", None)
PIECES = ["the key ", SECRET[:3], SECRET[3:15], SECRET[15:], ", and AKIA"]
EXPECTED = f"the key {MASK}, and AKIA"
ARGUMENTS = ['{"te', 'xt": "', *PIECES, '"}']
HELLO = [{"role": "user", "content": "hello"}]
REFUSAL = Refusal(403, "policy_denied", "Rule no-keys says no. Ask Mallory.", "s-17")


@pytest.fixture
def openai_client(provider: Provider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{provider.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(provider: Provider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=provider.url, api_key="none", max_retries=0) as client:
        yield client


def masked(wire: object, stream: bytes) -> Canned:
    answer = wire.answer("text/event-stream", RealMasking())  # type: ignore[attr-defined]
    return Canned(b": waiting\n\n" + through(answer, cut(stream, list(range(0, len(stream), 11)))))


def test_openai_reads_a_masked_chat(provider: Provider, openai_client: openai.OpenAI) -> None:
    provider.answer = masked(CHAT, streams.chat(PIECES))
    with openai_client.chat.completions.stream(model="m", messages=HELLO, n=2) as stream:
        stream.until_done()
        completion = stream.get_final_completion()
    assert [choice.message.content for choice in completion.choices] == [EXPECTED, EXPECTED]
    assert [choice.finish_reason for choice in completion.choices] == ["stop", "stop"]
    assert completion.usage is not None


def test_openai_reads_masked_tool_calls(provider: Provider, openai_client: openai.OpenAI) -> None:
    provider.answer = masked(CHAT, streams.chat_tools(ARGUMENTS))
    with openai_client.chat.completions.stream(model="m", messages=HELLO) as stream:
        stream.until_done()
        (choice,) = stream.get_final_completion().choices
    calls = choice.message.tool_calls or []
    assert [(call.id, call.function.name) for call in calls] == [
        ("call_0", "write"),
        ("call_1", "write"),
    ]
    assert [json.loads(call.function.arguments) for call in calls] == [{"text": EXPECTED}] * 2


def test_openai_reads_a_masked_response(provider: Provider, openai_client: openai.OpenAI) -> None:
    provider.answer = masked(RESPONSES, streams.responses(PIECES))
    with openai_client.responses.stream(model="m", input="hello") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(deltas) == EXPECTED
    assert final.output_text == EXPECTED


def test_openai_reads_a_masked_function_call(
    provider: Provider, openai_client: openai.OpenAI
) -> None:
    provider.answer = masked(RESPONSES, streams.responses_call(ARGUMENTS))
    with openai_client.responses.stream(model="m", input="hello") as stream:
        stream.until_done()
        (call,) = stream.get_final_response().output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"text": EXPECTED}


def test_openai_reads_a_masked_completion(provider: Provider, openai_client: openai.OpenAI) -> None:
    provider.answer = masked(COMPLETIONS, streams.completions(PIECES))
    with openai_client.completions.create(model="m", prompt="hello", stream=True) as stream:
        assert "".join(event.choices[0].text for event in stream) == EXPECTED


def test_anthropic_reads_a_masked_message(
    provider: Provider, anthropic_client: anthropic.Anthropic
) -> None:
    provider.answer = masked(ANTHROPIC, streams.messages(PIECES))
    with anthropic_client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
        thinking, text = stream.get_final_message().content
    assert thinking.type == "thinking"
    assert thinking.thinking == EXPECTED
    assert text.type == "text"
    assert text.text == EXPECTED


def test_anthropic_reads_a_masked_tool_use(
    provider: Provider, anthropic_client: anthropic.Anthropic
) -> None:
    provider.answer = masked(ANTHROPIC, streams.messages_tool(ARGUMENTS))
    with anthropic_client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
        (call,) = stream.get_final_message().content
    assert call.type == "tool_use"
    assert call.input == {"text": EXPECTED}


def test_a_refusal_is_a_permission_error_with_its_message_in_openai(
    provider: Provider, openai_client: openai.OpenAI
) -> None:
    provider.answer = Canned(CHAT.refusal(REFUSAL), 403, "application/json")
    with pytest.raises(openai.PermissionDeniedError, match="Ask Mallory") as chat:
        openai_client.chat.completions.create(model="m", messages=HELLO)
    assert chat.value.code == "policy_denied"
    with pytest.raises(openai.PermissionDeniedError, match="s-17"):
        openai_client.responses.create(model="m", input="hello")


def test_a_refusal_is_a_permission_error_with_its_message_in_anthropic(
    provider: Provider, anthropic_client: anthropic.Anthropic
) -> None:
    provider.answer = Canned(ANTHROPIC.refusal(REFUSAL), 403, "application/json")
    with pytest.raises(anthropic.PermissionDeniedError, match="Ask Mallory"):
        anthropic_client.messages.create(model="m", max_tokens=9, messages=HELLO)


@pytest.mark.parametrize("begun", [b"", streams.chunk({"content": "so far"})])
def test_openai_raises_on_a_refusal_within_a_chat(
    provider: Provider, openai_client: openai.OpenAI, begun: bytes
) -> None:
    provider.answer = Canned(CHAT.keep_alive() + begun + CHAT.in_stream_refusal(REFUSAL))
    stream = openai_client.chat.completions.create(model="m", messages=HELLO, stream=True)
    with stream, pytest.raises(openai.APIError, match="Ask Mallory"):
        list(stream)


def test_openai_raises_on_a_refusal_within_a_response(
    provider: Provider, openai_client: openai.OpenAI
) -> None:
    begun = streams.responses(PIECES).split(b"event: response.output_text.done")[0]
    provider.answer = Canned(begun + RESPONSES.in_stream_refusal(REFUSAL))
    stream = openai_client.responses.create(model="m", input="hello", stream=True)
    with stream, pytest.raises(openai.APIError, match="Ask Mallory"):
        list(stream)


@pytest.mark.parametrize("begun", [b"", streams.messages(["a"]).split(b"event: message_delta")[0]])
def test_anthropic_raises_on_a_refusal_within_a_message(
    provider: Provider, anthropic_client: anthropic.Anthropic, begun: bytes
) -> None:
    provider.answer = Canned(ANTHROPIC.keep_alive() + begun + ANTHROPIC.in_stream_refusal(REFUSAL))
    stream = anthropic_client.messages.create(model="m", max_tokens=9, messages=HELLO, stream=True)
    with stream, pytest.raises(anthropic.APIStatusError, match="Ask Mallory"):
        list(stream)
