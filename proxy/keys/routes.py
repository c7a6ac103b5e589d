"""What `abeyance key` asks the gateway over HTTP, in JSON; for browsers there are pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from quart import Blueprint, Response, jsonify, request

from app.domain.issued import Scope
from app.errors import BadRequest, NotPermitted
from proxy.http.asked import headers_asked
from proxy.http.tokens import has_token
from proxy.keys.issuing import DEFAULT_DAYS, KeyRequest
from proxy.keys.pasting import pastes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.clock import Clock
    from app.domain.identity import Identity
    from app.domain.issued import Issued
    from proxy.keys.issuing import Issuing
    from proxy.keys.pages import KeyPages

Json: TypeAlias = dict[str, Any]
_FIELDS = {
    "name": str,
    "connections": list,
    "models": list,
    "days": int,
    "refresh_token": str,
    "client_id": str,
}


def key_routes(
    issuing: Issuing,
    pages: KeyPages | None,
    caller: Callable[[], Awaitable[Identity]],
    signed_in: Callable[[], Awaitable[Identity]],
    clock: Clock,
    public_url: str,
) -> Blueprint:
    """Build the routes; `caller` returns who asks, `signed_in` who has just signed in.

    Without a `public_url`, addresses begin as the one that was asked.
    """
    routes = Blueprint("keys", __name__, url_prefix="/-/keys")

    @routes.get("")
    async def listed() -> Response:
        if pages is not None and not has_token(headers_asked()):
            return await pages.listed()
        keys = await issuing.keys(await caller())
        return jsonify(keys=[told(key, clock) for key in keys])

    @routes.post("")
    async def create() -> Response:
        try:
            identity = await signed_in()
        except NotPermitted as error:
            or_there = f" Or create the key at {public_url}/-/keys." if pages else ""
            raise NotPermitted(f"No key was created. {error}{or_there}") from error
        wanted = _wanted(await request.get_json(silent=True))
        issued, secret = await issuing.create(identity, wanted)
        base = public_url or request.host_url.rstrip("/")
        found = pastes(await issuing.connections(), issued.scope, base, secret)
        paste = [{"place": one.place, "lines": list(one.lines)} for one in found]
        return jsonify(told(issued, clock) | {"key": secret, "paste": paste})

    @routes.delete("/<key_id>")
    async def revoke(key_id: str) -> Response:
        identity = await caller()
        return jsonify(told(await issuing.revoke(identity, key_id), clock))

    return routes


def told(issued: Issued, clock: Clock) -> Json:
    """Return what its owner may know of a credential, in JSON."""
    used, revoked = issued.last_used_at, issued.revoked_at
    return {
        "id": issued.id,
        "kind": issued.kind.value,
        "name": issued.name,
        "connections": list(issued.scope.connections),
        "models": list(issued.scope.models),
        "created_at": issued.created_at.isoformat(),
        "expires_at": issued.expires_at.isoformat(),
        "last_used_at": used.isoformat() if used else None,
        "live": issued.live(clock.now()),
        "revoked_at": revoked.isoformat() if revoked else None,
        "ended": issued.revoked_why.value if issued.revoked_why else "",
    }


def _wanted(given: object) -> KeyRequest:
    """Read what is asked for. Raises BadRequest."""
    if not isinstance(given, dict) or not all(
        type(value) is _FIELDS.get(name) for name, value in given.items()
    ):
        raise BadRequest(
            'Send JSON: {"name": "…", "refresh_token": "…", "client_id": "…"}, and as you like '
            '"connections" and "models" (lists of names) and "days" (a number).'
        )
    lists = (*given.get("connections", ()), *given.get("models", ()))
    if not all(isinstance(one, str) for one in lists):
        raise BadRequest("“connections” and “models” are lists of names.")
    return KeyRequest(
        given.get("name", ""),
        Scope(tuple(given.get("connections", ())), tuple(given.get("models", ()))),
        given.get("days", DEFAULT_DAYS),
        given.get("refresh_token", ""),
        given.get("client_id", ""),
    )
