"""Tells a server that what it asks of its client is not allowed, in the client's place."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from app.domain.event import EventKind
from app.errors import UpstreamUnavailable
from app.wire import strict_json

if TYPE_CHECKING:
    from app.domain.connection import Connection
    from app.domain.record.session import RecordedRequest
    from app.wire.mcp.asks import ServerAsk
    from proxy.record.recording import Recording
    from proxy.upstream import Upstream

_SECONDS = 10.0
_MOST = 20
_HEADERS = ("mcp-session-id", "mcp-protocol-version", "user-agent")


class Refusing:
    """For the answers to one request."""

    def __init__(
        self,
        upstream: Upstream,
        connection: Connection,
        request: RecordedRequest,
        credential: str,
        recording: Recording,
    ) -> None:
        self._upstream = upstream
        self._connection = connection
        self._request = request
        self._credential = credential
        self._recording = recording
        self._refused = 0

    async def refuse(self, ask: ServerAsk) -> None:
        """Record that the server asks, then tell it no, in the session of the request.

        Raises StorageUnavailable, and UpstreamUnavailable where it cannot be told or does not
        stop to ask.
        """
        self._refused += 1
        if self._refused > _MOST:
            raise UpstreamUnavailable(f"The server goes on asking for {ask.ask}.")
        await self._recording.note(EventKind.SERVER_ASK_REFUSED, ask=ask.ask.value)
        kept = tuple(header for header in self._request.headers if header[0] in _HEADERS)
        headers = (
            *kept,
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
        )
        body = strict_json.dump(ask.answer())
        answer = replace(self._request, method="POST", headers=headers, body=body)
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._upstream.forward(self._connection, answer, self._credential),
            ):
                pass
        except (TimeoutError, UpstreamUnavailable):
            # Not that it is unreachable: its answer is under way.
            raise UpstreamUnavailable(
                f"The server asks for {ask.ask}, which is not allowed, and cannot be told so."
            ) from None
