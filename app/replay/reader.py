"""Reads single pages of a recorded session, and no more of it than they show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from app.domain.record.session import Chunk, SessionState, Side, whole
from app.errors import ContentErased, Damaged
from app.pages import (
    LARGE_BYTES,
    LEAF_PAGES,
    NOTHING_CLEAN,
    PAGE_CHARS,
    Clean,
    Page,
    Spread,
    clean_texts,
    index_id,
    joined,
    leaf_pages,
    paged,
)
from app.replay.transcript import Turn, answer_turns, prompt_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.domain.record.session import Session
    from app.pages import PageIndex
    from app.storage.record.pieces import PageStore, PieceStore
    from app.storage.record.session_store import SessionStore

Masking: TypeAlias = "Callable[[Sequence[str]], Callable[[str], str]]"
"""Returns what masks texts that belong together: a value named in one is masked in all."""

_TRIES = 20
_TRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Shown:
    """One page, masked. `of` counts the pages, `number` from 0."""

    number: int
    of: int
    page: Page
    unread: tuple[str, ...] = ()
    """Places in the request that cannot be read."""
    pending: tuple[Side, ...] = ()
    """Sides whose pages are not written yet."""
    cut: tuple[Side, ...] = ()
    """Sides of which only the beginning has pages."""
    lost: str = ""
    """Why nothing of it can be shown: it was changed, or erased."""


@dataclass(frozen=True, slots=True)
class Halves:
    """What was recorded of both halves of a session, without what is lost."""

    request: bytes = b""
    chunks: tuple[Chunk, ...] = ()
    lost: str = ""
    """What cannot be read any more, in sentences: it was changed, or erased."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a whole, with those of its texts that were found clean."""

    pieces: tuple[bytes, ...] = ()
    """Of its body; those that several requests have are the same objects."""
    clean: Clean = NOTHING_CLEAN
    lost: Damaged | ContentErased | None = None
    """Why nothing of it can be read any more."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of one side, or all of it. `pending` where its pages are not written yet."""

    turns: tuple[Turn, ...] = ()
    is_whole: bool = False
    pending: bool = False


class _Book(Protocol):
    """The pages of one side."""

    count: int
    unread: tuple[str, ...]
    cut: bool
    texts: tuple[str, ...]
    """All that it says; none where that is too much to look at for one page."""

    async def spread(self, number: int) -> Spread: ...

    async def pages(self, numbers: range) -> list[Page]: ...


