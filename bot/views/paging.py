"""A conversation cut into pages that fit a modal. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.wire.reading import TextKind
from bot.slack import blocks, text
from bot.views.calls.body import said_blocks
from bot.views.news import NOTHING_NEW
from bot.views.quotes import quotes_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.domain.record.session import Side
    from app.domain.verdict import FiredRule
    from app.pages import Page, Part
    from app.replay.reader import Shown
    from app.replay.transcript import Turn
    from bot.slack.blocks import Block
    from bot.views.news import News

# A section takes 3,000 after escaping; an escaped character is at most five long.
_PIECE = 2_900
_NEW = text.ours("🆕 *new since the last approval*")
_LOST = text.ours("🔴 *Nothing that was said can be shown.* ")
_SIDES = {"request": "The request", "answer": "The answer"}


def shown_blocks(
    shown: Shown, fired: Sequence[FiredRule] = (), new: News = NOTHING_NEW
) -> list[Block]:
    """Show a page of a session, and on its last page what has no page."""
    drawn = page_blocks(shown.page, fired, new)
    if shown.lost:
        drawn.append(blocks.section(text.join(_LOST, text.words(shown.lost, 600))))
    drawn += [_missing(side, "is still being prepared. Try again soon") for side in shown.pending]
    if shown.number == shown.of - 1:
        drawn += [_missing(side, "goes on; its beginning is shown") for side in shown.cut]
        if shown.unread:
            drawn.append(unread_note(shown.unread))
    return drawn


def page_blocks(
    page: Page, fired: Sequence[FiredRule] = (), new: News = NOTHING_NEW
) -> list[Block]:
    """Show each turn under who speaks; a long one goes on in further blocks, nothing is lost.

    Before its text stands what these rules found in it, and whether it is new.
    """
    shown: list[Block] = []
    for part in page:
        turn = part.turn
        title = text.join(text.ours("*"), text.words(turn.title, 200), text.ours("*"))
        place = [text.code(turn.place, 200)] if turn.place else []
        goes_on = [text.ours("continued")] if part.continued else []
        fresh = [_NEW] if new.has(turn.place) else []
        shown.append(blocks.context(title, *place, *fresh, *goes_on, *_timing(turn)))
        if not part.continued:
            quoted = [(rule, quotes_at(rule, turn.place)) for rule in fired]
            shown += [_found(rule, found) for rule, found in quoted if found]
        shown += _call(part) or [blocks.plain_section(piece) for piece in _pieces(turn.text)]
    return shown


def _call(part: Part) -> list[Block]:
    """Show a call of a tool as people read it; nothing where it is none, or only the end of one."""
    turn = part.turn
    return said_blocks(turn.text) if turn.kind is TextKind.TOOL_CALL and not part.continued else []


def _missing(side: Side, how: str) -> Block:
    return blocks.context(text.ours(f"⚠️ {_SIDES[side.value]} {how}."))


def unread_note(places: Sequence[str]) -> Block:
    """Say that parts of a prompt (images, files) can't be shown, and that no rule has read them."""
    listed = text.words(", ".join(places), 600)
    return blocks.context(
        text.join(text.ours("⚠️ Not shown, and not checked by any rule: "), listed)
    )


def _found(rule: FiredRule, quoted: Sequence[text.Markup]) -> Block:
    head = text.join(text.ours("🔎 "), text.code(rule.rule, 100), text.ours(" matched here"))
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
