"""The media type of a body, out of its Content-Type header."""

from __future__ import annotations

import re
from typing import NamedTuple

LINES = frozenset({"application/x-ndjson", "application/jsonl", "application/x-jsonlines"})
"""Media types of JSON documents one below the other."""

STREAM = "text/event-stream"

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
_COMMA = re.compile(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")  # outside quotes


class Label(NamedTuple):
    """What an answer says it is: media type and charset, in lower case, the latter may be empty."""

    media: str
    charset: str


def media_type(content_type: str) -> str:
    """Return `type/subtype` in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def charset(content_type: str) -> str:
    """Return the charset in lower case, or nothing where none is named."""
    found = _CHARSET.search(content_type)
    return found.group(1).lower() if found else ""


def labels(content_type: str) -> frozenset[Label]:
    """Return all that a header says, which came more than once or names two charsets."""
    return frozenset(
        Label(media_type(value), name.lower())
        for value in _COMMA.split(content_type)
        for name in _CHARSET.findall(value) or [""]
    )


def is_json(media: str) -> bool:
    return media.endswith(("/json", "+json"))
