"""What a page shows of a session: its blocks, masked, as far as they fit on one page."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from app.blocks import Block, BlockKind, answer_blocks, of_turns, request_blocks
from app.domain.segment import Role
from app.domain.session import Side, whole
from app.pages import LARGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.domain.session import Chunk, Session
    from app.reader import Masking, Reader
    from app.storage.ports import SessionStore

_Key: TypeAlias = "tuple[str, ...]"
_IN_CONVERSATION = 8 * 1024 * 1024
"""Bytes of a body that is read to show what a turn of a conversation added."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a session says. `pages` is more than 1 where it is large."""

    request: tuple[Block, ...]
    answer: tuple[Block, ...]
    number: int = 0
    pages: int = 1
    unread: tuple[str, ...] = ()
    is_partial: bool = False
    """Whether some of it cannot be shown: it is still being prepared, or too large."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Both halves as they were recorded, decoded and masked."""

    request: str
    answer: str


class Reading:
    """Every method may raise StorageUnavailable."""

    def __init__(self, reader: Reader, sessions: SessionStore, masking: Masking) -> None:
        self._reader = reader
        self._sessions = sessions
        self._masking = masking

    async def told(self, session: Session, number: int) -> Told:
        """Return a page of a session: all of it where it is small."""
        if session.request.body_bytes <= LARGE_BYTES and Side.ANSWER not in session.unpaged:
            chunks = await self._chunks(session)
            if sum(len(chunk.data) for chunk in chunks) <= LARGE_BYTES:
                return await self._small(session, chunks)
        shown = await self._reader.page(session, number, self._masking)
        blocks = of_turns(part.turn for part in shown.page)
        return Told(
            tuple(block for block in blocks if block.begun_ms is None),
            tuple(block for block in blocks if block.begun_ms is not None),
            shown.number,
            shown.of,
            shown.unread,
            is_partial=bool(shown.pending or shown.cut),
        )

    async def added(self, sessions: Sequence[Session]) -> list[Told]:
        """Return what each session of a conversation added to those before it, oldest first."""
        found = [await self._of_conversation(session) for session in sessions]
        return await asyncio.to_thread(only_new, found)

    async def raw(self, session: Session) -> Raw:
        body = await self._reader.body(session)
        chunks = await self._chunks(session, whole_answer=True)
        sent = b"".join(chunk.data for chunk in chunks if not chunk.withheld)
        texts = tuple(data.decode(errors="replace") for data in (body, sent))
        return Raw(*await asyncio.to_thread(_masked_texts, texts, self._masking))

    async def _of_conversation(self, session: Session) -> Told:
        if session.request.body_bytes > _IN_CONVERSATION:
            return Told((), (), is_partial=True)
        return await self._small(session, await self._chunks(session))

    async def _small(self, session: Session, chunks: Sequence[Chunk]) -> Told:
        request = whole(session.request, await self._reader.body(session))

        def read() -> Told:
            asked = request_blocks(session.wire, request)
            answered = answer_blocks(session.answer, chunks)
            mask = self._masking([block.text for block in (*asked, *answered)])
            return Told(_masked(asked, mask), _masked(answered, mask))

        return await asyncio.to_thread(read)

    async def _chunks(self, session: Session, *, whole_answer: bool = False) -> tuple[Chunk, ...]:
        if session.answer is None:
            return ()
        return await self._sessions.chunks(session.id, 0 if whole_answer else LARGE_BYTES + 1)


def _masked(blocks: Iterable[Block], mask: Callable[[str], str]) -> tuple[Block, ...]:
    return tuple(
        replace(block, text=mask(block.text), tool=mask(block.tool) if block.tool else "")
        for block in blocks
    )


def _masked_texts(texts: Sequence[str], masking: Masking) -> tuple[str, ...]:
    mask = masking(texts)
    return tuple(mask(text) for text in texts)


def only_new(found: Sequence[Told]) -> list[Told]:
    """Leave out of each what a session before it says as often: agents send the whole history.

    What the model has answered comes back as history, and is not shown again.
    """
    said, answered = Counter[_Key](), set[tuple[BlockKind, str]]()
    new: list[Told] = []
    for told in found:
        here = Counter[_Key]()
        asked: list[Block] = []
        for block in told.request:
            key = _key(block)
            here[key] += 1
            if here[key] > said[key] and not _echoes(block, answered):
                asked.append(block)
        said |= here
        answered |= {_gist(block) for block in told.answer}
        new.append(replace(told, request=tuple(_with_tools(asked, told.request))))
    return new


def _echoes(block: Block, answered: set[tuple[BlockKind, str]]) -> bool:
    if block.role is not Role.ASSISTANT:
        return False
    # Thinking may come back shortened, or signed anew.
    return _gist(block) in answered or (block.kind is BlockKind.THINKING and bool(answered))


def _gist(block: Block) -> tuple[BlockKind, str]:
    """Return what stays the same of something said, however it is spaced."""
    return block.kind, "".join(block.text.split())


def _with_tools(asked: Iterable[Block], all_of_it: Sequence[Block]) -> Iterable[Block]:
    """Name the tool of each result, whose call is not shown beside it any more."""
    tools = {block.call_id: block.tool for block in all_of_it if block.kind is BlockKind.CALL}
    for block in asked:
        is_result = block.kind is BlockKind.RESULT and not block.tool
        yield replace(block, tool=tools.get(block.call_id, "")) if is_result else block


def _key(block: Block) -> _Key:
    return (block.role.value, block.kind.value, block.tool, block.call_id, block.text)
