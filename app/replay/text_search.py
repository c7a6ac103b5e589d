"""Finding sessions by what was asked and answered in them.

There is no index of texts: they are sealed, and an index would give away what they say. Instead,
the sessions that match the other filters are read one by one, newest first, for at most half a
minute; the next search continues from there. The text is matched as it would be shown, masked by
today's rules, so that searching cannot reveal what is masked.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.record.session import Chunk, RecordedAnswer, RecordedRequest, Session, whole
from app.errors import ContentErased, Damaged
from app.replay.blocks import answer_blocks, request_blocks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from app.replay.reader import Masking, Reader
    from app.search import SessionFilter
    from app.storage.record.session_store import SessionStore

SECONDS = 30.0
"""How long one search may take."""
_SESSIONS_AT_ONCE = 100
_READ_AT_ONCE = 12
_BYTES_AT_ONCE = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """What one session says, as it was recorded."""

    wire: str
    request: RecordedRequest
    answer: RecordedAnswer | None
    chunks: tuple[Chunk, ...]

    @property
    def size(self) -> int:
        return len(self.request.body) + sum(len(chunk.data) for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come; the last one says whether there may be more."""

    looked_at: int = 0
    unread: int = 0
    """How many of these could not be read: their content was erased, or is damaged."""
    seconds: float = 0.0
    last: str = ""
    """The id of the oldest session that was looked at."""
    back_to: datetime | None = None
    """When that one began."""
    found: tuple[Session, ...] = ()
    """All so far, the newest first."""
    is_over: bool = False
    has_more: bool = False


class TextSearch:
    def __init__(
        self,
        sessions: SessionStore,
        reader: Reader,
        say: Callable[[Sequence[Content], str], Awaitable[list[bool]]],
        *,
        seconds: float = SECONDS,
    ) -> None:
        """`say` tells which contents have a text, as `saying` does."""
        self._sessions = sessions
        self._reader = reader
        self._say = say
        self._seconds = seconds

    async def found(
        self, wanted: SessionFilter, *, limit: int, before: str = ""
    ) -> AsyncIterator[Progress]:
        """Yield how it goes, up to `limit` finds. Raises StorageUnavailable."""
        begun = asyncio.get_running_loop().time()
        others = replace(wanted, text="")
        now = Progress(last=before)
        while not now.is_over:
            page = await self._sessions.search(others, limit=_SESSIONS_AT_ONCE, before=now.last)
            for batch in _batches(page):
                said = await self._saying(batch, wanted.text)
                for session, says in zip(batch, said, strict=True):
                    now = replace(
                        now,
                        looked_at=now.looked_at + 1,
                        unread=now.unread + (says is None),
                        last=session.id,
                        back_to=session.started_at,
                        found=(*now.found, session) if says else now.found,
                    )
                    if len(now.found) == limit:
                        break
                now = replace(now, seconds=asyncio.get_running_loop().time() - begun)
                if len(now.found) == limit or now.seconds >= self._seconds:
                    now = replace(now, is_over=True, has_more=True)
                    break
                yield now
            if len(page) < _SESSIONS_AT_ONCE and not now.is_over:
                now = replace(now, is_over=True)
        yield now

    async def _saying(self, batch: Sequence[Session], text: str) -> list[bool | None]:
        """Tell which sessions have a text; None where that cannot be told."""
        contents = await asyncio.gather(*(content_of(self._reader, session) for session in batch))
        there = [content for content in contents if content is not None]
        said = iter(await self._say(there, text) if there else [])
        return [None if content is None else next(said) for content in contents]


async def content_of(reader: Reader, session: Session) -> Content | None:
    """Return what a session says; None where that cannot be read any more."""
    try:
        request = whole(session.request, await reader.body(session))
        chunks = await reader.answer(session)
    except (ContentErased, Damaged):
        return None
    return Content(session.wire, request, session.answer, chunks)


def saying(contents: Sequence[Content], text: str, masking: Masking) -> list[bool]:
    """Return for each content whether it has the text; case and blanks do not matter. Pure."""
    sought = _folded(text)
    return [_says(content, sought, masking) for content in contents]


def _says(content: Content, sought: str, masking: Masking) -> bool:
    texts = [block.text for block in answer_blocks(content.answer, content.chunks)]
    if _may_have(content.request.body, sought):
        texts += [block.text for block in request_blocks(content.wire, content.request)]
    if not any(sought in _folded(text) for text in texts):
        return False
    mask = masking(texts)
    return any(sought in _folded(mask(text)) for text in texts)


def _may_have(body: bytes, sought: str) -> bool:
    """Rule out most bodies without parsing them: a plain word is written in JSON as it is."""
    if not (sought.isascii() and sought.isalnum()) or b"\\u" in body or b"\0" in body:
        return True
    return sought.encode() in body.lower()


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _batches(sessions: Sequence[Session]) -> list[list[Session]]:
    """Group sessions so that no group has much to read, but for one that is large itself."""
    batches: list[list[Session]] = []
    size = _BYTES_AT_ONCE
    for session in sessions:
        own = session.request.body_bytes + (session.answer.body_bytes if session.answer else 0)
        if size + own > _BYTES_AT_ONCE or len(batches[-1]) == _READ_AT_ONCE:
            batches.append([])
            size = 0
        batches[-1].append(session)
        size += own
    return batches
