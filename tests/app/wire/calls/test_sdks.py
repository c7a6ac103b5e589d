"""What the official clients make of answers in which calls were ruled on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from google.genai import types

from app.wire.apis.anthropic import ANTHROPIC, NO_NEWS
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.choose import reader_for
from sandbox.model.history import check_items, check_messages, signed
from tests.app.wire.calls.answers import responses
from tests.app.wire.calls.answers.documents import CASES, Case
from tests.app.wire.calls.answers.messages import Block, arguments, made, reader
from tests.app.wire.calls.law import COMMENT, LIMIT, wanted
from tests.app.wire.conftest import Canned, Provider
from tests.app.wire.masking import RealMasking, through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anthropic.types import Message

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
DENIED = Replaced("`rm` was not run.")
CHANGED = Changed('{"command":"ls"}', "It was changed.")
OF_THE_API = frozenset({"shell", "web_search", "code_execution"})


@pytest.fixture(scope="module")
def _messages() -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def _openai() -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def messages(provider: Provider, _messages: anthropic.Anthropic) -> anthropic.Anthropic:
    return _messages.with_options(base_url=provider.url)


@pytest.fixture
def openai_client(provider: Provider, _openai: openai.OpenAI) -> openai.OpenAI:
    return _openai.with_options(base_url=f"{provider.url}/v1")


def streamed(provider: Provider, client: anthropic.Anthropic, out: bytes) -> Message:
    """Return what the client's own helper makes of a stream, behind our masking."""
    masked = through(ANTHROPIC.answer("text/event-stream", RealMasking()), [out])
    provider.answer = Canned(masked)
    with client.messages.stream(model="m", max_tokens=9, messages=HELLO) as stream:
        return stream.get_final_message()


def shown(message: Message) -> list[tuple[str, Any]]:
    return [
        ("text", block.text) if block.type == "text" else (block.type, getattr(block, "input", 0))
        for block in message.content
    ]


@pytest.mark.parametrize("alive", [NO_NEWS, COMMENT], ids=["an event", "a comment"])
def test_anthropic_reads_a_stream_with_every_ruling_and_signs_of_life(
    alive: bytes, provider: Provider, messages: anthropic.Anthropic
) -> None:
    stream = reader(alive)
    stream.feed(
        made([Block(thinking=True), Block("so"), *[Block(call="held_b")] * 3, Block(call="read")])
    )
    out = b""
    for number, ruling in enumerate((Passed(), DENIED, CHANGED)):
        out += stream.flow() + stream.alive() + stream.say(f"Waiting for {number}.")
        out += stream.alive()
        stream.rule(number, ruling)
    stream.finish()
    message = streamed(provider, messages, out + stream.flow())
    assert message.stop_reason == "tool_use"
    assert shown(message) == [
        ("thinking", 0),
        ("text", "so"),
        ("text", "Waiting for 0."),
        ("tool_use", json.loads(arguments(2))),
        ("text", "Waiting for 1."),
        ("text", DENIED.text),
        ("text", "Waiting for 2."),
        ("text", CHANGED.text),
        ("tool_use", json.loads(CHANGED.arguments)),
        ("tool_use", json.loads(arguments(5))),
    ]


def test_anthropic_reads_a_stream_of_which_no_call_is_left(
    provider: Provider, messages: anthropic.Anthropic
) -> None:
    stream = reader()
    stream.feed(made([Block(call="held_b")]))
    stream.rule(0, DENIED)
    message = streamed(provider, messages, stream.flow())
    assert (message.stop_reason, shown(message)) == ("end_turn", [("text", DENIED.text)])
    assert message.usage.output_tokens == 9


@pytest.mark.parametrize(
    "fed", [b"", made([Block("so"), Block(call="held_b")])], ids=["before it began", "at a call"]
)
def test_anthropic_reads_a_stream_that_was_stopped(
    fed: bytes, provider: Provider, messages: anthropic.Anthropic
) -> None:
    stream = reader()
    stream.feed(fed)
    message = streamed(provider, messages, stream.flow() + stream.stop("Still waiting."))
    assert message.stop_reason == "end_turn"
    assert shown(message)[-1] == ("text", "Still waiting.")


def ruled(case: Case, *, stopped: bool) -> bytes:
    def is_wanted(tool: str) -> bool:
        return wanted(tool) or tool in OF_THE_API

    read = reader_for(case.wire, "application/json", is_wanted, limit=LIMIT, alive=COMMENT)
    assert read is not None
    read.feed(json.dumps(case.document).encode())
    read.finish()
    if stopped:
        return read.stop("Still waiting.")
    for number, ruling in enumerate(case.rulings):
        read.rule(number, ruling)
    return read.flow()


def of_gemini(body: bytes) -> str:
    value = json.loads(body)
    chunks = [
        types.GenerateContentResponse.model_validate(chunk)
        for chunk in (value if isinstance(value, list) else [value])
    ]
    candidates = [candidate for chunk in chunks for candidate in chunk.candidates or ()]
    return "".join(part.text or "" for found in candidates for part in found.content.parts)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@pytest.mark.parametrize("stopped", [False, True], ids=["ruled", "stopped"])
def test_official_clients_read_a_document(
    case: Case,
    provider: Provider,
    messages: anthropic.Anthropic,
    openai_client: openai.OpenAI,
    stopped: bool,  # noqa: FBT001
) -> None:
    body = ruled(case, stopped=stopped)
    provider.answer = Canned(body, content_type="application/json")
    match case.wire.name:
        case "anthropic":
            message = messages.messages.create(model="m", max_tokens=9, messages=HELLO)
            found = "".join(block.text for block in message.content if block.type == "text")
        case "openai_chat":
            chat = openai_client.chat.completions.create(model="m", messages=HELLO)
            found = "".join(str(choice.message.content) for choice in chat.choices)
        case "openai_responses":
            found = openai_client.responses.create(model="m", input="hello").output_text
        case _:
            found = of_gemini(body)
    if stopped:
        assert found == "Still waiting."
    for ruling in () if stopped else case.rulings:
        if isinstance(ruling, (Replaced, Changed)):
            assert ruling.text in found


@pytest.mark.parametrize("left", [True, False], ids=["a call is left", "none is"])
def test_signed_thinking_before_a_denied_call_is_valid_on_the_next_turn(
    left: bool,  # noqa: FBT001
    provider: Provider,
    messages: anthropic.Anthropic,
) -> None:
    stream = reader()
    blocks = [Block(thinking=True), Block(call="held_a"), *([Block(call="read")] if left else [])]
    stream.feed(made(blocks).replace(b"c2lnbmVk", signed("I think").encode()))
    stream.rule(0, DENIED)
    content = streamed(provider, messages, stream.flow()).content
    said = [block.model_dump(exclude_none=True) for block in content]
    kinds = ["thinking", "text", *(["tool_use"] if left else [])]
    assert [block["type"] for block in said] == kinds
    result = {"type": "tool_result", "tool_use_id": "toolu_2", "content": "done"}
    asked = [result if left else {"type": "text", "text": "go on"}]
    history = [*HELLO, {"role": "assistant", "content": said}, {"role": "user", "content": asked}]
    check_messages(history, thinks=True)


def test_reasoning_before_a_denied_call_is_valid_on_the_next_turn() -> None:
    stream = responses.reader()
    stream.feed(responses.made([responses.Item(thinking=True), responses.Item(call="held_a")]))
    stream.rule(0, DENIED)
    _, final = responses.read(stream.flow())
    assert [item["type"] for item in final["output"]] == ["reasoning", "message"]
    check_items([*HELLO, *final["output"], *HELLO])
