"""Tool calls in an answer of Gemini: one object, or a stream that came as one array of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.calls import gemini_parts
from app.wire.calls.base import Changed, Passed, Replaced
from app.wire.calls.document import DocumentForm, Found
from app.wire.calls.rulings import parsed_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.wire.base import Json
    from app.wire.calls.base import Ruling


def _calls(document: Json) -> list[Found]:
    return [
        Found(call)
        for chunk in (document if isinstance(document, list) else [document])
        for candidate in _members(chunk, "candidates")
        for part in _parts(candidate)
        if (call := gemini_parts.call_of(part)) is not None
    ]


def _ruled(document: Json, rulings: Sequence[Ruling]) -> Json:
    of = iter(rulings)
    if isinstance(document, list):
        return [_chunk(chunk, of) for chunk in document]
    return _chunk(document, of)


def _chunk(chunk: Json, rulings: Iterator[Ruling]) -> Json:
    candidates = _members(chunk, "candidates")
    if not isinstance(chunk, dict) or not candidates:
        return chunk
    written: list[Json] = [_candidate(candidate, rulings) for candidate in candidates]
    return {**chunk, "candidates": written}


def _candidate(candidate: Json, rulings: Iterator[Ruling]) -> Json:
    content = candidate.get("content") if isinstance(candidate, dict) else None
    if not isinstance(candidate, dict) or not isinstance(content, dict):
        return candidate
    parts: list[Json] = []
    for part in _parts(candidate):
        is_call = gemini_parts.call_of(part) is not None
        parts.extend(_written(part, next(rulings) if is_call else Passed()))
    return {**candidate, "content": {**content, "parts": parts}}


def _written(part: Json, ruling: Ruling) -> list[Json]:
    match ruling:
        case Replaced(text):
            return [{"text": text}]
        case Changed(arguments, text) if isinstance(part, dict):
            before: list[Json] = [{"text": text}] if text else []
            return [*before, gemini_parts.with_arguments(part, parsed_arguments(arguments))]
        case _:
            return [part]


def _stopped(document: Json, text: str) -> Json:
    last = document[-1] if isinstance(document, list) and document else document
    of = last if isinstance(last, dict) and "candidates" in last else {}
    content: Json = {"role": "model", "parts": [{"text": text}]}
    candidate: Json = {"index": 0, "content": content, "finishReason": "STOP"}
    answer: Json = {**of, "candidates": [candidate]}
    return [answer] if isinstance(document, list) else answer


def _parts(candidate: Json) -> list[Json]:
    content = candidate.get("content") if isinstance(candidate, dict) else None
    return _members(content, "parts")


def _members(value: Json, name: str) -> list[Json]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


GEMINI = DocumentForm(gemini_parts.MARKERS, _calls, _ruled, _stopped)
