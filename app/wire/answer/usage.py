"""How many tokens an answer says that it took, for people to read.

Each API tells it under a name of its own, most at the end of the answer; Anthropic's streams tell
the prompt's share at the beginning. So the first and the last few kilobytes are looked at, and
only objects of these names: what a model writes has its quotes escaped.

    >>> usage = UsageReader()
    >>> usage.feed(b'data: {"usage": {"input_tokens": 12, "output_tokens": 1}}')
    >>> usage.feed(b'data: {"usage": {"output_tokens": 30}}')
    >>> usage.tokens.total
    42
"""

from __future__ import annotations

import json
import re
from collections import deque

from app.domain.record.session_facts import Tokens

_HEAD_BYTES = 4 * 1024
_TAIL_BYTES = 16 * 1024
_OBJECT = re.compile(r'"(?:usage|usageMetadata)"\s*:\s*(?=\{)')
_TOTALS = ("total_tokens", "totalTokenCount")
# Anthropic counts what it reads from a cache apart from the rest of the prompt; others within it.
_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount")
_BESIDE_PROMPT = ("cache_creation_input_tokens", "cache_read_input_tokens")
_SAID = ("completion_tokens", "output_tokens", "candidatesTokenCount")
_CACHED = ("cached_tokens", "cache_read_input_tokens", "cachedContentTokenCount")
_WRITTEN = ("cache_creation_input_tokens",)
_WRITTEN_1H = ("ephemeral_1h_input_tokens",)
_THOUGHT = ("reasoning_tokens", "thoughtsTokenCount")
_DETAILS = (
    *("prompt_tokens_details", "input_tokens_details"),
    *("completion_tokens_details", "output_tokens_details", "cache_creation"),
)
_WANTED = (*_TOTALS, *_PROMPT, *_BESIDE_PROMPT, *_SAID, *_CACHED, *_THOUGHT, *_WRITTEN_1H)


class UsageReader:
    """Reads along; `feed` it the bytes of one answer in their order."""

    def __init__(self) -> None:
        self._head = b""
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0

    def feed(self, data: bytes) -> None:
        room = _HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= _TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

    @property
    def tokens(self) -> Tokens | None:
        """Return what was counted; None where the answer tells nothing."""
        counts: dict[str, int] = {}
        text = (self._head + b"".join(self._tail)[-_TAIL_BYTES:]).decode(errors="replace")
        for found in _OBJECT.finditer(text):
            counts |= _counts(text, found.end())
        return _tokens(counts) if counts else None


def _tokens(counts: dict[str, int]) -> Tokens:
    into = _sum(counts, (*_PROMPT, *_BESIDE_PROMPT))
    # Gemini counts thoughts apart from what is said.
    out = _sum(counts, (*_SAID, "thoughtsTokenCount"))
    counted = [count for count in (into, out) if count is not None]
    total = max((counts[name] for name in _TOTALS if name in counts), default=None)
    return Tokens(
        into,
        out,
        _first(counts, _CACHED),
        _first(counts, _THOUGHT),
        total if total is not None else sum(counted) if counted else None,
        _first(counts, _WRITTEN),
        _first(counts, _WRITTEN_1H),
    )


def _sum(counts: dict[str, int], names: tuple[str, ...]) -> int | None:
    found = [counts[name] for name in names if name in counts]
    return sum(found) if found else None


def _first(counts: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((counts[name] for name in names if name in counts), None)


def _counts(text: str, start: int) -> dict[str, int]:
    try:
        usage, _ = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}
    details = [usage[name] for name in _DETAILS if isinstance(usage.get(name), dict)]
    told = [(name, given[name]) for given in (usage, *details) for name in _WANTED if name in given]
    return {name: count for name, count in told if type(count) is int and count >= 0}


_DECODER = json.JSONDecoder()
