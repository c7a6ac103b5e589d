"""The forwarder: one loopback server for one tool, for as long as that tool runs."""

from __future__ import annotations

import asyncio
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

import aiohttp
from aiohttp import web
from yarl import URL

from app.errors import AbeyanceError
from workstation.forwarder import words
from workstation.forwarder.body import KeptBody
from workstation.forwarder.requests import (
    coming,
    connection_of,
    going,
    has_key,
    is_websocket,
    without_key,
)
from workstation.forwarder.words import ForwarderRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from workstation.forwarder.requests import Headers
    from workstation.sign_in.tokens import Token

HOST = "127.0.0.1"
_CONNECT_SECONDS = 20.0
_HEADERS_BYTES = 64 * 1024
_CLOSING_SECONDS = 1.0
_HOOKS = "/-/evaluate"
"""What the hooks of the tool ask."""
_ASKING_SECONDS = 10.0
_OURS = 'realm="abeyance"'
"""By which a 401 of the gateway is known from one of the model API."""
_ADDED_BY_ITSELF = ("accept", "accept-encoding", "content-type", "user-agent")


class TokenSource(Protocol):
    """The tokens of a person. Its methods block, and raise AbeyanceError."""

    def current(self) -> Token: ...

    def renewed(self, refused: str) -> Token:
        """Return another token than one that the gateway has refused."""
        ...


@dataclass(slots=True)
class Traffic:
    """The requests that are not answered yet. `changed` is set whenever their number changes."""

    open: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __enter__(self) -> Self:
        self.open += 1
        self.changed.set()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.open -= 1
        self.changed.set()


