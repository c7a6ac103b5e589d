"""OpenAI Chat Completions, which most other providers speak as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.wire import reading, table, thinking
from app.wire.answer.events import EVERYTHING, AnswerTable, StreamTable
from app.wire.answer.tree_masker import index_of
from app.wire.apis import openai_error
from app.wire.json_paths import ValueKind, shape, whole
from app.wire.reading import TextKind, TextPiece
from app.wire.request.prompts import RequestTable
from app.wire.waiting import history

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.wire.answer.events import Event, Key
    from app.wire.base import Json

REQUEST = RequestTable(
    shape=shape(
        {
            "messages[].content[].image_url": ValueKind.BLOB,
            "messages[].content[].input_audio": ValueKind.BLOB,
            "messages[].content[].file": ValueKind.BLOB,
            "messages[].audio": ValueKind.BLOB,
            "messages[].tool_calls[].function.arguments": ValueKind.JSON,
            "messages[].function_call.arguments": ValueKind.JSON,
            "messages[].reasoning_details[].data": ValueKind.KEEP,
            "tools[].function.parameters": ValueKind.FREE,
            "functions[].parameters": ValueKind.FREE,
            "response_format.json_schema.schema": ValueKind.FREE,
            "metadata": ValueKind.FREE,
            "logit_bias": ValueKind.FREE,
        }
    ),
    roles={
        "messages": Role.USER,
        "prediction": Role.ASSISTANT,
        "tools": Role.SYSTEM,
        "functions": Role.SYSTEM,
    },
    without_lines=lambda body: history.without(body, "messages", "assistant", "content"),
    mend=thinking.mended_details,
)


def choices_end(_name: str, event: Event) -> Iterable[Key]:
    """Tell which choices an event ends; an error ends all."""
    choices = event.get("choices")
    if not isinstance(choices, list):
        return EVERYTHING if "error" in event else ()
    ended = [
        (choice.get("index", position),)
        for position, choice in enumerate(choices)
        if isinstance(choice, dict) and choice.get("finish_reason")
    ]
    return [*ended, *(key for key, _ in signed_details(event))]


def signed_details(event: Event) -> Iterable[tuple[Key, Event]]:
    """Yield the details of reasoning that an event signs, each with the key of its text."""
    choices = event.get("choices")
    for position, choice in enumerate(choices if isinstance(choices, list) else ()):
        delta = choice.get("delta") if isinstance(choice, dict) else None
        details = delta.get("reasoning_details") if isinstance(delta, dict) else None
        for at, detail in enumerate(details if isinstance(details, list) else ()):
            if isinstance(detail, dict) and detail.get("signature"):
                yield (index_of(choice, position), index_of(detail, at)), detail


# What compatible servers send beside the texts, complete in each event.
CHUNK = whole(
    "",
    (
        *("choices", "citations", "created", "error", "id", "model", "object", "obfuscation"),
        *("prompt_filter_results", "provider", "search_results", "service_tier", "timings"),
        *("system_fingerprint", "usage", "x_groq"),
    ),
)
CHOICE = whole(
    "choices[].",
    (
        *("content_filter_results", "delta", "finish_reason", "index", "matched_stop"),
        *("native_finish_reason", "stop_reason"),
    ),
)

ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                **CHUNK,
                **CHOICE,
                "choices[].text": (ValueKind.TEXT, "text"),
                "choices[].delta.*": ValueKind.TEXT,
                "choices[].delta.content": (ValueKind.TEXT, "content"),
                "choices[].delta.role": ValueKind.WHOLE,
                "choices[].delta.tool_calls[].id": ValueKind.WHOLE,
                "choices[].delta.tool_calls[].type": ValueKind.WHOLE,
                "choices[].delta.tool_calls[].function.name": ValueKind.WHOLE,
                "choices[].delta.tool_calls[].function.arguments": ValueKind.ARGUMENTS,
                "choices[].delta.tool_calls[].custom.input": ValueKind.TEXT,
                "choices[].delta.function_call.name": ValueKind.WHOLE,
                "choices[].delta.function_call.arguments": ValueKind.ARGUMENTS,
                "choices[].delta.annotations": ValueKind.WHOLE,
                "choices[].delta.images": ValueKind.BLOB,
                "choices[].delta.audio.transcript": ValueKind.TEXT,
                "choices[].delta.audio.data": ValueKind.BLOB,
                "choices[].delta.reasoning_details[].text": ValueKind.TEXT,
                "choices[].delta.reasoning_details[].summary": ValueKind.TEXT,
                "choices[].delta.reasoning_details[].data": ValueKind.KEEP,
                "choices[].logprobs": ValueKind.DROP,
            }
        ),
        ends=choices_end,
        keep=("index", "type", "finish_reason"),
        signed=signed_details,
    ),
    document=shape(
        {
            "choices[].message.tool_calls[].function.arguments": ValueKind.JSON,
            "choices[].message.function_call.arguments": ValueKind.JSON,
            "choices[].message.audio.data": ValueKind.BLOB,
            "choices[].message.reasoning_details[].signature": ValueKind.SIGNATURE,
            "choices[].logprobs": ValueKind.DROP,
        }
    ),
)

CHAT = table.TableFormat("openai_chat", REQUEST, ANSWER, openai_error.ERRORS, table.STREAMING)


def _said(choices: Json, part: str = "message") -> Iterator[TextPiece]:
    for position, choice in enumerate(reading.objects(choices)):
        index = choice.get("index", position)
        yield from reading.text((index, "text"), choice.get("text"))
        said = choice.get(part)
        if not isinstance(said, dict):
            continue
        for field in ("reasoning_content", "reasoning"):
            yield from reading.text((index, field), said.get(field), TextKind.THINKING)
        for field in ("content", "refusal"):
            yield from reading.text((index, field), said.get(field))
        for order, call in enumerate(reading.objects(said.get("tool_calls"))):
            yield from _call((index, "call", call.get("index", order)), call.get("function"))
        yield from _call((index, "function"), said.get("function_call"))


def _call(key: tuple[object, ...], function: Json) -> Iterator[TextPiece]:
    if not isinstance(function, dict):
        return
    name, arguments = function.get("name"), function.get("arguments")
    tool = name if isinstance(name, str) else ""
    if tool or arguments:
        yield TextPiece(key, TextKind.TOOL_CALL, reading.spelt(arguments), tool)


READING = reading.AnswerReading(
    lambda _, data: isinstance(data.get("choices"), list),
    lambda _, data: _said(data["choices"], "delta"),
    "choices",
    _said,
)
