"""What a hook asks, read from JSON: every member is known and of its type, or it is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.hook import HookEvent, HookTool
from app.errors import BadRequest
from app.wire import strict_json
from app.wire.base import Json

MOST_BYTES = 2 * 1024 * 1024
MOST_DEPTH = 64
_LONGEST_PATIENCE = 7 * 24 * 3600
_LONGEST = 4096
"""Characters of what is not the content that is judged."""

_ABOUT = ("connection", "conversation", "turn", "call_id", "model", "folder")
_ORIGIN = ("repository", "commit", "branch")
_CONTENT: Mapping[HookEvent, tuple[str, ...]] = {
    HookEvent.PROMPT: ("prompt",),
    HookEvent.TOOL_CALL: ("name", "arguments"),
    HookEvent.TOOL_RESULT: ("name", "arguments", "result"),
    HookEvent.READ: ("path", "content"),
}
"""What is judged, for each event. Each of them has to be sent, and no other."""
_SHORT = (*_ABOUT, *_ORIGIN, "name", "path")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`content` has the members that are judged; the rest is what the hook says around them."""

    tool: HookTool
    event: HookEvent
    content: Mapping[str, Json]
    connection: str = ""
    conversation: str = ""
    turn: str = ""
    call_id: str = ""
    model: str = ""
    folder: str = ""
    repository: str = ""
    commit: str = ""
    branch: str = ""
    patience: float = field(default=0.0)
    """For how many seconds the hook can wait."""

    @property
    def name(self) -> str:
        """The tool that is called, or was."""
        return str(self.content.get("name", ""))

    @property
    def arguments(self) -> str:
        """The arguments of the call, as JSON."""
        return strict_json.dump(self.content.get("arguments", {})).decode()


def read_evaluation(body: bytes) -> Evaluation:
    """Raises BadRequest with a sentence that says what to send, and quotes no value."""
    value = strict_json.parse(body, max_depth=MOST_DEPTH)
    if not isinstance(value, dict):
        raise BadRequest("Send one JSON object that says what the hook asks.")
    left = dict(value)
    tool = HookTool(_one_of("tool", left.pop("tool", None), list(HookTool)))
    event = HookEvent(_one_of("event", left.pop("event", None), list(HookEvent)))
    patience = _seconds(left.pop("patience", 0))
    content = {name: _content(event, name, left) for name in _CONTENT[event]}
    about = {name: _short(name, left.pop(name, "")) for name in (*_ABOUT, *_ORIGIN)}
    if left:
        known = ("tool", "event", "patience", *_ABOUT, *_ORIGIN, *_CONTENT[event])
        raise BadRequest(
            f"There is a member that does not belong to the event {event.value}. "
            f"Send only these: {', '.join(known)}."
        )
    return Evaluation(tool, event, content, patience=patience, **about)


def _one_of(name: str, value: Json, known: list[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadRequest(f"`{name}` has to be one of: {', '.join(known)}.")
    return value


def _seconds(value: Json) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(min(value, _LONGEST_PATIENCE))
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    raise BadRequest("`patience` has to be the seconds that the hook can wait, from 0.")


def _content(event: HookEvent, name: str, left: dict[str, Json]) -> Json:
    if name not in left:
        raise BadRequest(f"The event {event.value} needs the member `{name}`.")
    value = left.pop(name)
    if name == "arguments":
        if not isinstance(value, dict):
            raise BadRequest("`arguments` has to be an object: the arguments of the tool's call.")
        return value
    return _short(name, value) if name in _SHORT else _text(name, value)


def _short(name: str, value: Json) -> str:
    text = _text(name, value)
    if len(text) > _LONGEST:
        raise BadRequest(f"`{name}` is longer than {_LONGEST:,} characters; send less.")
    return text


def _text(name: str, value: Json) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` has to be a string.")
    return value
