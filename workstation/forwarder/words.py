"""What the forwarder says by itself, in the shape of the API that the tool calls. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.errors import AbeyanceError, NotAuthenticated

_CODES = {
    400: ("invalid_request_error", "INVALID_ARGUMENT"),
    401: ("authentication_error", "UNAUTHENTICATED"),
    403: ("permission_error", "PERMISSION_DENIED"),
    404: ("not_found_error", "NOT_FOUND"),
    426: ("invalid_request_error", "INVALID_ARGUMENT"),
    502: ("api_error", "UNAVAILABLE"),
    503: ("api_error", "UNAVAILABLE"),
}
# Claude Code takes 401 for its own sign-in, and 403 too; Codex sends both again, five times.
_MISREAD = {401, 403, 404}
_MISREADING = ("claude-cli/", "codex_", "codex-", "codex/", "codex ")
_CODEX = "codex"
_ENDS_CODEX = "invalid_prompt"
"""The only code with which it ends at once and shows the message."""


@dataclass(frozen=True, slots=True)
class ForwarderRefusal:
    """Why a request is not answered by the gateway. `final`: sending it again does not help."""

    status: int
    code: str
    message: str

    @property
    def final(self) -> bool:
        return self.status < 500


@dataclass(frozen=True, slots=True)
class Spelt:
    status: int
    headers: dict[str, str]
    body: bytes


def signed_out(error: AbeyanceError) -> ForwarderRefusal:
    """Say why there is no token."""
    if isinstance(error, NotAuthenticated):
        return ForwarderRefusal(
            401,
            "not_signed_in",
            f"{error} Do so in another terminal, then send this again; nothing else is lost.",
        )
    return ForwarderRefusal(
        503, "unavailable", f"No token can be had for Abeyance right now: {error}"
    )


def spell(refusal: ForwarderRefusal, kind: str, user_agent: str) -> Spelt:
    """Spell a refusal for an API, with the status that the tool does not misread."""
    agent, status, code = user_agent.strip().lower(), refusal.status, refusal.code
    if status in _MISREAD and agent.startswith(_MISREADING):
        status = 400
        if agent.startswith(_CODEX):
            code = _ENDS_CODEX
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if refusal.final:
        headers["x-should-retry"] = "false"
    if refusal.status == 426:
        headers["upgrade"] = "HTTP/1.1"
    body = _body(kind, status, code, refusal.message)
    return Spelt(status, headers, json.dumps(body, ensure_ascii=False).encode())


def _body(kind: str, status: int, code: str, message: str) -> dict[str, Any]:
    name, state = _CODES.get(status, _CODES[503])
    match kind:
        case "anthropic":
            return {"type": "error", "error": {"type": name, "message": message}}
        case "openai":
            return {"error": {"message": message, "type": name, "code": code, "param": None}}
        case "gemini":
            return {"error": {"code": status, "message": message, "status": state}}
        case _:
            return {"error": {"code": code, "message": message}}
