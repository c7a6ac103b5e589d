"""Tool calls in a message of Anthropic Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.document import DocumentForm, Found
from app.wire.calls.rulings import parsed_arguments
from app.wire.calls.streams.anthropic import EMPTY, is_call, name_of, run_by_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling


def _calls(document: Json) -> list[Found]:
    return [
        Found(_call(block))
        for block in _content(document)
        if isinstance(block, dict) and is_call(block)
    ]


def _call(block: dict[str, Json]) -> ToolCall:
    given, call_id = block.get("input"), block.get("id")
    arguments = strict_json.dump({} if given is None else given).decode()
    call_id = call_id if isinstance(call_id, str) else ""
    return ToolCall(name_of(block), arguments, call_id, by_provider=not run_by_client(block))


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    content: list[Json] = []
    for block in _content(document):
        ruling = next(of) if isinstance(block, dict) and is_call(block) else Passed()
        content.extend(_written(block, ruling))
    if not isinstance(document, dict):
        return document
    changed = {**document, "content": content}
    left = any(isinstance(block, dict) and run_by_client(block) for block in content)
    if document.get("stop_reason") == "tool_use" and not left:
        changed["stop_reason"] = "end_turn"
    return changed


def _written(block: Json, ruling: Ruling) -> list[Json]:
    match ruling:
        case Replaced(text):
            return [_said(text)]
        case Changed(arguments, text) if isinstance(block, dict):
            before = [_said(text)] if text else []
            return [*before, {**block, "input": dict(parsed_arguments(arguments))}]
        case _:
            return [block]


def _stopped(document: Json, text: str) -> Json:
    of = document if isinstance(document, dict) and document.get("type") == "message" else {}
    return {**EMPTY, **of, "content": [_said(text)], "stop_reason": "end_turn"}


def _said(text: str) -> Json:
    return {"type": "text", "text": text}


def _content(document: Json) -> list[Json]:
    content = document.get("content") if isinstance(document, dict) else None
    return content if isinstance(content, list) else []


ANTHROPIC = DocumentForm((b"tool_use",), _calls, _ruled, _stopped)
