"""What a server says of each tool: a fingerprint of it, and its values line by line."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.wire import strict_json
from app.wire.base import Json
from app.wire.mcp.tools import listed, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_BY_MODELS = ("description", "title", "inputSchema", "outputSchema", "annotations")
_MOST_LINES = 300
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Description:
    tool: str
    said: Json
    """All that a model may read of it."""

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(strict_json.canonical(self.said)).hexdigest()

    @property
    def lines(self) -> tuple[str, ...]:
        """Its values, each with its place; long ones are cut."""
        lines = [f"{place}: {text}"[:_LONGEST] for place, text in _leaves("", self.said)]
        return tuple(lines[:_MOST_LINES])


def descriptions(value: Json) -> tuple[Description, ...]:
    """Return what a value lists, one for each name; what is said twice of a name is all of it."""
    said: dict[str, list[Json]] = {}
    for tool in listed(value):
        read: Json = {member: tool[member] for member in _READ_BY_MODELS if member in tool}
        if name := name_of(tool):
            said.setdefault(name, []).append(read)
    return tuple(
        Description(name, found[0] if len(found) == 1 else found) for name, found in said.items()
    )


def _leaves(place: str, value: Json) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for name in sorted(value):
                yield from _leaves(f"{place}.{name}" if place else name, value[name])
        case list() if value:
            for number, item in enumerate(value):
                yield from _leaves(f"{place}[{number}]", item)
        case str():
            yield place, " ".join(value.split())
        case _:
            yield place, strict_json.dump(value).decode()
