"""Where each API keeps its words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.segment import Role
from app.wire.registry import wire_for
from tests.app.wire.masking import MASK, SECRET, whole

if TYPE_CHECKING:
    from app.wire.base import Json, WireFormat

IMAGE = "data:image/png;base64," + "A" * 400
CHAT: dict[str, Any] = {
    "model": "gpt-9",
    "stream": True,
    "messages": [
        {"role": "developer", "content": "be brief"},
        {
            "role": "user",
            "name": "alice",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": IMAGE, "detail": "high"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": IMAGE}},
                {"type": "input_audio", "input_audio": {"data": "A" * 400, "format": "wav"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "refusal": "no",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "run", "arguments": '{"cmd":"l\\u0073","n":[1,"x"]}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "run",
                "description": "runs",
                "parameters": {"type": "object", "properties": {"cmd2": {"default": "ls"}}},
            },
        }
    ],
    "prediction": {"type": "content", "content": "guess"},
    "user": "u-1",
}
CHAT_FOUND = [
    ("/messages/0/content", Role.SYSTEM, "be brief", ""),
    ("/messages/1/content/0/text", Role.USER, "look", "alice"),
    ("/messages/2/refusal", Role.ASSISTANT, "no", ""),
    ("/messages/2/tool_calls/0/function/arguments", Role.ASSISTANT, "ls", "run"),
    ("/messages/2/tool_calls/0/function/arguments", Role.ASSISTANT, "x", "run"),
    ("/messages/3/content", Role.TOOL, "done", "run"),
    ("/tools/0/function/description", Role.SYSTEM, "runs", "run"),
    ("/tools/0/function/parameters/properties/cmd2/default", Role.SYSTEM, "ls", "run"),
    ("/prediction/content", Role.ASSISTANT, "guess", ""),
    ("/user", Role.OTHER, "u-1", ""),
]
RESPONSES: dict[str, Any] = {
    "model": "gpt-9",
    "instructions": "be brief",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "look"}]},
        {"type": "message", "role": "developer", "content": "rules"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "c1", "name": "run", "arguments": '{"a":"b c"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "done"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "sql", "input": "SELECT 1"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "1"},
    ],
    "prompt": {"id": "p", "variables": {"city": "Rome"}},
    "previous_response_id": "resp_0",
}
RESPONSES_FOUND = [
    ("/instructions", Role.SYSTEM, "be brief", ""),
    ("/input/0/content/0/text", Role.USER, "look", ""),
    ("/input/1/content", Role.SYSTEM, "rules", ""),
    ("/input/2/summary/0/text", Role.ASSISTANT, "hm", ""),
    ("/input/3/arguments", Role.ASSISTANT, "b c", "run"),
    ("/input/4/output", Role.TOOL, "done", "run"),
    ("/input/5/input", Role.ASSISTANT, "SELECT 1", "sql"),
    ("/input/6/output", Role.TOOL, "1", "sql"),
    ("/prompt/variables/city", Role.USER, "Rome", ""),
]
ANTHROPIC: dict[str, Any] = {
    "model": "claude-9",
    "max_tokens": 9,
    "stream": False,
    "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "look"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln" * 20},
                {"type": "tool_use", "id": "t1", "name": "run", "input": {"cmd": "ls -l"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "done"}],
                },
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "a paper"},
                },
                {"type": "image", "source": {"type": "base64", "data": "A" * 400}},
            ],
        },
    ],
    "tools": [{"name": "run", "description": "runs", "input_schema": {"type": "object"}}],
}
ANTHROPIC_FOUND = [
    ("/system/0/text", Role.SYSTEM, "be brief", ""),
    ("/messages/0/content", Role.USER, "look", ""),
    ("/messages/1/content/0/thinking", Role.ASSISTANT, "hm", ""),
    ("/messages/1/content/1/input/cmd", Role.ASSISTANT, "ls -l", "run"),
    ("/messages/2/content/0/content/0/text", Role.TOOL, "done", "run"),
    ("/messages/2/content/1/source/data", Role.USER, "a paper", ""),
    ("/tools/0/description", Role.SYSTEM, "runs", "run"),
]
CURSOR: dict[str, Any] = {
    "name": "Fix it",
    "prompt": {"text": "look", "images": [{"data": "A" * 400, "dimension": {"width": 1}}]},
    "model": {"id": "composer-9"},
    "customSubagents": [{"name": "sub", "description": "helps", "prompt": "be kind"}],
    "envVars": {"A1": "b"},
    "repos": [{"url": "https://example.test/r"}],
}
CURSOR_FOUND = [
    ("/name", Role.USER, "Fix it", ""),
    ("/prompt/text", Role.USER, "look", ""),
    ("/customSubagents/0/description", Role.SYSTEM, "helps", "sub"),
    ("/customSubagents/0/prompt", Role.SYSTEM, "be kind", "sub"),
    ("/envVars/A1", Role.OTHER, "A1", ""),
    ("/envVars/A1", Role.OTHER, "b", ""),
    ("/repos/0/url", Role.OTHER, "https://example.test/r", ""),
]
GEMINI: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "be brief"}]},
    "contents": [
        {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"data": "A" * 400}}]},
        {"role": "model", "parts": [{"functionCall": {"name": "run", "args": {"cmd": "ls"}}}]},
        {"role": "user", "parts": [{"functionResponse": {"response": {"out": "done"}}}]},
    ],
}
GEMINI_FOUND = [
    ("/systemInstruction/parts/0/text", Role.SYSTEM, "be brief", ""),
    ("/contents/0/parts/0/text", Role.USER, "look", ""),
    ("/contents/1/parts/0/functionCall/args/cmd", Role.ASSISTANT, "ls", "run"),
    ("/contents/2/parts/0/functionResponse/response/out", Role.TOOL, "done", ""),
]
COMPLETIONS: dict[str, Any] = {"model": "m", "prompt": ["one", "two"], "suffix": "end"}
COMPLETIONS_FOUND = [
    ("/prompt/0", Role.USER, "one", ""),
    ("/prompt/1", Role.USER, "two", ""),
    ("/suffix", Role.USER, "end", ""),
]
MCP: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "run", "arguments": {"cmd": "ls -l"}},
}
MCP_FOUND = [("/params/arguments/cmd", Role.TOOL, "ls -l", "run")]
PLAIN: dict[str, Any] = {"deep": [{"a/b~": "text"}], "n": 1}
PLAIN_FOUND = [
    ("/deep", Role.OTHER, "deep", ""),
    ("/deep/0/a~1b~0", Role.OTHER, "a/b~", ""),
    ("/deep/0/a~1b~0", Role.OTHER, "text", ""),
]


def wire(name: str, path: str) -> WireFormat:
    return wire_for(name, path, None)


CASES = {
    "chat": (wire("openai", "v1/chat/completions"), CHAT, CHAT_FOUND),
    "responses": (wire("openai", "v1/responses"), RESPONSES, RESPONSES_FOUND),
    "anthropic": (wire("anthropic", "v1/messages"), ANTHROPIC, ANTHROPIC_FOUND),
    "cursor": (wire("cursor", "v1/agents"), CURSOR, CURSOR_FOUND),
    "gemini": (wire("gemini", "v1beta/models/m:generateContent"), GEMINI, GEMINI_FOUND),
    "completions": (wire("openai", "v1/completions"), COMPLETIONS, COMPLETIONS_FOUND),
    "mcp": (wire("mcp", "mcp"), MCP, MCP_FOUND),
    "plain": (wire("plain", "x"), PLAIN, PLAIN_FOUND),
}


@pytest.mark.parametrize(("wire", "body", "expected"), CASES.values(), ids=CASES)
def test_the_words_are_found_with_their_place_role_and_tool(
    wire: WireFormat, body: Json, expected: list[Any]
) -> None:
    found = [(s.place, s.role, s.text, s.tool) for s in wire.read(body).segments]
    assert [entry for entry in expected if entry not in found] == []
    places = [entry[0] for entry in found if entry in expected]
    assert places == [entry[0] for entry in expected], "in the order of the body"


@pytest.mark.parametrize(("wire", "body", "expected"), CASES.values(), ids=CASES)
def test_rewriting_with_no_change_gives_the_same_body(
    wire: WireFormat, body: Json, expected: list[Any]
) -> None:
    assert wire.rewrite(body, lambda text: text) == body


@pytest.mark.parametrize(("wire", "body", "expected"), CASES.values(), ids=CASES)
def test_a_mask_reaches_exactly_the_texts_that_were_read(
    wire: WireFormat, body: Json, expected: list[Any]
) -> None:
    seen: list[str] = []
    before = json.dumps(body)
    wire.rewrite(body, lambda text: seen.append(text) or f"{text}!")
    assert seen == [segment.text for segment in wire.read(body).segments]
    assert json.dumps(body) == before, "the body that was recorded stays as it was"


def test_model_and_streaming_are_told() -> None:
    chat, anthropic = CASES["chat"][0].read(CHAT), CASES["anthropic"][0].read(ANTHROPIC)
    assert (chat.model, chat.streamed) == ("gpt-9", True)
    assert (anthropic.model, anthropic.streamed) == ("claude-9", False)
    assert CASES["cursor"][0].read(CURSOR).model == "composer-9"
    assert wire("gemini", "v1beta/models/m:streamGenerateContent").read(GEMINI).streamed


@pytest.mark.parametrize("name", CASES)
def test_a_secret_is_masked_wherever_it_stands(name: str) -> None:
    wire, body, _ = CASES[name]
    planted = json.loads(json.dumps(body).replace("look", SECRET).replace("done", SECRET))
    planted[SECRET] = {"metadata": {SECRET: SECRET}}
    masked = json.dumps(wire.rewrite(planted, whole))
    assert SECRET not in masked
    assert masked.count(MASK) >= 3


def test_a_masked_argument_stays_json_with_its_other_members() -> None:
    call = {"function": {"name": "run", "arguments": json.dumps({"k": SECRET, "n": 1.5})}}
    body = {"messages": [{"role": "assistant", "tool_calls": [call]}]}
    masked: Any = CASES["chat"][0].rewrite(body, whole)
    arguments = masked["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"k": MASK, "n": 1.5}


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
NAMES = st.sampled_from(
    [
        "messages",
        "role",
        "content",
        "type",
        "text",
        "tool_calls",
        "function",
        "arguments",
        "input",
        "source",
        "data",
        "prompt",
        "parts",
        "params",
        "id",
    ]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(st.sampled_from(list(CASES)), ANYTHING)
def test_no_shape_of_a_body_is_misread_as_an_error(name: str, body: Json) -> None:
    wire = CASES[name][0]
    assert wire.rewrite(body, lambda text: text) == body
    wire.read(body)


def test_the_system_text_of_gemini_cli_is_nobodys_prompt_though_it_says_user() -> None:
    body = {
        "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
        "systemInstruction": {"role": "user", "parts": [{"text": "You are an agent"}]},
    }
    prompt = wire_for("gemini", "v1beta/models/g:generateContent").read(body)
    assert [(s.text, s.role) for s in prompt.segments] == [
        ("hello", Role.USER),
        ("You are an agent", Role.SYSTEM),
    ]