class Reader:
    """Every method may raise StorageUnavailable."""

    def __init__(
        self, sessions: SessionStore, pieces: PieceStore, pages: PageStore, *, tries: int = _TRIES
    ) -> None:
        """`tries` is how often to look for pages that are still being written."""
        self._sessions = sessions
        self._pieces = pieces
        self._pages = pages
        self._tries = tries

    async def session(self, session_id: str) -> Session | None:
        return await self._sessions.get(session_id)

    async def body(self, session: Session) -> bytes:
        """Return the whole body of the request."""
        return b"".join(await self._pieces.get(session.request.pieces))

    async def halves(self, session: Session) -> Halves:
        """Return both halves; one that was changed or erased is left out and told of."""
        found, lost = Halves(), list[str]()
        try:
            found = replace(found, request=await self.body(session))
        except (Damaged, ContentErased) as why:
            lost.append(str(why))
        try:
            found = replace(found, chunks=await self.answer(session))
        except (Damaged, ContentErased) as why:
            lost.append(str(why))
        return replace(found, lost=" ".join(dict.fromkeys(lost)))

    async def answer(self, session: Session) -> tuple[Chunk, ...]:
        """Return all that came of the answer."""
        return await self._sessions.chunks(session.id) if session.answer else ()

    async def shown(self, session: Session, number: int, masking: Masking) -> Shown:
        """Return a page as `page` does; where its content is lost, one that says so."""
        try:
            return await self.page(session, number, masking)
        except (Damaged, ContentErased) as why:
            return Shown(0, 1, (), lost=str(why))

    async def prompt(self, session: Session) -> tuple[Turn, ...]:
        """Return all that a request says, unmasked. It is read as a whole, however large."""
        request = whole(session.request, await self.body(session))
        turns, _ = await asyncio.to_thread(prompt_turns, session.wire, request)
        return turns

    async def page(
        self,
        session: Session,
        number: int,
        masking: Masking,
        sides: Sequence[Side] = tuple(Side),
    ) -> Shown:
        """Return a page, or the last one where there are not so many.

        It is masked by all that small sides say, and by what a page of a large one does.
        """
        found = {side: await self._book(session, side) for side in sides}
        books = [book for book in found.values() if book is not None and book.count]
        sheets = _sheets(books)
        at = min(number, len(sheets) - 1)
        spreads = [await book.spread(page) for book, page in sheets[at]]
        texts = [text for book in books for text in book.texts]
        masked = await asyncio.to_thread(_masked, spreads, texts, masking)
        return Shown(
            at,
            len(sheets),
            tuple(part for page in masked for part in page),
            tuple(place for book in books for place in book.unread),
            tuple(side for side, book in found.items() if book is None),
            tuple(side for side, book in found.items() if book is not None and book.cut),
        )

    async def tail(self, session: Session, side: Side, characters: int) -> Tail:
        """Return the end of a side, unmasked: at least so many characters of it, if it has them.

        Of a large side no more is read than that, and a page before it to be masked with. Raises
        Damaged, ContentErased.
        """
        book = await self._book(session, side, tries=1)
        if book is None or not book.count:
            return Tail(pending=book is None)
        first = max(book.count - characters // PAGE_CHARS - 2, 0)
        pages = await book.pages(range(first, book.count))
        while first and sum(map(_length, pages[1:])) < characters:
            # Pages of many short turns have fewer characters.
            first = max(0, 2 * first - book.count)
            pages = await book.pages(range(first, book.count))
        return Tail(joined(pages), is_whole=first == 0 and not book.cut)

    async def asked(self, sessions: Sequence[Session]) -> list[Asked]:
        """Return the requests of sessions, whole; a piece that several of them have is read once.

        One that was changed or erased is `lost`.
        """
        large = [one.id for one in sessions if one.request.body_bytes > LARGE_BYTES]
        indexes = {found.id: found for found in await self._pages.of_sessions(large)}
        found = [indexes.get(index_id(one.id, Side.REQUEST)) for one in sessions]
        looked = [one if one and one.looked_by else None for one in found]
        try:
            return await self._asked(sessions, looked)
        except (Damaged, ContentErased):
            each = zip(sessions, looked, strict=True)
            return [await self._asked_alone(session, index) for session, index in each]

    async def _asked_alone(self, session: Session, index: PageIndex | None) -> Asked:
        try:
            [asked] = await self._asked([session], [index])
        except (Damaged, ContentErased) as why:
            return Asked(lost=why)
        return asked

    async def _asked(
        self, sessions: Sequence[Session], looked: Sequence[PageIndex | None]
    ) -> list[Asked]:
        leaves = [index.leaves[-1] for index in looked if index]
        pieces = [name for one in sessions for name in one.request.pieces]
        names = tuple(dict.fromkeys([*leaves, *pieces]))
        data = dict(zip(names, await self._pieces.get(names), strict=True)) if names else {}
        return [
            Asked(
                tuple(data[name] for name in session.request.pieces),
                clean_texts(index, data[index.leaves[-1]]) if index else NOTHING_CLEAN,
            )
            for session, index in zip(sessions, looked, strict=True)
        ]

    async def _book(self, session: Session, side: Side, tries: int = 0) -> _Book | None:
        """Return None where the pages of a large side are still being written."""
        if side is Side.ANSWER and session.answer is None:
            return _Loaded(())
        for _ in range(tries or self._tries):
            if index := await self._pages.get(session.id, side):
                return _Stored(index, self._pieces)
            if not _large(session, side):
                return await self._loaded(session, side)
            await asyncio.sleep(_TRY_SECONDS)
            session = await self._sessions.get(session.id) or session
        return None

    async def _loaded(self, session: Session, side: Side) -> _Loaded:
        if side is Side.REQUEST:
            request = whole(session.request, await self.body(session))
            turns, unread = await asyncio.to_thread(prompt_turns, session.wire, request)
            return _of(turns, unread)
        chunks = await self._sessions.chunks(session.id, LARGE_BYTES)
        size = sum(len(chunk.data) for chunk in chunks)
        turns = await asyncio.to_thread(answer_turns, session.answer, chunks)
        return _of(turns, cut=session.state is SessionState.OPEN and size > LARGE_BYTES)


def _large(session: Session, side: Side) -> bool:
    if side is Side.REQUEST:
        return session.request.body_bytes > LARGE_BYTES
    return side in session.unpaged


class _Loaded:
    """A small side, read as a whole."""

    def __init__(
        self,
        pages: tuple[Page, ...],
        texts: tuple[str, ...] = (),
        unread: tuple[str, ...] = (),
        *,
        cut: bool = False,
    ) -> None:
        self._pages = pages
        self.count = len(pages)
        self.unread = unread
        self.cut = cut
        self.texts = texts

    async def spread(self, number: int) -> Spread:
        around = ((), *self._pages, ())
        return Spread.of(*around[number : number + 3])

    async def pages(self, numbers: range) -> list[Page]:
        return [self._pages[number] for number in numbers]


def _of(turns: tuple[Turn, ...], unread: tuple[str, ...] = (), *, cut: bool = False) -> _Loaded:
    texts = tuple(turn.text for turn in turns)
    return _Loaded(tuple(paged(turns)) if turns else (), texts, unread, cut=cut)


class _Stored:
    """A large side: its pages are in leaves, and its index names those."""

    def __init__(self, index: PageIndex, pieces: PieceStore) -> None:
        self._index = index
        self._pieces = pieces
        self.count = index.pages
        self.texts: tuple[str, ...] = ()
        self.unread = index.unread
        self.cut = index.cut

    async def spread(self, number: int) -> Spread:
        first, end = max(number - 1, 0), min(number + 2, self.count)
        found = dict(zip(range(first, end), await self.pages(range(first, end)), strict=True))
        return Spread.of(found.get(number - 1, ()), found[number], found.get(number + 1, ()))

    async def pages(self, numbers: range) -> list[Page]:
        leaves = sorted({number // LEAF_PAGES for number in numbers})
        data = await self._pieces.get([self._index.leaves[leaf] for leaf in leaves])
        pages = {leaf: leaf_pages(raw) for leaf, raw in zip(leaves, data, strict=True)}
        return [pages[number // LEAF_PAGES][number % LEAF_PAGES] for number in numbers]


def _length(page: Page) -> int:
    return sum(len(part.turn.text) for part in page)


def _masked(spreads: Sequence[Spread], texts: Sequence[str], masking: Masking) -> list[Page]:
    shown = [part.turn.text for spread in spreads for part in spread.page]
    mask = masking(tuple(dict.fromkeys([*texts, *shown])))
    return [spread.masked(mask) for spread in spreads]


def _sheets(books: Sequence[_Book]) -> list[list[tuple[_Book, int]]]:
    """Lay the pages of all books out one after the other; a first of one page shares its sheet."""
    sheets = [[(book, page)] for book in books for page in range(book.count)]
    if len(books) > 1 and books[0].count == 1:
        sheets[:2] = [sheets[0] + sheets[1]]
    return sheets or [[]]
