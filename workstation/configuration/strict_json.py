"""JSON for tools that ignore a whole file with a comment or a trailing comma in it."""

from __future__ import annotations

import json
from typing import Any

from workstation.configuration import jsonc
from workstation.configuration.faults import Unreadable
from workstation.configuration.jsonc import put, remove

__all__ = ["parse", "put", "remove"]


def parse(text: str) -> dict[str, Any]:
    """Return the values of a file; empty where it holds nothing. Raises Unreadable."""
    values = jsonc.parse(text)
    if text.strip():
        try:
            json.loads(text)
        except ValueError as error:
            raise Unreadable(
                "it has comments or trailing commas, for which its tool ignores all of it"
            ) from error
    return values
