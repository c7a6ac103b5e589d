"""Keeps other web sites away from the sandbox that runs in the developer's browser."""

from urllib.parse import urlsplit

from quart import Quart, Response, request, websocket
from werkzeug.datastructures import Headers

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def guard(app: Quart) -> None:
    """Refuse foreign hosts (DNS rebinding) and foreign origins; send strict headers."""

    @app.before_request
    async def check_request() -> tuple[str, int] | None:
        return _check(request.headers)

    @app.before_websocket
    async def check_websocket() -> tuple[str, int] | None:
        return _check(websocket.headers)

    @app.after_request
    async def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _check(headers: Headers) -> tuple[str, int] | None:
    host = headers.get("Host", "")
    if host.rpartition(":")[0] not in _LOOPBACK and host not in _LOOPBACK:
        return "The sandbox answers on this machine only: use 127.0.0.1.", 403
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "The sandbox is not for other web sites.", 403
    return None
