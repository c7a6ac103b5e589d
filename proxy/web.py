"""Which door a request comes in by: ours under `/-/`, the data path everywhere else.

A few paths below a connection are ours too (see `app_login.fixed_paths`). The data path and the
questions of hooks are bare ASGI (see `exchange`): both may wait for people. Our own few pages are
Quart.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from quart import Quart, Request, Response, jsonify, request

from app.errors import AbeyanceError
from proxy.cursor.webhooks.receiving import BODY_BYTES as EVENT_BYTES
from proxy.cursor.webhooks.replacing import PATH as WEBHOOKS
from proxy.exchange import Exchange
from proxy.http.challenge import base_url, challenge
from proxy.http.upgrades import as_request
from proxy.refusals import refusal_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
    from quart import Blueprint

    from app.telemetry import Metrics
    from policies.reload import CatalogState
    from proxy.app_login.fixed_paths import FixedPaths
    from proxy.evaluate.evaluator import Evaluator
    from proxy.gate import Gate
    from proxy.process.draining import Drain

_OURS = (b"/-/", b"/.well-known/")
_EVALUATE = b"/-/evaluate"
# Our pages take small forms, and nothing else.
_FORM_BYTES = 16 * 1024


class Door:
    """The ASGI application: sorts requests to the gate or to our own pages."""

    def __init__(
        self,
        gate: Gate,
        evaluator: Evaluator,
        fixed_paths: FixedPaths | None,
        pages: Quart,
        drain: Drain,
        public_url: str,
    ) -> None:
        """`fixed_paths` is None where no browser is expected, so no program can sign in."""
        self._gate = gate
        self._evaluator = evaluator
        self._fixed_paths = fixed_paths
        self._pages = pages
        self._drain = drain
        self._public_url = public_url

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http" and scope["raw_path"].partition(b"?")[0] == _EVALUATE:
            with self._drain.flight():
                exchange = Exchange(scope, receive, send, self._drain, self._public_url)
                await self._evaluator.handle(exchange)
            return
        if scope["type"] == "lifespan" or scope["raw_path"].startswith(_OURS):
            await self._pages(scope, receive, send)
            return
        handshake = scope["type"] == "websocket"
        if scope["type"] == "websocket":
            scope, receive, send = as_request(scope, receive, send)
        with self._drain.flight():
            exchange = Exchange(
                scope, receive, send, self._drain, self._public_url, handshake=handshake
            )
            if self._fixed_paths is not None and await self._fixed_paths.takes(exchange):
                await self._fixed_paths.handle(exchange)
            else:
                await self._gate.handle(exchange)


def create_pages(
    ready: Callable[[], Awaitable[CatalogState]],
    metrics: Metrics,
    drain: Drain,
    routes: Iterable[Blueprint],
    public_url: str,
) -> Quart:
    """Build our own pages; `ready` raises an AbeyanceError where the gateway cannot serve."""
    pages = Quart(__name__, static_folder=None)
    pages.config["MAX_CONTENT_LENGTH"] = _FORM_BYTES
    pages.request_class = _Request

    @pages.get("/-/healthz")
    async def healthz() -> Response:
        return jsonify(status="alive")

    @pages.get("/-/readyz")
    async def readyz() -> Response:
        catalog = await ready()
        return jsonify(status="ready", catalog=catalog.revision, catalog_fault=catalog.fault)

    @pages.get("/-/metrics")
    async def figures() -> Response:
        return Response(metrics.page(), content_type="text/plain; version=0.0.4")

    for blueprint in routes:
        pages.register_blueprint(blueprint)

    @pages.errorhandler(AbeyanceError)
    async def refused(error: AbeyanceError) -> tuple[dict[str, Any], int, dict[str, str]]:
        refusal = refusal_for(error)
        base = base_url(public_url, request.scheme, request.host)
        headers = {"www-authenticate": challenge(base)} if refusal.status == 401 else {}
        told = {"error": {"code": refusal.code, "message": refusal.message}}
        return told, refusal.status, headers

    pages.after_request(partial(_finished, drain))
    return pages


class _Request(Request):
    """A request to our own pages: a form, or an event of a webhook, which may be larger."""

    def __init__(
        self,
        method: str,
        scheme: str,
        path: str,
        *rest: Any,  # noqa: ANN401 - as Quart has it
        max_content_length: int | None = None,
        **more: Any,  # noqa: ANN401
    ) -> None:
        if path.startswith(WEBHOOKS):
            max_content_length = EVENT_BYTES
        super().__init__(method, scheme, path, *rest, max_content_length=max_content_length, **more)


async def _finished(drain: Drain, response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    response.headers["x-content-type-options"] = "nosniff"
    if drain.begun:
        response.headers["connection"] = "close"
    return response
