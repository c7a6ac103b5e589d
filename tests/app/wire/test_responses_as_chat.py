"""What Cursor's editor sends to Chat Completions, said in Chat's words."""

from __future__ import annotations

import pytest

from app.errors import BadRequest
from app.wire.request.responses_as_chat import as_chat

SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}
PICTURE = "data:image/png;base64,AAAA"
EDITOR = {
    "model": "gpt-5.1",
    "stream": True,
    "store": False,
    "user": "u-1",
    "prompt_cache_key": "k",
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "medium", "summary": "auto"},
    "text": {"verbosity": "low"},
    "max_output_tokens": 900,
    "instructions": "Be brief.",
    "tools": [
        {"type": "function", "name": "Shell", "description": "Run", "parameters": SCHEMA},
        {
            "type": "custom",
            "name": "ApplyPatch",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: x"},
        },
    ],
    "tool_choice": {"type": "function", "name": "Shell"},
    "input": [
        {"role": "system", "content": "You are an agent."},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "List it."},
                {"type": "input_image", "image_url": PICTURE, "detail": "low"},
            ],
        },
        {"type": "reasoning", "summary": [], "encrypted_content": "sealed"},
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "I "},
                {"type": "output_text", "text": "look."},
            ],
        },
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "Shell",
            "arguments": '{"command":"ls"}',
        },
        {"type": "custom_tool_call", "call_id": "c2", "name": "ApplyPatch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "c1", "output": "a.py"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [{"type": "input_text", "text": "Done"}],
        },
        {"type": "function_call", "call_id": "c3", "name": "Shell", "arguments": "{}"},
    ],
}
CHAT = {
    "model": "gpt-5.1",
    "stream": True,
    "store": False,
    "user": "u-1",
    "prompt_cache_key": "k",
    "reasoning_effort": "medium",
    "verbosity": "low",
    "max_completion_tokens": 900,
    "tools": [
        {
            "type": "function",
            "function": {"name": "Shell", "description": "Run", "parameters": SCHEMA},
        },
        {
            "type": "custom",
            "custom": {
                "name": "ApplyPatch",
                "format": {
                    "type": "grammar",
                    "grammar": {"syntax": "lark", "definition": "start: x"},
                },
            },
        },
    ],
    "tool_choice": {"type": "function", "function": {"name": "Shell"}},
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "You are an agent."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "List it."},
                {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "Shell", "arguments": '{"command":"ls"}'},
                },
                {
                    "id": "c2",
                    "type": "custom",
                    "custom": {"name": "ApplyPatch", "input": "*** Begin"},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a.py"},
        {"role": "tool", "tool_call_id": "c2", "content": "Done"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c3", "type": "function", "function": {"name": "Shell", "arguments": "{}"}}
            ],
        },
    ],
}


def test_a_request_of_the_editor_asks_chat_the_same() -> None:
    assert as_chat(EDITOR) == CHAT


def test_a_plain_question_is_a_message_of_the_user() -> None:
    asked = as_chat({"model": "m", "input": "hello"})
    assert asked == {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize(
    ("wanted", "response_format"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True},
            {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
            },
        ),
    ],
)
def test_the_form_of_the_answer_is_asked_for(wanted: object, response_format: object) -> None:
    asked = as_chat({"input": "x", "text": {"format": wanted}})  # type: ignore[dict-item]
    assert asked.get("response_format") == response_format


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "i"}]}, "item_reference"),
        ({"input": [{"role": "tool", "content": "x"}]}, "role “tool”"),
        ({"input": [{"role": "user", "content": [{"type": "video"}]}]}, "video"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "image",
        ),
        ({"input": ["x"]}, "input"),
        ({"input": {"role": "user"}}, "input"),
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"tools": [{"type": "mcp", "server_url": "https://x"}]}, "mcp"),
    ],
)
def test_what_chat_has_no_words_for_is_refused_by_name(
    change: dict[str, object], named: str
) -> None:
    with pytest.raises(BadRequest, match=named):
        as_chat({"model": "m", "input": "x", **change})  # type: ignore[dict-item]
