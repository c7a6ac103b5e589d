"""Tool calls in an answer of OpenAI Chat Completions.

An answer has choices, and each of them its own calls and its own end. A choice says all its words
in one `content`, so what is said about its calls is added there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.document import DocumentForm, Found, objects
from app.wire.calls.stream import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling

Object = dict[str, "Json"]
_ENDS = ("tool_calls", "function_call")
_HOLDERS = {"function": "arguments", "custom": "input"}
"""The members of a call that name the tool, each with the name of what it is asked."""


def _calls(document: Json) -> list[Found]:
    return [
        found
        for choice in _choices(document)
        if (message := _message(choice)) is not None
        for found in [*map(_found, objects(message, "tool_calls")), *_legacy(message)]
    ]


def _found(call: Object) -> Found:
    holder, asked = _asked(call)
    value = holder.get(asked)
    arguments = value if isinstance(value, str) else strict_json.dump(value or {}).decode()
    name = _text(holder.get("name"))
    if not name:
        raise unreadable("a tool call without a name")
    return Found(ToolCall(name, arguments, _text(call.get("id"))), text=asked == "input")


def _legacy(message: Object) -> list[Found]:
    call = message.get("function_call")
    return [_found({"function": call})] if call is not None else []


def _asked(call: Object) -> tuple[Object, str]:
    """Return what names the tool in a call, and which member of it says what is asked."""
    (name, asked), *others = [
        (name, asked) for name, asked in _HOLDERS.items() if call.get(name) is not None
    ] or [("", "")]
    holder = call.get(name)
    if others or not isinstance(holder, dict):
        raise unreadable("a tool call of an unknown form")
    return holder, asked


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    choices = [_choice(choice, of) for choice in _choices(document)]
    return {**document, "choices": choices} if isinstance(document, dict) else document


def _choice(choice: Object, rulings: Iterator[Ruling]) -> Json:
    message = _message(choice)
    if message is None:
        return choice
    said: list[str] = []
    left: list[Json] = []
    for call in objects(message, "tool_calls"):
        left.extend(_written(call, next(rulings), said))
    changed: Object = {**message, "tool_calls": left}
    if not left:
        del changed["tool_calls"]
    if isinstance(legacy := message.get("function_call"), dict):
        kept = _written({"function": legacy}, next(rulings), said)
        changed["function_call"] = _asked(kept[0])[0] if kept else None
    if said:
        changed["content"] = _with_texts(message.get("content"), said)
    called = bool(left or changed.get("function_call"))
    ends = choice.get("finish_reason") in _ENDS and not called
    return {**choice, "message": changed, **({"finish_reason": "stop"} if ends else {})}


def _written(call: Object, ruling: Ruling, said: list[str]) -> list[Object]:
    """Return a call as it goes on, if it does; what is said about it is added to `said`."""
    match ruling:
        case Replaced(text):
            said.append(text)
            return []
        case Changed(arguments, text):
            said.extend([text] if text else [])
            holder, asked = _asked(call)
            name = "function" if asked == "arguments" else "custom"
            return [{**call, name: {**holder, asked: arguments}}]
        case Passed():
            return [call]


def _with_texts(content: Json, texts: list[str]) -> Json:
    if isinstance(content, list):
        parts: list[Json] = [{"type": "text", "text": text} for text in texts]
        return [*content, *parts]
    return "\n\n".join([*([content] if isinstance(content, str) and content else []), *texts])


def _stopped(document: Json, text: str) -> Json:
    of = document if isinstance(document, dict) and "choices" in document else {}
    message: Json = {"role": "assistant", "content": text, "refusal": None}
    choice: Json = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_EMPTY, **of, "choices": [choice]}


_EMPTY: Object = {"id": "chatcmpl-stopped", "object": "chat.completion", "created": 0, "model": ""}


def _choices(document: Json) -> list[Object]:
    if not isinstance(document, dict):
        raise unreadable("an answer that is no object")
    return objects(document, "choices")


def _message(choice: Object) -> Object | None:
    message = choice.get("message")
    if choice.get("delta") is not None or not isinstance(message, dict | None):
        raise unreadable("a choice of an unknown form")
    return message


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


CHAT = DocumentForm((b"tool_calls", b"function_call"), _calls, _ruled, _stopped)
