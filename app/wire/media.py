"""The media type of a body, out of its Content-Type header."""

from __future__ import annotations

import re

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)


def media_type(content_type: str) -> str:
    """Return `type/subtype` in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def charset(content_type: str) -> str:
    """Return the charset in lower case, or nothing where none is named."""
    found = _CHARSET.search(content_type)
    return found.group(1).lower() if found else ""


def is_json(media: str) -> bool:
    return media.endswith(("/json", "+json"))
