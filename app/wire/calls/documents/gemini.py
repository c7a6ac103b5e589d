"""Tool calls in an answer of Gemini: one object, or a stream that came as one array of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.calls import gemini_parts
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.document import DocumentForm, Found
from app.wire.calls.rulings import parsed_arguments
from app.wire.calls.stream import unreadable
from app.wire.calls.streams import gemini_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.domain.tool_call import ToolCall
    from app.wire.base import Json
    from app.wire.calls.base import Ruling


def _calls(document: Json) -> list[Found]:
    return [
        Found(_call(part))
        for chunk in (document if isinstance(document, list) else [document])
        for candidate in _candidates(chunk)
        for part in gemini_chunks.parts_of(candidate)
        if gemini_chunks.is_call(part)
    ]


def _call(part: gemini_parts.Part) -> ToolCall:
    call = gemini_parts.call_of(part)
    if call is None or not call.tool:
        raise unreadable("a tool call without a name")
    return call


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    if isinstance(document, list):
        return [_chunk(chunk, of) for chunk in document]
    return _chunk(document, of)


def _chunk(chunk: Json, rulings: Iterator[Ruling]) -> Json:
    candidates = _candidates(chunk)
    if not isinstance(chunk, dict) or not candidates:
        return chunk
    return {**chunk, "candidates": [_candidate(candidate, rulings) for candidate in candidates]}


def _candidate(candidate: gemini_parts.Part, rulings: Iterator[Ruling]) -> Json:
    before = gemini_chunks.parts_of(candidate)
    parts: list[gemini_parts.Part] = []
    owed: gemini_parts.Part = {}
    for part in before:
        if not gemini_chunks.is_call(part):
            parts.append(part)
            continue
        *said, last = _written(part, next(rulings))
        if gemini_chunks.function_of(last) is not None:
            last, owed = {**owed, **last}, {}
        elif not gemini_chunks.is_call(last):
            owed = owed or gemini_parts.signature_of(part)
        parts += [*said, last]
    return gemini_chunks.with_parts(candidate, parts) if parts != before else candidate


def _written(part: gemini_parts.Part, ruling: Ruling) -> list[gemini_parts.Part]:
    match ruling:
        case Replaced(text):
            return [{"text": text}]
        case Changed(arguments, text):
            before: list[gemini_parts.Part] = [{"text": text}] if text else []
            return [*before, gemini_parts.with_arguments(part, parsed_arguments(arguments))]
        case Passed():
            return [part]


def _stopped(document: Json, text: str) -> Json:
    last = document[-1] if isinstance(document, list) and document else document
    of = last if isinstance(last, dict) and "candidates" in last else {}
    content: Json = {"role": "model", "parts": [{"text": text}]}
    candidate: Json = {"index": 0, "content": content, "finishReason": "STOP"}
    answer: Json = {**of, "candidates": [candidate]}
    return [answer] if isinstance(document, list) else answer


def _candidates(chunk: Json) -> list[gemini_parts.Part]:
    if not isinstance(chunk, dict):
        raise unreadable("an answer that is no object")
    return gemini_chunks.candidates_of(chunk)


GEMINI = DocumentForm(gemini_parts.MARKERS, _calls, _ruled, _stopped)
