"""A conversation cut into pages that fit a modal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import blocks, text
from bot.quotes import quotes_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.domain.verdict import FiredRule
    from app.transcript import Turn
    from bot.blocks import Block

# A section takes 3,000 after escaping; an escaped character is at most five long.
_PIECE = 2_900
_PAGE_UNITS = 9_000
_PAGE_BLOCKS = 40


def turn_blocks(turns: Iterable[Turn], fired: Sequence[FiredRule] = ()) -> list[Block]:
    """Show each turn under who speaks; a long one goes on in further blocks, nothing is lost.

    Before its text stands what these rules found in it.
    """
    shown: list[Block] = []
    for turn in turns:
        title = text.join(text.ours("*"), text.words(turn.title, 200), text.ours("*"))
        place = [text.code(turn.place, 200)] if turn.place else []
        shown.append(blocks.context(title, *place, *_timing(turn)))
        shown += [_found(rule, found) for rule in fired if (found := quotes_at(rule, turn.place))]
        shown += [blocks.plain_section(piece) for piece in _pieces(turn.text)]
    return shown


def paged(shown: Sequence[Block]) -> tuple[tuple[Block, ...], ...]:
    """Cut blocks into pages of a bearable length; always at least one page."""
    pages: list[list[Block]] = [[]]
    room = _PAGE_UNITS
    for block in shown:
        length = len(str(block))
        if pages[-1] and (length > room or len(pages[-1]) >= _PAGE_BLOCKS):
            pages.append([])
            room = _PAGE_UNITS
        pages[-1].append(block)
        room -= length
    return tuple(tuple(page) for page in pages)


def unread_note(places: Sequence[str]) -> Block:
    """Say that parts of a prompt (images, files) can't be shown, and that no rule has read them."""
    listed = text.words(", ".join(places), 600)
    return blocks.context(text.join(text.ours("⚠️ Not shown, and read by no rule: "), listed))


def _found(rule: FiredRule, quoted: Sequence[text.Markup]) -> Block:
    head = text.join(text.ours("🔎 "), text.code(rule.rule, 100), text.ours(" found here"))
    return blocks.section(text.join(head, *quoted, by="\n"))


def _timing(turn: Turn) -> list[text.Markup]:
    if not turn.beats:
        return []
    first, last = turn.beats[0].offset_ms / 1000, turn.beats[-1].offset_ms / 1000
    return [text.ours(f"{first:.2f} s – {last:.2f} s")]


def _pieces(whole: str) -> Iterator[str]:
    """Cut where the escaped text fills a section, after a line end where one is near."""
    rest = text.clean(whole)
    while rest:
        end = _fitting(rest)
        yield rest[:end]
        rest = rest[end:]


def _fitting(rest: str) -> int:
    room = _PIECE
    for index, char in enumerate(rest):
        room -= text.weight(char)
        if room < 0:
            line_end = rest.rfind("\n", index // 2, index)
            return line_end + 1 if line_end > 0 else index
    return len(rest)
