"""What a page shows of a session, as far as it fits on one page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from app.domain.record.session import Side, sent, whole
from app.domain.segment import Role
from app.errors import ContentErased, Damaged
from app.pages import LARGE_BYTES, WHOLE_BYTES
from app.replay.blocks import Block, BlockKind, of_turns
from app.replay.export import Raw, masked_raw
from app.replay.images import image_at
from app.replay.reader import Halves
from app.replay.text_search import saying
from proxy.replay.telling import Blocks, DrawnHalves, Recorded, masked_and_drawn, told
from proxy.replay.today import Today, today

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.domain.record.session import Chunk, Session
    from app.replay.images import Image
    from app.replay.reader import Asked, Reader
    from app.replay.text_search import Content
    from app.sealing.data_keys import DataKeys
    from app.storage.record.session_store import SessionStore
    from policies.compiled_catalog import Catalog
    from proxy.replay.drawing import Drawn
    from proxy.work.pool import Pool

_CONVERSATION_BYTES = 12 * 1024 * 1024
"""Of all that is read for one page of a conversation, newest first."""

_MOST_ADDED = 100_000
"""Characters of what a turn added that are shown in its conversation: masking takes its time."""
_LAST = 1_000_000
"""A page that is there in no session: the last one is shown instead."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a session says. `pages` is more than 1 where it is large."""

    said: DrawnHalves
    number: int = 0
    pages: int = 1
    is_partial: bool = False
    """Whether some of it cannot be shown: it is still being prepared, or too large."""
    lost: str = ""
    """Why nothing of it can be shown: it was changed, or erased."""
    is_damaged: bool = False
    """Whether it was changed."""
    is_end: bool = False
    """Whether only the end of what was asked is shown, since it is large."""


