"""How many tokens an answer says that it took, for people to read.

Each API tells it under a name of its own, most at the end of the answer; Anthropic's streams tell
the prompt's share at the beginning. So the first and the last few kilobytes are looked at, and
only objects of these names: what a model writes has its quotes escaped.

    >>> usage = Usage()
    >>> usage.feed(b'data: {"usage": {"input_tokens": 12, "output_tokens": 1}}')
    >>> usage.feed(b'data: {"usage": {"output_tokens": 30}}')
    >>> usage.tokens
    42
"""

from __future__ import annotations

import json
import re
from collections import deque

_HEAD_BYTES = 4 * 1024
_TAIL_BYTES = 16 * 1024
_OBJECT = re.compile(r'"(?:usage|usageMetadata)"\s*:\s*(?=\{)')
_TOTALS = ("total_tokens", "totalTokenCount")
_PARTS = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "prompt_tokens",
    "completion_tokens",
)


class Usage:
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
    def tokens(self) -> int | None:
        """Return the tokens of prompt and answer together; None where the answer tells none."""
        counts: dict[str, int] = {}
        text = (self._head + b"".join(self._tail)[-_TAIL_BYTES:]).decode(errors="replace")
        for found in _OBJECT.finditer(text):
            counts |= _counts(text, found.end())
        total = max((counts[name] for name in _TOTALS if name in counts), default=None)
        parts = [counts[name] for name in _PARTS if name in counts]
        return total if total is not None else sum(parts) if parts else None


def _counts(text: str, start: int) -> dict[str, int]:
    try:
        usage, _ = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}
    wanted = (*_TOTALS, *_PARTS)
    return {name: usage[name] for name in wanted if type(usage.get(name)) is int}


_DECODER = json.JSONDecoder()
