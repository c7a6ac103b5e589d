"""A list of cloud agents, without those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from app.errors import UpstreamUnavailable
from app.wire import strict_json
from app.wire.cursor_agents import agents_listed, next_page, only

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from app.wire.base import Json
    from proxy.upstream import UpstreamAnswer

_BYTES = 8 * 1024 * 1024
_EMPTY_PAGES = 10
"""So many pages with nothing of the caller's are passed over at once."""


class AgentList:
    """Filters each page of a list; a page that would be empty gives way to the next."""

    def __init__(
        self,
        mine: Callable[[frozenset[str]], Awaitable[frozenset[str]]],
        page_after: Callable[[str], Awaitable[bytes]],
    ) -> None:
        """`mine` tells which ids the caller may see, `page_after` fetches the page of a cursor."""
        self._mine = mine
        self._page_after = page_after

    async def of(self, answer: UpstreamAnswer) -> UpstreamAnswer:
        """Return the answer with the caller's agents alone.

        Raises UpstreamUnavailable where it cannot be read, StorageUnavailable.
        """
        if answer.status != 200:
            return answer
        page = await self._filtered(await whole(answer))
        for _ in range(_EMPTY_PAGES):
            more = next_page(page)
            if agents_listed(page) or not more:
                break
            page = await self._filtered(await self._page_after(more))
        return answer.with_body(strict_json.dump(page), "application/json")

    async def _filtered(self, body: bytes) -> Json:
        try:
            document = strict_json.parse_loosely(body)
            ids = agents_listed(document)
        except ValueError:
            raise UpstreamUnavailable(
                "The list of agents could not be read, so it is not known which of them are yours."
            ) from None
        return only(document, await self._mine(ids))


async def whole(answer: UpstreamAnswer) -> bytes:
    """Return the body of an answer. Raises UpstreamUnavailable where it is too large."""
    return await joined(answer.pieces())


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > _BYTES:
            raise UpstreamUnavailable("The answer is too large to be read as a whole.")
        parts.append(piece)
    return b"".join(parts)


def query_after(query: str, cursor: str) -> str:
    """Return the query of a list with another cursor."""
    others = [part for part in query.split("&") if part and part.partition("=")[0] != "cursor"]
    return "&".join([*others, f"cursor={quote(cursor, safe='')}"])
