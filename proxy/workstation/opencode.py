"""What opencode asks of an address that one signs in to: `opencode auth login https://gateway`.

It runs the command that is named here, keeps what the command prints, and from then on puts it
into the variable that is named and asks for its configuration at each start. It never renews it,
so the command makes a gateway key. Source: opencode 1.18, its commands `auth login` and `run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quart import Blueprint, Response, jsonify, request

from app.domain.connection import ConnectionKind
from proxy.http.challenge import base_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from proxy.connections import Connections
    from proxy.keys.admission import Caller

_PATH = "/-/opencode"
_VARIABLE = "ABEYANCE_OPENCODE_KEY"
_PROVIDERS = {
    ConnectionKind.ANTHROPIC: ("anthropic", "/v1"),
    ConnectionKind.OPENAI: ("openai", "/v1"),
    ConnectionKind.GEMINI: ("google", "/v1beta"),
}


def opencode_pages(
    connections: Connections, caller: Callable[[], Awaitable[Caller]], public_url: str
) -> Blueprint:
    """Build the pages; `caller` returns who asks, or raises an AbeyanceError."""
    pages = Blueprint("opencode", __name__)

    @pages.get("/.well-known/opencode")
    async def described() -> Response:
        base = base_url(public_url, request.scheme, request.host)
        command = ["abeyance", "key", "create", "--name", "opencode", "--gateway", base]
        # Which connections there are is for those who may use them.
        config = {
            "url": f"{base}{_PATH}",
            "headers": {"authorization": f"Bearer {{env:{_VARIABLE}}}"},
        }
        return jsonify(auth={"command": command, "env": _VARIABLE}, remote_config=config)

    @pages.get(_PATH)
    async def configured() -> Response:
        scope = (await caller()).scope
        base = base_url(public_url, request.scheme, request.host)
        providers: dict[str, Any] = {}
        for known in await connections.usable():
            if known.kind in _PROVIDERS and scope.allows(known.name):
                name, path = _PROVIDERS[known.kind]
                options = {
                    "baseURL": f"{base}/{known.name}{path}",
                    "apiKey": f"{{env:{_VARIABLE}}}",
                }
                # opencode has one provider of each kind: the first by name, where there are more.
                providers.setdefault(name, {"options": options})
        return jsonify(provider=providers, enabled_providers=list(providers), share="disabled")

    return pages
