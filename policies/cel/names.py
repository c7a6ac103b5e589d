"""Which names of a CEL expression nobody knows.

To try an expression tells only of the names that are reached: in `a || b`, `b` seldom is. So the
names are read off the text as well, strings left out. Source for functions and macros: the
language definition of CEL (github.com/google/cel-spec), "Standard Definitions" and "Macros".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STRING = re.compile(
    r"""[rRbB]{0,2}(?:"{3}.*?"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", re.DOTALL
)
_CHAIN = re.compile(r"(\.?)\b([A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)\s*(\(?)")
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,")
_WORDS = {"true", "false", "null", "in"}
_FUNCTIONS = {
    *("size", "int", "uint", "double", "string", "bytes", "bool", "type", "dyn", "has"),
    *("timestamp", "duration", "matches", "contains", "startsWith", "endsWith"),
    *("all", "exists", "exists_one", "filter", "map"),
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
}


def unknown_names(source: str, known: Mapping[str, Any]) -> Iterator[str]:
    """Yield each name that is neither among the known ones, nor of the language, with its owner.

    `known` has the variables; where one is a mapping, its keys are its fields.
    """
    text = _STRING.sub('""', source)
    bound = set(_BOUND.findall(text))
    for dot, chain, call in _CHAIN.findall(text):
        names = re.split(r"\s*\.\s*", chain)
        if call and names[-1] not in _FUNCTIONS:
            yield f"{names[-1]}()"
        fields = names[:-1] if call else names
        if dot or not fields or fields[0] in bound | _WORDS:
            continue
        yield from _missing(fields, known)


def roots(source: str) -> set[str]:
    """Return the variables that an expression names."""
    text = _STRING.sub('""', source)
    bound = set(_BOUND.findall(text))
    found = set()
    for dot, chain, call in _CHAIN.findall(text):
        first, *rest = re.split(r"\s*\.\s*", chain)
        if not dot and (rest or not call) and first not in bound | _WORDS:
            found.add(first)
    return found


def _missing(fields: list[str], known: Mapping[str, Any]) -> Iterator[str]:
    owner: Any = known
    for at, name in enumerate(fields):
        if not isinstance(owner, Mapping):
            return
        if name not in owner:
            yield ".".join(fields[: at + 1])
            return
        owner = owner[name]
