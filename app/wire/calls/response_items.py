"""The items of OpenAI Responses that are calls: of tools of the client, and of the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from app.domain.tool_call import ToolCall
from app.wire import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.wire.base import Json

Item: TypeAlias = "dict[str, Json]"

EMPTY: dict[str, Json] = {
    "id": "resp_stopped",
    "object": "response",
    "created_at": 0,
    "model": "",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
"""The members of a response that was ended here, where the upstream has not told its own."""
_NAMED: Mapping[str, str] = {
    "function_call": "arguments",
    "custom_tool_call": "input",
    "mcp_call": "arguments",
    "mcp_approval_request": "arguments",
}
"""Items that name their tool, each with the member that holds the arguments as text."""
_OF_THE_API: Mapping[str, tuple[str, ...]] = {
    "local_shell_call": ("action",),
    "shell_call": ("action",),
    "apply_patch_call": ("operation",),
    "computer_call": ("action", "actions"),
    "tool_search_call": ("arguments",),
    "web_search_call": ("action",),
    "code_interpreter_call": ("code",),
    "file_search_call": ("queries",),
    "image_generation_call": ("revised_prompt",),
    "program": ("code",),
}
"""Calls of tools that the API itself has, each with the members that say what is asked."""
_BY_PROVIDER = frozenset(
    {
        *("code_interpreter_call", "file_search_call", "image_generation_call", "mcp_call"),
        *("program", "web_search_call"),
    }
)
_TELLING = (
    "response.function_call_arguments.",
    "response.custom_tool_call_input.",
    "response.mcp_call_arguments.",
)
_TELLING_PARTS = ("response.shell_call_command.", "response.apply_patch_call_operation_diff.")
_NOT_ASKED = frozenset({"type", "id", "call_id", "status"})


def tool_of(item: Item) -> str | None:
    """Return the name of the tool that an item calls, empty if not known yet; None for no call."""
    kind = item.get("type")
    if not isinstance(kind, str):
        return None
    if kind in _NAMED:
        return _named(item)
    if kind in _OF_THE_API or kind.endswith("_call"):
        return kind.removesuffix("_call")
    return None


def call_of(item: Item) -> ToolCall | None:
    """Return the call that a whole item makes; None for an item that is no call."""
    tool = tool_of(item)
    if tool is None:
        return None
    return ToolCall(tool, _arguments(item), _call_id(item), by_provider=_by_provider(item))


def has_text(item: Item) -> bool:
    """Whether what is asked of the tool is free text, not JSON."""
    return item.get("type") == "custom_tool_call"


def with_arguments(item: Item, arguments: str) -> Item:
    """Return a call with other arguments. Raises `ValueError` for what the item cannot hold."""
    kind = item["type"]
    assert isinstance(kind, str)  # noqa: S101 - as `call_of` has found out
    if kind in _NAMED:
        return {**item, _NAMED[kind]: arguments}
    asked = strict_json.parse_loosely(arguments)
    if not isinstance(asked, dict):
        raise ValueError("The arguments of this call have to be a JSON object.")  # noqa: TRY004
    alone = _sole_object(item)
    return {**item, alone: asked} if alone else {**item, **asked}


def asks(item: Item) -> bool:
    """Whether a call that is announced has arguments already."""
    kind = item.get("type")
    members = _OF_THE_API.get(kind, ()) if isinstance(kind, str) else ()
    return bool(_arguments(item)) if kind in _NAMED else any(map(item.get, members))


def tells_arguments(event: str) -> bool:
    """Whether events of a type tell the arguments of a call that names its tool."""
    return event.startswith(_TELLING)


def tells_parts(event: str) -> bool:
    """Whether events of a type tell what is asked of a tool of the API."""
    return event.startswith(_TELLING_PARTS)


def said(text: str, item_id: str) -> Item:
    """Return a finished message."""
    return {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }


def _named(item: Item) -> str:
    name, kind = _text(item.get("name")), item["type"]
    if kind in {"mcp_call", "mcp_approval_request"}:
        return f"mcp__{_text(item.get('server_label'))}__{name}"
    space = _text(item.get("namespace"))
    return f"{space.removesuffix('__')}__{name}" if space and name else name


def _arguments(item: Item) -> str:
    kind = item["type"]
    assert isinstance(kind, str)  # noqa: S101 - as `tool_of` has found out
    if kind in _NAMED:
        value = item.get(_NAMED[kind])
        return value if isinstance(value, str) else "" if value is None else _spelt(value)
    if alone := _sole_object(item):
        return _spelt(item[alone])
    members = _OF_THE_API.get(kind) or [name for name in item if name not in _NOT_ASKED]
    return _spelt({name: item[name] for name in members if item.get(name) is not None})


def _sole_object(item: Item) -> str:
    """Return the name of the member that says all that is asked, if there is one."""
    members = _OF_THE_API.get(_text(item["type"]), ())
    there = [name for name in members if item.get(name) is not None]
    return there[0] if len(there) == 1 and isinstance(item[there[0]], dict) else ""


def _by_provider(item: Item) -> bool:
    if item["type"] == "tool_search_call":
        return item.get("execution") != "client"
    return item["type"] in _BY_PROVIDER


def _call_id(item: Item) -> str:
    return _text(item.get("call_id")) or _text(item.get("id"))


def _spelt(value: Json) -> str:
    return strict_json.dump(value).decode()


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
