"""Which door a request comes in by: ours under `/-/`, the data path everywhere else.

The data path is bare ASGI (see `exchange`); our own few pages are Quart.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from quart import Quart, Response, jsonify, request

from app.domain.hold import HoldState
from app.errors import AbeyanceError, NotFound
from proxy.exchange import Exchange
from proxy.holds.polling import POLL_SECONDS, decision_of, what_now
from proxy.http.tokens import has_token
from proxy.http.upgrades import as_request
from proxy.refusals import refusal_for
from proxy.terminal.pages import hold_pages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

    from app.domain.identity import Identity
    from app.storage.store import MongoStorage
    from app.telemetry import Metrics
    from policies.reload import CatalogState
    from proxy.browser.link_pages import LinkPages
    from proxy.browser.linking import Linking
    from proxy.callers import Callers
    from proxy.front import Headers
    from proxy.gate import Gate
    from proxy.process.draining import Drain
    from proxy.terminal.deciding import Deciding

_OURS = b"/-/"
# Our pages take small forms, and nothing else.
_FORM_BYTES = 16 * 1024


class Door:
    """The ASGI application: sorts requests to the gate or to our own pages."""

    def __init__(self, gate: Gate, pages: Quart, drain: Drain) -> None:
        self._gate = gate
        self._pages = pages
        self._drain = drain

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan" or scope["raw_path"].startswith(_OURS):
            await self._pages(scope, receive, send)
            return
        handshake = scope["type"] == "websocket"
        if scope["type"] == "websocket":
            scope, receive, send = as_request(scope, receive, send)
        with self._drain.flight():
            exchange = Exchange(scope, receive, send, self._drain, handshake=handshake)
            await self._gate.handle(exchange)


def create_pages(
    ready: Callable[[], Awaitable[CatalogState]],
    metrics: Metrics,
    callers: Callers,
    links: tuple[Linking, LinkPages | None],
    deciding: Deciding,
    storage: MongoStorage,
    drain: Drain,
) -> Quart:
    """Build our own pages; `ready` raises an AbeyanceError where the gateway cannot serve."""
    pages = Quart(__name__, static_folder=None)
    pages.config["MAX_CONTENT_LENGTH"] = _FORM_BYTES

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

    async def caller() -> Identity:
        return await callers.identify(_headers())

    _add_linking(pages, *links, caller)

    async def signed_in() -> Identity:
        return await callers.signed_in_lately(_headers())

    pages.register_blueprint(hold_pages(deciding, signed_in))

    @pages.get("/-/sessions/<session_id>")
    async def session_state(session_id: str) -> Response:
        identity = await caller()
        session = await storage.sessions.get(session_id)
        # Somebody else's session looks like none: an id must not tell that it exists.
        if session is None or session.identity.key != identity.key:
            raise NotFound(f"You have no session {session_id}.")
        hold = await storage.holds.get(session.hold_id) if session.hold_id else None
        asked = hold is not None and await storage.notices.asked(hold.id)
        answer = jsonify(
            session=session.id,
            decision=decision_of(session, hold).value,
            message=what_now(hold, asked=asked),
            state=session.state.value,
            rules=[fired.rule for fired in session.verdict.fired if fired.enforced],
            hold=hold.state.value if hold else None,
            note=hold.note if hold else "",
            expires_at=hold.due_at.isoformat() if hold and hold.due_at else None,
            upstream_status=session.answer.status if session.answer else None,
        )
        if hold is not None and hold.state is HoldState.PENDING:
            answer.headers["retry-after"] = POLL_SECONDS
        return answer

    @pages.errorhandler(AbeyanceError)
    async def refused(error: AbeyanceError) -> tuple[dict[str, Any], int]:
        refusal = refusal_for(error)
        return {"error": {"code": refusal.code, "message": refusal.message}}, refusal.status

    pages.after_request(partial(_finished, drain))
    return pages


def _headers() -> Headers:
    return tuple((name.lower(), value) for name, value in request.headers.items())


async def _finished(drain: Drain, response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    response.headers["x-content-type-options"] = "nosniff"
    if drain.begun:
        response.headers["connection"] = "close"
    return response


def _add_linking(
    pages: Quart,
    linking: Linking,
    link_pages: LinkPages | None,
    caller: Callable[[], Awaitable[Identity]],
) -> None:
    """Serve `abeyance link` and, where one is expected, a browser: only the former has a token."""
    if link_pages is not None:
        pages.register_blueprint(link_pages.routes())

    @pages.get("/-/link/<code>")
    async def offered(code: str) -> Response:
        if link_pages is not None and not has_token(_headers()):
            return await link_pages.offered(code)
        return jsonify(account=await linking.account(code, await caller()))

    @pages.post("/-/link/<code>")
    async def link(code: str) -> Response:
        return jsonify(linked=await linking.take(code, await caller()))
