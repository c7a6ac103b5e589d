"""The one HTTP client towards the model APIs."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import asynccontextmanager
from copy import copy
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import httpx
import yarl
from httpx_aiohttp import AiohttpTransport

from app.domain.connection import CredentialScheme
from app.errors import BadRequest, Unreachable, UpstreamUnavailable
from app.wire.registry import lists_models
from proxy.http.deadline import Deadline, UnderWay
from proxy.http.headers import is_returned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from app.domain.connection import Connection
    from app.domain.record.session import RecordedRequest
    from proxy.front import Headers

_CONNECT_SECONDS = 5.0
_SILENT_SECONDS = 600.0
# Claude Code gives the list of models three seconds, and takes a redirect for a failure.
_MODELS_SECONDS = 2.5
_POOL = 1000
_URLS_REMEMBERED = 1024
_IDLE_SECONDS = 4.0
"""A connection that idled for longer is let go. Many servers close theirs after five seconds: a
request that meets that end is lost, and none is sent twice."""
_USER_AGENT = "abeyance"
_NOT_THERE = "The path leads out of the connection, or can be read in two ways."

# Whatever goes wrong between us and the upstream, parsers' surprises included.
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_WHY: dict[tuple[type[BaseException], ...], str] = {
    (aiohttp.ClientConnectorDNSError,): "its name cannot be resolved (DNS)",
    (aiohttp.ClientConnectorCertificateError,): "its TLS certificate is not accepted",
    (aiohttp.ClientSSLError,): "TLS could not be agreed on",
    (aiohttp.ConnectionTimeoutError,): "it could not be connected to in time",
    (TimeoutError, httpx.TimeoutException): "it took too long",
    (aiohttp.ClientConnectorError,): "it cannot be reached",
    (aiohttp.ServerDisconnectedError, ConnectionError): "it closed the connection",
    (aiohttp.ClientOSError,): "the connection was reset",
    (aiohttp.ClientResponseError,): "what it sends is not HTTP",
}
"""What went wrong, the narrower kinds first."""
_FAULTS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError)


def _why(error: BaseException) -> str:
    """Say why there is no answer, without the addresses that the error names."""
    chain = (error.__cause__, error)
    if any(isinstance(getattr(one, "os_error", None), ConnectionRefusedError) for one in chain):
        return "it refuses the connection"
    known = (words for one in chain for kinds, words in _WHY.items() if isinstance(one, kinds))
    return next(known, "the connection failed")


class UpstreamAnswer:
    """The upstream's answer: its head at once, its body in pieces."""

    def __init__(
        self,
        response: httpx.Response,
        location: str,
        seconds: float,
        under_way: UnderWay,
        deadline: Deadline,
    ) -> None:
        """`location` is where the answer points to, below the gateway; empty if nowhere.

        `seconds` are how long it may take until its deadline.
        """
        self._response = response
        self._location = location
        self._seconds = seconds
        self._deadline = deadline
        self._under_way = under_way
        self._body: bytes | None = None
        self._through: Callable[[], AsyncIterator[bytes]] | None = None
        self.status = response.status_code
        self.content_type: str = response.headers.get("content-type", "")
        self.content_encoding: str = response.headers.get("content-encoding", "identity").lower()

    def with_body(self, body: bytes, content_type: str) -> UpstreamAnswer:
        """Return the same answer with another body, in place of one that was read already."""
        other = copy(self)
        other._body = body  # noqa: SLF001 - of its own class
        other.content_type, other.content_encoding = content_type, "identity"
        return other

    def through(
        self, pieces: Callable[[], AsyncIterator[bytes]], content_type: str
    ) -> UpstreamAnswer:
        """Return the same answer with its body as these pieces."""
        other = copy(self)
        other.content_type = content_type
        other._through = pieces  # noqa: SLF001 - of its own class
        return other

    def headers(self, mask: Callable[[str], str]) -> Headers:
        """Return the headers that a caller may see, their values masked."""
        given = ((name.lower(), value) for name, value in self._response.headers.multi_items())
        if self._body is not None:
            given = (header for header in given if header[0] != "content-type")
        returned = tuple(
            (name, mask(value))
            for name, value in given
            if is_returned(name) and value.isascii() and mask(name) == name
        )
        if self._body is not None:
            returned = (*returned, ("content-type", mask(self.content_type)))
        if self._location and mask(self._location) == self._location:
            return (*returned, ("location", self._location))
        return returned

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body.

        Raises UpstreamUnavailable where it breaks off, or has no end; Restarting where we stop.
        """
        if self._through is not None:
            async for changed in self._through():
                yield changed
            return
        if self._body is not None:
            yield self._body
            return
        pieces = aiter(self._response.aiter_raw())
        try:
            while (piece := await self._deadline.next(pieces)) is not None:
                yield piece
        except _FAULTS as error:
            self._under_way.check()
            if self._deadline.passed:
                raise UpstreamUnavailable(
                    f"The answer took longer than {self._seconds:g} seconds; its rest is not "
                    "passed on."
                ) from None
            raise UpstreamUnavailable("The model API broke off its answer.") from error


class Upstream:
    """Made inside the running loop, closed by its owner."""

    def __init__(
        self,
        answer_seconds: float,
        *,
        idle_seconds: float = _IDLE_SECONDS,
        silent_seconds: float = _SILENT_SECONDS,
    ) -> None:
        """`answer_seconds` count from the head of an answer to its end.

        The model API may be silent for `silent_seconds`, before the head and after it.
        """
        self._answer_seconds = answer_seconds
        self._silent_seconds = silent_seconds
        self._under_way = UnderWay()
        session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=_POOL, keepalive_timeout=idle_seconds),
            auto_decompress=False,
            # What is sent is what was recorded, and nothing beside it.
            skip_auto_headers=("accept", "content-type", "user-agent"),
        )
        # A request that may have been read is never sent twice: an approval is for one.
        session._retry_connection = False  # noqa: SLF001 - there is no public switch
        # The client around a transport keeps cookies, and follows redirects: neither is wanted.
        # The session has its own TLS. The transport gets one that trusts nobody and is never used,
        # or it would read all certificates once more.
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._transport = AiohttpTransport(client=session, verify=unused)

    @asynccontextmanager
    async def forward(
        self, connection: Connection, request: RecordedRequest, credential: str
    ) -> AsyncIterator[UpstreamAnswer]:
        """Send the recorded bytes with our credential; the answer is open within the block.

        Raises Unreachable where it cannot be sent, UpstreamUnavailable where nobody answers as HTTP
        wants it, Restarting where we stop.
        """
        self._under_way.check()
        outgoing = self._outgoing(connection, request, credential)
        is_quick = lists_models(request.method, request.path)
        seconds = _MODELS_SECONDS if is_quick else self._silent_seconds
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        try:
            async with asyncio.timeout_at(until) as limit:
                with self._under_way.until(limit):
                    response = await self._transport.handle_async_request(outgoing)
        except _FAULTS as error:
            self._under_way.check()
            unsent = isinstance(error.__cause__, _UNSENT)
            kind = Unreachable if unsent else UpstreamUnavailable
            why = f" within {seconds:g} seconds" if limit.expired() else f": {_why(error)}"
            raise kind(
                f"The model API of connection “{connection.name}” does not answer{why}."
            ) from error
        try:
            if response.status_code < HTTPStatus.OK:
                raise UpstreamUnavailable("The model API answered with a status that is no answer.")
            if is_quick:
                _check_no_redirect(connection, response)
            location = own_location(connection, outgoing.url, response)
            if not is_quick:
                seconds, until = self._answer_seconds, clock() + self._answer_seconds
            with self._under_way.answer(until, self._silent_seconds) as deadline:
                yield UpstreamAnswer(response, location, seconds, self._under_way, deadline)
        finally:
            await response.aclose()

    def _outgoing(
        self, connection: Connection, request: RecordedRequest, credential: str
    ) -> httpx.Request:
        names = {name for name, _ in request.headers}
        agents = [value for name, value in request.headers if name == "user-agent"]
        return httpx.Request(
            request.method,
            upstream_url(connection, request),
            headers=[
                *(() if "accept" in names else (("accept", "*/*"),)),
                ("connection", "keep-alive"),
                *(header for header in request.headers if header[0] != "user-agent"),
                ("user-agent", " ".join([*agents, _USER_AGENT])),
                # What we must read has to come as it is.
                ("accept-encoding", "identity"),
                _credential_header(connection.scheme, credential),
            ],
            content=request.body,
            extensions={"timeout": {"connect": _CONNECT_SECONDS}},
        )

    def stop(self) -> None:
        """Break off whatever is under way; who waits for it is told that we stop."""
        self._under_way.stop()

    async def close(self) -> None:
        await self._transport.aclose()


def _check_no_redirect(connection: Connection, response: httpx.Response) -> None:
    if response.is_redirect:
        raise UpstreamUnavailable(
            f"The model API of connection “{connection.name}” redirects the list of models to "
            "another address. An administrator gives the connection that address as its base URL."
        )


def upstream_url(connection: Connection, request: RecordedRequest) -> httpx.URL:
    """Build where to send it. Raises BadRequest where that would leave the connection's base."""
    return _url(connection.base_url, request.path, request.query)


