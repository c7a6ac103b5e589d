"""The tools that a server lists. Any result that has a list of tools counts as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.mcp.requests import messages

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.wire.base import Json


def listed(value: Json) -> list[dict[str, Json]]:
    """Return the tools that the messages of a value list, each with all that is said of it."""
    tools = [tool for message in messages(value) for tool in _tools(message) or []]
    return [tool for tool in tools if isinstance(tool, dict)]


def offering(value: Json, is_offered: Callable[[str], bool]) -> Json:
    """Return the value without the tools that are not offered; the same object where all are."""
    if isinstance(value, list):
        changed = [_offering(message, is_offered) for message in value]
        return changed if any(a is not b for a, b in zip(changed, value, strict=True)) else value
    return _offering(value, is_offered)


def name_of(tool: Json) -> str:
    """Return the name of a tool; empty where it has none."""
    name = tool.get("name") if isinstance(tool, dict) else None
    return name if isinstance(name, str) else ""


def _offering(message: Json, is_offered: Callable[[str], bool]) -> Json:
    if not isinstance(message, dict):
        return message
    tools = _tools(message)
    if tools is None:
        return message
    left = [tool for tool in tools if is_offered(name_of(tool))]
    if len(left) == len(tools):
        return message
    result = message["result"]
    return message | {"result": (result if isinstance(result, dict) else {}) | {"tools": left}}


def _tools(message: dict[str, Json]) -> list[Json] | None:
    result = message.get("result")
    tools = result.get("tools") if isinstance(result, dict) else None
    return tools if isinstance(tools, list) else None
