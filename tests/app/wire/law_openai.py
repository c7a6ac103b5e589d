"""OpenAI's three APIs: answers around a text of our own, and a reader that finds it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.wire.registry import wire_for
from tests.app.wire.chance import Chance, arguments, mixed, sse, typed
from tests.app.wire.law import SSE, Format, of_events

if TYPE_CHECKING:
    from tests.app.wire.chance import Events
    from tests.app.wire.law import Found


# OpenAI Chat Completions


_SAID = ("content", "reasoning_content", "refusal")


def chat(chance: Chance, text: str) -> tuple[str, bytes]:
    """One or two texts: of one choice, or the same of two choices."""
    count = chance.some()
    if chance.often(0.5):
        texts = [(chance.one(*_SAID, "call", "custom"), index) for index in range(count)]
        texts = [(texts[0][0], index) for _, index in texts]
    else:
        kinds = chance.sample((*_SAID, "call", "call", "custom"), count)
        texts = [(kind, 0) for kind in kinds]
    queues = [
        [("", _chunk(index, delta)) for delta in _deltas(chance, kind, text, number)]
        for number, (kind, index) in enumerate(texts)
    ]
    out = mixed(chance, queues)
    indices = sorted({index for _, index in texts})
    if chance.often(0.3) and len(indices) == 1:
        out[-1][1]["choices"][0]["finish_reason"] = "stop"
    elif chance.often(0.5):
        out += [("", _chunk(index, {}, "stop")) for index in indices]
    return SSE, sse([*out, ("", "[DONE]")] if chance.often(0.5) else out, chance)


def _deltas(chance: Chance, kind: str, text: str, number: int) -> list[dict[str, Any]]:
    if kind in _SAID:
        return [{kind: piece} for piece in chance.pieces(text)]
    holder, name = ("function", "arguments") if kind == "call" else ("custom", "input")
    said = arguments(chance, text) if kind == "call" else text
    calls = [{"index": number, holder: {name: piece}} for piece in chance.pieces(said)]
    calls[0] |= {"id": f"call_{number}", "type": holder}
    return [{"tool_calls": [call]} for call in calls]


def _chunk(index: int, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"choices": [choice]}


def chat_texts(_at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    for choice in event["choices"]:
        index, delta = choice["index"], choice["delta"]
        for kind in _SAID:
            yield (index, kind), delta.get(kind, "")
        for call in delta.get("tool_calls", ()):
            yield ("args", index, call["index"]), call.get("function", {}).get("arguments", "")
            yield ("input", index, call["index"]), call.get("custom", {}).get("input", "")
        if choice["finish_reason"]:
            yield from (((index, kind), None) for kind in _SAID)
            yield from (((kind, index, at), None) for kind in ("args", "input") for at in (0, 1))


# OpenAI Responses

_PLACES: dict[str, dict[str, Any]] = {
    "response.output_text": {"output_index": 0, "content_index": 0},
    "response.refusal": {"output_index": 0, "content_index": 1},
    "response.reasoning_summary_text": {"output_index": 1, "summary_index": 0},
    "response.function_call_arguments": {"output_index": 2},
    "response.custom_tool_call_input": {"output_index": 3},
}
_REPEATED = {"arguments": "args", "text": "text", "refusal": "refusal", "input": "input"}


def responses(chance: Chance, text: str) -> tuple[str, bytes]:
    """One or two texts in deltas, and what repeats them whole."""
    queues: list[Events] = []
    whole: list[dict[str, Any]] = []
    for kind in chance.sample(tuple(_PLACES), chance.some()):
        in_json = kind.endswith("arguments")
        said = arguments(chance, text) if in_json else text
        place = _PLACES[kind]
        queue: Events = [
            typed(f"{kind}.delta", **place, delta=piece) for piece in chance.pieces(said)
        ]
        if chance.often(0.7):
            name = {"arguments": "arguments", "refusal": "refusal", "input": "input"}.get(
                kind.rpartition("_" if "_" in kind else ".")[2], "text"
            )
            queue.append(typed(f"{kind}.done", **place, **{name: said}))
        queues.append(queue)
        whole.append(
            {"type": "function_call", "arguments": said}
            if in_json
            else {"content": [{"text": said}]}
        )
    out = mixed(chance, queues)
    if chance.often(0.3):
        out.append(typed("response.output_item.done", output_index=9, item=whole[0]))
    elif chance.often(0.5):
        out.append(typed("response.completed", response={"output": whole}))
    return SSE, sse(out, chance)


def response_texts(at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    kind = event["type"]
    if "delta" in event:
        yield ("args" if "arguments" in kind else "text", kind), event["delta"]
    for name, key in _REPEATED.items():
        if name in event:
            yield (key, kind, "whole"), event[name]
    if kind.endswith(".done"):
        delta = kind.replace(".done", ".delta")
        yield ("args" if "arguments" in kind else "text", delta), None
    items = [*event.get("response", {}).get("output", ()), event.get("item", {})]
    for place, item in enumerate(items):
        yield ("args", kind, place), item.get("arguments", "")
        for part in item.get("content", ()):
            yield (kind, place), part["text"]


# OpenAI Completions


def completions(chance: Chance, text: str) -> tuple[str, bytes]:
    queues: list[Events] = []
    for index in range(chance.some()):
        choices = [{"text": piece, "index": index} for piece in chance.pieces(text, 3)]
        if chance.often(0.7):
            choices[-1]["finish_reason"] = "stop"
        queues.append([("", {"choices": [choice]}) for choice in choices])
    out = mixed(chance, queues)
    return SSE, sse([*out, ("", "[DONE]")] if chance.often(0.6) else out, chance)


def completion_texts(_at: int, _name: str, event: Any) -> Found:  # noqa: ANN401 - any JSON
    for choice in event["choices"]:
        yield choice["index"], choice["text"]
        if choice.get("finish_reason"):
            yield choice["index"], None


FORMATS = {
    "chat": Format(wire_for("openai", "v1/chat/completions", None), chat, of_events(chat_texts)),
    "responses": Format(
        wire_for("openai", "v1/responses", None), responses, of_events(response_texts)
    ),
    "completions": Format(
        wire_for("openai", "v1/completions", None),
        completions,
        of_events(completion_texts),
    ),
}
