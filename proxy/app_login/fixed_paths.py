"""What Claude Code asks for at fixed paths below a connection, beside the API itself.

Its base address is that of the connection, such as `https://gateway/anthropic`, so its requests to
the API need nothing of their own. These paths no API has:

    /anthropic/.well-known/oauth-authorization-server    where it signs in
    /anthropic/managed/settings                          the policy for whoever is signed in
    /anthropic/v1/metrics, /v1/logs, /v1/traces          its telemetry: taken, and dropped
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from app.domain.connection import ConnectionKind
from app.domain.issued import ACCESS_PREFIX
from app.errors import AbeyanceError, MethodNotAllowed, NotFound
from app.wire.apis.anthropic import ANTHROPIC
from policies.claude_code import policy_for, settings_of
from proxy.app_login.managed_settings import document, is_known
from proxy.app_login.metadata import metadata
from proxy.exchange import ClientGone
from proxy.front import check_front, header
from proxy.http.tokens import caller_token
from proxy.keys.scope import check_connection
from proxy.refusals import refusal_for, refusal_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policies.reload import CatalogKeeper
    from proxy.connections import Connections
    from proxy.exchange import Exchange
    from proxy.keys.admission import Admission

_METADATA, _SETTINGS = ".well-known/oauth-authorization-server", "managed/settings"
_TELEMETRY = ("v1/metrics", "v1/logs", "v1/traces")
_TELEMETRY_BYTES = 8 * 1024 * 1024
_JSON = (("content-type", "application/json"), ("cache-control", "no-store"))
_FIXED = re.compile(
    r"/([^/]+)/(" + "|".join(map(re.escape, (_METADATA, _SETTINGS, *_TELEMETRY))) + ")"
)
_log = structlog.get_logger(__name__)


class FixedPaths:
    def __init__(
        self,
        connections: Connections,
        admission: Admission,
        catalogs: CatalogKeeper,
        public_url: str,
        our_hooks: Mapping[str, Any],
    ) -> None:
        self._connections = connections
        self._admission = admission
        self._catalogs = catalogs
        self._url = public_url
        self._our_hooks = our_hooks

    async def takes(self, exchange: Exchange) -> bool:
        """Whether a request is for one of these paths, and not for the API behind them."""
        found = _FIXED.fullmatch(exchange.target)
        if found is None:
            return False
        name, path = found.groups()
        if path in _TELEMETRY and not _of_session(exchange):
            return False
        try:
            connection = await self._connections.find(name)
        except AbeyanceError:
            return False  # the gate says why
        return connection.kind is ConnectionKind.ANTHROPIC

    async def handle(self, exchange: Exchange) -> None:
        """Answer a request that this takes."""
        found = _FIXED.fullmatch(exchange.target)
        if found is None:
            raise ValueError("not a path of these")
        try:
            exchange.check()
            check_front(exchange.method, exchange.target, exchange.query, exchange.headers)
            await self._answer(exchange, *found.groups())
        except ClientGone:
            return
        except AbeyanceError as error:
            refusal = refusal_for(error)
            _log.info("refused", error=type(error).__name__, reason=str(error))
            headers = refusal_headers(refusal, "", "")
            await exchange.reply(refusal.status, headers, ANTHROPIC.refusal(refusal))

    async def _answer(self, exchange: Exchange, connection: str, path: str) -> None:
        if exchange.method != ("POST" if path in _TELEMETRY else "GET"):
            raise MethodNotAllowed("This path is not served with this method.")
        if path not in _TELEMETRY:
            await exchange.read(0)
        if path == _METADATA:
            await exchange.reply(200, _JSON, msgspec.json.encode(metadata(self._url, connection)))
            return
        caller = await self._admission.caller(exchange.headers, exchange.query)
        check_connection(caller.scope, connection)
        if path in _TELEMETRY:
            await exchange.read(_TELEMETRY_BYTES)
            await exchange.reply(200, _JSON, b"{}")
            return
        await self._settings(exchange, caller.identity.groups)

    async def _settings(self, exchange: Exchange, groups: frozenset[str]) -> None:
        policy = policy_for(self._catalogs.current.claude_code, groups)
        if policy is None:
            raise NotFound("There is no policy for you.")
        told = document(settings_of(policy, self._our_hooks))
        checksum = str(told["checksum"])
        headers = (*_JSON, ("etag", f'"{checksum}"'))
        if is_known(header(exchange.headers, "if-none-match"), checksum):
            await exchange.start(304, headers)
            await exchange.end()
            return
        await exchange.reply(200, headers, msgspec.json.encode(told))


def _of_session(exchange: Exchange) -> bool:
    """Whether a request comes from a program that signed in here."""
    try:
        return caller_token(exchange.headers, exchange.query).startswith(ACCESS_PREFIX)
    except AbeyanceError:
        return False
