"""Tool calls in a message of Anthropic Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.document import DocumentForm, Found, objects
from app.wire.calls.rulings import parsed_arguments
from app.wire.calls.stream import unreadable
from app.wire.calls.streams.anthropic import EMPTY, is_call, name_of, run_by_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling


def _calls(document: Json) -> list[Found]:
    return [Found(_call(block)) for block in _content(document) if is_call(block)]


def _call(block: dict[str, Json]) -> ToolCall:
    given, call_id = block.get("input"), block.get("id")
    if not name_of(block):
        raise unreadable("a tool call without a name")
    arguments = strict_json.dump({} if given is None else given).decode()
    call_id = call_id if isinstance(call_id, str) else ""
    return ToolCall(name_of(block), arguments, call_id, by_provider=not run_by_client(block))


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    content: list[Json] = []
    for block in _content(document):
        content.extend(_written(block, next(of)) if is_call(block) else [block])
    if not isinstance(document, dict):
        return document
    changed = {**document, "content": content}
    left = any(isinstance(block, dict) and run_by_client(block) for block in content)
    if document.get("stop_reason") == "tool_use" and not left:
        changed["stop_reason"] = "end_turn"
    return changed


def _written(block: dict[str, Json], ruling: Ruling) -> list[Json]:
    match ruling:
        case Replaced(text):
            return [_said(text)]
        case Changed(arguments, text):
            before = [_said(text)] if text else []
            return [*before, {**block, "input": parsed_arguments(arguments)}]
        case Passed():
            return [block]


def _stopped(document: Json, text: str) -> Json:
    of = document if isinstance(document, dict) and document.get("type") == "message" else {}
    return {**EMPTY, **of, "content": [_said(text)], "stop_reason": "end_turn"}


def _said(text: str) -> Json:
    return {"type": "text", "text": text}


def _content(document: Json) -> list[dict[str, Json]]:
    if not isinstance(document, dict):
        raise unreadable("an answer that is no object")
    return objects(document, "content")


ANTHROPIC = DocumentForm((b"tool_use",), _calls, _ruled, _stopped)
