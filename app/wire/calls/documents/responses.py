"""Tool calls in an answer of OpenAI Responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.calls import response_items
from app.wire.calls.base import Changed, Replaced
from app.wire.calls.document import DocumentForm, Found, objects
from app.wire.calls.stream import unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling


def _calls(document: Json) -> list[Found]:
    found: list[Found] = []
    for item in _output(document):
        if (call := response_items.call_of(item)) is not None:
            if not call.tool:
                raise unreadable("a tool call without a name")
            found.append(Found(call, response_items.has_text(item)))
    return found


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    output: list[Json] = []
    for at, item in enumerate(_output(document)):
        is_call = response_items.tool_of(item) is not None
        output.extend(_written(item, next(of), f"msg_ruling_{at}") if is_call else [item])
    return {**document, "output": output} if isinstance(document, dict) else document


def _written(item: response_items.Item, ruling: Ruling, item_id: str) -> list[Json]:
    match ruling:
        case Replaced(text):
            return [response_items.said(text, item_id)]
        case Changed(arguments, text):
            before: list[Json] = [response_items.said(text, item_id)] if text else []
            return [*before, response_items.with_arguments(item, arguments)]
        case _:
            return [item]


def _stopped(document: Json, text: str) -> Json:
    of = document if isinstance(document, dict) and "output" in document else {}
    output: list[Json] = [response_items.said(text, "msg_stopped")]
    return {**response_items.EMPTY, **of, "status": "completed", "output": output}


def _output(document: Json) -> list[response_items.Item]:
    if not isinstance(document, dict):
        raise unreadable("an answer that is no object")
    return objects(document, "output")


RESPONSES = DocumentForm((b"_call", b"_approval_request", b'"program"'), _calls, _ruled, _stopped)
