"""The line in a stream of Anthropic Messages, and out of the history again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.waiting import history
from app.wire.waiting.events import Spliced, spelt

if TYPE_CHECKING:
    from app.wire.answer import sse
    from app.wire.base import Json

_BLOCKS = ("content_block_start", "content_block_delta", "content_block_stop")


def opening(line: str, model: str) -> bytes:
    message: Json = {
        "id": "msg_waiting",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    events: list[dict[str, Json]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": line}},
        {"type": "content_block_stop", "index": 0},
    ]
    return b"".join(map(spelt, events))


class Continuation(Spliced):
    def __init__(self, _line: str) -> None:
        super().__init__()
        self._usage: dict[str, Json] = {}

    def event(self, event: sse.SseEvent, value: dict[str, Json]) -> bytes:
        kind = value.get("type")
        if kind == "message_start":
            self._usage = _usage_of(value.get("message"))
            return b""
        if kind in _BLOCKS and isinstance(index := value.get("index"), int):
            return spelt({**value, "index": index + 1})
        if kind == "message_delta" and self._usage:
            # The tokens that came in, of which the beginning told: the client has not seen it.
            return spelt({**value, "usage": {**self._usage, **_usage_of(value)}})
        return event.raw


def without_lines(body: Json) -> Json:
    """Return the request without lines in it; the same object where there are none."""
    return history.without(body, "messages", "assistant", "content")


def _usage_of(value: Json) -> dict[str, Json]:
    usage = value.get("usage") if isinstance(value, dict) else None
    return usage if isinstance(usage, dict) else {}
