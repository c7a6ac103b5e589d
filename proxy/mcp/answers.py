"""An MCP server's answer on its way to masking: what is not offered or allowed is left out."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from app.wire.answer import sse
from app.wire.mcp.answers import messages_of
from app.wire.mcp.asks import without_asks
from app.wire.mcp.descriptions import descriptions
from app.wire.mcp.tools import offering
from app.wire.media import STREAM, is_json, media_type
from policies.mcp.offers import denied_asks, offers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from app.domain.connection import Connection
    from app.wire.base import Json
    from app.wire.mcp.answers import Part
    from app.wire.mcp.asks import ServerAsk
    from app.wire.mcp.descriptions import Description
    from proxy.upstream import UpstreamAnswer


class ServerMessages:
    """Looks at what one server says in one answer."""

    def __init__(
        self,
        connection: Connection,
        learn: Callable[[tuple[Description, ...]], Awaitable[None]],
        refuse: Callable[[ServerAsk], Awaitable[None]],
        note: Callable[[Json], Json] = lambda value: value,
    ) -> None:
        """`learn` takes note of tools that the caller is about to see.

        `refuse` tells the server that what it asks is not allowed. `note` returns its messages with
        what the caller has to know beside them, and the same object where that is nothing.
        """
        self._is_offered = offers(connection)
        self._denied = denied_asks(connection)
        self._learn = learn
        self._refuse = refuse
        self._note = note

    def of(self, answer: UpstreamAnswer, *, in_stream: bool = False) -> UpstreamAnswer:
        """Return the answer as the client may have it; `in_stream` as events, if it is one of JSON.

        Raises UpstreamUnavailable where it cannot be read.
        """
        if messages_of(answer.content_type) is None:
            return answer
        if in_stream and is_json(media_type(answer.content_type)):
            return answer.through(lambda: _as_event(self._pieces(answer)), STREAM)
        return answer.through(lambda: self._pieces(answer), answer.content_type)

    async def _pieces(self, answer: UpstreamAnswer) -> AsyncIterator[bytes]:
        reader = messages_of(answer.content_type)
        if reader is None:
            raise RuntimeError("an answer without messages is not looked at")
        async for piece in answer.pieces():
            for part in reader.feed(piece):
                if out := await self._out(part):
                    yield out
        for part in reader.finish():
            if out := await self._out(part):
                yield out

    async def _out(self, part: Part) -> bytes:
        value = self._note(offering(part.value, self._is_offered))
        await self._learn(descriptions(value))
        left, asks = without_asks(value, self._denied)
        for ask in asks:
            await self._refuse(ask)
        if asks and not left:
            return part.empty()
        if isinstance(value, list):
            same = len(left) == len(value) and all(map(operator.is_, left, value))
            value = value if same else left
        else:
            [value] = left
        return part.raw if value is part.value else part.saying(value)


async def _as_event(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    document = b"".join([piece async for piece in pieces])
    if document:
        yield sse.encode(document, event="message")
