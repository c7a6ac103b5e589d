"""Tool calls in an answer of OpenAI Chat Completions.

An answer has choices, and each of them its own calls and its own end. A choice says all its words
in one `content`, so what is said about its calls is added there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.tool_call import ToolCall
from app.wire import strict_json
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.document import DocumentForm, Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling

Object = dict[str, "Json"]
_ENDS = frozenset({"tool_calls", "function_call"})
_HOLDERS = {"function": "arguments", "custom": "input"}
"""The members of a call that name the tool, each with the name of what it is asked."""


def _calls(document: Json) -> list[Found]:
    return [
        found
        for choice in _choices(document)
        if (message := _message(choice)) is not None
        for found in [*map(_found, _tool_calls(message)), *_legacy(message)]
    ]


def _found(call: Json) -> Found:
    given = call if isinstance(call, dict) else {}
    holder, asked = _asked(call)
    value = holder.get(asked)
    arguments = value if isinstance(value, str) else strict_json.dump(value or {}).decode()
    name = _text(holder.get("name")) or _text(given.get("type"))
    return Found(ToolCall(name, arguments, _text(given.get("id"))), text=asked == "input")


def _legacy(message: Object) -> list[Found]:
    call = message.get("function_call")
    return [_found({"function": call})] if isinstance(call, dict) else []


def _asked(call: Json) -> tuple[Object, str]:
    """Return what names the tool in a call, and which member of it says what is asked."""
    for name, asked in _HOLDERS.items():
        holder = call.get(name) if isinstance(call, dict) else None
        if isinstance(holder, dict):
            return holder, asked
    return {}, "arguments"


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    choices = [_choice(choice, of) for choice in _choices(document)]
    return {**document, "choices": choices} if isinstance(document, dict) else document


def _choice(choice: Json, rulings: Iterator[Ruling]) -> Json:
    message = _message(choice)
    if message is None or not isinstance(choice, dict):
        return choice
    said: list[str] = []
    left: list[Json] = []
    for call in _tool_calls(message):
        left.extend(_written(call, next(rulings), said))
    changed: Object = {**message, "tool_calls": left}
    if not left:
        del changed["tool_calls"]
    if isinstance(call := message.get("function_call"), dict):
        kept = _written({"function": call}, next(rulings), said)
        changed["function_call"] = _asked(kept[0])[0] if kept else None
    if said:
        changed["content"] = _with_texts(message.get("content"), said)
    called = bool(left or changed.get("function_call"))
    ends = choice.get("finish_reason") in _ENDS and not called
    return {**choice, "message": changed, **({"finish_reason": "stop"} if ends else {})}


def _written(call: Json, ruling: Ruling, said: list[str]) -> list[Json]:
    """Return a call as it goes on, if it does; what is said about it is added to `said`."""
    match ruling:
        case Replaced(text):
            said.append(text)
            return []
        case Changed(arguments, text):
            said.extend([text] if text else [])
            holder, asked = _asked(call)
            name = "function" if asked == "arguments" else "custom"
            given = call if isinstance(call, dict) else {}
            return [{**given, name: {**holder, asked: arguments}}]
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


def _choices(document: Json) -> list[Json]:
    choices = document.get("choices") if isinstance(document, dict) else None
    return choices if isinstance(choices, list) else []


def _message(choice: Json) -> Object | None:
    message = choice.get("message") if isinstance(choice, dict) else None
    return message if isinstance(message, dict) else None


def _tool_calls(message: Object) -> list[Json]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


CHAT = DocumentForm((b"tool_calls", b"function_call"), _calls, _ruled, _stopped)
