"""Pydantic's errors as sentences for whoever writes the catalog."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from policies.files.examples import TAGS
from policies.files.fields import ADDRESS, HANDLE, NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails


def say(error: ErrorDetails, model: type[BaseModel]) -> tuple[Sequence[str | int], str]:
    """Return the field that an error is about, and what to do."""
    path = [step for step in error["loc"] if step not in TAGS]
    if error["type"] == "extra_forbidden":
        return path, _unknown(str(path[-1]), _keys(model, path[:-1]))
    if error["type"] == "string_pattern_mismatch":
        return path, _PATTERNS[error["ctx"]["pattern"]]
    if error["type"] in ("model_type", "model_attributes_type"):
        return path, f"needs keys of its own: {', '.join(_keys(model, path))}"
    if error["type"] in _PLAIN:
        return path, _PLAIN[error["type"]].format(**error.get("ctx", {}))
    return path, error["msg"].removeprefix("Value error, ")


_PLAIN = {
    "missing": "is missing; add it",
    "enum": "must be one of {expected}",
    "string_type": "must be text; put it in quotes",
    "string_too_short": "is empty; write something",
    "string_too_long": "is longer than {max_length:,} characters; shorten it",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "list_type": "must be a list; put it in square brackets",
    "too_short": "is an empty list; name something, or leave the key out",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
}
_PATTERNS = {
    NAME: "write lower-case letters, digits and single hyphens",
    HANDLE: "write the handle of a user group, without the @ and without spaces",
    ADDRESS: "write an e-mail address",
}


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
