"""Pydantic's errors as sentences for whoever writes the catalog."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


def say(error: ErrorDetails, model: type[BaseModel]) -> tuple[list[str | int], str]:
    """Return the field that an error is about, and what to do."""
    path = list(error["loc"])
    if error["type"] == "extra_forbidden":
        return path, _unknown(str(path[-1]), _keys(model, path[:-1]))
    if error["type"] == "enum":
        return path, f"must be one of {error.get('ctx', {}).get('expected', '')}"
    if error["type"] == "string_pattern_mismatch" and path[-1:] in (["id"], ["name"]):
        return path, "write lower-case letters, digits and single hyphens"
    return path, _PLAIN.get(error["type"]) or _lower(error["msg"].removeprefix("Value error, "))


_PLAIN = {"missing": "is missing; add it", "string_type": "must be text; put it in quotes"}


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    return f"is not a key of this place; {hint}"


def _keys(model: type[BaseModel], path: list[str | int]) -> list[str]:
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    here = schema
    for step in path:
        if isinstance(step, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(step, {})
        for option in (here, *here.get("anyOf", [])):
            if "$ref" in option:
                here = schema["$defs"][option["$ref"].rsplit("/", 1)[1]]
    return sorted(here.get("properties", {}))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
