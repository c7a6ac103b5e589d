"""Tokens are read from the counts of an answer, however it is cut, and from nothing else in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.record.session_facts import Tokens
from app.wire.answer.usage import UsageReader

CHAT = {"prompt_tokens": 11, "completion_tokens": 31, "total_tokens": 42}
MESSAGES = {"input_tokens": 12, "cache_read_input_tokens": 5, "output_tokens": 1}
DETAILS = {"output_tokens_details": {"reasoning_tokens": 7}, "service_tier": "default"}
WRITTEN = {"cache_creation_input_tokens": 3}
ANSWERS = {
    "chat": (json.dumps({"choices": ["x" * 50_000], "usage": CHAT | DETAILS}), 42),
    "chat stream": (f'data: {{"usage":null}}\n\ndata: {{"usage":{json.dumps(CHAT)}}}\n\n', 42),
    "responses": (
        json.dumps({"usage": MESSAGES | DETAILS | {"total_tokens": 20}}, indent=2),
        20,
    ),
    "messages": (json.dumps({"usage": MESSAGES | {"cache_creation": {"ephemeral": 9}}}), 18),
    "messages stream": (
        f'data: {{"message":{{"usage":{json.dumps(MESSAGES)}}}}}\n\n'
        + 'data: {"delta":"y"}\n\n' * 9_000
        + 'data: {"usage":{"output_tokens":30}}\n\n',
        47,
    ),
    "gemini": (json.dumps([{"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 9}}]), 9),
    "nothing": ('{"choices": []}', None),
    "nothing at all": ("", None),
    "a number of no tokens": ('{"usage": {"total_tokens": "many", "output_tokens": true}}', None),
    "a count that is cut off": ('{"usage": {"total_tokens": 4', None),
    "what a model writes": (
        json.dumps({"choices": [json.dumps({"usage": {"total_tokens": 4}})]}),
        None,
    ),
    "a tower": ('{"usage": {"a": ' + "[" * 12_000, None),
}


@pytest.mark.parametrize(("answer", "tokens"), ANSWERS.values(), ids=list(ANSWERS))
@pytest.mark.parametrize("size", [1, 1_000, 10_000_000])
def test_it_is_told_whatever_the_pieces(answer: str, tokens: int | None, size: int) -> None:
    usage, data = UsageReader(), answer.encode()
    for start in range(0, len(data), size):
        usage.feed(data[start : start + size])
    assert (usage.tokens.total if usage.tokens else None) == tokens


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        (CHAT | {"prompt_tokens_details": {"cached_tokens": 4}}, Tokens(11, 31, 4, None, 42)),
        (
            {"input_tokens": 11, "output_tokens": 31, "total_tokens": 42} | DETAILS,
            Tokens(11, 31, None, 7, 42),
        ),
        (MESSAGES | WRITTEN, Tokens(20, 1, 5, None, 21, 3)),
        (
            MESSAGES | WRITTEN | {"cache_creation": {"ephemeral_1h_input_tokens": 2}},
            Tokens(20, 1, 5, None, 21, 3, 2),
        ),
        ({"output_tokens": -1}, None),
    ],
    ids=["chat", "responses", "messages", "written-for-an-hour", "below-nothing"],
)
def test_what_went_in_includes_the_cache_and_what_came_out_the_thoughts(
    told: dict[str, object], tokens: Tokens | None
) -> None:
    usage = UsageReader()
    usage.feed(json.dumps({"usage": told}).encode())
    assert usage.tokens == tokens


def test_gemini_counts_its_thoughts_apart() -> None:
    usage, told = UsageReader(), {"promptTokenCount": 5, "cachedContentTokenCount": 2}
    told |= {"candidatesTokenCount": 3, "thoughtsTokenCount": 4, "totalTokenCount": 12}
    usage.feed(json.dumps([{"usageMetadata": told}]).encode())
    assert usage.tokens == Tokens(5, 7, 2, 4, 12)


@given(
    st.lists(st.binary(max_size=50) | st.sampled_from([b'{"usage": {', b'"total_tokens": 4', b"}"]))
)
def test_no_answer_is_too_odd(pieces: list[bytes]) -> None:
    usage = UsageReader()
    for piece in pieces:
        usage.feed(piece)
    assert usage.tokens is None or usage.tokens.total == 4
