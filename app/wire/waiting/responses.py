"""The line in a stream of OpenAI Responses, and out of the history again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.waiting import history
from app.wire.waiting.events import Spliced, spelt

if TYPE_CHECKING:
    from app.wire.answer import sse
    from app.wire.base import Json

_ITEM = "msg_waiting"
_EVENTS = 6
"""How many events the opening has; the upstream's are numbered from there."""


def opening(line: str, _model: str) -> bytes:
    """Begin with an item; the response itself, with its id, is announced by the upstream."""
    at: dict[str, Json] = {"item_id": _ITEM, "output_index": 0, "content_index": 0}
    empty: Json = {"type": "output_text", "text": "", "annotations": []}
    part: Json = {"type": "output_text", "text": line, "annotations": []}
    events: list[dict[str, Json]] = [
        {"type": "response.output_item.added", "output_index": 0, "item": _item([], "in_progress")},
        {"type": "response.content_part.added", **at, "part": empty},
        {"type": "response.output_text.delta", **at, "delta": line, "logprobs": []},
        {"type": "response.output_text.done", **at, "text": line, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": _said(line)},
    ]
    return b"".join(
        spelt({**event, "sequence_number": number}) for number, event in enumerate(events)
    )


class Continuation(Spliced):
    def __init__(self, line: str) -> None:
        super().__init__()
        self._line = line
        self._number = _EVENTS

    def event(self, event: sse.SseEvent, value: dict[str, Json]) -> bytes:
        moved = dict(value)
        if isinstance(index := value.get("output_index"), int):
            moved["output_index"] = index + 1
        if "sequence_number" in value:
            moved["sequence_number"] = self._number
            self._number += 1
        response = value.get("response")
        if isinstance(response, dict) and isinstance(output := response.get("output"), list):
            # Some events repeat all that was said so far.
            moved["response"] = {**response, "output": [_said(self._line), *output]}
        return event.raw if moved == value else spelt(moved)


def without_lines(body: Json) -> Json:
    """Return the request without lines in it; the same object where there are none."""
    return history.without(body, "input", "assistant", "content")


def _said(line: str) -> Json:
    return _item([{"type": "output_text", "text": line, "annotations": []}], "completed")


def _item(content: list[Json], status: str) -> Json:
    return {
        "id": _ITEM,
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }
