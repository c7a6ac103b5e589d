"""A conversation goes on after its signed thinking was masked: by the rules of the provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

from app.wire.answer.sse import SseParser
from app.wire.registry import wire_for
from app.wire.request.body import parse_body
from app.wire.thinking import MASKED
from tests.app.wire import streams
from tests.app.wire.conftest import Canned, Provider
from tests.app.wire.masking import MASK, SECRET, RealMasking, cut, through, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

ANTHROPIC = wire_for("anthropic", "v1/messages", None)
SIGNED: dict[str, str] = {f"EqMBCkYIBxgCKkB{n}": text for n, text in enumerate(("", "hm", "so"))}
THINKS = {"type": "enabled", "budget_tokens": 1024}


def sign(text: str) -> str:
    """Sign as a provider would: nobody else can."""
    signature = f"EqMBCkYIBxgCKkB{len(SIGNED)}"
    SIGNED[signature] = text
    return signature


def think(text: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": sign(text)}


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def call(number: int) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "read", "input": {}}


def result(number: int) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "42"}
    return {"role": "user", "content": [block]}


def refusal(body: dict[str, Any]) -> str:
    """Return why the provider would refuse a body, as its documentation says; or nothing."""
    messages = body["messages"]
    for message in messages:
        blocks = message["content"] if isinstance(message["content"], list) else [say("x")]
        if not blocks:
            return "content is empty"
        for block in blocks:
            if block["type"] == "thinking" and SIGNED.get(block["signature"]) != block["thinking"]:
                return "a thinking block was changed"
    started = max(
        at
        for at, message in enumerate(messages)
        if message["role"] == "user"
        and (isinstance(message["content"], str) or message["content"][0]["type"] != "tool_result")
    )
    turn = [message for message in messages[started:] if message["role"] == "assistant"]
    enabled = body.get("thinking", {}).get("type") == "enabled"
    if enabled and turn and turn[-1]["content"][0]["type"] not in {"thinking", "redacted_thinking"}:
        return "the final assistant message must start with a thinking block"
    return ""


def next_turn(content: list[Any], *after: dict[str, Any], **members: object) -> dict[str, Any]:
    """Return what goes upstream of the next request, in which the client sends all back."""
    messages = [
        {"role": "user", "content": "what is it"},
        {"role": "assistant", "content": content},
        *after,
    ]
    body = {"model": "m", "max_tokens": 9, "messages": messages, **members}
    sent = parse_body("application/json", json.dumps(body).encode()).mended(ANTHROPIC)
    out: dict[str, Any] = json.loads(sent.rewritten(ANTHROPIC, whole))
    return out


@pytest.fixture
def client(provider: Provider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=provider.url, api_key="none", max_retries=0) as client:
        yield client


def streamed(blocks: list[dict[str, Any]]) -> bytes:
    events: list[bytes] = [streams.named({"type": "message_start", "message": streams.MESSAGE})]
    for at, block in enumerate(blocks):
        begin: dict[str, Any] = dict(block)
        deltas: list[dict[str, Any]] = []
        if block["type"] == "thinking":
            begin |= {"thinking": "", "signature": ""}
            text = block["thinking"]
            deltas = [{"type": "thinking_delta", "thinking": part} for part in (text[:9], text[9:])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "text":
            begin["text"] = ""
            deltas = [{"type": "text_delta", "text": block["text"]}]
        events.append(
            streams.named({"type": "content_block_start", "index": at, "content_block": begin})
        )
        events += [
            streams.named({"type": "content_block_delta", "index": at, "delta": delta})
            for delta in deltas
        ]
        events.append(streams.named({"type": "content_block_stop", "index": at}))
    return b"".join([*events, *streams.MESSAGE_END])


def received(
    provider: Provider, client: anthropic.Anthropic, blocks: list[dict[str, Any]], *, stream: bool
) -> list[Any]:
    """Return the blocks that the official client makes of an answer that was masked."""
    if stream:
        raw = streamed(blocks)
        answer = ANTHROPIC.answer("text/event-stream", RealMasking())
        provider.answer = Canned(through(answer, cut(raw, list(range(0, len(raw), 13)))))
        with client.messages.stream(model="m", max_tokens=9, messages=[]) as coming:
            content = coming.get_final_message().content
    else:
        raw = json.dumps({**streams.MESSAGE, "content": blocks}).encode()
        answer = ANTHROPIC.answer("application/json", RealMasking())
        provider.answer = Canned(through(answer, [raw]), content_type="application/json")
        content = client.messages.create(model="m", max_tokens=9, messages=[]).content
    return [block.model_dump(mode="json", exclude_none=True) for block in content]


@pytest.mark.parametrize("stream", [True, False])
def test_the_next_turn_is_valid_after_thinking_was_masked(
    provider: Provider, client: anthropic.Anthropic, *, stream: bool
) -> None:
    content = received(provider, client, [think(f"see {SECRET}"), say("It is.")], stream=stream)
    assert [content[0]["thinking"], content[0]["signature"]] == [f"see {MASK}", MASKED]
    sent = next_turn(content, {"role": "user", "content": "go on"}, thinking=THINKS)
    assert sent["messages"][1]["content"] == [say("It is.")]
    assert refusal(sent) == ""
    assert sent["thinking"] == THINKS


@pytest.mark.parametrize("stream", [True, False])
def test_a_turn_goes_on_with_the_results_of_its_tools_after_its_thinking_was_masked(
    provider: Provider, client: anthropic.Anthropic, *, stream: bool
) -> None:
    content = received(
        provider, client, [think("hm"), think(f"see {SECRET}"), call(1)], stream=stream
    )
    sent = next_turn(content, result(1), thinking=THINKS)
    assert sent["messages"][1]["content"] == [call(1)], "no turn may lose a part of its thinking"
    assert refusal(sent) == ""
    adaptive = next_turn(content, result(1), thinking={"type": "adaptive"})
    assert adaptive["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize("stream", [True, False])
def test_thinking_after_what_was_masked_in_its_message_is_left_out_too(
    provider: Provider, client: anthropic.Anthropic, *, stream: bool
) -> None:
    blocks = [think("hm"), say(f"see {SECRET}"), think("so"), call(1)]
    content = received(provider, client, blocks, stream=stream)
    assert [block.get("signature") for block in content] == [
        blocks[0]["signature"],
        None,
        MASKED,
        None,
    ]
    sent = next_turn(content, result(1))
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["text", "tool_use"]


@pytest.mark.parametrize("stream", [True, False])
def test_thinking_that_was_not_masked_goes_back_to_the_last_byte(
    provider: Provider, client: anthropic.Anthropic, *, stream: bool
) -> None:
    blocks = [think("hm"), say("it is"), call(1)]
    sent = next_turn(received(provider, client, blocks, stream=stream), result(1), thinking=THINKS)
    assert sent["messages"][1]["content"] == blocks
    assert refusal(sent) == ""


def test_a_history_whose_thinking_has_to_be_masked_goes_out_without_it() -> None:
    later = [
        {"role": "assistant", "content": [think("later"), call(2)]},
        result(2),
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}, say("so")]},
        {"role": "user", "content": "and"},
        {"role": "assistant", "content": [think("last")]},
        {"role": "user", "content": "then"},
    ]
    earlier = [
        {"role": "assistant", "content": [think("early"), say("yes")]},
        {"role": "user", "content": "more"},
        {"role": "assistant", "content": [think("same turn"), call(3)]},
        result(3),
        {"role": "assistant", "content": [think(f"see {SECRET}"), call(1)]},
        result(1),
    ]
    sent = next_turn([think("first"), say("a")], {"role": "user", "content": "b"}, *earlier, *later)
    kinds = [
        [block["type"] for block in message["content"]]
        for message in sent["messages"]
        if message["role"] == "assistant"
    ]
    assert kinds == [
        ["thinking", "text"],
        ["thinking", "text"],
        ["tool_use"],
        ["tool_use"],
        ["tool_use"],
        ["text"],
        ["text"],
    ]
    assert refusal(sent) == ""


def test_a_summary_that_was_masked_comes_back_without_its_signature() -> None:
    block = {"type": "compaction", "content": f"so {MASK}", "signature": MASKED}
    assert next_turn([block, say("x")])["messages"][1]["content"][0] == {
        "type": "compaction",
        "content": f"so {MASK}",
    }


@pytest.mark.parametrize(
    "odd",
    [
        *(None, [], "x", {"messages": None}, {"messages": [1, {"content": [1, {"type": []}]}]}),
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "signature": []}]}]},
    ],
)
def test_a_body_of_any_shape_is_left_as_it_is(odd: object) -> None:
    raw = json.dumps(odd).encode()
    assert parse_body("application/json", raw).mended(ANTHROPIC).raw == raw


def test_unsigned_thinking_of_another_provider_is_left_alone() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": ""}
    assert next_turn([block, say("x")])["messages"][1]["content"][0] == block


CHAT = wire_for("openai", "v1/chat/completions", None)


def details(answer: bytes) -> list[dict[str, Any]]:
    """Put the details of a streamed chat together, as clients do: by their index."""
    found: dict[int, dict[str, Any]] = {}
    for event in SseParser().feed(answer):
        for choice in json.loads(event.data or "")["choices"]:
            for detail in choice["delta"].get("reasoning_details", []):
                known = found.setdefault(detail["index"], {**detail, "text": ""})
                known["text"] += detail.get("text", "")
                known |= {"signature": detail["signature"]} if "signature" in detail else {}
    return list(found.values())


def thought(index: int, **members: str) -> bytes:
    detail = {"type": "reasoning.text", "index": index, **members}
    return streams.chunk({"reasoning_details": [detail]})


@pytest.mark.parametrize("text", [f"see {SECRET}", f"see {SECRET[:-1]}"])
def test_signed_details_of_a_chat_are_left_out_of_its_next_turn_where_they_were_masked(
    text: str,
) -> None:
    stream = thought(0, text=text[:9]) + thought(0, text=text[9:]) + thought(0, signature="c2ln")
    answer = CHAT.answer("text/event-stream", RealMasking())
    [detail] = details(through(answer, [stream]))
    document = {"choices": [{"message": {"reasoning_details": [{**detail, "text": text}]}}]}
    document["choices"][0]["message"]["reasoning_details"][0]["signature"] = "c2ln"
    answer = CHAT.answer("application/json", RealMasking())
    out = json.loads(through(answer, [json.dumps(document).encode()]))
    assert out["choices"][0]["message"]["reasoning_details"] == [detail]
    is_masked = SECRET in text
    assert detail["signature"] == (MASKED if is_masked else "c2ln")
    assert detail["text"] == whole(text)
    turn = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_details": [{"signature": "x"}]},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": None, "reasoning_details": [{"signature": "y"}]},
        {"role": "tool", "content": "d"},
        {"role": "assistant", "content": "e", "reasoning_details": [detail]},
    ]
    raw = json.dumps({"messages": turn}).encode()
    sent = json.loads(parse_body("application/json", raw).mended(CHAT).raw)
    kept = ["reasoning_details" in message for message in sent["messages"]]
    assert kept == [False, True, False, not is_masked, False, not is_masked]


def test_a_chat_whose_history_has_to_be_masked_within_its_details_goes_out_without_them() -> None:
    detail = {"type": "reasoning.text", "text": f"see {SECRET}", "signature": "c2ln"}
    raw = json.dumps({"messages": [{"role": "assistant", "reasoning_details": [detail]}]}).encode()
    sent = json.loads(parse_body("application/json", raw).rewritten(CHAT, whole))
    assert sent["messages"] == [{"role": "assistant"}]
