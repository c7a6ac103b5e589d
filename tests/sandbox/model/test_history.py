"""What a strict model refuses in a history, and what it takes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.model.history import (
    check_chat,
    check_contents,
    check_items,
    check_messages,
    sealed,
    signed,
)
from sandbox.model.refusals import Refusal

Json = dict[str, Any]
HI = {"role": "user", "content": "hi"}
SYSTEM = {"role": "system", "content": "Agent types"}
THOUGHT = {"type": "thinking", "thinking": "so", "signature": signed("so")}
TEXT = {"type": "text", "text": "Well."}
USE = {"type": "tool_use", "id": "a", "name": "Bash", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "done"}


def model(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": list(blocks)}


@pytest.mark.parametrize(
    "messages",
    [
        [HI],
        [HI, model(THOUGHT, TEXT, USE), user(RESULT, TEXT)],
        [HI, model(THOUGHT, TEXT), HI],
        [HI, model(TEXT, USE), HI | {"content": [RESULT]}, model(TEXT), HI],
        [HI, {"role": "assistant", "content": ""}],
        [HI, SYSTEM, model(THOUGHT, USE), user(RESULT), SYSTEM],
    ],
    ids=["hi", "a call", "no call is left", "an old turn", "an empty prefill", "a system's word"],
)
def test_a_strict_model_takes_what_anthropic_takes(messages: list[Json]) -> None:
    check_messages(messages, thinks=True)


@pytest.mark.parametrize(
    "messages",
    [
        [HI, model(USE)],
        [HI, model(USE), HI],
        [HI, model(USE), model(TEXT), user(RESULT)],
        [HI, model(USE, USE | {"id": "b"}), user(RESULT)],
        [HI, model(USE, USE), user(RESULT)],
        [HI, model(TEXT), user(RESULT)],
        [HI, model(THOUGHT, USE), user(RESULT, RESULT)],
        [HI, model(THOUGHT, USE), user(TEXT, RESULT)],
        [HI, model(), HI],
        [HI, model(TEXT | {"text": " \n"}), HI],
        [HI, model(THOUGHT | {"thinking": "masked"}, TEXT), HI],
        [HI, model(THOUGHT | {"signature": ""}, TEXT), HI],
        [HI, model(TEXT, USE), user(RESULT)],
    ],
    ids=[
        *("no result", "no result but words", "a result too late", "one of two results"),
        *("one id twice", "no call", "two results", "a result after words", "nothing"),
        *("blanks", "changed thinking", "unsigned thinking", "a call without its thinking"),
    ],
)
def test_a_strict_model_refuses_what_anthropic_refuses(messages: list[Json]) -> None:
    with pytest.raises(Refusal):
        check_messages(messages, thinks=True)


REASONING = {"type": "reasoning", "id": "rs", "summary": []}
CALL = {"type": "function_call", "call_id": "a", "name": "bash", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "done"}
SAID = {"type": "message", "role": "assistant", "content": [TEXT]}


def test_a_strict_model_takes_what_responses_takes() -> None:
    check_items([HI, REASONING, CALL, OUTPUT, REASONING, SAID, HI])


@pytest.mark.parametrize(
    "items",
    [
        [HI, CALL],
        [HI, OUTPUT],
        [OUTPUT, CALL],
        [CALL | {"type": "custom_tool_call"}, OUTPUT],
        [HI, REASONING],
        [HI, REASONING, HI],
    ],
    ids=["no output", "no call", "output first", "another kind", "no item", "no item but words"],
)
def test_a_strict_model_refuses_what_responses_refuses(items: list[Json]) -> None:
    with pytest.raises(Refusal):
        check_items(items)


CALLS = {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}, {"id": "b"}]}


def tool(name: str) -> Json:
    return {"role": "tool", "tool_call_id": name, "content": "done"}


def test_a_strict_model_takes_what_chat_takes() -> None:
    check_chat([HI, CALLS, tool("b"), tool("a"), HI])


@pytest.mark.parametrize(
    "messages",
    [
        [HI, CALLS],
        [HI, CALLS, tool("a"), HI, tool("b")],
        [HI, tool("a")],
        [HI, CALLS, tool("a"), tool("a")],
        [HI, {"role": "assistant", "content": None}],
    ],
    ids=["no results", "one of two", "no call", "one twice", "nothing"],
)
def test_a_strict_model_refuses_what_chat_refuses(messages: list[Json]) -> None:
    with pytest.raises(Refusal):
        check_chat(messages)


def part(kind: str, name: str = "bash", **more: str) -> Json:
    return {kind: {"name": name}} | more


ASKED = {"role": "user", "parts": [{"text": "hi"}]}
SIGNED = part("functionCall", thoughtSignature=sealed("so"))
UNSIGNED, DONE = part("functionCall"), part("functionResponse")


def gemini(*parts: Json) -> Json:
    return {"role": "model", "parts": list(parts)}


def done(*parts: Json) -> Json:
    return {"role": "user", "parts": list(parts)}


@pytest.mark.parametrize(
    "contents",
    [
        [ASKED],
        [ASKED, gemini({"text": "Well."}, SIGNED), done(DONE)],
        [ASKED, gemini(SIGNED, UNSIGNED), done(DONE, DONE), gemini(SIGNED), done(DONE)],
        [
            ASKED,
            gemini({"text": "Well."}),
            gemini(SIGNED),
            gemini(UNSIGNED),
            done(DONE),
            done(DONE),
        ],
        [ASKED, gemini(UNSIGNED), done(DONE), gemini({"text": "Well."}), ASKED],
    ],
    ids=["hi", "a call", "two steps", "in chunks", "an earlier turn, unsigned"],
)
def test_a_strict_model_takes_what_gemini_takes(contents: list[Json]) -> None:
    check_contents(contents)


@pytest.mark.parametrize(
    "contents",
    [
        [ASKED, gemini(SIGNED)],
        [ASKED, gemini(SIGNED), ASKED],
        [ASKED, gemini(SIGNED), ASKED, gemini({"text": "Well."}), done(DONE)],
        [ASKED, gemini(SIGNED, UNSIGNED), done(DONE)],
        [ASKED, gemini({"text": "Well."}), done(DONE)],
        [done(DONE)],
        [ASKED, gemini(), ASKED],
        [ASKED, gemini(UNSIGNED), done(DONE)],
        [ASKED, gemini(UNSIGNED, SIGNED), done(DONE, DONE)],
        [ASKED, gemini(SIGNED), done(DONE), gemini(UNSIGNED), done(DONE)],
        [ASKED, gemini(SIGNED | {"thoughtSignature": signed("so")}), done(DONE)],
    ],
    ids=[
        *("no response", "words instead", "too late", "one of two", "no call", "first of all"),
        *("nothing", "unsigned", "the second is signed", "the second step", "another signature"),
    ],
)
def test_a_strict_model_refuses_what_gemini_refuses(contents: list[Json]) -> None:
    with pytest.raises(Refusal):
        check_contents(contents)