class PageReader:
    """Every method may raise StorageUnavailable, or WorkerLost."""

    def __init__(
        self,
        reader: Reader,
        sessions: SessionStore,
        keys: DataKeys,
        catalog: Callable[[], Catalog],
        pool: Pool,
    ) -> None:
        """`catalog` returns the one that is in force at the moment."""
        self._reader = reader
        self._sessions = sessions
        self._keys = keys
        self._catalog = catalog
        self._pool = pool
        # Whoever reads may not take the workers from requests.
        self._turn = asyncio.Semaphore(1)

    async def told(self, session: Session, number: int) -> Told:
        """Return a page of a session: all of it where it is small."""
        try:
            return await self._told(session, number)
        except (Damaged, ContentErased) as why:
            return _lost(why)

    async def _told(self, session: Session, number: int) -> Told:
        if session.request.body_bytes <= LARGE_BYTES and Side.ANSWER not in session.unpaged:
            chunks = await self._chunks(session)
            if sum(len(chunk.data) for chunk in chunks) <= LARGE_BYTES:
                body = await self._reader.body(session)
                [halves] = await self._drawn([_recorded(session, body, chunks)])
                return Told(halves)
        shown = await self._reader.page(session, number, self._masking)
        blocks = of_turns(part.turn for part in shown.page)
        page = Blocks(
            tuple(block for block in blocks if block.begun_ms is None),
            tuple(block for block in blocks if block.begun_ms is not None),
        )
        if shown.number == shown.of - 1:
            page = replace(page, asked=(*page.asked, *map(_unread, shown.unread)))
        drawn = await self._drawn_page(page, session)
        return Told(drawn, shown.number, shown.of, is_partial=bool(shown.pending or shown.cut))

    async def answered(self, session: Session, chunks: tuple[Chunk, ...]) -> tuple[Drawn, ...]:
        """Return what an answer says as far as these chunks of it go."""
        nothing = whole(session.request, b"")
        recorded = Recorded(session.wire, nothing, session.answer, chunks, ())
        [halves] = await self._drawn([recorded])
        return halves.answered

    async def added(
        self, sessions: Sequence[Session], before: Sequence[Session] = ()
    ) -> list[Told]:
        """Return what each session of a conversation added to those before it, oldest first.

        Those `before` are not shown: they have said what agents send once more.
        """
        all_of_them = [*before, *sessions]
        chosen = _read_whole(all_of_them)
        asked = await self._reader.asked(chosen)
        turns = await asyncio.gather(*map(self._read_turn, chosen, asked))
        read = [turn for turn in turns if isinstance(turn, Recorded)]
        drawn = iter(zip(read, await self._drawn(read, _MOST_ADDED), strict=True))
        found = {
            session.id: turn if isinstance(turn, Told) else _told_turn(*next(drawn))
            for session, turn in zip(chosen, turns, strict=True)
        }
        ends = [session for session in sessions if session.id not in found]
        told = await asyncio.gather(*map(self._end, ends))
        found |= dict(zip((session.id for session in ends), told, strict=True))
        return [found[session.id] for session in sessions]

    async def _read_turn(self, session: Session, asked: Asked) -> Recorded | Told:
        """Return what is read of one turn, or what is said where its content is lost."""
        if asked.lost is not None:
            return _lost(asked.lost)
        try:
            turn = replace(await self._turn_of(session), pieces=asked.pieces)
            if not (asked.clean.by and session.key):
                return turn
            key = (await self._keys.opened([session.key]))[session.key]
        except (Damaged, ContentErased) as why:
            return _lost(why)
        return replace(turn, clean=asked.clean, cutter=key.cutter(session))

    async def _turn_of(self, session: Session) -> Recorded:
        """Return what is read of one turn, without its request: of a large answer the end.

        Raises Damaged, ContentErased.
        """
        if session.answer is None or session.answer.body_bytes <= LARGE_BYTES:
            return _recorded(session, b"", await self._chunks(session))
        tail = await self._reader.tail(session, Side.ANSWER, _MOST_ADDED)
        return replace(
            _recorded(session, b"", ()),
            answered=of_turns(tail.turns),
            is_end=not tail.is_whole,
            is_pending=tail.pending,
        )

    async def _end(self, session: Session) -> Told:
        """Return the end of a large request, and what was answered."""
        try:
            shown = await self._reader.page(session, _LAST, self._masking, (Side.REQUEST,))
            recorded = await self._turn_of(session)
        except (Damaged, ContentErased) as why:
            return _lost(why)
        asked = of_turns(part.turn for part in shown.page)
        [drawn] = await self._drawn([replace(recorded, asked=asked)], _MOST_ADDED)
        is_partial = bool(shown.pending) or recorded.is_pending
        return Told(drawn, is_partial=is_partial, is_end=True)

    async def _drawn_page(self, page: Blocks, session: Session) -> DrawnHalves:
        fired = session.verdict.fired
        [drawn] = await asyncio.to_thread(masked_and_drawn, [page], [fired], self._catalog())
        return drawn

    async def raw(self, session: Session) -> Raw:
        """Return both halves. Raises Damaged, ContentErased."""
        body, chunks = await self._reader.body(session), await self._reader.answer(session)
        return await self._masked(Halves(body, chunks))

    async def exported(self, session: Session) -> Raw:
        """Return both halves, without what is lost of them."""
        return await self._masked(await self._reader.halves(session))

    async def _masked(self, halves: Halves) -> Raw:
        body, answer = halves.request, sent(halves.chunks)
        work = partial(_masked_raw, body, answer, halves.lost)
        async with self._turn:
            return await self._pool.do(len(body) + len(answer), work, self._catalog())

    async def image(self, session: Session, place: str) -> Image | None:
        """Return the image at a place of a request. Raises Damaged, ContentErased."""
        body = await self._reader.body(session)
        async with self._turn:
            return await asyncio.to_thread(image_at, body, place)

    async def today(self, session: Session) -> Today:
        """Return what the catalog in force would say of a request."""
        body = await self._reader.body(session)
        async with self._turn:
            return await self._pool.do(len(body), partial(today, session, body), self._catalog())

    async def saying(self, contents: Sequence[Content], text: str) -> list[bool]:
        """Tell which contents have a text, as it would be shown."""
        size = sum(content.size for content in contents)
        async with self._turn:
            return await self._pool.do(size, partial(_saying, contents, text), self._catalog())

    async def _drawn(self, recorded: list[Recorded], most: int = 0) -> list[DrawnHalves]:
        size = sum(one.effort for one in recorded)
        async with self._turn:
            return await self._pool.do(size, partial(told, recorded, most), self._catalog())

    async def _chunks(self, session: Session) -> tuple[Chunk, ...]:
        if session.answer is None:
            return ()
        return await self._sessions.chunks(session.id, LARGE_BYTES + 1)

    def _masking(self, texts: Sequence[str]) -> Callable[[str], str]:
        return self._catalog().mask_together(texts)


def _read_whole(sessions: Sequence[Session]) -> list[Session]:
    """Return the sessions whose requests are read as a whole: the newest that there is room for."""
    room = _CONVERSATION_BYTES
    chosen: list[Session] = []
    for session in reversed(sessions):
        if session.request.body_bytes <= min(room, WHOLE_BYTES):
            chosen.append(session)
            answered = session.answer.body_bytes if session.answer else 0
            room -= session.request.body_bytes + min(answered, LARGE_BYTES)
    return chosen[::-1]


def _told_turn(turn: Recorded, halves: DrawnHalves) -> Told:
    return Told(halves, is_partial=turn.is_pending, is_end=halves.is_cut)


def _recorded(session: Session, body: bytes, chunks: tuple[Chunk, ...]) -> Recorded:
    request, fired = whole(session.request, body), session.verdict.fired
    return Recorded(session.wire, request, session.answer, chunks, fired)


def _saying(contents: Sequence[Content], text: str, catalog: Catalog) -> list[bool]:
    return saying(contents, text, catalog.mask_together)


def _masked_raw(request: bytes, answer: bytes, lost: str, catalog: Catalog) -> Raw:
    return masked_raw(request, answer, catalog.mask_together, lost)


def _unread(place: str) -> Block:
    """Return what no rule could read: in a large request, images among others."""
    return Block(Role.OTHER, BlockKind.MEDIA, place, place=place, is_image=True)


def _lost(why: Damaged | ContentErased) -> Told:
    return Told(DrawnHalves(), lost=str(why), is_damaged=isinstance(why, Damaged))
