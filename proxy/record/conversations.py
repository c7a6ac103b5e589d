"""Which conversation a request belongs to: by what its client, its CI run or its agent is called.

It decides which sessions are shown together, and how far an approval "for this task" reaches:
always of one person alone, since a client may claim any name. Where nothing names it, its history
tells which sessions belong together (`histories.py`).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from app.domain.passage import PassageKind
from app.domain.record.session_facts import Conversation
from app.domain.segment import Role
from proxy.front import header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.domain.identity import Identity
    from app.wire.base import Json
    from policies.passages.names import PassageNames
    from proxy.front import Headers

CONVERSATION_HEADERS = (
    *("abeyance-conversation", "x-claude-code-session-id", "session-id", "session_id"),
    *("conversation_id", "thread-id", "x-session-affinity", "mcp-session-id"),
)
"""By which clients tell one conversation from another."""
_METADATA = ("session_id", "conversation_id", "thread_id")
_CLAUDE_CODE = re.compile(r"_session_([0-9A-Fa-f-]{36})$")
_LONGEST = 200


def conversation_of(
    headers: Headers,
    body: Json,
    identity: Identity,
    names: PassageNames,
    mask: Callable[[str], str],
    cloud_agent: str = "",
) -> Conversation | None:
    """Return the conversation that a request says it is of; None where nothing says so."""
    source, said = next(_said(headers, body, identity, cloud_agent), ("", ""))
    if not said:
        return None
    return Conversation(
        conversation_name(names, said),
        mask(said[:_LONGEST]),
        source,
        mask(header(headers, "x-claude-code-agent-id")[:_LONGEST]),
        mask(header(headers, "x-claude-code-parent-agent-id")[:_LONGEST]),
    )


def conversation_name(names: PassageNames, said: str) -> str:
    """Return the name of a conversation by what its client calls it, in a header or by a hook."""
    return names.of(PassageKind.FRAME, Role.OTHER, ("conversation", said)) if said else ""


def in_headers(headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield the headers that name a conversation, with what they say, what says it best first."""
    for name in CONVERSATION_HEADERS:
        if value := header(headers, name):
            yield name, value


def _said(
    headers: Headers, body: Json, identity: Identity, cloud_agent: str
) -> Iterator[tuple[str, str]]:
    """Yield source and name, what says it best first."""
    yield from in_headers(headers)
    if cloud_agent:
        yield "cloud agent", cloud_agent
    if isinstance(body, dict):
        yield from _in_body(body)
    origin = identity.proven
    if origin is not None and origin.run:
        yield "CI run", f"{origin.repository} {origin.run}"


def _in_body(body: dict[str, Json]) -> Iterator[tuple[str, str]]:
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        if user := _text(metadata.get("user_id")):
            yield from _in_user_id(user)
        for name in _METADATA:
            if value := _text(metadata.get(name)):
                yield f"metadata.{name}", value
    asked = body.get("conversation")
    if value := _text(asked.get("id") if isinstance(asked, dict) else asked):
        yield "conversation", value
    if value := _text(body.get("prompt_cache_key")):
        yield "prompt_cache_key", value


def _in_user_id(user: str) -> Iterator[tuple[str, str]]:
    """Read what Claude Code calls the user: it ends in the session, or is JSON that names it."""
    if found := _CLAUDE_CODE.search(user):
        yield "metadata.user_id", found[1]
    elif user.startswith("{"):
        try:
            told = json.loads(user)
        except (ValueError, RecursionError):
            return
        if value := _text(told.get("session_id")):
            yield "metadata.user_id", value


def _text(value: Json) -> str:
    return value.strip() if isinstance(value, str) else ""
