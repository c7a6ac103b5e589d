"""Streams of OpenAI Responses, and what a client puts together from them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.streams.responses import ResponsesStream
from tests.app.wire import streams
from tests.app.wire.calls.law import COMMENT, LIMIT, Timing, driven, wanted
from tests.app.wire.law import events

if TYPE_CHECKING:
    from app.wire.calls.base import Ruling

Event = dict[str, Any]

KINDS = ("function_call", "custom_tool_call", "shell_call", "apply_patch_call")
MEMBERS = {"function_call": "arguments", "custom_tool_call": "input"}
TELLING = {
    "function_call": "response.function_call_arguments",
    "custom_tool_call": "response.custom_tool_call_input",
}
EMPTY = {"type": "output_text", "text": "", "annotations": []}
USAGE = {"input_tokens": 3, "output_tokens": 9, "total_tokens": 12}


@dataclass(frozen=True)
class Item:
    """An item of an answer; `call` is the name of a tool, `kind` how its call is spelt."""

    text: str = ""
    call: str = ""
    kind: str = "function_call"
    thinking: bool = False

    @property
    def tool(self) -> str:
        return (
            self.kind.removesuffix("_call") if self.call and self.kind in KINDS[2:] else self.call
        )

    @property
    def is_held(self) -> bool:
        return looked_at(self.tool)


def looked_at(tool: str) -> bool:
    return wanted(tool) or tool in {"shell", "apply_patch"}


def asked(item: Item, at: int) -> Any:  # noqa: ANN401 - any JSON
    if item.kind == "shell_call":
        return {"commands": [f"rm -rf mark{at}"]}
    if item.kind == "apply_patch_call":
        return {"type": "delete_file", "path": f"mark{at}"}
    return json.dumps({"command": f"rm -rf mark{at}"})


def whole(item: Item, at: int) -> Event:
    """Return an item as it is in the end."""
    if item.thinking:
        return {"id": f"rs_{at}", "type": "reasoning", "summary": [], "encrypted_content": "c2ln"}
    if not item.call:
        part = {"type": "output_text", "text": item.text, "annotations": []}
        of = {"id": f"msg_{at}", "type": "message", "role": "assistant"}
        return {**of, "status": "completed", "content": [part]}
    of = {"id": f"fc_{at}", "type": item.kind, "call_id": f"call_{at}", "status": "completed"}
    if item.kind == "shell_call":
        return {**of, "action": asked(item, at)}
    if item.kind == "apply_patch_call":
        return {**of, "operation": asked(item, at)}
    return {**of, "name": item.call, MEMBERS[item.kind]: asked(item, at)}


def item_events(item: Item, at: int) -> list[Event]:
    done = whole(item, at)
    begun = {**done, "status": "in_progress"}
    place = {"item_id": done["id"], "output_index": at}
    middle: list[Event] = []
    if item.kind in MEMBERS and item.call:
        member = MEMBERS[item.kind]
        begun[member] = ""
        name = TELLING[item.kind]
        spoken = asked(item, at)
        middle = [
            {"type": f"{name}.delta", **place, "delta": piece} for piece in (spoken[:3], spoken[3:])
        ]
        middle.append({"type": f"{name}.done", **place, member: spoken})
    elif item.kind == "shell_call" and item.call:
        begun["action"] = {"commands": []}
        command = asked(item, at)["commands"][0]
        of = {"output_index": at, "command_index": 0}
        name = "response.shell_call_command"
        middle = [
            {"type": f"{name}.added", **of, "command": ""},
            {"type": f"{name}.delta", **of, "delta": command},
            {"type": f"{name}.done", **of, "command": command},
        ]
    elif not item.call and not item.thinking:
        begun["content"] = []
        place["content_index"] = 0
        middle = [
            {"type": "response.content_part.added", **place, "part": EMPTY},
            *(
                {"type": "response.output_text.delta", **place, "delta": piece}
                for piece in (item.text[:2], item.text[2:])
            ),
            {"type": "response.output_text.done", **place, "text": item.text},
            {"type": "response.content_part.done", **place, "part": done["content"][0]},
        ]
    return [
        {"type": "response.output_item.added", "output_index": at, "item": begun},
        *middle,
        {"type": "response.output_item.done", "output_index": at, "item": done},
    ]


def made(items: list[Item], mixed: list[int] | None = None) -> bytes:
    """Return a whole stream. `mixed` says how the events of items are mixed, if they are."""
    queues = [item_events(item, at) for at, item in enumerate(items)]
    if mixed is None:
        middle = [event for queue in queues for event in queue]
    else:
        middle = [queue.pop(0) for queue in queues]
        turns = list(mixed)
        while left := [queue for queue in queues if queue]:
            middle.append(left[(turns.pop() if turns else 0) % len(left)].pop(0))
    output = [whole(item, at) for at, item in enumerate(items)]
    end = {**streams.RESPONSE, "status": "completed", "output": output, "usage": USAGE}
    told = [
        {"type": "response.created", "response": streams.RESPONSE},
        {"type": "response.in_progress", "response": streams.RESPONSE},
        *middle,
        {"type": "response.completed", "response": end},
    ]
    return b"".join(
        streams.named({**event, "sequence_number": at}) for at, event in enumerate(told)
    )


ITEMS = st.lists(
    st.builds(
        Item,
        text=st.sampled_from(["so it is", 'function_call "\\ é', "output_item"]),
        call=st.sampled_from(["", "", "held_bash", "held_bash", "read"]),
        kind=st.sampled_from(KINDS),
        thinking=st.sampled_from([False, False, True]),
    ).map(lambda item: Item(item.text, "", "function_call", True) if item.thinking else item),
    max_size=6,
)
MIXED = st.lists(st.integers(0, 5), max_size=20)


def reader(limit: int = LIMIT) -> ResponsesStream:
    return ResponsesStream(looked_at, limit=limit, alive=COMMENT)


def run(
    items: list[Item],
    rulings: list[Ruling],
    mixed: list[int] | None,
    timing: Timing = Timing(),  # noqa: B008 - it is frozen
) -> bytes:
    held = [at for at, item in enumerate(items) if item.is_held]
    marks = {number: f"mark{at}".encode() for number, at in enumerate(held)}
    return driven(reader(), made(items, mixed), lambda number: rulings[number], timing, marks)


def read(out: bytes) -> tuple[list[Event], dict[str, Any]]:
    """Put the items together from the events; return them, and the response at the end."""
    items: dict[int, Event] = {}
    pieces: dict[int, str] = {}
    final: dict[str, Any] = {}
    for number, (name, data) in enumerate(events(out.decode())):
        event = json.loads(data)
        assert event["type"] == name
        assert event["sequence_number"] == number
        at = event.get("output_index", -1)
        match name.removeprefix("response."):
            case "output_item.added":
                assert at == len(items)
                items[at] = event["item"]
                pieces[at] = ""
            case "function_call_arguments.delta" | "custom_tool_call_input.delta":
                pieces[at] += event["delta"]
            case "output_text.delta":
                pieces[at] += event["delta"]
            case "output_item.done":
                items[at] = event["item"]
                assert pieces[at] in {"", spoken(event["item"])}
            case "completed":
                final = event["response"]
    return [items[at] for at in sorted(items)], final


def spoken(item: Event) -> str:
    if item["type"] == "message":
        return str(item["content"][0]["text"])
    return str(item.get("arguments") or item.get("input"))


def expected(items: list[Item], rulings: list[Ruling]) -> list[Event]:
    """Return the items that a client is to see."""
    seen: list[Event] = []
    left = iter(rulings)
    for at, item in enumerate(items):
        ruling = next(left) if item.is_held else Passed()
        match ruling:
            case Replaced(text):
                seen.append({"type": "message", "text": text})
            case Changed(arguments, text):
                seen += [{"type": "message", "text": text}] if text else []
                member = {"shell_call": "action", "apply_patch_call": "operation"}
                new = json.loads(arguments) if item.kind in member else arguments
                name = member.get(item.kind) or MEMBERS[item.kind]
                seen.append({**whole(item, at), name: new})
            case _:
                seen.append(whole(item, at))
    return seen


def without_ids(items: list[Event]) -> list[Event]:
    """Show our messages, which have ids of their own, as their text."""
    return [
        {"type": "message", "text": item["content"][0]["text"]}
        if item["id"].startswith("msg_ruling")
        else item
        for item in items
    ]
