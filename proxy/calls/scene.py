"""What led to a tool call, for the people who decide on it. Pure.

It is read out of the request whose answer makes the call: agents send the whole conversation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.segment import Role
from policies.passages.wrappers import outside, wrappers
from proxy.calls.words import TELLING
from proxy.facts import read_inquiry
from proxy.http.compression import decompressed
from proxy.record.conversations import conversation_name, in_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.domain.segment import Segment
    from policies.compiled_catalog import Catalog
    from policies.passages.names import PassageNames
    from proxy.front import Headers
    from proxy.inspection import Incoming

_FOLDER = re.compile(
    r"(?:working directory(?: is)?|<cwd>|in the directory|workspace)[: ]*[`\"]?"
    r"((?:/|~|[A-Za-z]:\\)[^\s`\"<>]{1,200})",
    re.IGNORECASE,
)
_ARGUMENTS = re.compile(r"(/\w+/\d+/?.*?)/(?:input|arguments|args|action|operation)(?:/|$)")
"""Where the arguments of a call stand in a history, and the call: one API's history is `input`."""
_LONGEST = 300
_LOOKED_AT = 16_384
"""More than any secret is long that begins in what is shown."""
_MOST_BEFORE = 5


@dataclass(frozen=True, slots=True)
class Scene:
    """The fields of `HeldCall` that tell what led to it; secrets are masked."""

    conversation: str = ""
    folder: str = ""
    ask: str = ""
    before: tuple[str, ...] = ()


def scene_of(incoming: Incoming, catalog: Catalog) -> Scene:
    """Read the scene out of the request as it came. It was read before, so it can be read."""
    body = decompressed(incoming.coding, incoming.body, incoming.limit)
    inquiry = read_inquiry(
        incoming.connection, incoming.method, incoming.path, incoming.query, incoming.headers, body
    )
    segments = inquiry.facts.prompt.segments
    typed = [words for segment in segments if (words := _typed(segment))]
    return Scene(
        conversation=_conversation(incoming.headers, incoming.names),
        folder=_shown(_folder(segments), catalog.mask),
        ask=_shown(typed[-1], catalog.mask) if typed else "",
        before=tuple(_shown(line, catalog.mask) for line in _before(segments)),
    )


def _conversation(headers: Headers, names: PassageNames) -> str:
    """Name the conversation by what its client calls it; empty where it does not say."""
    _, said = next(in_headers(headers), ("", ""))
    return conversation_name(names, said)


def _typed(segment: Segment) -> str:
    """Return what a person typed of a segment, without what an agent puts around it."""
    if segment.role is not Role.USER or segment.tool:
        return ""
    return outside(segment.text, wrappers(segment.text)).strip()


def _folder(segments: Iterable[Segment]) -> str:
    """Return the folder that the agent says it works in."""
    found = (
        _FOLDER.search(segment.text)
        for segment in segments
        if segment.role in {Role.SYSTEM, Role.USER}
    )
    return next((match[1].rstrip(".,") for match in found if match), "")


def _before(segments: Iterable[Segment]) -> list[str]:
    """Return the last calls of tools in the conversation, a line each."""
    calls: dict[tuple[str, str], str] = {}
    for segment in segments:
        if segment.role is Role.ASSISTANT and (place := _ARGUMENTS.match(segment.place)):
            key = (place[1], segment.tool)
            said = "" if segment.text in TELLING else segment.text
            calls[key] = max(calls.get(key, ""), said, key=len)
    lines = [f"{tool}: {said}" if tool else said for (_, tool), said in calls.items()]
    return lines[-_MOST_BEFORE:]


def _shown(text: str, mask: Callable[[str], str]) -> str:
    line = " ".join(mask(text[:_LOOKED_AT]).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
