"""Keeps request bodies in pieces, and writes the pages of what is too large to be read at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import structlog

from app.domain.record.session import Side, whole
from app.errors import BadSettings, ContentErased, Damaged, KeysUnavailable, StorageUnavailable
from app.logs import Seldom, where
from app.pages import LARGE_BYTES, NOTHING_CLEAN, WHOLE_BYTES, Clean, clean_texts, index, paged
from app.pieces import PIECE_BYTES
from app.replay.blocks import request_blocks
from app.replay.transcript import answer_turns, prompt_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.clock import Clock
    from app.domain.record.session import Chunk, RecordedRequest, Session
    from app.errors import AbeyanceError
    from app.pages import PageIndex
    from app.pieces import Cutter, Piece
    from app.sealing.data_key import DataKey
    from app.sealing.data_keys import DataKeys
    from app.storage.bulk import Write
    from app.storage.record.pieces import PageStore, PieceStore
    from app.storage.record.session_store import SessionStore
    from policies.compiled_catalog import Catalog
    from proxy.work.pool import Pool

_Pages: TypeAlias = "tuple[PageIndex, list[Piece]]"
_LOOK_SECONDS = 2.0
_IN_A_TURN = 20
_MOST_REMEMBERED = 50_000
"""About 7 MB."""
_CONVERSATIONS_REMEMBERED = 64
"""Each takes some 70 bytes for a text."""
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
"""A stream may have no end; what comes after this is recorded, and has no pages."""
# The gateway that recorded a session is the first to write its pages.
_OTHERS_AFTER = timedelta(minutes=1)
_log = structlog.get_logger(__name__)


class Bodies:
    """Cuts bodies, and writes those that are too large to be written with anything else.

    It remembers which pieces are stored, so that a turn of a conversation writes what is new in
    it. A purge takes no piece while others of its day may refer to it (`app/retention`).
    """

    def __init__(self, pieces: PieceStore, keys: DataKeys) -> None:
        self._pieces = pieces
        self._keys = keys
        self._stored: OrderedDict[str, None] = OrderedDict()

    async def key(self, person: str) -> DataKey:
        """Return what seals the content of a person. Raises StorageUnavailable, BadSettings."""
        return await self._keys.of(person)

    async def keep(
        self, session: Session, body: bytes, key: DataKey
    ) -> tuple[tuple[str, ...], list[Write]]:
        """Return the names of the pieces, and the writes of those that are not stored yet.

        Raises StorageUnavailable.
        """
        cutter = key.cutter(session)
        if len(body) <= PIECE_BYTES:
            cut = cutter.cut(body)
            return _names(cut), self._pieces.putting(self._new(cut), key)
        cut = await asyncio.to_thread(cutter.cut, body)
        await self._pieces.put(self._new(cut), key)
        names = _names(cut)
        self.stored(names)
        return names, []

    def stored(self, names: Sequence[str]) -> None:
        """Remember that these pieces are stored."""
        for name in names:
            self._stored[name] = None
            self._stored.move_to_end(name)
        while len(self._stored) > _MOST_REMEMBERED:
            self._stored.popitem(last=False)

    def _new(self, cut: Sequence[Piece]) -> list[Piece]:
        return [piece for piece in cut if piece.id not in self._stored]


def _names(cut: Sequence[Piece]) -> tuple[str, ...]:
    return tuple(piece.id for piece in cut)


class Pager:
    """`run` must be a task of the process; any number of gateways may write the same pages."""

    def __init__(
        self,
        sessions: SessionStore,
        pieces: PieceStore,
        pages: PageStore,
        keys: DataKeys,
        gateway: str,
        clock: Clock,
        pool: Pool | None = None,
    ) -> None:
        """Without a `pool` the work is done in threads."""
        self._sessions = sessions
        self._pieces = pieces
        self._pages = pages
        self._keys = keys
        self._gateway = gateway
        self._clock = clock
        self._pool = pool
        self._warning = Seldom()
        self._after = ""
        """The id of the session after which the next turn begins, where some before it are left."""
        self._clean: OrderedDict[bytes, Clean] = OrderedDict()
        """Of the last request of some conversations: the next ones say all of it again."""

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except StorageUnavailable as unavailable:
                self._warn(unavailable)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Write the pages of some sessions. Raises StorageUnavailable.

        A session whose key or content does not open is left for a later turn: a key service comes
        back, and settings are mended. The others do not wait for it.
        """
        found = await self._sessions.unpaged(_IN_A_TURN, self._after)
        left, away = False, False
        for session in found:
            mine = session.gateway == self._gateway
            young = self._clock.now() - session.started_at < _OTHERS_AFTER
            if (young and not mine) or (away and not self._keys.is_open(session.key)):
                left = True
                continue
            try:
                for side in session.unpaged:
                    await self._write(session, side)
            except (KeysUnavailable, BadSettings, Damaged) as fault:
                left, away = True, away or isinstance(fault, KeysUnavailable)
                self._warn(fault)
        self._after = found[-1].id if left and len(found) == _IN_A_TURN else ""

    def _warn(self, fault: AbeyanceError) -> None:
        if self._warning.due():
            _log.warning("pages not written yet", reason=str(fault))

    async def _write(self, session: Session, side: Side) -> None:
        made: _Pages | None = None
        try:
            key = await self._key(session)
            pages = self._request if side is Side.REQUEST else self._answer
            made = await pages(session, key.cutter(session))
        except (StorageUnavailable, BadSettings):
            raise
        except ContentErased:
            _log.info("no pages: the content was erased", session=session.id)
        except Exception as surprise:  # noqa: BLE001 - one odd session must not end the gateway
            kind = type(surprise).__name__
            _log.error("no pages", session=session.id, kind=kind, at=where(surprise))
        if made is not None:
            found, leaves = made
            await self._pieces.put(leaves, key)
            await self._pages.put(found)
        await self._sessions.paged(session.id, side)

    async def _key(self, session: Session) -> DataKey:
        if session.key:
            return (await self._keys.opened([session.key]))[session.key]
        return await self._keys.of(session.identity.key)

    async def _request(self, session: Session, cutter: Cutter) -> _Pages:
        body = b"".join(await self._pieces.get(session.request.pieces))
        conversation = cutter.digest("")
        known = self._clean.pop(conversation, NOTHING_CLEAN)
        work = partial(_request_pages, session, body, cutter, known)
        found, leaves = await self._done(len(body), work)
        self._clean[conversation] = clean_texts(found, leaves[-1].data)
        if len(self._clean) > _CONVERSATIONS_REMEMBERED:
            self._clean.popitem(last=False)
        return found, leaves

    async def _answer(self, session: Session, cutter: Cutter) -> _Pages | None:
        """Return None where it is small, and read as it is."""
        chunks = await self._sessions.chunks(session.id, _MOST_ANSWER_BYTES)
        size = sum(len(chunk.data) for chunk in chunks)
        if size <= LARGE_BYTES:
            return None
        found, leaves = await self._done(size, partial(_answer_pages, session, chunks, cutter))
        return replace(found, cut=size >= _MOST_ANSWER_BYTES), leaves

    async def _done(self, size: int, work: Callable[[Catalog | None], _Pages]) -> _Pages:
        if self._pool is None:
            return await asyncio.to_thread(work, None)
        return await self._pool.do(size, work)


