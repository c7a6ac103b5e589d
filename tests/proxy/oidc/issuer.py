"""An issuer that says and signs what a test wants, on a socket."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.jwk import ECKey
from quart import Quart, Response, abort, request

from app.settings import IssuerSettings
from sandbox.serving import listen, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from joserfc.jwk import Key

GOOD = ECKey.generate_key("P-256", {"kid": "good"})


@dataclass
class Issuer:
    """What it publishes, and every path that it was asked for."""

    url: str
    keys: list[dict[str, Any]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False
    told: object = None
    """What it says of an opaque token."""
    clients: list[str] = field(default_factory=list)
    """Who asked about one, as they said it."""

    @property
    def settings(self) -> IssuerSettings:
        return IssuerSettings(issuer=self.url, jwks_uri=f"{self.url}/keys")

    def token(self, key: Key = GOOD, alg: str = "ES256", **header: object) -> str:
        return self.signed(json.dumps(self.claims()), key, alg, **header)

    def claims(self) -> dict[str, Any]:
        soon = int(datetime.now(UTC).timestamp()) + 600
        return {"iss": self.url, "aud": self.settings.audience, "sub": "u-1", "exp": soon}

    def signed(self, claims: str, key: Key = GOOD, alg: str = "ES256", **header: object) -> str:
        registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        protected = {"alg": alg, "kid": key.kid, **header}
        return jws.serialize_compact(protected, claims, key, registry=registry)


@asynccontextmanager
async def published() -> AsyncIterator[Issuer]:
    listener = listen(0)
    app = Quart(__name__)
    issuer = Issuer(listener.url, [GOOD.as_dict(private=False)])
    issuer.document = {
        "issuer": issuer.url,
        "jwks_uri": f"{issuer.url}/keys",
        "introspection_endpoint": f"{issuer.url}/introspect",
    }

    @app.get("/<path:path>")
    async def answer(path: str) -> dict[str, Any]:
        issuer.asked.append(path)
        if issuer.away:
            abort(503)
        return {"keys": issuer.keys} if path == "keys" else issuer.document

    @app.post("/introspect")
    async def introspect() -> Response:
        issuer.clients.append(request.headers["authorization"])
        return Response(json.dumps(issuer.told), content_type="application/json")

    async with running(app, listener):
        yield issuer
