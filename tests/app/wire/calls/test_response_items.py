"""Which items of OpenAI Responses are calls, and what they ask of which tool."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.domain.tool_call import ToolCall
from app.wire.calls import response_items

ACTION = {"type": "exec", "command": ["ls"]}
OF = {"id": "i", "call_id": "c", "status": "completed"}
Row = tuple[dict[str, Any], str, str, bool]

CALLS: list[Row] = [
    ({"type": "function_call", "name": "run", "arguments": "{}"}, "run", "{}", False),
    (
        {"type": "function_call", "name": "run", "namespace": "mcp__db__", "arguments": "{}"},
        "mcp__db__run",
        "{}",
        False,
    ),
    ({"type": "function_call", "namespace": "mcp__db__", "arguments": None}, "", "", False),
    ({"type": "custom_tool_call", "name": "exec", "input": "ls\n"}, "exec", "ls\n", False),
    ({"type": "local_shell_call", "action": ACTION}, "local_shell", json.dumps(ACTION), False),
    ({"type": "shell_call", "action": ACTION}, "shell", json.dumps(ACTION), False),
    ({"type": "apply_patch_call", "operation": ACTION}, "apply_patch", json.dumps(ACTION), False),
    ({"type": "computer_call", "action": ACTION}, "computer", json.dumps(ACTION), False),
    (
        {"type": "computer_call", "action": None, "actions": [ACTION]},
        "computer",
        json.dumps({"actions": [ACTION]}),
        False,
    ),
    (
        {"type": "tool_search_call", "execution": "client", "arguments": {"query": "q"}},
        "tool_search",
        '{"query":"q"}',
        False,
    ),
    (
        {"type": "tool_search_call", "execution": "server", "arguments": {"query": "q"}},
        "tool_search",
        '{"query":"q"}',
        True,
    ),
    ({"type": "new_call", "size": 1}, "new", '{"size":1}', False),
    (
        {"type": "mcp_approval_request", "server_label": "db", "name": "run", "arguments": "{}"},
        "mcp__db__run",
        "{}",
        False,
    ),
    (
        {"type": "mcp_call", "server_label": "db", "name": "run", "arguments": "{}"},
        "mcp__db__run",
        "{}",
        True,
    ),
    ({"type": "web_search_call", "action": ACTION}, "web_search", json.dumps(ACTION), True),
    ({"type": "code_interpreter_call", "code": "1"}, "code_interpreter", '{"code":"1"}', True),
    ({"type": "file_search_call", "queries": ["q"]}, "file_search", '{"queries":["q"]}', True),
    ({"type": "image_generation_call", "result": "aWE="}, "image_generation", "{}", True),
    ({"type": "program", "code": "1"}, "program", '{"code":"1"}', True),
]


@pytest.mark.parametrize(
    ("item", "tool", "asked", "by_provider"),
    CALLS,
    ids=[f"{at}-{row[0]['type']}" for at, row in enumerate(CALLS)],
)
def test_a_call_says_its_tool_and_what_is_asked(
    item: dict[str, Any],
    tool: str,
    asked: str,
    by_provider: bool,  # noqa: FBT001
) -> None:
    asked = asked if asked == item.get("input") else asked.replace(", ", ",").replace(": ", ":")
    assert response_items.tool_of(item) == tool
    assert response_items.call_of({**OF, **item}) == ToolCall(
        tool, asked, "c", by_provider=by_provider
    )


@pytest.mark.parametrize(
    "item",
    [
        {"type": "message", "content": []},
        {"type": "reasoning"},
        {"type": "function_call_output", "output": "run"},
        {"type": "mcp_list_tools"},
        {"type": None, "name": "run"},
        {"name": "run"},
    ],
    ids=["message", "reasoning", "output", "list of tools", "no type", "nothing"],
)
def test_other_items_are_no_calls(item: dict[str, Any]) -> None:
    assert response_items.tool_of(item) is None
    assert response_items.call_of(item) is None


NEW = '{"new":1}'


@pytest.mark.parametrize(
    ("item", "member", "new"),
    [
        ({"type": "function_call", "name": "run", "arguments": "{}"}, "arguments", NEW),
        ({"type": "custom_tool_call", "name": "run", "input": "ls"}, "input", NEW),
        ({"type": "shell_call", "action": ACTION}, "action", {"new": 1}),
        ({"type": "apply_patch_call", "operation": ACTION}, "operation", {"new": 1}),
        ({"type": "computer_call", "actions": [ACTION]}, "new", 1),
    ],
    ids=["function", "custom", "shell", "patch", "computer"],
)
def test_other_arguments_are_written_as_the_call_writes_its_own(
    item: dict[str, Any], member: str, new: object
) -> None:
    assert response_items.with_arguments(item, NEW) == {**item, member: new}


def test_what_is_asked_of_a_tool_of_the_api_has_to_be_an_object() -> None:
    with pytest.raises(ValueError, match="object"):
        response_items.with_arguments({"type": "shell_call", "action": ACTION}, "[]")
