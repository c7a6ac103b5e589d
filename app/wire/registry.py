"""Chooses the wire format of a request by its connection, path and body."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from app.errors import BadSettings
from app.wire.apis.anthropic import ANTHROPIC
from app.wire.apis.completions import COMPLETIONS, EMBEDDINGS
from app.wire.apis.converse import CONVERSE
from app.wire.apis.cursor import CURSOR
from app.wire.apis.gemini import GEMINI, GEMINI_STREAM
from app.wire.apis.hook import HOOK
from app.wire.apis.mcp import MCP
from app.wire.apis.openai_chat import CHAT
from app.wire.apis.openai_responses import RESPONSES
from app.wire.apis.plain import PLAIN

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from app.wire.base import WireFormat
    from app.wire.table import TableFormat

# What stands in the path, in the order to look for it.
_OPENAI: Mapping[str, TableFormat] = {
    "/chat/completions": CHAT,
    "/completions": COMPLETIONS,
    "/responses": RESPONSES,
    "/embeddings": EMBEDDINGS,
}
_ANTHROPIC: Mapping[str, TableFormat] = {"/v1/messages": ANTHROPIC}
_CURSOR: Mapping[str, TableFormat] = {"/v0/agents": CURSOR, "/v1/agents": CURSOR}
_GEMINI: Mapping[str, TableFormat] = {
    ":streamGenerateContent": GEMINI_STREAM,
    ":generateContent": GEMINI,
    ":countTokens": GEMINI,
    # Models of Anthropic on Vertex
    ":rawPredict": ANTHROPIC,
    ":streamRawPredict": ANTHROPIC,
}
_BEDROCK: Mapping[str, TableFormat] = {"/converse": CONVERSE, "/converse-stream": CONVERSE}
_MCP: Mapping[str, TableFormat] = {"/mcp": MCP}

# For each kind of connection its paths, and the format of all others.
_CONNECTIONS: Mapping[str, tuple[Mapping[str, TableFormat], TableFormat]] = {
    "openai": (_OPENAI, replace(PLAIN, errors=CHAT.errors)),
    "anthropic": ({"/messages": ANTHROPIC}, replace(PLAIN, errors=ANTHROPIC.errors)),
    "cursor": (_CURSOR, CURSOR),
    "gemini": ({**_GEMINI, **_OPENAI}, replace(PLAIN, errors=GEMINI.errors)),
    "mcp": ({}, MCP),
    "plain": (_BEDROCK, PLAIN),
    "auto": ({**_OPENAI, **_ANTHROPIC, **_CURSOR, **_GEMINI, **_BEDROCK, **_MCP}, PLAIN),
}
WIRES = frozenset(_CONNECTIONS)
"""What a connection may be registered with."""
_RECORDED: Mapping[str, tuple[Mapping[str, TableFormat], TableFormat]] = {
    **_CONNECTIONS,
    HOOK.name: ({}, HOOK),
}
RECORDED = frozenset(_RECORDED)
"""What a session may be recorded with."""
TELLING = frozenset({"anthropic_version", "input", "messages"})
"""The members of a body that tell its format, where the path does not."""
_BEFORE = r"(?:/(?:api|openai|anthropic|v\d\w*|deployments/[^/]+))*"
_VERTEX = r"(?:/projects/[^/]+/locations/[^/]+(?:/publishers/[^/]+)?)?"
_OF_MODEL = rf"(?:/v\d\w*)?{_VERTEX}/(?:models|tunedModels|endpoints)/[^/:]+"
# By the name of a wire, the whole address at which a model is asked. Elsewhere the same ending is
# another call, and an approval of one does not cover the other.
_MODEL_CALLS: Mapping[str, re.Pattern[str]] = {
    "openai_chat": re.compile(rf"{_BEFORE}/chat/completions"),
    "openai_completions": re.compile(rf"{_BEFORE}/completions"),
    "openai_responses": re.compile(rf"{_BEFORE}/responses"),
    "anthropic": re.compile(
        rf"{_BEFORE}/messages|{_OF_MODEL}:(?:rawPredict|streamRawPredict)|/model/[^/]+/invoke"
    ),
    "gemini": re.compile(rf"{_OF_MODEL}:(?:generateContent|streamGenerateContent|countTokens)"),
}
# By the name of a wire, the whole address at which tokens are counted. Elsewhere the same ending is
# an endpoint that nothing is known of, and asking it is a call of its own kind.
_COUNTING: Mapping[str, re.Pattern[str]] = {
    "anthropic": re.compile(r"(?:/anthropic)?(?:/v1)?/messages/count_tokens"),
    "openai_responses": re.compile(r"(?:/openai)?(?:/v1)?/responses/input_tokens"),
    "gemini": re.compile(
        r"(?:/v1\w*)?(?:/projects/[^/]+/locations/[^/]+(?:/publishers/google)?)?"
        r"/(?:models|tunedModels|endpoints)/[^/]+:countTokens"
    ),
}


def wire_for(wire: str, path: str, members: Container[str] | None = None) -> WireFormat:
    """Return the format; `path` is the upstream's, without query.

    `members` are the names at the top of the body, or those of them that are `TELLING`.
    Raises `BadSettings` for a wire name that does not exist.
    """
    if wire not in _RECORDED:
        names = ", ".join(sorted(WIRES))
        raise BadSettings(f"There is no wire format {wire!r}. Choose one of: {names}.")
    by_path, otherwise = _RECORDED[wire]
    known = _by_path(by_path, f"/{path.strip('/')}/")
    members = members or ()
    if known is CHAT and _is_of_responses(members):
        # As it was recorded before such requests were translated.
        return replace(CHAT, request=RESPONSES.request)
    if known is None and "anthropic_version" in members and "messages" in members:
        # Models of Anthropic on Bedrock, whose paths say only which model.
        return replace(ANTHROPIC, errors=otherwise.errors)
    return known or otherwise


def asks_chat_in_responses(wire: str, path: str, members: Container[str]) -> bool:
    """Whether a request to Chat Completions is in the words of Responses, as Cursor's editor's."""
    by_path, _ = _RECORDED[wire]
    known = _by_path(by_path, f"/{path.strip('/')}/")
    return known is CHAT and _is_of_responses(members)


def _is_of_responses(members: Container[str]) -> bool:
    return "input" in members and "messages" not in members


def call_kind(wire: WireFormat, method: str, path: str) -> str:
    """Name the kind of a call: one for all model calls of a wire, else method and path.

    Approvals stay within a kind. A call that only counts tokens goes with what it counts.
    """
    plain = f"/{path.strip('/')}"
    if only_counts(wire, method, path):
        plain = plain.removesuffix("/count_tokens").removesuffix("/input_tokens")
    asked = _MODEL_CALLS.get(wire.name)
    is_asked = method == "POST" and asked is not None and asked.fullmatch(plain)
    return wire.name if is_asked else f"{method} {plain}"


def only_counts(wire: WireFormat, method: str, path: str) -> bool:
    """Whether a request is to an endpoint that only counts the tokens of a prompt."""
    endpoint = _COUNTING.get(wire.name)
    return bool(method == "POST" and endpoint and endpoint.fullmatch(f"/{path.strip('/')}"))


def lists_models(method: str, path: str) -> bool:
    """Whether a request is for the list of models, which clients give little time."""
    return method == "GET" and path.strip("/").rpartition("/")[2] == "models"


def _by_path(by_path: Mapping[str, TableFormat], path: str) -> TableFormat | None:
    # Servers may take the letters of a path for either case.
    path = path.lower()
    return next((known for part, known in by_path.items() if f"{part}/".lower() in path), None)
