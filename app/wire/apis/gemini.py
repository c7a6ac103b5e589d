"""Google's Gemini API: `generateContent` and `streamGenerateContent`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.segment import Role
from app.wire import reading, strict_json
from app.wire.answer import sse
from app.wire.answer.events import AnswerTable, StreamTable
from app.wire.json_paths import ValueKind, shape, whole
from app.wire.reading import TextKind, TextPiece
from app.wire.request.prompts import RequestTable
from app.wire.table import ErrorTable, TableFormat, message
from app.wire.waiting import history

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.wire.answer.events import Event, Key
    from app.wire.base import Json, Refusal


def _parts(holder: str) -> dict[str, ValueKind | tuple[ValueKind, str]]:
    """Name the parts that are not words, in either of the two spellings that the API takes."""
    blobs = ("inlineData", "inline_data", "fileData", "file_data")
    free = ("functionCall.args", "functionResponse.response", "function_call.args")
    return {
        **{f"{holder}.parts[].{name}": ValueKind.BLOB for name in blobs},
        **{f"{holder}.parts[].{name}": ValueKind.FREE for name in free},
    }


REQUEST = RequestTable(
    shape=shape(
        {
            **_parts("contents[]"),
            **_parts("systemInstruction"),
            **_parts("system_instruction"),
            "tools[].functionDeclarations[].parameters": ValueKind.FREE,
            "generationConfig.responseSchema": ValueKind.FREE,
        }
    ),
    roles={
        "systemInstruction": Role.SYSTEM,
        "tools": Role.SYSTEM,
        "system_instruction": Role.SYSTEM,
        "contents": Role.USER,
    },
    types={"functionResponse": Role.TOOL, "function_response": Role.TOOL},
    hidden=("cachedContent", "cached_content"),
    streamed=False,
    without_lines=lambda body: history.without(body, "contents", "model", "parts"),
)


def _ends(_name: str, event: Event) -> Iterable[Key]:
    candidates = event.get("candidates")
    if not isinstance(candidates, list):
        return [()] if "error" in event else []
    ends: list[Key] = []
    for position, candidate in enumerate(candidates):
        if isinstance(candidate, dict):
            index = candidate.get("index", position)
            ends += [(index,)] if candidate.get("finishReason") else []
            ends += [(index, None, path) for path in _complete_arguments(candidate)]
    return ends


def _complete_arguments(candidate: Event) -> Iterable[Json]:
    """Yield the path of each argument of a function whose last piece this is."""
    for part in _objects(_member(candidate.get("content"), "parts")):
        for argument in _objects(_member(part.get("functionCall"), "partialArgs")):
            if not argument.get("willContinue"):
                yield argument.get("jsonPath")


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _objects(value: Json) -> Iterable[Event]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


_REPEATED: dict[str, ValueKind | tuple[ValueKind, str]] = {
    "candidates[].logprobsResult": ValueKind.DROP,
}

_COMPLETE = (
    *("candidates", "createTime", "error", "modelStatus", "modelVersion", "promptFeedback"),
    *("responseId", "usageMetadata"),
)
_OF_A_CANDIDATE = (
    *("avgLogprobs", "citationMetadata", "content", "finishMessage", "finishReason"),
    *("groundingAttributions", "groundingMetadata", "index", "safetyRatings", "tokenCount"),
    "urlContextMetadata",
)
_OF_A_PART = (
    *("fileData", "functionCall", "functionResponse", "mediaResolution", "partMetadata"),
    *("thought", "videoMetadata"),
)

_PARTIAL = "candidates[].content.parts[].functionCall.partialArgs[].stringValue"

ANSWER = AnswerTable(
    stream=StreamTable(
        shape=shape(
            {
                **whole("", _COMPLETE),
                **whole("candidates[].", _OF_A_CANDIDATE),
                **whole("candidates[].content.", ("parts", "role")),
                **whole("candidates[].content.parts[].", _OF_A_PART),
                "candidates[].content.parts[].text": (ValueKind.TEXT, "text"),
                _PARTIAL: (ValueKind.TEXT, "args"),
                **_REPEATED,
            }
        ),
        ends=_ends,
        marks=("thought", "jsonPath"),
        keep=("index", "thought", "role", "jsonPath"),
        levels=1,  # parts are not numbered: a text goes on in whichever part comes next
    ),
    document=shape(_REPEATED),
    listed=True,  # without `alt=sse` a stream is one long list
)

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _body(refusal: Refusal) -> bytes:
    error: Json = {
        "code": refusal.status,
        "message": message(refusal),
        "status": _STATUSES.get(refusal.status, "FAILED_PRECONDITION"),
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": refusal.code.upper(),
                "domain": "abeyance",
            }
        ],
    }
    return strict_json.dump({"error": error})


def _in_stream(refusal: Refusal) -> bytes:
    return sse.encode(_body(refusal))


def bare_error(refusal: Refusal) -> bytes:
    """Spell a refusal within a stream, but not as an event.

    Google's JavaScript SDK raises only what comes like this; an error in an event is an answer
    without an end to Gemini CLI, which asks again.
    """
    return _body(refusal) + b"\n\n"


def blocked_answer(refusal: Refusal) -> bytes:
    """Spell a refusal as an answer that a filter stopped, for clients that retry any error."""
    content: Json = {"role": "model", "parts": [{"text": message(refusal)}]}
    candidate: Json = {"index": 0, "content": content, "finishReason": "SAFETY"}
    return sse.encode(strict_json.dump({"candidates": [candidate]}))


# A comment breaks the parsers of Gemini CLI and of Google's Python SDK; an empty line does not.
_ERRORS = ErrorTable(_body, _in_stream, keep_alive=b"\n")
GEMINI = TableFormat("gemini", REQUEST, ANSWER, _ERRORS)
GEMINI_STREAM = replace(GEMINI, request=replace(REQUEST, streamed=True))


def _said(candidates: Json) -> Iterator[TextPiece]:
    for position, candidate in enumerate(reading.objects(candidates)):
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in reading.objects(parts):
            kind = TextKind.THINKING if part.get("thought") is True else TextKind.TEXT
            yield from reading.text((position, kind), part.get("text"), kind)
            called = part.get("functionCall")
            if isinstance(called, dict):
                name = called.get("name")
                tool = name if isinstance(name, str) else ""
                given = reading.spelt(called.get("args"))
                yield TextPiece((position, tool), TextKind.TOOL_CALL, given, tool)


READING = reading.AnswerReading(
    lambda _, data: isinstance(data.get("candidates"), list),
    lambda _, data: _said(data["candidates"]),
    "candidates",
    _said,
)
