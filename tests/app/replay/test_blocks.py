"""The request of each API falls into the same blocks, and results know their calls."""

from __future__ import annotations

import json

import pytest

from app.domain.record.session import RecordedRequest
from app.domain.segment import Role
from app.replay.blocks import Block, BlockKind, request_blocks

CALL = {"name": "sh", "arguments": '{"command": "ls"}'}
REQUESTS: dict[str, tuple[str, object]] = {
    "anthropic": (
        "v1/messages",
        {
            "system": [{"type": "text", "text": "sys"}],
            "tools": [{"name": "sh", "description": "Run"}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hmm"},
                        {"type": "tool_use", "id": "c1", "name": "sh", "input": {"command": "ls"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "c1", "content": [{"text": "a"}]}
                    ],
                },
            ],
        },
    ),
    "openai": (
        "v1/chat/completions",
        {
            "tools": [{"type": "function", "function": {"name": "sh", "description": "Run"}}],
            "messages": [
                {"role": "system", "content": "sys"},
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "hi"}, {"type": "image_url"}],
                },
                {
                    "role": "assistant",
                    "reasoning": "hmm",
                    "tool_calls": [{"id": "c1", "function": CALL}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "a"},
            ],
        },
    ),
    "responses": (
        "v1/responses",
        {
            "instructions": "sys",
            "tools": [{"type": "function", "name": "sh", "description": "Run"}],
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": "hi"}, {"type": "input_image"}],
                },
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hmm"}]},
                {"type": "function_call", "call_id": "c1", **CALL},
                {"type": "function_call_output", "call_id": "c1", "output": "a"},
            ],
        },
    ),
    "gemini": (
        "v1beta/models/g:generateContent",
        {
            "systemInstruction": {"parts": [{"text": "sys"}]},
            "tools": [{"functionDeclarations": [{"name": "sh", "description": "Run"}]}],
            "contents": [
                {"role": "user", "parts": [{"text": "hi"}, {"inlineData": {"data": "aGk="}}]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "hmm", "thought": True},
                        {"functionCall": {"id": "c1", "name": "sh", "args": {"command": "ls"}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [{"functionResponse": {"id": "c1", "name": "sh", "response": "a"}}],
                },
            ],
        },
    ),
}


def blocks(path: str, body: object) -> tuple[Block, ...]:
    raw = json.dumps(body).encode()
    headers = (("content-type", "application/json"),)
    return request_blocks("auto", RecordedRequest("POST", path, "", headers, raw, ""))


@pytest.mark.parametrize(("path", "body"), REQUESTS.values(), ids=list(REQUESTS))
def test_every_api_tells_the_same_story(path: str, body: object) -> None:
    told = blocks(path, body)
    setup = {(block.tool, block.text) for block in told if block.kind is BlockKind.SETUP}
    assert setup == {("", "sys"), ("sh", "Run")}
    assert [
        (block.role, block.kind, block.call_id)
        for block in told
        if block.kind is not BlockKind.SETUP
    ] == [
        (Role.USER, BlockKind.TEXT, ""),
        (Role.USER, BlockKind.MEDIA, ""),
        (Role.ASSISTANT, BlockKind.THINKING, ""),
        (Role.ASSISTANT, BlockKind.CALL, "c1"),
        (Role.TOOL, BlockKind.RESULT, "c1"),
    ]
    by_kind = {block.kind: block.text for block in told}
    assert by_kind[BlockKind.RESULT] == "a"
    assert json.loads(by_kind[BlockKind.CALL]) == {"command": "ls"}


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"prompt": {"text": "fix"}}, ["fix"]),
        ([1], []),
        ({"messages": 5}, []),
        ({"messages": [{"content": 5}]}, []),
        ({"input": {}}, []),
    ],
    ids=["cursor", "list", "number", "no-content", "empty"],
)
def test_what_has_no_such_shape_is_shown_as_its_texts(body: object, texts: list[str]) -> None:
    assert [block.text for block in blocks("v1/agents", body)] == texts