@lru_cache(_URLS_REMEMBERED)
def _url(base_url: str, path: str, query: str) -> httpx.URL:
    base = httpx.URL(base_url)
    wanted = f"{base.raw_path.decode().rstrip('/')}/{path}"
    full = f"{wanted}?{query}" if query else wanted
    try:
        url = base.copy_with(raw_path=full.encode("ascii"))
    except (httpx.InvalidURL, UnicodeError):
        raise BadRequest(_NOT_THERE) from None
    # Libraries tidy what they are given; what is sent must be what was checked.
    sent = yarl.URL(str(url))
    as_checked = (sent.raw_path, sent.raw_query_string) == (wanted, query)
    if not (as_checked and _inside(url, base)):
        raise BadRequest(_NOT_THERE)
    return url


def own_location(connection: Connection, asked: httpx.URL, response: httpx.Response) -> str:
    """Return where an answer says that something was made, as a path of the gateway's.

    It is empty for any other answer (a redirect's place is withheld), and for a place that is not
    below the connection's base.
    """
    given = response.headers.get("location", "")
    if response.status_code not in (HTTPStatus.CREATED, HTTPStatus.ACCEPTED) or not given:
        return ""
    base = httpx.URL(connection.base_url)
    try:
        place = asked.join(given)
    except httpx.InvalidURL:
        return ""
    below = base.raw_path.decode().rstrip("/") + "/"
    path = place.raw_path.decode()
    if not (_inside(place, base) and path.startswith(below)) or place.userinfo:
        return ""
    return f"/{connection.name}/{path.removeprefix(below)}"


def _inside(url: httpx.URL, base: httpx.URL) -> bool:
    same_origin = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
    return same_origin and url.path.startswith(base.path.rstrip("/") + "/")


def _credential_header(scheme: CredentialScheme, credential: str) -> tuple[str, str]:
    match scheme:
        case CredentialScheme.BEARER:
            return "authorization", f"Bearer {credential}"
        case (
            CredentialScheme.X_API_KEY | CredentialScheme.X_GOOG_API_KEY | CredentialScheme.API_KEY
        ):
            return scheme.value, credential
        case CredentialScheme.BASIC:
            pair = base64.b64encode(f"{credential}:".encode()).decode()
            return "authorization", f"Basic {pair}"
