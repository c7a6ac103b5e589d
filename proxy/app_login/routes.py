"""What a program calls to be signed in, in the words of OAuth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from quart import Blueprint, Response, jsonify, request

from app.domain.connection import ConnectionKind
from app.domain.device import Poll
from app.errors import AbeyanceError, NotAuthenticated, NotFound, Unavailable
from proxy.app_login.metadata import AUTHORIZE, DEVICE_GRANT, PAGE, REFRESH_GRANT, TOKEN
from proxy.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.clock import Clock
    from proxy.app_login.device_login import DeviceLogin
    from proxy.app_login.sessions import AppTokens, Sessions
    from proxy.connections import Connections

_A_MINUTE = 60
"""How many sign-ins are begun from one address."""
_log = structlog.get_logger(__name__)


class LoginRoutes:
    def __init__(
        self,
        login: DeviceLogin,
        sessions: Sessions,
        connections: Connections,
        clock: Clock,
        public_url: str,
        address: Callable[[], str],
    ) -> None:
        """`address` returns where the request at hand comes from."""
        self._login = login
        self._sessions = sessions
        self._connections = connections
        self._clock = clock
        self._url = public_url
        self._address = address
        self._begun = Rate(_A_MINUTE)

    def routes(self) -> Blueprint:
        routes = Blueprint("app_login", __name__)
        routes.add_url_rule(
            f"{AUTHORIZE}/<connection>", "authorize", self.authorize, methods=["POST"]
        )
        routes.add_url_rule(TOKEN, "token", self.token, methods=["POST"])
        routes.register_error_handler(AbeyanceError, _refused)
        return routes

    async def authorize(self, connection: str) -> tuple[Response, int]:
        """Begin a sign-in (RFC 8628, section 3.2).

        The address that has the code in it is left out on purpose: who signs in must type the
        code, so that a link that somebody sent them is not enough.
        """
        if not self._begun.take(self._address(), self._clock.now()):
            return _error("slow_down", "Too many sign-ins were begun. Wait a minute.", 429)
        found = await self._connections.find(connection)
        if found.kind is not ConnectionKind.ANTHROPIC:
            raise NotFound("This connection has no sign-in.")
        agent = request.headers.get("user-agent", "")
        begun = await self._login.begin(found.name, self._address(), agent)
        answer = jsonify(
            device_code=begun.device_code,
            user_code=begun.user_code,
            verification_uri=f"{self._url}{PAGE}",
            expires_in=begun.seconds,
            interval=begun.interval,
        )
        return answer, 200

    async def token(self) -> tuple[Response, int]:
        """Exchange a device code or a refresh token (RFC 6749, RFC 8628, section 3.4)."""
        form, address = await request.form, self._address()
        match form.get("grant_type", ""):
            case grant if grant == DEVICE_GRANT:
                got = await self._login.poll(form.get("device_code", ""), address)
            case grant if grant == REFRESH_GRANT:
                got = await self._sessions.renew(form.get("refresh_token", ""), address)
            case _:
                return _error("unsupported_grant_type", "Use a device code or a refresh token.")
        if isinstance(got, Poll):
            return _error(got.value, "")
        return _granted(got), 200


def _granted(tokens: AppTokens) -> Response:
    return jsonify(
        access_token=tokens.access,
        token_type="Bearer",  # noqa: S106 - no secret
        expires_in=tokens.expires_in,
        refresh_token=tokens.renewal,
    )


def _error(code: str, words: str, status: int = 400) -> tuple[Response, int]:
    said = {"error": code} | ({"error_description": words} if words else {})
    return jsonify(said), status


async def _refused(error: AbeyanceError) -> tuple[Response, int]:
    """Tell a session that is over, for which the person signs in again, from a bad moment."""
    _log.info("no tokens given", error=type(error).__name__, reason=str(error))
    match error:
        case NotAuthenticated():
            return _error("invalid_grant", "This session is over. Sign in again.", 401)
        case Unavailable():
            return _error("temporarily_unavailable", "Try again in a minute.", 503)
        case NotFound():
            return _error("invalid_request", str(error), 404)
        case _:
            return _error("invalid_request", "This cannot be done.")