# Done wherever there is room for it: no page depends on the catalog.
def _request_pages(
    session: Session, body: bytes, cutter: Cutter, known: Clean, catalog: Catalog | None
) -> _Pages:
    request = whole(session.request, body)
    turns, unread = prompt_turns(session.wire, request)
    clean = None
    if catalog is not None and len(body) <= WHOLE_BYTES:
        clean = _clean_texts(session.wire, request, cutter, known, catalog)
    return index(session.id, Side.REQUEST, paged(turns), unread, cutter, clean)


def _clean_texts(
    wire: str, request: RecordedRequest, cutter: Cutter, known: Clean, catalog: Catalog
) -> Clean:
    """Return the texts in which nothing has to be masked; those that are `known` stay so."""
    texts = {cutter.digest(block.text): block.text for block in request_blocks(wire, request)}
    before = known.digests if known.by == catalog.looks else frozenset()
    touched = catalog.touched([text for digest, text in texts.items() if digest not in before])
    clean = frozenset(digest for digest, text in texts.items() if text not in touched)
    return Clean(catalog.looks, clean)


def _answer_pages(
    session: Session, chunks: Sequence[Chunk], cutter: Cutter, _catalog: object
) -> _Pages:
    turns = answer_turns(session.answer, chunks)
    return index(session.id, Side.ANSWER, paged(turns), (), cutter)
