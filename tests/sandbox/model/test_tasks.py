"""A task in several calls of a tool, on each surface, as agents ask for it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.model.driver import ModelDriver
from sandbox.model.intake import CREDENTIAL

ASK = "tidy up"
SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string"}, "why": {"type": "string"}},
    "required": ["command", "why"],
}
KEYS = {
    "authorization": f"Bearer {CREDENTIAL}",
    "x-api-key": CREDENTIAL,
    "x-goog-api-key": CREDENTIAL,
    "anthropic-version": "2023-06-01",
}
Turns = list[dict[str, Any]]
Call = tuple[str, str, Turns]  # a text, a command or nothing, and what to say next


def chat(answer: dict[str, Any]) -> Call:
    message = answer["choices"][0]["message"]
    if "tool_calls" not in message:
        return message["content"], "", []
    [call] = message["tool_calls"]
    command = json.loads(call["function"]["arguments"])["command"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "done"}
    return message["content"], command, [message, result]


def messages(answer: dict[str, Any]) -> Call:
    text, *calls = answer["content"]
    if not calls:
        return text["text"], "", []
    result = {"type": "tool_result", "tool_use_id": calls[0]["id"], "content": "done"}
    said = {"role": "assistant", "content": answer["content"]}
    return text["text"], calls[0]["input"]["command"], [said, {"role": "user", "content": [result]}]


def responses(answer: dict[str, Any]) -> Call:
    message, *calls = answer["output"]
    text = message["content"][0]["text"]
    if not calls:
        return text, "", []
    [call] = calls
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "done"}
    return text, json.loads(call["arguments"])["command"], [message, call, result]


def gemini(answer: dict[str, Any]) -> Call:
    content = answer["candidates"][0]["content"]
    text, *calls = content["parts"]
    if not calls:
        return text["text"], "", []
    call = calls[0]["functionCall"]
    result = {"functionResponse": {"name": call["name"], "response": {"output": "done"}}}
    return text["text"], call["args"]["command"], [content, {"role": "user", "parts": [result]}]


FUNCTION = {"name": "run_shell", "parameters": SCHEMA}
SURFACES: dict[str, tuple[str, dict[str, Any], str, Turns, Callable[..., Call]]] = {
    "chat": (
        "/openai/v1/chat/completions",
        {"tools": [{"type": "function", "function": FUNCTION}]},
        "messages",
        [{"role": "user", "content": ASK}],
        chat,
    ),
    "messages": (
        "/anthropic/v1/messages",
        {"max_tokens": 99, "tools": [{"name": "run_shell", "input_schema": SCHEMA}]},
        "messages",
        [{"role": "user", "content": ASK}],
        messages,
    ),
    "responses": (
        "/openai/v1/responses",
        {"tools": [{"type": "web_search"}, {"type": "function", **FUNCTION}]},
        "input",
        [{"type": "message", "role": "user", "content": ASK}],
        responses,
    ),
    "gemini": (
        "/gemini/v1beta/models/sandbox-steps2:generateContent",
        {"tools": [{"functionDeclarations": [FUNCTION]}]},
        "contents",
        [{"role": "user", "parts": [{"text": ASK}]}],
        gemini,
    ),
}


@pytest.mark.parametrize("surface", SURFACES)
async def test_a_task_takes_its_steps_one_by_one_and_ends(model: ModelDriver, surface: str) -> None:
    path, settings, name, turns, read = SURFACES[surface]
    seen = []
    for _ in range(3):
        body = {"model": "sandbox-steps2", **settings, name: turns}
        answer = await model.http.post(path, json=body, headers=KEYS)
        assert answer.status_code == 200, answer.text
        text, command, more = read(answer.json())
        seen.append((text, command))
        turns = [*turns, *more]
    assert seen == [
        ("Step 1 of 2.", "echo step 1 >> steps.txt"),
        ("Step 2 of 2.", "echo step 2 >> steps.txt"),
        ("All 2 steps are done.", ""),
    ]


@pytest.mark.parametrize("surface", SURFACES)
async def test_another_ask_is_another_task(model: ModelDriver, surface: str) -> None:
    path, settings, name, asked, read = SURFACES[surface]
    body = {"model": "sandbox-steps2", **settings, name: asked}
    _, _, more = read((await model.http.post(path, json=body, headers=KEYS)).json())
    body = {**body, name: [*asked, *more, *asked]}
    answer = await model.http.post(path, json=body, headers=KEYS)
    assert read(answer.json())[0] == "Step 1 of 2."