class Forwarder:
    """Use it as an async context manager; then `url` and `key` are what the tool is given."""

    def __init__(
        self,
        gateway: str,
        tokens: TokenSource,
        kinds: Mapping[str, str],
        claims: Callable[[], Headers],
    ) -> None:
        """`kinds` has the connections that the tool may use, and whose APIs they are.

        `claims` returns the headers that say where the tool works; it may block.
        """
        self.key = secrets.token_urlsafe(32)
        self.program = secrets.token_hex(12)
        self.conversation = secrets.token_hex(12)
        self.traffic = Traffic()
        self.url = ""
        self._gateway = gateway.rstrip("/")
        self._tokens = tokens
        self._kinds = kinds
        self._claims = claims
        self._host = ""

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        # A limit would let one held request keep another from being sent.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=timeout,
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_ITSELF,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_HEADERS_BYTES,
            max_field_size=_HEADERS_BYTES,
            trust_env=True,
        )
        server = web.Server(
            self._handle,
            auto_decompress=False,
            handler_cancellation=True,
            access_log=None,
            max_line_size=_HEADERS_BYTES,
            max_field_size=_HEADERS_BYTES,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_CLOSING_SECONDS)
        await self._runner.setup()
        listener = socket.create_server((HOST, 0))
        await web.SockSite(self._runner, listener).start()
        self._host = f"{HOST}:{listener.getsockname()[1]}"
        self.url = f"http://{self._host}"
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def ask(self, path: str) -> object:
        """Return what the gateway answers about this forwarder's requests, as JSON.

        Raises AbeyanceError without a token, aiohttp.ClientError, ValueError.
        """
        token = await asyncio.to_thread(self._tokens.current)
        headers = {
            "authorization": f"Bearer {token.value}",
            "abeyance-client": self.program,
            "accept": "application/json",
        }
        url, within = self._gateway + path, aiohttp.ClientTimeout(total=_ASKING_SECONDS)
        async with self._session.get(url, headers=headers, timeout=within) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        headers: Headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in request.raw_headers
        )
        path, _, query = request.raw_path.partition("?")
        kind = self._kinds.get(connection_of(path), "")
        agent = request.headers.get("user-agent", "")
        if refusal := self._refusal(headers, path, query):
            return await _answered(request, words.spell(refusal, kind, agent))
        with self.traffic:
            try:
                return await self._forward(request, headers, path, without_key(query))
            except _Unanswered as unanswered:
                return await _answered(request, words.spell(unanswered.refusal, kind, agent))

    def _refusal(self, headers: Headers, path: str, query: str) -> ForwarderRefusal | None:
        """Return why a request is none of the tool's own."""
        hosts = [value for name, value in headers if name == "host"]
        if hosts != [self._host]:
            # A page in a browser that has its name lead here (DNS rebinding) says its own name.
            return ForwarderRefusal(
                403, "wrong_host", f"This server is {self._host} and nothing else."
            )
        if not has_key(headers, query, self.key):
            return ForwarderRefusal(
                401,
                "wrong_key",
                "This is the forwarder of `abeyance exec`, and the API key sent is not the one "
                "that it gave to the tool. Remove the key from the tool's settings; the "
                "environment has the right one.",
            )
        if connection_of(path) not in self._kinds and path != _HOOKS:
            names = ", ".join(f"/{name}/…" for name in self._kinds)
            return ForwarderRefusal(
                404,
                "not_found",
                f"`abeyance exec` forwards {names} and nothing else. To use another connection, "
                "start the tool with --connection.",
            )
        if is_websocket(headers):
            return ForwarderRefusal(
                426,
                "upgrade_required",
                "WebSockets are not served here; send the request over HTTP.",
            )
        return None

    async def _forward(
        self, request: web.BaseRequest, headers: Headers, path: str, query: str
    ) -> web.StreamResponse:
        """Send a request on, once more with another token where the gateway refuses the first."""
        url = URL(f"{self._gateway}{path}{'?' if query else ''}{query}", encoded=True)
        if request.headers.get("expect", "").lower() == "100-continue" and request.transport:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = KeptBody(request.content)
        claims = await asyncio.to_thread(self._claims)
        token = await self._token()
        for attempt in (1, 2):
            sent = going(headers, (*claims, *self._ours(token)))
            answer = await self._sent(request.method, url, sent, body)
            async with answer:
                refused = answer.status == 401 and _OURS in answer.headers.get(
                    "www-authenticate", ""
                )
                if attempt == 2 or not refused or not body.can_repeat:
                    return await _relayed(request, answer)
                try:
                    token = await asyncio.to_thread(self._tokens.renewed, token.value)
                except AbeyanceError:
                    # The gateway says better why it refuses the one that there is.
                    return await _relayed(request, answer)
        raise AssertionError("the second attempt returns")

    def _ours(self, token: Token) -> Headers:
        return (
            ("authorization", f"Bearer {token.value}"),
            ("abeyance-client", self.program),
            ("abeyance-conversation", self.conversation),
        )

    async def _token(self) -> Token:
        try:
            return await asyncio.to_thread(self._tokens.current)
        except AbeyanceError as error:
            raise _Unanswered(words.signed_out(error)) from error

    async def _sent(
        self, method: str, url: URL, headers: Headers, body: KeptBody
    ) -> aiohttp.ClientResponse:
        try:
            return await self._session.request(
                method,
                url,
                headers=[(name, value.encode("latin-1").decode()) for name, value in headers],
                data=None if body.is_empty else body.read(),
                allow_redirects=False,
            )
        except UnicodeDecodeError as error:
            said = "A header of the request is not UTF-8; Abeyance cannot send it on."
            raise _Unanswered(ForwarderRefusal(400, "bad_request", said)) from error
        except aiohttp.ClientConnectorError as error:
            said = (
                f"Abeyance's gateway at {self._gateway} cannot be reached "
                f"({error.strerror or error}). Check the network or VPN; nothing was sent."
            )
            raise _Unanswered(ForwarderRefusal(503, "gateway_unreachable", said)) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            said = (
                f"Abeyance's gateway at {self._gateway} did not answer ({type(error).__name__}). "
                "Sending it again finds what was held meanwhile."
            )
            raise _Unanswered(ForwarderRefusal(502, "gateway_away", said)) from error


class _Unanswered(Exception):
    """The gateway gave no answer; the tool gets this refusal."""

    def __init__(self, refusal: ForwarderRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


async def _relayed(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Pass an answer on as it comes, to the byte; an end that is none ends the connection."""
    raw = tuple((n.decode("latin-1").lower(), v.decode("latin-1")) for n, v in answer.raw_headers)
    given = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in coming(raw):
        given.headers.add(name, value)
    await given.prepare(request)
    try:
        async for piece in answer.content.iter_any():
            await given.write(piece)
    except (aiohttp.ClientError, OSError):
        # Where it breaks off, the tool must not take it for an end.
        if request.transport is not None:
            request.transport.abort()
        return given
    await given.write_eof()
    return given


async def _answered(request: web.BaseRequest, spelt: words.Spelt) -> web.StreamResponse:
    """Answer at once; the body is read first, so that the connection is not reset."""
    with suppress(aiohttp.ClientError, OSError):
        async for _ in request.content.iter_any():
            pass
    return web.Response(status=spelt.status, headers=spelt.headers, body=spelt.body)
