"""A conversation cut into pages, so that showing one costs the same however long the session is.

Theory of operation. The turns of a request or an answer are cut into pages of 8,000 characters at
most. Of a small side they are cut whenever somebody looks. Of a large one the gateway cuts them
once, in the background, and stores eight pages in each *leaf*; the index of the side names the
leaves. Whoever shows page 1,203 reads the index and leaf 150, and nothing else.

Pages are masked when they are shown. A secret may lie across the end of a page, so the page is
masked together with the pages around it, and what belongs to those is taken off again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from app.replay.transcript import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.domain.record.session import Side
    from app.pieces import Cutter, Piece

LARGE_BYTES = 512 * 1024
"""Above this a side is never read as a whole to show a page of it."""
PAGE_CHARS = 8_000
WHOLE_BYTES = 2 * 1024 * 1024
"""Of a request that is read as a whole to show what it added to its conversation."""
LEAF_PAGES = 8
_PAGE_PARTS = 16
_LEAST_CHARS = 200
_MOST_UNREAD = 50


@dataclass(frozen=True, slots=True)
class Part:
    """A turn, or a stretch of one; `continued` where it began on an earlier page."""

    turn: Turn
    continued: bool = False


Page: TypeAlias = tuple[Part, ...]
_LEAF = msgspec.msgpack.Decoder(tuple[tuple[Part, ...], ...])
_DIGESTS = msgspec.msgpack.Decoder(frozenset[bytes])


@dataclass(frozen=True, slots=True)
class PageIndex:
    """Where the pages of one side are; `id` is `index_id` of session and side."""

    id: str
    pages: int
    leaves: tuple[str, ...]
    """Names of the pieces that hold the pages, `LEAF_PAGES` in each."""
    unread: tuple[str, ...] = ()
    """Places in the request that cannot be read; the first of them."""
    cut: bool = False
    """Whether the side goes on, and its rest has no pages."""
    looked_by: str = ""
    """What looked through the texts of the side, as `Clean` names it; their digests are in a last
    leaf. Empty where nothing did."""


@dataclass(frozen=True, slots=True)
class Clean:
    """Texts of a request in which nothing has to be masked, known by their digests.

    `by` names the catalog and the code that looked through them: others may find something. The
    digests are those of a Cutter of the session.
    """

    by: str = ""
    digests: frozenset[bytes] = frozenset()


NOTHING_CLEAN = Clean()


def index_id(session_id: str, side: Side) -> str:
    return f"{session_id}:{side.value}"


def paged(turns: Iterable[Turn]) -> Iterator[Page]:
    """Cut turns into pages; there is always one at least."""
    page: list[Part] = []
    room = PAGE_CHARS
    for turn in turns:
        brief = replace(turn, beats=(*turn.beats[:1], *turn.beats[1:][-1:]))
        start = 0
        while start < len(turn.text) or not start:
            if page and (room < _LEAST_CHARS or len(page) >= _PAGE_PARTS):
                yield tuple(page)
                page, room = [], PAGE_CHARS
            end = _cut(turn.text, start, room)
            page.append(Part(replace(brief, text=turn.text[start:end]), continued=start > 0))
            room -= end - start
            start = max(end, 1)
    yield tuple(page)


def index(
    session_id: str,
    side: Side,
    pages: Iterable[Page],
    unread: Sequence[str],
    cutter: Cutter,
    clean: Clean | None = None,
) -> tuple[PageIndex, list[Piece]]:
    """Return the index of a side, and the leaves that it names."""
    leaves: list[Piece] = []
    waiting: list[Page] = []
    count = 0
    for count, page in enumerate(pages, 1):  # noqa: B007 - the last number is the total
        waiting.append(page)
        if len(waiting) == LEAF_PAGES:
            leaves.append(cutter.named(msgspec.msgpack.encode(waiting)))
            waiting = []
    if waiting:
        leaves.append(cutter.named(msgspec.msgpack.encode(waiting)))
    if clean is not None:
        leaves.append(cutter.named(msgspec.msgpack.encode(sorted(clean.digests))))
    return PageIndex(
        index_id(session_id, side),
        count,
        tuple(leaf.id for leaf in leaves),
        tuple(unread[:_MOST_UNREAD]),
        looked_by=clean.by if clean else "",
    ), leaves


def clean_texts(found: PageIndex, last_leaf: bytes) -> Clean:
    """Return what the last leaf of an index says, where something has looked through the side."""
    return Clean(found.looked_by, _DIGESTS.decode(last_leaf)) if found.looked_by else NOTHING_CLEAN


def leaf_pages(leaf: bytes) -> tuple[Page, ...]:
    return _LEAF.decode(leaf)


def joined(pages: Iterable[Page]) -> tuple[Turn, ...]:
    """Return the turns of pages that follow each other; the first of them may be cut."""
    turns: list[Turn] = []
    for part in (part for page in pages for part in page):
        if part.continued and turns:
            turns[-1] = replace(turns[-1], text=turns[-1].text + part.turn.text)
        else:
            turns.append(part.turn)
    return tuple(turns)


@dataclass(frozen=True, slots=True)
class Spread:
    """A page between what its first and its last turn say on the pages around it."""

    page: Page
    before: str = ""
    after: str = ""

    @classmethod
    def of(cls, before: Page, page: Page, after: Page) -> Spread:
        begun = before[-1].turn.text if before and page and page[0].continued else ""
        goes_on = after[0].turn.text if after and after[0].continued else ""
        return cls(page, begun, goes_on)

    def masked(self, mask: Callable[[str], str]) -> Page:
        last = len(self.page) - 1
        return tuple(
            replace(
                part,
                turn=replace(
                    part.turn,
                    text=_between(
                        self.before if at == 0 else "",
                        part.turn.text,
                        self.after if at == last else "",
                        mask,
                    ),
                ),
            )
            for at, part in enumerate(self.page)
        )


def _cut(text: str, start: int, room: int) -> int:
    """Return where a stretch of at most `room` ends: after a line, where one ends near."""
    end = start + room
    if end >= len(text):
        return len(text)
    line_end = text.rfind("\n", start + room // 2, end)
    return line_end + 1 if line_end > 0 else end


def _between(before: str, text: str, after: str, mask: Callable[[str], str]) -> str:
    """Mask a text among its neighbours, and return its share.

    What lies across an end is replaced by one mask, which is shown on both sides of that end.
    """
    masked = mask(before + text + after)
    start = _shared(mask(before), masked) if before else 0
    rest = masked[start:]
    if not after:
        return rest
    shared = _shared(mask(after)[::-1], rest[::-1])
    return rest[: len(rest) - shared]


def _shared(one: str, other: str) -> int:
    """Return with how many characters both texts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
